"""A bare cluster with Argo CD's kinds and controllers, for every test of the room."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo
from argocd_syncs import Syncs

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock


@pytest.fixture
def argo(plane: ControlPlane, clock: JumpableClock) -> Argo:
    """A bare cluster with Argo CD in it."""
    return Argo(plane, clock)


@pytest.fixture
def syncs(plane: ControlPlane, clock: JumpableClock) -> Syncs:
    """An Application that is synced without Git."""
    return Syncs(plane, clock)
