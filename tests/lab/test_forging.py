"""``lab.git``, ``lab.registry`` and ``lab.pipelines`` on a forge in this process, without a ``git`` program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_forge import ServedForge, served_forge

from gitopslab.clusters.forge import Address
from gitopslab.clusters.pipelines import PipelineClient
from gitopslab.errors import ImageError, LabError
from gitopslab.gitops.git.history import LogEntry
from gitopslab.images import oci
from gitopslab.lab.git import Git
from gitopslab.lab.pipelines import Pipelines
from gitopslab.lab.registry import RegistryAddress
from gitopslab.views.commits import commit_log

PROJECT = "waal/waal-web"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedForge]:
    """An empty forge."""
    with served_forge(tmp_path / "forge") as made:
        yield made


@pytest.fixture
def address(served: ServedForge) -> Address:
    """Where it is."""
    return Address(int(served.host.rpartition(":")[2]), served.folder.token_file)


@pytest.fixture
def git(address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """``lab.git``, on a machine without ``git``, in a folder of its own."""
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return Git(lambda: address)


def test_a_commit_is_pushed_cloned_and_drawn(git: Git, capsys: pytest.CaptureFixture[str], served: ServedForge) -> None:
    web = git.clone(PROJECT)
    web.commit("The app", {"app.py": "print(1)\n", "sub/data.txt": "x"}, push=True)
    web.commit("Another number", {"app.py": "print(2)\n"})
    web.tag("v1.0.0")
    web.push()
    said = capsys.readouterr().out
    assert f"waal-web: empty; push makes the project at http://{served.host}/{PROJECT}.git" in said
    assert f"[main {web.head[:8]}] Another number" in said
    assert f"tags/v1.0.0 -> {web.head[:8]}" in said
    other = git.clone(PROJECT, "other")
    assert other.read("app.py") == "print(2)\n"
    first, second = repr(other.log()).splitlines()
    assert first == f"* {web.head[:8]} (HEAD -> main, origin/main, tag: v1.0.0) Another number"
    assert second.endswith(" The app")
    assert served.token not in said
    assert "counting" not in said


def test_a_cell_shows_a_commit_short_and_its_name_is_whole(git: Git) -> None:
    web = git.clone(PROJECT)
    assert web.head == ""
    first = web.commit("The app\n\nWhy", {"app.py": "1"})
    assert repr(first) == repr(web.head) == f"{first[:8]} The app"
    assert web.log()[0].sha == first == str(first)
    web.commit("Another", {"app.py": "2"})
    assert repr(web.revert()).endswith(' Revert "Another"')


def test_commands_may_be_run_again(git: Git, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        web = git.clone(PROJECT)
        web.commit("The app", {"app.py": "1"}, push=True)
        web.branch("topic")
        web.branch("main")
    said = capsys.readouterr().out
    assert "here already" in said
    assert "nothing to commit, working tree clean" in said
    assert "Everything up-to-date" in said
    assert len(web.log()) == 1


def test_a_revert_undoes_a_commit_and_keeps_it_in_history(git: Git) -> None:
    web = git.clone(PROJECT)
    web.commit("Good", {"app.py": "good\n"})
    web.commit("Bad", {"app.py": "bad\n", "new.txt": "n"})
    web.revert()
    assert web.read("app.py") == "good\n"
    assert not (web.folder / "new.txt").exists()
    assert [entry.subject for entry in web.log()] == ['Revert "Bad"', "Bad", "Good"]


def test_a_difference_is_shown_as_git_does(git: Git) -> None:
    web = git.clone(PROJECT)
    first = web.commit("One", {"app.py": "one\n"})
    web.write("app.py", "two\n")
    assert "-one\n+two" in repr(web.diff())
    second = web.commit("Two")
    assert "-one\n+two" in repr(web.diff(first, second))
    assert repr(web.diff()) == "no difference"
    web.remove("app.py")
    assert "deleted: app.py" in repr(web)
    web.commit("Gone")
    assert "app.py" not in [path.name for path in web.folder.iterdir()]


def test_others_commits_are_not_overwritten_unless_one_insists(git: Git) -> None:
    mine, theirs = git.clone(PROJECT, "mine"), git.clone(PROJECT, "theirs")
    mine.commit("Base", {"a": "1"}, push=True)
    theirs.pull()
    theirs.commit("Theirs", {"a": "2"}, push=True)
    mine.commit("Mine", {"a": "3"})
    with pytest.raises(LabError, match="behind its remote counterpart"):
        mine.push()
    with pytest.raises(LabError, match="diverged"):
        mine.pull()
    mine.push(force=True)
    assert git.clone(PROJECT, "third").read("a") == "3"


def test_changes_that_are_not_committed_are_never_overwritten(git: Git) -> None:
    mine, theirs = git.clone(PROJECT, "mine"), git.clone(PROJECT, "theirs")
    with pytest.raises(LabError, match="There is no commit to push yet"):
        mine.push()
    mine.commit("Base", {"a": "1"}, push=True)
    theirs.pull()
    theirs.commit("Theirs", {"a": "2", "b": "theirs"}, push=True)
    mine.write("a", "not committed")
    mine.write("b", "not tracked")
    with pytest.raises(LabError, match="a, b would be overwritten by pull"):
        mine.pull()
    with pytest.raises(LabError, match="a would be overwritten by revert"):
        mine.revert()
    assert (mine.read("a"), mine.read("b")) == ("not committed", "not tracked")
    mine.write("a", "1")
    mine.remove("b")
    mine.pull()
    assert (mine.read("a"), mine.read("b")) == ("2", "theirs")


def test_a_file_outside_of_the_copy_is_refused(git: Git) -> None:
    web = git.clone(PROJECT)
    for name in ("../outside", "/etc/passwd", ".git/config", "a/../../b"):
        with pytest.raises(LabError, match="is no file of"):
            web.write(name, "x")


def test_a_log_with_a_merge_is_drawn_in_lanes() -> None:
    entries = [
        LogEntry("d" * 40, ("c" * 40, "b" * 40), "Merge", "L", 4, ("HEAD -> main",)),
        LogEntry("c" * 40, ("a" * 40,), "On main", "L", 3),
        LogEntry("b" * 40, ("a" * 40,), "On a branch", "L", 2, ("topic",)),
        LogEntry("a" * 40, (), "Base", "L", 1),
    ]
    assert commit_log(entries) == "\n".join([
        "* dddddddd (HEAD -> main) Merge",
        "|\\",
        "* | cccccccc On main",
        "| * bbbbbbbb (topic) On a branch",
        "|/",
        "* aaaaaaaa Base",
    ])  # fmt: skip


def test_a_pipeline_is_followed_from_cells(
    git: Git, address: Address, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # jobs need a PATH
    pipelines = Pipelines(PipelineClient(address), PROJECT)
    assert repr(pipelines).startswith("no pipelines yet")
    web = git.clone(PROJECT, address.token_file.parent.parent / "work")
    web.commit("CI", {".gitlab-ci.yml": "say: {script: [echo hello]}\nlater: {script: [echo x], when: manual}\n"})
    web.push()
    assert "remote: Pipeline #1 of main: 2 jobs" in capsys.readouterr().out
    latest = pipelines.latest.wait(60)
    assert latest.status == "success"
    assert "✔ say success" in repr(latest)
    latest.log("say")
    log = capsys.readouterr().out
    assert "$ echo hello\x1b[0;m\nhello\n" in log
    assert "section_" not in log
    latest.play("later")
    latest.wait(60)
    assert "✔ later success" in repr(latest)
    with pytest.raises(LabError, match="has no job nothing"):
        latest.log("nothing")
    assert pipelines.run("main", GREETING="hi").wait(60).told()["source"] == "web"
    assert len(pipelines) == 2


def test_images_are_listed_and_promoted_by_tag(
    served: ServedForge, address: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = RegistryAddress.of(address)
    assert repr(registry.tags()) == "no images yet"
    client = registry._client()
    from gitopslab.images.content import Content

    content = Content(served.folder.path / "local")
    config = content.add(b'{"rootfs": {}}')
    blob = oci.Descriptor(oci.CONFIG, config, content.size(config))
    client.push_blob(PROJECT, blob, content)
    data = b'{"schemaVersion": 2, "config": %s, "layers": []}' % _json(blob.as_dict())
    manifest = oci.Descriptor(oci.MANIFEST, oci.digest_of(data), len(data))
    client.push_manifest(PROJECT, "dev-1-1a2b3c4d", manifest, data)
    assert registry.tag(f"{PROJECT}:dev-1-1a2b3c4d", "prod-v1.2.3") == manifest.digest
    assert registry.digest(f"{PROJECT}:prod-v1.2.3") == manifest.digest
    assert registry.repositories() == [PROJECT]
    assert [str(tag.reference) for tag in registry.tags(PROJECT)] == [
        registry.reference(f"{PROJECT}:dev-1-1a2b3c4d"),
        registry.reference(f"{PROJECT}:prod-v1.2.3"),
    ]
    registry.delete(f"{PROJECT}:dev-1-1a2b3c4d")
    with pytest.raises(ImageError):
        registry.digest(f"{PROJECT}:dev-1-1a2b3c4d")
    assert served.token not in capsys.readouterr().out + repr(registry)


def _json(told: object) -> bytes:
    import json

    return json.dumps(told).encode()
