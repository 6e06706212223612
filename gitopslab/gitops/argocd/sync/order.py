"""In which order a sync does things: by phase, wave, kind and name.

Pruning runs the waves backwards, so that what was made last goes first. A Namespace, or a CustomResourceDefinition,
comes before the first object that needs it, whatever its own wave. Sources: ``gitops-engine/pkg/sync/sync_tasks.go``
and ``getSyncTasks`` in ``sync_context.go``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.options import has_option
from gitopslab.gitops.argocd.sync.task import Task
from gitopslab.machinery.objects import Object, group_of, name_of, namespace_of

_KINDS = (
    "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
    "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
    "CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList",
    "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController",
    "ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress",
    "APIService",
)  # fmt: skip
_RANK = {kind: rank for rank, kind in enumerate(_KINDS)}
_PHASE_RANK = {phase: rank for rank, phase in enumerate(hooks.PHASES)}


def in_order(tasks: Iterable[Task], namespace: str) -> list[Task]:
    """Tasks in the order in which they are done; what others need is moved to their phase and wave.

    Args:
        tasks: In any order.
        namespace: The application's, which even what belongs to the cluster is thought to need.
    """
    found = sorted(tasks, key=_place)
    _pull_forward(found, _namespace_made, lambda obj: namespace_of(obj) or namespace)
    _pull_forward(found, _kind_made, _kind_needed)
    return found


def mirror_prune_waves(tasks: Iterable[Task]) -> None:
    """Have the last wave of what is pruned go first."""
    by_wave: dict[int, list[Task]] = defaultdict(list)
    for task in tasks:
        if task.is_prune:
            by_wave[task.wave].append(task)
    waves = sorted(by_wave)
    for wave, mirrored in zip(waves, reversed(waves), strict=True):
        for task in by_wave[wave]:
            task.moved_to = mirrored


def prune_last(tasks: Sequence[Task], *, everything: bool) -> None:
    """Move what is to be pruned after everything else into a wave of its own.

    Args:
        tasks: All there are.
        everything: Whether the sync asks for it, and not only single objects.
    """
    last = max((task.wave for task in tasks if task.phase == hooks.SYNC), default=0)
    for task in tasks:
        if task.is_prune and (everything or has_option(task.live, "PruneLast=true")):
            task.moved_to = max(last, 0) + 1


def step_of(task: Task) -> tuple[str, int]:
    """Phase and wave: what is done at once."""
    return task.phase, task.wave


def is_multi_step(tasks: Sequence[Task]) -> bool:
    """Whether there is more than one wave or phase, so that each has to become healthy before the next."""
    return bool(tasks) and step_of(tasks[0]) != step_of(tasks[-1])


def _place(task: Task) -> tuple[int, int, int, str]:
    kind = str(task.object.get("kind", ""))
    return _PHASE_RANK[task.phase], task.wave, _RANK.get(kind, len(_KINDS)), name_of(task.object)


def _pull_forward(tasks: list[Task], made: Callable[[Object], str | None], needed: Callable[[Object], str]) -> None:
    """Move what makes something in front of the first task that needs it."""
    first: dict[str, Task] = {}
    for task in list(tasks):
        if task.target is None:
            continue
        makes = made(task.target)
        if makes is None:
            if needs := needed(task.target):
                first.setdefault(needs, task)
        elif makes in first:
            user = first[makes]
            task.phase, task.moved_to = step_of(user)
            tasks.remove(task)
            tasks.insert(tasks.index(user), task)


def _namespace_made(obj: Object) -> str | None:
    is_namespace = obj.get("kind") == "Namespace" and not group_of(str(obj.get("apiVersion", "")))
    return name_of(obj) if is_namespace else None


def _kind_made(obj: Object) -> str | None:
    spec = obj.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    if not is_definition(obj) or not isinstance(spec, dict) or not isinstance(names, dict):
        return None
    return f"{spec['group']}/{names['kind']}" if spec.get("group") and names.get("kind") else None


def _kind_needed(obj: Object) -> str:
    return f"{group_of(str(obj.get('apiVersion', '')))}/{obj.get('kind', '')}"


def is_definition(obj: Object) -> bool:
    """Whether an object is a CustomResourceDefinition."""
    group = group_of(str(obj.get("apiVersion", "")))
    return obj.get("kind") == "CustomResourceDefinition" and group == "apiextensions.k8s.io"


def defines(obj: Object, group: str, kind: str) -> bool:
    """Whether an object is the definition of a kind."""
    return _kind_made(obj) == f"{group}/{kind}"
