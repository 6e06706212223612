"""From a plain value to a custom resource: metadata as its type, the rest as its schema.

``decode``, ``patches`` and ``ownership`` call it where a built-in kind would go through ``typed`` alone. Unknown fields
are removed and noted, nulls that may not be are dropped, and the metadata of embedded objects is read like that of the
object itself. Upstream: ``unstructuredSchemaCoercer`` in ``apiserver/customresource_handler.go``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitopslab.controlplane.server.custom.pruning import drop_nulls, prune
from gitopslab.controlplane.server.custom.structural import Node
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery import schema
from gitopslab.machinery.objects import Object
from gitopslab.machinery.typed import Reader, TypedError

_DEEPEST = 200
_UNKNOWN, _QUOTE = 'unknown field "', '"'


def read(resource: CustomResource, value: Any) -> tuple[Object, list[str]]:
    """The object as its schema holds it, a new one throughout, and what strict decoding objects to.

    Raises:
        TypedError: It is no object, or its metadata have a wrong type.
    """
    _check_depth(value)
    reader = Reader()
    obj = _with_metadata(reader, value)
    root = resource.version_spec.root
    unknown = prune(obj, root, is_root=True)
    drop_nulls(obj, root)
    unknown += _read_embedded(obj, root, "")
    return obj, [*reader.notes, *(f'unknown field "{path}"' for path in unknown)]


def _check_depth(value: Any) -> None:
    """Refuse what could be read and not be written again."""
    layer = [value]
    for _ in range(_DEEPEST):
        layer = [below for one in layer for below in _inside(one) if isinstance(below, dict | list)]
        if not layer:
            return
    raise TypedError("exceeded max depth")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _with_metadata(reader: Reader, value: Any) -> Object:
    try:
        return reader.read(schema.UNSTRUCTURED, value)
    except TypedError as error:
        # The API server reads metadata on their own, so its errors do not name the way to them.
        message = str(error).replace("Go struct field ObjectMeta.metadata.", "Go struct field ObjectMeta.")
        message = message.replace("Go struct field Unstructured.metadata of", "Go value of")
        raise TypedError(message) from error


def _read_embedded(value: Any, node: Node | None, path: str) -> list[str]:
    """Read, in place, the metadata of embedded objects; the paths of unknown fields in them."""
    if node is None:
        return []
    found: list[str] = []
    if isinstance(value, dict):
        if node.embedded:
            found += _read_own_metadata(value, path)
        for name, item in value.items():
            found += _read_embedded(item, node.field(name), f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += _read_embedded(item, node.items, f"{path}[{index}]")
    return found


def _read_own_metadata(value: Object, path: str) -> list[str]:
    for name in ("apiVersion", "kind"):
        if name in value and not isinstance(value[name], str):
            raise TypedError(f"{path}.{name}: Invalid value: {value[name]}: must be a string")
    if "metadata" not in value:
        return []
    reader = Reader()
    metadata = _with_metadata(reader, {"metadata": value["metadata"]})["metadata"]
    value["metadata"] = {key: item for key, item in metadata.items() if key != "creationTimestamp" or item}
    return [f"{path}.{note.removeprefix(_UNKNOWN).removesuffix(_QUOTE)}" for note in reader.notes]
