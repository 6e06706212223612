"""CronJobs: schedules, concurrency, history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from builders import merged

from gitopslab.machinery import cron
from gitopslab.machinery.objects import Object, annotations_of

if TYPE_CHECKING:
    from conftest import Cluster


def cron_job(schedule: str = "* * * * *", image: str = "ok", **spec: Any) -> Object:
    pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": image}]}}
    base = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "tick", "namespace": "default"},
        "spec": {},
    }
    return merged(base, {"spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": pod}}, **spec}})


def test_a_job_starts_at_its_time(cluster: Cluster) -> None:
    cluster.create(cron_job())
    cluster.advance(59)
    assert cluster.names("jobs.batch") == []
    assert cluster.get("cronjobs.batch", "tick")["status"] == {}
    cluster.advance(1)
    (job,) = cluster.list("jobs.batch")
    assert job["metadata"]["name"] == f"tick-{int(cluster.clock.now()) // 60}"
    assert annotations_of(job)["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2026-01-01T00:01:00Z"
    cluster.advance(10)
    assert cluster.get("cronjobs.batch", "tick")["status"] == {
        "lastScheduleTime": "2026-01-01T00:01:00Z",
        "lastSuccessfulTime": "2026-01-01T00:01:01Z",
    }
    name = job["metadata"]["name"]
    assert cluster.events("CronJob") == [
        ("SuccessfulCreate", f"Created job {name}"),
        ("SawCompletedJob", f"Saw completed job: {name}, condition: Complete"),
    ]


def test_running_jobs_are_listed_as_active(cluster: Cluster) -> None:
    cluster.create(cron_job(image="runs"))
    cluster.advance(120)
    active = cluster.get("cronjobs.batch", "tick")["status"]["active"]
    assert [reference["name"] for reference in active] == cluster.names("jobs.batch")
    assert len(active) == 2


def test_an_active_list_by_hand_loses_what_there_is_not(cluster: Cluster) -> None:
    cluster.create(cron_job(suspend=True))
    spec = {"template": cron_job()["spec"]["jobTemplate"]["spec"]["template"]}
    metadata = {"name": "another", "namespace": "default"}
    cluster.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})
    listed = [{}, {"uid": "1"}, {"uid": "2", "namespace": "default", "name": "gone"},
              {"uid": "3", "namespace": "default", "name": "another"}]  # fmt: skip
    cluster.api.update({**cluster.get("cronjobs.batch", "tick"), "status": {"active": listed}}, "status")
    cluster.settle()
    assert [found["uid"] for found in cluster.get("cronjobs.batch", "tick")["status"]["active"]] == ["3"]
    assert ("MissingJob", "Active job went missing: gone") in cluster.events("CronJob")


def test_forbid_leaves_a_running_job_alone(cluster: Cluster) -> None:
    cluster.create(cron_job(image="runs", concurrencyPolicy="Forbid"))
    cluster.advance(180)
    assert len(cluster.names("jobs.batch")) == 1
    message = "Not starting job because prior execution is running and concurrency policy is Forbid"
    assert ("JobAlreadyActive", message) in cluster.events("CronJob")


def test_replace_takes_the_place_of_a_running_job(cluster: Cluster) -> None:
    cluster.create(cron_job(image="runs", concurrencyPolicy="Replace"))
    cluster.advance(60)
    (first,) = cluster.names("jobs.batch")
    cluster.advance(60)
    assert len(cluster.names("jobs.batch")) == 1
    assert first not in cluster.names("jobs.batch")


def test_a_suspended_cron_job_starts_nothing(cluster: Cluster) -> None:
    cluster.create(cron_job(suspend=True))
    cluster.advance(300)
    assert cluster.names("jobs.batch") == []


def test_finished_jobs_are_kept_up_to_the_limit(cluster: Cluster) -> None:
    cluster.create(cron_job(successfulJobsHistoryLimit=2))
    cluster.advance(310)
    assert len(cluster.names("jobs.batch")) == 2


def test_a_job_that_is_not_kept_is_not_seen_to_complete(cluster: Cluster) -> None:
    cluster.create(cron_job(successfulJobsHistoryLimit=0))
    cluster.advance(70)
    assert [reason for reason, _ in cluster.events("CronJob")] == ["SuccessfulCreate", "SuccessfulDelete"]
    assert cluster.get("cronjobs.batch", "tick")["status"]["lastSuccessfulTime"] == "2026-01-01T00:01:01Z"


def test_a_start_that_comes_too_late_is_missed(cluster: Cluster) -> None:
    cluster.create(cron_job("0 * * * *", startingDeadlineSeconds=100))
    cluster.settle()
    cluster.manager.stop("cronjob-controller")
    cluster.advance(3600 + 90)
    cluster.manager.start("cronjob-controller")
    cluster.settle()
    assert len(cluster.names("jobs.batch")) == 1


def test_after_a_long_absence_only_the_latest_start_is_made_up_for(cluster: Cluster) -> None:
    cluster.create(cron_job())
    cluster.settle()
    cluster.manager.stop("cronjob-controller")
    cluster.clock.jump(3 * 3600)
    cluster.manager.start("cronjob-controller")
    cluster.settle()
    assert len(cluster.names("jobs.batch")) == 1
    message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
    assert cluster.events("CronJob")[0] == ("TooManyMissedTimes", message)
    assert cluster.get("cronjobs.batch", "tick")["status"]["lastScheduleTime"] == "2026-01-01T03:00:00Z"


def test_a_new_schedule_starts_nothing_before_its_first_time(cluster: Cluster) -> None:
    cluster.create(cron_job("0 0 1 1 *"))
    cluster.advance(150)
    cluster.patch("cronjobs.batch", "tick", {"spec": {"schedule": "* * * * *"}})
    assert cluster.names("jobs.batch") == []
    cluster.advance(30)
    assert len(cluster.names("jobs.batch")) == 1


def test_a_schedule_that_never_comes_is_reported(cluster: Cluster) -> None:
    cluster.create(cron_job("59 23 31 2 *"))
    cluster.settle()
    why = "time difference between two schedules is less than 1 second"
    assert cluster.events("CronJob") == [("InvalidSchedule", f"invalid schedule: 59 23 31 2 * : {why}")]


@pytest.mark.parametrize(
    ("schedule", "after", "expected"),
    [
        pytest.param("*/15 * * * *", "2026-01-01T00:00:00", "2026-01-01T00:15:00", id="every quarter"),
        pytest.param("0 0 1 1 *", "2026-01-01T00:00:00", "2027-01-01T00:00:00", id="new year"),
        pytest.param("0 9 * * 1-5", "2026-01-02T10:00:00", "2026-01-05T09:00:00", id="weekdays"),
        pytest.param("0 0 13 * 5", "2026-01-03T00:00:00", "2026-01-09T00:00:00", id="day of month or of week"),
        pytest.param("0 0 */2 * 5", "2026-01-03T00:00:00", "2026-01-05T00:00:00", id="every other day or Fridays"),
        pytest.param("0 0 29 2 *", "2026-03-01T00:00:00", "2028-02-29T00:00:00", id="leap day"),
        pytest.param("@hourly", "2026-01-01T00:30:00", "2026-01-01T01:00:00", id="a word"),
        pytest.param("@every 90s", "2026-01-01T00:00:00", "2026-01-01T00:01:30", id="an interval"),
        pytest.param("30 2 * * *", "2026-03-29T00:00:00", "2026-03-30T02:30:00", id="skipped in spring"),
    ],
)
def test_schedules(schedule: str, after: str, expected: str) -> None:
    zone = ZoneInfo("Europe/Amsterdam")
    found = cron.next_run(cron.parse(schedule), datetime.fromisoformat(after).replace(tzinfo=zone))
    assert found == datetime.fromisoformat(expected).replace(tzinfo=zone)


def test_a_day_that_never_comes() -> None:
    assert cron.next_run(cron.parse("0 0 31 2 *"), datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))) is None
