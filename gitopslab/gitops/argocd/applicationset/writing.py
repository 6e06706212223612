"""Writes the Applications of an ApplicationSet: new ones, changed ones, and those that are to go.

What others did to an Application is undone, but for the annotations, labels and differences that the ApplicationSet
says to leave. Source: ``createOrUpdateInCluster`` and ``deleteInCluster`` in
``applicationset/controllers/applicationset_controller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import ApiError, LabError, NotFoundError
from gitopslab.gitops.argocd import ignoring
from gitopslab.gitops.argocd.ignoring import Rules
from gitopslab.gitops.argocd.kinds import (
    APPLICATIONS,
    GROUP,
    NAMESPACE,
    POST_DELETE_FINALIZER,
    PRE_DELETE_FINALIZER,
    REFRESH,
)
from gitopslab.machinery.merge import merge_difference, same
from gitopslab.machinery.objects import Object, controller_of, controller_reference, copy_of, name_of

_KEPT_ANNOTATIONS = ("notified.notifications.argoproj.io", REFRESH, "argocd.argoproj.io/hydrate")
_KEPT_FINALIZERS = (PRE_DELETE_FINALIZER, POST_DELETE_FINALIZER)
_EMPTY_STATUS: Object = {"sourceHydrator": {}, "summary": {}}
"""What Go writes of a status that is empty."""
_DECIDED = ("labels", "annotations", "finalizers", "ownerReferences")
_POLICIES = {
    "create-only": (False, False),
    "create-update": (True, False),
    "create-delete": (False, True),
    "sync": (True, True),
}


def policy(appset: Object) -> tuple[bool, bool]:
    """Whether Applications may be updated, and deleted (``syncPolicy.applicationsSync``)."""
    return _POLICIES[(appset["spec"].get("syncPolicy") or {}).get("applicationsSync") or "sync"]


def differs(appset: Object, app: Object, live: Object) -> bool:
    """Whether the spec of an Application is not as it is wanted, but for the differences that are left."""
    wanted, there = _sides(appset, app, live)
    return not same(wanted.get("spec"), there.get("spec"))


class Writer:
    """Writes Applications.

    Args:
        api: With the identity of the ApplicationSet controller.
        recorder: Says what was done.
    """

    def __init__(self, api: Api, recorder: Recorder) -> None:
        self._api = api
        self._recorder = recorder

    def write(self, appset: Object, wanted: Iterable[Object], there: Mapping[str, Object]) -> LabError | None:
        """Make Applications as they are wanted; what one is refused for does not keep the others back.

        Args:
            appset: The ApplicationSet.
            wanted: Its Applications.
            there: All Applications, by name.

        Returns:
            Why the first of those that could not be written was refused.
        """
        trouble: LabError | None = None
        for app in sorted(wanted, key=name_of):
            try:
                self._write(appset, app, there.get(name_of(app)))
            except LabError as error:
                trouble = trouble or error
        return trouble

    def delete(self, appset: Object, gone: Iterable[Object]) -> ApiError | None:
        """Delete Applications that no set of parameters makes any more."""
        trouble: ApiError | None = None
        for app in sorted(gone, key=name_of):
            try:
                self._api.delete(APPLICATIONS, name_of(app), NAMESPACE)
            except NotFoundError:
                continue
            except ApiError as error:
                trouble = trouble or error
            else:
                self._recorder.event(appset, "Normal", "Deleted", f'Deleted Application "{name_of(app)}"')
        return trouble

    def release(self, apps: Iterable[Object]) -> None:
        """Have Applications stay when their ApplicationSet goes."""
        for app in apps:
            self._api.patch(APPLICATIONS, name_of(app), {"metadata": {"ownerReferences": None}}, NAMESPACE)

    def _write(self, appset: Object, app: Object, live: Object | None) -> None:
        app["spec"]["project"] = app["spec"].get("project") or "default"
        app["metadata"]["ownerReferences"] = [controller_reference(appset)]
        if live is None:
            self._api.create({**app, "status": _EMPTY_STATUS})
            self._recorder.event(appset, "Normal", "created", f'created Application "{name_of(app)}"')
            return
        owner = controller_of(live)
        if owner is not None and owner.get("uid") != appset["metadata"]["uid"]:
            already = f"is already owned by another {owner['kind']} controller {owner['name']}"
            raise LabError(f"Object {NAMESPACE}/{name_of(app)} {already}")
        change = _change(*_sides(appset, app, live))
        if app.get("operation"):
            change["operation"] = app["operation"]
        if change:
            self._api.patch(APPLICATIONS, name_of(app), change, NAMESPACE)
            self._recorder.event(appset, "Normal", "updated", f'updated Application "{name_of(app)}"')


def _kept(appset: Object, app: Object, live: Object) -> Object:
    """An Application with what of the live one is left as it is."""
    fields = appset["spec"].get("preservedFields") or {}
    wanted: Object = copy_of(app)
    metadata, there = wanted["metadata"], live["metadata"]
    for part, names in (
        ("annotations", [*(fields.get("annotations") or ()), *_KEPT_ANNOTATIONS]),
        ("labels", fields.get("labels") or ()),
    ):
        kept = {name: text for name, text in (there.get(part) or {}).items() if name in names}
        if kept:
            metadata[part] = {**(metadata.get(part) or {}), **kept}
    finalizers = [each for each in there.get("finalizers") or () if each.startswith(_KEPT_FINALIZERS)]
    if finalizers:
        metadata["finalizers"] = [*(metadata.get("finalizers") or ()), *finalizers]
    return wanted


def _ignored(appset: Object) -> Rules:
    """The differences that the ApplicationSet leaves."""
    said = appset["spec"].get("ignoreApplicationDifferences") or ()
    try:
        return ignoring.read({**rule, "group": GROUP, "kind": "Application"} for rule in said)
    except ignoring.IgnoreError as error:
        raise LabError(f"failed to build ignore diff config: {error.message}", error.hint) from error


def _sides(appset: Object, app: Object, live: Object) -> tuple[Object, Object]:
    """An Application as it is wanted, and as it is, without the differences that are left."""
    rules = _ignored(appset)
    return rules.without(_kept(appset, app, live)), rules.without(live)


def _change(wanted: Object, live: Object) -> Object:
    """A merge patch for what differs: of the spec, and of the metadata what an ApplicationSet decides.

    What is ignored is on neither side, so it stays; but a list that differs elsewhere is written anew without it.
    """
    change: Object = {}
    if not same(wanted.get("spec"), live.get("spec")):
        change["spec"] = merge_difference(live.get("spec") or {}, wanted.get("spec") or {})
    sides = ({part: side["metadata"].get(part) or {} for part in _DECIDED} for side in (live, wanted))
    metadata = merge_difference(*({part: value for part, value in side.items() if value} for side in sides))
    return {**change, **({"metadata": metadata} if metadata else {})}
