"""Reads the folder of an exercise; ``exercises/README.md`` tells its authors what may stand there.

Called by ``catalogue``. Strict: a key that is not known, missing or of the wrong sort is an error that names the file
and the place, so that a slip is found when the tests load the exercise and not by a learner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from gitopslab.course.exercise import OTHERWISE, Check, Exercise, Hint, Mistake, Purpose, Route, Step
from gitopslab.course.expectation import RULES, Expectation
from gitopslab.course.source import IN_CLUSTER, OUTSIDE, Source
from gitopslab.errors import LabError
from gitopslab.machinery import json_path

_HINTS = 3
_COMMANDS = ("kubectl ", "gitopslab ")
_STEPS = "a command that begins with kubectl or gitopslab, or apply:, refused: or write:"
_PATIENCE = 3  # seconds: longer than any step in a pod's usual life
_WORDS: Mapping[str, Mapping[str, Any]] = {
    "exists": {"exists": True},
    "gone": {"exists": False},
    "ready": {"ready": True},
}
_T = TypeVar("_T")


class ExerciseError(LabError):
    """A file of an exercise cannot be read; the message names it and the place in it."""


def read(folder: Path) -> Exercise:
    """The exercise in a folder.

    Raises:
        ExerciseError: A file is missing or something in it cannot be understood.
    """
    path = folder / "exercise.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        task = (folder / "task.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExerciseError(f"{folder.name} cannot be read: {error}", "See exercises/README.md") from error
    return _exercise(_Map(content, str(path)), folder, task)


def _exercise(top: _Map, folder: Path, task: str) -> Exercise:
    files = {
        path.relative_to(folder / "files").as_posix(): path.read_text(encoding="utf-8")
        for path in sorted((folder / "files").rglob("*"))
        if path.is_file()
    }
    checks = tuple(top.each("checks", _check))
    exercise = Exercise(
        id=folder.name,
        title=top.text("title"),
        purpose=_purpose(top),
        minutes=top.number("minutes"),
        task=task,
        goal=top.text("goal"),
        start=tuple(_step(each, files) for each in top.items("start")),
        checks=checks,
        hints=tuple(_hint(each, checks) for each in top.items("hints", exactly=_HINTS)),
        routes=tuple(top.each("routes", lambda each: Route(each.text("name"), _steps(each, files)))),
        mistakes=tuple(top.each("mistakes", lambda each: _mistake(each, files))),
        answer=tuple(str(each.value) for each in top.items("answer")),
        clean=tuple(_step(each, files) for each in top.items("clean")),
        is_shared=bool(top.take("shared", False)),
        files=files,
        folder=folder,
    )
    top.finish()
    return exercise


def _purpose(top: _Map) -> Purpose:
    try:
        return Purpose(top.text("purpose", "build"))
    except ValueError as error:
        raise top.error("purpose", "is build or fault") from error


def _check(each: _Map) -> Check:
    source = _source(each)
    expect = _expectation(each.take("expect"), each, words=each.text("expected", ""))
    # what a learner writes is as it is; what controllers and kubelets write comes a moment later
    comes = source.what != "object" or not source.field or source.field.startswith("status")
    comes = comes and not source.is_outside
    usual = _PATIENCE if comes and expect.rules != {"exists": True} else 0
    patience = each.number("patience", usual)
    return Check(each.text("id"), source, expect, each.text("because", ""), each.text("look"), patience)


def _source(each: _Map) -> Source:
    given = [what for what in (*IN_CLUSTER, *OUTSIDE) if each.has(what)]
    if len(given) != 1:
        raise each.error("", f"needs exactly one of {', '.join(f'{what}:' for what in (*IN_CLUSTER, *OUTSIDE))}")
    what = given[0]
    field = each.text("field", "")
    try:
        json_path.parse(field)
    except ValueError as error:
        raise each.error("field", str(error)) from error
    if what in OUTSIDE:
        if (what in ("jobs", "images")) != bool(field):
            raise each.error("field", "is for jobs and images, and needed there: the whole says little to a learner")
        event = {str(key): str(value) for key, value in dict(each.take("event", {})).items()}
        return Source(what, each.text(what), field=field, event=event, tags=each.text("tags", ""))
    kind, _, name = each.text(what).partition("/")
    if bool(name) == (what == "objects"):
        raise each.error(what, "is KIND/NAME" if what != "objects" else "is a KIND; labels: chooses among them")
    return Source(what, kind, name, each.text("labels", ""), field, each.text("namespace", ""))


def _expectation(wanted: Any, each: _Map, *, words: str) -> Expectation:
    if isinstance(wanted, Mapping):
        rules = {str(name): _operand(value, each) for name, value in wanted.items()}
    elif isinstance(wanted, str) and wanted in _WORDS:
        rules = dict(_WORDS[wanted])
    else:
        rules = {"is": wanted}
    unknown = [name for name in rules if name not in RULES]
    if unknown or not rules:
        raise each.error("expect", f"knows no {unknown[0] if unknown else 'nothing'}; it knows {', '.join(RULES)}")
    return Expectation(rules, words)


def _operand(value: Any, each: _Map) -> Any:
    if isinstance(value, Mapping) and any(what in value for what in ("object", "objects", "images")):
        inner = _Map(value, f"{each.place}.expect")
        source = _source(inner)
        inner.finish()
        return source
    return value


def _hint(item: _Item, checks: tuple[Check, ...]) -> Hint:
    if isinstance(item.value, str):
        return Hint({OTHERWISE: item.value})
    texts = {str(key): str(value) for key, value in item.map().content.items()}
    unknown = [key for key in texts if key != OTHERWISE and key not in {check.id for check in checks}]
    if unknown or OTHERWISE not in texts:
        raise item.error(f"there is no check {unknown[0]}" if unknown else f"needs a text for {OTHERWISE}")
    return Hint(texts)


def _mistake(each: _Map, files: Mapping[str, str]) -> Mistake:
    return Mistake(each.text("name"), _steps(each, files), each.text("says"))


def _steps(each: _Map, files: Mapping[str, str]) -> tuple[Step, ...]:
    return tuple(_step(item, files) for item in each.items("steps"))


def _step(item: _Item, files: Mapping[str, str]) -> Step:
    """A command; ``apply:`` or ``refused:`` with a manifest or a file's name; ``write:`` with an exercise's file."""
    if isinstance(item.value, str):
        if not item.value.startswith(_COMMANDS):
            raise item.error(f"is {_STEPS}")
        return Step(command=item.value)
    step = item.map()
    word = next(iter(step.content), "")
    if word == "write":
        made = Step(file=step.text(word), text=str(step.take("text")), replaces=str(step.take("replaces", "")))
    elif word in ("apply", "refused"):
        made = _applied(item, step.text(word), files, is_refused=word == "refused")
    else:
        raise item.error(f"is {_STEPS}")
    step.finish()
    return made


def _applied(item: _Item, text: str, files: Mapping[str, str], *, is_refused: bool) -> Step:
    if text.startswith(_COMMANDS) and is_refused:
        return Step(command=text, is_refused=True)
    if "\n" not in text and text not in files:
        raise item.error(f"there is no files/{text}")
    return Step(manifest=files.get(text, text), is_refused=is_refused)


class _Item:
    """A value in the file, with its place."""

    def __init__(self, value: Any, place: str) -> None:
        self.value = value
        self.place = place

    def map(self) -> _Map:
        return _Map(self.value, self.place)

    def error(self, what: str) -> ExerciseError:
        return ExerciseError(f"{self.place} {what}", "See exercises/README.md")


class _Map:
    """A map in the file, which counts what was taken out of it."""

    def __init__(self, content: Any, place: str) -> None:
        self.place = place
        if not isinstance(content, Mapping):
            raise ExerciseError(f"{place} is not a map", "See exercises/README.md")
        self.content = content
        self._left = set(content)

    def has(self, key: str) -> bool:
        return key in self.content

    def take(self, key: str, default: Any = None) -> Any:
        self._left.discard(key)
        if key not in self.content and default is None:
            raise self.error("", f"has no {key}")
        return self.content.get(key, default)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.take(key, default)
        if not isinstance(value, str):
            raise self.error(key, "is not text; put it in quotes")
        return value.strip("\n") if "\n" not in value.strip() else value

    def number(self, key: str, default: int | None = None) -> int:
        value = self.take(key, default)
        if not isinstance(value, int):
            raise self.error(key, "is not a number")
        return value

    def items(self, key: str, *, exactly: int | None = None) -> list[_Item]:
        """The items of a list; one that may be left out is empty then."""
        values = self.take(key, [])
        if not isinstance(values, list) or (exactly is not None and len(values) != exactly):
            raise self.error(key, "is not a list" if exactly is None else f"is not a list of {exactly}")
        return [_Item(value, f"{self.place}: {key}[{at}]") for at, value in enumerate(values)]

    def each(self, key: str, make: Callable[[_Map], _T]) -> list[_T]:
        """What is made of each map of a list that must not be empty; a key nobody took is an error."""
        made = []
        for item in self.items(key):
            inner = item.map()
            made.append(make(inner))
            inner.finish()
        if not made:
            raise self.error(key, "is empty or missing")
        return made

    def finish(self) -> None:
        if self._left:
            raise self.error("", f"has the unknown key {sorted(map(str, self._left))[0]}")

    def error(self, key: str, what: str) -> ExerciseError:
        return ExerciseError(f"{self.place}{f': {key}' if key else ''} {what}", "See exercises/README.md")
