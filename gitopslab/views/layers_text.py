"""The layers of an image in words."""

from __future__ import annotations

from gitopslab.machinery.language import drawn
from gitopslab.views.grid import Grid
from gitopslab.views.layers import File, Layers, Stack

_MOST = 12


def layers_text(layers: Layers) -> str:
    """Each image as a list of its steps, then what differs."""
    summary = drawn(layers.summary)
    parts = [summary[:1].upper() + summary[1:] + ".", *(_stack(stack) for stack in layers.stacks)]
    if layers.settings:
        parts.append(
            drawn("Settings that differ:") + "\n" + "\n".join(f"  {setting_words(*each)}" for each in layers.settings)
        )
    if layers.files:
        parts.append(drawn("Files that differ:") + "\n" + "\n".join(_files(layers.files, layers.more)))
    return "\n\n".join(parts)


def setting_words(name: str, before: str, after: str) -> str:
    """What became of a setting."""
    if not before:
        return drawn(f"{name} is new: {after}")
    return drawn(f"{name}: {before} became {after}" if after else f"{name} is gone: it was {before}")


def short_digest(digest: str) -> str:
    """The first twelve digits."""
    return digest.removeprefix("sha256:")[:12]


def _stack(stack: Stack) -> str:
    rows = tuple(
        (
            short_digest(row.digest) or drawn("no layer"),
            row.size or "0B",
            drawn("shared") if row.shared else "",
            row.text,
        )
        for row in stack.rows
    )
    head = f"{stack.name}   {stack.digest}\n{stack.platform}, {stack.size}"
    grid = Grid(tuple(map(drawn, ("Layer", "Size", "", "Created by"))), rows)
    if not any(row.shared for row in stack.rows):
        grid = Grid(tuple(map(drawn, ("Layer", "Size", "Created by"))), tuple((row[0], row[1], row[3]) for row in rows))
    return f"{head}\n{grid.text()}"


def _files(files: tuple[File, ...], more: int) -> list[str]:
    lines = [f"  {each.mark} {each.path}   {each.size}".rstrip() for each in files[:_MOST]]
    left = more + len(files) - len(lines)
    return [*lines, *([f"  {drawn(f'and {left} more')}"] if left else [])]
