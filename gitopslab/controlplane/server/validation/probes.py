"""Rules of probes and lifecycle hooks.

Called by ``containers``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.numbers import check_not_negative, check_port
from gitopslab.machinery.objects import Object

_SECONDS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_SCHEMES = ("HTTP", "HTTPS")
_PROBE_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "tcpSocket", "sleep")


def check_probes(causes: Causes, container: Object, path: str) -> None:
    """The three probes of a container."""
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(name)
        if probe is not None:
            _check_probe(causes, probe, name, f"{path}.{name}")


def check_lifecycle(causes: Causes, lifecycle: Object, path: str, grace: int | None) -> None:
    """What runs after a start and before a stop."""
    for name in ("postStart", "preStop"):
        hook = lifecycle.get(name)
        if hook is not None:
            _check_handler(causes, hook, f"{path}.{name}", _HOOK_HANDLERS, grace)


def _check_probe(causes: Causes, probe: Object, name: str, path: str) -> None:
    _check_handler(causes, probe, path, _PROBE_HANDLERS, None)
    check_not_negative(causes, probe, path, *_SECONDS)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        causes.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if name == "readinessProbe":
        if grace is not None:
            causes.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")
    elif probe.get("successThreshold") != 1:
        causes.invalid(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1")


def _check_handler(causes: Causes, handler: Object, path: str, known: tuple[str, ...], grace: int | None) -> None:
    given = [name for name in known if handler.get(name) is not None]
    if not given:
        causes.required(path, "must specify a handler type")
        return
    first, *others = given
    _check_action(causes, first, handler[first], f"{path}.{first}", grace)
    for name in others:
        causes.forbidden(f"{path}.{name}", "may not specify more than 1 handler type")


def _check_action(causes: Causes, name: str, action: Object, path: str, grace: int | None) -> None:
    if name == "exec" and not action.get("command"):
        causes.required(f"{path}.command")
    elif name == "httpGet":
        _check_http(causes, action, path)
    elif name in ("tcpSocket", "grpc"):
        check_port(causes, action.get("port"), f"{path}.port")
    elif name == "sleep":
        seconds = action.get("seconds", 0)
        if grace is not None and not 0 <= seconds <= grace:
            text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
            causes.invalid(path, seconds, text)


def _check_http(causes: Causes, action: Object, path: str) -> None:
    if not action.get("path"):
        causes.required(f"{path}.path")
    check_port(causes, action.get("port"), f"{path}.port")
    if action.get("scheme") not in _SCHEMES:
        causes.unsupported(f"{path}.scheme", action.get("scheme", ""), _SCHEMES)
    for header in action.get("httpHeaders") or ():
        name = header.get("name", "")
        causes.each(f"{path}.httpHeaders", name, formats.problems_of_header(name))
