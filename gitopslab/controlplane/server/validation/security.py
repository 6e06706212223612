"""Rules of security contexts, of pods and of containers.

Simplified: host processes of Windows, SELinux labels and profiles given in old annotations are not checked here; the
real server does.
"""

from __future__ import annotations

import re

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.gostruct import printed
from gitopslab.controlplane.server.validation.numbers import MAX_INT32, check_identity
from gitopslab.controlplane.server.validation.operatingsystem import check_windows_options
from gitopslab.machinery.objects import Object

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL_TEXT = r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = re.compile(_SYSCTL_TEXT)
_CHANGE_POLICIES = ("Always", "OnRootMismatch")
_GROUP_POLICIES = ("Merge", "Strict")
_PROC_MOUNTS = ("Default", "Unmasked")


def check_pod(causes: Causes, spec: Object, path: str) -> None:
    """``spec.securityContext``."""
    context = spec.get("securityContext") or {}
    check_identity(causes, context, path, "fsGroup", "runAsUser", "runAsGroup")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        if not 0 <= group <= MAX_INT32:
            causes.invalid(f"{path}.supplementalGroups[{index}]", group, formats.in_range(0, MAX_INT32))
    if spec.get("hostPID") and spec.get("shareProcessNamespace"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        causes.invalid(f"{path}.shareProcessNamespace", True, text)
    _check_sysctls(causes, context.get("sysctls") or [], f"{path}.sysctls")
    check_windows_options(causes, context.get("windowsOptions"), f"{path}.windowsOptions")
    _check_choice(causes, context, "fsGroupChangePolicy", _CHANGE_POLICIES, path)
    _check_seccomp(causes, context.get("seccompProfile"), f"{path}.seccompProfile")
    _check_app_armor(causes, context.get("appArmorProfile"), f"{path}.appArmorProfile")
    _check_choice(causes, context, "seLinuxChangePolicy", ("Recursive",), path)  # MountOption is behind a feature gate
    _check_choice(causes, context, "supplementalGroupsPolicy", _GROUP_POLICIES, path)


def check_container(causes: Causes, context: Object, path: str, *, host_users: bool) -> None:
    """``securityContext`` of a container."""
    check_identity(causes, context, path, "runAsUser", "runAsGroup")
    _check_choice(causes, context, "procMount", _PROC_MOUNTS, path)
    if host_users and context.get("procMount") == "Unmasked":
        causes.invalid(f"{path}.procMount", "Unmasked", "`hostUsers` must be false to use `Unmasked`")
    _check_seccomp(causes, context.get("seccompProfile"), f"{path}.seccompProfile")
    if context.get("allowPrivilegeEscalation") is False:
        whole = printed("SecurityContext", context)
        if context.get("privileged"):
            causes.invalid(path, whole, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            causes.invalid(path, whole, text)
    check_windows_options(causes, context.get("windowsOptions"), f"{path}.windowsOptions")
    _check_app_armor(causes, context.get("appArmorProfile"), f"{path}.appArmorProfile")


def _check_choice(causes: Causes, context: Object, field: str, choices: tuple[str, ...], path: str) -> None:
    value = context.get(field)
    if value is not None and value not in choices:
        causes.unsupported(f"{path}.{field}", value, choices)


def _check_seccomp(causes: Causes, profile: Object | None, path: str) -> None:
    if profile is None:
        return
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    if not kind:
        causes.required(f"{path}.type", "type is required when seccompProfile is set")
    elif kind not in _PROFILES:
        causes.unsupported(f"{path}.type", kind, _PROFILES)
    if kind == "Localhost" and local is None:
        causes.required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost")
    elif kind == "Localhost" and local is not None:
        if local.startswith("/"):
            causes.invalid(f"{path}.localhostProfile", local, "must be a relative path")
        causes.each(f"{path}.localhostProfile", local, formats.problems_of_steps_back(local))
    elif local is not None:
        causes.invalid(f"{path}.localhostProfile", profile, "can only be set when seccomp type is Localhost")


def _check_app_armor(causes: Causes, profile: Object | None, path: str) -> None:
    if profile is None:
        return
    kind, local = profile.get("type") or "", profile.get("localhostProfile")
    if not kind:
        causes.required(f"{path}.type", "type is required when appArmorProfile is set")
    elif kind not in _PROFILES:
        causes.unsupported(f"{path}.type", kind, _PROFILES)
    elif kind == "Localhost":
        if not (local or "").strip():
            causes.required(f"{path}.localhostProfile", "must be set when AppArmor type is Localhost")
        elif local != (local or "").strip():
            causes.invalid(f"{path}.localhostProfile", local, "must not be padded with whitespace")
    elif local is not None:
        causes.invalid(f"{path}.localhostProfile", local, "can only be set when AppArmor type is Localhost")


def _check_sysctls(causes: Causes, sysctls: list[Object], path: str) -> None:
    names: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name = sysctl.get("name") or ""
        if not name:
            causes.required(f"{path}[{index}].name")
        elif len(name) > 253 or not _SYSCTL.fullmatch(name):
            text = f"must have at most 253 characters and match regex ^{_SYSCTL_TEXT}$"
            causes.invalid(f"{path}[{index}].name", name, text)
        elif name in names:
            causes.duplicate(f"{path}[{index}].name", name)
        names.add(name)
