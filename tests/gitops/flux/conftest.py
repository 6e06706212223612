"""A bare cluster with Flux's kinds and controllers, for every test of the room."""

from __future__ import annotations

import pytest
from flux_cluster import Flux

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock


@pytest.fixture
def flux(plane: ControlPlane, clock: JumpableClock) -> Flux:
    """A bare cluster with Flux in it."""
    return Flux(plane, clock)
