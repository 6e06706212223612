"""A GitRepository keeps the newest commit of what its ref names."""

from __future__ import annotations

import base64
import re

import pytest
from flux_cluster import GIT, SYSTEM, Flux, config_map
from projects import Project
from serving_forge import ServedForge

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object, condition_of


def revision(flux: Flux) -> str:
    found: str = flux.status(GIT)["artifact"]["revision"]
    return found


def test_a_commit_is_stored_and_told(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")}, "Add a\n\nWith more words.")
    flux.repository(project.url)
    artifact = flux.status(GIT)["artifact"]
    assert artifact["revision"] == f"main@sha1:{commit}"
    assert artifact["path"] == f"gitrepository/{SYSTEM}/app/{commit}.tar.gz"
    assert artifact["url"].startswith(f"http://source-controller.{SYSTEM}.svc.cluster.local./gitrepository/")
    assert artifact["digest"].startswith("sha256:")
    (archive,) = flux.artifacts()
    assert artifact["size"] == archive.stat().st_size
    assert artifact["lastUpdateTime"] == "2026-01-01T00:00:00Z"
    message = f"stored artifact for revision 'main@sha1:{commit}'"
    assert flux.condition(GIT) == ("True", "Succeeded", message)
    assert flux.condition(GIT, kind="ArtifactInStorage") == ("True", "Succeeded", message)
    assert flux.events("GitRepository") == [("Normal", "NewArtifact", "stored artifact for commit 'Add a'")]
    assert flux.get(GIT)["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]


def test_the_remote_is_asked_once_an_interval(flux: Flux, project: Project) -> None:
    old = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1m")
    new = project.commit({"a.yaml": config_map("a", x="2")})
    flux.advance(30)
    assert revision(flux) == f"main@sha1:{old}"
    flux.advance(31)
    assert revision(flux) == f"main@sha1:{new}"


def test_a_poll_that_finds_nothing_new_changes_nothing_and_is_told(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    before = flux.get(GIT)
    flux.advance(130)
    assert flux.get(GIT) == before
    same = f"no changes since last reconciliation: observed revision 'main@sha1:{commit}'"
    assert flux.events("GitRepository")[1:] == [("Normal", "GitOperationSucceeded", same)]
    (event,) = [e for e in flux.api.list("events", SYSTEM) if e["reason"] == "GitOperationSucceeded"]
    assert event["count"] == 2


def test_a_request_is_handled_at_once_and_its_token_kept(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    new = project.commit({"b.yaml": config_map("b")})
    _, watch = flux.api.watch(GIT)
    flux.request(GIT, "app", "2026-01-01T00:00:00.5Z")
    assert revision(flux) == f"main@sha1:{new}"
    events = watch.poll()
    begun = [condition_of(event.object, "Reconciling") for event in events]
    assert "reconciliation in progress" in [each["message"] for each in begun if each is not None]
    handled = [event for event in events if "lastHandledReconcileAt" in event.object["status"]]
    assert len(handled) == 1, "whoever waits for the token waits for the new revision"
    assert flux.status(GIT)["lastHandledReconcileAt"] == "2026-01-01T00:00:00.5Z"


def test_a_forced_push_is_followed(flux: Flux, project: Project) -> None:
    old = project.commit({"a.yaml": config_map("a")})
    project.commit({"a.yaml": config_map("a", x="2")})
    flux.repository(project.url)
    project.force(old)
    flux.advance(60)
    assert revision(flux) == f"main@sha1:{old}"


def test_a_missing_branch_fails_and_mends(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, ref={"branch": "prod"})
    reason = f"unable to clone '{project.url}': couldn't find remote ref \"refs/heads/prod\""
    message = f"failed to checkout and determine revision: {reason}"
    assert flux.condition(GIT) == ("False", "GitOperationFailed", message)
    assert flux.condition(GIT, kind="FetchFailed") == ("True", "GitOperationFailed", message)
    reconciling = flux.condition(GIT, kind="Reconciling")
    assert reconciling is not None
    assert reconciling[1] == "ProgressingWithRetry"
    assert ("Warning", "GitOperationFailed", message) in flux.events("GitRepository")
    assert flux.status(GIT)["observedGeneration"] == -1
    commit = project.commit({}, branch="prod")
    flux.advance(60)
    assert revision(flux) == f"prod@sha1:{commit}"
    assert flux.condition(GIT, kind="FetchFailed") is None
    assert flux.condition(GIT, kind="Reconciling") is None


def test_without_a_ref_it_is_master_not_main(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.create("source.toolkit.fluxcd.io/v1", "GitRepository", "app", {"interval": "1m", "url": project.url})
    ready = flux.condition(GIT)
    assert ready is not None
    assert 'couldn\'t find remote ref "refs/heads/master"' in ready[2]


def test_a_repository_that_vanishes_keeps_its_artifact(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    project.delete()
    flux.advance(60)
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[1] == "GitOperationFailed"
    said = "The project you were looking for could not be found."
    assert ready[2].endswith(f"unable to list remote for '{project.url}': repository not found: {said}")
    assert revision(flux) == f"main@sha1:{commit}"


def test_a_repository_that_comes_back_is_fetched_again(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")}, "First")
    flux.repository(project.url)
    project.delete()
    flux.advance(60)
    assert (flux.condition(GIT) or ("",))[0] == "False"
    commit = project.bring_back()
    flux.advance(120)
    assert (flux.condition(GIT) or ("",))[0] == "True"
    assert flux.condition(GIT, kind="FetchFailed") is None
    assert revision(flux) == f"main@sha1:{commit}"


def test_failures_come_later_and_later(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, ref={"branch": "prod"})
    flux.advance(600)
    (event,) = [e for e in flux.api.list("events", SYSTEM) if e["involvedObject"]["kind"] == "GitRepository"]
    assert event["count"] == 10  # 0.75 s, doubling: 0.75 + 1.5 + ... + 192 = 383, and the next is beyond 600


def test_an_empty_repository_has_a_reason_of_its_own(flux: Flux, project: Project) -> None:
    flux.repository(project.url)
    assert flux.condition(GIT) == ("False", "EmptyGitRepository", "git repository is empty")
    assert flux.condition(GIT, kind="FetchFailed") == ("True", "EmptyGitRepository", "git repository is empty")


def test_a_missing_secret_is_an_authentication_failure(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, secretRef={"name": "creds"})
    doing = f"failed to get secret '{SYSTEM}/creds'"
    message = f'{doing}: {doing}: secrets "creds" not found'
    assert flux.condition(GIT) == ("False", "AuthenticationFailed", message)
    assert flux.condition(GIT, kind="FetchFailed") == ("True", "AuthenticationFailed", message)


def test_a_revoked_token_is_refused_and_a_new_one_mends_it(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "creds", "namespace": SYSTEM}}
    flux.api.create({**secret, "data": {"username": encoded("git"), "password": encoded("revoked")}})
    flux.repository(project.url, secretRef={"name": "creds"})
    ready = flux.condition(GIT)
    assert ready is not None
    said = "HTTP Basic: Access denied. The token is not that of this forge."
    assert ready[2].endswith(f"unable to clone '{project.url}': authentication required: {said}")
    flux.api.patch("secrets", "creds", {"data": {"password": encoded(project.token)}}, SYSTEM)
    flux.advance(5)
    assert revision(flux) == f"main@sha1:{commit}"


def test_a_password_without_a_name_is_refused(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    metadata = {"name": "creds", "namespace": SYSTEM}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": encoded("x")}})
    flux.repository(project.url, secretRef={"name": "creds"})
    why = "invalid 'http' auth option: 'password' requires 'username' to be set"
    message = f"failed to configure authentication options: {why}"
    assert flux.condition(GIT) == ("False", "AuthenticationFailed", message)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "ssh://git@127.0.0.1:1/x.git",
            "failed to configure authentication options: invalid 'ssh' auth option: 'identity' is required",
        ),
        (
            "http://127.0.0.1:1/x.git",
            "failed to checkout and determine revision: unable to clone 'http://127.0.0.1:1/x.git': "
            'Get "http://127.0.0.1:1/x.git/info/refs?service=git-upload-pack": '
            "dial tcp 127.0.0.1:1: connect: connection refused",
        ),
        (
            "http://nowhere.invalid/x.git",
            "failed to checkout and determine revision: unable to clone 'http://nowhere.invalid/x.git': "
            'Get "http://nowhere.invalid/x.git/info/refs?service=git-upload-pack": '
            "dial tcp: lookup nowhere.invalid: no such host",
        ),
    ],
)
def test_a_repository_that_cannot_be_reached_says_why(flux: Flux, url: str, message: str) -> None:
    flux.repository(url)
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[2] == message


def test_a_server_without_tls_is_told(flux: Flux, project: Project) -> None:
    flux.repository(project.url.replace("http://", "https://"))
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[2].endswith("http: server gave HTTP response to HTTPS client")


def test_a_suspended_source_fetches_nothing(flux: Flux, project: Project) -> None:
    old = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.change(GIT, "app", {"suspend": True})
    new = project.commit({"a.yaml": config_map("a", x="2")})
    flux.advance(600)
    assert revision(flux) == f"main@sha1:{old}"
    flux.change(GIT, "app", {"suspend": None})
    assert revision(flux) == f"main@sha1:{new}"


def test_what_is_ignored_is_not_in_the_artifact(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "logo.png": b"x", ".gitlab-ci.yml": "a: b", ".sourceignore": "docs/\n",
                    "docs/b.yaml": config_map("b"), "app/c.yaml": config_map("c"), "app/.sourceignore": "secret/\n",
                    "app/secret/d.yaml": config_map("d"), "secret/e.yaml": config_map("e")})  # fmt: skip
    flux.repository(project.url)
    kept = [".gitlab-ci.yml", ".sourceignore", "a.yaml", "app/.sourceignore", "app/c.yaml", "logo.png", "secret/e.yaml"]
    assert flux.files() == kept
    flux.change(GIT, "app", {"ignore": "/*\n!/app\n"})
    taken_in = ["app/.sourceignore", "app/c.yaml", "app/secret/d.yaml"]
    assert flux.files() == taken_in, "the spec comes last, and takes in all of a folder"
    assert flux.status(GIT)["observedIgnore"] == "/*\n!/app\n"


def test_what_is_no_manifest_is_left_out_unless_somebody_says_what_is(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "logo.png": b"x", ".gitlab-ci.yml": "a: b", ".gitignore": "",
                    ".sops.yaml": "a: b", "app/.flux.yaml": "a: b", "old.tar.gz": b"x", "old.zip": b"x",
                    ".github/workflows/ci.yaml": "a: b"})  # fmt: skip
    flux.repository(project.url)
    assert flux.files() == ["a.yaml"]
    flux.change(GIT, "app", {"ignore": "*.txt\n"})
    assert flux.files() == [
        ".github/workflows/ci.yaml", ".gitlab-ci.yml", ".sops.yaml", "a.yaml", "app/.flux.yaml", "logo.png",
        "old.tar.gz", "old.zip",
    ]  # fmt: skip


def test_only_some_folders_are_checked_out_where_a_spec_names_any(flux: Flux, project: Project) -> None:
    project.commit({"a/x.yaml": config_map("x"), "b/y.yaml": config_map("y"), "c/z.yaml": config_map("z")})
    flux.repository(project.url, sparseCheckout=["./a", "b"])
    assert flux.files() == ["a/x.yaml", "b/y.yaml"]
    assert flux.status(GIT)["observedSparseCheckout"] == ["./a", "b"]
    flux.change(GIT, "app", {"sparseCheckout": ["nope"]})
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[1] == "GitOperationFailed"
    assert ready[2].startswith("failed to sparse checkout directories : sparse checkout dir 'nope' does not exist")


def test_the_way_to_the_first_artifact_is_told_step_by_step(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    _, watch = flux.api.watch(GIT)
    flux.repository(project.url)
    events = watch.poll()
    finalizers = [event.object["metadata"].get("finalizers", []) for event in events[:2]]
    assert finalizers == [[], ["finalizers.fluxcd.io"]]
    assert said(events[:2]) == [], "at first it only gets its finalizer"
    reconciling = [condition_of(event.object, "Reconciling") for event in events[2:]]
    assert [each and (each["status"], each["reason"]) for each in reconciling] == [("True", "Progressing")] * 3 + [None]
    assert said(events) == [
        ("Unknown", "processing object: new generation -1 -> 1"),
        ("Unknown", "building artifact"),
        ("Unknown", f"building artifact: new upstream revision 'main@sha1:{commit}'"),
        ("True", f"stored artifact for revision 'main@sha1:{commit}'"),
    ]


def test_a_newer_commit_makes_the_artifact_outdated_until_it_is_stored(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    new = project.commit({"a.yaml": config_map("a", x="2")})
    _, watch = flux.api.watch(GIT)
    flux.advance(61)
    events = watch.poll()
    message = f"new upstream revision 'main@sha1:{new}'"
    outdated = condition_of(events[0].object, "ArtifactOutdated")
    assert outdated is not None
    assert (outdated["status"], outdated["reason"], outdated["message"]) == ("True", "NewRevision", message)
    assert said(events)[0] == ("Unknown", f"building artifact: {message}")
    assert flux.condition(GIT, kind="ArtifactOutdated") is None
    assert flux.condition(GIT, kind="Reconciling") is None


def test_an_artifact_that_disappeared_is_made_again(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    for file in flux.artifacts():
        file.unlink()
    _, watch = flux.api.watch(GIT)
    flux.advance(61)
    assert said(watch.poll())[0] == ("Unknown", "building artifact: disappeared from storage")
    assert flux.files() == ["a.yaml"]


def test_an_artifact_that_is_not_what_it_was_is_made_again(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.artifacts()[0].write_bytes(b"something else")
    flux.advance(61)
    assert flux.files() == ["a.yaml"]
    assert (flux.condition(GIT) or ("",))[0] == "True"


def test_what_is_ignored_from_now_on_makes_another_artifact_of_the_same_commit(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "b.yaml": config_map("b")})
    flux.repository(project.url)
    flux.kustomization(interval="10m")
    before = flux.status(GIT)["artifact"]
    flux.change(GIT, "app", {"ignore": "b.yaml"})
    after = flux.status(GIT)["artifact"]
    assert flux.files() == ["a.yaml"]
    assert (after["revision"], after["digest"] == before["digest"]) == (before["revision"], False)
    assert flux.find("configmaps", "b") is not None  # a Kustomization follows the revision, not the digest
    flux.advance(601)
    assert flux.find("configmaps", "b") is None


def test_a_url_must_be_one_that_flux_takes(flux: Flux) -> None:
    with pytest.raises(InvalidError, match=r"spec\.url"):
        flux.repository("file:///srv/repo.git")


def test_a_token_that_is_revoked_leaves_the_artifact_and_a_new_one_mends_it(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    metadata = {"name": "creds", "namespace": SYSTEM}
    data = {"username": encoded("git"), "password": encoded(project.token)}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    flux.repository(project.url, secretRef={"name": "creds"})
    flux.api.patch("secrets", "creds", {"data": {"password": encoded("revoked")}}, SYSTEM)
    project.commit({"a.yaml": config_map("a", x="2")})
    flux.advance(61)
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[:2] == ("False", "GitOperationFailed")
    assert revision(flux) == f"main@sha1:{commit}"
    assert flux.condition(GIT, kind="ArtifactInStorage") is not None, "who uses it goes on"
    flux.api.patch("secrets", "creds", {"data": data}, SYSTEM)
    flux.advance(60)
    assert flux.condition(GIT)[0] == "True"  # type: ignore[index]
    assert revision(flux) == f"main@sha1:{project.head}"


def test_another_repository_is_included(flux: Flux, project: Project, forge: ServedForge) -> None:
    project.commit({"a.yaml": config_map("a")})
    other = Project(forge, f"{project.path}-shared")
    flux.repository(project.url, include=[{"repository": {"name": "shared"}, "fromPath": "base", "toPath": "vendor"}])
    why = "could not get resource for include 'shared': GitRepository.source.toolkit.fluxcd.io \"shared\" not found"
    assert flux.condition(GIT, kind="IncludeUnavailable") == ("True", "NotFound", why)
    assert flux.condition(GIT) == ("False", "NotFound", why)
    flux.repository(other.url, "shared")
    flux.advance(31)
    assert flux.condition(GIT) == ("False", "NoArtifact", "no artifact available for include 'shared'")
    other.commit({"base/b.yaml": config_map("b"), "c.yaml": config_map("c")})
    flux.sync("shared")
    flux.advance(31)
    assert flux.files() == ["a.yaml", "vendor/b.yaml"]
    assert flux.condition(GIT, kind="IncludeUnavailable") is None
    (included,) = flux.status(GIT)["includedArtifacts"]
    assert included["revision"] == f"main@sha1:{other.head}"
    assert flux.status(GIT)["observedInclude"] == flux.get(GIT)["spec"]["include"]
    other.commit({"base/d.yaml": config_map("d")})
    flux.sync("shared")
    flux.advance(61)
    assert flux.files() == ["a.yaml", "vendor/b.yaml", "vendor/d.yaml"]
    before = flux.get(GIT)
    flux.advance(300)
    assert flux.get(GIT) == before


@pytest.mark.parametrize(
    ("include", "files"),
    [
        pytest.param({"fromPath": "base/b.yaml", "toPath": "b.yaml"}, ["b.yaml", "own/a.yaml"], id="a file"),
        pytest.param({"fromPath": "base"}, ["own/a.yaml", "shared/b.yaml"], id="below its name"),
        pytest.param({"toPath": "x/y"}, ["own/a.yaml", "x/y/base/b.yaml"], id="all of it"),
    ],
)
def test_an_included_path_goes_to_its_place(
    flux: Flux, project: Project, forge: ServedForge, include: Object, files: list[str]
) -> None:
    _including(flux, project, forge, include)
    assert flux.files() == files


@pytest.mark.parametrize(
    ("include", "words"),
    [
        pytest.param(
            {"fromPath": "no", "toPath": "x"},
            "from no to x: cannot stat .*/unpack/no: no such file or dir",
            id="absent",
        ),
        pytest.param({"toPath": "own"}, r"from  to own: cannot rename \. to own: file exists", id="taken"),
    ],
)
def test_what_cannot_be_included_is_told(
    flux: Flux, project: Project, forge: ServedForge, include: Object, words: str
) -> None:
    _including(flux, project, forge, include)
    failed = flux.condition(GIT, kind="StorageOperationFailed")
    assert failed is not None
    assert failed[1] == "CopyFailure"
    assert re.match(f"failed to copy 'shared' include {words}", failed[2])
    assert flux.condition(GIT) == ("False", *failed[1:])
    flux.change(GIT, "app", {"include": None})
    assert flux.condition(GIT, kind="StorageOperationFailed") is None
    assert flux.files() == ["own/a.yaml"]


def _including(flux: Flux, project: Project, forge: ServedForge, include: Object) -> None:
    project.commit({"own/a.yaml": config_map("a")})
    other = Project(forge, f"{project.path}-shared")
    other.commit({"base/b.yaml": config_map("b")})
    flux.repository(other.url, "shared")
    flux.repository(project.url, include=[{"repository": {"name": "shared"}, **include}])


def test_a_long_subject_is_cut_in_the_event(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")}, "x" * 51 + "\n\nWhy")
    flux.repository(project.url)
    assert flux.events("GitRepository") == [("Normal", "NewArtifact", f"stored artifact for commit '{'x' * 50}...'")]


def test_of_two_troubles_ready_tells_that_of_fetching(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, ref={"branch": "prod"})
    flux.change(GIT, "app", {"include": [{"repository": {"name": "shared"}}]})
    for kind, reason in (("FetchFailed", "GitOperationFailed"), ("IncludeUnavailable", "NotFound")):
        assert (flux.condition(GIT, kind=kind) or ("", ""))[:2] == ("True", reason)
    assert (flux.condition(GIT) or ("", ""))[:2] == ("False", "GitOperationFailed")
    flux.change(GIT, "app", {"include": None})
    assert flux.condition(GIT, kind="IncludeUnavailable") is None
    project.commit({}, branch="prod")
    flux.sync()
    assert (flux.condition(GIT) or ("",))[0] == "True"
    assert flux.condition(GIT, kind="FetchFailed") is None


def test_a_full_disk_is_told_and_mends(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    place = flux.plane.gitops.artifacts / "gitrepository"
    place.write_text("in the way")
    flux.repository(project.url)
    ready = flux.condition(GIT)
    assert ready is not None
    assert ready[1] == "ArchiveOperationFailed"
    assert ready[2].startswith("unable to archive artifact to storage: ")
    assert flux.condition(GIT, kind="StorageOperationFailed") is not None
    place.unlink()
    flux.advance(10)
    assert flux.files() == ["a.yaml"]
    assert flux.condition(GIT, kind="StorageOperationFailed") is None


def test_one_that_is_suspended_can_be_deleted(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.change(GIT, "app", {"suspend": True})
    flux.api.delete(GIT, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find(GIT, "app", SYSTEM) is None


def test_deleting_it_removes_its_artifacts(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    assert flux.files()
    flux.api.delete(GIT, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find(GIT, "app", SYSTEM) is None
    assert flux.artifacts() == []


def said(events: list[WatchEvent]) -> list[tuple[str, str]]:
    """Status and message of Ready, event by event."""
    found = [condition_of(event.object, "Ready") for event in events]
    return [(ready["status"], ready["message"]) for ready in found if ready is not None]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("spec", "keys", "reason", "message", "is_stalled"),
    [
        ({}, None, "VerificationError", 'public keys secret error: secrets "keys" not found', False),
        (
            {},
            {"a.sshpub": "eA=="},
            "InvalidCommitSignature",
            "signature verification of commit '{commit}' failed: unsupported signature type: empty",
            False,
        ),
        (
            {"mode": "Tag"},
            {},
            "InvalidVerificationMode",
            "cannot verify tag object's signature if a tag reference is not specified",
            True,
        ),
    ],
)
def test_what_is_to_be_verified_is_not_stored(
    flux: Flux,
    project: Project,
    spec: Object,
    keys: dict[str, str] | None,
    reason: str,
    message: str,
    is_stalled: bool,
) -> None:
    words = message.format(commit=project.commit({"a.yaml": config_map("a")}))
    if keys is not None:
        metadata = {"name": "keys", "namespace": SYSTEM}
        flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": keys})
    flux.repository(project.url, verify={"secretRef": {"name": "keys"}, **spec})
    assert flux.condition(GIT, kind="SourceVerified") == ("False", reason, words)
    assert flux.condition(GIT) == ("False", reason, words)
    assert (flux.condition(GIT, kind="Stalled") is not None) is is_stalled
    assert "artifact" not in flux.status(GIT)
    flux.change(GIT, "app", {"verify": None})
    assert flux.condition(GIT, kind="SourceVerified") is None
    assert flux.files() == ["a.yaml"]
