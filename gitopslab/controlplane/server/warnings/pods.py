"""Warnings about pods and the templates of pods.

Upstream: ``pkg/api/pod/warnings.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitopslab.controlplane.server.strategy import apparmor
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.warnings import nodelabels, volumes
from gitopslab.controlplane.server.warnings.amounts import fractional, unusual_address
from gitopslab.machinery.objects import Object, annotations_of, name_of

_OLD_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"
_SECCOMP_TEXT = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_BYTES = ("memory", "ephemeral-storage")
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_SELECTOR = "labelSelector: a null labelSelector results in matching no pod"


def of_pod(pod: Object, before: Object | None) -> Iterable[str]:
    """A new pod; people rarely change one, and controllers do so all the time."""
    if before is None:
        yield from of_name(pod, "the Pod's hostname")
        yield from _of_spec_and_metadata(pod, "")


def of_template(template: Object, path: str) -> Iterable[str]:
    """A template of pods, at ``path`` in what it is part of."""
    yield from _of_spec_and_metadata(template, f"{path}.")


def of_name(obj: Object, used_in: str) -> Iterable[str]:
    """A name that makes a poor host name."""
    problems = formats.problems_of_label(name_of(obj))
    if problems:
        yield (
            f"metadata.name: this is used in {used_in}, which can result in surprising behavior; "
            f"a DNS label is recommended: [{' '.join(problems)}]"
        )


def _of_spec_and_metadata(pod: Object, path: str) -> Iterator[str]:
    spec, annotations = pod.get("spec") or {}, annotations_of(pod)
    here = f"{path}spec"
    yield from _of_nodes(spec, here)
    for key, text in _OLD_ANNOTATIONS.items():
        if key in annotations:
            yield f"{path}metadata.annotations[{key}]: {text}"
    yield from volumes.of_volumes(spec.get("volumes") or [], here)
    yield from _of_twins(spec, here)
    yield from fractional(spec.get("overhead"), _BYTES, f"{here}.overhead")
    if _SECCOMP_POD in annotations and (spec.get("securityContext") or {}).get("seccompProfile") is None:
        yield f"{path}metadata.annotations[{_SECCOMP_POD}]: {_SECCOMP_TEXT}"
    for container, where in _containers(spec, here):
        yield from _of_security(container, annotations, path)
        if path:  # of a pod they are told by its strategy, which makes them fields
            yield from _of_app_armor(container, annotations, path, spec)
        yield from _of_amounts(container, where)
        yield from _of_environment(container.get("env") or [], where)
    yield from _of_ports(spec, here)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{here}.terminationGracePeriodSeconds: {text}"
    yield from _of_affinities(spec.get("affinity") or {}, f"{here}.affinity")
    for index, address in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        yield from unusual_address(address, f"{here}.dnsConfig.nameservers[{index}]")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        yield from unusual_address(alias.get("ip") or "", f"{here}.hostAliases[{index}].ip")


def _of_nodes(spec: Object, path: str) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if key in nodelabels.OLD:
            yield f"{path}.nodeSelector[{key}]: {nodelabels.OLD[key]}"
    affinity, where = (spec.get("affinity") or {}).get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity"
    for index, term in enumerate((affinity.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from nodelabels.in_term(term, f"{where}.{_REQUIRED}.nodeSelectorTerms[{index}]")
    for index, term in enumerate(affinity.get(_PREFERRED) or ()):
        preference = term.get("preference") or {}
        yield from nodelabels.in_term(preference, f"{where}.{_PREFERRED}[{index}].preference", values=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        here, key = f"{path}.topologySpreadConstraints[{index}]", constraint.get("topologyKey", "")
        if key in nodelabels.OLD:
            yield f"{here}.topologyKey: {key} is {nodelabels.OLD[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{here}.{_NO_SELECTOR}"


def _of_twins(spec: Object, path: str) -> Iterator[str]:
    """Host aliases and pull secrets that are there twice, and secrets without a name."""
    for field, key in (("hostAliases", "ip"), ("imagePullSecrets", "name")):
        seen: set[str] = set()
        for index, item in enumerate(spec.get(field) or ()):
            value = item.get(key) or ""
            if value in seen:
                yield f'{path}.{field}[{index}].{key}: duplicate {key} "{value}"'
            seen.add(value)
    for index, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            yield f'{path}.imagePullSecrets[{index}].name: invalid empty name ""'


def _containers(spec: Object, path: str) -> Iterator[tuple[Object, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"{path}.{field}[{index}]"


def _of_security(container: Object, annotations: dict[str, str], path: str) -> Iterator[str]:
    """An annotation in place of a seccomp profile."""
    context, name = container.get("securityContext") or {}, container.get("name", "")
    if f"{_SECCOMP}{name}" in annotations and context.get("seccompProfile") is None:
        yield f"{path}metadata.annotations[{_SECCOMP}{name}]: {_SECCOMP_TEXT}"


def _of_app_armor(container: Object, annotations: dict[str, str], path: str, spec: Object) -> Iterator[str]:
    """An annotation in place of an AppArmor profile."""
    context, name = container.get("securityContext") or {}, container.get("name", "")
    profile = (spec.get("securityContext") or {}).get("appArmorProfile")
    given = annotations.get(f"{apparmor.ANNOTATION}{name}")
    if given is None or context.get("appArmorProfile") is not None:
        return
    if profile is None or profile != apparmor.profile_of(given):
        text = 'deprecated since v1.30; use the "appArmorProfile" field instead'
        yield f"{path}metadata.annotations[{apparmor.ANNOTATION}{name}]: {text}"


def _of_amounts(container: Object, path: str) -> Iterator[str]:
    resources = container.get("resources") or {}
    for name in _BYTES:
        for field in ("limits", "requests"):
            yield from fractional(resources.get(field), (name,), f"{path}.resources.{field}")


def _of_environment(variables: list[Object], path: str) -> Iterator[str]:
    """A variable that hides an earlier one, unless it is made from it."""
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name", ""), variable.get("value") or ""
        reference = f"$({name})"
        is_made_from_it = variable.get("valueFrom") is None and reference in value and value != reference
        if name in seen and not is_made_from_it:
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _of_ports(spec: Object, path: str) -> Iterator[str]:
    ports = [
        (port, f"{where}.ports[{index}]")
        for container, where in _containers(spec, path)
        for index, port in enumerate(container.get("ports") or ())
    ]
    for at, (port, where) in enumerate(ports):
        if port.get("hostIP") and not port.get("hostPort"):
            yield f"{where}: hostIP set without hostPort: {_as_go_shows(port)}"
        for other, there in ports[:at]:
            how = _clash(port, other)
            if how:
                yield f"{where}: {how} port definition with {there}"
    names: dict[str, str] = {}
    for port, where in ports:
        name = port.get("name")
        if name in names:
            there = names[name]
            use = f"services and probes that select ports by name will use {there}"
            yield f'{where}: duplicate port name "{name}" with {there}, {use}'
        elif name:
            names[name] = where


def _clash(port: Object, other: Object) -> str:
    if [port.get(field) for field in ("containerPort", "protocol")] != [
        other.get(field) for field in ("containerPort", "protocol")
    ]:
        return ""
    ours, theirs = port.get("hostPort") or 0, other.get("hostPort") or 0
    our_ip, their_ip = port.get("hostIP") or "", other.get("hostIP") or ""
    if (ours, our_ip) == (theirs, their_ip):
        return "duplicate"
    if not ours or not theirs:
        return "overlapping"
    return "dangerously ambiguous" if ours == theirs and bool(our_ip) != bool(their_ip) else ""


def _as_go_shows(port: Object) -> str:
    values = (
        f"Name:{port.get('name') or ''}",
        f"HostPort:{port.get('hostPort') or 0}",
        f"ContainerPort:{port.get('containerPort') or 0}",
        f"Protocol:{port.get('protocol') or ''}",
        f"HostIP:{port.get('hostIP') or ''}",
    )
    return f"{{{' '.join(values)}}}"


def _of_affinities(affinity: Object, path: str) -> Iterator[str]:
    for kind in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(kind) or {}
        for index, term in enumerate(terms.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{kind}.{_REQUIRED}[{index}].{_NO_SELECTOR}"
        for index, weighted in enumerate(terms.get(_PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{path}.{kind}.{_PREFERRED}[{index}].podAffinityTerm.{_NO_SELECTOR}"
