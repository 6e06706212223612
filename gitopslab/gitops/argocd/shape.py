"""Whether a manifest has the shape of an object, told as Argo CD tells it when it puts its tracking id on one.

The rest of a manifest is the API server's business. Sources: ``util/kube/kube.go``, and ``NestedStringMap`` of
``apimachinery``'s ``unstructured``.
"""

from __future__ import annotations

from typing import Any

from gitopslab.errors import RenderError
from gitopslab.machinery.golang import go_type
from gitopslab.machinery.merge import go_text
from gitopslab.machinery.objects import Object

_NAMES = ("name", "namespace", "generateName")


def shaped(obj: Object) -> Object:
    """A manifest whose names and annotations can be read; what is no text there counts as not there.

    Raises:
        RenderError: Its metadata, or its annotations, are something else; the message is Argo CD's.
    """
    metadata = obj.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise _odd(obj, f".metadata.annotations accessor error: {_told(metadata)}, expected map[string]interface {{}}")
    _check_annotations(obj, (metadata or {}).get("annotations"))
    named = {key: value for key, value in (metadata or {}).items() if key not in _NAMES or isinstance(value, str)}
    return {**obj, "apiVersion": _text(obj.get("apiVersion")), "kind": _text(obj.get("kind")), "metadata": named}


def _check_annotations(obj: Object, annotations: Any) -> None:
    if annotations is None:
        return
    where = ".metadata.annotations accessor error:"
    if not isinstance(annotations, dict):
        raise _odd(obj, f"{where} {_told(annotations)}, expected map[string]interface {{}}")
    for key, value in annotations.items():
        if not isinstance(value, str):
            what = f'contains non-string value in the map under key "{key}"'
            raise _odd(obj, f"{where} {what}: {_told(value)}, expected string")


def _odd(obj: Object, why: str) -> RenderError:
    metadata = obj.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    version = _text(obj.get("apiVersion"))
    kind = f"{version if '/' in version else f'/{version}'}, Kind={_text(obj.get('kind'))}"
    who = f"{kind} {_text(names.get('namespace'))}/{_text(names.get('name'))}"
    said = "failed to set app instance tracking info on manifest: failed to get annotations for"
    return RenderError(f"{said} {who}: {why}", "Put quotes around it: annotations are texts.")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _told(value: Any) -> str:
    return f"{go_text(value)} is of the type {go_type(value)}"
