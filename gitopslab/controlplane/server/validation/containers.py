"""Rules of containers: regular, init and ephemeral.

Called by ``podspec`` with the pod's volumes; calls ``environment``, ``probes``, ``resources`` and ``security``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gitopslab.controlplane.server.validation import (
    environment,
    formats,
    podclaims,
    probes,
    resources,
    restarts,
    security,
)
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_READ_ONLY_MODES = ("Disabled", "Enabled", "IfPossible")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_EPHEMERAL_FORBIDDEN = (
    "ports",
    "resources",
    *_PROBES,
    "lifecycle",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
)


@dataclass(slots=True)
class Surroundings:
    """What of the pod a container's rules need.

    Attributes:
        volumes: The pod's volumes that are valid, by name.
        grace: ``terminationGracePeriodSeconds``.
        restart_policy: The pod's.
        host_users: Whether its users are the node's.
        claims: The names of its claims of devices.
    """

    volumes: dict[str, Object] = field(default_factory=dict)
    grace: int | None = None
    restart_policy: str = "Always"
    host_users: bool = True
    claims: frozenset[str] = frozenset()


def check_containers(causes: Causes, containers: list[Object], around: Surroundings, path: str) -> None:
    """``containers``: there must be one, and names must differ."""
    if not containers:
        causes.required(path)
        return
    names: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        _check_common(causes, container, around, here)
        _check_unique(causes, container, names, here)
        if container.get("lifecycle") is not None:
            probes.check_lifecycle(causes, container["lifecycle"], f"{here}.lifecycle", around.grace)
        probes.check_probes(causes, container, here)
    _check_host_ports(causes, containers, path)


def check_init_containers(
    causes: Causes, containers: list[Object], regular: list[Object], around: Surroundings, path: str
) -> None:
    """``initContainers``: only those that keep running (sidecars) may have probes and hooks."""
    names = {container.get("name", "") for container in regular}
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        _check_common(causes, container, around, here)
        policy = container.get("restartPolicy")
        _check_unique(causes, container, names, here)
        _check_host_ports(causes, [container], path)
        if policy == "Always":
            if container.get("lifecycle") is not None:
                probes.check_lifecycle(causes, container["lifecycle"], f"{here}.lifecycle", around.grace)
            probes.check_probes(causes, container, here)
            continue
        for name in ("lifecycle", *_PROBES):
            if container.get(name) is not None:
                causes.forbidden(f"{here}.{name}", "may not be set for init containers without restartPolicy=Always")


def check_ephemeral_containers(causes: Causes, spec: Object, around: Surroundings, path: str) -> None:
    """``ephemeralContainers``: for debugging, so nothing a service would need."""
    others = {item.get("name", "") for name in ("containers", "initContainers") for item in spec.get(name) or ()}
    names = set(others)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        here = f"{path}[{index}]"
        _check_common(causes, container, around, here)
        check_image_text(causes, container, here)
        _check_unique(causes, container, names, here)
        target = container.get("targetContainerName")
        if target and target not in others:
            causes.not_found(f"{here}.targetContainerName", target)
        for name in _EPHEMERAL_FORBIDDEN:
            if container.get(name):
                causes.forbidden(f"{here}.{name}", "cannot be set for an Ephemeral Container")


def check_image_text(causes: Causes, container: Object, path: str) -> None:
    """In a Pod, not in a template, white space around an image is refused."""
    image = container.get("image") or ""
    if image != image.strip():
        causes.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")


def _check_unique(causes: Causes, container: Object, names: set[str], path: str) -> None:
    name = container.get("name", "")
    if name in names:
        causes.duplicate(f"{path}.name", name)
    elif name:
        names.add(name)


def _check_common(causes: Causes, container: Object, around: Surroundings, path: str) -> None:
    name = container.get("name") or ""
    if not name:
        causes.required(f"{path}.name")
    elif problems := formats.problems_of_label(name):
        causes.each(f"{path}.name", name, problems)
    if not container.get("image"):
        causes.required(f"{path}.image")
    policy = container.get("terminationMessagePolicy")
    if policy not in _MESSAGE_POLICIES:
        causes.unsupported(f"{path}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    if container.get("ports"):
        _check_ports(causes, container["ports"], f"{path}.ports")
    if container.get("env"):
        environment.check_variables(causes, container["env"], f"{path}.env")
    if container.get("envFrom"):
        environment.check_sources(causes, container["envFrom"], f"{path}.envFrom")
    if container.get("volumeMounts"):
        _check_mounts(causes, container, around, f"{path}.volumeMounts")
    if container.get("volumeDevices"):
        _check_devices(causes, container, around, f"{path}.volumeDevices")
    check_pull_policy(causes, container.get("imagePullPolicy"), f"{path}.imagePullPolicy")
    wanted = container.get("resources") or {}
    resources.check_requirements(causes, wanted, f"{path}.resources")
    podclaims.check_container_claims(causes, wanted.get("claims") or [], around.claims, f"{path}.resources.claims")
    if container.get("resizePolicy"):
        _check_resize(causes, container["resizePolicy"], around, f"{path}.resizePolicy")
    restarts.check_restarts(causes, container, path)
    if container.get("securityContext"):
        context = container["securityContext"]
        security.check_container(causes, context, f"{path}.securityContext", host_users=around.host_users)


def check_pull_policy(causes: Causes, policy: str | None, path: str) -> None:
    """When an image is pulled."""
    if not policy:
        causes.required(path)
    elif policy not in PULL_POLICIES:
        causes.unsupported(path, policy, PULL_POLICIES)


def _check_ports(causes: Causes, ports: list[Object], path: str) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        name = port.get("name")
        if name:
            problems = formats.problems_of_port_name(name)
            causes.each(f"{here}.name", name, problems)
            if not problems and name in names:
                causes.duplicate(f"{here}.name", name)
            names.add(name)
        number = port.get("containerPort")
        if not number:
            causes.required(f"{here}.containerPort")
        else:
            causes.each(f"{here}.containerPort", number, formats.problems_of_port(number))
        if port.get("hostPort"):
            causes.each(f"{here}.hostPort", port["hostPort"], formats.problems_of_port(port["hostPort"]))
        if port.get("protocol") not in PROTOCOLS:
            causes.unsupported(f"{here}.protocol", port.get("protocol"), PROTOCOLS)


def _check_host_ports(causes: Causes, containers: list[Object], path: str) -> None:
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for place, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            text = f"{port.get('protocol')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if text in taken:
                causes.duplicate(f"{path}[{index}].ports[{place}].hostPort", text)
            taken.add(text)


def _check_mounts(causes: Causes, container: Object, around: Surroundings, path: str) -> None:
    points: set[str] = set()
    devices = {device.get("name"): device.get("devicePath") for device in container.get("volumeDevices") or ()}
    for index, mount in enumerate(container["volumeMounts"]):
        here = f"{path}[{index}]"
        name, point = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            causes.required(f"{here}.name")
        if name not in around.volumes:
            causes.not_found(f"{here}.name", name)
        if not point:
            causes.required(f"{here}.mountPath")
        if point in points:
            causes.invalid(f"{here}.mountPath", point, "must be unique")
        points.add(point)
        if name in devices:
            causes.invalid(f"{here}.name", name, "must not already exist in volumeDevices")
        if point in devices.values():
            causes.invalid(f"{here}.mountPath", point, "must not already exist as a path in volumeDevices")
        _check_mount_options(causes, mount, container, path, here)


def _check_mount_options(causes: Causes, mount: Object, container: Object, path: str, here: str) -> None:
    # Upstream names these fields without the index of their mount.
    for name in ("subPath", "subPathExpr"):
        if mount.get(name):
            check_relative(causes, mount[name], f"{path}.{name}")
    if mount.get("subPath") and mount.get("subPathExpr"):
        causes.invalid(f"{here}.subPathExpr", mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive")
    propagation = mount.get("mountPropagation")
    if propagation is not None:
        if propagation not in _PROPAGATIONS:
            causes.unsupported(f"{path}.mountPropagation", propagation, _PROPAGATIONS)
        privileged = (container.get("securityContext") or {}).get("privileged")
        if propagation == "Bidirectional" and not privileged:
            text = "Bidirectional mount propagation is available only to privileged containers"
            causes.forbidden(f"{path}.mountPropagation", text)
    recursive = mount.get("recursiveReadOnly")
    if recursive is not None and recursive not in _READ_ONLY_MODES:
        causes.unsupported(f"{path}.recursiveReadOnly", recursive, _READ_ONLY_MODES)
    elif recursive in ("Enabled", "IfPossible") and not mount.get("readOnly"):
        causes.forbidden(f"{path}.recursiveReadOnly", "may only be specified when readOnly is true")


def check_relative(causes: Causes, path: str, field_path: str) -> None:
    """A path below a volume."""
    if path.startswith("/"):
        causes.invalid(field_path, path, "must be a relative path")
    causes.each(field_path, path, formats.problems_of_steps_back(path))


def _check_devices(causes: Causes, container: Object, around: Surroundings, path: str) -> None:
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(container["volumeDevices"]):
        here = f"{path}[{index}]"
        name, device_path = device.get("name") or "", device.get("devicePath") or ""
        volume = around.volumes.get(name)
        if not name:
            causes.required(f"{here}.name")
        if name in names:
            causes.invalid(f"{here}.name", name, "must be unique")
        if volume is None:
            causes.not_found(f"{here}.name", name)
        elif "persistentVolumeClaim" not in volume and "ephemeral" not in volume:
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            causes.invalid(f"{here}.name", name, text)
        if not device_path:
            causes.required(f"{here}.devicePath")
        if device_path in paths:
            causes.invalid(f"{here}.devicePath", device_path, "must be unique")
        if formats.problems_of_steps_back(device_path):
            causes.invalid(f"{here}.devicePath", device_path, "can not contain backsteps ('..')")
        names.add(name)
        paths.add(device_path)


def _check_resize(causes: Causes, policies: list[Object], around: Surroundings, path: str) -> None:
    seen: set[str] = set()
    for index, policy in enumerate(policies):
        name, restart = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if name in seen:
            causes.duplicate(f"{path}[{index}]", name)
        seen.add(name)
        for value, known in ((name, ("cpu", "memory")), (restart, ("NotRequired", "RestartContainer"))):
            if not value:
                causes.required(path)
            elif value not in known:
                causes.unsupported(path, value, known)
        if around.restart_policy == "Never" and restart != "NotRequired":
            causes.invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")
