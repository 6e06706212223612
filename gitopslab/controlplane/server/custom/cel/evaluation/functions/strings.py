"""Functions on texts. Upstream: ``cel-go/ext/strings.go``."""

from __future__ import annotations

from typing import Any

from gitopslab.controlplane.server.custom import patterns
from gitopslab.controlplane.server.custom.cel import texts
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Function
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import NO_OVERLOAD, type_name
from gitopslab.machinery.regexes import PatternError, compiled

_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}
_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_ESCAPES = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
            "\\": r"\\", '"': r"\""}  # fmt: skip


def _matches(text: str, pattern: str) -> bool:
    try:
        return compiled(pattern).search(text) is not None
    except PatternError as error:
        raise ValueError(error.message) from error


def _replace(meter: Meter, text: Any, *given: Any) -> Any:
    if not _fits((text, *given), (str, str, str, int)) or len(given) < 2:
        return _unfit("replace", text, *given)
    old, new, most = given[0], given[1], given[2] if len(given) > 2 else -1
    count = text.count(old)
    count = count if most < 0 else min(count, most)
    meter.work(0, characters=len(text) + count * (len(new) - len(old)))
    return text.replace(old, new, most)


def _find_all(meter: Meter, text: Any, *given: Any) -> Any:
    if not given or not _fits((text, *given), (str, str, int)):
        return _unfit("findAll", text, *given)
    found = list[str]()
    for match in patterns.all_of(text, *given):
        found.append(match.group())
        if not found[-1]:  # to know that nothing is here, all that remains may have been read
            meter.work(0, characters=len(text) - match.end())
    return found


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    if separator:
        return text.split(separator, most - 1 if most > 0 else -1)
    if 0 < most < len(text):
        return [*text[: most - 1], text[most - 1 :]]
    return list(text)


def _join(meter: Meter, items: Any, *given: Any) -> Any:
    if not isinstance(items, list) or not _fits(given, (str,)) or (items and items[0].__class__ is not str):
        return _unfit("join", items, *given)
    for item in items:
        if item.__class__ is not str:
            raise ValueError(f"join: invalid input: {item}")
    return (given[0] if given else "").join(items)


def _format(meter: Meter, text: Any, given: Any) -> Any:
    if text.__class__ is not str or not isinstance(given, list):
        return _unfit("format", text, given)
    items, characters = texts.extent(given)
    meter.work(items, characters=characters)
    return texts.formatted(text, given)


def _fits(given: tuple[Any, ...], kinds: tuple[type, ...]) -> bool:
    return len(given) <= len(kinds) and all(value.__class__ is kind for value, kind in zip(given, kinds, strict=False))


def _unfit(name: str, *given: Any) -> Any:
    raise ValueError(f"{NO_OVERLOAD.message}: {name}({', '.join(map(type_name, given))})")


def quoted(text: str) -> str:
    """A text as CEL would write it."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'


FUNCTIONS = (
    Function("contains", {(str, str): lambda text, part: part in text}, told=""),
    Function("startsWith", {(str, str): lambda text, part: text.startswith(part)}, told=""),
    Function("endsWith", {(str, str): lambda text, part: text.endswith(part)}, told=""),
    Function("matches", {(str, str): _matches}, told=""),
    Function("find", {(str, str): patterns.first}),
    Function("findAll", {}, otherwise=_find_all),
    Function("charAt", {(str, int): texts.char_at}),
    Function("substring", {(str, int): texts.substring, (str, int, int): texts.substring}),
    Function("lowerAscii", {(str,): lambda text: text.translate(_LOWER)}),
    Function("upperAscii", {(str,): lambda text: text.translate(_UPPER)}),
    Function("trim", {(str,): lambda text: text.strip(_SPACE)}),
    Function("split", {(str, str): _split, (str, str, int): _split}),
    Function("replace", {}, otherwise=_replace),
    Function("join", {}, otherwise=_join),
    Function("format", {}, otherwise=_format),
    Function("strings.quote", {(str,): quoted}),
)
