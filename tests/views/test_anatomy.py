"""The anatomy of a real control plane, and the arithmetic of losing control nodes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from held_lab import Lab

from gitopslab.views.anatomy import KINDS, SIZES, Anatomy, Body, anatomy, model
from gitopslab.views.anatomy_svg import anatomy_svg
from gitopslab.views.anatomy_text import anatomy_text


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab(bare=False)
    made.deploy("web", replicas=3)
    made.advance(30)
    yield made
    made.plane.close()


def of(lab: Lab, *, told: bool = True) -> Anatomy:
    return anatomy(lab.objects(KINDS, told=told))


def node(found: Anatomy, name: str) -> Body:
    return next(body for body in found.nodes if body.name == name)


def test_the_control_plane_comes_first_with_its_four_parts(lab: Lab) -> None:
    first = of(lab).nodes[0]
    assert (first.name, first.control_plane) == ("lab-control-plane", True)
    assert [organ.name for organ in first.control] == [
        "kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler",
    ]  # fmt: skip
    assert {organ.state for organ in first.control} == {"ready"}


def test_every_node_has_a_kubelet_a_runtime_and_a_proxy(lab: Lab) -> None:
    for body in of(lab).nodes:
        assert [organ.name for organ in body.every][:3] == ["kubelet", "containerd", "kube-proxy"]
    assert sum(body.others for body in of(lab).nodes) >= 3


def test_a_stopped_part_and_a_dark_node_are_seen_and_can_be_switched(lab: Lab) -> None:
    lab.controls.switch("scheduler", False)
    lab.controls.switch_node("lab-worker3", power=False)
    found = of(lab)
    scheduler = node(found, "lab-control-plane").control[3]
    assert (scheduler.running, scheduler.status, scheduler.switchable) == (False, "stopped", True)
    assert node(found, "lab-worker3").dark
    assert node(found, "lab-worker3").every[0].status == "without power"
    lab.controls.switch("scheduler", True)
    lab.controls.switch_node("lab-worker3", power=True)
    assert node(of(lab), "lab-control-plane").control[3].running


def test_on_another_cluster_nothing_can_be_switched(lab: Lab) -> None:
    found = of(lab, told=False)
    assert not any(organ.switchable for body in found.nodes for organ in (*body.control, *body.every))
    assert node(found, "lab-control-plane").control[0].running


def test_a_hidden_control_plane_is_said_to_be_hidden() -> None:
    lab = Lab()
    assert of(lab).note.startswith("The control plane is not visible here")
    lab.plane.close()


@pytest.mark.parametrize(
    ("members", "states"),
    [
        (1, ["notready", "failed"]),
        (3, ["ready", "notready", "failed", "failed"]),
        (5, ["ready", "ready", "notready", "failed", "failed", "failed"]),
    ],
)
def test_a_majority_decides_what_a_control_plane_survives(members: int, states: list[str]) -> None:
    assert [outcome.state for outcome in model(members)] == states


def test_two_of_three_work_and_one_of_three_does_not() -> None:
    outcomes = model(3)
    assert outcomes[1].title == "2 of 3 answer, 2 are a majority: the cluster works"
    assert outcomes[2].title == "1 of 3 answer, 2 would be a majority: etcd stops"
    assert any("Pods that run go on running" in line for line in outcomes[2].lines)


def test_the_model_is_called_one_on_a_cluster_with_one_control_node(lab: Lab) -> None:
    assert of(lab).is_model
    assert len(of(lab).outcomes) == len(SIZES)


def test_the_twins_say_the_same(lab: Lab) -> None:
    text, svg = anatomy_text(of(lab)), anatomy_svg(of(lab))
    assert text.startswith("Anatomy: 1 control plane, 3 workers")
    assert "A model: what becomes of a control plane that loses nodes" in text
    for body in of(lab).nodes:
        assert body.name in svg
