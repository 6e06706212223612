"""The graph, the table and the manifest of a real cluster, as a notebook gets them."""

from __future__ import annotations

import threading

import pytest

from gitopslab.clusters.rows import Rows
from gitopslab.lab import Lab
from gitopslab.widgets.base import close_all

WEB = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1.27"}]
"""
PATIENCE = 30.0


@pytest.fixture
def web(lab: Lab) -> Lab:
    lab.apply(WEB)
    lab.wait("deployment/web")
    return lab


def test_the_graph_of_a_namespace_has_its_relations_as_data(web: Lab) -> None:
    edges = {(edge.kind, edge.source.kind, edge.target.kind) for edge in web.graph().edges}
    assert edges >= {
        ("owns", "Deployment", "ReplicaSet"),
        ("owns", "ReplicaSet", "Pod"),
        ("selects", "Service", "Pod"),
        ("scheduled", "Pod", "Node"),
        ("holds", "Namespace", "Deployment"),
    }
    assert web.graph() is web.graph(), "a cell that is run again shows the same widget"


def test_at_the_end_of_a_notebook_pictures_stay_as_they_are(web: Lab) -> None:
    graph = web.graph()
    web.finish()
    web.delete("deployment/web")
    assert not graph.is_live
    assert "Deployment" in {edge.source.kind for edge in graph.edges}
    assert "Deployment" not in {edge.source.kind for edge in web.graph().edges}, "run again, the cell looks again"


def test_a_table_has_the_columns_of_kubectl(web: Lab) -> None:
    shown = web.table("deploy").text().splitlines()
    said = web.kubectl("get deployments").out.splitlines()
    assert shown[0].split() == said[0].split()
    assert shown[1].split()[:4] == said[1].split()[:4]


def test_a_row_opens_its_yaml_with_every_field_explained(web: Lab) -> None:
    view = web.table("deployments")
    view._handle_custom_msg({"do": "open", "key": f"{web.current_namespace}/web"}, [])
    sheet = view._answer["sheet"]
    assert sheet["title"] == "Deployment web"
    fields = {field["path"]: field for field in sheet["fields"]}
    assert fields["spec.replicas"]["description"].startswith("Number of desired pods")
    assert "managedFields" not in str(sheet)


def test_a_table_follows_its_cluster(web: Lab) -> None:
    view = web.table("pods")
    gone = threading.Event()
    view.observe(lambda change: change["new"]["table"]["rows"] or gone.set(), names="_snapshot")
    web.scale("deployment/web", 0)
    assert gone.wait(PATIENCE)
    close_all()


def test_rows_with_labels_are_only_those(web: Lab) -> None:
    rows = Rows(web.client, "pods", web.current_namespace, "app=nobody")
    rows.start()
    assert rows.wait_synced(PATIENCE)
    assert rows.state()[1]["table"][0]["rows"] in ([], None)
    rows.close()


def test_a_manifest_is_checked_without_being_applied(lab: Lab) -> None:
    sound = lab.manifest(WEB)
    assert sound.problems == ()
    assert sound.text().startswith("✓ The API server would accept it.")
    assert not lab.list("deployments")


@pytest.mark.parametrize(
    ("wrong", "line", "says"),
    [
        (("replicas: 2", "replica: 2"), 12, "did you mean replicas?"),
        (("replicas: 2", "replicas: -2"), 12, "must be greater than or equal to 0"),
        (("matchLabels: {app: web}", "matchLabels: web"), 13, "must be a map"),
        (("kind: Deployment", "kind: Deploymnt"), 9, "did you mean Deployment"),
        (("image:", "imag:"), 17, "did you mean image?"),
        (("containers: [", "containers: [["), 17, "did not find expected"),
        (("{name: web}\nspec:\n  replicas", "{name: web, namespace: nope}\nspec:\n  replicas"), 10, "not found"),
    ],
    ids=["unknown field", "value", "shape", "kind", "nested", "broken YAML", "namespace"],
)
def test_a_mistake_in_a_manifest_is_told_at_its_line(lab: Lab, wrong: tuple[str, str], line: int, says: str) -> None:
    problems = lab.manifest(WEB.strip().replace(*wrong)).problems
    told = [f"{problem.text} {problem.hint}" for problem in problems if problem.line == line]
    assert told, problems
    assert any(says in text for text in told), told


def test_a_field_that_cannot_change_is_told_when_the_object_is_there(web: Lab) -> None:
    problems = web.manifest(WEB.strip().replace("{app: web}", "{app: other}")).problems
    assert [(problem.line, "immutable" in problem.text) for problem in problems] == [(13, True)]


def test_large_type_for_a_room_reaches_what_is_shown(web: Lab) -> None:
    view = web.table("pods")
    web.present()
    assert view._options["presenter"] is True
    web.present(False)
    assert view._options["presenter"] is False
