"""Time and faults: what moving the clock and stopping parts of a cluster leads to, as its API tells it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from random import Random

import pytest
from builders import deployment, pod
from held_lab import Lab

from gitopslab.controlplane.daemon.controls import BEGINNING, running, seeded
from gitopslab.controlplane.server.store import Store
from gitopslab.errors import ApiError, NotFoundError
from gitopslab.machinery.clock import LabClock
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, name_of

CRON = {
    "apiVersion": "batch/v1",
    "kind": "CronJob",
    "metadata": {"name": "report", "namespace": "default"},
    "spec": {
        "schedule": "*/15 * * * *",
        "jobTemplate": {
            "spec": {
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "c", "image": "busybox", "command": ["true"]}],
                    }
                }
            }
        },
    },
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.plane.close()


# ---- time ----


def test_time_passes_at_once_and_a_cronjob_fires(lab: Lab) -> None:
    lab.api.create(CRON)
    lab.advance(900 + 5)
    assert [name_of(job).rpartition("-")[0] for job in lab.api.list("jobs.batch", "default")] == ["report"]
    assert is_condition_true(lab.api.list("jobs.batch", "default")[0], "Complete")
    assert all(is_condition_true(node, "Ready") for node in lab.api.list("nodes")), "leases were renewed on the way"


def test_a_held_clock_lets_nobody_act_until_it_is_stepped(lab: Lab) -> None:
    lab.api.create(deployment("web"))
    acted = []
    while not any(is_condition_true(pod, "Ready") for pod in lab.pods()):
        acted.append(lab.controls.step(60).component)
    assert [name for at, name in enumerate(acted) if name not in acted[:at]] == [
        "deployment-controller", "replicaset-controller", "default-scheduler", "kubelet",
    ]  # fmt: skip


def test_a_step_tells_what_was_written_and_how_far_time_moved(lab: Lab) -> None:
    lab.api.create(pod("web"))
    placed = lab.controls.step(60)
    assert (placed.component, placed.waited) == ("default-scheduler", 0)
    assert [(entry.type, entry.resource) for entry in placed.entries] == [("MODIFIED", "pods"), ("ADDED", "events")]
    later = next(action for action in iter(lambda: lab.controls.step(60), None) if action.waited)
    assert later.component == "kubelet"
    assert lab.clock.now() == pytest.approx(BEGINNING + later.waited)


def test_a_step_with_nothing_to_do_says_so(lab: Lab) -> None:
    lab.advance(1)
    action = lab.controls.step(5)
    assert (action.component, action.entries) == ("", ())


def test_the_clock_runs_faster_and_slower_and_waits_accordingly() -> None:
    machine = [100.0]
    clock = LabClock(0, machine=lambda: machine[0])
    machine[0] += 3
    clock.run(10)
    machine[0] += 2
    assert clock.now() == 3 + 20
    assert clock.wait_for(33) == 1
    clock.run(0)
    machine[0] += 50
    assert (clock.now(), clock.wait_for(24)) == (23, float("inf"))


def test_the_clock_never_goes_back_even_when_the_machines_does() -> None:
    machine = [100.0]
    clock = LabClock(machine=lambda: machine[0])
    machine[0] -= 30
    assert clock.now() == 100


def test_a_restarted_cluster_goes_on_no_earlier_than_what_it_wrote() -> None:
    store = Store()
    store.append("ADDED", "configmaps", ("a", "b"), {"metadata": {}}, BEGINNING + 10**10)
    assert running(store).now() >= BEGINNING + 10**10


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 86_401], ids=["nothing", "back", "no number", "two days"])
def test_the_clock_is_moved_forward_and_not_too_far(lab: Lab, seconds: float) -> None:
    with pytest.raises(ApiError) as refused:
        lab.advance(seconds)
    assert refused.value.code == 400


# ---- components ----


def test_without_a_scheduler_a_pod_waits_and_nobody_says_why(lab: Lab) -> None:
    lab.controls.switch("scheduler", False)
    lab.api.create(pod("web"))
    lab.advance(60)
    assert "nodeName" not in lab.pods()[0]["spec"]
    assert condition_of(lab.pods()[0], "PodScheduled") is None
    lab.controls.switch("scheduler", True)
    lab.advance(10)
    assert is_condition_true(lab.pods()[0], "Ready")


@pytest.mark.parametrize(
    ("stopped", "made"),
    [("deployment", []), ("replicaset", ["ReplicaSet"]), ("controllers", [])],
)
def test_the_chain_ends_where_a_controller_is_stopped(lab: Lab, stopped: str, made: list[str]) -> None:
    lab.controls.switch(stopped, False)
    lab.api.create(deployment("web"))
    lab.advance(30)
    assert [found["kind"] for found in lab.api.list("replicasets.apps")] == made
    assert lab.pods() == []
    lab.controls.switch(stopped, True)
    lab.advance(10)
    assert len(lab.pods()) == 1


def test_a_stopped_component_shows_as_a_pod_that_crashes_and_comes_back_at_once() -> None:
    lab = Lab(bare=False)
    lab.advance(30)

    def shown() -> Object:
        return lab.api.get("pods", "kube-scheduler-lab-control-plane", "kube-system")

    assert is_condition_true(shown(), "Ready")
    lab.controls.switch("kube-scheduler", False)
    lab.advance(5)
    assert not is_condition_true(shown(), "Ready")
    assert shown()["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    lab.controls.switch("kube-scheduler", True)
    lab.advance(5)
    assert is_condition_true(shown(), "Ready")
    lab.plane.close()


def test_while_the_api_server_is_stopped_nobody_is_answered_and_nothing_moves(lab: Lab) -> None:
    lab.api.create(deployment("web"))
    lab.controls.switch("apiserver", False)
    refused = lab.controls.refusal("/api/v1/pods")
    assert refused is not None
    assert refused.code == 503
    before = lab.plane.store.revision
    lab.advance(300)
    assert lab.plane.store.revision == before
    lab.controls.switch("apiserver", True)
    lab.advance(10)
    assert lab.controls.refusal("/api/v1/pods") is None
    assert is_condition_true(lab.pods()[0], "Ready")
    assert all(is_condition_true(node, "Ready") for node in lab.api.list("nodes"))


def test_without_etcd_only_what_needs_no_store_is_answered(lab: Lab) -> None:
    lab.controls.switch("etcd", False)
    refused = lab.controls.refusal("/api/v1/pods")
    assert refused is not None
    assert (refused.code, refused.message) == (500, "etcdserver: request timed out")
    assert lab.controls.refusal("/version") is None


def test_an_unknown_component_is_answered_with_the_nearest(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match="did you mean kube-scheduler") as refused:
        lab.controls.switch("kube-schedular", False)
    assert "'kube-schedular'" in str(refused.value)


# ---- nodes ----


def test_a_node_without_power_is_found_out_tainted_and_its_pods_are_replaced(lab: Lab) -> None:
    lab.api.create(deployment("web", replicas=3))
    lab.advance(10)
    dark = lab.pods()[0]["spec"]["nodeName"]
    lab.controls.switch_node(dark, power=False)
    lab.advance(60)
    ready = condition_of(lab.node(dark), "Ready") or {}
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    keys = {taint["key"] for taint in lab.node(dark)["spec"]["taints"]}
    assert "node.kubernetes.io/unreachable" in keys
    lab.advance(400)
    elsewhere = [found for found in lab.pods() if found["spec"]["nodeName"] != dark]
    assert len(elsewhere) == 3
    lab.controls.switch_node(dark, power=True)
    lab.advance(60)
    assert is_condition_true(lab.node(dark), "Ready")
    assert all("deletionTimestamp" not in found["metadata"] for found in lab.pods())
    assert len(lab.pods()) == 3


def test_what_ran_on_a_node_is_started_again_when_its_power_comes_back(lab: Lab) -> None:
    lab.api.create(pod("web"))
    lab.advance(10)
    node = lab.pods()[0]["spec"]["nodeName"]
    lab.controls.switch_node(node, power=False)
    lab.advance(20)
    lab.controls.switch_node(node, power=True)
    lab.advance(10)
    status = lab.pods()[0]["status"]["containerStatuses"][0]
    assert (status["restartCount"], status["ready"]) == (1, True)
    assert status["lastState"]["terminated"]["exitCode"] == 255
    reasons = {event["reason"] for event in lab.api.list("events", "default")}
    assert "SandboxChanged" in reasons


def test_a_kubelet_that_is_stopped_leaves_its_containers_running(lab: Lab) -> None:
    lab.api.create(pod("web"))
    lab.advance(10)
    node = lab.pods()[0]["spec"]["nodeName"]
    lab.controls.switch_node(node, kubelet=False)
    lab.advance(100)
    assert not is_condition_true(lab.node(node), "Ready")
    lab.controls.switch_node(node, kubelet=True)
    lab.advance(60)
    assert is_condition_true(lab.node(node), "Ready")
    assert lab.pods()[0]["status"]["containerStatuses"][0]["restartCount"] == 0


def test_the_control_plane_goes_with_its_node(lab: Lab) -> None:
    lab.controls.switch_node("lab-control-plane", power=False)
    assert not lab.runs("kube-apiserver")
    assert lab.controls.refusal("/api/v1/pods") is not None
    lab.controls.switch_node("lab-control-plane", power=True)
    assert lab.controls.refusal("/api/v1/pods") is None
    lab.advance(30)
    assert is_condition_true(lab.node("lab-control-plane"), "Ready")


# ---- history, and runs that repeat ----


def test_the_log_tells_who_became_what_and_a_moment_finds_its_revision(lab: Lab) -> None:
    before = lab.plane.store.revision
    lab.api.create(pod("web"))
    entries = lab.controls.log(before, 10)
    assert [(entry.revision, entry.type, entry.name) for entry in entries] == [(before + 1, "ADDED", "web")]
    lab.advance(10)
    assert lab.controls.revision_at(BEGINNING + 0.001) >= before + 1
    assert lab.controls.revision_at(BEGINNING) == 0


def test_whoever_waits_for_a_change_is_told(lab: Lab) -> None:
    async def story() -> bool:
        waiting = asyncio.create_task(lab.controls.changed(lab.controls.state()["version"]))
        await asyncio.sleep(0)
        lab.controls.switch("scheduler", False)
        await asyncio.wait_for(waiting, 5)
        return waiting.done()

    assert asyncio.run(story())


KEY = SigningKey.new()


def _a_busy_while(seed: int) -> list[tuple[int, float, str, bytes]]:
    lab = Lab(bare=False, seed=seed, key=KEY)
    lab.advance(30)
    lab.api.create(deployment("web", replicas=4))
    lab.api.create(CRON)
    service = {"selector": {"app": "web"}, "ports": [{"port": 80}], "type": "NodePort"}
    metadata = {"name": "web", "namespace": "default"}
    lab.api.create({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service})
    lab.advance(60)
    lab.controls.switch_node("lab-worker", power=False)
    lab.advance(400)
    lab.controls.switch_node("lab-worker", power=True)
    lab.advance(60)
    rows = lab.plane.store._db.execute("SELECT revision, time, type, body FROM log ORDER BY revision").fetchall()
    lab.plane.close()
    return rows


def test_two_runs_from_one_seed_give_the_same_log_to_the_byte() -> None:
    first, second = _a_busy_while(7), _a_busy_while(7)
    assert len(first) > 500
    assert first == second


def test_another_seed_gives_other_names() -> None:
    names = []
    for seed in (7, 8):
        lab = Lab(seed=seed)
        lab.api.create(deployment("web"))
        lab.advance(1)
        names.append(name_of(lab.pods()[0]))
        lab.plane.close()
    assert names[0] != names[1]


def test_a_seeded_run_goes_on_with_fresh_names_after_a_restart() -> None:
    store = Store()
    _, chance = seeded(store, 3)
    store.append("ADDED", "configmaps", ("a", "b"), {"metadata": {}}, BEGINNING + 5)
    clock, later = seeded(store, 3)
    assert clock.now() == BEGINNING + 5
    assert isinstance(chance, Random)
    assert chance.random() != later.random()


def test_a_stopped_scheduler_is_an_unhealthy_component(lab: Lab) -> None:
    def word(name: str) -> str:
        return str(lab.api.get("componentstatuses", name)["conditions"][0]["status"])

    assert (word("scheduler"), word("controller-manager")) == ("True", "True")
    lab.controls.switch("scheduler", False)
    assert (word("scheduler"), word("controller-manager")) == ("False", "True")
    lab.controls.switch("scheduler", True)
    assert word("scheduler") == "True"
