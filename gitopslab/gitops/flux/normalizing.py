"""What Flux makes of an object before it applies it: what Kubernetes' own types hold of it.

So a field that a built-in kind does not have is dropped without a word, and the texts of a Secret become its data.
Source: ``fluxcd/pkg/ssa/normalize``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable

from gitopslab.machinery.objects import Object, copy_of

Typed = Callable[[Object], Object | None]
"""Gives an object of a built-in kind as Kubernetes' types hold it; None for any other, and for what does not fit."""

_LEFT = ("Role", "ClusterRole")  # Go would forget their empty rules
_TEMPLATE = ("spec", "template", "spec")
_PODS = {
    ("v1", "Pod"): ("spec",),
    ("batch/v1", "Job"): _TEMPLATE,
    ("batch/v1", "CronJob"): ("spec", "jobTemplate", *_TEMPLATE),
    **{("apps/v1", kind): _TEMPLATE for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")},
}


def normalized(obj: Object, typed: Typed) -> Object:
    """An object as it is sent to the API server; what fits no type is sent as it is written."""
    version, kind = str(obj.get("apiVersion", "")), str(obj.get("kind", ""))
    if version == "rbac.authorization.k8s.io/v1" and kind in _LEFT:
        return obj
    known = typed(obj)
    if known is None:
        return obj
    found: Object = copy_of(known)
    if (version, kind) == ("v1", "Secret"):
        _fill_in(found)
    if (version, kind) == ("v1", "Service"):
        _name_protocols(found.get("spec") or {})
        _name_targets(found.get("spec") or {})
    if path := _PODS.get((version, kind)):
        for container in _below(found, path).get("containers") or ():
            _name_protocols(container)
    return found


def _fill_in(secret: Object) -> None:
    texts = secret.pop("stringData", None) or {}
    if texts:
        data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **data}


def _name_protocols(holder: Object) -> None:
    """Ports that say none are TCP: server-side apply knows a port by its number and its protocol."""
    for port in holder.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"


def _name_targets(service: Object) -> None:
    """Go writes the number of a port that leads nowhere yet: none is 0, which the API server takes for the same."""
    for port in service.get("ports") or ():
        port.setdefault("targetPort", 0)


def _below(obj: Object, path: tuple[str, ...]) -> Object:
    found: Object = obj
    for key in path:
        found = found.get(key) or {}
    return found
