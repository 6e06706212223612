"""Work that goes from one machine to another in a file: nothing is lost, nothing strange comes in."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitopslab.clusters import Options
from gitopslab.clusters.client import Client
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.forge import Forge
from gitopslab.course import parcel
from gitopslab.course.content import copy_to, language_of
from gitopslab.course.edition import edition
from gitopslab.course.exporting import export
from gitopslab.course.importing import Imported, import_
from gitopslab.course.parcel import ParcelError
from gitopslab.course.progress import Entry, Progress, begun, joined, judged
from gitopslab.errors import NotFoundError
from gitopslab.gitops.git.origin import Origin
from gitopslab.gitops.git.working import WorkingCopy
from gitopslab.machinery.language import language, speak


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A working folder as the lab fills one."""
    (tmp_path / "shipped.ipynb").write_text("as it ships")
    folder = tmp_path / "here"
    copy_to(folder, {"00-start.ipynb": tmp_path / "shipped.ipynb", "04-anatomy.ipynb": tmp_path / "shipped.ipynb"})
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "there"


def carry(source: Path, target: Path) -> Imported:
    file = source.parent / "work.zip"
    export(source, None, file, print)
    return import_(file, target, None, print)


def test_answers_ticks_and_files_arrive_and_what_ships_stays_at_home(here: Path, there: Path) -> None:
    (here / "00-start.ipynb").write_text("my answers")
    (here / "exercises" / "06-1").mkdir(parents=True)
    (here / "exercises" / "06-1" / "pod.yaml").write_text("kind: Pod")
    Progress(here, print).change("06-1", lambda entry: judged(entry, ""))
    done = carry(here, there)
    assert done.written == ["00-start.ipynb", "exercises/06-1/pod.yaml"]
    assert (there / "00-start.ipynb").read_text() == "my answers"
    assert not (there / "04-anatomy.ipynb").exists()
    assert Progress(there, print).of("06-1").passed is not None
    assert done.exercises == 1


def test_the_file_is_its_owners_alone(here: Path) -> None:
    export(here, None, here / "work.zip", print)
    assert (here / "work.zip").stat().st_mode & 0o777 == 0o600
    again = export(here, None, here / "work.zip", print)
    assert again.times == {}, "an export does not hold the one before"


@pytest.mark.parametrize(("mine", "name"), [(2_000, "mine"), (1_000, "theirs")])
def test_of_two_versions_the_newer_has_the_name_and_the_older_stays(
    here: Path, there: Path, mine: int, name: str
) -> None:
    for folder, text, changed in ((here, "theirs", 1_500), (there, "mine", mine)):
        folder.mkdir(exist_ok=True)
        (folder / "notes.md").write_text(text)
        os.utime(folder / "notes.md", (changed, changed))
    done = carry(here, there)
    assert (there / "notes.md").read_text() == name
    assert done.older == ["notes-older.md"]
    assert {(there / "notes.md").read_text(), (there / "notes-older.md").read_text()} == {"mine", "theirs"}
    carry(here, there)
    assert (there / "notes.md").read_text() == name, "once more loses nothing either"


