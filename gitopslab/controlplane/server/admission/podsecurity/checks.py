"""The levels: which rules hold a pod to each, as of every version of Kubernetes, in the order they are told.

Upstream: ``pod-security-admission/policy``, a file a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from gitopslab.controlplane.server.admission.podsecurity import baseline, restricted
from gitopslab.controlplane.server.admission.podsecurity.baseline import Violation
from gitopslab.controlplane.server.admission.podsecurity.levels import Level
from gitopslab.machinery.objects import Object

Check = Callable[[Object, Object], Violation | None]
Rule = tuple[tuple[int, Check], ...]
"""What a rule looks at since which minor version, from old to new."""

_CAPABILITIES: Rule = ((0, baseline.capabilities),)
_HOST_PATHS: Rule = ((0, baseline.host_paths),)
_PROC_MOUNT: Rule = ((0, baseline.proc_mount), (35, baseline.proc_mount_baseline))
_SECCOMP: Rule = ((0, baseline.seccomp_annotations), (19, baseline.seccomp))
_BASELINE: tuple[Rule, ...] = (
    ((0, baseline.apparmor),),
    _CAPABILITIES,
    ((0, baseline.host_namespaces),),
    _HOST_PATHS,
    ((0, baseline.host_ports),),
    ((34, baseline.hosts_of_probes),),
    ((0, baseline.privileged),),
    _PROC_MOUNT,
    ((0, baseline.selinux_before_engines), (31, baseline.selinux)),
    _SECCOMP,
    tuple((since, baseline.sysctls_of(since)) for since in baseline.SYSCTLS),
    ((0, baseline.host_process),),
)
_RESTRICTED: tuple[tuple[Rule, Rule | None], ...] = (
    (((8, restricted.escalation_anywhere), (25, restricted.escalation)), None),
    (((22, restricted.capabilities_dropped_anywhere), (25, restricted.capabilities_dropped)), _CAPABILITIES),
    (((35, baseline.proc_mount),), _PROC_MOUNT),
    (((0, restricted.volume_types),), _HOST_PATHS),
    (((0, restricted.non_root_of_any), (35, restricted.non_root)), None),
    (((23, restricted.user_of_any), (35, restricted.user)), None),
    (((19, restricted.seccomp_required_anywhere), (25, restricted.seccomp_required)), _SECCOMP),
)
"""With the rule of ``baseline`` that each takes the place of."""


def violations(level: Level, metadata: Object, spec: Object) -> list[Violation]:
    """What of a pod goes beyond a level."""
    found = [check(metadata, spec) for check in _checks(level)]
    return [one for one in found if one is not None]


@cache
def _checks(level: Level) -> tuple[Check, ...]:
    if level.name == "privileged":
        return ()
    stricter = _RESTRICTED if level.name == "restricted" else ()
    replaced = [lax for rule, lax in stricter if _as_of(rule, level)]
    kept = [rule for rule in _BASELINE if rule not in replaced]
    return tuple(check for rule in (*kept, *(rule for rule, _ in stricter)) for check in _as_of(rule, level))


def _as_of(rule: Rule, level: Level) -> tuple[Check, ...]:
    """What a rule looks at in a version; nothing before there was such a rule."""
    return tuple(check for since, check in rule if since <= level.minor)[-1:]
