"""A Git log as text: the graph, short names, what points where. Pure.

``lab.git`` shows it. The picture is that of ``git log --graph --oneline --decorate``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Entry(Protocol):
    """What is drawn of a commit."""

    @property
    def sha(self) -> str:
        """Its full name."""
        ...

    @property
    def parents(self) -> tuple[str, ...]:
        """What it follows."""
        ...

    @property
    def subject(self) -> str:
        """The first line of its message."""
        ...

    @property
    def refs(self) -> tuple[str, ...]:
        """What points to it."""
        ...


def commit_log(entries: Sequence[Entry]) -> str:
    """The log, newest first; every commit must stand before its parents."""
    lanes: list[str] = []
    lines: list[str] = []
    for entry in entries:
        at = lanes.index(entry.sha) if entry.sha in lanes else len(lanes)
        if at == len(lanes):
            lanes.append(entry.sha)
        lines.append(f"{_row(lanes, at)} {entry.sha[:8]}{_refs(entry.refs)} {entry.subject}")
        lines += _onwards(lanes, at, entry.parents)
    while lines and set(lines[-1]) <= set("|/\\ "):
        lines.pop()
    return "\n".join(lines)


def _row(lanes: Sequence[str], at: int) -> str:
    return " ".join("*" if lane == at else "|" for lane in range(len(lanes)))


def _refs(refs: Sequence[str]) -> str:
    return f" ({', '.join(refs)})" if refs else ""


def _onwards(lanes: list[str], at: int, parents: Sequence[str]) -> list[str]:
    """Move the lanes on to a commit's parents; gives the lines that show lanes part and meet."""
    lines = []
    others = [lane for lane in range(len(lanes)) if lane != at and parents[:1] == (lanes[lane],)]
    if not parents:
        del lanes[at]
    elif others:  # another lane leads there already: they meet
        left, right = sorted((at, others[0]))
        lanes[left] = parents[0]
        del lanes[right]
        lines.append(" ".join("|" * right) + "/")
    else:
        lanes[at] = parents[0]
    for parent in parents[1:]:
        if parent not in lanes:
            lanes.insert(at + 1, parent)
            lines.append(" ".join("|" * (at + 1)) + "\\" + " |" * (len(lanes) - at - 2))
    return lines
