"""The scheduler: finds a node for every pod, by the default profile of kube-scheduler 1.36.

Here belongs what chooses a node and what explains the choice: ``framework`` (the extension points), ``plugins`` (one
rule a file), ``profile`` (which of them, in which order), ``cycle`` (one pod, one decision), ``queue`` (who is next),
``reconciler`` (the way in and out). ``explain`` and everything below it is pure, so views may use it on any cluster.
Running a pod does not belong here: that is the kubelet's.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import Reconciler
from gitopslab.controlplane.scheduler.profile import DEFAULT_SCHEDULER
from gitopslab.controlplane.scheduler.reconciler import Scheduler
from gitopslab.machinery.clock import Clock


def scheduler(
    api_for: Callable[[str], Api], manager: Manager, clock: Clock, choice: random.Random | None = None
) -> list[Reconciler]:
    """The scheduler, ready to be added to a manager.

    Args:
        api_for: Gives the Api with a component's identity.
        manager: Whose informers it reads.
        clock: The time of the cluster.
        choice: Chooses between equally good nodes; the default always begins with the same seed.
    """
    return [Scheduler(api_for(DEFAULT_SCHEDULER), manager, clock, choice or random.Random(0))]
