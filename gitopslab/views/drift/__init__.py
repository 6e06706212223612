"""Git against live: every field that a Kustomization or an Application owns, and what becomes of each difference.

``drift`` is the door: from the objects of Git and those of the cluster to a ``Drift``, which the widget draws and
``drift_text`` and ``drift_svg`` say without a browser.
"""

from __future__ import annotations

from gitopslab.views.drift.compare import Known, drift
from gitopslab.views.drift.model import Compared, Drift, Row
from gitopslab.views.drift.svg import drift_svg
from gitopslab.views.drift.text import drift_text

__all__ = ["Compared", "Drift", "Known", "Row", "drift", "drift_svg", "drift_text"]
