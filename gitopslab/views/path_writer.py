"""The first steps of an apply: somebody writes an object, the API server checks it, the store keeps it.

Called by ``path``. Who wrote what is read off ``metadata.managedFields``.
"""

from __future__ import annotations

from gitopslab.machinery.objects import Object, controller_of, name_of, uid_of
from gitopslab.views.path_trail import Trail, command, made_at

_BY_CLUSTER = frozenset({"kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver"})


def begin(trail: Trail, obj: Object) -> None:
    """Writer, API server and store."""
    what, made = f"{obj['kind']} {name_of(obj)}", made_at(obj)
    who, how = _writer(obj)
    named = _named_fields(obj)
    trail.add(
        "you",
        sees="",
        writes=what,
        title=f"{who} {how} {what}",
        sentence="A manifest says what should be, not how to get there.",
        details=[f"names {', '.join(f'spec.{field}' for field in named)}"] if named else [],
        seconds=made,
        command=command("get", obj, "-o yaml --show-managed-fields"),
    )
    trail.add(
        "kube-apiserver",
        sees="the request",
        writes=what,
        title=f"The API server checks {what}",
        sentence="It knows who asks, checks every field and fills in defaults. What is wrong is refused here.",
        details=_facts(obj, named),
        seconds=made,
        command=command("get", obj, "-o yaml"),
    )
    trail.add(
        "etcd",
        sees=what,
        writes=what,
        title=f"etcd keeps {what}",
        sentence="From now on it exists, and everybody who watches this kind is told.",
        details=[f"resourceVersion {obj['metadata'].get('resourceVersion', '')}: rises with every write"],
        seconds=made,
        command=command("get", obj),
    )


def _facts(obj: Object, named: list[str]) -> list[str]:
    filled = [field for field in obj.get("spec", {}) if field not in named] if named else []
    generation = obj["metadata"].get("generation")
    return [
        f"fills in {', '.join(filled)}" if filled else "",
        f"gives it the uid {uid_of(obj)}",
        f"generation {generation}: counts the changes of its spec" if generation else "",
    ]


def _writer(obj: Object) -> tuple[str, str]:
    """Who made the object, and how: ``("kubectl", "applies")``."""
    owner = controller_of(obj)
    if owner is not None:
        return f"{owner['kind']} {owner['name']}", "leads to"
    ours = [entry for entry in _entries(obj) if entry["manager"] not in _BY_CLUSTER]
    if not ours:
        return "Somebody", "applies"
    manager = str(min(ours, key=lambda entry: entry.get("time") or "")["manager"])
    if manager == "gitopslab":
        return "You", "apply"
    return "kubectl" if manager.startswith("kubectl") else manager, "applies"


def _named_fields(obj: Object) -> list[str]:
    """The fields of the spec that somebody said, in their order."""
    specs = [(entry.get("fieldsV1") or {}).get("f:spec") or {} for entry in _entries(obj)]
    return list(dict.fromkeys(key.removeprefix("f:") for spec in specs for key in spec if key.startswith("f:")))


def _entries(obj: Object) -> list[Object]:
    return [entry for entry in obj["metadata"].get("managedFields") or () if not entry.get("subresource")]
