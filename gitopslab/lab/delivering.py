"""The facade's pictures of what Flux and Argo CD bring: the lanes of a commit, the tree, the drift.

A part of ``Lab``, kept apart because it has a subject of its own. Drawing is ``widgets``', what is drawn ``views``'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from gitopslab.clusters.delivery import Delivery
from gitopslab.errors import LabError
from gitopslab.gitops.argocd.kinds import APPLICATIONS
from gitopslab.gitops.argocd.kinds import NAMESPACE as ARGO_PLACE
from gitopslab.gitops.flux.installation import NAMESPACE as FLUX_PLACE
from gitopslab.gitops.flux.kinds import KUSTOMIZATIONS
from gitopslab.gitops.place import git_url
from gitopslab.lab.forging import Forging
from gitopslab.lab.part import Part
from gitopslab.machinery.objects import Object, name_of, namespace_of
from gitopslab.views.reconciler import FOLLOWED, Objects, Target, all_owned, reconciler

if TYPE_CHECKING:
    from gitopslab.lab.gitside import GitSide
    from gitopslab.widgets.drift import DriftView
    from gitopslab.widgets.lanes import LanesView
    from gitopslab.widgets.tree import TreeView

_PLACES = {"Kustomization": FLUX_PLACE, "Application": ARGO_PLACE}
_WORDS = {
    "Kustomization": ("kustomization", "kustomizations", "ks", KUSTOMIZATIONS),
    "Application": ("application", "applications", "app", "apps", APPLICATIONS),
}
_RESOURCES = {"Kustomization": KUSTOMIZATIONS, "Application": APPLICATIONS}


class Delivering(Forging, Part):
    """What Flux and Argo CD bring from Git, as pictures."""

    def lanes(self, project: str = "", *, kustomization: str = "", application: str = "") -> LanesView:
        """One commit, two lanes: what Flux and Argo CD did with it, and when; and what differs from Git since.

        Its buttons change an object in the cluster, remove a file by a commit, and undo the newest commit; ``act``
        does the same from a cell.

        Args:
            project: ``group/project``, on the lab's Git server; default the only one that they take from.
            kustomization: Of Flux, as ``"app"`` or ``"NAMESPACE/app"``; default the first that takes from the project.
            application: Of Argo CD, likewise.

        Raises:
            LabError: Neither of them takes anything from the project, or none is named and there are several.

        Example:
            >>> lab.lanes("waal/shop")
            >>> lab.lanes("waal/shop").act("drift")
            'kubectl scale deployment/web --replicas=3 -n shop'
        """
        from gitopslab.lab.gitside import GitSide
        from gitopslab.lab.hand import Hand
        from gitopslab.widgets.lanes import LanesView

        place = self._forge()
        name = (project or self._only_project()).strip("/").removesuffix(".git")
        targets = self._lane_targets(name, kustomization, application)
        hand = Hand(self.client, place, name, targets)

        def make() -> LanesView:
            return LanesView(
                self._delivery(targets, GitSide(self.client, place, targets, name), "events"),
                name,
                targets,
                actions=hand.actions,
                cluster=self._cluster_name,
                still=self._still,
            )

        return self._live(("lanes", name, str(targets)), make)

    def tree(self, what: str, *, namespace: str | None = None) -> TreeView:
        """From Git to pods: the source, who reconciles it, its objects, what those own; health and sync are two marks.

        It may be shown before the object exists.

        Args:
            what: ``"kustomization/app"`` of Flux, or ``"application/shop"`` of Argo CD.
            namespace: Where it is; default where such objects usually are, ``flux-system`` or ``argocd``.

        Raises:
            LabError: It is neither of the two.

        Example:
            >>> lab.tree("kustomization/flux-system")
        """
        from gitopslab.views.tree.tree import OWNED
        from gitopslab.widgets.tree import TreeView

        target = _named(what, namespace)

        def make() -> TreeView:
            source = self._delivery([target], self._git_side([target]), *OWNED)
            return TreeView(source, target, cluster=self._cluster_name, still=self._still)

        return self._live(("tree", *target), make)

    def drift(self, what: str, *, namespace: str | None = None) -> DriftView:
        """Git against the cluster, field by field: what differs, who set it, and what becomes of it.

        Args:
            what: ``"kustomization/app"`` of Flux, or ``"application/shop"`` of Argo CD.
            namespace: Where it is; default where such objects usually are, ``flux-system`` or ``argocd``.

        Raises:
            LabError: It is neither of the two.

        Example:
            >>> [row.path for row in lab.drift("kustomization/app").differences]
            ['spec.replicas']
        """
        from gitopslab.widgets.drift import DriftView

        target = _named(what, namespace)

        def make() -> DriftView:
            source = self._delivery([target], self._git_side([target]))
            return DriftView(source, target, cluster=self._cluster_name, still=self._still)

        return self._live(("drift", *target), make)

    def _git_side(self, targets: Sequence[Target]) -> GitSide:
        from gitopslab.lab.gitside import GitSide

        return GitSide(self.client, self._forge(), targets)

    def _delivery(self, targets: Sequence[Target], git: GitSide, *more: str) -> Callable[[], Delivery]:
        """A source of what these own and of what Git says of it."""
        there = {each.key for each in self.client.discovery(fresh=True)}
        kinds = [kind for target in targets for kind in FOLLOWED[target[0]] if kind in there]
        controls = self._controls

        def owned(objects: Objects) -> list[Object]:
            found = [one for target in targets if (one := reconciler(objects, *target)) is not None]
            return [obj for one in found for obj in all_owned(objects, one)]

        return lambda: Delivery(self.client, [*dict.fromkeys(kinds), *more], controls, owned=owned, git=git)

    def _lane_targets(self, project: str, kustomization: str, application: str) -> list[Target]:
        wanted = {"Kustomization": kustomization, "Application": application}
        named = [_target(kind, name) for kind, name in wanted.items() if name]
        found = named or [one for kind in wanted if (one := self._first(kind, project)) is not None]
        if not found:
            raise LabError(
                f"Neither Flux nor Argo CD takes anything from {project}",
                f"Make a Kustomization or an Application whose source is {git_url(project)}",
            )
        return found

    def _first(self, kind: str, project: str) -> Target | None:
        """The first of a kind that takes its files from a project."""
        return next((target for target, url in self._urls(kind) if url.endswith(f"/{project}")), None)

    def _only_project(self) -> str:
        """The project that Flux and Argo CD take from, when there is one and no other."""
        server = git_url("").removesuffix(".git")
        found = {url for kind in FOLLOWED for _, url in self._urls(kind) if url.startswith(server)}
        projects = sorted(url.removeprefix(server) for url in found)
        if len(projects) == 1:
            return projects[0]
        raise LabError(
            f"Which project is meant? Flux and Argo CD take from {' and '.join(projects) or 'none yet'}",
            f'lab.lanes("{projects[0] if projects else "GROUP/PROJECT"}")',
        )

    def _urls(self, kind: str) -> Iterator[tuple[Target, str]]:
        """All of a kind, each with the repository that it takes its files from."""
        there = {each.key for each in self.client.discovery(fresh=True)}
        objects = {each: self.client.list(each) for each in FOLLOWED[kind] if each in there}
        for obj in objects.get(_RESOURCES[kind], ()):
            target = (kind, namespace_of(obj), name_of(obj))
            one = reconciler(objects, *target)
            if one is not None:
                yield target, one.url.removesuffix(".git")


def _named(what: str, namespace: str | None) -> Target:
    """``kustomization/app`` or ``application/shop``, in the spellings of the two tools."""
    word, _, name = what.partition("/")
    for kind, words in _WORDS.items():
        if name and word.lower() in words:
            return _target(kind, name, namespace)
    raise LabError(
        f"{what!r} is neither a Kustomization of Flux nor an Application of Argo CD",
        'Name it as "kustomization/app" or "application/shop"',
    )


def _target(kind: str, name: str, namespace: str | None = None) -> Target:
    """``app`` or ``NAMESPACE/app``, in the namespace where such objects usually are."""
    place, _, rest = name.rpartition("/")
    return kind, place or namespace or _PLACES[kind], rest
