"""Large type for a room: every widget there is and every one to come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from board_samples import believable
from fake_source import FakeSource

from gitopslab.machinery.objects import Object
from gitopslab.widgets.base import present
from gitopslab.widgets.board import KINDS, BoardView


class Cluster(FakeSource):
    def state(self) -> tuple[int, dict[str, list[Object]]]:
        return 1, dict(zip(KINDS, believable(), strict=False))


@pytest.fixture(autouse=True)
def _usual_size_again() -> Iterator[None]:
    yield
    present(False)


def test_every_widget_grows_and_those_to_come_too() -> None:
    before = BoardView(Cluster, still=True)
    present(True)
    after = BoardView(Cluster, still=True)
    assert (before._options["presenter"], after._options["presenter"]) == (True, True)
    present(False)
    assert (before._options["presenter"], after._options["presenter"]) == (False, False)
    before.close()
    after.close()
