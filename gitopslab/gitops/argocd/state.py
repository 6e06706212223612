"""What a comparison of an Application says: the words that comparing, syncing, health and the tree share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gitopslab.machinery.objects import Object, group_of, name_of, namespace_of


class Key(NamedTuple):
    """Which object; versions of one kind are the same object.

    Attributes:
        group: Empty for core.
        kind: As in manifests.
        namespace: Empty for what belongs to the cluster.
        name: Its name.
    """

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """As Argo CD spells it in messages: ``apps/Deployment/default/web``."""
        return "/".join(self)


def key_of(obj: Object) -> Key:
    """The key of an object as it stands."""
    return Key(group_of(obj.get("apiVersion", "")), obj.get("kind", ""), namespace_of(obj), name_of(obj))


@dataclass(frozen=True, slots=True)
class Managed:
    """One resource of an Application: what Git says and what is there.

    Attributes:
        key: Which one.
        version: Of its API, without the group.
        target: As it would be applied, with its tracking id and its namespace; None when it is not in Git.
        live: As it is; None when it is not there. Shared: copy before changing.
        status: ``Synced``, ``OutOfSync``, or empty for hooks, what is skipped and what only carries a copied id.
        hook: Whether it is a hook, or skipped.
        requires_pruning: Whether it is there and no longer in Git.
    """

    key: Key
    version: str
    target: Object | None
    live: Object | None
    status: str
    hook: bool = False
    requires_pruning: bool = False

    @property
    def object(self) -> Object:
        """The live object, else the one in Git."""
        found = self.live if self.live is not None else self.target
        assert found is not None, "a resource is somewhere"
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of one comparison.

    Attributes:
        revision: The commit, 40 digits; empty when unknown.
        source: That was compared: an ``ApplicationSource``.
        source_type: ``Directory``, ``Kustomize`` or ``Helm``.
        resources: By key.
        status: ``Synced``, ``OutOfSync`` or ``Unknown``.
        conditions: What is wrong: ``type`` and ``message`` each.
        sources: All of them with ``spec.sources``, each with its commit; none with ``spec.source``.
        source_types: Of ``sources``.
        loaded: Whether Git could be read; else the revisions are only what was asked for.
    """

    revision: str
    source: Object
    source_type: str
    resources: tuple[Managed, ...]
    status: str
    conditions: tuple[Object, ...] = ()
    sources: tuple[tuple[Object, str], ...] = ()
    source_types: tuple[str, ...] = ()
    loaded: bool = True

    @property
    def place(self) -> Object:
        """What was compared, in the words of operations: ``source`` and ``revision``, or several of each."""
        if not self.sources:
            return {"source": self.source, "revision": self.revision}
        return {"sources": [one for one, _ in self.sources], "revisions": [commit for _, commit in self.sources]}
