"""A shop that Flux and Argo CD brought to one cluster from one project, each to a namespace of its own.

The workloads, their pods and their field managers are a control plane's in memory; the objects of Flux and Argo CD are
as their controllers write them (`gitops.md` 1.2, 1.3, 1.5).
"""

from __future__ import annotations

import json
from typing import Any

from builders import config_map, deployment
from held_lab import Lab

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.gitops.argocd.kinds import APPLICATIONS
from gitopslab.gitops.flux.kinds import GIT_REPOSITORIES, KUSTOMIZATIONS
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, annotations_of, copy_of
from gitopslab.views.drift import Drift, drift
from gitopslab.views.lanes import Lanes, lanes
from gitopslab.views.reconciler import ARGO, FLUX, live_objects, reconciler
from gitopslab.views.tree import Tree, tree

OLD, NEW = "3f9a1c27" * 5, "8c4e02d1" * 5
FLUX_PLACE, ARGO_PLACE = "shop-flux", "shop-argo"
KINDS = ("deployments", "replicasets", "pods", "configmaps", "services", "events")
PLACES = {"Kustomization": KUSTOMIZATIONS, "GitRepository": GIT_REPOSITORIES, "Application": APPLICATIONS}
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Delivered:
    """A cluster to which both tools brought the shop.

    Attributes:
        lab: The control plane, whose clock is held.
        pushed: When the newest commit was pushed.
    """

    def __init__(self) -> None:
        self.lab = Lab(bare=True)
        self.pushed = self.lab.clock.now() - 100
        for place in (FLUX_PLACE, ARGO_PLACE):
            self.lab.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})
        for obj in self.git(FLUX_PLACE):
            self.write("kustomize-controller", obj, type="apply")
        for obj in self.git(ARGO_PLACE):
            noted = copy_of(obj)
            noted["metadata"]["annotations"] = {**annotations_of(obj), _LAST_APPLIED: json.dumps(obj)}
            self.as_manager("argocd-controller").create(noted)
        self.lab.advance(30)

    def git(self, place: str) -> list[Object]:
        """The shop as Git has it, as it is applied."""
        made = [config_map("words", place, data={"greeting": "hello"}), deployment("web", place, replicas=2)]
        for obj in made:
            if place == FLUX_PLACE:
                obj["metadata"]["labels"] = {
                    "kustomize.toolkit.fluxcd.io/name": "shop",
                    "kustomize.toolkit.fluxcd.io/namespace": "flux-system",
                }
            else:
                group = "apps" if obj["kind"] == "Deployment" else ""
                tracking = f"shop:{group}/{obj['kind']}:{place}/{obj['metadata']['name']}"
                obj["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": tracking}
        return made

    def as_manager(self, manager: str) -> LocalApi:
        """The Api for somebody with a field manager of his own."""
        return LocalApi(self.lab.plane.verbs, Caller("learner", ("system:masters",), manager))

    def write(self, manager: str, obj: Object, **how: Any) -> None:
        """Write an object, or a part of it, as a field manager."""
        kind = {"Deployment": "deployments.apps", "ConfigMap": "configmaps"}[obj["kind"]]
        metadata = obj["metadata"]
        self.as_manager(manager).patch(kind, metadata["name"], obj, metadata["namespace"], **how)

    def scale(self, place: str, replicas: int) -> None:
        """What ``kubectl scale`` does."""
        change = {"spec": {"replicas": replicas}}
        self.as_manager("kubectl").patch("deployments.apps", "web", change, place, subresource="scale")
        self.lab.plane.settle()

    def objects(self, *reconcilers: Object) -> dict[str, list[Object]]:
        """What a widget that follows all of it has at hand."""
        found = self.lab.objects(KINDS)
        for obj in reconcilers:
            found.setdefault(PLACES[obj["kind"]], []).append(obj)
        return found

    def at(self, seconds: float) -> str:
        """So long after the push, as the API writes it."""
        return timestamp(self.pushed + seconds)

    def commits(self) -> list[Object]:
        """The newest commits, newest first."""
        return [
            {"sha": NEW, "subject": "Two replicas", "author": "Learner", "seconds": self.pushed},
            {"sha": OLD, "subject": "Open the shop", "author": "Learner", "seconds": self.pushed - 600},
        ]

    def source(self, **status: Any) -> Object:
        """The GitRepository, with the newest commit fetched."""
        artifact = {
            "revision": f"main@sha1:{NEW}",
            "lastUpdateTime": self.at(1),
            "path": "p",
            "digest": "d",
            "url": "u",
        }
        told = [_condition("Ready", "True", "Succeeded", f"stored artifact for revision 'main@sha1:{NEW}'", self.at(1))]
        spec = {
            "interval": "1m0s",
            "url": "http://git.gitopslab.svc.cluster.local/waal/shop.git",
            "ref": {"branch": "main"},
        }
        return _object(
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            "flux-system",
            spec,
            {"artifact": artifact, "conditions": told, "observedGeneration": 1, **status},
        )

    def kustomization(self, spec: Object | None = None, **status: Any) -> Object:
        """The Kustomization, with the newest commit applied."""
        revision = f"main@sha1:{NEW}"
        entries = [
            {"id": f"{FLUX_PLACE}_words__ConfigMap", "v": "v1"},
            {"id": f"{FLUX_PLACE}_web_apps_Deployment", "v": "v1"},
        ]
        history = [_entry(revision, self.at(2)), _entry(f"main@sha1:{OLD}", self.at(-597))]
        told = [_condition("Ready", "True", "ReconciliationSucceeded", f"Applied revision: {revision}", self.at(2))]
        known = {"lastAppliedRevision": revision, "lastAttemptedRevision": revision, "inventory": {"entries": entries}}
        wanted = {
            "interval": "10m0s",
            "prune": True,
            "path": "./app",
            "targetNamespace": FLUX_PLACE,
            "sourceRef": {"kind": "GitRepository", "name": "shop"},
        }
        return _object(
            "kustomize.toolkit.fluxcd.io/v1",
            "Kustomization",
            "flux-system",
            {**wanted, **(spec or {})},
            {**known, "history": history, "conditions": told, "observedGeneration": 1, **status},
        )

    def application(self, automated: Object | None = None, **status: Any) -> Object:
        """The Application, with the newest commit deployed."""
        source = {
            "repoURL": "http://git.gitopslab.svc.cluster.local/waal/shop.git",
            "path": "app",
            "targetRevision": "main",
        }
        resources = [
            {"version": "v1", "kind": "ConfigMap", "namespace": ARGO_PLACE, "name": "words", "status": "Synced"},
            {
                "group": "apps",
                "version": "v1",
                "kind": "Deployment",
                "namespace": ARGO_PLACE,
                "name": "web",
                "status": "Synced",
            },
        ]
        history = [
            _deployed(0, OLD, source, self.at(-599), self.at(-598)),
            _deployed(1, NEW, source, self.at(2), self.at(3)),
        ]
        operation = {
            "phase": "Succeeded",
            "message": "successfully synced (all tasks run)",
            "startedAt": self.at(2),
            "finishedAt": self.at(3),
            "operation": {"sync": {"revision": NEW}},
            "syncResult": {"revision": NEW, "source": source},
        }
        known = {
            "sync": {"status": "Synced", "revision": NEW},
            "history": history,
            "operationState": operation,
            "health": {"status": "Healthy", "lastTransitionTime": self.at(6)},
            "resources": resources,
            "reconciledAt": self.at(60),
            "sourceType": "Directory",
        }
        policy = {} if automated is None else {"syncPolicy": {"automated": automated}}
        spec = {"project": "default", "source": source, "destination": {"namespace": ARGO_PLACE}, **policy}
        return _object("argoproj.io/v1alpha1", "Application", "argocd", spec, {**known, **status})