def test_an_untouched_notebook_gives_way(here: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    copy_to(other, {"00-start.ipynb": tmp_path / "shipped.ipynb"})
    (here / "00-start.ipynb").write_text("my answers")
    os.utime(here / "00-start.ipynb", (1_000, 1_000))
    assert carry(here, other).older == []
    assert (other / "00-start.ipynb").read_text() == "my answers"


@pytest.fixture
def dutch(tmp_path: Path) -> Iterator[Path]:
    """A folder in Dutch, with a tick."""
    folder = tmp_path / "dutch"
    with edition("nl") as source:
        copy_to(folder, source, "nl")
    Progress(folder, print).change("06-1", lambda entry: judged(entry, ""))
    yield folder
    speak("en")


def test_work_in_dutch_opens_in_dutch_elsewhere(dutch: Path, there: Path) -> None:
    with edition("en") as source:
        copy_to(there, source, "en")
    (dutch / "04-anatomy-of-a-cluster.ipynb").write_text("mijn antwoorden")
    carry(dutch, there)
    assert language_of(there) == "nl"
    assert (there / "00-start-here.ipynb").read_bytes() == (dutch / "00-start-here.ipynb").read_bytes()
    assert (there / "04-anatomy-of-a-cluster.ipynb").read_text() == "mijn antwoorden"
    assert language() == "nl", "the report is in it, too"


def test_a_folder_with_work_of_its_own_stays_in_its_language(dutch: Path, here: Path) -> None:
    Progress(here, print).change("04-1", lambda entry: judged(entry, ""))
    carry(dutch, here)
    assert language_of(here) == "en"
    assert Progress(here, print).of("06-1").passed is not None


@pytest.mark.parametrize("strange", ["tlh", "../en", 7, None])
def test_a_file_in_a_language_that_nobody_speaks_changes_none(dutch: Path, there: Path, strange: object) -> None:
    file = dutch.parent / "work.zip"
    export(dutch, None, file, print)
    other = dutch.parent / "other.zip"
    with zipfile.ZipFile(file) as before, zipfile.ZipFile(other, "w") as after:
        about = json.loads(before.read("gitopslab.json"))
        after.writestr("gitopslab.json", json.dumps({**about, "language": strange}))
    import_(other, there, None, print)
    assert language_of(there) == ""


def test_ticks_are_joined() -> None:
    first = judged(judged(begun(Entry()), "wish"), "")
    second = Entry(begun=1.0, attempts=4, hints=2, solution=True, failing="ready")
    both = joined(first, second)
    assert both == joined(second, first)
    assert (both.passed, both.attempts, both.solution, both.failing) == (first.passed, 4, True, "")
    assert both.hints == 2, "also when the exercise was begun anew since"


def test_what_is_too_large_is_left_out_and_named(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parcel, "MOST_BYTES", 100)
    (here / "large.bin").write_bytes(b"x" * 1000)
    (here / "small.txt").write_text("x")
    about = export(here, None, here / "work.zip", print)
    assert about.left_out == ["large.bin (0 MB)"]
    assert "small.txt" in about.times


@pytest.mark.skipif(os.name == "nt", reason="such a name cannot be given there")
def test_a_name_that_not_every_machine_can_have_is_left_out_and_named(here: Path, there: Path) -> None:
    (here / "a:b.txt").write_text("x")
    (here / "plain.txt").write_text("x")
    done = carry(here, there)
    assert done.written == ["plain.txt"]
    assert done.about.left_out[0].startswith("a:b.txt ")


@pytest.mark.parametrize(
    "name",
    ["folder/../../outside", "/etc/x", "elsewhere/x", "folder", "folder/C:/x", "folder/web/.git/hooks/post-checkout",
     "forge/git/a/b.git/hooks/update", "folder/.gitopslab/share.json", "folder/web/.git/config", "forge/ci/bin/docker"],
)  # fmt: skip
def test_a_file_with_strange_names_is_refused_whole(there: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr("gitopslab.json", json.dumps({"schema": 1, "version": "0"}))
        archive.writestr("folder/good.txt", "x")
        archive.writestr(name, "x")
    with pytest.raises(ParcelError, match="which no export puts there"):
        import_(tmp_path / "work.zip", there, None, print)
    assert not there.exists()


@pytest.mark.parametrize("content", [b"", b"not a zip", None])
def test_a_file_that_is_none_says_how_to_make_one(there: Path, tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "work.zip").write_bytes(content)
    with pytest.raises(ParcelError) as raised:
        import_(tmp_path / "work.zip", there, None, print)
    assert "gitopslab progress export" in raised.value.hint


def test_a_newer_labs_file_says_so(there: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr("gitopslab.json", json.dumps({"schema": 2, "version": "9", "stars": 5}))
    with pytest.raises(ParcelError, match="newer lab"):
        import_(tmp_path / "work.zip", there, None, print)


# ---- with a cluster ----


@pytest.fixture
def clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[EmbeddedCluster, EmbeddedCluster]]:
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    made = EmbeddedCluster("one"), EmbeddedCluster("two")
    for each in made:
        each.up(options=Options(bare=True, workers=1))
    yield made
    for each in made:
        each.down(delete=True)


def push(cluster: EmbeddedCluster, folder: Path, text: str) -> WorkingCopy:
    address = Forge.of(cluster).up()
    origin = Origin(f"{address.url}/waal/web.git", "learner", address.token, None)
    copy = WorkingCopy.open(folder, origin) if folder.exists() else WorkingCopy.clone(folder, origin)
    (folder / "page.html").write_text(text)
    copy.commit("a page")
    copy.push()
    return copy


@pytest.mark.process
def test_the_clusters_objects_and_git_arrive_and_what_was_there_before_can_come_back(
    clusters: tuple[EmbeddedCluster, EmbeddedCluster], here: Path, there: Path
) -> None:
    one, two = clusters
    for cluster, name in ((one, "of-one"), (two, "of-two")):
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
        Client(cluster.kubeconfig).create(made, "default")
    push(one, here / "web", "first")
    export(here, one, here.parent / "work.zip", print)
    there.mkdir()
    done = import_(here.parent / "work.zip", there, two, print)

    client = Client(two.kubeconfig)
    assert client.get("configmaps", "of-one", "default")
    with pytest.raises(NotFoundError):
        client.get("configmaps", "of-two", "default")
    authority = client.get("configmaps", "kube-root-ca.crt", "default")["data"]["ca.crt"]
    assert authority == (two.kubeconfig.parent / "ca.crt").read_text(), "pods trust the API server they speak to"
    push(two, there / "web", "second")
    push(one, here / "web", "still mine")

    assert done.before is not None
    import_(done.before, there, two, print)
    assert client.get("configmaps", "of-two", "default")
