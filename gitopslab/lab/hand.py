"""What the buttons of the lanes do: drift through the API as kubectl would, prune and revert through Git.

Each gives a sentence that names the command which does the same. Nothing is printed: buttons work beside the cells.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import USER, Address
from gitopslab.errors import LabError
from gitopslab.gitops.git.origin import Origin
from gitopslab.gitops.git.working import WorkingCopy
from gitopslab.machinery.objects import name_of, namespace_of
from gitopslab.views.reconciler import ARGO, FOLLOWED, Reconciler, Target, argo_source, reconciler

_MERGE = "application/merge-patch+json"
_NAMESPACE = re.compile(r"^kind:\s*Namespace\s*$", re.MULTILINE)
_LISTS = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class Hand:
    """Acts on what Flux and Argo CD bring from one project.

    Args:
        client: The cluster's API.
        place: Where the lab's forge is.
        project: The project.
        targets: The Kustomization, the Application, or both.
    """

    def __init__(self, client: Client, place: Address, project: str, targets: Sequence[Target]) -> None:
        self._client = client
        self._place = place
        self._project = project
        self._targets = targets
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._copy: WorkingCopy | None = None

    @property
    def actions(self) -> dict[str, Callable[[], str]]:
        """What the buttons do, by their word."""
        return {"drift": self.drift, "prune": self.prune, "revert": self.revert}

    def drift(self) -> str:
        """Change one object of each tool in the cluster, and leave Git as it is.

        Raises:
            LabError: They own nothing that could be changed.
        """
        done = [said for one in self._reconcilers() if (said := self._drift_of(one))]
        if not done:
            raise LabError("There is no Deployment and no ConfigMap to change", "Push one, and wait until it is there")
        return " · ".join(done)

    def prune(self) -> str:
        """Remove a manifest of each tool by one commit, and push it.

        Raises:
            LabError: There is none.
        """
        copy = self._fresh()
        folders = sorted({_folder(one) for one in self._reconcilers()})
        files = sorted({found for folder in folders if (found := _removable(copy.folder, folder))})
        if not files:
            raise LabError(f"{self._project} has no manifest to remove", "Commit one first")
        for file in files:
            _remove(copy.folder, file)
        return f"git rm {' '.join(files)} && git commit && git push: {self._push(copy.commit(_message(files)))}"

    def revert(self) -> str:
        """Undo the newest commit by another one, and push it.

        Raises:
            LabError: What it changed has changed again since, or it was the first.
        """
        copy = self._fresh()
        newest = copy.log(1)[0]
        if not newest.parents:
            raise LabError("The first commit cannot be undone: nothing was before it", "Commit something first")
        return f"git revert {newest.sha[:8]} && git push: {self._push(copy.revert())}"

    # ---- the cluster ----

    def _reconcilers(self) -> list[Reconciler]:
        kinds = {kind for target in self._targets for kind in FOLLOWED[target[0]]}
        there = {each.key for each in self._client.discovery()}
        objects = {kind: self._client.list(kind) for kind in kinds if kind in there}
        return [one for target in self._targets if (one := reconciler(objects, *target)) is not None]

    def _drift_of(self, one: Reconciler) -> str:
        """Change what this one owns: a Deployment's replicas, else a value of a ConfigMap."""
        for kind, change in (("Deployment", self._scale), ("ConfigMap", self._edit)):
            for owned in one.owned:
                if owned["kind"] == kind and (said := change(namespace_of(owned), name_of(owned))):
                    return said
        return ""

    def _scale(self, namespace: str, name: str) -> str:
        now = self._client.get("deployments.apps", name, namespace, subresource="scale")["spec"].get("replicas", 0)
        path = self._client.path(self._client.resource("deployments.apps"), namespace, name, "scale")
        # As kubectl names itself: Flux takes over what is kubectl's, and leaves what others set.
        self._client.request("PATCH", path, {"spec": {"replicas": now + 1}}, {"fieldManager": "kubectl"}, _MERGE)
        return f"kubectl scale deployment/{name} --replicas={now + 1} -n {namespace}"

    def _edit(self, namespace: str, name: str) -> str:
        data = self._client.get("configmaps", name, namespace).get("data") or {}
        key = next(iter(sorted(data)), "")
        if not key:
            return ""
        path = self._client.path(self._client.resource("configmaps"), namespace, name)
        change = {"data": {key: f"{data[key]} (drifted)"}}
        self._client.request("PATCH", path, change, {"fieldManager": "kubectl-edit"}, _MERGE)
        return f"kubectl edit configmap/{name} -n {namespace}: {key}"

    # ---- Git ----

    def _fresh(self) -> WorkingCopy:
        """A working copy with the newest commit."""
        if self._copy is None:
            self._folder = tempfile.TemporaryDirectory(prefix="gitopslab-")
            url = f"{self._place.url}/{self._project}.git"
            self._copy = WorkingCopy.clone(Path(self._folder.name) / "copy", Origin(url, USER, self._place.token))
        else:
            self._copy.pull()
        if not self._copy.head():
            raise LabError(f"{self._project} has no commits yet", "Push one first")
        return self._copy

    def _push(self, sha: str) -> str:
        assert self._copy is not None
        self._copy.push()
        return sha[:8]


def _folder(one: Reconciler) -> str:
    path = argo_source(one.object).get("path") if one.tool == ARGO else one.object["spec"].get("path")
    return str(PurePosixPath(str(path or ".").lstrip("/")))


def _removable(root: Path, folder: str) -> str:
    """The last of several manifests below a folder, else below the root; empty when there is none to spare."""
    for place in dict.fromkeys((root / folder, root)):
        found = sorted(file for ending in ("*.yaml", "*.yml") for file in place.rglob(ending) if _is_spare(file, root))
        if len(found) > 1:
            return found[-1].relative_to(root).as_posix()
    return ""


def _is_spare(file: Path, root: Path) -> bool:
    """Neither a list of others, nor Flux's own, nor a Namespace, without which the others have no place."""
    parts = file.relative_to(root).parts
    if file.name in _LISTS or any(part.startswith(".") or part == "flux-system" for part in parts):
        return False
    return not _NAMESPACE.search(file.read_text(encoding="utf-8", errors="replace"))


def _remove(root: Path, file: str) -> None:
    """Remove a file, and its line in the kustomization beside it."""
    path = root / file
    path.unlink()
    for name in _LISTS:
        listed = path.with_name(name)
        if listed.is_file():
            lines = listed.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if line.strip().lstrip("- ").removeprefix("./").strip("\"'") != path.name]
            listed.write_text("".join(kept), encoding="utf-8")


def _message(files: Sequence[str]) -> str:
    return f"Remove {', '.join(PurePosixPath(file).name for file in files)}"
