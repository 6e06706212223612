"""The rules of the level ``baseline``: no known ways to more rights."""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.admission.podsecurity.contexts import (
    added_capabilities,
    containers,
    contexts,
    has_own_users,
    must_not_add,
    named,
    own_contexts,
    plural,
    probed_hosts,
    quoted,
    seccomp_types,
    setters,
)
from gitopslab.machinery.objects import Object

Violation = tuple[str, str]
"""The reason and, for the author of the pod, the detail."""

_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
SYSCTLS = {
    0: (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
    ),
    27: ("net.ipv4.ip_local_reserved_ports",),
    29: (
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ),
    32: ("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
"""Kernel settings that are safe, by the minor version since which they are."""

_SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t")
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_SAFE_PROFILES = ("RuntimeDefault", "Localhost")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"


def apparmor(metadata: Object, spec: Object) -> Violation | None:
    """AppArmor profiles other than the runtime's own and local ones."""
    bad = {
        who: profile["type"]
        for who, context in contexts(spec)
        if (profile := context.get("appArmorProfile")) and profile.get("type") not in _SAFE_PROFILES
    }
    notes = sorted(
        f'{key}="{value}"'
        for key, value in (metadata.get("annotations") or {}).items()
        if key.startswith(_APPARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    if not bad and not notes:
        return None
    who = setters(bad) + ([plural("annotation", notes)] if notes else [])
    values = [*sorted(set(bad.values())), *notes]
    detail = f"{' and '.join(who)} must not set AppArmor profile type to {quoted(values)}"
    return plural("forbidden AppArmor profile", values), detail


def capabilities(metadata: Object, spec: Object) -> Violation | None:
    """Capabilities beyond the usual ones of a container."""
    added = added_capabilities(spec, _CAPABILITIES)
    if not added:
        return None
    return "non-default capabilities", must_not_add(added)


def host_namespaces(metadata: Object, spec: Object) -> Violation | None:
    """The network, processes or IPC of the node."""
    shared = [f"{field}=true" for field in ("hostNetwork", "hostPID", "hostIPC") if spec.get(field)]
    return ("host namespaces", ", ".join(shared)) if shared else None


def host_paths(metadata: Object, spec: Object) -> Violation | None:
    """Folders of the node."""
    names = [volume["name"] for volume in spec.get("volumes") or () if volume.get("hostPath") is not None]
    return ("hostPath volumes", f"{plural('volume', names)} {quoted(names)}") if names else None


def host_ports(metadata: Object, spec: Object) -> Violation | None:
    """Ports of the node."""
    used = {
        one["name"]: ports
        for one in containers(spec)
        if (ports := [str(port["hostPort"]) for port in one.get("ports") or () if port.get("hostPort")])
    }
    if not used:
        return None
    ports = sorted({port for each in used.values() for port in each})
    use = "uses" if len(used) == 1 else "use"
    return "hostPort", f"{named(used)} {use} {plural('hostPort', ports)} {', '.join(ports)}"


def hosts_of_probes(metadata: Object, spec: Object) -> Violation | None:
    """Probes and hooks that reach for another host."""
    used = {one["name"]: hosts for one in containers(spec) if (hosts := probed_hosts(one))}
    if not used:
        return None
    hosts = sorted({host for each in used.values() for host in each})
    use = "uses" if len(used) == 1 else "use"
    return (
        "probe or lifecycle host",
        f"{named(sorted(used))} {use} {plural('probe or lifecycle host', hosts)} {quoted(hosts)}",
    )


def privileged(metadata: Object, spec: Object) -> Violation | None:
    """Privileged containers."""
    names = [name for name, context in own_contexts(spec) if context.get("privileged")]
    return ("privileged", f"{named(names)} must not set securityContext.privileged=true") if names else None


def proc_mount(metadata: Object, spec: Object) -> Violation | None:
    """A ``/proc`` that is not masked."""
    used = {name: kind for name, one in own_contexts(spec) if (kind := one.get("procMount", "Default")) != "Default"}
    if not used:
        return None
    detail = f"{named(used)} must not set securityContext.procMount to {quoted(sorted(set(used.values())))}"
    return "procMount", detail


def proc_mount_baseline(metadata: Object, spec: Object) -> Violation | None:
    """A ``/proc`` that is not masked, unless the pod has users of its own."""
    return None if has_own_users(spec) else proc_mount(metadata, spec)


def selinux(metadata: Object, spec: Object) -> Violation | None:
    """SELinux types other than a container's, and users and roles."""
    return _selinux(spec, (*_SELINUX_TYPES, "container_engine_t"))


def selinux_before_engines(metadata: Object, spec: Object) -> Violation | None:
    """The same, when the type of container engines was none of a container."""
    return _selinux(spec, _SELINUX_TYPES)


def _selinux(spec: Object, types: tuple[str, ...]) -> Violation | None:
    chosen = {who: one["seLinuxOptions"] for who, one in contexts(spec) if one.get("seLinuxOptions")}
    bad = {
        who: one
        for who, one in chosen.items()
        if one.get("type", "") not in types or one.get("user") or one.get("role")
    }
    if not bad:
        return None
    odd = sorted({one["type"] for one in bad.values() if one.get("type", "") not in types})
    told = [f"{plural('type', odd)} {quoted(odd)}"] if odd else []
    told += [f"{field} may not be set" for field in ("user", "role") if any(one.get(field) for one in bad.values())]
    who = " and ".join(setters(bad))
    return "seLinuxOptions", f"{who} set forbidden securityContext.seLinuxOptions: {'; '.join(told)}"


def seccomp(metadata: Object, spec: Object) -> Violation | None:
    """Seccomp profiles other than the runtime's own and local ones."""
    bad = {who: kind for who, kind in seccomp_types(spec).items() if kind not in _SAFE_PROFILES}
    if not bad:
        return None
    values = quoted(sorted(set(bad.values())))
    detail = f"{' and '.join(setters(bad))} must not set securityContext.seccompProfile.type to {values}"
    return "seccompProfile", detail


def seccomp_annotations(metadata: Object, spec: Object) -> Violation | None:
    """The same, when profiles were still told in annotations."""
    notes = metadata.get("annotations") or {}
    keys = [_SECCOMP_POD, *(f"{_SECCOMP_CONTAINER}{one['name']}" for one in containers(spec))]
    bad = sorted(
        f'{key}="{notes[key]}"'
        for key in keys
        if key in notes
        and notes[key] not in ("runtime/default", "docker/default")
        and not notes[key].startswith("localhost/")
    )
    return ("seccompProfile", f"forbidden {plural('annotation', bad)} {', '.join(bad)}") if bad else None


def sysctls_of(minor: int) -> Callable[[Object, Object], Violation | None]:
    """The rule about kernel settings that are not known to be safe in a minor version."""
    safe = {name for since, names in SYSCTLS.items() if since <= minor for name in names}

    def sysctls(metadata: Object, spec: Object) -> Violation | None:
        chosen = (spec.get("securityContext") or {}).get("sysctls") or ()
        names = [one["name"] for one in chosen if one["name"] not in safe]
        return ("forbidden sysctls", ", ".join(names)) if names else None

    return sysctls


def host_process(metadata: Object, spec: Object) -> Violation | None:
    """Processes of a Windows host."""
    bad = {who: True for who, one in contexts(spec) if (one.get("windowsOptions") or {}).get("hostProcess")}
    if not bad:
        return None
    return "hostProcess", f"{' and '.join(setters(bad))} must not set securityContext.windowsOptions.hostProcess=true"
