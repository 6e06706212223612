"""Bash-like variables in manifests, as Flux fills them in after the build (``spec.postBuild``).

``${var}``, with a default ``${var:=default}`` or ``${var:-default}``, and the string forms ``${#var}``, ``${var^}``,
``${var^^}``, ``${var,}``, ``${var,,}``, ``${var:2:3}``, ``${var#prefix}``, ``${var%suffix}``, ``${var/old/new}``;
``$${var}`` stays ``${var}``, and ``$var`` is left alone. Source: ``fluxcd/pkg/envsubst`` and
``fluxcd/pkg/kustomize/kustomize_varsub.go``.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping

import yaml

from gitopslab.errors import ManifestError, RenderError
from gitopslab.machinery.manifests import objects
from gitopslab.machinery.objects import Object, annotations_of, group_of, labels_of, name_of

_NAME = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
_IS_NAME = re.compile(r"[_A-Za-z][_A-Za-z0-9]*\Z")
_VARIABLE = re.compile(r"[_A-Za-z][_A-Za-z0-9]*")
_DISABLED = "kustomize.toolkit.fluxcd.io/substitute"


def check_names(names: Iterable[str]) -> None:
    """Refuse names that no ``${…}`` could spell.

    Raises:
        RenderError: One is not a name.
    """
    for name in names:
        if not _IS_NAME.match(name):
            raise RenderError(f"'{name}' var name is invalid, must match '{_NAME}'")


def substituted(obj: Object, variables: Mapping[str, str]) -> Object:
    """An object with its variables filled in.

    It goes through YAML text, as in Flux: so a value that was quoted may come out as a number.

    Raises:
        RenderError: A variable is not set and has no default, or what comes out is no YAML.
    """
    text = yaml.safe_dump(obj, sort_keys=False, width=2**31, allow_unicode=True)
    if "$" not in text:
        return obj
    try:
        return objects(expand(text, variables))[0]
    except RenderError as error:
        raise RenderError(f"variable substitution failed: {error.message}") from error
    except ManifestError as error:
        raise RenderError(f"YAMLToJSON: {error.problem}") from error


def title(obj: Object) -> str:
    """An object as Flux names it in errors of the build: ``Deployment.v1.apps/web``, ``ConfigMap.v1.[noGrp]/web``."""
    version = str(obj.get("apiVersion", ""))
    group, version = group_of(version), version.rpartition("/")[2]
    return f"{obj.get('kind', '')}.{version}.{group or '[noGrp]'}/{name_of(obj)}"


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Text with its variables filled in.

    Raises:
        RenderError: A variable is not set and has no default, or a brace is never closed.
    """
    return _Expansion(text, variables).whole()


def is_left_alone(obj: Object) -> bool:
    """Whether an object says that it wants no variables."""
    return any(of.get(_DISABLED) == "disabled" for of in (labels_of(obj), annotations_of(obj)))


class _Expansion:
    """Goes through a text once, from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str]) -> None:
        self._text = text
        self._at = 0
        self._variables = variables

    def whole(self) -> str:
        return self._until("")

    def _until(self, ends: str, *, escapes: bool = False) -> str:
        r"""What stands before one of ``ends``, expanded; the end itself is not taken.

        Args:
            ends: Each letter ends it.
            escapes: Whether ``\/`` is a slash and ``\\`` a backslash.
        """
        found: list[str] = []
        while self._at < len(self._text):
            if self._text.startswith("$${", self._at):
                found.append("${")
                self._at += 3
            elif self._text.startswith("${", self._at):
                self._at += 2
                found.append(self._variable())
            elif escapes and self._text.startswith(("\\/", "\\\\"), self._at):
                found.append(self._text[self._at + 1])
                self._at += 2
            elif ends and self._text[self._at] in ends:
                return "".join(found)
            else:
                found.append(self._text[self._at])
                self._at += 1
        if ends:
            raise RenderError("missing closing brace")
        return "".join(found)

    def _variable(self) -> str:
        """What stands between the braces, and the brace that closes it."""
        wants_length = self._takes("#")
        match = _VARIABLE.match(self._text, self._at)
        if match is None:
            raise RenderError("missing closing brace" if "}" not in self._text[self._at :] else "bad substitution")
        name, self._at = match.group(), match.end()
        value = self._form(name)
        if not self._takes("}"):
            raise RenderError("missing closing brace")
        return str(len(value)) if wants_length else value

    def _form(self, name: str) -> str:
        """The value in the form that the operator after the name asks for."""
        for operator in (":=", ":-", ":+", ":?", "=", "-"):
            if self._takes(operator):
                return self._default(name, operator)
        value = self._value(name)
        for operator, form in (("^^", str.upper), ("^", _first_upper), (",,", str.lower), (",", _first_lower)):
            if self._takes(operator):
                return form(value)
        if self._takes(":"):
            return self._slice(value)
        for operator, cut in (("##", _cut_longest_start), ("#", _cut_start), ("%%", _cut_longest_end), ("%", _cut_end)):
            if self._takes(operator):
                return cut(value, self._until("}"))
        return self._replace(value) if self._takes("/") else value

    def _default(self, name: str, operator: str) -> str:
        default = self._until("}")
        value = self._variables.get(name, "")
        if operator == ":+":
            return default if value else ""
        return value or default

    def _slice(self, value: str) -> str:
        start, length = self._until(":}"), ""
        if self._takes(":"):
            length = self._until("}")
        try:
            begin = int(start)
            begin = max(0, len(value) + begin) if begin < 0 else begin
            return value[begin : begin + int(length)] if length else value[begin:]
        except ValueError:
            return value

    def _replace(self, value: str) -> str:
        how = next((sign for sign in "/#%" if self._takes(sign)), "")
        old, new = self._until("/}", escapes=True), ""
        if self._takes("/"):
            new = self._until("}", escapes=True)
        if how == "/":
            return value.replace(old, new)
        if how == "#":
            return new + value[len(old) :] if value.startswith(old) else value
        if how == "%":
            return value[: len(value) - len(old)] + new if value.endswith(old) else value
        return value.replace(old, new, 1)

    def _value(self, name: str) -> str:
        if name not in self._variables:
            raise RenderError(f'variable not set (strict mode): "{name}"')
        return self._variables[name]

    def _takes(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True


def _first_upper(value: str) -> str:
    return value[:1].upper() + value[1:]


def _first_lower(value: str) -> str:
    return value[:1].lower() + value[1:]


def _cut_start(value: str, pattern: str) -> str:
    ends = [end for end in range(len(value) + 1) if fnmatch.fnmatchcase(value[:end], pattern)]
    return value[ends[0] :] if ends else value


def _cut_longest_start(value: str, pattern: str) -> str:
    ends = [end for end in range(len(value) + 1) if fnmatch.fnmatchcase(value[:end], pattern)]
    return value[ends[-1] :] if ends else value


def _cut_end(value: str, pattern: str) -> str:
    starts = [start for start in range(len(value) + 1) if fnmatch.fnmatchcase(value[start:], pattern)]
    return value[: starts[-1]] if starts else value


def _cut_longest_end(value: str, pattern: str) -> str:
    starts = [start for start in range(len(value) + 1) if fnmatch.fnmatchcase(value[start:], pattern)]
    return value[: starts[0]] if starts else value
