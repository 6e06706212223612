"""The levels: which rules hold a pod to each, as of Kubernetes 1.36, in the order they are told.

Upstream: ``pod-security-admission/policy``, a file a rule.
"""

from __future__ import annotations

from collections.abc import Callable

from gitopslab.controlplane.server.admission.podsecurity import baseline, restricted
from gitopslab.controlplane.server.admission.podsecurity.baseline import Violation
from gitopslab.controlplane.server.admission.podsecurity.levels import Level
from gitopslab.machinery.objects import Object

Check = Callable[[Object, Object], Violation | None]

_BASELINE: tuple[Check, ...] = (
    baseline.apparmor,
    baseline.capabilities,
    baseline.host_namespaces,
    baseline.host_paths,
    baseline.host_ports,
    baseline.hosts_of_probes,
    baseline.privileged,
    baseline.proc_mount_baseline,
    baseline.selinux,
    baseline.seccomp,
    baseline.sysctls,
    baseline.host_process,
)
_REPLACED = (baseline.capabilities, baseline.host_paths, baseline.proc_mount_baseline, baseline.seccomp)
"""Rules of ``baseline`` that ``restricted`` has a stricter one for."""

_CHECKS: dict[str, tuple[Check, ...]] = {
    "privileged": (),
    "baseline": _BASELINE,
    "restricted": (
        *(check for check in _BASELINE if check not in _REPLACED),
        restricted.escalation,
        restricted.capabilities_dropped,
        baseline.proc_mount,
        restricted.volume_types,
        restricted.non_root,
        restricted.user,
        restricted.seccomp_required,
    ),
}


def violations(level: Level, metadata: Object, spec: Object) -> list[Violation]:
    """What of a pod goes beyond a level."""
    found = [check(metadata, spec) for check in _CHECKS[level.name]]
    return [one for one in found if one is not None]
