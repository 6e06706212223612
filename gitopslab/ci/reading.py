"""YAML as GitLab reads it: Ruby's Psych on libyaml, YAML 1.1, with ``!reference``.

``load`` calls ``documents`` for the main file and each included one. PyYAML's binding to the same libyaml does the
parsing; here are the scalars as Psych resolves them (``psych/scalar_scanner.rb``), its merge keys and its error texts.
What the keys mean is left to the rest of the room.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast

import yaml

from gitopslab.ci.faults import ConfigurationError
from gitopslab.ci.scalars import as_text, scalar, teach
from gitopslab.ci.tree import Map, NotText, Place, Reference, Seq
from gitopslab.machinery.yaml_size import measured

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "tag:yaml.org,2002:merge"
_MAX_BYTES, _MAX_DEPTH, _MAX_NODES, _MAX_DOCUMENTS = 2_097_152, 100, 200_000, 2
_DIVIDER = re.compile(r"^---\s+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something that Psych swallows without a word, and that hardly anybody means.

    Attributes:
        what: ``repeated`` (a key), ``tag`` (one that nobody knows), ``merge`` (it replaces a key above), ``scalar``
            (read as something else) or ``rest`` (what follows the end of the document).
        text: The key, tag or scalar it is about.
        place: Where.
        earlier: The line of the same key before, for ``repeated`` and ``merge``.
        became: What a scalar was read as.
    """

    what: str
    text: str
    place: Place
    earlier: int = 0
    became: str = ""


class GitLabLoader(_Loader):  # type: ignore[misc]
    """PyYAML's loader with Psych's scalars; maps and lists carry places."""

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, text: str, file: str, above: int, oddities: list[Oddity]) -> None:
        super().__init__(text)
        self.file = file
        self.above = above
        self.oddities = oddities

    def place(self, node: yaml.Node) -> Place:
        """Where a node begins, counted in the whole file."""
        return Place(node.start_mark.line + 1 + self.above, node.start_mark.column + 1, self.file)

    def build(self, node: yaml.Node) -> Any:
        """The value of a node; an alias gives a value of its own."""
        if node.tag == "!reference":
            return Reference(_plain(self, node), self.place(node))
        if isinstance(node, yaml.MappingNode):
            return self._map(node)
        if isinstance(node, yaml.SequenceNode):
            return Seq(map(self.build, node.value), self.place(node), map(self.place, node.value))
        return self._scalar(cast(yaml.ScalarNode, node))

    def look_at_rest(self) -> None:
        """Psych reads one document and never looks at what follows it; hardly anybody means that."""
        try:
            rest = self.get_node() if self.check_node() else None
        except yaml.MarkedYAMLError as error:
            rest = error
        mark = getattr(rest, "start_mark", None) or getattr(rest, "problem_mark", None)
        if mark is not None:
            place = Place(mark.line + 1 + self.above, mark.column + 1, self.file)
            self.oddities.append(Oddity("rest", "", place))

    def _map(self, node: yaml.MappingNode) -> Map:
        made, own = Map(place=self.place(node)), dict[str, Place]()
        for key_node, value_node in node.value:
            place = self.place(key_node)
            if key_node.tag == _MERGE:
                self._merge(made, own, value_node, place)
                continue
            read = self.build(key_node)
            key = read if isinstance(read, str) else NotText(as_text(read))
            if key in own:
                self.oddities.append(Oddity("repeated", key, place, own[key].line))
            own[key] = place
            value = self.build(value_node)
            if isinstance(value, (Map, Seq)):
                value.place = place  # what is wrong with the whole is told at its key, not a line below
            made.put(key, value, place)
        return made

    def _merge(self, made: Map, own: dict[str, Place], node: yaml.Node, place: Place) -> None:
        """``<<`` as Psych has it: what is merged also replaces keys that stand above the ``<<``."""
        values = [self.build(node)] if isinstance(node, yaml.MappingNode) else self.build(node)
        for value in reversed(values if isinstance(values, list) else []):
            for key in value if isinstance(value, Map) else ():
                if key in own:
                    self.oddities.append(Oddity("merge", key, place, own[key].line))
                made.put(key, value[key], value.place_of(key))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        tag = node.tag
        if not tag.startswith("tag:yaml.org,2002:"):
            self.oddities.append(Oddity("tag", tag, self.place(node)))
            tag = self.resolve(yaml.ScalarNode, node.value, (True, False)) if not node.style else "str"
        value = self._value(tag.rpartition(":")[2], node)
        if value is not None and as_text(value) != node.value:
            self.oddities.append(Oddity("scalar", node.value, self.place(node), became=as_text(value)))
        return value

    def _value(self, kind: str, node: yaml.ScalarNode) -> Any:
        if kind in ("date", "time"):
            hint = f'Put it in quotes: "{node.value}".'
            said = f"Tried to load unspecified class: {kind.capitalize()}"
            raise ConfigurationError(said, self.place(node), hint)
        return scalar(kind, node.value)


