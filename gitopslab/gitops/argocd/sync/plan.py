"""What a sync has to do: a task for each object and phase, in order, and whether all of it may be done.

Source: ``getSyncTasks`` and ``autoCreateNamespace`` in ``gitops-engine/pkg/sync/sync_context.go``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.kinds import HOOK_FINALIZER, SYNCED
from gitopslab.gitops.argocd.options import has_option
from gitopslab.gitops.argocd.state import Comparison, Key, Managed, key_of
from gitopslab.gitops.argocd.sync.order import defines, in_order, mirror_prune_waves, prune_last
from gitopslab.gitops.argocd.sync.results import Results
from gitopslab.gitops.argocd.sync.settings import Settings
from gitopslab.gitops.argocd.sync.task import SYNC_FAILED, Task
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, copy_of, name_of, namespace_of

Refusal = Callable[[Object, bool], str]
"""Why an object, whose kind belongs to namespaces or not, may not be applied; empty when it may."""

_MISSING = "the server could not find the requested resource"
_SKIPS_DRY_RUN = "SkipDryRunOnMissingResource=true"
_SHORT = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        tasks: In order.
        faults: Why it may not be done, each said once; then nothing of it is.
        synced: The objects that are as they should be.
    """

    tasks: list[Task]
    faults: list[str]
    synced: frozenset[Key]


def plan(
    comparison: Comparison,
    settings: Settings,
    results: Results,
    catalog: Catalog,
    refusal: Refusal,
    namespace: Object | None,
) -> Plan:
    """What a sync has to do.

    Args:
        comparison: With what is compared now.
        settings: How the sync is done.
        results: Of earlier steps; what may not be done is noted there.
        catalog: Which kinds there are.
        refusal: What the project forbids.
        namespace: The application's namespace as it is; None when it is not there.
    """
    tasks = [*_of_resources(comparison, settings), *_of_hooks(comparison, settings)]
    for task in tasks:
        task.home = settings.namespace
    tasks += _of_namespace(comparison, settings, namespace)
    targets = [row.target for row in comparison.resources if row.target is not None]
    faults = [fault for task in tasks if (fault := _fault(task, settings, results, catalog, refusal, targets))]
    mirror_prune_waves(tasks)
    prune_last(tasks, everything=settings.has("PruneLast=true"))
    tasks = in_order(tasks, settings.namespace)
    for task in tasks:
        results.recall(task)
    synced = frozenset(row.key for row in comparison.resources if row.status == SYNCED)
    return Plan(tasks, sorted(set(faults)), synced)


def _of_resources(comparison: Comparison, settings: Settings) -> Iterator[Task]:
    for row in comparison.resources:
        obj = row.target if row.target is not None else row.object
        if not hooks.is_hook(obj) and _is_ours(row) and settings.selects(row.key):
            for phase in hooks.phases(obj):
                yield Task(phase, row.target, row.live)


def _is_ours(row: Managed) -> bool:
    """Whether it is a resource of this application, and not something that only carries a copy of its tracking id."""
    return row.target is not None or row.requires_pruning or bool(row.status)


def _of_hooks(comparison: Comparison, settings: Settings) -> Iterator[Task]:
    if settings.skips_hooks:
        return
    live = {key_of(row.live): row.live for row in comparison.resources if row.live is not None}
    for row in comparison.resources:
        if row.target is not None and hooks.is_hook(row.target):
            for phase in hooks.phases(row.target):
                target = _started(row.target, phase, comparison.revision, settings.started)
                yield Task(phase, target, live.get(key_of(target)))


def _started(hook: Object, phase: str, revision: str, started: float) -> Object:
    """A hook as it is applied: with a name, and with the finalizer that keeps its outcome until it was seen."""
    target: Object = copy_of(hook)
    metadata = target["metadata"]
    if not name_of(target):
        suffix = f"{revision[:_SHORT]}-{phase}-{int(started)}".lower()
        metadata["name"] = f"{metadata.get('generateName', '')}{suffix}"
    finalizers = metadata.get("finalizers") or []
    if HOOK_FINALIZER not in finalizers:
        metadata["finalizers"] = [*finalizers, HOOK_FINALIZER]
    return target


def _of_namespace(comparison: Comparison, settings: Settings, live: Object | None) -> Iterator[Task]:
    """The namespace, unless Git has it; it is made first and belongs to nobody."""
    is_in_git = any(row.target is not None and is_namespace(row.target, settings) for row in comparison.resources)
    target = settings.namespace_object(exists=live is not None)
    if target is not None and not is_in_git:
        yield Task(hooks.PRE_SYNC, target, live)


def is_namespace(obj: Object, settings: Settings) -> bool:
    """Whether an object is the application's namespace."""
    return (obj.get("apiVersion"), obj.get("kind"), name_of(obj)) == ("v1", "Namespace", settings.namespace)


def _fault(
    task: Task, settings: Settings, results: Results, catalog: Catalog, refusal: Refusal, targets: list[Object]
) -> str:
    """Why a task may not be done, noted as its result; empty when it may."""
    resource = catalog.of(task.object)
    if resource is not None:
        fault = refusal(task.object, resource.namespaced)
        if fault:
            results.put(task, SYNC_FAILED, "", fault)
        return fault
    key = task.key
    comes = any(defines(target, key.group, key.kind) for target in targets)
    if comes or settings.has(_SKIPS_DRY_RUN) or has_option(task.target, _SKIPS_DRY_RUN):
        task.skips_dry_run = True
        return ""
    version = str(task.object.get("apiVersion", ""))
    if any(row.api_version == version for row in catalog):
        fault = f'{key.kind}{f".{key.group}" if key.group else ""} "" not found'
        results.put(task, SYNC_FAILED, "", fault)
        return fault
    results.put(task, SYNC_FAILED, "", _explained(task, catalog))
    return f"failed to discover server resources for group version {version}: {_MISSING}"


def _explained(task: Task, catalog: Catalog) -> str:
    """What to do about a kind that the cluster does not have (``AugmentSyncMsg`` in ``util/argo/argo.go``)."""
    key, version = task.key, str(task.object.get("apiVersion", "")).rpartition("/")[2]
    kind = f"{key.group}/{key.kind}"
    what = f"for requested resource {namespace_of(task.object)}/{key.name}."
    served = next((row for row in catalog if (row.group, row.kind) == (key.group, key.kind)), None)
    if served is None:
        there = f'Make sure the "{key.kind}" CRD is installed on the destination cluster.'
        return f"The Kubernetes API could not find {kind} {what} {there}"
    there = f'Version "{served.version}" of {kind} is installed on the destination cluster.'
    return f'The Kubernetes API could not find version "{version}" of {kind} {what} {there}'
