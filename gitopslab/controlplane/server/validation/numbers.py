"""Rules of numbers: counts, percentages, quantities.

Used by the rules of every kind; values arrive typed by ``decode``, so an integer is an integer.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object

NOT_NEGATIVE = "must be greater than or equal to 0"
POSITIVE = "must be greater than zero"
MAX_INT32 = 2**31 - 1


def check_not_negative(causes: Causes, parent: Object, path: str, *fields: str) -> None:
    """Each field that is set must not be below zero."""
    for field in fields:
        value = parent.get(field)
        if value is not None and value < 0:
            causes.invalid(f"{path}.{field}", value, NOT_NEGATIVE)


def check_count_or_percent(causes: Causes, value: int | str | None, path: str) -> None:
    """A count, or a percentage such as ``25%``."""
    if isinstance(value, str):
        causes.each(path, value, formats.problems_of_percent(value))
    elif value is not None and value < 0:
        causes.invalid(path, value, NOT_NEGATIVE)


def check_at_most_everything(causes: Causes, value: int | str | None, path: str) -> None:
    """A percentage must not be above 100%."""
    if isinstance(value, str) and not formats.problems_of_percent(value) and int(value[:-1]) > 100:
        causes.invalid(path, value, "must not be greater than 100%")


def is_zero(value: int | str | None) -> bool:
    """Whether a count or percentage is nothing; a text that is no percentage counts as the number in it, or as 0."""
    if not isinstance(value, str):
        return not value
    if not formats.problems_of_percent(value):
        return int(value[:-1]) == 0
    return not (re.fullmatch(r"[+-]?\d+", value, re.ASCII) and int(value))


def check_port(causes: Causes, value: int | str | None, path: str) -> None:
    """A port by number or by name."""
    if isinstance(value, str):
        causes.each(path, value, formats.problems_of_port_name(value))
    else:
        causes.each(path, value or 0, formats.problems_of_port(value or 0))


def check_identity(causes: Causes, parent: Object, path: str, *fields: str) -> None:
    """User and group ids."""
    for field in fields:
        value = parent.get(field)
        if value is not None and not 0 <= value <= MAX_INT32:
            causes.invalid(f"{path}.{field}", value, formats.in_range(0, MAX_INT32))


def check_file_mode(causes: Causes, value: int | None, path: str) -> None:
    """Permissions of a file."""
    if value is not None and not 0 <= value <= 0o777:
        causes.invalid(path, value, "must be a number between 0 and 0777 (octal), both inclusive")


def amount(value: Any) -> Decimal:
    """The value of a quantity; one that cannot be read counts as zero, ``decode`` refuses it before it comes here."""
    try:
        return quantity.parse(value)
    except ValueError:
        return Decimal(0)


def truncated(value: Decimal) -> int:
    """A quantity in whole units as ``Quantity.Value`` gives it: rounded up."""
    return math.ceil(value)


def check_basic(causes: Causes, value: Any, path: str) -> None:
    """An amount below zero is none (``validateBasicResource``); it is shown as a whole number."""
    if amount(value) < 0:
        causes.invalid(path, math.ceil(amount(value)), "must be a valid resource quantity")
