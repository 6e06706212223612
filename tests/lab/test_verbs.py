"""The verbs of the lab on a real cluster: what they do, print and show."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab import errors
from gitopslab.clusters import Options
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.lab import Lab
from gitopslab.lab.embedded import Embedded

pytestmark = pytest.mark.process

Captured = pytest.CaptureFixture[str]
POD = """
apiVersion: v1
kind: Pod
metadata: {name: hello, labels: {app: hello}}
spec:
  containers: [{name: web, image: "nginx:1.27"}]
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {colour: %s}\n"


def said(captured: Captured) -> list[str]:
    return captured.readouterr().out.splitlines()


def test_apply_says_created_unchanged_configured(lab: Lab, capsys: Captured) -> None:
    lab.apply(CONFIG % ("paint", "blue"))
    lab.apply(CONFIG % ("paint", "blue"))
    lab.apply(CONFIG % ("paint", "red"))
    assert said(capsys) == ["configmap/paint created", "configmap/paint unchanged", "configmap/paint configured"]


def test_apply_takes_text_a_file_a_folder_an_object_and_several(lab: Lab, capsys: Captured, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CONFIG % ("a", "x") + "---\n" + CONFIG % ("b", "x"))
    lab.apply(tmp_path)
    lab.apply(str(tmp_path / "a.yaml"))
    lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    lab.apply([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}}])
    made = ["configmap/a created", "configmap/b created", "configmap/a unchanged", "configmap/b unchanged"]
    assert said(capsys) == [*made, "configmap/c created", "configmap/d created"]


def test_apply_gives_the_objects_back_and_shows_nothing_more(lab: Lab) -> None:
    done = lab.apply(CONFIG % ("back", "x"))
    assert done[0]["data"] == {"colour": "x"}
    assert done._ipython_display_() is None


def test_apply_of_nothing_says_so_as_kubectl_does(lab: Lab, capsys: Captured) -> None:
    assert lab.apply("# nothing yet\n") == []
    assert said(capsys) == ["no objects passed to apply"]


def test_one_bad_document_does_not_keep_the_others_back(lab: Lab, capsys: Captured) -> None:
    bad = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: BAD}\n"
    with pytest.raises(errors.InvalidError, match='ConfigMap "BAD" is invalid'):
        lab.apply(bad + "---\n" + CONFIG % ("good", "x"))
    assert said(capsys) == ["configmap/good created"]


def test_broken_yaml_names_the_place(lab: Lab) -> None:
    with pytest.raises(errors.ManifestError, match="line 2"):
        lab.apply("kind: Pod\n  metadata: x\n")


def test_a_pod_becomes_ready_and_can_be_read(lab: Lab, capsys: Captured) -> None:
    lab.apply(POD)
    lab.wait("pod/hello", timeout=60)
    assert said(capsys)[1].startswith("pod/hello is ready after ")
    pod = lab.get("pod/hello")
    assert pod["status"]["phase"] == "Running"
    assert repr(pod).split()[:7] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "hello", "1/1"]
    assert "nginx" in lab.logs("hello")
    assert next(event["reason"] for event in lab.events("pod/hello")) == "Scheduled"


def test_a_kind_alone_lists_and_an_empty_list_says_so(lab: Lab) -> None:
    lab.apply(CONFIG % ("one", "x"))
    assert "one" in [found["metadata"]["name"] for found in lab.get("cm")]
    assert repr(lab.list("pods")) == f"No resources found in {lab.current_namespace} namespace."
    assert next(node["metadata"]["name"] for node in lab.nodes()) == "lab-control-plane"


def test_all_namespaces_show_where_each_object_is(lab: Lab) -> None:
    lab.apply(CONFIG % ("somewhere", "x"))
    assert repr(lab.list("configmaps", namespace="")).startswith("NAMESPACE")


@pytest.mark.parametrize("replicas", ["five", "5", 2.5, True, None])
def test_scale_takes_a_whole_number_and_shows_one(lab: Lab, replicas: object) -> None:
    with pytest.raises(errors.LabError, match="is not a number of replicas") as caught:
        lab.scale("deployment/web", replicas)  # type: ignore[arg-type]
    assert caught.value.hint == 'lab.scale("deployment/web", 5)'


def test_scale_wait_and_logs_of_a_deployment(lab: Lab, capsys: Captured) -> None:
    lab.kubectl("create deployment web --image=nginx:1.27 --replicas=1")
    lab.wait("deploy/web", timeout=60)
    lab.scale("deploy/web", 3)
    lab.wait("deploy/web", timeout=60)
    lines = said(capsys)
    assert lines[0] == "deployment.apps/web created"
    assert "deployment.apps/web scaled" in lines
    assert len({line.split("]")[0] for line in lab.logs("deployment/web").splitlines()}) == 3


def test_what_does_not_come_in_time_is_told_with_what_was_seen(lab: Lab) -> None:
    lab.apply(POD.replace("nginx:1.27", "nginx:does-not-exist"))
    with pytest.raises(errors.WaitTimeoutError) as caught:
        lab.wait("pod/hello", timeout=2)
    message = str(caught.value)
    assert message.startswith("pod/hello is not ready after 2 s\n  Last seen: ")
    assert "nginx:does-not-exist" in message
    assert "describe pod hello" in caught.value.hint


def test_waiting_for_what_does_not_exist_says_so(lab: Lab) -> None:
    with pytest.raises(errors.WaitTimeoutError, match=r"^pod/nobody does not exist after 0 s\n") as caught:
        lab.wait("pod/nobody", timeout=0)
    assert caught.value.hint == 'lab.get("pods") shows which there are'
    lab.apply(CONFIG % ("colours", "x"))
    with pytest.raises(errors.WaitTimeoutError, match='did you mean "configmap/colours"'):
        lab.wait("configmap/colour", timeout=0)


