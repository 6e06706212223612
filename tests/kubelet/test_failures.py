"""Pods that cannot start or do not last."""

from __future__ import annotations

from itertools import pairwise

import pytest
from kubelet_nodes import Nodes


def test_bad_tag_reaches_image_pull_back_off_within_a_second_and_rests_there(nodes: Nodes) -> None:
    nodes.run_container(image="nginx:doesnotexist")
    nodes.advance(0.8)
    assert nodes.waiting() == "ImagePullBackOff"
    message = nodes.container()["state"]["waiting"]["message"]
    assert message.startswith(
        'Back-off pulling image "nginx:doesnotexist": ErrImagePull: failed to pull and unpack image'
    )
    status = nodes.pod()["status"]
    assert status["phase"] == "Pending"

    nodes.advance(8)
    assert nodes.pod()["status"] == status


def test_pull_is_tried_again_after_10_and_then_20_seconds(nodes: Nodes) -> None:
    nodes.run_container(image="nginx:doesnotexist")
    tries = []
    before = ""
    for tenth in range(450):
        now = nodes.waiting()
        if now == "ErrImagePull" != before:
            tries.append(tenth / 10)
        before = now
        nodes.advance(0.1)
    first, second, third = tries
    assert (second - first, third - second) == (pytest.approx(10.3, abs=0.2), pytest.approx(20.3, abs=0.2))


def test_events_of_a_bad_tag_are_the_real_kubelets(nodes: Nodes) -> None:
    nodes.run_container(image="nginx:doesnotexist")
    nodes.advance(1)
    name = "docker.io/library/nginx:doesnotexist"
    why = f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": {name}: not found'
    assert nodes.events() == [
        ("Normal", "Pulling", 'Pulling image "nginx:doesnotexist"'),
        ("Warning", "Failed", f'Failed to pull image "nginx:doesnotexist": {why}'),
        ("Warning", "Failed", "Error: ErrImagePull"),
        ("Normal", "BackOff", 'Back-off pulling image "nginx:doesnotexist"'),
        ("Warning", "Failed", "Error: ImagePullBackOff"),
    ]


def test_corrected_image_is_pulled_at_once(nodes: Nodes) -> None:
    nodes.run_container(image="nginx:doesnotexist")
    nodes.advance(2)
    nodes.api.patch(
        "pods", "web", {"spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}, "default", type="strategic"
    )
    nodes.advance(1)
    assert nodes.pod()["status"]["phase"] == "Running"


@pytest.mark.parametrize(
    ("container", "reason"),
    [
        pytest.param({"image": "Nginx:1.27"}, "InvalidImageName", id="capital letter"),
        pytest.param({"image": "nginx:1:2"}, "InvalidImageName", id="two tags"),
        pytest.param({"image": "nginx", "imagePullPolicy": "Never"}, "ErrImageNeverPull", id="never pulled"),
        pytest.param(
            {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "app", "key": "a"}}}]},
            "CreateContainerConfigError",
            id="no ConfigMap",
        ),
        pytest.param({"envFrom": [{"secretRef": {"name": "keys"}}]}, "CreateContainerConfigError", id="no Secret"),
    ],
)
def test_container_that_cannot_start_says_why(nodes: Nodes, container: dict[str, object], reason: str) -> None:
    nodes.run_container(**container)
    nodes.advance(1)
    assert nodes.waiting() == reason
    assert nodes.pod()["status"]["phase"] == "Pending"


def test_missing_config_map_is_noticed_when_it_comes(nodes: Nodes) -> None:
    nodes.run_container(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "app", "key": "a"}}}])
    nodes.advance(1)
    assert nodes.container()["state"]["waiting"]["message"] == 'configmap "app" not found'
    assert ("Warning", "Failed", 'Error: configmap "app" not found') in nodes.events()

    nodes.api.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "app", "namespace": "default"},
            "data": {"b": ""},
        }
    )
    nodes.advance(11)
    assert nodes.container()["state"]["waiting"]["message"] == "couldn't find key a in ConfigMap default/app"

    nodes.api.patch("configmaps", "app", {"data": {"a": "1"}}, "default")
    nodes.advance(11)
    assert nodes.pod()["status"]["phase"] == "Running"


def test_missing_volume_keeps_the_pod_creating_until_it_is_there(nodes: Nodes) -> None:
    nodes.run_container(spec={"volumes": [{"name": "conf", "configMap": {"name": "app"}}]})
    nodes.advance(3)
    assert nodes.waiting() == "ContainerCreating"
    assert "podIP" not in nodes.pod()["status"]
    failed = 'MountVolume.SetUp failed for volume "conf" : configmap "app" not found'
    assert nodes.events() == [("Warning", "FailedMount", failed)]

    nodes.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "default"}})
    nodes.advance(5)
    assert nodes.pod()["status"]["phase"] == "Running"


def test_crashing_container_is_restarted_at_once_and_then_with_growing_delay(nodes: Nodes) -> None:
    nodes.run_container(command=["sh", "-c", "sleep 1; exit 3"])
    restarts = []
    for second in range(100):
        count = nodes.container()["restartCount"]
        if len(restarts) < count:
            restarts.append(second)
        nodes.advance(1)
    gaps = [later - earlier for earlier, later in pairwise(restarts)]
    assert restarts[0] == 2
    assert gaps == [12, 21, 41]


def test_crash_loop_shows_the_back_off_and_the_last_exit(nodes: Nodes) -> None:
    nodes.run_container(command=["false"])
    nodes.advance(5)
    container, uid = nodes.container(), nodes.pod()["metadata"]["uid"]
    assert container["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 10s restarting failed container=c pod=web_default({uid})",
    }
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert nodes.pod()["status"]["phase"] == "Running"
    assert nodes.events()[-1] == (
        "Warning",
        "BackOff",
        f"Back-off restarting failed container c in pod web_default({uid})",
    )


def test_crash_loop_goes_on_after_a_restart_of_the_cluster(nodes: Nodes) -> None:
    nodes.run_container(command=["false"])
    nodes.advance(5)
    again = nodes.restarted()
    again.advance(3)
    assert again.container()["restartCount"] == 1
    assert again.waiting() == "CrashLoopBackOff"
    again.advance(10)
    assert again.container()["restartCount"] == 2


def test_too_much_memory_ends_in_oom_killed(nodes: Nodes) -> None:
    nodes.run_container(
        image="polinux/stress",
        command=["stress"],
        args=["--vm", "1", "--vm-bytes", "250M"],
        resources={"limits": {"memory": "100Mi"}},
        spec={"restartPolicy": "Never"},
    )
    nodes.advance(2)
    ended = nodes.container()["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
    assert nodes.pod()["status"]["phase"] == "Failed"


def test_changed_image_restarts_the_container(nodes: Nodes) -> None:
    nodes.run()
    nodes.advance(1)
    nodes.api.patch(
        "pods", "web", {"spec": {"containers": [{"name": "c", "image": "nginx:1.28"}]}}, "default", type="strategic"
    )
    nodes.advance(3)
    container = nodes.container()
    assert container["image"] == "docker.io/library/nginx:1.28"
    assert container["restartCount"] == 1
    assert ("Normal", "Killing", "Container c definition changed, will be restarted") in nodes.events()
