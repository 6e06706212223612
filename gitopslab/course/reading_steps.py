"""Reads the steps of an exercise: commands, manifests, files that are written, pushes to the lab's Git server.

Called by ``reading``.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitopslab.course.exercise import Edit, Push, Step
from gitopslab.course.parts import Item, Map

_COMMANDS = ("kubectl ", "gitopslab ")
_KINDS = ("apply", "refused", "write", "push")
_STEPS = "a command that begins with kubectl or gitopslab, or apply:, refused:, write: or push:"


def steps(each: Map, files: Mapping[str, str], key: str = "steps") -> tuple[Step, ...]:
    """The steps under a key.

    Args:
        each: The map that has it.
        files: The exercise's files, by name.
        key: Which key.

    Raises:
        ExerciseError: One cannot be understood.
    """
    return tuple(_step(item, files) for item in each.items(key))


def _step(item: Item, files: Mapping[str, str]) -> Step:
    if isinstance(item.value, str):
        if not item.value.startswith(_COMMANDS):
            raise item.error(f"is {_STEPS}")
        return Step(command=item.value)
    step = item.map()
    word = next((each for each in _KINDS if step.has(each)), "")
    if word == "write":
        made = Step(file=step.text(word), text=str(step.take("text")), replaces=str(step.take("replaces", "")))
    elif word in ("apply", "refused"):
        made = _applied(item, step.text(word), files, is_refused=word == "refused")
    elif word == "push":
        made = Step(push=_push(step, files))
    else:
        raise item.error(f"is {_STEPS}")
    step.finish()
    return made


def _applied(item: Item, text: str, files: Mapping[str, str], *, is_refused: bool) -> Step:
    if text.startswith(_COMMANDS) and is_refused:
        return Step(command=text, is_refused=True)
    if "\n" not in text and text not in files:
        raise item.error(f"there is no files/{text}")
    return Step(manifest=files.get(text, text), is_refused=is_refused)


def _push(step: Map, files: Mapping[str, str]) -> Push:
    content = Map(step.take("files", {}), f"{step.place}.files")
    edits = {str(name): _edit(content, str(name), files) for name in content.content}
    reverts = bool(step.take("revert", False))
    push = Push(
        step.text("push"),
        edits,
        step.text("message", "") if not edits else step.text("message"),
        step.text("branch", ""),
        step.text("tag", ""),
        reverts,
    )
    if not edits and not reverts and not push.tag:
        raise step.error("", "pushes nothing: it needs files:, revert: or tag:")
    return push


def _edit(content: Map, name: str, files: Mapping[str, str]) -> Edit:
    """The text of a file or the name of one in ``files/``; nothing to remove it; a map with what it replaces."""
    value = content.content[name]
    if value is None:
        return Edit(None)
    if isinstance(value, Mapping):
        change = Map(value, f"{content.place}.{name}")
        made = Edit(str(change.take("text")), str(change.take("replaces")))
        change.finish()
        return made
    return Edit(files.get(str(value), str(value)))
