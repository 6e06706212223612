"""What is wrong in Git is told in Argo CD's words, and mended without a restart."""

from __future__ import annotations

import base64
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import SECRET_TYPE

_RIGHT = "Basic " + base64.b64encode(b"learner:right").decode()
GONE = "The project you were looking for could not be found."
_LOAD = "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = "


@pytest.fixture
def guarded(project: Project) -> Iterator[str]:
    """The URL of the project behind a door that asks for a password."""
    forge = urlsplit(project.url)

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.pass_on(None)

        def do_POST(self) -> None:
            self.pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def pass_on(self, body: bytes | None) -> None:
            if self.headers.get("Authorization") != _RIGHT:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
                return
            kept = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
            url = f"http://{forge.netloc}{self.path}"
            with urllib.request.urlopen(urllib.request.Request(url, body, kept)) as answer:
                self.send_response(200)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                self.wfile.write(answer.read())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{forge.path}"
        server.shutdown()


def error(argo: Argo) -> str:
    """The message of the one condition, which is a ComparisonError about loading."""
    ((kind, message),) = argo.conditions()
    assert kind == "ComparisonError"
    return message.removeprefix(_LOAD)


def test_a_branch_that_is_not_there(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, source={"targetRevision": "nope"})
    assert error(argo) == "Unknown desc = unable to resolve 'nope' to a commit SHA"
    assert (argo.sync_status(), argo.health()) == ("Unknown", "Healthy")
    argo.change({"source": {"targetRevision": "main"}})
    assert (argo.conditions(), argo.sync_status()) == ([], "OutOfSync")


def test_a_repository_that_is_not_there(argo: Argo, project: Project) -> None:
    gone = project.url.replace("web", "gone")
    argo.application(gone)
    assert error(argo) == f"Unknown desc = failed to list refs: repository not found: {GONE}"
    argo.change({"source": {"repoURL": project.url}})
    assert error(argo) == "Unknown desc = unable to resolve 'main' to a commit SHA"
    project.commit({"a.yaml": config_map("a")})
    argo.refresh()
    assert (argo.conditions(), argo.sync_status()) == ([], "OutOfSync")


def test_a_server_that_does_not_answer(argo: Argo) -> None:
    argo.application("http://127.0.0.1:9/waal/web.git")
    assert error(argo).startswith("Unknown desc = failed to list refs: ")
    assert "127.0.0.1:9/waal/web.git" in error(argo)


def test_a_path_that_is_not_there(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, source={"path": "apps/web"})
    assert error(argo) == "Unknown desc = apps/web: app path does not exist"


@pytest.mark.parametrize(("path", "message"), [
    ("../other", "../other: app path outside root"),
    ("/etc", "/etc: app path is absolute"),
    ("a.yaml", "a.yaml: app path is not a directory"),
])  # fmt: skip
def test_a_path_that_is_none(argo: Argo, project: Project, path: str, message: str) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, source={"path": path})
    assert error(argo) == f"Unknown desc = {message}"


