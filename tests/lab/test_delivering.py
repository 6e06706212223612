"""The lanes, the tree and the drift of what Flux brings on a real process, followed while it happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from gitopslab.clusters import delivery
from gitopslab.clusters.delivery import Delivery, Objects
from gitopslab.errors import LabError
from gitopslab.gitops.flux.definitions import definitions
from gitopslab.lab import Lab
from gitopslab.machinery.objects import Object
from gitopslab.widgets.base import LiveView, close_all

PATIENCE = 60.0
_NUMBERS = count(1)
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""
WORDS = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {greeting: hello}\n"


@pytest.fixture(scope="module")
def flux(opened: Lab) -> Lab:
    """The lab, with Flux's kinds in its cluster."""
    opened.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})
    for definition in definitions():
        opened.client.apply(definition)
    opened.client.discovery(fresh=True)
    return opened


@pytest.fixture
def project(flux: Lab, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A project that a Kustomization brings to the test's namespace, told of each push."""
    name = f"shop-{next(_NUMBERS)}"
    shop = lab.git.clone(f"waal/{name}", tmp_path_factory.mktemp("shop") / "shop")
    shop.commit("Open the shop", {"app/web.yaml": DEPLOYMENT, "app/words.yaml": WORDS}, push=True)
    common = {"namespace": "flux-system", "name": name}
    source = {"interval": "1h", "url": lab.flux.url(f"waal/{name}"), "ref": {"branch": "main"}}
    spec = {"interval": "1h", "prune": True, "wait": True, "path": "./app", "targetNamespace": lab.current_namespace,
            "sourceRef": {"kind": "GitRepository", "name": name}}  # fmt: skip
    lab.apply([
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": common, "spec": source},
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": common, "spec": spec},
    ])  # fmt: skip
    lab.flux.receiver(f"waal/{name}", name, name=name)
    lab.wait(f"kustomization/{name}", "condition=Ready", namespace="flux-system")
    yield f"waal/{name}"
    close_all()


def until(view: LiveView, holds: Callable[[], bool]) -> None:
    """Wait until something holds of what the browser was told."""
    changed = threading.Event()
    view.observe(lambda _: changed.set(), "_snapshot")
    while not holds():
        assert changed.wait(PATIENCE), view.text()
        changed.clear()


def test_a_commit_is_followed_through_its_lane_then_drifts_and_is_reverted(lab: Lab, project: str) -> None:
    view = lab.lanes(project)
    assert lab.lanes(project) is view

    def newest() -> dict[str, str]:
        commits = view._snapshot["lanes"]["commits"]
        return {step["word"]: step["outcome"] for step in commits[0]["steps"][0]} if commits else {}

    def drift() -> list[str]:
        return [each["path"] for each in view._snapshot["lanes"]["lanes"][0]["drift"]]

    done = {"fetched": "done", "applied": "done", "healthy": "done"}
    until(view, lambda: newest() == done)
    assert drift() == []
    assert view.act("drift") == f"kubectl scale deployment/web --replicas=3 -n {lab.current_namespace}"
    until(view, lambda: drift() == ["spec.replicas"])
    assert "2 in Git, 3 live, set by kubectl (scale) · put back at its next reconcile, within 1h" in view.text()

    first = len(view._snapshot["lanes"]["commits"])
    assert view.act("prune").startswith("git rm app/words.yaml && git commit && git push: ")
    until(view, lambda: len(view._snapshot["lanes"]["commits"]) == first + 1 and newest() == done)
    until(view, lambda: drift() == [])
    assert view.act("revert").startswith("git revert ")
    until(view, lambda: view._snapshot["lanes"]["commits"][0]["subject"].startswith("Revert") and newest() == done)
    lab.wait("configmap/words", "create")


def test_a_button_is_answered_and_an_unknown_one_refused(lab: Lab, project: str) -> None:
    view = lab.lanes(project)
    answered = threading.Event()
    view.observe(lambda _: answered.set(), "_answer")
    view._received(view, {"do": "act", "what": "revert"}, [])
    assert answered.wait(PATIENCE)
    assert view._answer["error"].startswith("The first commit cannot be undone")
    with pytest.raises(LabError, match="The lanes have no button 'burn'"):
        view.act("burn")


def test_a_project_that_nobody_takes_from_is_told(lab: Lab, flux: Lab) -> None:
    with pytest.raises(LabError, match="Neither Flux nor Argo CD takes anything from waal/nobody"):
        lab.lanes("waal/nobody")


def test_the_only_project_need_not_be_named_and_of_several_one_must(lab: Lab, flux: Lab, project: str) -> None:
    lab.argocd.install()
    namespaces = {"kustomizations": "flux-system", "applicationsets": "argocd", "applications": "argocd"}
    for kind, namespace in namespaces.items():  # other tests left theirs in the cluster
        for other in lab.list(kind, namespace=namespace):
            if other["metadata"]["name"] != project.rpartition("/")[2]:
                lab.delete(other)
    assert lab.lanes() is lab.lanes(project)
    spec = {"interval": "1h", "url": lab.flux.url("waal/another")}
    names = {"namespace": "flux-system", "name": "another"}
    lab.apply([
        {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": names, "spec": spec},
        {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": names,
         "spec": {"interval": "1h", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "another"}}},
    ])  # fmt: skip
    with pytest.raises(LabError, match=f"Flux and Argo CD take from waal/another and {project}"):
        lab.lanes()


def test_the_tree_goes_from_git_to_pods_and_follows_them(lab: Lab, project: str) -> None:
    view = lab.tree(f"kustomization/{project.partition('/')[2]}")

    def words(kind: str) -> list[str]:
        cards = view._snapshot["tree"]["cards"]
        return [f"{card['health']['word']} {card['sync']['word']}".strip() for card in cards if card["kind"] == kind]

    until(view, lambda: words("Pod") == ["Current", "Current"])
    until(view, lambda: words("Deployment") == ["Current as in Git"])
    assert words("EndpointSlice") == []
    lab.delete("configmap/words")
    until(view, lambda: words("ConfigMap") == ["NotFound drifted"])
    assert "ConfigMap words · ⋯ NotFound · ◔ drifted" in view.text()


def test_the_drift_tells_fields_with_their_owners(lab: Lab, project: str) -> None:
    view = lab.drift(f"ks/{project.partition('/')[2]}")
    until(view, lambda: view._snapshot["drift"]["sentence"] == "The cluster is as Git says.")
    lab.kubectl("annotate deployment/web note=hello")
    lab.kubectl(["patch", "configmap", "words", "--type=merge", "-p", '{"data":{"greeting":"bye"}}'])
    until(view, lambda: len(view.differences) == 2)
    told = {row.path: (row.git, row.live, row.owners, row.fate) for row in view.differences}
    assert told == {
        "metadata.annotations.note": ("", "hello", ("kubectl-annotate",), "removed"),
        "data.greeting": ("hello", "bye", ("kubectl-patch",), "back"),
    }


def test_what_is_neither_flux_nor_argo_cd_is_refused(lab: Lab, flux: Lab) -> None:
    with pytest.raises(LabError, match="'deployment/web' is neither a Kustomization"):
        lab.tree("deployment/web")


def test_a_tree_may_be_shown_before_there_is_anything(lab: Lab, flux: Lab) -> None:
    assert lab.tree("kustomization/later").text() == "Kustomization flux-system/later: 0 objects"
    assert lab.drift("kustomization/later").text().endswith("It is not there yet.")
    close_all()


def test_both_tools_bring_one_commit_and_heal_in_their_own_way(lab: Lab, project: str) -> None:
    name = f"{project.partition('/')[2]}-argo"
    lab.argocd.install()
    lab.client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    lab.argocd.create(name, project, "app", namespace=name, automated=True, prune=True)
    view = lab.lanes(project, application=name, kustomization=project.partition("/")[2])

    def outcomes(at: int) -> list[str]:
        commits = view._snapshot["lanes"]["commits"]
        return [step["outcome"] for step in commits[0]["steps"][at]] if commits and commits[0]["steps"] else []

    def drift(at: int) -> list[tuple[str, str]]:
        return [(each["path"], each["fate"]) for each in view._snapshot["lanes"]["lanes"][at]["drift"]]

    until(view, lambda: outcomes(0) == outcomes(1) == ["done"] * 3)
    assert [lane["tool"] for lane in view._snapshot["lanes"]["lanes"]] == ["Flux", "Argo CD"]
    assert (drift(0), drift(1)) == ([], [])
    view.act("drift")
    until(view, lambda: bool(drift(0) and drift(1)))
    assert drift(0) == [("spec.replicas", "put back at its next reconcile, within 1h")]
    assert drift(1) == [("spec.replicas", "stays: selfHeal is off")]
    lab.argocd.set(name, self_heal=True)
    until(view, lambda: not drift(1))
    assert drift(0), "Flux waits for its interval"

    view.act("prune")
    lab.argocd.refresh(name)
    until(view, lambda: view._snapshot["lanes"]["commits"][0]["subject"] == "Remove words.yaml")
    until(view, lambda: outcomes(0) == outcomes(1) == ["done"] * 3)
    tree = lab.tree(f"application/{name}")
    until(tree, lambda: "ConfigMap" not in {card["kind"] for card in tree._snapshot["tree"]["cards"]})
    assert f"Application {name}" in tree.text()
    assert "· ✓ Healthy · ✓ Synced" in tree.text()
    told = lab.drift(f"application/{name}").text()
    assert told.endswith(f"The cluster is as Git says.\n✓ Deployment/{name}/web: 5 fields as in Git")


def test_a_source_follows_what_is_owned_and_tells_when_git_cannot_be_asked(lab: Lab) -> None:
    mended = threading.Event()

    def ask(_objects: Objects) -> dict[str, str]:
        if not mended.is_set():
            raise RuntimeError("no such luck")
        return {"trouble": ""}

    def owned(objects: Objects) -> list[Object]:
        assert "configmaps" in objects
        return [{"apiVersion": "v1", "kind": "Secret"}, {"apiVersion": "never.test/v1", "kind": "Heard"}]

    source = Delivery(lab.client, ["configmaps"], None, owned=owned, git=ask)
    source.start()
    seen = -1
    while "no such luck" not in source.error:
        assert source.wait(seen, PATIENCE)
        seen = source.state()[0]
    mended.set()
    while source.error or not source.state()[1]["git"]:
        assert source.wait(seen, PATIENCE)
        seen = source.state()[0]
    assert "secrets" in source.state()[1]
    source.close()


def test_git_is_asked_again_only_while_somebody_sees_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_PACE", 0.01)
    asked = threading.Semaphore(0)

    def ask(_objects: Objects) -> dict[str, str]:
        asked.release()
        return {}

    source = Delivery(lab.client, ["configmaps"], None, owned=lambda _objects: [], git=ask)
    source.see(False)
    source.start()
    assert asked.acquire(timeout=PATIENCE), "at the start it is known once"
    assert not asked.acquire(timeout=0.5), "fifty times the pace"
    source.see(True)
    assert all(asked.acquire(timeout=PATIENCE) for _ in range(3))
    source.close()


def test_a_lab_of_still_pictures_shows_all_at_once(lab: Lab, project: str) -> None:
    name = project.partition("/")[2]
    still = Lab(lab.cluster, still=True)
    tree = still.tree(f"kustomization/{name}")
    assert "Deployment web 2/2 · ✓ Current · ✓ as in Git" in tree.text()
    assert not tree.is_live
    assert "The cluster is as Git says." in still.drift(f"kustomization/{name}").text()
    assert "Flux: ✓ fetched" in still.lanes(project).text()
    still.close()
