"""Rules of a pod's operating system: what only Linux or only Windows has, and the options of Windows itself.

Called by ``podspec`` for the pod and by ``security`` for each security context.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_SYSTEMS = ("linux", "windows")
_NOT_ON_WINDOWS = "cannot be set for a windows pod"
_NOT_ON_LINUX = "windows options cannot be set for a linux pod"
_OF_POD = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
    "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
)  # fmt: skip
_OF_NODE = ("hostUsers", "shareProcessNamespace")
_NAMESPACES = ("hostPID", "hostIPC")
_OF_CONTAINER = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip
_LONGEST_SPEC = 64  # KiB
_LONGEST_DOMAIN, _LONGEST_USER = 256, 104  # characters
_NET_BIOS = re.compile(r'[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ODD = re.compile(r'["/\\:;|=,+*?<>@\[\]]')
_BLANK = re.compile(r"[. ]+")


def check_system(causes: Causes, spec: Object, path: str) -> None:
    """``spec.os``, and what the system that it names cannot do."""
    if spec.get("os") is None:
        return
    system = spec["os"].get("name") or ""
    if not system:
        causes.required(f"{path}.os.name")
    elif system not in _SYSTEMS:
        causes.unsupported(f"{path}.os", system, _SYSTEMS)
    elif system == "windows":
        _check_windows(causes, spec, path)
    else:
        for context, here, _ in _contexts(spec, path):
            if context.get("windowsOptions") is not None:
                causes.forbidden(f"{here}.windowsOptions", _NOT_ON_LINUX)


def check_windows_options(causes: Causes, options: Object | None, path: str) -> None:
    """``windowsOptions`` of a security context."""
    if options is None:
        return
    if (name := options.get("gmsaCredentialSpecName")) is not None:
        causes.each(f"{path}.gmsaCredentialSpecName", name, formats.problems_of_subdomain(name))
    if (text := options.get("gmsaCredentialSpec")) is not None:
        if not text:
            causes.invalid(f"{path}.gmsaCredentialSpec", text, "gmsaCredentialSpec cannot be an empty string")
        elif len(text.encode()) > _LONGEST_SPEC * 1024:
            causes.invalid(
                f"{path}.gmsaCredentialSpec", text, f"gmsaCredentialSpec size must be under {_LONGEST_SPEC} KiB"
            )
    if (user := options.get("runAsUserName")) is not None:
        causes.each(f"{path}.runAsUserName", user, _problems_of_user(user))


def check_host_process(causes: Causes, spec: Object, path: str) -> None:
    """Containers of Windows that are processes of the node are so all together, and use its network."""
    of_pod = _host_process(spec)
    found = []
    for container, here in _containers(spec, path):
        own = _host_process(container)
        if of_pod is not None and own is not None and own != of_pod:
            text = f"pod hostProcess value must be identical if both are specified, was {'true' if of_pod else 'false'}"
            causes.invalid(f"{here}.securityContext.windowsOptions.hostProcess", own, text)
        found.append(bool(of_pod if own is None else own))
    if not any(found):
        return
    if not all(found):
        text = "If pod contains any hostProcess containers then all containers must be HostProcess containers"
        causes.invalid(path, "", text)
    if not spec.get("hostNetwork"):
        text = "hostNetwork must be true if pod contains any hostProcess containers"
        causes.invalid(f"{path}.hostNetwork", False, text)


def _host_process(part: Object) -> bool | None:
    found: bool | None = ((part.get("securityContext") or {}).get("windowsOptions") or {}).get("hostProcess")
    return found


def _containers(spec: Object, path: str) -> Iterable[tuple[Object, str]]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(field) or ()):
            yield container, f"{path}.{field}[{index}]"


def _contexts(spec: Object, path: str) -> Iterable[tuple[Object, str, tuple[str, ...]]]:
    """The security contexts of a pod, where they are, and what of them Windows does not have."""
    yield spec.get("securityContext") or {}, f"{path}.securityContext", _OF_POD
    for container, here in _containers(spec, path):
        yield container.get("securityContext") or {}, f"{here}.securityContext", _OF_CONTAINER


def _check_windows(causes: Causes, spec: Object, path: str) -> None:
    given = [field for field in _OF_NODE if spec.get(field) is not None]
    for field in (*given, *(field for field in _NAMESPACES if spec.get(field))):
        causes.forbidden(f"{path}.{field}", _NOT_ON_WINDOWS)
    for context, here, fields in _contexts(spec, path):
        for field in fields:
            if context.get(field) is not None:
                causes.forbidden(f"{here}.{field}", _NOT_ON_WINDOWS)


def _problems_of_user(name: str) -> Iterable[str]:
    if not name:
        return ["runAsUserName cannot be an empty string"]
    if _CONTROL.search(name):
        return ["runAsUserName cannot contain control characters"]
    if name.count("\\") > 1:
        return ["runAsUserName cannot contain more than one backslash"]
    domain, slash, user = name.rpartition("\\")
    return [*(_problems_of_domain(domain) if slash else ()), *_problems_of_account(user)]


def _problems_of_domain(domain: str) -> Iterable[str]:
    if len(domain) >= _LONGEST_DOMAIN:
        yield f"runAsUserName's Domain length must be under {_LONGEST_DOMAIN} characters"
    if not _NET_BIOS.fullmatch(domain) and formats.problems_of_subdomain(domain):
        yield "runAsUserName's Domain doesn't match the NetBios nor the DNS format"


def _problems_of_account(user: str) -> Iterable[str]:
    if not user:
        yield "runAsUserName's User cannot be empty"
    elif len(user) > _LONGEST_USER:
        yield f"runAsUserName's User length must not be longer than {_LONGEST_USER} characters"
    if _BLANK.fullmatch(user):
        yield "runAsUserName's User cannot contain only periods or spaces"
    if _ODD.search(user):
        yield "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]"
