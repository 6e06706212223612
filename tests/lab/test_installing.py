"""Controllers are installed from manifests and image archives, and awaited; the tools of kind are stand-ins."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from standin_tools import Standins

from gitopslab.clusters.context import ContextCluster
from gitopslab.clusters.kind import KindCluster
from gitopslab.clusters.kwok import KwokCluster
from gitopslab.clusters.ports import network_of
from gitopslab.errors import LabError, NotFoundError, SetupError, WaitTimeoutError
from gitopslab.lab import Lab, installing
from gitopslab.lab.flux.bootstrapping import components, install
from gitopslab.lab.installing import Release

MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: tool}}
spec:
  selector: {{matchLabels: {{app: tool}}}}
  template:
    metadata: {{labels: {{app: tool}}}}
    spec: {{containers: [{{name: tool, image: "{image}"}}]}}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {{name: one}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: gadgets.example.com}}
spec:
  group: example.com
  names: {{kind: Gadget, plural: gadgets}}
  scope: Namespaced
  versions: [{{name: v1, served: true, storage: true, schema: {{openAPIV3Schema: {{type: object}}}}}}]
"""


def release(lab: Lab, url: str = "http://127.0.0.1:9/install.yaml") -> Release:
    return Release("Tool", "v1", url, lab.current_namespace, "tool", "lab.tool.install(manifests=FOLDER)")


@pytest.fixture
def standins(tmp_path: Path) -> Standins:
    if os.name == "nt":
        pytest.skip("the stand-ins are scripts with a first line that Windows does not read")
    return Standins(tmp_path / "standins")


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder for a room without a network."""
    folder = tmp_path / "tool"
    (folder / "images").mkdir(parents=True)
    (folder / "install.yaml").write_text(MANIFESTS.format(image="tool:1"))
    (folder / "images/tool.tar").write_bytes(b"")
    return folder


@pytest.fixture
def served(room: Path) -> Iterator[str]:
    """The address of the manifests on a web server."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(room))  # type: ignore[arg-type]

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/install.yaml"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds the manifests that another one had."""
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))


