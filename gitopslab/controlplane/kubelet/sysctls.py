"""Which kernel parameters a pod may set: those that its own namespaces have, and that harm nobody else.

``admission`` asks before a pod runs. Upstream: ``pkg/kubelet/sysctl``; its operator can allow more (``--allowed-unsafe-
sysctls``), here nobody can.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object

_SAFE = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_SLASHES = str.maketrans("./", "/.")
_NAMESPACES = (("kernel.", "hostIPC", "IPC"), ("net.", "hostNetwork", "Net"))


def forbidden(spec: Object) -> str:
    """Why a pod may not set what it wants to set; empty when it may."""
    for sysctl in (spec.get("securityContext") or {}).get("sysctls") or ():
        name = _normal(sysctl["name"])
        if name not in _SAFE:
            return f'forbidden sysctl: "{name}" not allowlisted'
        for prefix, field, namespace in _NAMESPACES:
            if name.startswith(prefix) and spec.get(field):
                return f'forbidden sysctl: "{name}" not allowed with host {namespace} enabled'
    return ""


def _normal(name: str) -> str:
    """Dots between the parts; a name may be written with slashes between them, and dots in them."""
    first = next((sign for sign in name if sign in "./"), ".")
    return name.translate(_SLASHES) if first == "/" else name
