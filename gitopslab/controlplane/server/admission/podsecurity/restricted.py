"""The rules that the level ``restricted`` has beyond ``baseline``: pods harden themselves."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.podsecurity.baseline import Violation, seccomp
from gitopslab.controlplane.server.admission.podsecurity.contexts import (
    added_capabilities,
    containers,
    contexts,
    has_own_users,
    is_windows,
    must_not_add,
    named,
    own_contexts,
    plural,
    quoted,
    seccomp_types,
    setters,
)
from gitopslab.machinery.objects import Object

_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"} | {
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def escalation(metadata: Object, spec: Object) -> Violation | None:
    """Processes that may gain more rights than their parent; on Windows there is no such setting."""
    return None if is_windows(spec) else escalation_anywhere(metadata, spec)


def escalation_anywhere(metadata: Object, spec: Object) -> Violation | None:
    """The same, whatever the system."""
    names = [name for name, one in own_contexts(spec) if one.get("allowPrivilegeEscalation") is not False]
    if not names:
        return None
    detail = f"{named(names)} must set securityContext.allowPrivilegeEscalation=false"
    return "allowPrivilegeEscalation != false", detail


def capabilities_dropped(metadata: Object, spec: Object) -> Violation | None:
    """Capabilities that are kept, and others than for low ports that are added; Windows has none."""
    return None if is_windows(spec) else capabilities_dropped_anywhere(metadata, spec)


def capabilities_dropped_anywhere(metadata: Object, spec: Object) -> Violation | None:
    """The same, whatever the system."""
    keeping = [
        name
        for name, context in own_contexts(spec)
        if "ALL" not in ((context.get("capabilities") or {}).get("drop") or ())
    ]
    told = [f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    added = added_capabilities(spec, frozenset({"NET_BIND_SERVICE"}))
    told += [must_not_add(added)] if added else []
    return ("unrestricted capabilities", "; ".join(told)) if told else None


def volume_types(metadata: Object, spec: Object) -> Violation | None:
    """Volumes that are not the cluster's own."""
    bad = {
        volume["name"]: next((source for source in volume if source != "name"), "unknown")
        for volume in spec.get("volumes") or ()
        if not _VOLUMES & volume.keys()
    }
    if not bad:
        return None
    types, use = sorted(set(bad.values())), "uses" if len(bad) == 1 else "use"
    names = f"{plural('volume', bad)} {quoted(bad)}"
    return "restricted volume types", f"{names} {use} {plural('restricted volume type', types)} {quoted(types)}"


def non_root(metadata: Object, spec: Object) -> Violation | None:
    """Containers that may run as root, which a pod with users of its own may."""
    return None if has_own_users(spec) else non_root_of_any(metadata, spec)


def non_root_of_any(metadata: Object, spec: Object) -> Violation | None:
    """The same, whosever users they are."""
    said = {who: one["runAsNonRoot"] for who, one in contexts(spec) if one.get("runAsNonRoot") is not None}
    bad = {who: said for who, value in said.items() if not value}
    if bad:
        return "runAsNonRoot != true", f"{' and '.join(setters(bad))} must not set securityContext.runAsNonRoot=false"
    silent = [] if "" in said else [one["name"] for one in containers(spec) if one["name"] not in said]
    if not silent:
        return None
    return "runAsNonRoot != true", f"pod or {named(silent)} must set securityContext.runAsNonRoot=true"


def user(metadata: Object, spec: Object) -> Violation | None:
    """Containers that do run as root, which a pod with users of its own may."""
    return None if has_own_users(spec) else user_of_any(metadata, spec)


def user_of_any(metadata: Object, spec: Object) -> Violation | None:
    """The same, whosever users they are."""
    bad = {who: 0 for who, one in contexts(spec) if one.get("runAsUser") == 0}
    if not bad:
        return None
    return "runAsUser=0", f"{' and '.join(setters(bad))} must not set runAsUser=0"


def seccomp_required(metadata: Object, spec: Object) -> Violation | None:
    """Containers without a seccomp profile; Windows has none."""
    return None if is_windows(spec) else seccomp_required_anywhere(metadata, spec)


def seccomp_required_anywhere(metadata: Object, spec: Object) -> Violation | None:
    """The same, whatever the system."""
    if (broken := seccomp(metadata, spec)) is not None:
        return broken
    said = seccomp_types(spec)
    silent = [] if "" in said else [one["name"] for one in containers(spec) if one["name"] not in said]
    if not silent:
        return None
    detail = f'pod or {named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return "seccompProfile", detail
