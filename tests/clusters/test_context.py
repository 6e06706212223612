"""A cluster of the user's own, named by a context: copied, never changed, and only the lab's namespaces are removed."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gitopslab.clusters import Options, State, cluster, known
from gitopslab.clusters.context import ContextCluster
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.errors import SetupError
from gitopslab.gitops.place import OWNED

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCluster]:
    """A cluster of somebody else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GITOPSLAB_HOME", str(tmp_path_factory.mktemp("theirs")))
        made = EmbeddedCluster("theirs")
        made.up(options=Options(bare=True))
    yield made
    made.down(delete=True)


@pytest.fixture
def users(home: Path, tmp_path: Path, theirs: EmbeddedCluster) -> Path:
    """The user's kubeconfig: two contexts, and the current one is not the one the lab is told to use."""
    config = yaml.safe_load(theirs.kubeconfig.read_text())
    for part, entry in (("clusters", "cluster"), ("users", "user"), ("contexts", "context")):
        other = copy.deepcopy(config[part][0])
        other["name"] = "production"
        if entry == "cluster":
            other["cluster"]["server"] = "https://127.0.0.1:1"
        if entry == "context":
            other["context"] = {"cluster": "production", "user": "production"}
        config[part].append(other)
    config["contexts"][0]["name"] = "team/Room 1"
    config["current-context"] = "production"
    path = tmp_path / "users-kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def environment(users: Path) -> dict[str, str]:
    return {**os.environ, "KUBECONFIG": str(users)}


def test_only_the_named_context_is_copied_and_the_users_file_stays(users: Path) -> None:
    before = users.read_bytes()
    room = ContextCluster("team/Room 1", environment(users))
    room.up()
    copied = yaml.safe_load(room.kubeconfig.read_text())
    assert [one["name"] for one in copied["contexts"]] == ["team/Room 1"]
    assert copied["current-context"] == "team/Room 1"
    assert "production" not in room.kubeconfig.read_text()
    assert room.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert room.status().state is State.RUNNING
    assert [one.name for one in known(print)] == ["team/Room 1"]
    room.down()
    room.down(delete=True)
    assert room.status().state is State.ABSENT
    assert users.read_bytes() == before


def test_an_unknown_context_lists_those_there_are(users: Path) -> None:
    with pytest.raises(SetupError, match="no context staging") as raised:
        ContextCluster("staging", environment(users)).up()
    assert "production" in raised.value.hint
    assert "team/Room 1" in raised.value.hint


@pytest.mark.parametrize("spec", ["context", "context:"])
def test_the_current_context_is_never_taken(home: Path, spec: str) -> None:
    with pytest.raises(SetupError):
        cluster(spec)


def test_a_cluster_that_does_not_answer_is_said_and_not_kept(users: Path) -> None:
    with pytest.raises(SetupError, match="of context production does not answer") as raised:
        ContextCluster("production", environment(users)).up()
    assert "was refused" in raised.value.message
    assert "kubectl --context production" in raised.value.hint
    assert known(print) == []


def test_a_wrong_token_and_a_context_without_its_cluster_are_told_apart(users: Path) -> None:
    config = yaml.safe_load(users.read_text())
    config["contexts"].append({"name": "dangling", "context": {"cluster": "gone", "user": "gone"}})
    config["users"][0]["user"]["token"] = "old"
    users.write_text(yaml.safe_dump(config))
    with pytest.raises(SetupError, match=r"Context dangling cannot be used: .*cannot locate cluster gone"):
        ContextCluster("dangling", environment(users)).up()
    with pytest.raises(SetupError, match=r"does not answer: .*Unauthorized"):
        ContextCluster("team/Room 1", environment(users)).up()


def test_a_broken_kubeconfig_is_said_to_be_broken(users: Path) -> None:
    users.write_text("contexts: [")
    with pytest.raises(SetupError, match=r"Your kubeconfig cannot be read: .*line 1"):
        ContextCluster("production", environment(users)).up()


def test_reset_removes_the_labs_namespaces_and_no_others(users: Path, theirs: EmbeddedCluster) -> None:
    kubectl = Kubectl(theirs.kubeconfig)
    for name in ("lab-one", "colleague"):
        kubectl.must(["create", "namespace", name])
    kubectl.must(["label", "namespace", "lab-one", *[f"{key}={value}" for key, value in OWNED.items()]])
    room = ContextCluster("team/Room 1", environment(users))
    with pytest.raises(SetupError, match="does not use"):
        room.reset()
    room.up()
    said: list[str] = []
    room.reset(said.append)
    left = kubectl.must(["get", "namespaces", "-o", "name"]).split()
    assert "namespace/lab-one" not in left
    assert "namespace/colleague" in left
    assert said[-1] == "1 namespaces of the lab deleted; everything else was left alone"


def test_a_cluster_of_others_cannot_be_shaped_or_given_images(users: Path) -> None:
    room = ContextCluster("team/Room 1", environment(users))
    with pytest.raises(SetupError, match="not the lab's to shape"):
        room.up(options=Options(workers=2))
    with pytest.raises(SetupError, match="loads no images"):
        room.load_image("mine:1")
