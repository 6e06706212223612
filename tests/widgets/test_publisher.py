"""The thread behind a widget: quick to tell, slow to repeat, and gone when nobody looks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from fake_source import PATIENCE, FakeSource

from gitopslab.machinery.objects import Object
from gitopslab.widgets.publisher import MESSAGES_A_SECOND, Publisher


class FakeView:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[list[str]] = []
        self.heard = threading.Condition()
        self.paused = threading.Event()

    def publish(self, objects: dict[str, list[Object]], error: str, ended: Callable[[], bool]) -> bool:
        with self.heard:
            self.told.append([obj["metadata"]["name"] for obj in objects["pods"]])
            self.heard.notify_all()
        return True

    def pause(self) -> None:
        self.paused.set()

    def wait_for(self, *names: str) -> None:
        with self.heard:
            assert self.heard.wait_for(lambda: bool(self.told) and self.told[-1] == list(names), PATIENCE), self.told


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


def test_a_change_is_told(source: FakeSource) -> None:
    view = FakeView()
    publisher = Publisher(view, source)
    publisher.start()
    view.wait_for()
    source.change("web")
    view.wait_for("web")
    publisher.stop()


def test_many_changes_are_told_together_and_the_last_is_never_lost(source: FakeSource) -> None:
    view = FakeView()
    publisher = Publisher(view, source)
    began = time.monotonic()
    publisher.start()
    for number in range(500):
        source.change(f"web-{number}")
    view.wait_for("web-499")
    publisher.stop()
    assert len(view.told) - 1 <= (time.monotonic() - began) * MESSAGES_A_SECOND


def test_stopping_ends_the_thread_and_its_source(source: FakeSource) -> None:
    view = FakeView()
    publisher = Publisher(view, source)
    publisher.start()
    publisher.stop()
    assert source.closed.wait(PATIENCE)
    assert not publisher.is_alive


def test_a_view_that_is_gone_takes_the_thread_with_it(source: FakeSource) -> None:
    publisher = Publisher(FakeView(), source)
    publisher.start()
    assert source.closed.wait(PATIENCE)


def test_after_long_without_a_change_it_pauses(source: FakeSource) -> None:
    view = FakeView()
    Publisher(view, source, idle_seconds=0).start()
    assert view.paused.wait(PATIENCE)
    assert source.closed.wait(PATIENCE)
