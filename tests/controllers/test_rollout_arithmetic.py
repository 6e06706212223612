"""The arithmetic of rolling updates, from Deployment and ReplicaSets to sizes."""

from __future__ import annotations

import pytest
from builders import deployment

from gitopslab.controlplane.controllers.percentage import scaled
from gitopslab.controlplane.controllers.rollout import (
    DESIRED_REPLICAS,
    MAX_REPLICAS,
    REVISION,
    REVISION_HISTORY,
    Rollout,
    fenceposts,
    max_surge,
    max_unavailable,
    new_annotations,
    outdated,
    rescaling,
    same_template,
    shrinking,
    size_of_new,
    told_apart,
)
from gitopslab.machinery.objects import Object


def replica_set(name: str, replicas: int, *, available: int | None = None, age: int = 0, **annotations: str) -> Object:
    return {
        "metadata": {
            "name": name,
            "uid": name,
            "creationTimestamp": f"2026-01-01T00:00:{59 - age:02}Z",
            "annotations": annotations,
        },
        "spec": {"replicas": replicas, "template": {"metadata": {"labels": {"pod-template-hash": name}}}},
        "status": {"availableReplicas": replicas if available is None else available},
    }


def rolling(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%") -> Object:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    return deployment("web", replicas=replicas, spec={"strategy": strategy})


@pytest.mark.parametrize(
    ("value", "total", "up", "number"),
    [
        pytest.param(3, 10, True, 3, id="a number is itself"),
        pytest.param("25%", 10, True, 3, id="surge rounds up"),
        pytest.param("25%", 10, False, 2, id="unavailability rounds down"),
        pytest.param("100%", 7, False, 7, id="all of it"),
        pytest.param("0%", 7, True, 0, id="none of it"),
        pytest.param("1%", 1, True, 1, id="a sliver rounds up to one"),
    ],
)
def test_percentages_become_numbers(value: int | str, total: int, up: bool, number: int) -> None:
    assert scaled(value, total, up=up) == number


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        pytest.param(4, "25%", "25%", (1, 1), id="the defaults for four"),
        pytest.param(3, "25%", "25%", (1, 0), id="the defaults for three lose nobody"),
        pytest.param(10, "0%", "5%", (0, 1), id="both nothing means one may be unavailable"),
        pytest.param(10, 3, 2, (3, 2), id="plain numbers"),
    ],
)
def test_fenceposts(replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]) -> None:
    assert fenceposts(rolling(replicas, surge, unavailable)) == expected


def test_unavailability_is_never_more_than_the_replicas() -> None:
    assert max_unavailable(rolling(2, 0, 5)) == 2


def test_recreate_has_neither_surge_nor_unavailability() -> None:
    recreate = deployment("web", replicas=4, spec={"strategy": {"type": "Recreate"}})
    assert (max_surge(recreate), max_unavailable(recreate)) == (0, 0)


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        pytest.param(10, 0, 3, id="a new rollout starts with the surge"),
        pytest.param(8, 3, 5, id="it grows as far as the total allows"),
        pytest.param(13, 0, 0, id="no room while others take it all"),
        pytest.param(0, 8, 10, id="it ends at the wanted size"),
        pytest.param(0, 12, 10, id="it shrinks when too many are wanted"),
    ],
)
def test_the_new_replica_set_grows_within_the_surge(old: int, new: int, size: int) -> None:
    rollout = Rollout(rolling(10, 3, 2), [replica_set("old", old)], replica_set("new", new))
    assert size_of_new(rollout, new) == size


@pytest.mark.parametrize(
    ("old", "old_available", "new", "new_available", "steps"),
    [
        pytest.param(10, 10, 3, 0, [8], id="maxUnavailable old pods go at once"),
        pytest.param(8, 8, 5, 0, [], id="unavailable new pods stop it"),
        pytest.param(8, 8, 5, 2, [6], id="each available new pod lets one old pod go"),
        pytest.param(8, 6, 5, 0, [], id="a lost old pod does not let more go"),
        pytest.param(10, 7, 0, 0, [8], id="unhealthy old pods go first"),
        pytest.param(10, 9, 3, 3, [9, 5], id="then available ones"),
        pytest.param(0, 0, 3, 3, [], id="nothing left to shrink"),
    ],
)
def test_old_replica_sets_shrink(old: int, old_available: int, new: int, new_available: int, steps: list[int]) -> None:
    olds = [replica_set("old", old, available=old_available)]
    rollout = Rollout(rolling(10, 3, 2), olds, replica_set("new", new, available=new_available))
    assert [size for _, size in shrinking(rollout)] == steps


