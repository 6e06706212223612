"""Go's text templates, as far as commit messages and generators of applications need them.

``{{ .Field.Field }}``, ``{{ $variable }}``, literals, ``range`` with and without variables, ``if``, ``else``, ``with``,
comments, trim markers (``{{-``, ``-}}``), pipelines, parentheses, and the functions of ``gofunctions``. Source: Go's
``text/template``.

Simplified: no ``define`` and ``template``, no ``break`` and ``continue``, and no fields of what is in parentheses.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitopslab.errors import RenderError
from gitopslab.gitops.render.gofunctions import FUNCTIONS, text_of

_ACTION = re.compile(r"\{\{(-\s)?(.*?)(\s-)?\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|:=|[|,()]|[^\s|,()]+')
_BLOCKS = ("range", "if", "with")


@dataclass(slots=True)
class _Node:
    """A piece of text, an action, or a block with what is in it."""

    kind: str
    words: str = ""
    body: list[_Node] = field(default_factory=list)
    otherwise: list[_Node] = field(default_factory=list)
    chained: bool = False


class TemplateError(RenderError):
    """A text is no template."""


class RunError(RenderError):
    """A template cannot be filled in.

    Attributes:
        at: Which part of it, as in ``.image.tag``.
    """

    def __init__(self, message: str, at: str) -> None:
        super().__init__(message)
        self.at = at


class MissingKeyError(RunError):
    """A template names a key that a mapping does not have, and asked for an error."""


def render(template: str, data: Any, *, strict: bool = False) -> str:
    """A template filled in.

    Args:
        template: Its text.
        data: The dot: mappings, lists, and objects with attributes.
        strict: A key that a mapping does not have is an error (``missingkey=error``), and not ``<no value>``.

    Raises:
        TemplateError: It is not a template.
        MissingKeyError: It names such a key.
        RunError: It names what is not there.
    """
    nodes = _parse(_pieces(template))
    return "".join(_Run(strict).nodes(nodes, data, {"$": data}))


def paths(template: str) -> set[str]:
    """The paths that a template reads, as in ``.Changed.Objects``.

    Raises:
        RenderError: It is not a template.
    """
    words = [word for node in _pieces(template) if node.kind == "action" for word in _WORD.findall(node.words)]
    return {word.lstrip("$") for word in words if word.startswith((".", "$.")) and len(word) > 1}


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
        raise TemplateError("unclosed action")
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
            chained = piece.words.split(None, 2)[1:]
            if chained:  # {{ else if x }} is an if within the else, and one end closes both
                block = _Node(chained[0], " ".join(chained[1:]), chained=True)
                target[-1].append(block)
                open_blocks.append(block)
                target.append(block.body)
        elif word == "end":
            if len(open_blocks) == 1:
                raise TemplateError("unexpected {{end}}")
            while open_blocks.pop().chained:
                target.pop()
            target.pop()
        elif not piece.words.startswith("/*") or piece.kind == "text":
            target[-1].append(piece)
    if len(open_blocks) > 1:
        raise TemplateError("unexpected EOF")
    return root.body


@dataclass(frozen=True, slots=True)
class _Run:
    """Fills a template in.

    Attributes:
        strict: Whether a missing key is an error.
    """

    strict: bool

    def nodes(self, nodes: list[_Node], dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        """What nodes give, piece by piece."""
        for node in nodes:
            if node.kind == "text":
                yield node.words
            elif node.kind == "range":
                yield from self._range(node, dot, variables)
            elif node.kind in ("if", "with"):
                value = self._value(node.words, dot, variables)
                inner = value if node.kind == "with" and value else dot
                yield from self.nodes(node.body if value else node.otherwise, inner, dict(variables))
            else:
                yield from self._action(node.words, dot, variables)

    def _action(self, words: str, dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        name, is_set, rest = words.partition(":=")
        if is_set and name.strip().startswith("$"):
            variables[name.strip()] = self._value(rest, dot, variables)
        else:
            yield text_of(self._value(words, dot, variables))

    def _range(self, node: _Node, dot: Any, variables: dict[str, Any]) -> Iterator[str]:
        names, is_set, words = node.words.partition(":=")
        items = self._value(words if is_set else node.words, dot, variables)
        keys = [name.strip() for name in names.split(",")] if is_set else []
        pairs = list(sorted(items.items()) if isinstance(items, Mapping) else enumerate(items or ()))
        if not pairs:
            yield from self.nodes(node.otherwise, dot, dict(variables))
        for key, item in pairs:
            own = dict(zip(keys, (key, item) if len(keys) > 1 else (item,), strict=False))
            yield from self.nodes(node.body, item, variables | own)

    def _value(self, words: str, dot: Any, variables: Mapping[str, Any]) -> Any:
        tokens = deque(_WORD.findall(words))
        value = self._pipeline(tokens, dot, variables)
        if tokens:
            raise TemplateError("unexpected right paren")
        return value

    def _pipeline(self, tokens: deque[str], dot: Any, variables: Mapping[str, Any]) -> Any:
        """A pipeline up to its end or a closing parenthesis: a command's value is the next one's last argument."""
        value: tuple[Any, ...] = ()
        while True:
            value = (self._command(tokens, value, dot, variables),)
            if not tokens or tokens[0] == ")":
                return value[0]
            tokens.popleft()

    def _command(self, tokens: deque[str], last: tuple[Any, ...], dot: Any, variables: Mapping[str, Any]) -> Any:
        if not tokens or tokens[0] in "|)":
            raise TemplateError("missing value for command")
        name = tokens.popleft() if tokens[0] in FUNCTIONS else ""
        words, operands = [name, *tokens], []
        while tokens and tokens[0] not in "|)":
            operands.append(self._operand(tokens, dot, variables))
        if name:
            return _called(name, [*operands, *last], " ".join(words[: len(words) - len(tokens)]))
        if len(operands) > 1 or last:
            raise TemplateError("can't give argument to non-function")
        return operands[0]

    def _operand(self, tokens: deque[str], dot: Any, variables: Mapping[str, Any]) -> Any:
        word = tokens.popleft()
        if word == "(":
            value = self._pipeline(tokens, dot, variables)
            if not tokens:
                raise TemplateError("unclosed left paren")
            tokens.popleft()
            return value
        if word[0] in '"`':
            return word[1:-1].encode().decode("unicode_escape") if word[0] == '"' else word[1:-1]
        if word.startswith("$"):
            name, *path = word.split(".")
            if name not in variables:
                raise TemplateError(f'undefined variable "{name}"')
            return self._path(variables[name], path, word)
        if word.startswith("."):
            return self._path(dot, [part for part in word.split(".") if part], word)
        return _literal(word)

    def _path(self, value: Any, names: list[str], word: str) -> Any:
        for name in names:
            if isinstance(value, Mapping):
                if name not in value and self.strict:
                    raise MissingKeyError(f'map has no entry for key "{name}"', word)
                value = value.get(name)
            elif value is not None and not name.startswith("_") and hasattr(value, name):
                value = getattr(value, name)
            elif value is None:
                raise RunError(f"nil pointer evaluating interface {{}}.{name}", word)
            else:
                kind = getattr(value, "GO_TYPE", "interface {}")
                raise RunError(f"can't evaluate field {name} in type {kind}", word)
        return value


def _called(name: str, arguments: list[Any], words: str) -> Any:
    try:
        return FUNCTIONS[name](*arguments)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise RunError(f"error calling {name}: {error}", words) from error


def _literal(word: str) -> Any:
    if word in ("true", "false"):
        return word == "true"
    if word == "nil":
        return None
    try:
        return int(word)
    except ValueError:
        raise TemplateError(f'function "{word}" not defined') from None
