"""Reads the folder of an exercise; ``exercises/README.md`` tells its authors what may stand there.

Called by ``catalogue``. Strict: a key that is not known, missing or of the wrong sort is an error that names the file
and the place, so that a slip is found when the tests load the exercise and not by a learner.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from gitopslab.course import translation
from gitopslab.course.exercise import OTHERWISE, Check, Exercise, Hint, Mistake, Purpose, Route
from gitopslab.course.expectation import RULES, Expectation
from gitopslab.course.parts import ExerciseError, Item, Map
from gitopslab.course.reading_steps import steps
from gitopslab.course.source import IN_CLUSTER, OUTSIDE, Outside, Source
from gitopslab.course.tools import KINDS, Tool
from gitopslab.course.translation import Translate
from gitopslab.machinery import json_path

_HINTS = 3
_PATIENCE = 3  # seconds: longer than any step in a pod's usual life
_WORDS: Mapping[str, Mapping[str, Any]] = {
    "exists": {"exists": True},
    "gone": {"exists": False},
    "ready": {"ready": True},
}


def read(folder: Path, translate: Translate = str) -> Exercise:
    """The exercise in a folder.

    Args:
        folder: Its own.
        translate: Gives the texts that a learner reads in his language.

    Raises:
        ExerciseError: A file is missing or something in it cannot be understood.
    """
    path = folder / "exercise.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        task = (folder / "task.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExerciseError(f"{folder.name} cannot be read: {error}", "See exercises/README.md") from error
    if isinstance(content, dict) and translate is not str:
        content, task = translation.exercise(content, task, translate)
    return _exercise(Map(content, str(path)), folder, task)


def _exercise(top: Map, folder: Path, task: str) -> Exercise:
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
        start=steps(top, files, "start"),
        checks=checks,
        hints=tuple(_hint(each, checks) for each in top.items("hints", exactly=_HINTS)),
        routes=tuple(top.each("routes", lambda each: Route(each.text("name"), steps(each, files)))),
        mistakes=tuple(top.each("mistakes", lambda each: _mistake(each, files))),
        answer=tuple(str(each.value) for each in top.items("answer")),
        clean=steps(top, files, "clean"),
        is_shared=bool(top.take("shared", False)),
        needs=tuple(_tool(each) for each in top.items("needs")),
        files=files,
        folder=folder,
    )
    top.finish()
    return exercise


def _purpose(top: Map) -> Purpose:
    try:
        return Purpose(top.text("purpose", "build"))
    except ValueError as error:
        raise top.error("purpose", "is build or fault") from error


def _tool(item: Item) -> Tool:
    if item.value not in KINDS:
        raise item.error(f"is one of {', '.join(KINDS)}")
    return cast(Tool, item.value)


def _check(each: Map) -> Check:
    source = _source(each)
    expect = _expectation(each.take("expect"), each, words=each.text("expected", ""))
    # what a learner writes is as it is; what controllers and kubelets write comes a moment later
    comes = source.what != "object" or not source.field or source.field.startswith("status")
    comes = (comes and not source.is_outside) or source.what == "pipeline"
    usual = _PATIENCE if comes and expect.rules != {"exists": True} else 0
    patience = each.number("patience", usual)
    return Check(each.text("id"), source, expect, each.text("because", ""), each.text("look"), patience)


def _source(each: Map) -> Source:
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
        return _outside(what, each, field)
    kind, _, name = each.text(what).partition("/")
    if bool(name) == (what == "objects"):
        raise each.error(what, "is KIND/NAME" if what != "objects" else "is a KIND; labels: chooses among them")
    return Source(what, kind, name, each.text("labels", ""), field, each.text("namespace", ""))


def _outside(what: Outside, each: Map, field: str) -> Source:
    event = {str(key): str(value) for key, value in dict(each.take("event", {})).items()}
    tags, ref, path, build = (each.text(key, "") for key in ("tags", "ref", "path", "build"))
    source = Source(what, each.text(what), field=field, event=event, tags=tags, ref=ref, path=path, build=build)
    if what in ("file", "lint") and field:
        raise each.error("field", f"is not for {what}: it is looked at line by line")
    if what not in ("file", "lint") and not (field or path):
        raise each.error("field", f"is needed for {what}: the whole says little to a learner")
    if (what != "git" and (path or build)) or (path and build):
        raise each.error("path", "is for git, and not together with build")
    return source


def _expectation(wanted: Any, each: Map, *, words: str) -> Expectation:
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


def _operand(value: Any, each: Map) -> Any:
    if isinstance(value, Mapping) and any(what in value for what in ("object", "objects", "images", "git")):
        inner = Map(value, f"{each.place}.expect")
        source = _source(inner)
        inner.finish()
        return source
    return value


def _hint(item: Item, checks: tuple[Check, ...]) -> Hint:
    if isinstance(item.value, str):
        return Hint({OTHERWISE: item.value})
    texts = {str(key): str(value) for key, value in item.map().content.items()}
    unknown = [key for key in texts if key != OTHERWISE and key not in {check.id for check in checks}]
    if unknown or OTHERWISE not in texts:
        raise item.error(f"there is no check {unknown[0]}" if unknown else f"needs a text for {OTHERWISE}")
    return Hint(texts)


def _mistake(each: Map, files: Mapping[str, str]) -> Mistake:
    return Mistake(each.text("name"), steps(each, files), each.text("says"))
