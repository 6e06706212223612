"""Objects of every kind: good ones, ones grown by what their types allow, and ones that were damaged."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from fuzzing import values
from gitopslab.machinery import schema
from gitopslab.machinery.gotypes import Type
from gitopslab.machinery.objects import Object
from gitopslab.machinery.schema import Struct

NAMES = ("a", "b", "c", "d")
_DEEPEST = 5
_SAMPLES: dict[str, tuple[Any, ...]] = {
    "string": ("a", "web", "http", "nginx:1.27", "default", "Always", "Never"),
    "integer": (0, 1, 2, 3, 80, 8080),
    "number": (0, 1, 0.5),
    "boolean": (True, False),
    "bytes": ("AAEC", ""),
    "quantity": ("1", "100m", "64Mi", 2, "0"),
    "time": ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000000Z", None),
    "int-or-string": (1, "25%", "http"),
}


def manifests() -> list[Object]:
    """One good object of every kind."""
    text = Path(__file__).with_name("manifests.yaml").read_text(encoding="utf-8")
    return [document for document in yaml.safe_load_all(text) if document]


class Documents:
    """Makes objects.

    Args:
        dice: Where every choice comes from.
        wild: Whether fields may also get values that do not suit their types, or hardly.
    """

    def __init__(self, dice: random.Random, *, wild: bool = True) -> None:
        self._dice = dice
        self._wild = 1.0 if wild else 0.0
        self._manifests = manifests()

    def good(self) -> Object:
        """A good object of some kind, under one of a few names so that later requests meet it again."""
        made = copy.deepcopy(self._dice.choice(self._manifests))
        made["metadata"].setdefault("name", self._dice.choice(NAMES))
        return made

    def some(self) -> Object:
        """An object that is good, or has been grown or damaged a little."""
        made = self.good()
        for _ in range(self._dice.choice((0, 0, 1, 1, 2, 4))):
            kind = schema.struct_of(str(made.get("apiVersion")), str(made.get("kind")))
            if kind is not None and self._dice.random() < 0.6:
                self._grow(made, kind)
            else:
                made = self.damaged(made)
                if not isinstance(made, dict):
                    break
        return made

    def grown(self, document: Object) -> Object:
        """The object with a few more fields, or others."""
        made = copy.deepcopy(document)
        kind = schema.struct_of(str(made.get("apiVersion")), str(made.get("kind")))
        for _ in range(self._dice.choice((1, 2, 3, 5)) if kind is not None else 0):
            assert kind is not None
            self._grow(made, kind)
        return made

    def damaged(self, document: Any) -> Any:
        """The document with one change that pays no heed to types."""
        made = copy.deepcopy(document)
        places = list(_places(made))
        if not places:
            return values.value(self._dice)
        holder, key = self._dice.choice(places)
        change = self._dice.randrange(6)
        if change == 0:
            del holder[key]
        elif change == 1 and isinstance(holder, dict):
            holder[self._dice.choice(values.KEYS)] = values.value(self._dice)
        elif change == 2 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif change == 3:
            holder[key] = self._dice.choice(([holder[key]], {"a": holder[key]}, str(holder[key])))
        else:
            holder[key] = values.value(self._dice)
        return made

    def pointer(self, document: Any) -> str:
        """A JSON pointer that leads somewhere in the document, or nearly."""
        steps: list[str] = []
        here = document
        while isinstance(here, dict | list) and here and (not steps or self._dice.random() < 0.8):
            key = self._dice.choice(list(here)) if isinstance(here, dict) else self._dice.randrange(len(here))
            steps.append(str(key).replace("~", "~0").replace("/", "~1"))
            here = here[key]
        if self._dice.random() < 0.2:
            steps.append(self._dice.choice(("-", "-1", "0", "99", "x", "~2", "")))
        return "".join(f"/{step}" for step in steps)

    def _grow(self, holder: Object, kind: Struct) -> None:
        """Set one field, somewhere in the object, to a value of its type."""
        while kind.fields:
            field = self._dice.choice(list(kind.fields.values()))
            inside = holder.get(field.name)
            below = field.type if field.type.shape == "struct" else field.type.element
            if isinstance(inside, list) and inside and self._dice.random() < 0.8:
                inside = self._dice.choice(inside)
            if not isinstance(inside, dict) or below is None or below.shape != "struct":
                if field.name not in ("apiVersion", "kind", "name"):
                    holder[field.name] = self._typed(field.type, field.enum)
                return
            holder, kind = inside, schema.struct(below.name)

    def _typed(self, kind: Type, enum: tuple[str, ...] = (), depth: int = 0) -> Any:
        """A value of a type, most often a plausible one."""
        if self._dice.random() < 0.07 * self._wild:
            return values.value(self._dice)
        if enum:
            return self._dice.choice(enum)
        if kind.shape == "list" and kind.element:
            return [self._typed(kind.element, depth=depth + 1) for _ in range(self._dice.choice((0, 1, 1, 2)))]
        if kind.shape == "map" and kind.element:
            keys = self._dice.sample(("app", "cpu", "memory", "a", "example.com/x"), self._dice.choice((0, 1, 2)))
            return {key: self._typed(kind.element, depth=depth + 1) for key in keys}
        if kind.shape == "struct":
            return {} if depth > _DEEPEST else self._struct(schema.struct(kind.name), depth + 1)
        if self._dice.random() < 0.25 * self._wild:
            return self._dice.choice(values.NUMBERS if kind.shape in ("integer", "number") else values.TEXTS)
        return self._dice.choice(_SAMPLES.get(kind.shape, ({}, {"a": 1})))

    def _struct(self, kind: Struct, depth: int) -> Object:
        fields = [field for field in kind.fields.values() if field.required or self._dice.random() < 0.3]
        return {field.name: self._typed(field.type, field.enum, depth) for field in fields}


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a value inside a document, as the container and the key or index."""
    waiting = [document]
    while waiting:
        here = waiting.pop()
        pairs = (
            list(here.items()) if isinstance(here, dict) else list(enumerate(here)) if isinstance(here, list) else []
        )
        for key, inside in pairs:
            yield here, key
            waiting.append(inside)