teach(GitLabLoader)


def documents(text: str, file: str = "") -> tuple[list[Any], list[Oddity]]:
    """The documents of a text (a header with ``spec`` may stand first) and what is odd about them.

    Raises:
        ConfigurationError: It cannot be read; the message is GitLab's.
    """
    if len(text.encode()) > _MAX_BYTES:
        raise ConfigurationError("The provided YAML is too big", Place(1, 1, file))
    oddities: list[Oddity] = []
    parts = [part for part in _parts(text) if part[0].strip()][:_MAX_DOCUMENTS]
    return [_document(part, file, above, oddities) for part, above in parts], oddities


def _parts(text: str) -> list[tuple[str, int]]:
    """The text between the dividers, each with the number of lines above it."""
    found, begin = [], 0
    for divider in [*_DIVIDER.finditer(text), None]:
        end = divider.start() if divider else len(text)
        found.append((text[begin:end], text.count("\n", 0, begin)))
        begin = divider.end() if divider else end
    return found


def _document(text: str, file: str, above: int, oddities: list[Oddity]) -> Any:
    try:
        _check_size(text, file)
        loader = GitLabLoader(text, file, above, oddities)
        try:
            node = loader.get_node() if loader.check_node() else None
            value = None if node is None else loader.build(node)
            loader.look_at_rest()
            return value
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        line = above + text.count("\n", 0, error.position) + 1
        raise ConfigurationError(
            f"(<unknown>): control characters are not allowed at line {line} column 1", Place(line, 1, file)
        ) from error
    except yaml.MarkedYAMLError as error:
        raise _named(error, text, file, above) from error
    except RecursionError as error:
        raise ConfigurationError("The parsed YAML is too big", Place(1, 1, file)) from error


def _named(error: yaml.MarkedYAMLError, text: str, file: str, above: int) -> ConfigurationError:
    """The error as Psych words it: it tells where the construct began, we also where it went wrong."""
    began, wrong = error.context_mark or error.problem_mark, error.problem_mark or error.context_mark
    if "simple key" in (error.context or ""):
        wrong = began  # the parser only notices on the line below that no colon followed
    place = Place((wrong.line if wrong else 0) + 1 + above, (wrong.column if wrong else 0) + 1, file)
    if "undefined alias" in (error.problem or ""):
        name = re.match(r"\*([A-Za-z0-9_-]*)", text.splitlines()[wrong.line][wrong.column :]) if wrong else None
        return ConfigurationError(f"Unknown alias: {name[1] if name else ''}", place)
    said = " ".join(filter(None, (error.problem, error.context)))
    line, column = (began.line + 1, began.column + 1) if began else (1, 1)
    return ConfigurationError(f"(<unknown>): {said} at line {line + above} column {column}", place)


def _check_size(text: str, file: str) -> None:
    """Refuse what would exhaust the machine: deep nesting, and aliases that multiply."""
    for event, depth, size in measured(text, _Loader):
        if isinstance(event, yaml.DocumentEndEvent):
            return
        if depth > _MAX_DEPTH or size > _MAX_NODES:
            raise ConfigurationError("The parsed YAML is too big", Place(1, 1, file))


def _plain(loader: GitLabLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(loader, item) for item in node.value]
    return node.value if isinstance(node, yaml.ScalarNode) else {}
