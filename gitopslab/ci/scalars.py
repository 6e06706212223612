"""Plain scalars as Ruby's Psych resolves them (``psych/scalar_scanner.rb``), told to a PyYAML loader.

YAML 1.1 with Ruby's own ideas: ``yes`` is true but ``y`` is a text, ``010`` is eight, ``1,000`` a thousand, ``12:30`` a
number in base 60; dates and times are classes that GitLab's reader does not load.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any


def as_text(key: Any) -> str:
    """A scalar as Ruby writes it."""
    if isinstance(key, bool):
        return "true" if key else "false"
    return "" if key is None else str(key)


def inspected(value: Any) -> str:
    """A value as Ruby's ``inspect`` shows it, where GitLab puts one into a message: ``{:a=>["b", nil]}``."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(inspected, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f':{key}=>{inspected(one)}' for key, one in value.items())}}}"
    return "nil" if value is None else as_text(value)


def joined(values: list[Any]) -> str:
    """A list as Ruby's ``join`` writes it: lists in it are flattened, maps inspected."""
    return ", ".join(
        joined(one) if isinstance(one, list) else inspected(one) if isinstance(one, dict) else as_text(one)
        for one in values
    )


def _int(text: str) -> int:
    digits = re.sub("[,_]", "", text)
    if ":" in digits:
        return int(_base_60(digits))
    sign, bare = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    octal = len(bare) > 1 and bare[0] == "0" and bare[1].isdigit()
    based: int = int(bare, 8 if octal else 0 if bare[:2] in ("0x", "0b") else 10)
    return sign * based


def _float(text: str) -> float:
    special = {".inf": "inf", "-.inf": "-inf", "+.inf": "inf", ".nan": "nan"}.get(text.lower())
    digits = special or re.sub("[,_]", "", text).rstrip(".")
    return _base_60(digits) if ":" in digits else float(digits)


def _base_60(text: str) -> float:
    """Hours, minutes and seconds as Ruby counts them: of two parts the first is hours, though it writes minutes."""
    return sum(float(part) * float(60 ** abs(at - 2)) for at, part in enumerate(text.split(":")))


_SCALARS: dict[str, Callable[[str], Any]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() in ("yes", "true", "on"),
    "int": _int,
    "float": _float,
    "symbol": lambda text: text[1:].strip("\"'"),
}
_RESOLVED = (
    ("bool", r"^(?i:yes|true|on|no|false|off)$", "yYtToOnNfF"),
    (
        "int",
        r"^[-+]?(?:0|[1-9](?:[0-9]|,[0-9]|_[0-9])*|0[0-7_,]+|0x[0-9a-fA-F_,]+|0b[01_,]+|[0-9][0-9_]*(?::[0-5]?[0-9]){1,2})$",
        "-+0123456789",
    ),
    (
        "float",
        r"^(?:[-+]?(?:[0-9][0-9_,]*)?\.[0-9]+(?:[eE][+-][0-9]+)?|[-+]?[0-9][0-9_,]*\.(?:[eE][+-][0-9]+)?|(?i:[-+]?\.inf|\.nan)|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}\.[0-9_]*)$",
        "-+0123456789.",
    ),
    ("null", r"^(?:~|(?i:null)|)$", "~nN"),
    ("symbol", r"^:.", ":"),
    ("merge", r"^<<$", "<"),
    ("date", r"^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$", "0123456789"),
    (
        "time",
        r"^-?\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:\s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?))?$",
        "-0123456789",
    ),
)


def teach(loader: Any) -> None:
    """Let a loader class resolve plain scalars so."""
    for tag, pattern, first in _RESOLVED:
        letters = [*first, ""] if tag == "null" else [*first]
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), letters)


def scalar(kind: str, text: str) -> Any:
    """The value of a plain scalar of a kind; a number of thousands of digits stays a text."""
    try:
        return _SCALARS.get(kind, str)(text)
    except ValueError:
        return text
