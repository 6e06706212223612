"""AppArmor profiles that a pod's annotations name, as they were given before there were fields for them.

Upstream: ``applyAppArmorVersionSkew`` of ``pkg/registry/core/pod/strategy.go``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.objects import Object, annotations_of

ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
"""Followed by the name of a container."""

LOCAL = "localhost/"
NAMED = {"unconfined": "Unconfined", "runtime/default": "RuntimeDefault"}

_LONGEST = 4095


def profile_of(annotation: str) -> Object | None:
    """What the field says that means the same; None when there is none that may be said."""
    if annotation in NAMED:
        return {"type": NAMED[annotation]}
    local = annotation.removeprefix(LOCAL)
    if local == annotation or not local or local != local.strip() or len(local) > _LONGEST:
        return None
    return {"type": "Localhost", "localhostProfile": local}


def fill_in(pod: Object) -> Iterator[str]:
    """Set, in place, the fields of containers that only annotations speak of.

    Yields:
        What to warn the client of.
    """
    spec, annotations = pod["spec"], annotations_of(pod)
    if (spec.get("os") or {}).get("name") == "windows":
        return
    of_all = (spec.get("securityContext") or {}).get("appArmorProfile")
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        key, context = f"{ANNOTATION}{container.get('name', '')}", container.get("securityContext") or {}
        if key not in annotations or context.get("appArmorProfile") is not None:
            continue
        profile = profile_of(annotations[key])
        if profile is not None and profile == of_all:
            continue
        if profile is not None:
            container["securityContext"] = {**context, "appArmorProfile": profile}
        yield f'metadata.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead'