def test_the_oldest_replica_set_shrinks_first() -> None:
    olds = [replica_set("young", 2, age=1), replica_set("old", 2, age=9)]
    rollout = Rollout(rolling(4, 1, 1), olds, replica_set("new", 1))
    assert [(found["metadata"]["name"], size) for found, size in shrinking(rollout)] == [("old", 0)]


@pytest.mark.parametrize(
    ("sizes", "before", "wanted", "expected"),
    [
        pytest.param([5, 5], (10, 10), 20, [10, 10], id="evenly up"),
        pytest.param([5, 5], (10, 10), 5, [2, 3], id="evenly down, the remainder off the oldest"),
        pytest.param([8, 2], (10, 10), 5, [4, 1], id="in proportion"),
        pytest.param([5, 5], (10, 10), 0, [0, 0], id="to nothing"),
        pytest.param([5, 5], (10, 10), 11, [5, 6], id="one more goes to the newest"),
    ],
)
def test_scaling_in_the_middle_of_a_rollout_is_proportional(
    sizes: list[int], before: tuple[int, int], wanted: int, expected: list[int]
) -> None:
    notes = {DESIRED_REPLICAS: str(before[0]), MAX_REPLICAS: str(before[1])}
    old = replica_set("old", sizes[0], age=9, available=0, **notes)
    new = replica_set("new", sizes[1], available=0, **notes)
    found = {each["metadata"]["name"]: size for each, size in rescaling(Rollout(rolling(wanted, 0, 1), [old], new))}
    assert [found["old"], found["new"]] == expected


def test_scaling_with_one_active_replica_set_goes_to_it() -> None:
    rollout = Rollout(rolling(5), [replica_set("old", 0)], replica_set("new", 3))
    assert [(found["metadata"]["name"], size) for found, size in rescaling(rollout)] == [("new", 5)]


def test_a_paused_deployment_without_pods_scales_its_latest_replica_set() -> None:
    rollout = Rollout(rolling(5), [replica_set("older", 0, age=9), replica_set("old", 0)], None)
    assert [(found["metadata"]["name"], size) for found, size in rescaling(rollout)] == [("old", 5)]


def test_templates_are_compared_without_their_hash() -> None:
    template = {"metadata": {"labels": {}}, "spec": {"containers": []}}
    labelled = {"metadata": {"labels": {"pod-template-hash": "abc"}}, "spec": {"containers": []}}
    assert same_template({"spec": {"template": labelled}}, template)


def test_the_oldest_of_equal_replica_sets_is_the_new_one() -> None:
    wanted = rolling(3)
    wanted["spec"]["template"] = {"metadata": {}}
    rollout = told_apart(wanted, [replica_set("late", 0), replica_set("early", 0, age=9)])
    assert rollout.new is not None
    assert rollout.new["metadata"]["name"] == "early"
    assert [old["metadata"]["name"] for old in rollout.olds] == ["late"]


def test_a_rollback_notes_the_revision_the_replica_set_had() -> None:
    rollout = Rollout(rolling(3), [replica_set("b", 3, **{REVISION: "3"})], None)
    found = new_annotations(rollout, {REVISION: "2", REVISION_HISTORY: "1"})
    assert (found[REVISION], found[REVISION_HISTORY]) == ("4", "1,2")


def test_annotations_of_clients_are_copied_and_bookkeeping_is_not() -> None:
    owner = rolling(3)
    owner["metadata"]["annotations"] = {"kubernetes.io/change-cause": "image 2", REVISION: "9"}
    found = new_annotations(Rollout(owner, [], None), {})
    assert found == {"kubernetes.io/change-cause": "image 2", REVISION: "1"}


def test_only_idle_replica_sets_beyond_the_limit_are_outdated() -> None:
    owner = rolling(3)
    owner["spec"]["revisionHistoryLimit"] = 1
    olds = [replica_set(str(number), 1 if number == 2 else 0, **{REVISION: str(number)}) for number in (3, 1, 2)]
    assert [old["metadata"]["name"] for old in outdated(Rollout(owner, olds, None))] == ["1"]
