"""What becomes of a field that is not as in Git, for one Kustomization or Application. Pure; called by ``compare``."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gitopslab.gitops.argocd import ignoring
from gitopslab.gitops.argocd.kinds import TRACKING_ID
from gitopslab.gitops.flux import ignoring as fields_ignored
from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of
from gitopslab.machinery.three_way import LAST_APPLIED
from gitopslab.views.drift.fields import ABSENT, Pair, Step, owners, pairs, spelled
from gitopslab.views.drift.model import Compared, Owner, Row
from gitopslab.views.reconciler import FLUX, Reconciler

_NOT_COMPARED = ("apiVersion", "kind", "metadata", "status", "stringData")
_NOT_TOLD = (LAST_APPLIED, TRACKING_ID)
_CLUSTER = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-apiserver")
_AMOUNTS = ("resources", "requests", "limits", "hard", "capacity", "sizeLimit", "storage")
_LONGEST = 200
_HIDDEN = "***"


class Judge:
    """Compares objects for one Kustomization or Application."""

    def __init__(self, reconciler: Reconciler, is_coming: bool) -> None:
        self._reconciler = reconciler
        self._is_coming = is_coming
        self._is_flux = reconciler.tool == FLUX
        self._ignores = reconciler.object["spec"].get("ignore" if self._is_flux else "ignoreDifferences") or ()

    def compared(self, git: Object, live: Object | None) -> Compared:
        """An object of Git."""
        if live is None:
            return _object(git, [Row("", "missing", "the object", "", (), *self._repaired())])
        before = {} if self._is_flux else _last_applied(live)
        found = (self._row(pair, git, live, before) for pair in pairs(_told(git), _told(live)))
        rows = [row for row in found if row is not None]
        if self._ignores:
            minded = {path for _, path, *_ in pairs(*self._minded(git, live))}
            rows = [row if row.state == "same" or row.path in minded else self._ignored(row) for row in rows]
        return _object(git, sorted(rows, key=lambda row: row.state == "same"))

    def _minded(self, git: Object, live: Object) -> tuple[Object, Object]:
        """Both sides without what the tool was told to ignore."""
        if self._is_flux:
            paths = fields_ignored.paths_of(git, self._ignores)
            return _told(fields_ignored.without(git, paths)), _told(fields_ignored.without(live, paths))
        rules = ignoring.read(self._ignores)
        left, right = ignoring.without_fields_of(rules.trusted(live), live, git)
        return _told(rules.without(right)), _told(rules.without(left))

    def _ignored(self, row: Row) -> Row:
        return replace(row, fate="left", why="spec.ignore names it" if self._is_flux else "ignoreDifferences names it")

    def left_over(self, live: Object) -> Compared:
        """An object that is owned and no longer in Git."""
        prunes = self._reconciler.repair.prunes
        why = "prune is on" if prunes else "prune is off"
        return _object(live, [Row("", "extra", "", "the object", (), "removed" if prunes else "stays", why)])

    def _row(self, pair: Pair, said: Object, live: Object, before: Object) -> Row | None:
        steps, path, git, value = pair
        hidden = live.get("kind") == "Secret" and path.startswith("data")
        shown = _shown(git, hidden), _shown(value, hidden)
        who = owners(live, steps)
        names = tuple(str(each) for each in who)
        if value is ABSENT:
            return None if git in ({}, [], None) else Row(path, "missing", *shown, names, *self._repaired())
        if git is ABSENT and value in ({}, [], None):
            return None
        if git is ABSENT:
            # Flux writes structs that nobody filled (strategy: {}); what the API server fills them with is not Flux's
            setters = who if _is_in(said, steps[:-1]) else owners(live, steps, whole=False)
            fate, why = self._fate(who, self._are_ours(setters) or _is_in(before, steps))
            return Row(path, "extra", *shown, names, fate, why) if fate else None
        if _is_same(git, value, path):
            return Row(path, "same", *shown, names)
        return Row(path, "differs", *shown, names, *self._repaired())

    def _repaired(self) -> tuple[str, str]:
        """What becomes of what Git says and the cluster has otherwise, and when."""
        if self._is_coming:
            return "coming", ""
        repair = self._reconciler.repair
        return ("back" if repair.is_done else "stays"), repair.words

    def _are_ours(self, who: Sequence[Owner]) -> bool:
        return any(each.manager == self._reconciler.manager and each.operation == "Apply" for each in who)

    def _fate(self, who: Sequence[Owner], was_applied: bool) -> tuple[str, str]:
        """What becomes of what only the cluster has, and why; nothing of what the cluster fills in itself."""
        manager, repair = self._reconciler.manager, self._reconciler.repair
        taken = [each for each in who if _is_taken(each)] if self._is_flux else []
        others = [each for each in who if each.manager not in (*_CLUSTER, manager)]
        if was_applied or taken:
            why = f"{self._reconciler.tool} takes over what {taken[0]} set" if taken else "it was in Git before"
            return ("removed", f"{why}, {repair.words}") if repair.is_done else ("stays", repair.words)
        if others:
            return "left", f"Git does not name it, and {self._reconciler.tool} leaves {others[0]} its fields"
        return "", ""


def _shown(value: Any, hidden: bool) -> str:
    return _HIDDEN if hidden and value is not ABSENT else spelled(value)[:_LONGEST]


def _is_taken(owner: Owner) -> bool:
    return not owner.subresource and owner.manager.startswith(("kubectl", "before-first-apply"))


def _told(obj: Object) -> Object:
    """What of an object is compared."""
    told = {name: value for name, value in obj.items() if name not in _NOT_COMPARED}
    if obj.get("kind") == "Secret" and obj.get("stringData"):
        plain = {name: base64.b64encode(str(text).encode()).decode() for name, text in obj["stringData"].items()}
        told["data"] = {**(obj.get("data") or {}), **plain}
    labels = obj.get("metadata", {}).get("labels") or {}
    notes = {name: text for name, text in annotations_of(obj).items() if name not in _NOT_TOLD}
    metadata = {name: value for name, value in (("labels", labels), ("annotations", notes)) if value}
    return {**({"metadata": metadata} if metadata else {}), **told}


def _last_applied(live: Object) -> Object:
    try:
        found: Object = json.loads(annotations_of(live).get(LAST_APPLIED) or "{}")
    except ValueError:
        return {}
    return found


def _is_in(before: Any, steps: Sequence[Step]) -> bool:
    """Whether an object, such as one of a client-side apply, names a field."""
    for kind, value in steps:
        if kind == "f":
            if not isinstance(before, dict) or value not in before:
                return False
            before = before[value]
        else:
            items = before if isinstance(before, list) else []
            before = next((each for each in items if each.get("name") == value.get("name")), None)
    return bool(steps) and before is not None and before != {}


def _is_same(git: Any, live: Any, path: str) -> bool:
    if git == live or spelled(git) == spelled(live):
        return True
    if not any(f"{name}." in path or path.endswith(name) for name in _AMOUNTS):
        return False
    try:
        return quantity.parse(git) == quantity.parse(live)
    except (ValueError, TypeError):
        return False


def _object(obj: Object, rows: Sequence[Row]) -> Compared:
    kind, namespace, name = str(obj.get("kind", "")), namespace_of(obj), name_of(obj)
    return Compared("/".join(filter(None, (kind, namespace, name))), kind, namespace, name, tuple(rows))
