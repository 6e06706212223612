"""A pod from its first moment on a node to its last."""

from __future__ import annotations

import pytest
from kubelet_nodes import Nodes


def test_pod_is_accepted_at_once_and_runs_within_a_second(nodes: Nodes) -> None:
    nodes.run()
    assert nodes.pod()["status"]["phase"] == "Pending"
    assert nodes.waiting() == "ContainerCreating"

    nodes.advance(1)

    status = nodes.pod()["status"]
    assert status["phase"] == "Running"
    assert status["podIP"] == "10.244.0.2"
    assert status["hostIP"] == "172.18.0.2"


def test_normal_pod_costs_two_status_writes(nodes: Nodes) -> None:
    before = nodes.store.revision
    nodes.run()
    nodes.advance(5)
    events = len(nodes.events())
    assert nodes.store.revision - before == 1 + 2 + events


def test_all_conditions_follow_the_generation_of_the_spec(nodes: Nodes) -> None:
    nodes.run_container(image="lab/doesnt-exist")
    nodes.advance(2)
    pod = nodes.pod()
    pod["spec"]["containers"][0]["image"] = "nginx:1.27"
    nodes.api.update(pod)
    nodes.advance(60)

    seen = {one["type"]: one["observedGeneration"] for one in nodes.pod()["status"]["conditions"]}
    assert set(seen.values()) == {2}
    assert "PodScheduled" in seen


