"""What Git says of a Kustomization or an Application, for widgets: its newest commits, and the objects it holds.

A ``Delivery`` asks it once a second, in a thread of its own; it asks the Git server for its refs, and for more only
when they or the object that names them have changed. What goes wrong is part of the answer.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gitopslab.clusters import forge
from gitopslab.clusters.attended import LAB
from gitopslab.clusters.client import Client
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.argocd.hooks import is_hook, is_skipped
from gitopslab.gitops.argocd.revision import resolve
from gitopslab.gitops.argocd.sources import sources_of
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import HEADS, File
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.place import git_url
from gitopslab.gitops.source import reference
from gitopslab.lab.rendering import address_of, of_application, of_kustomization
from gitopslab.machinery.objects import Object
from gitopslab.views.reconciler import FLUX, Objects, Reconciler, Target, argo_source, reconciler
from gitopslab.views.running import now_in

MOST_COMMITS = 6


@dataclass(frozen=True, slots=True)
class _Place:
    """Where files come from.

    Attributes:
        address: Of the repository.
        commit: Which one.
        source: The spec that names both.
    """

    address: Address
    commit: str
    source: Object


@dataclass(frozen=True, slots=True)
class _Made:
    """What a commit made, and of what."""

    cause: object
    told: Object


class GitSide:
    """Asks Git.

    Args:
        client: The cluster's API, for what substitutions name.
        place: Where the lab's forge is.
        targets: Whose objects are made.
        project: Whose commits are told; empty for nobody's.
    """

    def __init__(self, client: Client, place: forge.Address, targets: Sequence[Target], project: str = "") -> None:
        self._client = client
        self._place = place
        self._targets = targets
        self._project = project
        self._made: dict[Target, _Made] = {}
        self._log: list[Object] = []
        self._looked = 0.0
        self._known_refs: dict[Address, dict[str, str]] = {}

    def __call__(self, objects: Objects) -> Object:
        """What Git says now: ``commits``, ``trouble`` with them, and ``rendered``: by title what each target is."""
        self._known_refs.clear()
        found = {target: one for target in self._targets if (one := reconciler(objects, *target)) is not None}
        rendered = {one.title: self._rendered(target, one) for target, one in found.items()}
        trouble = ""
        try:
            if self._project:
                self._follow(objects, list(found.values()))
        except LabError as error:
            trouble = f"{self._project} cannot be read: {error.message}"
        return {"commits": list(self._log), "rendered": rendered, "trouble": trouble}

    # ---- commits ----

    def _follow(self, objects: Objects, found: Sequence[Reconciler]) -> None:
        before, self._looked = self._looked, time.time()
        address = address_of(git_url(self._project), self._place)
        head = _head(self._refs(address), found)
        if self._log and self._log[0]["sha"] == head:
            return
        ahead = now_in(objects.get(LAB, ()), self._looked) - self._looked
        known = {each["sha"]: each for each in self._log}
        entries = remote.log(address, head, MOST_COMMITS)
        # A commit that came while we looked was pushed after the look before; Git itself knows only when it was made.
        self._log = [
            known.get(each.sha)
            or {"sha": each.sha, "subject": each.subject, "author": each.author,
                "seconds": max(each.time, before) + ahead}
            for each in entries
        ]  # fmt: skip

    def _refs(self, address: Address) -> dict[str, str]:
        """The refs of a repository, asked once a look."""
        if address not in self._known_refs:
            self._known_refs[address] = remote.refs_and_head(address)
        return self._known_refs[address]

    # ---- objects ----

    def _rendered(self, target: Target, one: Reconciler) -> Object:
        try:
            places = self._flux_places(one) if one.tool == FLUX else self._argo_places(one)
            cause = (places, one.object["metadata"].get("uid"), one.object["spec"])
            known = self._made.get(target)
            if known is None or known.cause != cause:
                known = self._made[target] = _Made(cause, self._told(places, one))
        except LabError as error:
            return _trouble(error)
        return known.told

    def _told(self, places: Sequence[_Place], one: Reconciler) -> Object:
        """What the commits make; that they cannot be made is told as long as nothing changes."""
        checkouts = [remote.checkout(place.address, place.commit) for place in places]
        try:
            objects = [obj for place, found in zip(places, checkouts, strict=True)
                       for obj in self._objects(place, found.files, one)]  # fmt: skip
        except RenderError as error:
            return _trouble(error)
        return {"commit": places[0].commit, "objects": objects, "trouble": ""}

    def _objects(self, place: _Place, files: Mapping[str, File], one: Reconciler) -> list[Object]:
        if one.tool == FLUX:
            return of_kustomization(self._client, one.object, files, place.source.get("ignore"))
        if place.source.get("ref") and not place.source.get("path"):
            return []  # other sources take files of it, and it gives no manifests
        made = of_application(one.object, place.source, place.commit, files, self._client.discovery())
        return [obj for obj in made if not is_hook(obj) and not is_skipped(obj)]

    def _flux_places(self, one: Reconciler) -> list[_Place]:
        source = (one.source or {}).get("spec") or {}
        if not one.url:
            raise LabError("its source is not there")
        address = address_of(one.url, self._place)
        found = reference.find(source.get("ref"), self._refs(address), address.url)
        return [_Place(address, found.commit, source)]

    def _argo_places(self, one: Reconciler) -> list[_Place]:
        found = []
        for source in sources_of(one.object["spec"]):
            address = address_of(str(source.get("repoURL") or ""), self._place)
            refs = self._refs(address)
            found.append(_Place(address, resolve(str(source.get("targetRevision") or ""), refs), source))
        return found


def _trouble(error: LabError) -> Object:
    return {"commit": "", "objects": [], "trouble": error.message}


def _head(refs: Mapping[str, str], found: Sequence[Reconciler]) -> str:
    """The newest commit of the branch that the first of these follows, else of ``main``, else of any."""
    heads = {ref.removeprefix(HEADS): sha for ref, sha in refs.items() if ref.startswith(HEADS)}
    if not heads:
        raise LabError("it has no commits yet")
    wanted = [_branch(one) for one in found]
    return next((heads[name] for name in [*wanted, "main"] if name in heads), next(iter(heads.values())))


def _branch(one: Reconciler) -> str:
    if one.tool == FLUX:
        return str(((one.source or {}).get("spec", {}).get("ref") or {}).get("branch") or "")
    return str(argo_source(one.object).get("targetRevision") or "")
