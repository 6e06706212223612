"""Jobs: counting, back-off, deadlines, suspension, indexes, policies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import merged

from gitopslab.controlplane.controllers import jobindexes, jobpolicy
from gitopslab.machinery.objects import Object, annotations_of

if TYPE_CHECKING:
    from conftest import Cluster


COUNTED = 3.0
"""Seconds in which what pods did is counted and told: pods are looked at a second after something befell them."""


def job(image: str = "ok", name: str = "crunch", **spec: Any) -> Object:
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}}
    base = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "namespace": "default"}, "spec": {}}
    return merged(base, {"spec": {"template": pod, **spec}})


def status(cluster: Cluster, name: str = "crunch") -> Object:
    found: Object = cluster.get("jobs.batch", name)["status"]
    return found


def told(cluster: Cluster, name: str = "crunch") -> list[tuple[str, str, str, str]]:
    conditions = status(cluster, name).get("conditions", [])
    return [(each["type"], each["status"], each["reason"], each["message"]) for each in conditions]


def active(cluster: Cluster) -> int:
    return sum(pod["status"]["phase"] in ("Pending", "Running") for pod in cluster.list("pods"))


def set_phase(cluster: Cluster, name: str, phase: str) -> None:
    cluster.api.patch("pods", name, {"status": {"phase": phase}}, "default", subresource="status")
    cluster.advance(COUNTED)


def test_a_job_runs_to_its_completions(cluster: Cluster) -> None:
    cluster.create(job(completions=4, parallelism=2))
    cluster.advance(2 * COUNTED)
    found = status(cluster)
    times = {"startTime", "completionTime", "conditions"}
    assert {key: value for key, value in found.items() if key not in times} == {
        "ready": 0,
        "succeeded": 4,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }
    assert told(cluster) == [
        ("SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods"),
        ("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods"),
    ]
    assert cluster.events("Job")[-1] == ("Completed", "Job completed")
    assert sum(reason == "SuccessfulCreate" for reason, _ in cluster.events("Job")) == 4
    assert all("finalizers" not in pod["metadata"] for pod in cluster.list("pods"))


def test_parallelism_bounds_what_runs(cluster: Cluster) -> None:
    cluster.create(job("runs", completions=5, parallelism=2))
    cluster.advance(COUNTED)
    assert active(cluster) == 2
    assert (status(cluster)["active"], status(cluster)["ready"]) == (2, 2)
    set_phase(cluster, cluster.names("pods")[0], "Succeeded")
    assert (active(cluster), status(cluster)["succeeded"]) == (2, 1)
    cluster.patch("jobs.batch", "crunch", {"spec": {"parallelism": 1}})
    assert active(cluster) == 1


def test_too_many_failures_fail_the_job(cluster: Cluster) -> None:
    cluster.create(job("fail", backoffLimit=0))
    cluster.advance(COUNTED)
    message = "Job has reached the specified backoff limit"
    assert told(cluster) == [
        ("FailureTarget", "True", "BackoffLimitExceeded", message),
        ("Failed", "True", "BackoffLimitExceeded", message),
    ]
    assert status(cluster)["failed"] == 1
    assert cluster.events("Job")[-1] == ("BackoffLimitExceeded", message)


def test_failed_pods_are_replaced_slower_each_time(cluster: Cluster) -> None:
    cluster.create(job("fail", backoffLimit=3))
    cluster.settle()
    seen = [len(cluster.list("pods"))]
    for seconds in (10, 20, 40):
        cluster.advance(seconds - 1)
        seen.append(len(cluster.list("pods")))
        cluster.advance(1)
    assert seen == [1, 1, 2, 3]
    cluster.advance(COUNTED)
    assert told(cluster)[-1][:3] == ("Failed", "True", "BackoffLimitExceeded")


def test_a_deadline_ends_a_job_and_its_pods(cluster: Cluster) -> None:
    cluster.create(job("runs", activeDeadlineSeconds=30))
    cluster.advance(29)
    assert active(cluster) == 1
    cluster.advance(COUNTED)
    message = "Job was active longer than specified deadline"
    assert told(cluster)[-1] == ("Failed", "True", "DeadlineExceeded", message)
    assert cluster.names("pods") == []


def test_a_suspended_job_runs_nothing_until_it_is_resumed(cluster: Cluster) -> None:
    cluster.create(job(suspend=True))
    cluster.settle()
    assert told(cluster) == [("Suspended", "True", "JobSuspended", "Job suspended")]
    assert (cluster.names("pods"), "startTime" in status(cluster)) == ([], False)
    cluster.patch("jobs.batch", "crunch", {"spec": {"suspend": False}})
    assert ("Suspended", "False", "JobResumed", "Job resumed") in told(cluster)
    cluster.advance(COUNTED)
    assert told(cluster)[-1][0] == "Complete"
    assert [reason for reason, _ in cluster.events("Job")] == ["Suspended", "SuccessfulCreate", "Resumed", "Completed"]


def test_suspending_stops_the_pods_without_counting_them_as_failed(cluster: Cluster) -> None:
    cluster.create(job("runs", parallelism=2, completions=2))
    cluster.settle()
    cluster.patch("jobs.batch", "crunch", {"spec": {"suspend": True}})
    assert cluster.names("pods") == []
    assert not {"failed", "startTime", "active"} & status(cluster).keys()


def test_pods_beyond_a_lower_parallelism_do_not_count_as_failed(cluster: Cluster) -> None:
    cluster.create(job("runs", parallelism=3, completions=3))
    cluster.settle()
    cluster.patch("jobs.batch", "crunch", {"spec": {"parallelism": 1}})
    assert (active(cluster), "failed" in status(cluster)) == (1, False)


def test_what_still_runs_when_a_job_fails_counts_as_failed(cluster: Cluster) -> None:
    cluster.create(job("runs", parallelism=3, completions=3, backoffLimit=0))
    cluster.settle()
    set_phase(cluster, cluster.names("pods")[0], "Failed")
    assert told(cluster)[-1][:3] == ("Failed", "True", "BackoffLimitExceeded")
    assert (status(cluster)["failed"], active(cluster)) == (3, 0)


def test_a_job_of_another_controller_is_left_alone(cluster: Cluster) -> None:
    cluster.create(job(managedBy="example.com/kueue"))
    cluster.settle()
    assert (cluster.names("pods"), status(cluster)) == ([], {})


def test_a_job_adopts_the_pods_it_selects_and_counts_them(cluster: Cluster) -> None:
    labels = {"run": "mine"}
    pod = {
        "metadata": {"name": "mine", "namespace": "default", "labels": labels},
        "spec": job("runs")["spec"]["template"]["spec"],
    }
    cluster.create({"apiVersion": "v1", "kind": "Pod", **pod})
    cluster.settle()
    manual = job("runs", manualSelector=True, selector={"matchLabels": labels})
    manual["spec"]["template"]["metadata"] = {"labels": labels}
    cluster.create(manual)
    cluster.settle()
    adopted = cluster.get("pods", "mine")["metadata"]
    assert (adopted["ownerReferences"][0]["name"], adopted["finalizers"]) == (
        "crunch",
        ["batch.kubernetes.io/job-tracking"],
    )
    set_phase(cluster, "mine", "Succeeded")
    assert (told(cluster)[-1][0], cluster.names("pods")) == ("Complete", ["mine"])


def test_a_work_queue_is_done_when_one_succeeds_and_the_others_end(cluster: Cluster) -> None:
    cluster.create(job("runs", parallelism=2, completions=None))
    cluster.settle()
    first, second = cluster.names("pods")
    set_phase(cluster, first, "Succeeded")
    assert (active(cluster), told(cluster)) == (1, [])
    set_phase(cluster, second, "Succeeded")
    assert told(cluster)[-1][:2] == ("Complete", "True")


def test_each_index_completes_once(cluster: Cluster) -> None:
    cluster.create(job(completions=3, parallelism=3, completionMode="Indexed"))
    cluster.advance(COUNTED)
    assert status(cluster)["completedIndexes"] == "0-2"
    pods = sorted(cluster.list("pods"), key=jobindexes.index_of)
    assert [pod["spec"]["hostname"] for pod in pods] == ["crunch-0", "crunch-1", "crunch-2"]
    assert [pod["metadata"]["generateName"] for pod in pods] == ["crunch-0-", "crunch-1-", "crunch-2-"]
    assert pods[1]["spec"]["containers"][0]["env"][0]["name"] == "JOB_COMPLETION_INDEX"
    assert pods[1]["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "1"


def test_failures_can_be_counted_per_index(cluster: Cluster) -> None:
    cluster.create(job("runs", completions=2, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=0))
    cluster.settle()
    by_index = {jobindexes.index_of(pod): pod["metadata"]["name"] for pod in cluster.list("pods")}
    set_phase(cluster, by_index[0], "Failed")
    assert status(cluster)["failedIndexes"] == "0"
    set_phase(cluster, by_index[1], "Succeeded")
    assert told(cluster)[-1] == ("Failed", "True", "FailedIndexes", "Job has failed indexes")


def test_an_index_is_tried_again_within_its_limit(cluster: Cluster) -> None:
    cluster.create(job("runs", completions=1, parallelism=1, completionMode="Indexed", backoffLimitPerIndex=1))
    cluster.settle()
    set_phase(cluster, cluster.names("pods")[0], "Failed")
    cluster.advance(10)
    again = next(pod for pod in cluster.list("pods") if pod["status"]["phase"] == "Running")
    assert annotations_of(again)["batch.kubernetes.io/job-index-failure-count"] == "1"


def test_a_failed_index_waits_by_itself_and_its_pod_stays_until_it_is_tried_again(cluster: Cluster) -> None:
    cluster.create(job("runs", completions=2, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=2))
    cluster.settle()
    first = {jobindexes.index_of(pod): pod["metadata"]["name"] for pod in cluster.list("pods")}
    set_phase(cluster, first[0], "Failed")
    assert (status(cluster).get("failed"), "finalizers" in cluster.get("pods", first[0])["metadata"]) == (None, True)
    set_phase(cluster, first[1], "Succeeded")
    cluster.advance(10)
    assert (status(cluster).get("failed"), "finalizers" in cluster.get("pods", first[0])["metadata"]) == (1, False)


def test_an_ignored_failure_is_noted_apart(cluster: Cluster) -> None:
    ignore = {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]}
    spec = {"completions": 1, "completionMode": "Indexed", "backoffLimitPerIndex": 0, "podFailurePolicy": ignore}
    cluster.create(job("runs", **spec))
    cluster.settle()
    name = cluster.names("pods")[0]
    conditions = [{"type": "DisruptionTarget", "status": "True"}]
    change = {"status": {"phase": "Failed", "conditions": conditions}}
    cluster.api.patch("pods", name, change, "default", subresource="status")
    cluster.advance(11)
    again = next(pod for pod in cluster.list("pods") if pod["metadata"]["name"] != name)
    annotations = annotations_of(again)
    counts = [annotations.get(f"batch.kubernetes.io/job-index-{kind}-count") for kind in ("failure", "ignored-failure")]
    assert (counts, status(cluster).get("failed")) == (["0", "1"], None)


def test_an_indexed_job_can_shrink(cluster: Cluster) -> None:
    cluster.create(job("runs", completions=3, parallelism=3, completionMode="Indexed"))
    cluster.settle()
    cluster.patch("jobs.batch", "crunch", {"spec": {"completions": 2, "parallelism": 2}})
    assert sorted(map(jobindexes.index_of, cluster.list("pods"))) == [0, 1]


def test_a_success_policy_ends_a_job_early(cluster: Cluster) -> None:
    policy = {"rules": [{"succeededIndexes": "0", "succeededCount": 1}]}
    cluster.create(job("runs", completions=3, parallelism=3, completionMode="Indexed", successPolicy=policy))
    cluster.settle()
    leader = next(pod for pod in cluster.list("pods") if jobindexes.index_of(pod) == 0)
    set_phase(cluster, leader["metadata"]["name"], "Succeeded")
    assert told(cluster)[-1] == ("Complete", "True", "SuccessPolicy", "Matched rules at index 0")
    assert (active(cluster), "failed" in status(cluster)) == (0, False)


def test_deleting_a_job_lets_its_pods_go(cluster: Cluster) -> None:
    cluster.create(job("runs"))
    cluster.settle()
    cluster.delete("jobs.batch", "crunch")
    assert (cluster.names("jobs.batch"), cluster.names("pods")) == ([], [])


def test_an_orphaned_pod_loses_its_finalizer(cluster: Cluster) -> None:
    cluster.create(job("runs"))
    cluster.settle()
    cluster.delete("jobs.batch", "crunch", propagation="Orphan")
    (pod,) = cluster.list("pods")
    assert "finalizers" not in pod["metadata"]


def test_pods_that_nobody_controls_lose_their_finalizer_whatever_their_labels(cluster: Cluster) -> None:
    manual = job("runs", manualSelector=True, selector={"matchLabels": {"run": "mine"}})
    manual["spec"]["template"]["metadata"] = {"labels": {"run": "mine"}}
    cluster.create(manual)
    cluster.settle()
    cluster.delete("jobs.batch", "crunch", propagation="Orphan")
    (pod,) = cluster.list("pods")
    assert "finalizers" not in pod["metadata"]


def test_what_befalls_pods_within_a_second_is_counted_in_one_go(cluster: Cluster) -> None:
    cluster.create(
        job("runs", completions=3, parallelism=2, completionMode="Indexed", backoffLimitPerIndex=0, maxFailedIndexes=1)
    )
    cluster.advance(COUNTED)
    for pod in cluster.list("pods"):
        cluster.api.patch(
            "pods", pod["metadata"]["name"], {"status": {"phase": "Failed"}}, "default", subresource="status"
        )
        cluster.advance(0.3)
    cluster.advance(COUNTED)
    assert (status(cluster)["failedIndexes"], status(cluster)["failed"]) == ("0,1", 2)
    assert len(cluster.list("pods")) == 2


def test_a_finished_job_goes_after_its_time_to_live(cluster: Cluster) -> None:
    cluster.create(job(ttlSecondsAfterFinished=100))
    cluster.advance(99)
    assert cluster.has("jobs.batch", "crunch")
    cluster.advance(2)
    assert (cluster.names("jobs.batch"), cluster.names("pods")) == ([], [])


@pytest.mark.parametrize(
    ("indexes", "text"),
    [
        pytest.param(set(), "", id="none"),
        pytest.param({3}, "3", id="one"),
        pytest.param({0, 1}, "0,1", id="two neighbours"),
        pytest.param({0, 1, 2, 5, 7, 8, 9}, "0-2,5,7-9", id="runs"),
    ],
)
def test_indexes_are_written_in_runs(indexes: set[int], text: str) -> None:
    assert jobindexes.spelled(indexes) == text
    assert jobindexes.parsed(text, 10) == indexes


def failed(code: int, *conditions: Object) -> Object:
    state = {"terminated": {"exitCode": code}}
    return {
        "metadata": {"name": "p", "namespace": "default"},
        "status": {"containerStatuses": [{"name": "c", "state": state}], "conditions": list(conditions)},
    }


EXIT_42 = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
DISRUPTED = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(
            failed(42),
            ("FailJob", "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 0"),
            id="by exit code",
        ),
        pytest.param(failed(1), ("Count", ""), id="no rule matches"),
        pytest.param(
            failed(1, {"type": "DisruptionTarget", "status": "True"}),
            ("Ignore", "Pod default/p has condition DisruptionTarget matching Ignore rule at index 1"),
            id="by condition",
        ),
    ],
)
def test_the_first_matching_rule_decides(pod: Object, expected: tuple[str, str]) -> None:
    assert jobpolicy.verdict(job(podFailurePolicy={"rules": [EXIT_42, DISRUPTED]}), pod) == expected
