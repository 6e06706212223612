"""Nodes: Ready, renewed leases, images, and a node that was stopped."""

from __future__ import annotations

from kubelet_nodes import Nodes

from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object


def ready(nodes: Nodes, name: str = "one") -> Object:
    found = nodes.api.get("nodes", name)["status"]["conditions"]
    return next(one for one in found if one["type"] == "Ready")


def lease(nodes: Nodes, name: str = "one") -> Object:
    return nodes.api.get("leases.coordination.k8s.io", name, "kube-node-lease")


def test_node_is_ready_at_once(nodes: Nodes) -> None:
    assert ready(nodes)["status"] == "True"
    assert ready(nodes)["reason"] == "KubeletReady"
    assert ready(nodes)["message"] == "kubelet is posting ready status"


def test_lease_is_renewed_every_ten_seconds(nodes: Nodes) -> None:
    first = lease(nodes)
    assert (first["spec"]["holderIdentity"], first["spec"]["leaseDurationSeconds"]) == ("one", 40)
    assert first["metadata"]["ownerReferences"][0]["name"] == "one"
    nodes.advance(35)
    renewed = seconds_of(lease(nodes)["spec"]["renewTime"])
    assert renewed - seconds_of(first["spec"]["renewTime"]) == 30


def test_unchanged_status_is_written_only_every_five_minutes(nodes: Nodes) -> None:
    version = nodes.api.get("nodes", "one")["metadata"]["resourceVersion"]
    nodes.advance(200)
    assert nodes.api.get("nodes", "one")["metadata"]["resourceVersion"] == version
    nodes.advance(150)
    assert seconds_of(ready(nodes)["lastHeartbeatTime"]) > seconds_of(ready(nodes)["lastTransitionTime"])


def test_pulled_images_are_listed_with_the_next_beat_and_known_after_a_restart(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(11)
    (image,) = nodes.api.get("nodes", "one")["status"]["images"]
    assert image["names"][1] == "docker.io/library/nginx:1.27"

    again = nodes.restarted()
    again.run("other")
    again.advance(0.5)
    assert again.events("other")[0][2].endswith("already present on machine and can be accessed by the pod")


def test_stopped_node_renews_nothing_and_its_pods_do_not_change(nodes: Nodes) -> None:
    nodes.run()
    nodes.kubelets.stop_node("one")
    renewed = lease(nodes)["spec"]["renewTime"]
    nodes.advance(60)
    assert lease(nodes)["spec"]["renewTime"] == renewed
    assert nodes.pod()["status"]["phase"] == "Pending"
    assert seconds_of(lease(nodes, "two")["spec"]["renewTime"]) > seconds_of(renewed)


def test_started_node_reports_at_once_and_its_pods_go_on(nodes: Nodes) -> None:
    nodes.run()
    nodes.kubelets.stop_node("one")
    nodes.advance(60)
    node = nodes.api.get("nodes", "one")
    for condition in node["status"]["conditions"]:
        condition.update(status="Unknown", reason="NodeStatusUnknown")
    nodes.api.update(node, "status")
    nodes.advance(1)
    assert ready(nodes)["status"] == "Unknown"

    nodes.kubelets.start_node("one")
    nodes.manager.settle()
    assert ready(nodes)["status"] == "True"
    nodes.advance(2)
    assert nodes.pod()["status"]["phase"] == "Running"


def test_pod_that_was_called_unready_for_its_node_is_ready_again_after_a_while(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(1)
    pod = nodes.pod()
    next(one for one in pod["status"]["conditions"] if one["type"] == "Ready")["status"] = "False"
    nodes.api.update(pod, "status")
    seen = []
    for seconds in (59, 1):
        nodes.advance(seconds)
        found = next(one for one in nodes.pod()["status"]["conditions"] if one["type"] == "Ready")
        seen.append(found["status"])
    assert seen == ["False", "True"]


def test_what_is_advertised_as_capacity_is_for_pods_with_the_next_beat(nodes: Nodes) -> None:
    def status(capacity: dict[str, str | None]) -> dict[str, str]:
        nodes.api.patch("nodes", "one", {"status": {"capacity": capacity}}, subresource="status")
        nodes.advance(11)
        found: dict[str, str] = nodes.api.get("nodes", "one")["status"]["allocatable"]
        return found

    before = status({})
    assert status({"example.com/dongle": "4"}) == {**before, "example.com/dongle": "4"}
    assert status({"example.com/dongle": None}) == before


def test_node_of_somebody_else_is_left_alone(nodes: Nodes) -> None:
    nodes.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "foreign"}})
    nodes.run(node="foreign")
    nodes.advance(20)
    assert "conditions" not in nodes.api.get("nodes", "foreign").get("status", {})
    assert "containerStatuses" not in nodes.pod()["status"]


def test_deleted_node_is_forgotten(nodes: Nodes) -> None:
    nodes.api.delete("nodes", "two")
    nodes.advance(30)
    assert [one["metadata"]["name"] for one in nodes.api.list("nodes")] == ["one"]
