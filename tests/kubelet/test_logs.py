"""What containers have written."""

from __future__ import annotations

from kubelet_nodes import Nodes

COUNTER = 'i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done'


def test_lines_come_as_time_passes(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", COUNTER])
    nodes.advance(3)
    assert nodes.lines() == [f"{i}: Thu Jan  1 00:00:0{i} UTC 2026" for i in range(4)]


def test_sequence_only_grows_so_that_a_follower_can_go_on(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", COUNTER])
    nodes.advance(2)
    seen = len(nodes.lines() or ())
    nodes.advance(2)
    found = nodes.kubelets.logs.read("default", "web", "c")
    assert found is not None
    assert [text[:2] for _, text in found[seen:]] == ["3:", "4:"]


def test_follower_is_woken_while_it_follows(nodes: Nodes) -> None:
    woken: list[int] = []
    stop = nodes.kubelets.logs.on_line(lambda: woken.append(1))
    nodes.advance(2)
    assert len(woken) >= 4
    stop()
    nodes.advance(1)
    count = len(woken)
    nodes.advance(5)
    assert len(woken) == count


def test_echo_of_a_config_value_shows_it(nodes: Nodes) -> None:
    nodes.api.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "app", "namespace": "default"},
            "data": {"who": "world"},
        }
    )
    nodes.run_container(
        image="busybox:1.36",
        command=["sh", "-c", "echo hello $WHO; cat /etc/app/who; sleep 100"],
        env=[{"name": "WHO", "valueFrom": {"configMapKeyRef": {"name": "app", "key": "who"}}}],
        volumeMounts=[{"name": "conf", "mountPath": "/etc/app"}],
        spec={"volumes": [{"name": "conf", "configMap": {"name": "app"}}]},
    )
    nodes.advance(1)
    assert nodes.lines() == ["hello world", "world"]


def test_run_before_the_restart_can_be_read(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", "date; sleep 1; exit 1"])
    nodes.advance(2.5)
    assert nodes.container()["restartCount"] == 1
    present, before = nodes.lines(), nodes.lines(previous=True)
    assert before == ["Thu Jan  1 00:00:00 UTC 2026"]
    assert present == ["Thu Jan  1 00:00:01 UTC 2026"]


def test_crash_looping_container_shows_its_last_run(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", "echo broken; exit 1"])
    nodes.advance(5)
    assert nodes.waiting() == "CrashLoopBackOff"
    assert nodes.lines() == ["broken"]


def test_container_that_never_ran_has_no_log(nodes: Nodes) -> None:
    nodes.run_container(image="nginx:doesnotexist")
    nodes.advance(1)
    assert nodes.lines() is None
    assert nodes.lines("ghost") is None


def test_web_server_logs_its_start_and_the_probes_it_answers(nodes: Nodes) -> None:
    nodes.run_container(readinessProbe={"httpGet": {"path": "/", "port": 80}})
    nodes.advance(1)
    lines = nodes.lines() or []
    assert "2026/01/01 00:00:00 [notice] 1#1: nginx/1.27" in lines
    assert lines[-1].startswith('10.244.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET / HTTP/1.1" 200')
    assert "kube-probe/1.36" in lines[-1]


def test_log_is_the_same_after_a_restart_of_the_cluster(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", COUNTER])
    nodes.advance(3)
    before = nodes.lines()
    assert nodes.restarted().lines() == before


def test_only_the_newest_lines_are_kept(nodes: Nodes) -> None:
    nodes.run_container(image="busybox:1.36", command=["sh", "-c", "while true; do echo x; done"])
    nodes.advance(1)
    nodes.clock.jump(11_000)
    found = nodes.kubelets.logs.read("default", "web", "c")
    assert found is not None
    assert len(found) > 11_000
    assert len(list(found)) == 10_000
    assert len(found[-5:]) == 5
