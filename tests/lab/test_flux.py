"""``lab.flux`` on a real process: bootstrap, and everything a learner asks of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError
from gitopslab.gitops.git.remote import File
from gitopslab.lab import Lab
from gitopslab.lab.git import Repository
from gitopslab.lab.rendering import of_kustomization

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hello, namespace: default}\ndata: {greeting: '%s'}\n"
HELLO = "clusters/lab/hello.yaml"


@pytest.fixture(scope="module")
def infra(opened: Lab, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """The repository of a cluster that was bootstrapped."""
    opened.flux.bootstrap("waal/infra", "clusters/lab")
    return opened.git.clone("waal/infra", tmp_path_factory.mktemp("infra") / "infra")


@pytest.fixture
def hello(lab: Lab, infra: Repository) -> Repository:
    """The repository, with a ConfigMap that was applied from it."""
    infra.pull()
    infra.commit("Say hello", {HELLO: CONFIG % "hi", "clusters/lab/again.md": str(id(lab))}, push=True)
    lab.flux.reconcile("ks", "flux-system", with_source=True)
    return infra


def test_bootstrap_commits_what_the_real_one_commits(lab: Lab, infra: Repository) -> None:
    subjects = [(entry.subject, entry.author.partition(" <")[0]) for entry in infra.log()]
    assert ("Add Flux sync manifests", "Flux") in subjects
    assert ("Add Flux v2.9.4 component manifests", "Flux") in subjects
    folder = infra.folder / "clusters/lab/flux-system"
    assert sorted(path.name for path in folder.iterdir()) == [
        "gotk-components.yaml",
        "gotk-sync.yaml",
        "kustomization.yaml",
    ]
    assert "http://git.gitopslab.svc.cluster.local/waal/infra.git" in (folder / "gotk-sync.yaml").read_text()


def test_flux_manages_itself_from_git(lab: Lab, infra: Repository) -> None:
    (source,) = [one for one in lab.flux.get("sources git") if one["metadata"]["name"] == "flux-system"]
    assert source["status"]["artifact"]["revision"].startswith("main@sha1:")
    deployment = lab.client.get("deployment", "source-controller", "flux-system")
    assert deployment["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"] == "flux-system"
    tree = str(lab.flux.tree())
    assert tree.startswith("Kustomization/flux-system/flux-system\n├── CustomResourceDefinition/")
    assert tree.endswith("└── GitRepository/flux-system/flux-system")


def test_a_second_bootstrap_changes_nothing(lab: Lab, infra: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    infra.pull()
    head = infra.head
    lab.flux.bootstrap("waal/infra", "clusters/lab")
    infra.pull()
    assert infra.head == head
    assert "✔ all components are healthy" in capsys.readouterr().out


def test_another_path_is_refused(lab: Lab, infra: Repository) -> None:
    with pytest.raises(LabError, match="would overwrite path"):
        lab.flux.bootstrap("waal/infra", "clusters/other")


def test_a_commit_is_applied_and_traced(lab: Lab, infra: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    infra.commit("Say hello", {HELLO: CONFIG % "hi", "clusters/lab/first.md": "x"}, push=True)
    lab.flux.reconcile("ks", "flux-system", with_source=True)
    assert f"✔ applied revision main@sha1:{infra.head}" in capsys.readouterr().out
    assert lab.client.get("configmap", "hello")["data"] == {"greeting": "hi"}
    trace = str(lab.flux.trace("configmap/hello"))
    assert "Status:    Managed by Flux" in trace
    assert f"Revision:      main@sha1:{infra.head}" in trace


def test_suspended_it_is_left_alone_and_refuses_a_reconcile(
    lab: Lab, infra: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.flux.suspend("ks", "flux-system")
    assert repr(lab.flux.get()).splitlines()[1].split()[2] == "True"
    with pytest.raises(LabError, match="resource is suspended"):
        lab.flux.reconcile("ks", "flux-system")
    lab.flux.resume("ks", "flux-system")
    assert "✔ kustomization resumed" in capsys.readouterr().out


def test_what_is_missing_or_unknown_is_told_with_a_hint(lab: Lab, infra: Repository) -> None:
    with pytest.raises(NotFoundError, match="✗ Kustomization nope not found in flux-system namespace"):
        lab.flux.reconcile("ks", "nope")
    with pytest.raises(LabError, match="Flux has no 'podz'"):
        lab.flux.get("podz")


def test_diff_tells_what_files_would_change_before_they_are_committed(lab: Lab, hello: Repository) -> None:
    infra = hello
    assert str(lab.flux.diff("flux-system", infra.folder)) == "✔ no changes"
    file = HELLO
    before = infra.read(file)
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: new, namespace: default}\n"
    infra.write(file, f"{CONFIG % 'good day'}---\n{secret}")
    told = str(lab.flux.diff("flux-system", infra.folder))
    infra.remove(file)
    gone = str(lab.flux.diff("flux-system", infra.folder))
    infra.write(file, before)
    assert "► Secret/default/new created" in told
    drift = "► ConfigMap/default/hello drifted\n\ndata.greeting\n  ± value change\n    - hi\n    + good day\n"
    assert drift in told
    assert gone == "► ConfigMap/default/hello deleted"
    assert lab.client.get("configmap", "hello")["data"] == {"greeting": "hi"}


def test_events_tell_what_flux_did(lab: Lab, infra: Repository) -> None:
    events = str(lab.flux.events("GitRepository/flux-system"))
    assert "NewArtifact" in events
    assert "stored artifact for commit" in events


def test_the_url_of_a_project_is_the_same_on_every_cluster(lab: Lab, infra: Repository, tmp_path: Path) -> None:
    assert lab.flux.url("waal/web") == "http://git.gitopslab.svc.cluster.local/waal/web.git"


def test_with_a_receiver_a_push_is_live_at_once(lab: Lab, hello: Repository) -> None:
    lab.flux.receiver("waal/infra")
    hello.commit("Greet anew", {HELLO: CONFIG % "hello"}, push=True)
    reached, found = wait_until(
        lambda: [lab.client.get("configmap", "hello")], lambda obj: obj["data"] == {"greeting": "hello"}, 20.0
    )
    assert reached, found


def test_a_folder_is_pushed_and_applied_from_the_registry(lab: Lab, infra: Repository, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(CONFIG.replace("hello", "pushed") % "hi")
    digest = lab.flux.push("waal/pushed-config:1.0.0", tmp_path, revision="main@sha1:abc")
    lab.apply(
        f"""apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {{name: pushed, namespace: flux-system}}
