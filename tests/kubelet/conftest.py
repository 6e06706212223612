from __future__ import annotations

from collections.abc import Iterator

import pytest
from kubelet_nodes import Nodes

from gitopslab.machinery.clock import JumpableClock


@pytest.fixture
def nodes(clock: JumpableClock) -> Iterator[Nodes]:
    """Two nodes, Ready and empty."""
    built = Nodes(clock)
    yield built
    built.store.close()
