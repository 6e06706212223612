"""Rules of annotations that mean something to Kubernetes when a pod, or a template of pods, has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gitopslab.controlplane.server.strategy import apparmor
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.numbers import MAX_INT32
from gitopslab.machinery.objects import Object

_MIRROR = "kubernetes.io/config.mirror"
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_SECCOMP_NAMED = {
    "unconfined": "Unconfined",
    "runtime/default": "RuntimeDefault",
    "docker/default": "RuntimeDefault",
}


def check_annotations(causes: Causes, annotations: dict[str, str], spec: Object, path: str) -> None:
    """Those of a pod, or of a template of pods."""
    if _MIRROR in annotations and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        causes.invalid(f"{path}[{_MIRROR}]", annotations[_MIRROR], text)
    _check_cost(causes, annotations.get(_DELETION_COST), path)
    for key, value in annotations.items():
        if key == _SECCOMP_POD or key.startswith(_SECCOMP):
            _check_seccomp(causes, value, f"{path}.{key}")
    names = {container.get("name") for container, _ in _containers(spec, "")}
    for key, value in annotations.items():
        if key.startswith(apparmor.ANNOTATION):
            _check_app_armor(causes, key, value, names, path)


def check_agreement(causes: Causes, annotations: dict[str, str], spec: Object, path: str) -> None:
    """What annotations and fields both say of a profile has to be the same; a pod is asked this when it is new."""
    of_all = spec.get("securityContext") or {}
    if _SECCOMP_POD in annotations:
        profile, where = of_all.get("seccompProfile"), f"{path}.securityContext.seccompProfile"
        _check_same(causes, "seccomp", annotations[_SECCOMP_POD], profile, where)
    for container, where in _containers(spec, path):
        key, profile = f"{_SECCOMP}{container.get('name')}", _context(container).get("seccompProfile")
        if key in annotations:
            _check_same(causes, "seccomp", annotations[key], profile, f"{where}.securityContext.seccompProfile")
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for container, where in _containers(spec, path):
        key = f"{apparmor.ANNOTATION}{container.get('name')}"
        profile = _context(container).get("appArmorProfile") or of_all.get("appArmorProfile")
        if key in annotations:
            _check_same(causes, "apparmor", annotations[key], profile, f"{where}.securityContext.appArmorProfile")


def check_change(causes: Causes, new: dict[str, str], old: dict[str, str], path: str) -> None:
    """Some are made with the pod and stay."""
    for done, keys in (
        ("remove or update", [key for key, value in old.items() if new.get(key) != value]),
        ("add", [key for key in new if key not in old]),
    ):
        for key in keys:
            if key.startswith(apparmor.ANNOTATION):
                causes.forbidden(f"{path}[{key}]", f"may not {done} AppArmor annotations")
            elif key == _MIRROR:
                causes.forbidden(f"{path}[{key}]", f"may not {done} mirror pod annotation")


def _check_cost(causes: Causes, cost: str | None, path: str) -> None:
    if cost is None:
        return
    try:
        fits = str(int(cost)) == cost and -(2**31) <= int(cost) <= MAX_INT32
    except ValueError:
        fits = False
    if not fits:
        causes.invalid(f"{path}[{_DELETION_COST}]", cost, "must be a 32bit integer")


def _check_seccomp(causes: Causes, value: str, path: str) -> None:
    local = value.removeprefix("localhost/")
    if local == value and value not in _SECCOMP_NAMED:
        causes.invalid(path, value, "must be a valid seccomp profile")
    elif local != value:
        if local.startswith("/"):
            causes.invalid(path, local, "must be a relative path")
        causes.each(path, local, formats.problems_of_steps_back(local))


def _check_app_armor(causes: Causes, key: str, value: str, names: set[str | None], path: str) -> None:
    name = key.removeprefix(apparmor.ANNOTATION)
    if name not in names:
        causes.invalid(f"{path}[{key}]", name, "container not found")
    if value and value not in apparmor.NAMED and not value.startswith(apparmor.LOCAL):
        causes.invalid(f"{path}[{key}]", value, f'invalid AppArmor profile name: "{value}"')


def _check_same(causes: Causes, what: str, annotation: str, profile: Object | None, path: str) -> None:
    if profile is None:
        return
    if profile.get("type") != _type_named(what)(annotation):
        causes.forbidden(f"{path}.type", f"{what} type in annotation and field must match")
    elif profile["type"] == "Localhost" and profile.get("localhostProfile") != annotation.removeprefix(apparmor.LOCAL):
        causes.forbidden(f"{path}.localhostProfile", f"{what} profile in annotation and field must match")


def _type_named(what: str) -> Callable[[str], str]:
    known = _SECCOMP_NAMED if what == "seccomp" else apparmor.NAMED
    return lambda annotation: "Localhost" if annotation.startswith(apparmor.LOCAL) else known.get(annotation, "")


def _context(container: Object) -> Object:
    found: Object = container.get("securityContext") or {}
    return found


def _containers(spec: Object, path: str) -> Iterator[tuple[Object, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"{path}.{field}[{index}]"