def test_a_manifest_that_is_no_yaml_changes_nothing_that_runs(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    argo.application(project.url, syncPolicy={"automated": {"prune": True}})
    project.commit({"b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n bad: [\n"})
    argo.refresh()
    said = error(argo)
    assert said.startswith('FailedPrecondition desc = Failed to unmarshal "b.yaml": failed to unmarshal manifest: ')
    assert "error converting YAML to JSON: yaml: line 4: did not find expected key" in said
    assert argo.resources() == {"ConfigMap/a": "Unknown"}
    assert argo.find("configmaps", "a") is not None
    project.commit({"b.yaml": config_map("b")})
    argo.refresh()
    assert argo.resources() == {"ConfigMap/a": "Synced", "ConfigMap/b": "Synced"}


@pytest.mark.parametrize(("text", "why"), [
    ('{"apiVersion": "v1", "kind": "ConfigMap"', "unexpected EOF"),
    ('{"apiVersion": "v1", "kind": ConfigMap}', "invalid character 'C' looking for beginning of value"),
])  # fmt: skip
def test_a_json_file_that_is_none(argo: Argo, project: Project, text: str, why: str) -> None:
    project.commit({"a.json": text})
    argo.application(project.url)
    assert error(argo) == f'FailedPrecondition desc = Failed to unmarshal "a.json": {why}'


def test_a_url_of_a_protocol_that_git_does_not_speak(argo: Argo) -> None:
    argo.application("ftp://example.com/app.git")
    assert error(argo) == 'Unknown desc = failed to list refs: unsupported scheme "ftp"'


def test_of_several_sources_no_commit_is_told_when_one_cannot_be_read(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    sources = [{"repoURL": project.url, "path": path, "targetRevision": "main"} for path in (".", "nowhere")]
    argo.application(project.url, sources=sources)
    assert "revisions" not in argo.status()["sync"]
    argo.sync()
    result = argo.status()["operationState"]["syncResult"]
    assert ("revisions" in result, result["revision"]) == (False, "")


def test_a_manifest_without_a_name_is_told_without_one(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n"})
    argo.application(project.url)
    assert [(row["kind"], row.get("name")) for row in argo.status()["resources"]] == [("ConfigMap", None)]


def test_a_document_without_a_kind(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a") + "---\nhello: world\n"})
    argo.application(project.url)
    assert "Object 'Kind' is missing in '{\"hello\":\"world\"}'" in error(argo)


def test_a_file_that_looks_like_no_manifest_is_left_alone(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a"), "values.yaml": "replicas: 2\n", "bad.yaml": "a: b: c\n"})
    argo.application(project.url)
    assert argo.resources() == {"ConfigMap/a": "OutOfSync"}


def test_a_passing_trouble_is_told_only_after_three_minutes(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    project.delete()
    argo.advance(200)
    assert argo.conditions() == []
    assert argo.sync_status() == "OutOfSync"
    argo.advance(400)
    assert error(argo) == f"Unknown desc = failed to list refs: repository not found: {GONE}"
    assert argo.sync_status() == "Unknown"


def test_a_repository_that_vanishes_leaves_what_runs_and_is_read_when_it_comes_back(
    argo: Argo, project: Project
) -> None:
    project.commit({"a.yaml": config_map("a", x="1")}, "First")
    argo.application(project.url, syncPolicy={"automated": {"prune": True, "selfHeal": True}})
    project.delete()
    argo.advance(600)
    assert error(argo) == f"Unknown desc = failed to list refs: repository not found: {GONE}"
    assert argo.resources() == {"ConfigMap/a": "Unknown"}
    assert argo.find("configmaps", "a") is not None
    commit = project.bring_back()
    argo.advance(200)
    assert (argo.conditions(), argo.sync_status()) == ([], "Synced")
    assert argo.status()["sync"]["revision"] == commit


def test_a_password_that_is_revoked_is_told_and_a_new_one_mends_it(argo: Argo, project: Project, guarded: str) -> None:
    project.commit({"a.yaml": config_map("a", x="1")})
    secret = {"url": guarded, "username": "learner", "password": "right"}
    metadata = {"name": "repo", "namespace": "argocd", "labels": {SECRET_TYPE: "repository"}}
    argo.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret})
    argo.application(guarded, syncPolicy={"automated": {}})
    assert argo.sync_status() == "Synced"
    argo.api.patch("secrets", "repo", {"stringData": {"password": "revoked"}}, "argocd")
    argo.advance(600)
    assert error(argo) == "Unknown desc = failed to list refs: authentication required: "
    assert argo.find("configmaps", "a") is not None
    argo.api.patch("secrets", "repo", {"stringData": {"password": "right"}}, "argocd")
    argo.advance(200)
    assert (argo.conditions(), argo.sync_status()) == ([], "Synced")


def test_a_forced_push_is_followed(argo: Argo, project: Project) -> None:
    first = project.commit({"a.yaml": config_map("a", x="1")})
    argo.application(project.url, syncPolicy={"automated": {}})
    project.commit({"a.yaml": config_map("a", x="2")})
    argo.refresh()
    project.force(first)
    argo.refresh()
    assert argo.get("configmaps", "a", "default")["data"] == {"x": "1"}
    assert argo.status()["sync"]["revision"] == first


def test_a_kind_that_is_not_there_yet(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: t\n"})
    argo.application(project.url)
    assert argo.resources() == {"Thing/t": "OutOfSync"}
    argo.sync()
    phase, message = argo.operation() or ("", "")
    assert phase == "Failed"
    assert "the server could not find the requested resource" in str(argo.status()["operationState"]), message


def test_a_password_that_is_wrong_and_mended(argo: Argo, project: Project, guarded: str) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(guarded)
    assert error(argo) == "Unknown desc = failed to list refs: authentication required: "
    secret = {"url": guarded, "username": "learner", "password": "wrong"}
    metadata = {"name": "repo", "namespace": "argocd", "labels": {SECRET_TYPE: "repository"}}
    argo.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret})
    argo.refresh()
    assert error(argo) == "Unknown desc = failed to list refs: authentication required: "
    assert "wrong" not in str(argo.get())
    argo.api.patch("secrets", "repo", {"stringData": {"password": "right"}}, "argocd")
    argo.refresh()
    assert (argo.conditions(), argo.sync_status()) == ([], "OutOfSync")


def test_a_template_of_credentials_is_for_all_repositories_below_it(argo: Argo, project: Project, guarded: str) -> None:
    project.commit({"a.yaml": config_map("a")})
    secret = {"url": guarded.rpartition("/")[0], "username": "learner", "password": "right"}
    metadata = {"name": "creds", "namespace": "argocd", "labels": {SECRET_TYPE: "repo-creds"}}
    argo.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret})
    argo.application(guarded)
    assert argo.conditions() == []


_NO_AGENT = 'error creating SSH agent: "SSH agent requested but SSH_AUTH_SOCK not-specified"'


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("git@github.com:waal/web.git", _NO_AGENT),
        ("ssh://git@host/x", _NO_AGENT),
        ("file:///etc", "repository not found"),
        ("http://[x", "parse \"http://[x\": missing ']' in host"),
        ("x", "repository not found"),
        ("not a url", "repository not found"),
    ],
)
def test_a_repository_that_cannot_be_read_from_here(argo: Argo, url: str, words: str) -> None:
    argo.application(url)
    assert error(argo) == f"Unknown desc = failed to list refs: {words}"


