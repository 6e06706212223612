"""Defaults of one container: image pull policy, ports, probes, environment, resources.

Called by ``pod`` for containers of every sort; knows nothing of the pod around them.
"""

from __future__ import annotations

import re

from gitopslab.machinery.objects import Object

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(
    rf"(?:{_HOST}/)?{_PART}(?:/{_PART})*(?::(?P<tag>[\w][\w.-]{{0,127}}))?"
    r"(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS = (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3))


def set_container(container: Object) -> None:
    """Defaults that hold in a pod and in a template."""
    if not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container.get("image") or "")
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    for port in container.get("ports") or ():
        if not port.get("protocol"):
            port["protocol"] = "TCP"
    container.setdefault("resources", {})
    for variable in container.get("env") or ():
        _set_environment(variable)
    for name in _PROBES:
        if container.get(name) is not None:
            _set_probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _set_http_get(hook)


def pull_policy(image: str) -> str:
    """``Always`` for the tag ``latest``, written or implied; ``IfNotPresent`` for any other tag and for digests.

    What is no name of an image has no tag either.
    """
    found = _IMAGE.fullmatch(image)
    implied = found is not None and not found["tag"] and not found["digest"]
    return "Always" if implied or (found is not None and found["tag"] == "latest") else "IfNotPresent"


def _set_environment(variable: Object) -> None:
    reference = (variable.get("valueFrom") or {}).get("fieldRef")
    if reference and not reference.get("apiVersion"):
        reference["apiVersion"] = "v1"


def _set_probe(probe: Object) -> None:
    for field, value in _PROBE_DEFAULTS:
        if not probe.get(field):
            probe[field] = value
    _set_http_get(probe)
    if probe.get("grpc") is not None:
        probe["grpc"].setdefault("service", "")


def _set_http_get(handler: Object) -> None:
    action = handler.get("httpGet")
    if action is not None:
        if not action.get("path"):
            action["path"] = "/"
        if not action.get("scheme"):
            action["scheme"] = "HTTP"
