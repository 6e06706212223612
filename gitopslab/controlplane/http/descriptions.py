"""What kinds and fields are for, in the words of the installed Kubernetes client.

``openapi`` asks when somebody wants a document. The texts stay where they are, in the source of the client's models:
they are read from there, without importing a client that is ten times the size of the control plane. Where the client
is missing or older, fields simply have no description.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

_FIELD = re.compile(r"^    (\w+): .*?Field\((.*)\)$", re.MULTILINE)
_WIRE_NAME = re.compile(r'serialization_alias="([^"]+)"')
_TEXT = re.compile(r'description=("(?:[^"\\]|\\.)*")')
_CLASS = re.compile(r'^class \w+\(BaseModel\):\n    """\n(.*?)\n\s*Attributes:', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Description:
    """What the client says of one type.

    Attributes:
        text: Of the type itself.
        fields: Of its fields, by wire name.
    """

    text: str = ""
    fields: dict[str, str] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _folder() -> Path | None:
    spec = importlib.util.find_spec("kubernetes")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "client" / "models"


def describe(type_name: str) -> Description:
    """The description of a type such as ``apps.v1.Deployment``; empty when there is none.

    Simplified: of a field that holds another type the client kept only that type's text; the field's own is missing.
    """
    folder = _folder()
    if folder is None or type_name.count(".") != 2:
        return Description()
    group, version, kind = type_name.split(".")
    for stem in (f"{group}_{version}_{_snake(kind)}", f"{version}_{_snake(kind)}"):
        path = folder / f"{stem}.py"
        if path.is_file():
            return _read(path.read_text(encoding="utf-8"))
    return Description()


def _snake(kind: str) -> str:
    """The name of a model's file, as its generator makes it: ``HTTPGetAction`` is ``http_get_action``."""
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z]+)", r"\1_\2", kind)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", spaced).lower()


def _read(source: str) -> Description:
    head, _, _ = source.partition("openapi_types: ClassVar")
    own = _CLASS.search(head)
    fields = {}
    for match in _FIELD.finditer(head):
        text = _TEXT.search(match.group(2))
        alias = _WIRE_NAME.search(match.group(2))
        if text:
            fields[alias.group(1) if alias else match.group(1)] = str(ast.literal_eval(text.group(1)))
    return Description(own.group(1).strip() if own else "", fields)
