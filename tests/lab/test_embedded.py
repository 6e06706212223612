"""``lab.embedded`` on a real process: what it does to the cluster, and what it prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitopslab import errors
from gitopslab.clusters import Options
from gitopslab.clusters.context import ContextCluster
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.lab import Lab
from gitopslab.lab.embedded import Embedded
from gitopslab.lab.spans import ago_of, seconds_of, spoken_span
from gitopslab.machinery.language import speak
from gitopslab.machinery.objects import is_condition_true, name_of

Captured = pytest.CaptureFixture[str]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: 'nginx:1.27'}]}\n"
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "nginx:1.27"}]}
"""


@pytest.fixture
def hand(lab: Lab, capsys: Captured) -> Iterator[Embedded]:
    """The hand on the cluster, which leaves everything running."""
    yield lab.embedded
    lab.embedded.start()
    lab.embedded.clock.resume()


def said(captured: Captured) -> list[str]:
    return captured.readouterr().out.splitlines()


@pytest.mark.process
def test_a_stopped_scheduler_leaves_pods_without_a_node_until_it_starts(
    lab: Lab, hand: Embedded, capsys: Captured
) -> None:
    hand.stop("scheduler")
    assert said(capsys) == [
        "kube-scheduler is stopped. New pods stay Pending without a node. Pods that have one are not touched."
    ]
    lab.apply(POD % "waits")
    hand.clock.jump("30s")
    assert "nodeName" not in lab.get("pod/waits")["spec"]
    assert "stopped: kube-scheduler" in repr(hand)
    hand.start("scheduler")
    lab.wait("pod/waits")
    assert "kube-scheduler runs again" in said(capsys)


@pytest.mark.process
def test_one_controller_can_be_stopped_by_its_short_name(lab: Lab, hand: Embedded, capsys: Captured) -> None:
    hand.stop("deployment")
    assert said(capsys) == ["deployment-controller is stopped. Deployments make and change no ReplicaSets."]
    lab.apply(WEB)
    hand.clock.jump(5)
    assert lab.list("replicasets") == []


@pytest.mark.process
def test_in_dutch_the_lines_are_dutch_and_names_stay(lab: Lab, hand: Embedded, capsys: Captured) -> None:
    speak("nl")
    try:
        hand.stop("deployment")
        hand.start("deployment")
        hand.clock.resume(speed=20)
        told = said(capsys)
        assert told[:2] == [
            "deployment-controller is gestopt. Deployments maken en veranderen geen ReplicaSets.",
            "deployment-controller draait weer",
        ]
        assert told[2].startswith("de klok loopt 20 keer zo snel: het is ")
        assert " nodes Ready op https://" in lab.describe()
    finally:
        speak("en")


@pytest.mark.process
def test_a_part_that_there_is_not_is_refused_kindly(hand: Embedded) -> None:
    with pytest.raises(errors.NotFoundError, match="did you mean"):
        hand.stop("schedule")
    with pytest.raises(errors.LabError, match="which node"):
        hand.stop("kubelet")


@pytest.mark.process
def test_a_held_clock_is_stepped_and_says_who_did_what(lab: Lab, hand: Embedded, capsys: Captured) -> None:
    hand.clock.pause()
    lab.apply(WEB)
    said(capsys)
    first = hand.clock.step()
    assert first.component == "deployment-controller"
    assert said(capsys)[0].startswith("deployment-controller: made replicasets/web-")
    while not lab.list("pods"):
        hand.clock.step()
    assert lab.get("pods")[0]["status"]["phase"] == "Pending"
    assert "the clock is held" in repr(hand.clock)


@pytest.mark.process
def test_an_hour_can_pass_in_a_moment_and_faster_time_is_told(hand: Embedded, capsys: Captured) -> None:
    before = hand.clock.now
    hand.clock.jump("20m")
    assert 1200 <= (hand.clock.now - before).total_seconds() < 1300
    assert said(capsys)[-1].startswith("20m passed: it is ")
    hand.clock.resume(speed=20)
    assert said(capsys)[-1].startswith("the clock is running 20 times as fast")


