"""What a server must bear: being killed at work, and requests that nobody should send.

Both runs are long ones made short; ``scripts/crash.py`` and ``scripts/fuzz.py`` run them at any length.
"""

from __future__ import annotations

import asyncio

import pytest
from crashing.run import Crash
from fuzzing.run import hammer

from .conftest import Running

pytestmark = pytest.mark.process


def test_killed_again_and_again_it_keeps_every_promise(running: Running) -> None:
    report = asyncio.run(Crash(running.cluster, seed=3).run(kills=4))
    assert report.kills[0] == 4
    assert report.writes > 4
    assert report.resumed >= 4


def test_bad_requests_are_refused_and_nothing_worse(running: Running) -> None:
    report = hammer(running.cluster, seed=1, count=2500)
    assert report.faults == []
    assert sum(report.codes.values()) == 2500
    assert report.codes[201] > 50, "some are good, or nothing would be tried but the refusals"