def test_kinds_come_first_and_all_is_awaited(lab: Lab, room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    what = release(lab)
    installing.apply(lab.client, installing.published(what, room), what)
    installing.wait_for_workloads(lab.client, what, timeout=30)
    assert lab.client.get("gadgets.example.com", "one", lab.current_namespace)
    deployment = lab.client.get("deployment", "tool", lab.current_namespace)
    assert deployment["status"]["readyReplicas"] == 1
    assert deployment["metadata"]["managedFields"][0]["manager"] == "tool"
    assert "◎ waiting for Deployment/tool" in capsys.readouterr().out


def test_manifests_are_fetched(lab: Lab, served: str) -> None:
    found = installing.published(release(lab, served))
    assert [obj["kind"] for obj in found] == ["Deployment", "Gadget", "CustomResourceDefinition"]


def test_manifests_that_were_had_once_are_kept(lab: Lab, room: Path) -> None:
    had = installing.published(release(lab), room)
    assert installing.published(release(lab)) == had


def test_without_a_network_the_next_step_is_a_folder(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"cannot be fetched from http://127\.0\.0\.1:9/install\.yaml") as told:
        installing.published(release(lab))
    assert "lab.tool.install(manifests=FOLDER)" in told.value.hint


def test_a_folder_that_is_not_there_is_named(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"there is no .*nowhere"):
        installing.published(release(lab), tmp_path / "nowhere")


def test_archives_of_images_are_loaded_onto_the_nodes(room: Path, standins: Standins) -> None:
    installing.load_images(KindCluster("lab", standins.environment), room)
    (call,) = standins.calls()
    assert call[1:4] == ["load", "image-archive", str(room / "images/tool.tar")]


def test_what_its_pods_wait_for_is_told(lab: Lab, room: Path) -> None:
    (room / "install.yaml").write_text(MANIFESTS.format(image="tool-missing:1"))
    what = release(lab)
    installing.apply(lab.client, installing.published(what, room), what)
    lab.wait("deployment/tool", "create")
    with pytest.raises(
        WaitTimeoutError, match=r"Tool is not ready after 3 s: Deployment/tool\n  tool-.*: ErrImagePull"
    ):
        installing.wait_for_workloads(lab.client, what, timeout=3)


def test_flux_is_not_installed_where_pods_only_pretend(standins: Standins) -> None:
    with pytest.raises(LabError, match="the pods of a kwok cluster only pretend"):
        components(KwokCluster("lab", standins.environment), "", image_automation=False)


def test_the_real_flux_comes_from_a_folder_with_its_images(room: Path, standins: Standins) -> None:
    found = components(KindCluster("lab", standins.environment), room, image_automation=False)
    assert [obj["kind"] for obj in found] == ["Deployment", "Gadget", "CustomResourceDefinition"]
    assert [call[2] for call in standins.calls()] == ["image-archive"]


def test_flux_is_installed_and_finds_the_labs_git(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.flux.install()
    assert "✔ install finished\n" in capsys.readouterr().out
    assert lab.client.get("deployment", "kustomize-controller", "flux-system")["status"]["readyReplicas"] == 1
    assert lab.client.get("service", "git", "gitopslab")
    with pytest.raises(NotFoundError):
        lab.client.get("deployment", "nothing", "flux-system")


def test_the_url_of_the_git_server_leads_elsewhere_when_its_machine_has_another_address(lab: Lab) -> None:
    for address, kind in (("localhost", "FQDN"), ("192.0.2.1", "IPv4"), ("192.0.2.2", "IPv4"), ("localhost", "FQDN")):
        installing.lead(lab.client, 5050, address)
        slice_ = lab.client.get("endpointslice", "git-forge", "gitopslab")
        assert (slice_["addressType"], slice_["endpoints"][0]["addresses"]) == (kind, [address])


def test_on_kind_the_real_flux_is_installed_from_a_folder(
    lab: Lab, room: Path, standins: Standins, capsys: pytest.CaptureFixture[str]
) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n---\n"
    (room / "install.yaml").write_text(namespace + MANIFESTS.format(image="tool:1"))
    cluster = KindCluster("lab", standins.environment)
    install(lab.client, components(cluster, room, image_automation=False), timeout=60)
    out = capsys.readouterr().out
    assert "► loading tool.tar onto the nodes" in out
    assert out.endswith("✔ install finished\n")
    deployment = lab.client.get("deployment", "tool", "flux-system")
    assert deployment["status"]["readyReplicas"] == 1
    assert deployment["metadata"]["managedFields"][0]["manager"] == "flux"
    lab.delete("deployment/tool", namespace="flux-system")


def test_on_a_context_flux_is_installed_and_told_what_it_cannot_reach(
    lab: Lab, room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if network_of(lab.nodes()[0]["status"]["addresses"][0]["address"]):
        pytest.skip("this machine stands on a network like that of the simulated nodes, as with kind's Docker")
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: flux-system}\n---\n"
    (room / "install.yaml").write_text(namespace + MANIFESTS.format(image="tool:1"))
    (room / "images/tool.tar").unlink()
    config = yaml.safe_load(lab.cluster.kubeconfig.read_text())
    cluster = ContextCluster(config["current-context"], {**os.environ, "KUBECONFIG": str(lab.cluster.kubeconfig)})
    cluster.up()
    try:
        made = Lab(cluster)
        made.flux.install(manifests=room)
        out = capsys.readouterr().out
        assert "✔ install finished" in out
        assert "cannot reach the lab's Git server" in out
        with pytest.raises(SetupError, match="cannot reach the lab's Git server"):
            made.flux.url("waal/web")
        made.delete("deployment/tool", namespace="flux-system")
        made.close()
    finally:
        cluster.down(delete=True)