spec: {{interval: 1h, url: "oci://{lab.flux.registry()}/waal/pushed-config", insecure: true, ref: {{tag: 1.0.0}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: pushed, namespace: flux-system}}
spec: {{interval: 1h, prune: true, sourceRef: {{kind: OCIRepository, name: pushed}}}}
"""
    )
    lab.flux.reconcile("ks", "pushed", with_source=True)
    (source,) = lab.flux.get("sources oci")
    assert source["status"]["artifact"]["revision"] == f"1.0.0@{digest}"
    assert lab.client.get("configmap", "pushed")["data"] == {"greeting": "hi"}
    assert "1.0.0@sha256:" in repr(lab.flux.get("sources oci"))
    lab.delete("kustomization/pushed", namespace="flux-system")
    lab.delete("ocirepository/pushed", namespace="flux-system")
    with pytest.raises(LabError, match="there is no folder"):
        lab.flux.push("waal/pushed-config:1.0.0", tmp_path / "nowhere")


def test_where_there_is_nothing_to_show_it_is_said(lab: Lab, infra: Repository) -> None:
    assert repr(lab.flux.get("sources oci")) == "✗ no OCIRepository objects found in flux-system namespace"


def test_a_port_has_the_protocol_that_flux_gives_it(lab: Lab, hello: Repository) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\nspec: {ports: [{port: 80}]}\n"
    files = {HELLO: File(service.encode())}
    made = of_kustomization(lab.client, lab.get("kustomization/flux-system", namespace="flux-system"), files)
    assert [obj["spec"]["ports"] for obj in made] == [[{"port": 80, "protocol": "TCP", "targetPort": 0}]]


def test_a_field_that_a_kind_does_not_have_is_no_difference(lab: Lab, hello: Repository) -> None:
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: default}\nspec: {prots: [], ports: []}\n"
    files = {HELLO: File(service.encode())}
    (made,) = of_kustomization(lab.client, lab.get("kustomization/flux-system", namespace="flux-system"), files)
    assert "prots" not in made["spec"]
