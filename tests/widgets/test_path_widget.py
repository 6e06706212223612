"""The path as a widget: its snapshot, its twins, and what it asks of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fake_source import FakeSource
from held_lab import Lab

from gitopslab.clusters.controls import Controls
from gitopslab.errors import SetupError
from gitopslab.machinery.objects import Object
from gitopslab.views.path import kinds_for
from gitopslab.widgets.base import close_all
from gitopslab.widgets.path import PathView


class Cluster(FakeSource):
    """What a control plane in memory holds."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab

    def state(self) -> tuple[int, dict[str, list[Object]]]:
        return super().state()[0], self.lab.objects(kinds_for("Deployment", ""))


class Switchboard(Controls):
    """Controls that go straight to a control plane in memory."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.steps = 0

    def switch(self, component: str, running: bool) -> Object:
        self.lab.controls.switch(component, running)
        return self.lab.controls.state()

    def switch_node(self, node: str, **wish: bool) -> Object:
        self.lab.controls.switch_node(node, **wish)
        return self.lab.controls.state()

    def run(self, speed: float) -> Object:
        if speed > 1:
            raise SetupError("not so fast", "slower")
        self.lab.controls.run(speed)
        return self.lab.controls.state()

    def step(self, within: float) -> Object:
        self.steps += 1
        return self.lab.controls.state()


@pytest.fixture
def lab() -> Iterator[Lab]:
    made = Lab()
    made.deploy("web")
    made.advance(10)
    yield made
    close_all()
    made.plane.close()


def view(lab: Lab, **more: Any) -> PathView:
    return PathView(lambda: Cluster(lab), "Deployment", "web", "default", cluster=("lab", "embedded"), **more)


def told(shown: PathView, **wish: Any) -> None:
    shown._handle_custom_msg(wish, [])


def test_the_snapshot_is_there_before_the_widget_is_shown(lab: Lab) -> None:
    shown = view(lab, still=True)
    assert shown._snapshot["path"]["end"]["state"] == "done"
    assert shown._snapshot["clock"] == {"held": True}
    shown.close()


def test_a_still_path_is_a_picture_with_words(lab: Lab) -> None:
    bundle = view(lab, still=True)._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml", "text/html"}
    assert bundle["text/plain"].startswith("Path of Deployment web: The path is complete")


def test_what_the_picture_asks_is_done_to_the_cluster(lab: Lab) -> None:
    controls = Switchboard(lab)
    shown = view(lab, controls=controls)
    told(shown, do="switch", component="kube-scheduler", running=False)
    assert not lab.runs("kube-scheduler")
    told(shown, do="switch", component="kubelet", running=False)
    node = lab.pods()[0]["spec"]["nodeName"]
    assert [each["name"] for each in lab.controls.state()["nodes"] if not each["kubelet"]] == [node]
    told(shown, do="hold", held=False)
    assert lab.clock.speed == 1
    told(shown, do="step")
    assert controls.steps == 1
    shown.close()


@pytest.mark.parametrize(
    "wish",
    [
        {"do": "switch", "component": 5, "running": False},
        {"do": "switch", "component": "etcd", "running": "no"},
        {"do": "dance"},
        {},
    ],
)
def test_a_wish_that_makes_no_sense_does_nothing(lab: Lab, wish: Object) -> None:
    shown = view(lab, controls=Switchboard(lab))
    before = lab.controls.state()["components"]
    told(shown, **wish)
    assert lab.controls.state()["components"] == before
    shown.close()


def test_an_unknown_component_is_shown_as_an_error(lab: Lab) -> None:
    shown = view(lab, controls=Switchboard(lab))
    told(shown, do="switch", component="nothing", running=False)
    assert "there is no component 'nothing'" in shown._snapshot["error"]
    shown.close()


def test_on_another_cluster_nothing_can_be_switched(lab: Lab) -> None:
    shown = view(lab)
    told(shown, do="switch", component="kube-scheduler", running=False)
    assert lab.runs("kube-scheduler")
    shown.close()
