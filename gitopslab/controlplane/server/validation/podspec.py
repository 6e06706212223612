"""Rules of a pod's spec, in a Pod or in a template.

Called by ``pods`` and by everything that holds a template; calls ``containers``, ``volumes``, ``scheduling`` and
``security``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import (
    containers,
    environment,
    formats,
    operatingsystem,
    podannotations,
    podclaims,
    resources,
    scheduling,
    security,
    volumes,
)
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_annotations, check_labels
from gitopslab.controlplane.server.validation.numbers import MAX_INT32
from gitopslab.machinery.objects import Object

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_LONGEST_HOST_NAME = 64  # characters
_PREEMPTION = ("PreemptLowerPriority", "Never")
_NAMES = (
    ("hostname", formats.problems_of_label),
    ("subdomain", formats.problems_of_label),
)
_REFERENCES = ("priorityClassName", "runtimeClassName")


def check_template(causes: Causes, template: Object, path: str) -> None:
    """A ``PodTemplateSpec``. Its labels are named without ``metadata``, as upstream names them."""
    metadata = template.get("metadata") or {}
    check_labels(causes, metadata.get("labels"), f"{path}.labels")
    check_annotations(causes, metadata.get("annotations"), f"{path}.annotations")
    spec, annotations = template.get("spec") or {}, metadata.get("annotations") or {}
    podannotations.check_annotations(causes, annotations, spec, f"{path}.annotations")
    check_spec(causes, spec, f"{path}.spec", is_pod=False)
    podannotations.check_agreement(causes, annotations, spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        causes.forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template")


def check_spec(causes: Causes, spec: Object, path: str, *, is_pod: bool) -> None:
    """A ``PodSpec``, in the order in which upstream looks at it."""
    around = containers.Surroundings(
        grace=spec.get("terminationGracePeriodSeconds"),
        restart_policy=spec.get("restartPolicy", "Always"),
        host_users=spec.get("hostUsers") is not False,
    )
    if around.grace is None:
        causes.required(f"{path}.terminationGracePeriodSeconds")
    around.volumes = volumes.check_volumes(causes, spec.get("volumes") or [], f"{path}.volumes", is_pod=is_pod)
    around.claims = podclaims.check_pod_claims(causes, spec.get("resourceClaims") or [], f"{path}.resourceClaims")
    regular = spec.get("containers") or []
    containers.check_containers(causes, regular, around, f"{path}.containers")
    if spec.get("initContainers"):
        here = f"{path}.initContainers"
        containers.check_init_containers(causes, spec["initContainers"], regular, around, here)
    if spec.get("ephemeralContainers"):
        containers.check_ephemeral_containers(causes, spec, around, f"{path}.ephemeralContainers")
    if spec.get("resources") is not None:
        resources.check_whole(causes, spec, f"{path}.resources")
    if spec.get("hostNetwork"):
        _check_host_network(causes, regular, f"{path}.containers", is_pod=is_pod)
    _check_policies(causes, spec, path)
    check_labels(causes, spec.get("nodeSelector"), f"{path}.nodeSelector")
    security.check_pod(causes, spec, f"{path}.securityContext")
    _check_scheduling(causes, spec, path)
    operatingsystem.check_host_process(causes, spec, path)
    _check_names(causes, spec, path)
    _check_host_users(causes, spec, path)
    _check_host_name(causes, spec, path)
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            environment.check_files(causes, container, spec.get("volumes") or [], f"{path}.{field}[{index}].env")


def _check_policies(causes: Causes, spec: Object, path: str) -> None:
    if spec.get("restartPolicy") not in RESTART_POLICIES:
        causes.unsupported(f"{path}.restartPolicy", spec.get("restartPolicy", ""), RESTART_POLICIES)
    if spec.get("dnsPolicy") not in _DNS_POLICIES:
        causes.unsupported(f"{path}.dnsPolicy", spec.get("dnsPolicy", ""), _DNS_POLICIES)


def _check_scheduling(causes: Causes, spec: Object, path: str) -> None:
    if spec.get("affinity"):
        scheduling.check_affinity(causes, spec["affinity"], f"{path}.affinity")
    if spec.get("dnsConfig") is not None or spec.get("dnsPolicy") == "None":
        _check_dns(causes, spec, f"{path}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        name = gate.get("conditionType") or ""
        problems = formats.problems_of_qualified_name(name)
        causes.each(f"{path}.readinessGates[{index}].conditionType", name, problems)
    if spec.get("schedulingGates"):
        scheduling.check_gates(causes, spec["schedulingGates"], f"{path}.schedulingGates")
    if spec.get("topologySpreadConstraints"):
        scheduling.check_spread(causes, spec["topologySpreadConstraints"], f"{path}.topologySpreadConstraints")


def _check_names(causes: Causes, spec: Object, path: str) -> None:
    if name := spec.get("serviceAccountName"):
        causes.each(f"{path}.serviceAccountName", name, formats.problems_of_subdomain(name))
    if name := spec.get("nodeName"):
        causes.each(f"{path}.nodeName", name, formats.problems_of_subdomain(name))
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= MAX_INT32:
        causes.invalid(f"{path}.activeDeadlineSeconds", deadline, formats.in_range(1, MAX_INT32))
    for field, problems_of in _NAMES:
        if name := spec.get(field):
            causes.each(f"{path}.{field}", name, problems_of(name))
    if spec.get("tolerations"):
        scheduling.check_tolerations(causes, spec["tolerations"], f"{path}.tolerations")
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        _check_alias(causes, alias, f"{path}.hostAliases[{index}]")
    for field in _REFERENCES:
        if name := spec.get(field):
            causes.each(f"{path}.{field}", name, formats.problems_of_subdomain(name))
    if spec.get("preemptionPolicy") is not None and spec["preemptionPolicy"] not in _PREEMPTION:
        causes.unsupported(f"{path}.preemptionPolicy", spec["preemptionPolicy"], _PREEMPTION)
    if spec.get("overhead"):
        resources.check_requirements(causes, {"limits": spec["overhead"]}, f"{path}.overhead")
    operatingsystem.check_system(causes, spec, path)


def _check_host_users(causes: Causes, spec: Object, path: str) -> None:
    """A pod with users of its own shares no other namespace with its node."""
    if spec.get("hostUsers") is False:
        for field, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
            if spec.get(field):
                causes.forbidden(f"{path}.{shown}", "when `hostUsers` is false")


def _check_host_name(causes: Causes, spec: Object, path: str) -> None:
    """A name of its own goes with no other way of naming the host."""
    name = spec.get("hostnameOverride")
    if name is None:
        return
    for field in ("setHostnameAsFQDN", "hostNetwork"):
        if spec.get(field):
            causes.forbidden(f"{path}.hostnameOverride", f"may not be specified when {field} is true")
    if len(name) > _LONGEST_HOST_NAME:
        causes.too_long(f"{path}.hostnameOverride", _LONGEST_HOST_NAME)
    causes.each(f"{path}.hostnameOverride", name, formats.problems_of_subdomain(name))


def _check_host_network(causes: Causes, regular: list[Object], path: str, *, is_pod: bool) -> None:
    """On the host's network a container's port is the host's port."""
    for index, container in enumerate(regular):
        for place, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort") or 0
            if (is_pod or host) and host != port.get("containerPort"):
                text = "must match `containerPort` when `hostNetwork` is true"
                causes.invalid(f"{path}[{index}].ports[{place}].hostPort", host, text)