def test_several_that_do_not_come_are_told_in_the_plural(lab: Lab) -> None:
    with pytest.raises(errors.WaitTimeoutError, match=r"^pods do not exist after 0 s\n"):
        lab.wait("pods", timeout=0)
    lab.apply(POD.replace("nginx:1.27", "nginx:does-not-exist"))
    with pytest.raises(errors.WaitTimeoutError, match=r"^pods are not ready after 0.5 s\n  Last seen: hello: "):
        lab.wait("pods", timeout=0.5)


def test_kubectl_on_a_stopped_cluster_says_how_to_start_it_and_asks_nobody_else(
    cluster: EmbeddedCluster, capfd: Captured
) -> None:
    stopped = EmbeddedCluster("to-be-stopped")
    stopped.up(options=Options(bare=True))
    try:
        on_it = Lab(stopped)
        stopped.down()
        with pytest.raises(errors.SetupError, match='embedded cluster "to-be-stopped" is stopped') as caught:
            on_it.kubectl("get pods")
        assert "gitopslab up --name to-be-stopped" in caught.value.hint
    finally:
        stopped.down(delete=True)
    assert capfd.readouterr() == ("", ""), "kubectl was not run at all"


def test_delete_waits_until_it_is_gone(lab: Lab, capsys: Captured) -> None:
    lab.apply(CONFIG % ("short-lived", "x"))
    lab.delete("configmap", "short-lived")
    assert said(capsys)[1] == f'configmap "short-lived" deleted from {lab.current_namespace} namespace'
    with pytest.raises(errors.NotFoundError):
        lab.get("configmap/short-lived")


def test_delete_by_label_and_by_manifest(lab: Lab, capsys: Captured) -> None:
    manifest = CONFIG % ("a", "x") + "---\n" + CONFIG % ("b", "x")
    lab.apply(manifest)
    lab.delete(manifest)
    lab.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {"app": "c"}}})
    lab.delete("configmaps", labels="app=c")
    assert [found["metadata"]["name"] for found in lab.list("cm")] == ["kube-root-ca.crt"]


def test_kubectl_goes_to_the_same_cluster_and_namespace(lab: Lab, capsys: Captured) -> None:
    lab.apply(CONFIG % ("seen", "x"))
    capsys.readouterr()
    ran = lab.kubectl("kubectl get configmap seen -o name")
    assert (ran.ok, str(ran), capsys.readouterr().out) == (True, "configmap/seen\n", "configmap/seen\n")


def test_kubectl_that_fails_shows_why_and_raises_nothing(lab: Lab, capsys: Captured) -> None:
    assert lab.kubectl("get pod nobody").code == 1
    assert 'pods "nobody" not found' in capsys.readouterr().err


def test_that_there_is_nothing_is_no_error(lab: Lab, capsys: Captured) -> None:
    assert lab.kubectl("get pods -l app=nobody").ok
    assert said(capsys) == [f"No resources found in {lab.current_namespace} namespace."]


def test_kubectl_never_goes_elsewhere(lab: Lab) -> None:
    with pytest.raises(errors.SetupError, match="another cluster"):
        lab.kubectl("get pods --context other")


def test_a_namespace_holds_for_its_block_and_is_deleted_when_asked(lab: Lab, capsys: Captured) -> None:
    before = lab.current_namespace
    with lab.namespace("for-a-block", delete=True):
        lab.apply(CONFIG % ("inside", "x"))
        assert lab.get("cm/inside")["metadata"]["namespace"] == "for-a-block"
    assert lab.current_namespace == before
    assert said(capsys)[-1] == 'namespace "for-a-block" deleted'


def test_a_namespace_that_the_lab_did_not_make_is_never_deleted(lab: Lab, capsys: Captured) -> None:
    lab.kubectl("create namespace of-somebody-else")
    with lab.namespace("of-somebody-else", delete=True):
        pass
    assert "namespace/of-somebody-else kept: the lab did not make it" in capsys.readouterr().out
    assert lab.client.get("namespaces", "of-somebody-else")["status"]["phase"] == "Active"


def test_a_manifest_without_a_name_deletes_nothing(lab: Lab) -> None:
    lab.apply(POD)
    nameless = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "web-"}}
    with pytest.raises(errors.LabError, match="which pod is meant"):
        lab.delete(nameless)
    assert lab.client.list("pods", lab.current_namespace)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("pod", "is a kind of object; which one"),
        ("pod/a/b", "names more than one object"),
        ("podz/x", 'type "podz"'),
        ("hello", 'write KIND/NAME, such as "pod/hello"'),
        ("pod hello", 'write "pod/hello"'),
    ],
    ids=["no name", "too many", "no such kind", "no kind", "a space"],
)
def test_what_cannot_be_meant_is_refused_in_words(lab: Lab, what: str, words: str) -> None:
    with pytest.raises(errors.LabError, match=words):
        lab.delete(what)


def test_the_board_shows_the_cluster(lab: Lab) -> None:
    lab.apply(POD)
    lab.wait("pod/hello", timeout=60)
    view = lab.board()
    assert lab.board() is view
    assert f"✓ {lab.current_namespace}/hello  Running 1/1" in view.text()


def test_only_the_embedded_cluster_is_embedded(lab: Lab) -> None:
    assert isinstance(lab.embedded, Embedded)
