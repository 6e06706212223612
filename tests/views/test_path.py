"""The path of an apply, read off a real control plane: its steps, its stations, and where it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders import config_map, pod
from held_lab import Lab

from gitopslab.views.path import Path, kinds_for, path
from gitopslab.views.path_svg import path_svg
from gitopslab.views.path_text import path_text

PLURALS = {"ConfigMap": "configmaps"}


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.plane.close()


def of(lab: Lab, kind: str = "Deployment", name: str = "web", *, told: bool = True) -> Path:
    plural = PLURALS.get(kind, "")
    objects = lab.objects(kinds_for(kind, plural), told=told)
    return path(objects, kind, name, "default", now=lab.clock.now(), plural=plural)


def actors(found: Path) -> list[str]:
    return [step.actor for step in found.steps]


def test_a_deployment_passes_every_station_in_order(lab: Lab) -> None:
    lab.deploy("web", replicas=3)
    lab.advance(20)
    found = of(lab)
    assert actors(found) == [
        "you", "kube-apiserver", "etcd", "deployment-controller", "replicaset-controller", "kube-scheduler", "kubelet",
        "kubelet", "deployment-controller",
    ]  # fmt: skip
    assert (found.end.state, found.end.sentence) == ("done", "The path is complete: 3 pods ready.")
    assert [station.state for station in found.stations] == ["done"] * 5
    assert found.steps[0].title == "You apply Deployment web"
    assert found.steps[0].details == ("names spec.replicas, spec.selector, spec.template",)
    assert "fills in strategy" in found.steps[1].details[0]
    assert all("→ lab-worker" in line for line in found.steps[5].details)


STOPPED = [
    ("deployment", "deployment-controller", "Nobody has made a ReplicaSet: the deployment controller is stopped."),
    ("replicaset", "replicaset-controller", "Nobody has made the pods: the replicaset controller is stopped."),
    ("scheduler", "kube-scheduler", "Nobody has picked a node: the scheduler is stopped."),
    ("controllers", "deployment-controller", "Nobody has made a ReplicaSet: the deployment controller is stopped."),
]


@pytest.mark.parametrize(("stopped", "station", "sentence"), STOPPED, ids=[row[0] for row in STOPPED])
def test_the_chain_ends_where_a_station_is_stopped_and_heals_when_it_starts(
    lab: Lab, stopped: str, station: str, sentence: str
) -> None:
    lab.controls.switch(stopped, False)
    lab.deploy("web")
    lab.advance(5)
    found = of(lab)
    assert (found.end.station, found.end.state, found.end.sentence) == (station, "stopped", sentence)
    marked = next(one for one in found.stations if one.key == station)
    assert (marked.state, marked.running, marked.switchable) == ("stopped", False, True)
    lab.controls.switch(stopped, True)
    lab.advance(10)
    assert of(lab).end.state == "done"


def test_silent_kubelets_end_the_chain_too(lab: Lab) -> None:
    for node in ("lab-worker", "lab-worker2", "lab-worker3"):
        lab.controls.switch_node(node, kubelet=False)
    lab.deploy("web")
    lab.advance(5)
    found = of(lab)
    assert (found.end.station, found.end.state) == ("kubelet", "stopped")
    assert found.end.sentence.endswith("is silent: nobody starts containers there.")
    assert found.nodes == (lab.pods()[0]["spec"]["nodeName"],)


@pytest.mark.parametrize("name", ["kube-apiserver", "etcd"])
def test_without_the_bus_nothing_goes_on(lab: Lab, name: str) -> None:
    lab.deploy("web")
    lab.advance(10)
    lab.controls.switch(name, False)
    found = of(lab)
    assert (found.end.station, found.end.state) == (name, "stopped")
    assert next(one for one in found.bus if one.key == name).running is False


def test_a_pod_that_fits_nowhere_is_a_failed_step_with_the_reason(lab: Lab) -> None:
    lab.deploy("web", cpu="9")
    lab.advance(5)
    found = of(lab)
    assert found.steps[-1].state == "failed"
    assert (found.end.station, found.end.state) == ("kube-scheduler", "failed")
    assert "too little free CPU" in found.end.sentence


def test_a_quota_stops_the_replicaset_controller_with_the_servers_words(lab: Lab) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none", "namespace": "default"}}
    lab.apply({**quota, "spec": {"hard": {"pods": "0"}}})
    lab.advance(1)
    lab.deploy("web")
    lab.advance(5)
    found = of(lab)
    assert (found.end.station, found.end.state) == ("replicaset-controller", "failed")
    assert "exceeded quota" in found.end.sentence


def test_an_image_that_cannot_be_pulled_ends_at_the_kubelet(lab: Lab) -> None:
    lab.apply(pod("web", spec={"containers": [{"name": "c", "image": "nginx:does-not-exist"}]}))
    lab.advance(30)
    found = of(lab, "Pod")
    assert (found.end.station, found.end.state) == ("kubelet", "failed")
    assert "cannot be pulled" in found.end.sentence


def test_a_held_clock_says_that_somebody_has_to_step_it(lab: Lab) -> None:
    lab.deploy("web")
    assert "the clock is held" in of(lab).end.sentence
    assert of(lab).end.state == "waiting"


def test_before_there_is_an_object_the_path_waits_for_it(lab: Lab) -> None:
    found = of(lab)
    assert (found.exists, found.steps) == (False, ())
    assert (found.end.station, found.end.sentence) == ("you", "There is no Deployment web yet. Apply it.")


def test_a_change_nobody_has_seen_yet_is_told(lab: Lab) -> None:
    lab.deploy("web")
    lab.advance(10)
    lab.controls.switch("deployment", False)
    lab.deploy("web", replicas=4)
    lab.advance(5)
    assert of(lab).end.sentence == "Nobody has acted on the newest change: the deployment controller is stopped."


def test_a_configmap_ends_in_the_store_and_that_is_right(lab: Lab) -> None:
    lab.apply(config_map("web"))
    found = of(lab, "ConfigMap")
    assert actors(found) == ["you", "kube-apiserver", "etcd"]
    assert (found.end.station, found.end.state) == ("etcd", "done")


def test_a_service_leads_to_the_pods_it_selects_or_nowhere(lab: Lab) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}}
    lab.apply({**service, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})
    lab.advance(5)
    assert of(lab, "Service").end.sentence == "No pod has the labels app=web, so the Service leads nowhere."
    lab.deploy("web", replicas=2)
    lab.advance(10)
    assert of(lab, "Service").end.sentence.endswith("reaches 2 pods.")


def test_a_cronjob_waits_for_its_time_and_then_goes_the_whole_way(lab: Lab) -> None:
    container = {"name": "c", "image": "busybox", "command": ["true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "web", "namespace": "default"}}
    lab.apply({**cron, "spec": {"schedule": "*/5 * * * *", "jobTemplate": {"spec": {"template": template}}}})
    lab.advance(5)
    assert of(lab, "CronJob").end.sentence == "It waits for its time: */5 * * * *."
    lab.advance(320)
    found = of(lab, "CronJob")
    assert found.end.state == "done"
    assert "job-controller" in actors(found)


def test_on_another_cluster_everything_is_read_off_the_api(lab: Lab) -> None:
    lab.deploy("web", replicas=2)
    lab.advance(20)
    found = of(lab, told=False)
    assert found.end.state == "done"
    assert not any(station.switchable for station in (*found.stations, *found.bus))
    assert [station.running for station in found.stations[1:4]] == [None, None, None], (
        "nobody can tell on a bare cluster"
    )


def test_on_another_cluster_a_static_pod_that_is_down_tells_who_is_stopped() -> None:
    lab = Lab(bare=False)
    lab.advance(30)
    lab.controls.switch("scheduler", False)
    lab.advance(5)
    lab.deploy("web")
    lab.advance(5)
    found = of(lab, told=False)
    assert (found.end.station, found.end.sentence) == (
        "kube-scheduler", "Nobody has picked a node: the scheduler is stopped.",
    )  # fmt: skip
    lab.plane.close()


def test_the_twins_say_the_same(lab: Lab) -> None:
    lab.controls.switch("scheduler", False)
    lab.deploy("web")
    lab.advance(5)
    found = of(lab)
    text, svg = path_text(found), path_svg(found)
    assert text.startswith("Path of Deployment web: Nobody has picked a node: the scheduler is stopped.")
    assert "✕ scheduler (stopped) → ○ kubelet" in text
    assert "the chain ends here" in svg
    assert all(step.title.split(" makes ")[0] in svg for step in found.steps)


def test_a_path_becomes_plain_data(lab: Lab) -> None:
    lab.deploy("web")
    lab.advance(5)
    sent = of(lab).as_dict()
    assert sent["stations"][0]["title"] == "You"
    assert sent["steps"][0]["actor"] == "you"
