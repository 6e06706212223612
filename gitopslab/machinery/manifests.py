"""YAML as Kubernetes reads it: text to values, and manifests to objects with errors that point at the place.

``controlplane.server`` reads request bodies with ``load``; the lab and the command line read learners' files with
``objects`` before anything is sent. Scalars follow YAML 1.1 as ``sigs.k8s.io/yaml`` has it: ``yes`` and ``on`` are
booleans, dates stay text. What the fields of an object mean is left to the API server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from gitopslab.errors import ManifestError
from gitopslab.machinery.objects import Object
from gitopslab.machinery.yaml_size import measured

_MAX_DEPTH = 500
_MERGE = "tag:yaml.org,2002:merge"
_MAX_NODES = 1_000_000
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class KubernetesLoader(_Loader):  # type: ignore[misc]
    """PyYAML's loader with the scalars of ``sigs.k8s.io/yaml``; keys become text, as in JSON.

    Attributes:
        repeated: Keys that a mapping names twice, each as ``(key, line)`` with lines counted from one.
    """

    yaml_implicit_resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}

    def __init__(self, stream: str | bytes) -> None:
        super().__init__(stream)
        self.repeated: list[tuple[str, int]] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:
        """A mapping with text keys; a later key wins over an earlier one."""
        # Before merge keys are resolved, since a key of one's own may well replace a merged one.
        own: set[str] = set()
        for key_node, _ in node.value:
            key = self._key(key_node)
            if key in own:
                self.repeated.append((key, key_node.start_mark.line + 1))
            own.add(key)
        self.flatten_mapping(node)
        return {self._key(key): self.construct_object(value, deep=deep) for key, value in node.value}

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", node.start_mark)
        if node.tag == _MERGE:
            return "<<"
        value = self.construct_object(node)
        if isinstance(value, bool):
            return "true" if value else "false"
        return "null" if value is None else str(value)


def _bool(loader: Any, node: yaml.ScalarNode) -> bool:
    return node.value.lower() in ("y", "yes", "on", "true")


def _int(loader: Any, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "")
    sign, digits = (-1, text[1:]) if text[0] == "-" else (1, text.lstrip("+"))
    if digits.startswith("0o"):
        return sign * int(digits[2:], 8)
    if digits.lower().startswith(("0b", "0x")):
        return sign * int(digits, 0)
    octal = len(digits) > 1 and digits.startswith("0") and not set(digits) & {"8", "9"}
    return sign * int(digits, 8 if octal else 10)


def _text(loader: Any, node: yaml.ScalarNode) -> str:
    return str(node.value)


def _construct_map(loader: KubernetesLoader, node: yaml.MappingNode) -> Iterator[dict[str, Any]]:
    found: dict[str, Any] = {}
    yield found
    found.update(loader.construct_mapping(node))


for _tag, _pattern, _first in (
    ("bool", r"^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$", "yYnNtTfFoO"),
    ("int", r"^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|[0-9][0-9_]*)$", "-+0123456789"),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("merge", r"^<<$", "<"),
):
    KubernetesLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(_pattern),
        [*_first.replace("\0", ""), ""] if _tag == "null" else [*_first],
    )
KubernetesLoader.add_constructor("tag:yaml.org,2002:bool", _bool)
KubernetesLoader.add_constructor("tag:yaml.org,2002:int", _int)
KubernetesLoader.add_constructor("tag:yaml.org,2002:timestamp", _text)
KubernetesLoader.add_constructor("tag:yaml.org,2002:map", _construct_map)


def _check_size(text: str | bytes) -> None:
    """Refuse what would exhaust the machine.

    Raises:
        ValueError: Nested too deeply, or aliases that stand for too much.
    """
    for _, depth, size in measured(text, KubernetesLoader):
        if depth > _MAX_DEPTH:
            raise ValueError(f"nested more than {_MAX_DEPTH} levels deep")
        if size > _MAX_NODES:
            raise ValueError("document contains excessive aliasing")


def load(text: str | bytes) -> tuple[Any, list[tuple[str, int]]]:
    """One document as plain values, and the keys named twice with their lines.

    Raises:
        ValueError: It is not YAML; the message begins with ``yaml:`` as the API server's does.
    """
    try:
        _check_size(text)
        loader = KubernetesLoader(text)
    except yaml.MarkedYAMLError as error:
        raise _named(error) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"yaml: {error}") from error
    try:
        value = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        raise _named(error) from error
    except ValueError as error:
        raise ValueError(f"yaml: {error}") from error
    finally:
        loader.dispose()
    return value, loader.repeated


def _named(error: yaml.MarkedYAMLError) -> ValueError:
    """The error as Go's library words it: a parser's line is one too low there, and the first line is not told."""
    line = error.problem_mark.line if error.problem_mark else 0
    if line and not isinstance(error, yaml.parser.ParserError):
        line += 1
    return ValueError(f"yaml: line {line}: {error.problem}" if line else f"yaml: {error.problem}")


def objects(text: str, file: str = "") -> list[Object]:
    """The objects of a manifest: every document, with the items of a ``List`` one by one.

    Args:
        text: One or more YAML or JSON documents.
        file: What to call it in errors.

    Raises:
        ManifestError: Something cannot be read; the message names file, line, column and the offending text.
    """
    manifest = _Manifest(text, file or "manifest")
    return [obj for document in manifest.documents() for obj in manifest.objects_of(*document)]


def fault_of(value: Any) -> tuple[str, str] | None:
    """Why a value is not a Kubernetes object, and what to do about it; None when it is one."""
    if not isinstance(value, dict):
        what = "a list" if isinstance(value, list) else "plain text"
        hint = "Begin each document with apiVersion: and kind:; put --- on a line of its own between two objects."
        return f"this document is {what}, not a Kubernetes object", hint
    for field in ("apiVersion", "kind"):
        if not isinstance(value.get(field), str) or not value[field]:
            hint = f"Add the line {field}: …; kubectl explain KIND shows what belongs there."
            return f"the object that begins here has no {field}", hint
    if not isinstance(value.get("metadata", {}), dict):
        return "metadata of the object that begins here is not a map", "Write name: …, indented, below metadata:."
    return None


class _Manifest:
    """A text being read, so that errors can quote it."""

    def __init__(self, text: str, file: str) -> None:
        self._lines = text.splitlines()
        self._text = text
        self._file = file

    def documents(self) -> Iterator[tuple[Any, int]]:
        """Each document that holds something, with the line it begins on."""
        loader = None
        try:
            _check_size(self._text)
            loader = KubernetesLoader(self._text)
            yield from self._documents(loader)
        except yaml.reader.ReaderError as error:
            before = self._text[: error.position]
            line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
            letter = f"U+{ord(self._text[error.position]):04X}"
            raise self._error(line, column, f"the character {letter} is not allowed in YAML", "Delete it.") from error
        except yaml.MarkedYAMLError as error:
            raise self._syntax_error(error) from error
        except ValueError as error:
            raise ManifestError(f"{self._file}: {error}", "Split the manifest into smaller ones.") from error
        finally:
            if loader is not None:
                loader.dispose()

    def _documents(self, loader: KubernetesLoader) -> Iterator[tuple[Any, int]]:
        while loader.check_node():
            node = loader.get_node()
            line = node.start_mark.line + 1
            value = loader.construct_document(node)
            if loader.repeated:
                key, at = loader.repeated[0]
                column = self._line(at).find(key) + 1
                raise self._error(
                    at, column, f'the key "{key}" is there twice', f'Keep one "{key}" and delete the other.'
                )
            if value is not None:
                yield value, line

    def objects_of(self, value: Any, line: int) -> Iterator[Object]:
        """The objects in one document."""
        if isinstance(value, dict) and value.get("kind") == "List" and isinstance(value.get("items"), list):
            for item in value["items"]:
                yield from self.objects_of(item, line)
            return
        fault = fault_of(value)
        if fault:
            raise self._error(line, 1, *fault)
        yield value

    def _syntax_error(self, error: yaml.MarkedYAMLError) -> ManifestError:
        mark, opened = error.problem_mark or error.context_mark, error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = error.problem or "this is not YAML"
        if opened and "quoted scalar" in (error.context or "") and "end of" in problem:
            # The parser notices only at the very end; the mistake is where the quote opens.
            hint = "Close the quote, or leave it out."
            return self._error(opened.line + 1, opened.column + 1, "the quote that opens here is never closed", hint)
        # The parser notices some mistakes only on the line below the one that has them.
        if line > len(self._lines) and self._lines:
            line, column = len(self._lines), len(self._lines[-1])
        if "\t" in self._line(line)[: column + 1]:
            return self._error(line, column, "a tab cannot indent YAML", "Replace the tab by spaces.")
        if opened and "flow" in (error.context or ""):
            bracket = self._line(opened.line + 1)[opened.column : opened.column + 1]
            hint = f"Close the {bracket} that opens on line {opened.line + 1}, or put a comma between what it holds."
            return self._error(line, column, problem, hint, since=opened.line + 1)
        if problem.startswith("mapping values are not allowed"):
            hint = "Check the indentation of this line and the one above, and quote texts that contain a colon."
            return self._error(line, column, problem, hint)
        return self._error(line, column, problem, "Check the indentation, brackets and quotes of this line.")

    def _line(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""

    def _error(self, line: int, column: int, what: str, hint: str = "", *, since: int = 0) -> ManifestError:
        """What is wrong where, with the line itself, and the line on which it began when that is another."""
        place = f"{self._file}, line {line}, column {max(column, 1)}: {what}"
        shown = [f"  {at} | {self._line(at)[:120]}" for at in sorted({since or line, line}) if self._line(at).strip()]
        return ManifestError("\n".join([place, *shown]), hint, line=line, problem=what)
