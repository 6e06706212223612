"""What the rules of pod security look at in a pod, and how they name it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gitopslab.machinery.objects import Object


def containers(spec: Object) -> Iterable[Object]:
    """All containers of a pod, in upstream's order."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def own_contexts(spec: Object) -> Iterable[tuple[str, Object]]:
    """The name and the security context of each container."""
    for one in containers(spec):
        yield one["name"], one.get("securityContext") or {}


def contexts(spec: Object) -> Iterable[tuple[str, Object]]:
    """The security context of the pod, whose name is empty, and of each container."""
    yield "", spec.get("securityContext") or {}
    yield from own_contexts(spec)


def added_capabilities(spec: Object, allowed: frozenset[str]) -> dict[str, list[str]]:
    """The capabilities beyond those allowed that each container adds."""
    found = {}
    for name, context in own_contexts(spec):
        beyond = [one for one in (context.get("capabilities") or {}).get("add") or () if one not in allowed]
        if beyond:
            found[name] = beyond
    return found


def must_not_add(added: dict[str, list[str]]) -> str:
    """What to say of them."""
    names = sorted({one for each in added.values() for one in each})
    return f"{named(added)} must not include {quoted(names)} in securityContext.capabilities.add"


def probed_hosts(container: Object) -> list[str]:
    """The hosts that a container's probes and hooks name."""
    probes = [container.get(field) or {} for field in ("livenessProbe", "readinessProbe", "startupProbe")]
    lifecycle = container.get("lifecycle") or {}
    handlers = [*probes, *(lifecycle.get(field) or {} for field in ("postStart", "preStop"))]
    ways = [handler.get(way) or {} for handler in handlers for way in ("httpGet", "tcpSocket")]
    return [way["host"] for way in ways if way.get("host")]


def seccomp_types(spec: Object) -> dict[str, str]:
    """The seccomp profile of the pod (empty name) and of each container that has one."""
    return {
        who: context["seccompProfile"].get("type", "")
        for who, context in contexts(spec)
        if context.get("seccompProfile") is not None
    }


def is_windows(spec: Object) -> bool:
    """Whether the pod says it is for Windows."""
    return bool((spec.get("os") or {}).get("name") == "windows")


def has_own_users(spec: Object) -> bool:
    """Whether the pod's root is not the node's."""
    return spec.get("hostUsers") is False


def setters(bad: dict[str, Any]) -> list[str]:
    """Who set something: the pod, the containers by name."""
    names = [name for name in bad if name]
    return [*(["pod"] if "" in bad else []), *([named(names)] if names else [])]


def named(names: Iterable[str]) -> str:
    """``containers "a", "b"``."""
    listed = list(names)
    return f"{plural('container', listed)} {quoted(listed)}"


def quoted(names: Iterable[str]) -> str:
    """``"a", "b"``."""
    return ", ".join(f'"{name}"' for name in names)


def plural(word: str, of: Any) -> str:
    """The word, with an s unless there is one only."""
    return word if len(of) == 1 else f"{word}s"
