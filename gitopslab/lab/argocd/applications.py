"""Applications as ``lab.argocd.create`` and ``set`` write them: short words become the spec of the real kind."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.kinds import GROUP, IN_CLUSTER, RESOURCES_FINALIZER
from gitopslab.machinery.objects import Object, copy_of

_PARTS = 3
_AUTOMATED = ("prune", "self_heal", "allow_empty")
_HINTS = {"prune": "auto-prune", "self_heal": "self-heal", "allow_empty": "allow-empty"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What can be said about an Application; None where nothing is said.

    Attributes:
        namespace: Where manifests go that name none.
        revision: Branch, tag or commit.
        path: Of the manifests.
        automated: Sync by itself.
        prune: While at it, delete what is no longer in Git.
        self_heal: While at it, undo what others change in the cluster.
        allow_empty: While at it, delete everything when Git has nothing.
        sync_options: As in ``CreateNamespace=true``.
        recurse: Into folders below the path.
        app_project: The AppProject.
        finalizer: Have its objects deleted with it.
        retry_limit: How often a sync is tried again.
    """

    namespace: str | None = None
    revision: str | None = None
    path: str | None = None
    automated: bool | None = None
    prune: bool | None = None
    self_heal: bool | None = None
    allow_empty: bool | None = None
    sync_options: Sequence[str] | None = None
    recurse: bool | None = None
    app_project: str | None = None
    finalizer: bool | None = None
    retry_limit: int | None = None

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Wishes:
        """From what was written in a call.

        Raises:
            LabError: A word is not known.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(words) - set(known))
        if unknown:
            raise LabError(f"{', '.join(unknown)}: no such thing can be said", f"What can: {', '.join(known)}")
        return cls(**words)

    def changed(self, spec: Object) -> Object:
        """A spec with these wishes in it.

        Raises:
            LabError: Prune or self-heal is asked of an application that does not sync by itself.
        """
        made: Object = copy_of(spec)
        source = made.setdefault("source", {})
        for place, key, value in (
            (made.setdefault("destination", {}), "namespace", self.namespace),
            (made, "project", self.app_project),
            (source, "targetRevision", self.revision),
            (source, "path", self.path),
        ):
            if value is not None:
                place[key] = value
        if self.recurse is not None:
            source["directory"] = {**(source.get("directory") or {}), "recurse": self.recurse}
        policy = self._policy(made.get("syncPolicy") or {})
        made["syncPolicy"] = policy
        if not policy:
            del made["syncPolicy"]
        return made

    def _policy(self, policy: Object) -> Object:
        automated = policy.get("automated")
        if self.automated is not None:
            automated = (automated or {}) if self.automated else None
        for word in _AUTOMATED:
            value = getattr(self, word)
            if value is None:
                continue
            if automated is None and value:
                raise LabError(
                    f"Cannot set --{_HINTS[word]}: application not configured with automatic sync", "Add automated=True"
                )
            if automated is not None:
                head, *rest = word.split("_")
                automated[head + "".join(part.capitalize() for part in rest)] = value
        parts = {**policy, "automated": automated}
        if self.sync_options is not None:
            parts["syncOptions"] = list(self.sync_options)
        if self.retry_limit is not None:
            parts["retry"] = {**(policy.get("retry") or {}), "limit": self.retry_limit}
        return {key: value for key, value in parts.items() if value is not None and value != []}


def application(name: str, url: str, path: str, wishes: Wishes, namespace: str) -> Object:
    """A new Application.

    Args:
        name: Of it.
        url: Of the repository.
        path: Of the manifests.
        wishes: More about it.
        namespace: Where Applications are.
    """
    spec = {
        "project": "default",
        "source": {"repoURL": url, "path": path, "targetRevision": "main"},
        "destination": {"server": IN_CLUSTER, "namespace": "default"},
    }
    metadata: Object = {"name": name, "namespace": namespace}
    if wishes.finalizer:
        metadata["finalizers"] = [RESOURCES_FINALIZER]
    made = {"apiVersion": f"{GROUP}/v1alpha1", "kind": "Application", "metadata": metadata}
    return {**made, "spec": wishes.changed(spec)}


def selected(app: Object, patterns: Sequence[str]) -> list[Object]:
    """The resources of an application that patterns name, for a partial sync.

    Args:
        app: The Application.
        patterns: As in ``apps:Deployment:web``; the name may have its namespace before it.

    Raises:
        LabError: A pattern has another form, or names nothing.
    """
    if not patterns:
        return []
    found = [
        {key: entry[key] for key in ("group", "kind", "name", "namespace") if entry.get(key)}
        for entry in (app.get("status") or {}).get("resources") or []
        if _is_selected(entry, patterns)
    ]
    if not found:
        raise LabError(f"no resource of the application matches {', '.join(patterns)}", "lab.argocd.get(NAME)")
    return found


def _is_selected(entry: Object, patterns: Sequence[str]) -> bool:
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    unwanted = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    named = not wanted or any(_matches(entry, pattern) for pattern in wanted)
    return named and not any(_matches(entry, pattern) for pattern in unwanted)


def _matches(entry: Object, pattern: str) -> bool:
    parts = pattern.split(":")
    if len(parts) != _PARTS:
        raise LabError(f"{pattern!r} names no resource", 'Write "GROUP:KIND:NAME", as in "apps:Deployment:web"')
    group, kind, name = parts
    namespace, slash, short = name.rpartition("/")
    fits = [(group, entry.get("group", "")), (kind, entry["kind"]), (short, entry["name"])]
    fits += [(namespace, entry.get("namespace", ""))] if slash else []
    return all(fnmatch.fnmatchcase(value, glob) for glob, value in fits)
