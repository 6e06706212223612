"""Schedules of CronJobs are read, and refused, as robfig/cron reads them."""

from __future__ import annotations

import pytest

from gitopslab.machinery.cron import parse


def test_fields_hold_ranges_steps_lists_and_names() -> None:
    schedule = parse("*/20 8-10 1,15 jan-mar MON")
    assert schedule.minutes == {0, 20, 40}
    assert schedule.hours == {8, 9, 10}
    assert schedule.days == {1, 15}
    assert schedule.months == {1, 2, 3}
    assert schedule.weekdays == {1}
    assert not schedule.any_day


def test_words_stand_for_fields() -> None:
    assert parse("@weekly") == parse("0 0 * * 0")
    assert parse("@every 1h30m").every == 5400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty spec string"),
        ("* *", "expected exactly 5 fields, found 2: [* *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("*/1/2 * * * *", "too many slashes: */1/2"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
        (
            "@every 1x",
            'failed to parse duration @every 1x: time: unknown unit "x" in duration "1x"',
        ),
        (
            "@every 99999999999h",
            'failed to parse duration @every 99999999999h: time: invalid duration "99999999999h"',
        ),
        (
            f"@every {'9' * 400}h",
            f'failed to parse duration @every {"9" * 400}h: time: invalid duration "{"9" * 400}h"',
        ),
    ],
)
def test_a_wrong_schedule_is_refused_in_the_parsers_words(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^") as refused:
        parse(text)
    assert str(refused.value) == message
