"""What a sync would change in an object, in the lines of the program ``diff``."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import yaml

from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.objects import Object

_HIDDEN = "++++++++"


def change(key: Key, live: Object | None, wanted: Object | None) -> str:
    """``argocd app diff`` of one object: the lines of ``diff LIVE WANTED``; the values of a Secret are not shown.

    Args:
        key: Which one.
        live: As it is; None when it is not there.
        wanted: As a sync would leave it; None when it would be pruned.
    """
    if key.kind == "Secret" and not key.group:
        live, wanted = _veiled(live, wanted)
    before, after = (_lines(obj) for obj in (live, wanted))
    title = f"===== {key.group}/{key.kind} {key.namespace}/{key.name} ======"
    return "\n".join([title, *_differing(before, after)])


def _lines(obj: Object | None) -> list[str]:
    return [] if obj is None else yaml.safe_dump(obj, sort_keys=True, allow_unicode=True).splitlines()


def _differing(before: list[str], after: list[str]) -> Iterator[str]:
    """The difference as the program ``diff`` prints it."""
    codes = {"replace": "c", "delete": "d", "insert": "a"}
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        yield f"{_span(first, last)}{codes[tag]}{_span(begin, end)}"
        yield from (f"< {line}" for line in before[first:last])
        if tag == "replace":
            yield "---"
        yield from (f"> {line}" for line in after[begin:end])


def _span(first: int, last: int) -> str:
    """Lines as ``diff`` names them; nothing between two lines is named by the line before."""
    return f"{first + 1},{last}" if last - first > 1 else str(first + (last > first))


def _veiled(live: Object | None, wanted: Object | None) -> tuple[Object | None, Object | None]:
    """Two sides of a Secret with plus signs for values: the same number for the same value."""
    old, new = ((obj or {}).get("data") or {} for obj in (live, wanted))
    hidden_old = dict.fromkeys(old, _HIDDEN)
    hidden_new = {key: _HIDDEN if old.get(key, value) == value else f"{_HIDDEN}+" for key, value in new.items()}
    sides = ((live, hidden_old), (wanted, hidden_new))
    before, after = (None if obj is None else {**obj, "data": hidden} for obj, hidden in sides)
    return before, after
