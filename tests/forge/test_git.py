"""The Git server, with stock git as its client."""

from __future__ import annotations

import errno
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import cast

import httpx
import pytest
from dulwich.client import Urllib3HttpGitClient
from dulwich.object_store import DiskObjectStore
from dulwich.objects import Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo
from serving_forge import ServedForge

from gitopslab.errors import LabError

Git = Callable[..., subprocess.CompletedProcess[str]]
PROJECT = "waal/waal-web"


@pytest.fixture
def work(tmp_path: Path, git: Git, served: ServedForge) -> Path:
    """A repository of three commits, whose origin is a project that nobody has pushed to."""
    folder = tmp_path / "work"
    folder.mkdir()
    git(folder, "init", "--initial-branch", "main")
    git(folder, "remote", "add", "origin", served.url(PROJECT))
    for number in range(3):
        commit(git, folder, f"commit {number}")
    return folder


def commit(git: Git, folder: Path, message: str) -> str:
    (folder / message.replace(" ", "-")).write_text(message)
    git(folder, "add", ".")
    assert git(folder, "commit", "-m", message).returncode == 0
    return git(folder, "rev-parse", "HEAD").stdout.strip()


def subjects(git: Git, folder: Path, ref: str = "HEAD") -> list[str]:
    return git(folder, "log", "--format=%s", ref).stdout.split("\n")[:-1]


def refs(git: Git, served: ServedForge) -> dict[str, str]:
    listed = git(Path.cwd(), "ls-remote", served.url(PROJECT, user="")).stdout
    return {name: sha for sha, name in (line.split("\t") for line in listed.splitlines())}


def test_a_browser_at_its_address_reads_what_it_is(served: ServedForge) -> None:
    answer = httpx.get(f"http://{served.host}/")
    assert answer.status_code == 200
    assert f"git clone http://{served.host}/" in answer.text


def raw_push(served: ServedForge, commands: list[str], capabilities: str) -> bytes:
    """Push commands with an empty pack, as no git would."""
    pack = bytes.fromhex("5041434b0000000200000000029d08823bd8a8eab510ad6ac75c823cfd3ed31e")
    lines = [f"{commands[0]}\0{capabilities}", *commands[1:]]
    body = b"".join(b"%04x%s" % (len(line) + 4, line.encode()) for line in lines) + b"0000" + pack
    url = f"http://{served.host}/{PROJECT}.git/git-receive-pack"
    return httpx.post(url, content=body, auth=("learner", served.token)).content


def test_the_first_push_makes_the_project_and_anybody_may_clone_it(
    git: Git, work: Path, served: ServedForge, tmp_path: Path
) -> None:
    pushed = git(work, "push", "-u", "origin", "main")
    assert pushed.returncode == 0, pushed.stderr
    cloned = git(tmp_path, "clone", served.url(PROJECT, user=""), "clone")
    assert cloned.returncode == 0, cloned.stderr
    assert subjects(git, tmp_path / "clone") == ["commit 2", "commit 1", "commit 0"]
    assert served.forge.repositories.projects() == [PROJECT]


def test_a_push_without_the_token_or_with_a_wrong_one_is_refused(git: Git, work: Path, served: ServedForge) -> None:
    for url in (served.url(PROJECT, user=""), served.url(PROJECT).replace(served.token, "wrong")):
        refused = git(work, "push", url, "main")
        assert refused.returncode != 0
        assert "Authentication failed" in refused.stderr or "could not read Username" in refused.stderr
    assert served.forge.repositories.projects() == []


def test_a_client_without_thin_packs_gets_whole_ones(git: Git, work: Path, served: ServedForge) -> None:
    """Flux's Git client is one."""
    client = Urllib3HttpGitClient(f"http://{served.host}", thin_packs=False)
    (work / "large").write_text("\n".join(map(str, range(5000))))
    commit(git, work, "zero")
    git(work, "push", "origin", "main")
    repo = MemoryRepo()
    for message in ("first", "second"):
        head = ObjectID(git(work, "rev-parse", "HEAD").stdout.strip().encode())
        client.fetch(f"/{PROJECT}.git", repo, lambda _refs, depth=None, head=head: [head])
        repo.refs[Ref(b"refs/heads/main")] = head
        found = cast(Commit, repo[head])
        assert all(entry.sha in repo for entry in cast(Tree, repo[found.tree]).iteritems())
        assert subjects(git, work)[0].encode() == found.message.strip()
        (work / "large").write_text("\n".join(map(str, range(4999))))
        commit(git, work, message)
        git(work, "push", "origin", "main")


def test_a_fetch_brings_only_what_is_new_and_a_shallow_clone_only_what_it_asked_for(
    git: Git, work: Path, served: ServedForge, tmp_path: Path
) -> None:
    git(work, "push", "origin", "main")
    git(tmp_path, "clone", served.url(PROJECT), "clone")
    git(tmp_path, "clone", "--depth", "1", served.url(PROJECT), "shallow")
    assert subjects(git, tmp_path / "shallow") == ["commit 2"]
    commit(git, work, "commit 3")
    git(work, "push", "origin", "main")
    assert git(tmp_path / "clone", "pull").returncode == 0
    assert subjects(git, tmp_path / "clone")[0] == "commit 3"
    assert git(tmp_path / "shallow", "fetch", "--unshallow").returncode == 0
    assert len(subjects(git, tmp_path / "shallow", "origin/main")) == 4
    assert git(tmp_path / "clone", "fsck", "--strict").returncode == 0


def test_a_project_is_the_same_without_its_ending(git: Git, work: Path, served: ServedForge, tmp_path: Path) -> None:
    bare = served.url(PROJECT).removesuffix(".git")
    assert git(work, "push", bare, "main").returncode == 0
    assert git(tmp_path, "clone", bare, "clone").returncode == 0
    assert git(tmp_path, "clone", served.url(PROJECT), "again").returncode == 0
    assert served.forge.repositories.projects() == [PROJECT]


