"""Accepts the names of CustomResourceDefinitions, establishes them, and empties them when they are deleted.

The manager calls it when a definition changed; a change calls the other definitions of its group too, since names may
have become free. A definition whose names collide with none of its group is established, and the API server serves
its resources from then on (``controlplane.server.custom.registry``). One that is being deleted waits for its objects:
they are deleted here, and when the last is gone the finalizer is taken off.

Upstream: ``apiextensions-apiserver/pkg/controller`` (``status``, ``establish``, ``finalizer``, ``apiapproval``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from gitopslab.controlplane.controllers.conditions import Condition, with_condition
from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.api_approval import approval, is_protected
from gitopslab.machinery.clock import Clock
from gitopslab.machinery.objects import (
    Object,
    find_condition,
    is_condition_true,
    is_terminating,
    name_of,
    namespace_of,
)

_DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_AGAIN = 5.0  # seconds after which objects that would not go are looked at again
_ACCEPTED = "the initial names have been accepted"


def accepted_names(definition: Object, taken: list[Object]) -> tuple[Object, Condition]:
    """The names that a definition gets, and whether they are all it asked for.

    Args:
        definition: It.
        taken: The names accepted for every definition of its group, its own among them.
    """
    wanted = definition["spec"]["names"]
    given: Object = dict(definition.get("status", {}).get("acceptedNames") or {})
    resources = {name for one in taken for name in (one.get("plural"), one.get("singular"), *_short_names(one))}
    kinds = {name for one in taken for name in (one.get("kind"), one.get("listKind"))}
    condition: Condition = ("NamesAccepted", "True", "NoConflicts", "no conflicts found")
    for field, reason, used in (
        ("plural", "PluralConflict", resources),
        ("singular", "SingularConflict", resources),
        ("shortNames", "ShortNamesConflict", resources),
        ("kind", "KindConflict", kinds),
        ("listKind", "ListKindConflict", kinds),
    ):
        problem = _conflict(wanted.get(field), given.get(field), used)
        if problem:
            condition = ("NamesAccepted", "False", reason, problem)
        elif field in wanted:
            given[field] = wanted[field]
        else:
            given.pop(field, None)
    given.pop("categories", None)
    if wanted.get("categories"):
        given["categories"] = wanted["categories"]
    return given, condition


def _short_names(names: Object) -> list[str]:
    return names.get("shortNames") or []


def _conflict(wanted: str | list[str] | None, given: str | list[str] | None, used: set[str | None]) -> str:
    if wanted == given or not wanted:
        return ""
    names = wanted if isinstance(wanted, list) else [wanted]
    own = given if isinstance(given, list) else [given]
    found = [f"{json.dumps(name)} is already in use" for name in names if name not in own and name in used]
    return found[0] if len(found) < 2 and found else f"[{', '.join(found)}]" if found else ""


def conformance(definition: Object) -> Condition | None:
    """Whether a definition in one of Kubernetes' own groups was approved; None for other groups."""
    if not is_protected(definition["spec"]["group"]):
        return None
    state, message = approval(definition)
    status = "True" if state == "Approved" else "False"
    return "KubernetesAPIApprovalPolicyConformant", status, f"{state}Annotation", message


class CustomResourceDefinitionController:
    """Reconciles CustomResourceDefinitions.

    Args:
        api: Writes their status, and deletes their objects.
        manager: Gives the informer.
        clock: Dates conditions.
    """

    name = "customresourcedefinition-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._definitions = manager.informer(_DEFINITIONS)
        self.sources: tuple[Source, ...] = (Source(_DEFINITIONS, self._group),)

    def reconcile(self, request: Request) -> Result:
        """Accept names, then establish, or empty a definition that is to go."""
        definition = self._definitions.get(request.name)
        if definition is None:
            return DONE
        if is_terminating(definition) and _FINALIZER in (definition["metadata"].get("finalizers") or ()):
            return self._finalize(definition)
        definition = self._accept(definition)
        if is_condition_true(definition, "NamesAccepted") and not is_condition_true(definition, "Established"):
            definition = self._tell(definition, ("Established", "True", "InitialNamesAccepted", _ACCEPTED))
        conformant = conformance(definition)
        if conformant is not None and not _is_told(definition, conformant):
            self._tell(definition, conformant)
        return DONE

    def _group(self, event: WatchEvent) -> Iterable[Request]:
        group = event.object["spec"].get("group")
        others = (name_of(one) for one in self._definitions if one["spec"].get("group") == group)
        return [Request("", name) for name in dict.fromkeys((name_of(event.object), *others))]

    def _accept(self, definition: Object) -> Object:
        status, wanted = definition.get("status") or {}, definition["spec"]["names"]
        if wanted == status.get("acceptedNames"):
            return definition
        group = definition["spec"]["group"]
        taken = [
            (one.get("status") or {}).get("acceptedNames") or {}
            for one in self._definitions
            if one["spec"]["group"] == group
        ]
        names, condition = accepted_names(definition, taken)
        if names == status.get("acceptedNames") and _is_told(definition, condition):
            return definition
        changed = with_condition({**definition, "status": {**status, "acceptedNames": names}}, condition, self._now())
        if condition[1] == "True" and not is_condition_true(definition, "Established"):
            changed = with_condition(changed, ("Established", "False", "Installing", _ACCEPTED), self._now())
        elif find_condition(changed["status"]["conditions"], "Established") is None:
            refused = ("Established", "False", "NotAccepted", "not all names are accepted")
            changed = with_condition(changed, refused, self._now())
        return self._api.update(changed, "status")

    def _finalize(self, definition: Object) -> Result:
        told = ("Terminating", "True", "InstanceDeletionInProgress", "CustomResource deletion is in progress")
        definition = self._tell(definition, told)
        if not is_condition_true(definition, "Established"):
            self._release(definition, ("Terminating", "False", "NeverEstablished", "resource was never established"))
            return DONE
        problems = self._delete_objects(definition)
        if problems:
            message = f"could not issue all deletes: {'; '.join(problems)}"
            self._tell(definition, ("Terminating", "True", "InstanceDeletionFailed", message))
            return Result(_AGAIN)
        if self._objects(definition):
            return Result(_AGAIN)
        done = ("Terminating", "False", "InstanceDeletionCompleted", "removed all instances")
        self._release(definition, done)
        return DONE

    def _delete_objects(self, definition: Object) -> list[str]:
        problems = []
        for obj in self._objects(definition):
            if is_terminating(obj):
                continue
            try:
                self._api.delete(name_of(definition), name_of(obj), namespace_of(obj))
            except NotFoundError:
                continue
            except ApiError as error:
                problems.append(error.message)
        return problems

    def _objects(self, definition: Object) -> list[Object]:
        try:
            return self._api.list(name_of(definition))
        except NotFoundError:
            return []

    def _release(self, definition: Object, condition: Condition) -> None:
        changed = with_condition(definition, condition, self._now())
        kept = [name for name in changed["metadata"].get("finalizers") or () if name != _FINALIZER]
        metadata = {**changed["metadata"], "finalizers": kept}
        self._api.update({**changed, "metadata": metadata}, "status")

    def _tell(self, definition: Object, condition: Condition) -> Object:
        if _is_told(definition, condition):
            return definition
        return self._api.update(with_condition(definition, condition, self._now()), "status")

    def _now(self) -> float:
        return self._clock.now()


def _is_told(definition: Object, condition: Condition) -> bool:
    kind, status, reason, message = condition
    found = find_condition((definition.get("status") or {}).get("conditions") or [], kind) or {}
    return (found.get("status"), found.get("reason"), found.get("message")) == (status, reason, message)
