"""What the ``flux`` command shows: rows, a tree, a trace and a difference, made of objects alone.

Called by ``lab.flux``; good on any cluster. Words and columns are those of the real command line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gitopslab.gitops.inventory import entries_of
from gitopslab.machinery.objects import Object, condition_of, labels_of, name_of, namespace_of
from gitopslab.views.grid import Grid

_HEX = re.compile(r"[0-9a-f]{40,128}")
_OWNER = "kustomize.toolkit.fluxcd.io"
_OWNERS = {_OWNER: "Kustomization", "helm.toolkit.fluxcd.io": "HelmRelease"}
_TOLD = {"Target": "targetNamespace", "Path": "path", "Chart": "chart", "Version": "version", "URL": "url"}
_COLUMNS = {
    "ImageRepository": ("Name", "Last scan", "Suspended", "Ready", "Message"),
    "ImageUpdateAutomation": ("Name", "Last run", "Suspended", "Ready", "Message"),
    "ImagePolicy": ("Name", "Image", "Tag", "Ready", "Message"),
    "Alert": ("Name", "Suspended", "Ready", "Message"),
    "Provider": ("Name", "Ready", "Message"),
    "Receiver": ("Name", "Suspended", "Ready", "Message"),
}
_USUAL = ("Name", "Revision", "Suspended", "Ready", "Message")

Find = Callable[[Object], Object | None]
"""Gives the live object that an entry of an inventory names, or None."""


def rows(kind: str, objects: Sequence[Object]) -> Grid:
    """``flux get``: a row an object."""
    return Grid(_COLUMNS.get(kind, _USUAL), tuple(_row(kind, obj) for obj in objects))


def short(text: str) -> str:
    """Text with long hexadecimal words cut to eight digits, as ``flux get`` cuts them."""
    return _HEX.sub(lambda match: match.group()[:8], text)


def tree(kustomization: Object, find: Find) -> str:
    """``flux tree kustomization``: what it owns, and what the Kustomizations among it own."""
    title = f"Kustomization/{namespace_of(kustomization)}/{name_of(kustomization)}"
    return "\n".join([title, *_branches(kustomization, find, "", {title})])


def trace(obj: Object, chain: Sequence[Object]) -> str:
    """``flux trace``: from an object to what applied it and the source it came from.

    Args:
        obj: The object.
        chain: The Kustomization or HelmRelease that applied it, the HelmChart, the source; as far as they are there.
    """
    lines = [("Object", f"{obj['kind']}/{name_of(obj)}"), ("Namespace", namespace_of(obj))]
    lines.append(("Status", "Managed by Flux" if chain else "Not managed by Flux"))
    return "\n---\n".join([_aligned(lines), *map(_part, chain)])


def created(obj: Object) -> str:
    """``flux diff`` of an object that is not there yet."""
    return f"► {_title(obj)} created"


def deleted(obj: Object) -> str:
    """``flux diff`` of an object that is no longer in Git."""
    return f"► {_title(obj)} deleted"


def drifted(live: Object, applied: Object) -> str:
    """``flux diff`` of an object that would change, field by field; empty when it would not.

    The values of a Secret are not shown.

    Args:
        live: As it is.
        applied: As a dry apply leaves it.
    """
    is_secret = live.get("kind") == "Secret"
    lines = []
    for path, old, new in _changes(_compared(live), _compared(applied)):
        change = "+ value added" if old is None else "- value removed" if new is None else "± value change"
        lines += ["", path, f"  {change}"]
        hide = is_secret and path.startswith(("data", "stringData"))
        lines += [f"    - {'*** (before)' if hide else old}"] if old is not None else []
        lines += [f"    + {'*** (after)' if hide else new}"] if new is not None else []
    return "\n".join([f"► {_title(live)} drifted", *lines, ""]) if lines else ""


def _compared(obj: Object) -> Object:
    """What drift is looked for in: everything but the status, and of the metadata labels and annotations."""
    metadata = {key: obj["metadata"].get(key) or {} for key in ("labels", "annotations")}
    return {**{key: value for key, value in obj.items() if key not in ("metadata", "status")}, "metadata": metadata}


def _changes(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            yield from _changes(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for at, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _changes(before, after, f"{path}.{at}")
    elif old != new:
        yield path, old, new


def owner_of(obj: Object) -> tuple[str, str, str] | None:
    """Kind, namespace and name of what applied an object; None when Flux did not."""
    labels = labels_of(obj)
    for group, kind in _OWNERS.items():
        name, namespace = labels.get(f"{group}/name"), labels.get(f"{group}/namespace")
        if name and namespace:
            return kind, namespace, name
    return None


def revision_of(obj: Object) -> str:
    """What an object has applied or fetched; empty when nothing yet."""
    status = obj.get("status") or {}
    artifact = status.get("artifact") or {}
    installed = status.get("lastAttemptedRevision") if obj.get("kind") == "HelmRelease" else ""
    return str(status.get("lastAppliedRevision") or artifact.get("revision") or installed or "")


def _row(kind: str, obj: Object) -> tuple[str, ...]:
    status, ready = obj.get("status") or {}, condition_of(obj, "Ready")
    is_ready = str(ready["status"]) if ready else "False"
    message = short(ready["message"]) if ready else "waiting to be reconciled"
    suspended = str(bool(obj["spec"].get("suspend"))).capitalize()
    if kind == "ImagePolicy":
        latest = status.get("latestRef") or {}
        return (name_of(obj), latest.get("name", ""), latest.get("tag", ""), is_ready, message)
    if kind == "Provider":
        return (name_of(obj), "True", "Provider is Ready")
    if kind == "Alert":
        return (name_of(obj), suspended, "True", "Alert is Ready")
    if kind == "Receiver":
        return (name_of(obj), suspended, is_ready, message)
    second = {
        "ImageRepository": (status.get("lastScanResult") or {}).get("scanTime", ""),
        "ImageUpdateAutomation": status.get("lastAutomationRunTime", ""),
    }.get(kind, short(revision_of(obj)))
    return (name_of(obj), second, suspended, is_ready, message)


def _branches(kustomization: Object, find: Find, indent: str, seen: set[str]) -> Iterator[str]:
    entries = [entry.object for entry in entries_of((kustomization.get("status") or {}).get("inventory"))]
    owned = [(obj, _title(obj)) for obj in entries]
    owned = [(obj, title) for obj, title in owned if title not in seen]
    for at, (obj, title) in enumerate(owned):
        is_last = at == len(owned) - 1
        yield f"{indent}{'└── ' if is_last else '├── '}{title}"
        if obj["kind"] == "Kustomization" and obj["apiVersion"].startswith(_OWNER):
            live = find(obj)
            if live is not None:
                below = indent + ("    " if is_last else "│   ")
                yield from _branches(live, find, below, {*seen, title})


def _title(obj: Object) -> str:
    return "/".join(part for part in (obj["kind"], namespace_of(obj), name_of(obj)) if part)


def _part(obj: Object) -> str:
    ready, spec = condition_of(obj, "Ready") or {}, obj["spec"]
    lines = [(obj["kind"], name_of(obj)), ("Namespace", namespace_of(obj))]
    found = ((word, spec.get(field)) for word, field in _TOLD.items())
    lines += [(word, value) for word, value in found if isinstance(value, str)]
    lines += [(word.capitalize(), str(value)) for word, value in (spec.get("ref") or {}).items()]
    lines += [
        ("Revision", revision_of(obj)),
        ("Status", f"Last reconciled at {ready.get('lastTransitionTime', '')}"),
        ("Message", ready.get("message", "")),
    ]
    return _aligned(lines)


def _aligned(lines: Sequence[tuple[str, str]]) -> str:
    width = max(len(word) for word, _ in lines) + 2
    return "\n".join(f"{word + ':':<{width}}{value}" for word, value in lines if value)
