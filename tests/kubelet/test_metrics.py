from __future__ import annotations

from collections.abc import Callable

import pytest
from builders import deployment, merged, pod

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.kubelet.load import by_target
from gitopslab.controlplane.kubelet.usage import CPU, MEMORY, usage_of
from gitopslab.controlplane.runtime.metrics import Usage
from gitopslab.machinery.objects import Object

_MI = 1024**2


def container(image: str = "example.com/app:1", *command: str, name: str = "c", **resources: Object) -> Object:
    return {"name": name, "image": image, **({"command": list(command)} if command else {}), "resources": resources}


def used(one: Object, annotations: dict[str, str] | None = None, *, load: int = 0, at: float = 0.0) -> Usage:
    owner = pod("web", metadata={"annotations": annotations or {}}, spec={"containers": [one]})
    return usage_of(owner, one, load, at)


def test_a_container_uses_a_share_of_what_it_requests() -> None:
    usage = used(container(requests={"cpu": "500m", "memory": "100Mi"}))
    assert 25_000_000 < usage.cpu < 60_000_000
    assert 25 * _MI < usage.memory < 45 * _MI


def test_usage_wanders_but_is_the_same_at_the_same_moment() -> None:
    one = container(requests={"cpu": "1"})
    assert used(one, at=15.0) == used(one, at=15.0)
    assert len({used(one, at=15.0 * turn).cpu for turn in range(8)}) > 4


@pytest.mark.parametrize(
    ("one", "annotations", "expected"),
    [
        pytest.param(container(), {CPU: "250m", MEMORY: "64Mi"}, Usage(250_000_000, 64 * _MI), id="for every one"),
        pytest.param(
            container(), {f"{CPU}.c": "1", CPU: "5m", MEMORY: "1Mi"}, Usage(10**9, _MI), id="for one container"
        ),
        pytest.param(
            container(limits={"cpu": "100m", "memory": "32Mi"}), {CPU: "250m", MEMORY: "64Mi"},
            Usage(100_000_000, 32 * _MI), id="never more than the limits",
        ),
    ],
)  # fmt: skip
def test_annotations_say_what_a_container_uses(one: Object, annotations: dict[str, str], expected: Usage) -> None:
    assert used(one, annotations) == expected


def test_an_annotation_that_is_no_amount_says_nothing() -> None:
    assert used(container(), {CPU: "plenty"}) == used(container())


@pytest.mark.parametrize(
    ("one", "cores"),
    [
        pytest.param(container("busybox:1", "sh", "-c", "while true; do :; done"), 1, id="an endless loop"),
        pytest.param(container("busybox:1", "sh", "-c", "yes > /dev/null"), 1, id="yes"),
        pytest.param(container("vish/stress", "/stress", "-cpus", "2"), 2, id="the documentation's stress"),
        pytest.param(container("polinux/stress", "stress", "--cpu", "3"), 3, id="stress"),
    ],
)
def test_programs_that_burn_cpu_use_whole_cores(one: Object, cores: int) -> None:
    assert used(one).cpu == pytest.approx(cores * 10**9, rel=0.03)


def test_a_loop_that_waits_is_no_busy_loop() -> None:
    assert used(container("busybox:1", "sh", "-c", "while true; do date; sleep 1; done")).cpu < 10**6


def test_stress_fills_the_memory_it_is_told_to() -> None:
    assert used(container("polinux/stress", "stress", "--vm", "1", "--vm-bytes", "150M")).memory >= 150 * _MI


@pytest.mark.parametrize(
    ("command", "targets"),
    [
        pytest.param("while sleep 0.01; do wget -q -O- http://web; done", {"default/web"}, id="a loop of wget"),
        pytest.param("until false; do curl -s http://api.shop:8080/x; done", {"shop/api"}, id="another namespace"),
        pytest.param("hey -z 5m http://web/", {"default/web"}, id="a load tool needs no loop"),
        pytest.param("wget -q -O- http://web", set(), id="one request is no load"),
        pytest.param("while true; do echo http://web; done", set(), id="nothing is requested"),
    ],
)
def test_pods_that_call_a_service_without_end_are_known_by_it(command: str, targets: set[str]) -> None:
    caller = pod("load", spec={"containers": [container("busybox:1", "sh", "-c", command)]})
    assert set(by_target({**caller, "status": {"phase": "Running"}})) == targets
    assert set(by_target(caller)) == set()


@pytest.fixture
def cores(plane: ControlPlane) -> Callable[[], list[float]]:
    """The cores that each pod of the app ``web`` uses now."""

    def measure() -> list[float]:
        plane.advance(30)
        pods = plane.api.list("pods", "default", labels="app=web")
        now = plane.clock.now()
        usages = [usage for one in pods for usage in plane.kubelets.metrics.containers(one, now).values()]
        return [round(usage.cpu / 10**9, 3) for usage in usages]

    return measure


def _service(**annotations: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "default", "annotations": annotations},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }


def test_load_on_a_service_is_shared_by_its_ready_pods(plane: ControlPlane, cores: Callable[[], list[float]]) -> None:
    plane.api.create(_service(**{"gitopslab.dev/load": "900m"}))
    plane.api.create(deployment("web", replicas=2))
    assert cores() == pytest.approx([0.45, 0.45], abs=0.01)
    plane.api.patch("deployments.apps", "web", {"spec": {"replicas": 3}}, "default")
    assert cores() == pytest.approx([0.3, 0.3, 0.3], abs=0.01)


def test_a_load_generator_works_until_it_is_deleted(plane: ControlPlane, cores: Callable[[], list[float]]) -> None:
    plane.api.create(_service())
    plane.api.create(deployment("web"))
    command = ["/bin/sh", "-c", "while sleep 0.01; do wget -q -O- http://web; done"]
    plane.api.create(pod("load", spec={"containers": [{"name": "c", "image": "busybox:1.28", "command": command}]}))
    assert cores()[0] > 0.5
    plane.api.delete("pods", "load", "default")
    assert cores()[0] < 0.01


def test_a_node_uses_what_its_pods_use_and_its_own(plane: ControlPlane) -> None:
    node = plane.api.get("nodes", "lab-worker")
    before = plane.kubelets.metrics.node(node, plane.clock.now())
    heavy = pod("heavy", metadata={"annotations": {CPU: "2", MEMORY: "1Gi"}}, spec={"nodeName": "lab-worker"})
    plane.api.create(heavy)
    plane.advance(10)
    after = plane.kubelets.metrics.node(node, plane.clock.now())
    assert before is not None
    assert after == before + Usage(2 * 10**9, 1024 * _MI)


def test_a_stopped_kubelet_reports_nothing(plane: ControlPlane) -> None:
    plane.api.create(merged(pod("web"), {"spec": {"nodeName": "lab-worker"}}))
    plane.advance(10)
    plane.kubelets.stop_node("lab-worker")
    node, found = plane.api.get("nodes", "lab-worker"), plane.api.get("pods", "web", "default")
    assert plane.kubelets.metrics.node(node, plane.clock.now()) is None
    assert plane.kubelets.metrics.containers(found, plane.clock.now()) == {}
