"""What Git says against what is there, resource by resource: the outcome is the Application's sync status.

Story of a comparison: manifests get their namespace and their tracking id, each finds its live object, what is there
and not in Git is added, and each pair is looked at. Source: ``CompareAppState`` in ``controller/state.go``,
``gitops-engine/pkg/sync/reconcile.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gitopslab.errors import LabError
from gitopslab.gitops.argocd import conditions, hooks, ignoring
from gitopslab.gitops.argocd.clusters import OWN
from gitopslab.gitops.argocd.conditions import COMPARISON_ERROR
from gitopslab.gitops.argocd.diff import Differ, Way
from gitopslab.gitops.argocd.ignoring import Rules
from gitopslab.gitops.argocd.kinds import COMPARE_OPTIONS, OUT_OF_SYNC, SYNCED, UNKNOWN
from gitopslab.gitops.argocd.live import LiveState
from gitopslab.gitops.argocd.managednamespace import has_changed_namespace_metadata, managed_namespace
from gitopslab.gitops.argocd.options import has_option, words
from gitopslab.gitops.argocd.project import is_kind_permitted, is_live_permitted
from gitopslab.gitops.argocd.settings import Settings, SettingsError
from gitopslab.gitops.argocd.sources import Target, revisions_of, sources_of
from gitopslab.gitops.argocd.state import Comparison, Key, Managed
from gitopslab.gitops.argocd.tracking import aligned, application_of, describes_itself, instance_of, placed
from gitopslab.gitops.argocd.wanted import wanted
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be compared.

    Attributes:
        app: The Application.
        project: Its project.
        place: Its own sources and revisions, or those of an operation.
        target: What Git says; None when that could not be had.
        error: Why not.
    """

    app: Object
    project: Object
    place: Object
    target: Target | None
    error: str = ""


class Comparer:
    """Compares Applications.

    Args:
        catalog: Which kinds there are.
        live: What is there.
        differ: Compares single objects.
        settings: What all Applications ignore.
    """

    def __init__(self, catalog: Catalog, live: LiveState, differ: Differ, settings: Settings) -> None:
        self._catalog = catalog
        self._live = live
        self._differ = differ
        self._settings = settings

    def compare(self, question: Question) -> Comparison:
        """The outcome; nothing is written.

        Raises:
            SettingsError: What all Applications ignore cannot be read.
        """
        app, project, target = question.app, question.project, question.target
        said = [conditions.said(COMPARISON_ERROR, f"Failed to load target state: {question.error}")] * (target is None)
        git = wanted(self.ready(app, target.objects if target else ()))
        there = self._there(app, project, git.objects)
        said += [*git.conditions, *self._shared(app, there)]
        objects = {**managed_namespace(app, there), **git.objects}
        resources = [self._hook(key, obj, there) for key, obj in git.hooks.items()]
        loaded = target is not None
        try:
            resources += self._pairs(app, project, objects, there)
        except SettingsError:
            raise
        except LabError as error:
            loaded = False
            what = f"Failed to compare desired state to live state: {error.message}"
            said.append(conditions.said(COMPARISON_ERROR, what))
            resources += [_unknown(key, objects.get(key), there.get(key)) for key in {**objects, **there}]
        if not loaded:
            resources = [replace(each, status=UNKNOWN) for each in resources]
        said += [conditions.homeless(key, obj) for key, obj in objects.items() if self._is_homeless(key, obj)]
        resources.sort(key=lambda each: str(each.key))
        status = self._status(app, resources) if loaded else UNKNOWN
        return _comparison(question, tuple(resources), status, tuple(said))

    def ready(self, app: Object, objects: Iterable[Object]) -> list[Object]:
        """Manifests as they would be applied: with the namespace that they go to, and the tracking id.

        Args:
            app: The Application.
            objects: As they stand in Git; they are copied.
        """
        method = self._settings.tracking
        return [placed(app, obj, namespaced=self._is_namespaced(obj), method=method) for obj in objects]

    def _is_namespaced(self, obj: Object) -> bool:
        """Whether an object belongs to a namespace; what is not known is taken to."""
        resource = self._catalog.of(obj)
        return resource is None or resource.namespaced

    def _is_homeless(self, key: Key, obj: Object) -> bool:
        resource = self._catalog.of(obj)
        return not key.namespace and resource is not None and resource.namespaced

    # -- what is there ------------------------------------------------------------------------------------------------

    def _there(self, app: Object, project: Object, objects: dict[Key, Object]) -> dict[Key, Object]:
        """The live objects that the Application manages, or would take over, by key."""
        found = self._live.managed_by(instance_of(app))
        for key, obj in objects.items():
            live = found.get(key) or self._live.find(obj)
            if live is not None:
                found[key] = live
        return {key: live for key, live in found.items() if is_live_permitted(project, live, OWN)}

    def _shared(self, app: Object, there: dict[Key, Object]) -> list[Object]:
        owners = ((live, application_of(live, self._settings.tracking)) for live in there.values())
        return [conditions.shared(app, live, owner) for live, owner in owners if owner not in ("", instance_of(app))]

    # -- one by one ---------------------------------------------------------------------------------------------------

    def _hook(self, key: Key, obj: Object, there: dict[Key, Object]) -> Managed:
        live = there.pop(key, None)
        # Git's side of a hook is none of the managed resources, so what is there of it counts as one too many.
        extra = live is not None and describes_itself(live, None, self._settings.tracking)
        return Managed(key, _version(obj), obj, live, "", hook=True, requires_pruning=extra)

    def _pairs(
        self, app: Object, project: Object, objects: dict[Key, Object], there: dict[Key, Object]
    ) -> list[Managed]:
        settings = self._settings
        said = [*(app["spec"].get("ignoreDifferences") or ()), *settings.ignored]
        rules = ignoring.read(said, aggregated=settings.ignores_aggregated_roles)
        return [self._pair(app, key, objects.get(key), there.get(key), project, rules) for key in {**objects, **there}]

    def _pair(
        self, app: Object, key: Key, target: Object | None, live: Object | None, project: Object, rules: Rules
    ) -> Managed:
        obj = live if live is not None else target
        assert obj is not None, "a pair has a side"
        is_own = describes_itself(live, target, self._settings.tracking)
        is_hook = hooks.is_hook(obj)
        status = ""
        if not (is_hook or hooks.is_ignored(obj) or not is_own or (target is not None and hooks.is_skipped(target))):
            same = target is not None and live is not None and not self._differs(app, target, live, rules)
            status = SYNCED if same else OUT_OF_SYNC
        if not is_kind_permitted(project, key.group, key.kind, key.name, namespaced=self._is_namespaced(obj)):
            status = UNKNOWN
        extra = target is None and live is not None and is_own
        # What is there is told in the version in which Git has it.
        version = _version(obj if target is None else target)
        return Managed(key, version, target, live, status, hook=is_hook, requires_pruning=extra)

    def _differs(self, app: Object, target: Object, live: Object, rules: Rules) -> bool:
        live = aligned(live, target, self._settings.tracking)
        return self._differ.differs(target, live, rules, way_of(app, target))

    def _status(self, app: Object, resources: Sequence[Managed]) -> str:
        if has_changed_namespace_metadata(app):
            return OUT_OF_SYNC
        return OUT_OF_SYNC if any(_counts(each) for each in resources) else SYNCED


