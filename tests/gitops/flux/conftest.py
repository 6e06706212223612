"""A bare cluster with Flux's kinds and controllers, for every test of the room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ears import Ear
from flux_cluster import Flux

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock


@pytest.fixture
def flux(plane: ControlPlane, clock: JumpableClock) -> Flux:
    """A bare cluster with Flux in it."""
    return Flux(plane, clock)


@pytest.fixture
def ear() -> Iterator[Ear]:
    """A web server where alerts are sent."""
    made = Ear()
    yield made
    made.server.shutdown()
    made.server.server_close()
