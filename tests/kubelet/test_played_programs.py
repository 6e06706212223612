"""Programs that are played in a whole cluster: Jobs that fail as their scripts say, and the files that volumes keep."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from builders import pod

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from collections.abc import Iterable

FAIL_ONCE = "if [[ -r /data/foo ]]\nthen\n  exit 0\nelse\n  touch /data/foo\n  exit 1\nfi\n"
ODD_FAILS = "if [ $(expr ${JOB_COMPLETION_INDEX} % 2) -ne 0 ]; then exit 1; else exit 0; fi"
EMPTY = {"emptyDir": {}}


def script(text: str, volume: Object | None = None, **spec: Any) -> Object:
    """The spec of a pod that plays a script, with a volume at ``/data``."""
    container: Object = {"name": "c", "image": "busybox:1.36", "command": ["/bin/sh", "-c", text]}
    if volume is not None:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        spec["volumes"] = [{"name": "data", **volume}]
    return {"containers": [container], "restartPolicy": "Never", **spec}


def job(plane: ControlPlane, template: Object, **spec: Any) -> None:
    plane.api.create(
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "crunch", "namespace": "default"},
            "spec": {"template": {"spec": template}, **spec},
        }
    )
    plane.settle()


def run(plane: ControlPlane, name: str, spec: Object) -> None:
    plane.api.create(pod(name, spec=spec))
    plane.settle()


def status(plane: ControlPlane, name: str) -> Object:
    found: Object = plane.api.get("pods", name, "default")["status"]
    return found


def codes(pods: Iterable[Object]) -> list[int]:
    """The exit codes of containers that have ended."""
    entries = [one["status"]["containerStatuses"][0]["state"] for one in pods]
    return [entry["terminated"]["exitCode"] for entry in entries if "terminated" in entry]


def test_job_fails_once_and_then_succeeds_in_the_same_pod(plane: ControlPlane) -> None:
    job(plane, script(FAIL_ONCE, EMPTY, restartPolicy="OnFailure"))
    plane.advance(60)
    (only,) = plane.api.list("pods", "default")
    entry = only["status"]["containerStatuses"][0]
    assert (only["status"]["phase"], entry["restartCount"]) == ("Succeeded", 1)
    assert entry["lastState"]["terminated"]["exitCode"] == 1
    assert plane.api.get("jobs.batch", "crunch", "default")["status"]["succeeded"] == 1


def test_another_pod_does_not_find_the_files_of_an_empty_dir(plane: ControlPlane) -> None:
    job(plane, script(FAIL_ONCE, EMPTY), backoffLimit=2)
    plane.advance(600)
    assert codes(plane.api.list("pods", "default")) == [1, 1, 1]
    assert plane.api.get("jobs.batch", "crunch", "default")["status"]["failed"] == 3


def test_odd_indexes_of_a_job_fail(plane: ControlPlane) -> None:
    job(plane, script(ODD_FAILS), completionMode="Indexed", completions=4, parallelism=4, backoffLimitPerIndex=0)
    plane.advance(60)
    found = plane.api.get("jobs.batch", "crunch", "default")["status"]
    assert (found["completedIndexes"], found["failedIndexes"]) == ("0,2", "1,3")


def test_another_pod_of_the_same_node_finds_the_files_of_a_host_path(plane: ControlPlane) -> None:
    volume = {"hostPath": {"path": "/tmp/shared"}}
    for name, node in (("first", "lab-worker"), ("second", "lab-worker"), ("third", "lab-worker2")):
        run(plane, name, script(FAIL_ONCE, volume, nodeName=node))
        plane.advance(5)
    assert [status(plane, name)["phase"] for name in ("first", "second", "third")] == ["Failed", "Succeeded", "Failed"]


def test_init_container_leaves_files_for_the_others(plane: ControlPlane) -> None:
    spec = script('[ "$(cat /data/greeting)" = hello ] && exit 5', EMPTY)
    init = script("mkdir -p /data/sub; echo hello > /data/greeting", EMPTY)["containers"][0]
    run(plane, "web", {**spec, "initContainers": [{**init, "name": "prepare"}]})
    plane.advance(10)
    assert codes([plane.api.get("pods", "web", "default")]) == [5]


def test_file_is_there_when_its_time_has_come(plane: ControlPlane) -> None:
    volume = {
        "hostPath": {"path": "/tmp/shared"},
    }
    run(plane, "writer", script("sleep 30; touch /data/late; sleep 1000", volume, nodeName="lab-worker"))
    plane.advance(10)
    run(plane, "early", script("[ -f /data/late ]", volume, nodeName="lab-worker"))
    plane.advance(30)
    run(plane, "late", script("[ -f /data/late ]", volume, nodeName="lab-worker"))
    plane.advance(5)
    assert (status(plane, "early")["phase"], status(plane, "late")["phase"]) == ("Failed", "Succeeded")


def test_program_that_was_stopped_writes_no_more(plane: ControlPlane) -> None:
    volume = {"hostPath": {"path": "/tmp/shared"}}
    run(plane, "writer", script("sleep 30; touch /data/late; sleep 1000", volume, nodeName="lab-worker"))
    plane.advance(10)
    plane.api.delete("pods", "writer", "default")
    plane.settle()
    plane.advance(60)
    run(plane, "late", script("[ -f /data/late ]", volume, nodeName="lab-worker"))
    plane.advance(5)
    assert status(plane, "late")["phase"] == "Failed"


def test_read_only_file_system_is_found_so(plane: ControlPlane) -> None:
    spec = script("touch /data/a && ! touch /b && exit 6", EMPTY)
    spec["containers"][0]["securityContext"] = {"readOnlyRootFilesystem": True}
    run(plane, "web", spec)
    plane.advance(5)
    assert codes([plane.api.get("pods", "web", "default")]) == [6]


@pytest.mark.parametrize("seed", [1, 2])
def test_chance_repeats_in_a_seeded_cluster(seed: int) -> None:
    assert drawn(seed) == drawn(seed)


def test_chance_takes_both_ways() -> None:
    assert set(drawn(1)) == {0, 1}


def drawn(seed: int) -> list[int]:
    """How twelve pods end that toss a coin."""
    plane = ControlPlane(JumpableClock(), bare=True, chance=Random(seed))
    try:
        plane.settle()
        names = [f"coin-{i}" for i in range(12)]
        for name in names:
            run(plane, name, script("exit $(( $RANDOM / 16384 ))"))
        plane.advance(10)
        return codes(plane.api.get("pods", name, "default") for name in names)
    finally:
        plane.close()