def _object(version: str, kind: str, place: str, spec: Object, status: Object) -> Object:
    metadata = {"name": "shop", "namespace": place, "generation": 1, "uid": f"{kind}-uid"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def _condition(kind: str, status: str, reason: str, message: str, since: str) -> Object:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def _entry(revision: str, when: str, status: str = "ReconciliationSucceeded") -> Object:
    return {
        "digest": f"sha256:{revision}",
        "firstReconciled": when,
        "lastReconciled": when,
        "totalReconciliations": 1,
        "lastReconciledDuration": "120ms",
        "lastReconciledStatus": status,
        "metadata": {"revision": revision},
    }


def _deployed(number: int, sha: str, source: Object, began: str, ended: str) -> Object:
    return {
        "id": number,
        "revision": sha,
        "source": source,
        "deployStartedAt": began,
        "deployedAt": ended,
        "initiatedBy": {"automated": True},
    }


def drawn_lanes(shop: Delivered, *, drifted: bool = True) -> Lanes:
    """Both lanes, Flux's Kustomization waiting for health, and a Deployment that somebody scaled in each."""
    if drifted:
        for place in (FLUX_PLACE, ARGO_PLACE):
            shop.scale(place, 5)
    healthy = {
        "type": "Healthy",
        "status": "True",
        "message": "Health check passed in 2s",
        "lastTransitionTime": shop.at(4),
    }
    flux = shop.kustomization({"wait": True})
    flux["status"]["conditions"].append(healthy)
    automated = {"prune": True, "selfHeal": True}
    objects = shop.objects(shop.source(), flux, shop.application(automated))
    found = [
        reconciler(objects, "Kustomization", "flux-system", "shop"),
        reconciler(objects, "Application", "argocd", "shop"),
    ]
    several = [one for one in found if one is not None]
    live, places = live_objects(objects), {FLUX: FLUX_PLACE, ARGO: ARGO_PLACE}
    drifts = {one.tool: drift(one, shop.git(places[one.tool]), live, NEW) for one in several}
    return lanes("waal/shop", shop.commits(), several, drifts=drifts)


def drawn_tree(shop: Delivered) -> Tree:
    """The tree of the Kustomization after a rollout, with a Deployment that somebody scaled."""
    git = shop.git(FLUX_PLACE)
    git[1]["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.28"
    shop.write("kustomize-controller", git[1], type="apply")
    shop.lab.advance(60)
    shop.scale(FLUX_PLACE, 9)
    shop.lab.advance(20)
    objects = shop.objects(shop.source(), shop.kustomization())
    one = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert one is not None
    return tree(objects, one, drift(one, git, live_objects(objects), NEW))


def drawn_drift(shop: Delivered) -> Drift:
    """The Kustomization's objects after kubectl, an operator and a new commit have been there."""
    git = shop.git(FLUX_PLACE)
    shop.scale(FLUX_PLACE, 5)
    words = {"kind": "ConfigMap", "metadata": {"name": "words", "namespace": FLUX_PLACE}}
    shop.write("kubectl-edit", {**words, "data": {"greeting": "good day"}})
    shop.write("kubectl-label", {**words, "metadata": {**words["metadata"], "labels": {"mine": "yes"}}})
    shop.write("my-operator", {**words, "data": {"checksum": "1a2b3c"}})
    objects = shop.objects(shop.source(), shop.kustomization())
    one = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert one is not None
    return drift(one, git, live_objects(objects), NEW)
