"""The table of stages."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.kubelet.stages import choose, filled, read, shipped


@pytest.mark.parametrize(
    ("state", "facts", "stage"),
    [
        pytest.param("ContainerCreating", {"image": "malformed"}, "refuse-image-name", id="malformed image"),
        pytest.param("ContainerCreating", {"image": "forbidden"}, "never-pull", id="never pulled"),
        pytest.param("ContainerCreating", {"image": "missing"}, "pull-fails", id="missing image"),
        pytest.param("ContainerCreating", {"image": "wanted"}, "pull", id="image to pull"),
        pytest.param("ContainerCreating", {"image": "here"}, "find-image", id="image present"),
        pytest.param("ErrImagePull", {}, "pull-backs-off", id="failed pull"),
        pytest.param("ImagePullBackOff", {"image": "missing"}, "pull-fails-again", id="still missing"),
        pytest.param("ImagePullBackOff", {"image": "wanted"}, "pull-after-all", id="pushed meanwhile"),
        pytest.param("Pulled", {"config": "incomplete"}, "configure-fails", id="no config"),
        pytest.param("Pulled", {"config": "complete"}, "start", id="all there"),
        pytest.param("Running", {"end": "liveness"}, "liveness-kills", id="liveness failed"),
        pytest.param("Running", {"end": "program"}, "end", id="program ends"),
        pytest.param("Running", {"end": ""}, None, id="runs for ever"),
        pytest.param("Terminated", {"restart": "no"}, None, id="rests"),
        pytest.param("Terminated", {"restart": "now"}, "restart", id="first crash"),
        pytest.param("Terminated", {"restart": "later"}, "back-off", id="later crash"),
        pytest.param("CrashLoopBackOff", {}, "restart-after-back-off", id="back-off over"),
        pytest.param("InvalidImageName", {"image": "malformed"}, None, id="rests refused"),
    ],
)
def test_row_for_a_state(state: str, facts: dict[str, str], stage: str | None) -> None:
    found = choose(shipped(), state, facts)
    assert (found.name if found else None) == stage


def test_every_state_that_is_entered_is_left_or_rests_on_purpose() -> None:
    left = {state for stage in shipped() for state in stage.states}
    assert {stage.next for stage in shipped()} - left == {"InvalidImageName", "ErrImageNeverPull"}


def test_table_of_ones_own_can_be_read() -> None:
    (stage,) = read(
        "[{stage: nap, from: [Running], when: {end: no}, wait: 2, next: Terminated, events: [[Normal, Nap, zzz]]}]"
    )
    assert stage.wait == 2.0
    assert stage.when == {"end": "no"}
    assert stage.events[0].reason == "Nap"


def test_only_known_blanks_are_filled_and_only_once() -> None:
    assert filled("{a} {b} {c", {"a": "{b}", "b": "2"}) == "{b} 2 {c"
