"""Who brings Git to the cluster, read alike: a Flux Kustomization or an Argo CD Application.

Called by ``drift``, ``lanes`` and ``tree``; reads the objects themselves, on any cluster. What the two tools do
differently is said here in words: what they own, which commit they have brought, and what they put back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gitopslab.gitops.argocd.kinds import APPLICATIONS, FIELD_MANAGER, GROUP
from gitopslab.gitops.flux.dependencies import source_of
from gitopslab.gitops.flux.kinds import (
    GIT_REPOSITORIES,
    KUSTOMIZATIONS,
    KUSTOMIZE,
    OCI_REPOSITORIES,
    SOURCES,
    is_suspended,
)
from gitopslab.gitops.flux.ownership import MANAGER
from gitopslab.gitops.inventory import entries_of
from gitopslab.machinery.objects import Object, condition_of, group_of, name_of, namespace_of

FLUX, ARGO = "Flux", "Argo CD"
FOLLOWED = {"Kustomization": (KUSTOMIZATIONS, GIT_REPOSITORIES, OCI_REPOSITORIES), "Application": (APPLICATIONS,)}
"""What is followed to know one of that kind."""

Objects = Mapping[str, list[Object]]
"""Objects by the kind they are followed as."""
Key = tuple[str, str, str, str]
"""Group, kind, namespace and name."""
Target = tuple[str, str, str]
"""Kind, namespace and name of a Kustomization or an Application."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What becomes of a difference from Git.

    Attributes:
        is_done: Whether the tool puts it back by itself.
        words: When it does, or why it does not.
        prunes: Whether what is no longer in Git is deleted.
        follows: Whether new commits come by themselves.
    """

    is_done: bool
    words: str
    prunes: bool
    follows: bool


@dataclass(frozen=True, slots=True)
class Reconciler:
    """A Kustomization or an Application.

    Attributes:
        tool: ``FLUX`` or ``ARGO``.
        object: Itself.
        source: Of a Kustomization: the object it takes its files from; None when there is none.
        manager: As whom it writes, in ``managedFields``.
        owned: What it owns, as far as it tells: ``apiVersion``, ``kind``, name and namespace of each.
        revision: The commit it has brought, as Git names it; empty when none.
        repair: What becomes of differences.
    """

    tool: str
    object: Object
    source: Object | None
    manager: str
    owned: tuple[Object, ...]
    revision: str
    repair: Repair

    @property
    def title(self) -> str:
        """As in ``Kustomization flux-system/app``."""
        return f"{self.object['kind']} {namespace_of(self.object)}/{name_of(self.object)}"

    @property
    def url(self) -> str:
        """Of its repository."""
        if self.tool == ARGO:
            return str(argo_source(self.object).get("repoURL") or "")
        return str((self.source or {}).get("spec", {}).get("url") or "")


def reconciler(objects: Objects, kind: str, namespace: str, name: str) -> Reconciler | None:
    """The one of that name, or None when it is not there.

    Args:
        objects: With those ``FOLLOWED`` for its kind among them.
        kind: ``Kustomization`` or ``Application``.
        namespace: Where it is.
        name: Its name.
    """
    found = _find(objects.get(FOLLOWED[kind][0], ()), namespace, name)
    if found is None:
        return None
    return _application(found) if kind == "Application" else _kustomization(found, objects)


def nested(objects: Objects, obj: Object) -> Reconciler | None:
    """An object that is itself a Kustomization or an Application; None for any other."""
    groups = {"Kustomization": KUSTOMIZE, "Application": GROUP}
    kind = str(obj.get("kind", ""))
    if group_of(str(obj.get("apiVersion", ""))) != groups.get(kind, "none"):
        return None
    return reconciler(objects, kind, namespace_of(obj), name_of(obj))


def all_owned(objects: Objects, one: Reconciler) -> list[Object]:
    """What it owns, and what the Kustomizations and Applications among that own."""
    found: list[Object] = []
    waiting, seen = [one], {one.title}
    while waiting:
        here = waiting.pop()
        found += here.owned
        inner = [each for ref in here.owned if (each := nested(objects, ref)) is not None and each.title not in seen]
        seen |= {each.title for each in inner}
        waiting += inner
    return found


def argo_source(application: Object) -> Object:
    """The source of an Application, or the first of several."""
    spec = application.get("spec") or {}
    several: list[Object] = spec.get("sources") or [spec.get("source") or {}]
    return several[0]


def commit_of(revision: str) -> str:
    """The commit of a revision such as ``main@sha1:…``; Argo CD's revisions are commits."""
    return revision.rpartition(":")[2]


