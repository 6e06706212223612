"""Go's text templates, as far as commit messages and generators of applications need them.

``{{ .Field.Field }}``, ``{{ $variable }}``, literals, ``range`` with and without variables, ``if``, ``else``, ``with``,
comments, trim markers (``{{-``, ``-}}``), pipelines, and a few functions. Source: Go's ``text/template``.

Simplified: of Go's and sprig's functions only those in ``_FUNCTIONS``; no ``define`` and ``template``, no parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.errors import RenderError

_ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|:=|[|,]|[^\s|,]+')
_BLOCKS = ("range", "if", "with")

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "println": lambda *words: " ".join(map(_text, words)) + "\n",
    "print": lambda *words: "".join(map(_text, words)),
    "printf": lambda form, *words: form.replace("%v", "%s") % words,
    "len": len,
    "lower": lambda text: _text(text).lower(),
    "upper": lambda text: _text(text).upper(),
    "trim": lambda text: _text(text).strip(),
    "quote": lambda text: f'"{_text(text)}"',
    "trunc": lambda size, text: _text(text)[: int(size)] if int(size) >= 0 else _text(text)[int(size) :],
    "replace": lambda old, new, text: _text(text).replace(old, new),
    "default": lambda fallback, value=None: value or fallback,
    "eq": lambda one, *others: one in others,
    "ne": lambda one, other: one != other,
    "not": lambda value: not value,
    "and": lambda *values: next((value for value in values if not value), values[-1]),
    "or": lambda *values: next((value for value in values if value), values[-1]),
}


@dataclass(slots=True)
class _Node:
    """A piece of text, an action, or a block with what is in it."""

    kind: str
    words: str = ""
    body: list[_Node] = field(default_factory=list)
    otherwise: list[_Node] = field(default_factory=list)


def render(template: str, data: Any) -> str:
    """A template filled in.

    Args:
        template: Its text.
        data: The dot: mappings, lists, and objects with attributes.

    Raises:
        RenderError: It is not a template, or names what is not there.
    """
    nodes = _parse(_pieces(template))
    return "".join(_run(nodes, data, {"$": data}))


def fields(template: str) -> set[str]:
    """The first names of the paths that a template reads: ``Changed`` of ``{{ .Changed.Objects }}``.

    Raises:
        RenderError: It is not a template.
    """
    words = [word for node in _pieces(template) if node.kind == "action" for word in _WORD.findall(node.words)]
    return {word.lstrip("$").split(".")[1] for word in words if word.startswith((".", "$.")) and len(word) > 1}


def _pieces(template: str) -> list[_Node]:
    found, at, trims = [], 0, False
    for match in _ACTION.finditer(template):
        trims_before, words, trims_after = match.groups()
        text = template[at : match.start()]
        text = text.rstrip() if trims_before else text
        found += [_Node("text", text.lstrip() if trims else text), _Node("action", words.strip())]
        at, trims = match.end(), bool(trims_after)
    rest = template[at:]
    if "{{" in rest:
        raise RenderError("unclosed action")
    return [*found, _Node("text", rest.lstrip() if trims else rest)]


def _parse(pieces: list[_Node]) -> list[_Node]:
    root = _Node("root")
    open_blocks, target = [root], [root.body]
    for piece in pieces:
        word = piece.words.split(None, 1)[0] if piece.kind == "action" and piece.words else ""
        if word in _BLOCKS:
            block = _Node(word, piece.words[len(word) :].strip())
            target[-1].append(block)
            open_blocks.append(block)
            target.append(block.body)
        elif word == "else":
            target[-1] = open_blocks[-1].otherwise
        elif word == "end":
            if len(open_blocks) == 1:
                raise RenderError("unexpected {{end}}")
            open_blocks.pop()
            target.pop()
        elif not piece.words.startswith("/*") or piece.kind == "text":
            target[-1].append(piece)
    if len(open_blocks) > 1:
        raise RenderError("unexpected EOF")
    return root.body


def _run(nodes: list[_Node], dot: Any, variables: dict[str, Any]) -> Iterator[str]:
    for node in nodes:
        if node.kind == "text":
            yield node.words
        elif node.kind == "range":
            yield from _range(node, dot, variables)
        elif node.kind in ("if", "with"):
            value = _value(node.words, dot, variables)
            inner = value if node.kind == "with" and value else dot
            yield from _run(node.body if value else node.otherwise, inner, dict(variables))
        else:
            name, is_set, words = node.words.partition(":=")
            if is_set and name.strip().startswith("$"):
                variables[name.strip()] = _value(words, dot, variables)
            else:
                yield _text(_value(node.words, dot, variables))


def _range(node: _Node, dot: Any, variables: dict[str, Any]) -> Iterator[str]:
    names, is_set, words = node.words.partition(":=")
    items = _value(words if is_set else node.words, dot, variables)
    keys = [name.strip() for name in names.split(",")] if is_set else []
    pairs = list(items.items() if isinstance(items, Mapping) else enumerate(items or ()))
    if not pairs:
        yield from _run(node.otherwise, dot, dict(variables))
    for key, item in pairs:
        own = dict(zip(keys, (key, item) if len(keys) > 1 else (item,), strict=False))
        yield from _run(node.body, item, variables | own)


def _value(words: str, dot: Any, variables: Mapping[str, Any]) -> Any:
    """A pipeline: each command's value becomes the last argument of the next."""
    command: list[str] = []
    value: tuple[Any, ...] = ()
    for word in [*_WORD.findall(words), "|"]:
        if word != "|":
            command.append(word)
            continue
        if not command:
            raise RenderError("missing value for command")
        value = (_command(command, value, dot, variables),)
        command = []
    return value[0]


def _command(words: list[str], last: tuple[Any, ...], dot: Any, variables: Mapping[str, Any]) -> Any:
    first, *rest = words
    if first in _FUNCTIONS:
        try:
            return _FUNCTIONS[first](*(_operand(word, dot, variables) for word in rest), *last)
        except (TypeError, ValueError, IndexError) as error:
            raise RenderError(f"error calling {first}: {error}") from error
    if rest or last:
        raise RenderError(f'function "{first}" not defined')
    return _operand(first, dot, variables)


def _operand(word: str, dot: Any, variables: Mapping[str, Any]) -> Any:
    if word[0] in '"`':
        return word[1:-1].encode().decode("unicode_escape") if word[0] == '"' else word[1:-1]
    if word.startswith("$"):
        name, *path = word.split(".")
        if name not in variables:
            raise RenderError(f'undefined variable "{name}"')
        return _path(variables[name], path)
    if word.startswith("."):
        return _path(dot, [part for part in word.split(".") if part])
    if word in ("true", "false"):
        return word == "true"
    try:
        return int(word)
    except ValueError:
        raise RenderError(f'function "{word}" not defined') from None


def _path(value: Any, names: list[str]) -> Any:
    for name in names:
        if isinstance(value, Mapping):
            value = value.get(name)
        elif hasattr(value, name):
            value = getattr(value, name)
        else:
            raise RenderError(f"can't evaluate field {name}")
    return value


def _text(value: Any) -> str:
    if value is None:
        return "<no value>"
    return str(value).lower() if isinstance(value, bool) else str(value)