def _counts(resource: Managed) -> bool:
    """Whether a resource makes its Application OutOfSync; one too many may ask not to."""
    if resource.status != OUT_OF_SYNC:
        return False
    extra = resource.target is None and resource.live is not None
    return not (extra and "IgnoreExtraneous" in words(resource.object, COMPARE_OPTIONS))


def way_of(app: Object, target: Object) -> Way:
    """How an object of an Application is compared."""
    asked = words(app, COMPARE_OPTIONS)
    if "ServerSideDiff=true" in asked and "ServerSideDiff=false" not in asked:
        return Way.ASKED
    options = (app["spec"].get("syncPolicy") or {}).get("syncOptions") or ()
    is_merged = "ServerSideApply=true" in options or has_option(target, "ServerSideApply=true")
    return Way.MERGED if is_merged else Way.THREE_WAYS


def _comparison(
    question: Question, resources: tuple[Managed, ...], status: str, conditions: tuple[Object, ...]
) -> Comparison:
    target, place = question.target, question.place
    sources, several = sources_of(place), bool(place.get("sources"))
    revisions = target.revisions if target is not None else revisions_of(place)
    types = target.source_types if target is not None else ()
    return Comparison(
        revisions[0],
        sources[0],
        "" if several or not types else types[0],
        resources,
        status,
        conditions,
        tuple(zip(sources, revisions, strict=True)) if several else (),
        types if several else (),
        loaded=target is not None,
    )


def _unknown(key: Key, target: Object | None, live: Object | None) -> Managed:
    obj = live if live is not None else target
    assert obj is not None, "a resource is somewhere"
    return Managed(key, _version(obj), target, live, UNKNOWN, hook=hooks.is_hook(obj))


def _version(obj: Object) -> str:
    return str(obj.get("apiVersion", "")).rpartition("/")[2]
