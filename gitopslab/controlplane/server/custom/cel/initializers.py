"""``Object.spec{…}`` and ``JSONPatch{…}`` in the expressions of a MutatingAdmissionPolicy.

They make objects whose fields nobody declared, for which the CEL library has no type. To be checked, an expression
names message types of its own (``Object_spec``, as long as the original, so that columns stay true) that have just the
fields it sets. Each such object becomes a map that also says what it was called. Upstream:
``apiserver/pkg/cel/mutation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from gitopslab.controlplane.server.custom.cel.messages import Messages
from gitopslab.controlplane.server.custom.cel.tree import DYN, Type
from gitopslab.machinery.objects import Object

PATCH = "JSONPatch"
MADE = "\x00made"
"""The key under which a map says as what it was made; no field is called so."""

_TOKEN = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?(?:\"\"\"|\\?\Z)|'''(?:\\.|[^\\])*?(?:'''|\\?\Z)"""
    r"""|"(?:\\.|[^"\\])*(?:"|\\?\Z)|'(?:\\.|[^'\\])*(?:'|\\?\Z)))"""
    r"""|(?P<comment>//[^\n]*)|(?P<made>\b(?:Object(?:\s*\.\s*\w+)*|JSONPatch)(?=\s*\{))"""
    r"""|(?P<name>[\w.]+|`[^`]*`)|(?P<sign>[{}()\[\],:?])|(?P<rest>.)""",
    re.DOTALL,
)
"""Pieces of an expression; a text that nothing closes goes on to the end."""

_LONGEST = 100_000
"""What is longer is not even parsed."""

_FIELDS = {**dict.fromkeys(("op", "path", "from"), Type("string")), "value": DYN}


class _Made(NamedTuple):
    """An object being made, or (with an empty name) any other bracket."""

    name: str
    closing: str


class Named(NamedTuple):
    """An expression that names message types.

    Attributes:
        text: It.
        types: These types, with their fields.
        called: What each of them was called.
    """

    text: str
    types: Messages
    called: dict[str, str]

    def as_called(self, text: str) -> str:
        """What is said of the expression, with the names as they were written."""
        return re.sub(r"\b\w+\b", lambda found: self.called.get(found.group(), found.group()), text)


def named(expression: str) -> Named:
    """An expression that names message types for the objects it makes."""
    pieces: list[str] = []
    types: Messages = {}
    called: dict[str, str] = {}
    for kind, text, owner in _read(expression) if len(expression) <= _LONGEST else [("rest", expression, "")]:
        if kind == "made":
            name = re.sub(r"\s", "", text)
            fields: dict[str, Type] = dict(_FIELDS) if name == PATCH else {}
            types.setdefault(name.replace(".", "_"), fields)
            called[name.replace(".", "_")] = name
            text = text.replace(".", "_")
        elif kind == "field" and owner != PATCH:
            types[owner.replace(".", "_")][text] = DYN
        pieces.append(text)
    return Named("".join(pieces), types, called)


def _read(expression: str) -> Iterator[tuple[str, str, str]]:
    """The pieces of an expression: their kind, their text, and the object being made that they belong to."""
    within: list[_Made] = []
    made, may_be_field = "", False
    for token in _TOKEN.finditer(expression):
        kind, text = str(token.lastgroup), token.group()
        owner = within[-1].name if within else ""
        if kind == "made":
            made = re.sub(r"\s", "", text)
            yield kind, text, owner
        elif kind == "sign" and text in "{([":
            within.append(_Made(made if text == "{" else "", {"{": "}", "(": ")", "[": "]"}[text]))
            yield kind, text, made
            may_be_field, made = bool(within[-1].name), ""
        elif kind == "sign" and text in "})]":
            if within:
                within.pop()
            yield kind, text, owner
            may_be_field = False
        elif kind == "name" and may_be_field and owner:
            yield "field", text.strip("`"), owner
            may_be_field = False
        else:
            yield kind, text, owner
            may_be_field = (bool(owner) and text == ",") or (may_be_field and (text == "?" or text.isspace()))


def misnamed(value: Any, path: str = "Object") -> Iterator[str]:
    """What is called otherwise than its place in the object; the message is upstream's."""
    if isinstance(value, dict):
        called = value.get(MADE)
        if called is not None and called != path:
            why = "which matches field name path from root Object type"
            yield f'unexpected type name "{called}", expected "{path}", {why}'
        for name, item in value.items():
            yield from misnamed(item, f"{path}.{name}" if called is not None else path)
    elif isinstance(value, list):
        for item in value:
            yield from misnamed(item, path)


def made_as(value: Any) -> str:
    """What an object was called; empty for any other value."""
    return str(value.get(MADE, "")) if isinstance(value, dict) else ""


def plain(value: Any) -> Any:
    """A value without what its objects were called."""
    if isinstance(value, dict):
        found: Object = {name: plain(item) for name, item in value.items() if name != MADE}
        return found
    return [plain(item) for item in value] if isinstance(value, list) else value
