from __future__ import annotations

import re

import pytest

from gitopslab.machinery import clock, names


def test_a_generated_name_keeps_its_base_and_adds_five_safe_characters() -> None:
    assert re.fullmatch(r"web-[bcdfghjklmnpqrstvwxz2456789]{5}", names.generated("web-", names.CHANCE))


def test_a_long_base_is_cut_so_that_the_name_stays_a_label() -> None:
    assert len(names.generated("x" * 80, names.CHANCE)) == 63


def test_times_are_written_as_the_api_writes_them_and_read_back() -> None:
    assert clock.timestamp(1767225600.9) == "2026-01-01T00:00:00Z"
    assert clock.micro_timestamp(1767225600.5) == "2026-01-01T00:00:00.500000Z"
    assert clock.seconds_of("2026-01-01T00:00:00Z") == 1767225600
    assert clock.seconds_of("2026-01-01T01:00:00.500000+01:00") == 1767225600.5


def test_the_jumpable_clock_never_goes_back() -> None:
    jumpable = clock.JumpableClock(10)
    jumpable.jump(5)
    assert jumpable.now() == 15
    with pytest.raises(ValueError, match="cannot go back"):
        jumpable.jump(-1)
