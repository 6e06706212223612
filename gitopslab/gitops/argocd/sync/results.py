"""What became of each object in a sync: ``status.operationState.syncResult.resources``, in the order it was done."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.gitops.argocd.state import Key
from gitopslab.gitops.argocd.sync.task import Task
from gitopslab.machinery.objects import Object

_WRITTEN = {"status": "code", "hookPhase": "state", "message": "message"}


class Results:
    """The results so far.

    Args:
        rows: As the operation's state has them.
    """

    def __init__(self, rows: Iterable[Object] = ()) -> None:
        self._rows = {_key(row): dict(row) for row in rows}

    def __bool__(self) -> bool:
        return bool(self._rows)

    @property
    def rows(self) -> list[Object]:
        """As the operation's state has them."""
        return list(self._rows.values())

    def recall(self, task: Task) -> None:
        """Tell a task what is known of it from earlier steps."""
        row = self._rows.get((task.told, task.phase))
        if row is not None:
            task.code, task.state = row.get("status", ""), row.get("hookPhase", "")
            task.message = row.get("message", "")

    def put(self, task: Task, code: str, state: str, message: str) -> None:
        """Note how a task stands; an empty message leaves the one before."""
        task.code, task.state, task.message = code, state, message or task.message
        known = self._rows.setdefault((task.told, task.phase), _new(task))
        for field, attribute in _WRITTEN.items():
            value = getattr(task, attribute)
            if value:
                known[field] = value
            else:
                known.pop(field, None)


def _new(task: Task) -> Object:
    key = task.told
    row: Object = {
        "group": key.group,
        "version": str(task.object.get("apiVersion", "")).rpartition("/")[2],
        "kind": key.kind,
        "namespace": key.namespace,
        "name": key.name,
        "syncPhase": task.phase,
    }
    if task.is_hook:
        row["hookType"] = task.phase
    if images := _images(task.object):
        row["images"] = images
    return row


def _key(row: Object) -> tuple[Key, str]:
    group, kind, namespace, name = (row.get(field) or "" for field in ("group", "kind", "namespace", "name"))
    return Key(group, kind, namespace, name), row.get("syncPhase", "")


def _images(obj: Object) -> list[str]:
    """The images of a workload, or of its template."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return []
    for step in ("jobTemplate", "spec", "template", "spec"):
        spec = spec[step] if isinstance(spec.get(step), dict) else spec
    containers = spec.get("containers")
    found = containers if isinstance(containers, list) else []
    return [str(each["image"]) for each in found if isinstance(each, dict) and each.get("image")]