def test_every_condition_of_a_running_pod_is_true_and_observed(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(1)
    conditions = {
        one["type"]: (one["status"], one["observedGeneration"]) for one in nodes.pod()["status"]["conditions"]
    }
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    assert conditions == {kind: ("True", 1) for kind in kinds}


def test_container_status_says_what_containerd_would(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(1)
    container = nodes.container()
    assert container["image"] == "docker.io/library/nginx:1.27"
    assert container["imageID"].startswith("docker.io/library/nginx@sha256:")
    assert container["containerID"].startswith("containerd://")
    assert (container["ready"], container["started"], container["restartCount"]) == (True, True, 0)


def test_events_of_a_first_start_are_the_real_kubelets(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(1)
    assert nodes.events() == [
        ("Normal", "Pulling", 'Pulling image "nginx:1.27"'),
        (
            "Normal",
            "Pulled",
            'Successfully pulled image "nginx:1.27" in 400ms (400ms including waiting). Image size: 72295909 bytes.',
        ),
        ("Normal", "Created", "Container created"),
        ("Normal", "Started", "Container started"),
    ]


def test_second_pod_finds_the_image_on_its_node(nodes: Nodes) -> None:
    nodes.run("first")
    nodes.advance(1)
    nodes.run("second")
    nodes.advance(0.3)
    pulled = 'Container image "nginx:1.27" already present on machine and can be accessed by the pod'
    assert nodes.events("second")[0] == ("Normal", "Pulled", pulled)
    assert nodes.pod("second")["status"]["phase"] == "Running"


def test_settling_again_changes_nothing(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(2)
    revision = nodes.store.revision
    nodes.manager.settle()
    assert nodes.store.revision == revision


def test_pods_get_different_addresses_and_a_host_network_pod_its_nodes(nodes: Nodes) -> None:
    nodes.run("a")
    nodes.run("b")
    nodes.run("c", node="two")
    nodes.run("d", spec={"hostNetwork": True})
    nodes.advance(1)
    found = [nodes.pod(name)["status"]["podIP"] for name in "abcd"]
    assert found == ["10.244.0.2", "10.244.0.3", "10.244.1.2", "172.18.0.2"]


def test_pod_without_a_node_is_left_alone(nodes: Nodes) -> None:
    nodes.api.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        }
    )
    nodes.advance(1)
    assert "containerStatuses" not in nodes.pod()["status"]


def test_deleted_pod_stops_within_its_grace_and_disappears(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(1)
    nodes.api.delete("pods", "web", "default")
    nodes.manager.settle()
    assert nodes.exists()
    assert nodes.events()[-1] == ("Normal", "Killing", "Stopping container c")
    nodes.advance(1)
    assert not nodes.exists()


def test_pre_stop_sleep_delays_the_end_up_to_the_grace_period(nodes: Nodes) -> None:
    nodes.run_container(lifecycle={"preStop": {"sleep": {"seconds": 20}}})
    nodes.advance(1)
    nodes.api.delete("pods", "web", "default", grace_seconds=3)
    nodes.advance(2.9)
    assert nodes.exists()
    nodes.advance(0.2)
    assert not nodes.exists()


def test_pod_held_by_a_finalizer_shows_that_it_ended(nodes: Nodes) -> None:
    nodes.run(metadata={"finalizers": ["example.com/hold"]})
    nodes.advance(1)
    nodes.api.delete("pods", "web", "default")
    nodes.advance(1)
    assert nodes.pod()["status"]["phase"] == "Succeeded"
    assert nodes.container()["state"]["terminated"]["exitCode"] == 0


def test_pod_deleted_before_it_started_ends_failed(nodes: Nodes) -> None:
    nodes.run(metadata={"finalizers": ["example.com/hold"]})
    nodes.api.delete("pods", "web", "default")
    nodes.advance(1)
    assert nodes.pod()["status"]["phase"] == "Failed"


def test_freed_address_is_not_given_to_the_next_pod(nodes: Nodes) -> None:
    nodes.run("a")
    nodes.advance(1)
    nodes.api.delete("pods", "a", "default")
    nodes.advance(1)
    nodes.run("b")
    nodes.advance(1)
    assert nodes.pod("b")["status"]["podIP"] == "10.244.0.3"


def test_a_pod_that_is_deleted_while_it_starts_gives_its_address_back(nodes: Nodes) -> None:
    for number in range(420):  # a node has 253 addresses
        nodes.run(f"short-{number}")
        nodes.advance(0.14)
        nodes.api.delete("pods", f"short-{number}", "default")
        nodes.advance(0.3)  # its sandbox is made meanwhile, and its status never tells the address
    nodes.run("last")
    nodes.advance(1)
    assert nodes.pod("last")["status"]["phase"] == "Running"


def test_deadline_fails_the_pod(nodes: Nodes) -> None:
    nodes.run(spec={"activeDeadlineSeconds": 5})
    nodes.advance(6)
    status = nodes.pod()["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")


def test_readiness_gate_holds_the_pod_until_somebody_sets_it(nodes: Nodes) -> None:
    nodes.run(spec={"readinessGates": [{"conditionType": "example.com/open"}]})
    nodes.advance(1)
    ready = next(one for one in nodes.pod()["status"]["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ReadinessGatesNotReady")

    pod = nodes.pod()
    pod["status"]["conditions"].append({"type": "example.com/open", "status": "True"})
    nodes.api.update(pod, "status")
    nodes.manager.settle()
    ready = next(one for one in nodes.pod()["status"]["conditions"] if one["type"] == "Ready")
    assert ready["status"] == "True"


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.45, 0.65, 3.0])
def test_restart_of_the_cluster_continues_from_what_is_stored(nodes: Nodes, moment: float) -> None:
    nodes.run()
    nodes.advance(moment)
    before = nodes.pod()["status"]
    again = nodes.restarted()
    again.advance(2)
    after = again.pod()["status"]
    assert after["phase"] == "Running"
    if before["phase"] == "Running":
        assert after == before


def test_restart_does_not_give_an_address_twice(nodes: Nodes) -> None:
    nodes.run("a")
    nodes.advance(1)
    again = nodes.restarted()
    again.run("b")
    again.advance(1)
    assert again.pod("b")["status"]["podIP"] == "10.244.0.3"


def test_mirror_pod_comes_back_when_it_is_deleted(nodes: Nodes) -> None:
    nodes.run(metadata={"annotations": {"kubernetes.io/config.mirror": "abc"}}, spec={"hostNetwork": True})
    nodes.advance(1)
    uid = nodes.pod()["metadata"]["uid"]
    nodes.api.delete("pods", "web", "default")
    nodes.advance(2)
    assert nodes.pod()["metadata"]["uid"] != uid
    assert nodes.pod()["status"]["phase"] == "Running"