@pytest.mark.process
def test_a_node_without_power_becomes_notready_and_comes_back(lab: Lab, hand: Embedded, capsys: Captured) -> None:
    hand.power_off("lab-worker3")
    hand.clock.jump("2m")
    assert not is_condition_true(lab.get("node/lab-worker3"), "Ready")
    assert "lab-worker3 (without power)" in repr(hand)
    hand.power_on("lab-worker3")
    lab.wait("node/lab-worker3", "condition=Ready")


@pytest.mark.process
def test_the_past_can_be_read_and_drawn(lab: Lab, hand: Embedded) -> None:
    lab.apply(POD % "early")
    lab.wait("pod/early")
    early = lab.get("pod/early")
    revision = int(early["metadata"]["resourceVersion"])
    lab.delete("pod/early")
    past = hand.at(revision=revision)
    assert past.get("pod/early", lab.current_namespace)["metadata"]["uid"] == early["metadata"]["uid"]
    assert "early" in repr(past.board())
    assert "early" not in [name_of(pod) for pod in lab.list("pods")]
    with pytest.raises(errors.NotFoundError):
        past.get("pod/never", lab.current_namespace)
    hand.clock.jump("2m")
    assert "early" in [name_of(pod) for pod in hand.at(revision=revision).list("pods")]
    assert "early" not in [name_of(pod) for pod in hand.at(1).list("pods")]


@pytest.mark.process
def test_history_lists_what_was_written_to_one_kind(lab: Lab, hand: Embedded) -> None:
    lab.apply(POD % "traced")
    lab.wait("pod/traced")
    log = hand.history("1m", kind="pods", name="traced")
    assert [entry.type for entry in log][:2] == ["ADDED", "MODIFIED"]
    assert "pods/traced" in repr(log)
    assert "leases" not in repr(hand.history("1m"))


def test_another_kind_of_cluster_says_kindly_that_it_cannot(tmp_path: Path) -> None:
    config = tmp_path / "config"
    cluster = EmbeddedCluster("nobody")
    cluster.kubeconfig = config
    cluster.capabilities = ContextCluster.capabilities
    cluster.kind = "kind"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\n"
        "users: [{name: a, user: {token: t}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
    )
    with pytest.raises(errors.SetupError, match=r"only the embedded cluster can move the clock.*runs on kind"):
        _ = Lab(cluster).embedded


@pytest.mark.process
def test_two_seeded_clusters_tell_the_same_story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path))
    stories = []
    for name in ("one", "two"):
        cluster = EmbeddedCluster(name)
        cluster.up(options=Options(seed=7, bare=True))
        lab = Lab(cluster)
        lab.apply(WEB, namespace="default")
        lab.embedded.clock.jump("2m")
        stories.append(list(lab.embedded.history("5m")))
        assert name_of(lab.list("pods", namespace="default")[0]).startswith("web-")
        lab.close()
        cluster.down(delete=True)
    assert len(stories[0]) > 50
    assert stories[0] == stories[1]


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h30m", 5400), ("1d", 86400), (5, 5), ("0.5s", 0.5)]
)
def test_spans_are_written_as_kubectl_writes_them(text: str | float, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5", "1h-", "-5m", -5, 0, float("inf"), float("nan")])
def test_what_is_no_span_is_refused(text: str | float) -> None:
    with pytest.raises(errors.LabError):
        seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.21, "0.2s"), (5, "5s"), (90, "1m30s"), (3600, "1h"), (86461, "1d1m1s")]
)
def test_spans_are_spoken_short(seconds: float, words: str) -> None:
    assert spoken_span(seconds) == words


def test_a_time_of_day_is_the_last_time_it_was_that_late() -> None:
    noon = 1767225600.0 + 12 * 3600
    assert ago_of("11:59:00", noon) == 59
    assert ago_of("13:00", noon) == 23 * 3600 - 1
    assert ago_of("2m", noon) == 120
    with pytest.raises(errors.LabError):
        ago_of("25:00", noon)
