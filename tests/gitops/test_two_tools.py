"""Flux and Argo CD on one object: both may say the same; where they do not, each takes it when its turn comes."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from flux_cluster import KS, Flux
from projects import Project

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, annotations_of, labels_of

TRACKING = "argocd.argoproj.io/tracking-id"
OWNER = "kustomize.toolkit.fluxcd.io/name"


class Both:
    """A cluster with both, where Flux deploys the folder ``flux`` and Argo CD the folder ``argo`` of one project."""

    def __init__(self, plane: ControlPlane, clock: JumpableClock, project: Project) -> None:
        self.flux, self.argo, self.project = Flux(plane, clock), Argo(plane, clock), project

    def deploy(self, flux: str, argo: str, **policy: object) -> None:
        """Commit what each is to make of one ConfigMap, and let them."""
        files = {"flux/a.yaml": config_map("a", "default", x=flux), "argo/a.yaml": config_map("a", "default", x=argo)}
        self.project.commit(files)
        self.flux.repository(self.project.url, interval="1h")
        self.flux.kustomization(path="./flux", interval="5m")
        self.argo.application(self.project.url, source={"path": "argo"}, syncPolicy={"automated": policy})

    @property
    def live(self) -> Object:
        """The ConfigMap."""
        return self.flux.get("configmaps", "a", "default")


@pytest.fixture
def both(plane: ControlPlane, clock: JumpableClock, project: Project) -> Both:
    """Both on one cluster."""
    return Both(plane, clock, project)


def test_where_both_say_the_same_both_are_well_and_nothing_moves(both: Both) -> None:
    both.deploy("1", "1", selfHeal=True)
    both.flux.advance(301)  # Flux takes away what Argo CD noted of its last apply
    before = both.live["metadata"]["resourceVersion"]
    both.flux.advance(1000)
    assert both.live["metadata"]["resourceVersion"] == before
    assert (both.flux.condition(KS) or ("",))[0] == "True"
    assert both.argo.sync_status() == "Synced"
    assert labels_of(both.live)[OWNER] == "app"
    assert annotations_of(both.live)[TRACKING] == "app:/ConfigMap:default/a"


def test_without_self_heal_flux_has_the_last_word_and_argo_says_so(both: Both) -> None:
    both.deploy("1", "2")
    assert both.live["data"] == {"x": "2"}
    both.flux.advance(301)
    assert both.live["data"] == {"x": "1"}
    assert (both.flux.condition(KS) or ("",))[0] == "True"
    assert both.argo.resources() == {"ConfigMap/a": "OutOfSync"}


def test_with_self_heal_they_fight_and_each_says_that_all_is_well(both: Both) -> None:
    both.deploy("1", "2", selfHeal=True)
    seen = set()
    for _ in range(3):
        both.flux.advance(301)
        seen.add((both.flux.condition(KS) or ("",))[0])
        both.argo.advance(20)
        assert both.live["data"] == {"x": "2"}
    assert seen == {"True"}
    assert both.argo.sync_status() == "Synced"
    assert ("Normal", "Progressing", "ConfigMap/default/a configured") in both.flux.events("Kustomization")


def test_it_ends_when_one_lets_go(both: Both) -> None:
    both.deploy("1", "2", selfHeal=True)
    both.argo.api.delete(APPLICATIONS, "app", NAMESPACE)
    both.flux.advance(301)
    assert both.live["data"] == {"x": "1"}
    before = both.live["metadata"]["resourceVersion"]
    both.flux.advance(1000)
    assert both.live["metadata"]["resourceVersion"] == before


INGRESS = """apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: door
  namespace: default
  annotations: {argocd.argoproj.io/sync-wave: "-1"}
spec:
  ingressClassName: nobody
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


def test_an_ingress_without_an_address_holds_up_argo_and_not_flux(both: Both) -> None:
    files = {f"{tool}/door.yaml": INGRESS.replace("door", f"{tool}-door") for tool in ("flux", "argo")}
    both.project.commit(files | {f"{tool}/a.yaml": config_map(f"{tool}-a", "default") for tool in ("flux", "argo")})
    both.flux.repository(both.project.url)
    both.flux.kustomization(path="./flux", wait=True)
    both.argo.application(both.project.url, source={"path": "argo"})
    both.argo.sync()
    both.argo.advance(300)
    assert both.flux.find("configmaps", "flux-a") is not None
    assert (both.flux.condition(KS, kind="Healthy") or ("",))[0] == "True"
    assert both.argo.operation() == ("Running", "waiting for healthy state of networking.k8s.io/Ingress/argo-door")
    assert both.argo.find("configmaps", "argo-a") is None
    address = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
    both.argo.api.patch("ingresses.networking.k8s.io", "argo-door", address, "default", subresource="status")
    both.argo.advance(10)
    assert (both.argo.operation() or ("",))[0] == "Succeeded"
    assert both.argo.find("configmaps", "argo-a") is not None