def key(obj: Object) -> Key:
    """What tells an object apart, whatever its version."""
    return group_of(str(obj.get("apiVersion", ""))), str(obj.get("kind", "")), namespace_of(obj), name_of(obj)


def live_objects(objects: Objects) -> dict[Key, Object]:
    """Every object that is followed."""
    return {key(obj): obj for several in objects.values() for obj in several if "kind" in obj}


def _find(objects: Iterable[Object], namespace: str, name: str) -> Object | None:
    return next((obj for obj in objects if (namespace_of(obj), name_of(obj)) == (namespace, name)), None)


def _kustomization(obj: Object, objects: Objects) -> Reconciler:
    status, spec = obj.get("status") or {}, obj["spec"]
    kind, namespace, name = source_of(obj)
    return Reconciler(
        FLUX,
        obj,
        _find(objects.get(SOURCES.get(kind, ""), ()), namespace, name),
        MANAGER,
        tuple(entry.object for entry in entries_of(status.get("inventory"))),
        commit_of(str(status.get("lastAttemptedRevision" if is_checked(obj) else "lastAppliedRevision") or "")),
        Repair(not is_suspended(obj), _flux_repair(obj), bool(spec.get("prune")), not is_suspended(obj)),
    )


def is_checked(kustomization: Object) -> bool:
    """Whether what a Kustomization attempted is applied, and its health is being looked at, or was found bad."""
    ready = condition_of(kustomization, "Ready") or {}
    doing = (condition_of(kustomization, "Reconciling") or {}).get("message", "")
    is_looking = ready.get("status") == "Unknown" and doing.startswith("Running health checks")
    return is_looking or ready.get("reason") == "HealthCheckFailed"


def _flux_repair(obj: Object) -> str:
    if is_suspended(obj):
        return "it is suspended"
    return f"at its next reconcile, within {obj['spec'].get('interval', '')}"


def _application(obj: Object) -> Reconciler:
    status, automated = obj.get("status") or {}, _automated(obj)
    owned = tuple(_reference(each) for each in status.get("resources") or () if not each.get("hook"))
    heals, prunes = bool(automated and automated.get("selfHeal")), bool(automated and automated.get("prune"))
    return Reconciler(
        ARGO,
        obj,
        None,
        FIELD_MANAGER,
        owned,
        _argo_revision(status),
        Repair(heals, _argo_repair(automated), prunes, automated is not None),
    )


def _argo_revision(status: Object) -> str:
    """What is there: a commit that changes nothing is not deployed, and there all the same."""
    sync = status.get("sync") or {}
    if sync.get("status") == "Synced":
        return str(sync.get("revision") or "")
    done = (status.get("operationState") or {}).get("syncResult") or {}
    last: Object = next(iter(reversed(status.get("history") or ())), {})
    return str(last.get("revision") or done.get("revision") or "")


def _automated(obj: Object) -> Object | None:
    automated: Object | None = ((obj.get("spec") or {}).get("syncPolicy") or {}).get("automated")
    return None if automated is None or automated.get("enabled") is False else automated


def _argo_repair(automated: Object | None) -> str:
    if automated is None:
        return "syncs are manual"
    return "at once (selfHeal is on)" if automated.get("selfHeal") else "selfHeal is off"


def _reference(resource: Object) -> Object:
    group, version = resource.get("group") or "", resource.get("version") or ""
    metadata = {key: resource[key] for key in ("name", "namespace") if resource.get(key)}
    return {
        "apiVersion": f"{group}/{version}" if group else version,
        "kind": resource.get("kind", ""),
        "metadata": metadata,
    }