@pytest.mark.parametrize(("manifest", "outcome"), [
    ("apiVersion: v1\nkind: List\nitems: 5\n", "Failed"),
    ("apiVersion: v1\nkind: List\nitems: [null, 5]\n", "Succeeded"),
    ("apiVersion: v1\nkind: Binding\nmetadata: {name: a}\n", "Failed"),
    ("apiVersion: v1\nkind: ConfigMap\n", "Failed"),
    ("apiVersion: 5\nkind: ConfigMap\nmetadata: {name: a}\n", "Failed"),
    ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: 5}\n", "Failed"),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: [x]\n", "Failed"),
])  # fmt: skip
def test_a_sync_of_an_odd_manifest_comes_to_an_end(argo: Argo, project: Project, manifest: str, outcome: str) -> None:
    project.commit({"a.yaml": manifest})
    argo.application(project.url)
    argo.sync()
    phase, _ = argo.operation() or ("", "")
    assert phase == outcome


@pytest.mark.parametrize("manifest", [
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: [x]\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: 5\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a, labels: [x]}\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: {b: c}}\n",
])  # fmt: skip
def test_an_odd_change_of_what_is_there_is_a_difference(argo: Argo, project: Project, manifest: str) -> None:
    project.commit({"a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {x: word}\n"})
    argo.application(project.url, syncPolicy={"automated": {}})
    assert argo.sync_status() == "Synced"
    project.commit({"a.yaml": manifest})
    argo.refresh()
    argo.advance(600)
    assert argo.resources() == {"Secret/a": "OutOfSync"}
