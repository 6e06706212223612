"""The drift of a Kustomization or an Application among the objects of a ``clusters.delivery.Delivery``. Pure.

Called by widgets. What Git says comes as ``git``: its ``rendered`` holds, by the reconciler's title, ``commit``,
``objects`` and ``trouble``.
"""

from __future__ import annotations

from gitopslab.clusters.delivery import GIT
from gitopslab.machinery.objects import Object
from gitopslab.views.drift.compare import Known, drift
from gitopslab.views.drift.model import Drift
from gitopslab.views.reconciler import Objects, Reconciler, live_objects


def git_of(objects: Objects) -> Object:
    """What Git says; empty until it was asked."""
    return next(iter(objects.get(GIT, ())), {})


def drift_of(objects: Objects, reconciler: Reconciler, known: Known) -> Drift | None:
    """What differs from Git; None until Git was asked.

    Args:
        objects: What is followed.
        reconciler: Who owns it.
        known: What was compared before.
    """
    told = git_of(objects).get("rendered", {}).get(reconciler.title)
    if told is None:
        return None
    return drift(reconciler, told["objects"], live_objects(objects), told["commit"], told["trouble"], known=known)