def _check_alias(causes: Causes, alias: Object, path: str) -> None:
    causes.each(f"{path}.ip", alias.get("ip") or "", formats.problems_of_ip(alias.get("ip") or ""))
    for index, name in enumerate(alias.get("hostnames") or ()):
        causes.each(f"{path}.hostnames[{index}]", name, formats.problems_of_subdomain(name))


def _check_dns(causes: Causes, spec: Object, path: str) -> None:
    config = spec.get("dnsConfig")
    servers = (config or {}).get("nameservers") or []
    if spec.get("dnsPolicy") == "None":
        if config is None:
            causes.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
            return
        if not servers:
            text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            causes.required(f"{path}.nameservers", text)
            return
    if len(servers) > 3:
        causes.invalid(f"{path}.nameservers", servers, "must not have more than 3 nameservers")
    for index, server in enumerate(servers):
        causes.each(f"{path}.nameservers[{index}]", server, formats.problems_of_ip(server))
    searches = (config or {}).get("searches") or []
    if len(searches) > 32:
        causes.invalid(f"{path}.searches", searches, "must not have more than 32 search paths")
    if len(" ".join(searches)) > 2048:
        text = "must not have more than 2048 characters (including spaces) in the search list"
        causes.invalid(f"{path}.searches", searches, text)
    for index, search in enumerate(searches):
        if search != ".":
            bare = search.removesuffix(".")
            causes.each(f"{path}.searches[{index}]", bare, formats.problems_of_search_path(bare))
    for index, option in enumerate((config or {}).get("options") or ()):
        if not option.get("name"):
            causes.required(f"{path}.options[{index}]", "must not be empty")
