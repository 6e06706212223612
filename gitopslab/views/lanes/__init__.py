"""One commit, two lanes: what Flux and Argo CD did with it, and when.

``lanes`` is the door: from objects of any cluster and the newest commits to ``Lanes``, which the widget draws and
``lanes_text`` and ``lanes_svg`` say without a browser.
"""

from __future__ import annotations

from gitopslab.views.lanes.lanes import lanes
from gitopslab.views.lanes.model import Commit, Lane, Lanes, Step
from gitopslab.views.lanes.svg import lanes_svg
from gitopslab.views.lanes.text import lanes_text

__all__ = ["Commit", "Lane", "Lanes", "Step", "lanes", "lanes_svg", "lanes_text"]