def test_a_partial_clone_gets_its_files_when_it_needs_them(
    git: Git, work: Path, served: ServedForge, tmp_path: Path
) -> None:
    git(work, "push", "origin", "main")
    cloned = git(tmp_path, "clone", "--filter=blob:none", served.url(PROJECT), "partial")
    assert cloned.returncode == 0, cloned.stderr
    assert (tmp_path / "partial" / "commit-1").read_text() == "commit 1"


def test_a_commit_can_be_fetched_by_its_name(git: Git, work: Path, served: ServedForge, tmp_path: Path) -> None:
    first = git(work, "rev-parse", "HEAD~2").stdout.strip()
    git(work, "push", "origin", "main")
    git(tmp_path, "init", "single")
    assert git(tmp_path / "single", "fetch", "--depth", "1", served.url(PROJECT), first).returncode == 0
    assert subjects(git, tmp_path / "single", "FETCH_HEAD") == ["commit 0"]


def test_an_atomic_push_moves_all_refs_or_none(git: Git, work: Path, served: ServedForge) -> None:
    git(work, "push", "origin", "main", "main~1:refs/heads/staging")
    before = refs(git, served)
    main, older, oldest = (git(work, "rev-parse", f"main~{back}").stdout.strip() for back in range(3))
    # `main` stands where the client thinks; `staging` was moved by somebody else meanwhile
    commands = [f"{main} {older} refs/heads/main", f"{oldest} {main} refs/heads/staging"]
    answer = raw_push(served, commands, "report-status atomic")
    assert b"ng refs/heads/main atomic push failed" in answer
    assert b"ng refs/heads/staging failed to update ref" in answer
    assert refs(git, served) == before
    answer = raw_push(served, commands, "report-status")  # not atomic: what can move does
    assert b"ok refs/heads/main" in answer
    assert refs(git, served)["refs/heads/main"] == older
    assert refs(git, served)["refs/heads/staging"] == before["refs/heads/staging"]


def test_forced_pushes_and_removed_branches_are_the_learners_business(
    git: Git, work: Path, served: ServedForge
) -> None:
    git(work, "push", "origin", "main", "main:topic")
    git(work, "reset", "--hard", "HEAD~1")
    assert git(work, "push", "origin", "main").returncode != 0  # git itself asks for --force
    assert git(work, "push", "--force", "origin", "main", ":topic").returncode == 0
    assert refs(git, served)["refs/heads/main"] == git(work, "rev-parse", "HEAD").stdout.strip()
    assert "refs/heads/topic" not in refs(git, served)
    kept = git(work, "push", "origin", ":main")
    assert "deletion of the current branch prohibited" in kept.stderr
    assert "refs/heads/main" in refs(git, served)


def test_a_push_that_breaks_off_changes_nothing(git: Git, work: Path, served: ServedForge) -> None:
    git(work, "push", "origin", "main")
    before = refs(git, served)
    old, new = before["refs/heads/main"], "1" * 40
    line = f"{old} {new} refs/heads/main\0report-status".encode()
    body = b"%04x%s0000PACK\0\0\0\2\0\0\0\5" % (len(line) + 4, line)
    host, port = served.host.split(":")
    with socket.create_connection((host, int(port))) as client:
        head = f"POST /{PROJECT}.git/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.token}\r\n"
        client.sendall(head.encode() + b"content-length: 100000\r\n\r\n" + body)
    # the same, whole as HTTP but not as a pack: told, and nothing moves
    answer = httpx.post(
        f"http://{served.host}/{PROJECT}.git/git-receive-pack", content=body, auth=("learner", served.token)
    )
    assert answer.status_code == 200
    assert b"unpack ok" not in answer.content
    assert refs(git, served) == before
    commit(git, work, "commit 3")
    assert git(work, "push", "origin", "main").returncode == 0


def test_a_push_to_a_full_disk_is_refused_with_a_word_and_may_be_repeated(
    git: Git, work: Path, served: ServedForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(DiskObjectStore, "add_thin_pack", full)
        refused = git(work, "push", "origin", "main")
    assert refused.returncode != 0
    assert "the disk with the repositories is full" in refused.stderr
    assert refs(git, served) == {}
    assert git(work, "push", "origin", "main").returncode == 0


def test_a_ref_to_objects_that_did_not_come_is_refused(git: Git, work: Path, served: ServedForge) -> None:
    git(work, "push", "origin", "main")
    before = refs(git, served)
    answer = raw_push(served, [f"{'0' * 40} {'1' * 40} refs/heads/ghost"], "report-status")
    assert b"ng refs/heads/ghost missing necessary objects" in answer
    assert refs(git, served) == before


@pytest.mark.parametrize(
    "project",
    ["alone", "../../etc", "waal/.hidden", "waal/web.git", "v2/web", "waal//web", "waal/we b", "a/" * 30 + "b"],
)
def test_what_cannot_be_a_project_is_refused_before_anything_is_made(served: ServedForge, project: str) -> None:
    answer = httpx.post(
        f"http://{served.host}/{project}.git/git-receive-pack", content=b"0000", auth=("learner", served.token)
    )
    assert answer.status_code in (403, 404)
    assert not list(served.folder.path.glob("git/**/*.git"))
    with pytest.raises(LabError):
        served.forge.repositories.path(project)


def test_a_body_without_end_is_refused(served: ServedForge) -> None:
    host, port = served.host.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        head = f"POST /{PROJECT}.git/git-receive-pack HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {served.token}\r\n"
        client.sendall(head.encode() + b"content-length: 1000000000000\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.1 413")
