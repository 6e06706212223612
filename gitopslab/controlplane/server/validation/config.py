"""Rules of ConfigMap and Secret."""

from __future__ import annotations

import base64

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_immutable
from gitopslab.controlplane.server.wire import from_json
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.objects import Object, annotations_of

MAX_SIZE = 1024 * 1024
_LOCKED = "field is immutable when `immutable` is set"
_ACCOUNT_NAME = "kubernetes.io/service-account.name"
_DOCKER = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}


def check_config_map(causes: Causes, config_map: Object) -> None:
    """A new or changed ConfigMap."""
    data, binary = config_map.get("data") or {}, config_map.get("binaryData") or {}
    for key in data:
        causes.each(f"data[{key}]", key, formats.problems_of_config_key(key))
        if key in binary:
            causes.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
    for key in binary:
        causes.each(f"binaryData[{key}]", key, formats.problems_of_config_key(key))
    size = sum(len(value.encode()) for value in data.values()) + sum(_decoded_size(value) for value in binary.values())
    if size > MAX_SIZE:
        causes.too_long("[]", MAX_SIZE)  # how Go spells the path of nothing


def check_config_map_change(causes: Causes, config_map: Object, before: Object, subresource: str) -> None:
    """An immutable one stays as it is."""
    _check_locked(causes, config_map, before, "data", "binaryData")


def check_secret(causes: Causes, secret: Object) -> None:
    """A new or changed Secret; its type says which keys it must have."""
    data = secret.get("data") or {}
    for key in data:
        causes.each(f"data[{key}]", key, formats.problems_of_config_key(key))
    if sum(_decoded_size(value) for value in data.values()) > MAX_SIZE:
        causes.too_long("data", MAX_SIZE)
    kind = secret.get("type") or ""
    if kind == "kubernetes.io/service-account-token":
        if not annotations_of(secret).get(_ACCOUNT_NAME):
            causes.required(f"metadata.annotations[{_ACCOUNT_NAME}]")
    elif kind in _DOCKER:
        _check_docker(causes, data, _DOCKER[kind])
    elif kind == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            causes.required("data[username]")
            causes.required("data[password]")
    elif kind == "kubernetes.io/ssh-auth":
        if not data.get("ssh-privatekey"):
            causes.required("data[ssh-privatekey]")
    elif kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                causes.required(f"data[{key}]")


def check_secret_change(causes: Causes, secret: Object, before: Object, subresource: str) -> None:
    """The type stays, and an immutable one altogether."""
    check_immutable(causes, secret.get("type"), before.get("type"), "type")
    _check_locked(causes, secret, before, "data")


def _check_locked(causes: Causes, obj: Object, before: Object, *fields: str) -> None:
    if not before.get("immutable"):
        return
    if not obj.get("immutable"):
        causes.forbidden("immutable", _LOCKED)
    for field in fields:
        if (obj.get(field) or {}) != (before.get(field) or {}):
            causes.forbidden(field, _LOCKED)


def _decoded_size(text: str) -> int:
    return len(text) * 3 // 4 - text[-2:].count("=")


def _check_docker(causes: Causes, data: dict[str, str], key: str) -> None:
    if key not in data:
        causes.required(f"data[{key}]")
        return
    try:
        content = from_json(base64.b64decode(data[key]))
    except ValueError as error:
        causes.invalid(f"data[{key}]", "<secret contents redacted>", str(error))
        return
    if not isinstance(content, dict) and content is not None:
        text = f"json: cannot unmarshal {go_kind(content)} into Go value of type map[string]interface {{}}"
        causes.invalid(f"data[{key}]", "<secret contents redacted>", text)
