"""Fixtures for every room: a clock that jumps, and a whole control plane in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from gitopslab.machinery.clock import JumpableClock

if TYPE_CHECKING:
    from gitopslab.controlplane.daemon.assembly import ControlPlane

# The same examples on every machine, however slow. ``pytest --hypothesis-profile=explore`` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("same")


@pytest.hookimpl(tryfirst=True)  # before the workers put groups into names
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run by several workers (``-n``), a file stays with one, so that what it starts once is started once.

    Files that hold long independent cases say with ``xdist_group`` how they may be dealt out. All of ``tests/browser``
    stay with one: two JupyterLabs in two browsers are more than a small machine shows in time.
    """
    for item in items:
        if not any(item.iter_markers("xdist_group")):
            together = item.path.parent if item.path.parent.name == "browser" else item.path
            item.add_marker(pytest.mark.xdist_group(str(together)))


@pytest.fixture
def clock() -> JumpableClock:
    """A clock that stands still until the test moves it."""
    return JumpableClock()


@pytest.fixture
def plane(clock: JumpableClock) -> Iterator[ControlPlane]:
    """A bare cluster of four nodes, settled, on the jumpable clock."""
    from gitopslab.controlplane.daemon.assembly import ControlPlane

    built = ControlPlane(clock, bare=True)
    built.settle()
    yield built
    built.close()


@pytest.fixture(autouse=True, scope="session")
def _as_typed_in_an_activated_environment() -> Iterator[None]:
    """Hints name the command the user typed; ``start.py`` sets it, and the tests may well run under it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITOPSLAB_COMMAND", raising=False)
        yield


@pytest.fixture(autouse=True)
def _no_crash_goes_unseen(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A reconciler that crashes is logged and retried; in a test that must not pass."""
    yield
    ours = [record for record in caplog.get_records("call") if record.name.startswith("gitopslab")]
    crashed = [record.getMessage() for record in ours if record.levelno >= logging.ERROR]
    assert not crashed, crashed
