"""Amounts of CPU, memory and storage (``apimachinery/pkg/api/resource``)."""

from __future__ import annotations

import re
from decimal import ROUND_UP, Decimal, InvalidOperation
from functools import lru_cache

_PATTERN = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?", re.ASCII)
_MOST_DIGITS = 100  # before or after the point; far beyond what the API server lets in, and quick to compute with
_SCALE = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip


@lru_cache(maxsize=4096)
def parse(text: str | int | float) -> Decimal:
    """The exact value of a quantity such as ``250m``, ``1.5``, ``64Mi`` or ``2e3``.

    Raises:
        ValueError: The text is not a quantity; the message is the API server's.
    """
    match = _PATTERN.fullmatch(str(text))
    if match is None:
        raise ValueError("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")
    number, suffix = match.group(1), match.group(2) or ""
    try:
        value = Decimal(number) * _SCALE[suffix] if suffix in _SCALE else Decimal(number + suffix)
    except InvalidOperation as error:
        raise ValueError(f"unable to parse quantity's suffix of {text!r}") from error
    if value and abs(value.adjusted()) > _MOST_DIGITS:
        raise ValueError("unable to parse numeric part of quantity")
    return value


def milli(text: str | int | float) -> int:
    """The value in thousandths, rounded away from zero as ``Quantity.MilliValue`` does: the unit CPU is counted in."""
    return int((parse(text) * 1000).to_integral_value(ROUND_UP))


def whole(text: str | int | float) -> int:
    """The value in whole units, rounded away from zero as ``Quantity.Value`` does: the unit of memory and storage."""
    return int(parse(text).to_integral_value(ROUND_UP))


def canonical(text: str | int | float) -> str:
    """The canonical spelling: the largest suffix of the same family that needs no fraction (``0.5`` is ``500m``)."""
    value = _in_nano(parse(text))
    match = _PATTERN.fullmatch(str(text))
    suffix = (match.group(2) or "") if match else ""
    if value == 0:
        return "0"
    if suffix.endswith("i") and value == value.to_integral_value():
        return _largest(value, ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki", ""))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return _exponent(value)
    return _largest(value, ("E", "P", "T", "G", "M", "k", "", "m", "u", "n"))


def _in_nano(value: Decimal) -> Decimal:
    """Nothing is finer than nano; what is, is rounded away from zero: who asks for something gets something."""
    scaled = value.scaleb(9)
    return value if scaled == scaled.to_integral_value() else scaled.to_integral_value(ROUND_UP).scaleb(-9)


def _largest(value: Decimal, suffixes: tuple[str, ...]) -> str:
    scaled = ((value / _SCALE[suffix], suffix) for suffix in suffixes)
    number, suffix = next((number, suffix) for number, suffix in scaled if number == number.to_integral_value())
    return f"{int(number)}{suffix}"


def _exponent(value: Decimal) -> str:
    exponent = int(value.normalize().as_tuple().exponent)
    exponent = max(exponent - exponent % 3, -9)  # a multiple of three, and nothing is finer than nano
    number = int(value.scaleb(-exponent))
    return f"{number}e{exponent}" if exponent else f"{number}"
