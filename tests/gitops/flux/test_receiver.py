"""A Receiver listens at a path that only its token gives, and has sources fetched at once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from flux_cluster import GIT, SYSTEM, Flux, config_map
from projects import Project

RECEIVERS = "receivers.notification.toolkit.fluxcd.io"
PUSH = {"x-gitlab-event": "Push Hook", "x-gitlab-token": "token"}


def begun(flux: Flux, project: Project, kind: str = "gitlab", **more: object) -> str:
    """A source that is fetched once an hour, and a Receiver for it; its path."""
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    metadata = {"name": "push", "namespace": SYSTEM}
    data = {"token": base64.b64encode(b"token").decode()}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    spec = {"type": kind, "events": ["push hook"], "secretRef": {"name": "push"}}
    resources = [{"kind": "GitRepository", "name": "app"}]
    flux.create("notification.toolkit.fluxcd.io/v1", "Receiver", "push", {**spec, "resources": resources, **more})
    path: str = flux.status(RECEIVERS, "push")["webhookPath"]
    return path


def fetched(flux: Flux) -> str:
    flux.plane.settle()
    revision: str = flux.status(GIT)["artifact"]["revision"]
    return revision.rpartition(":")[2]


def test_the_path_is_made_of_the_token(flux: Flux, project: Project) -> None:
    path = begun(flux, project)
    assert path == "/hook/" + hashlib.sha256(b"tokenpush" + SYSTEM.encode()).hexdigest()
    assert flux.condition(RECEIVERS, "push") == ("True", "Succeeded", f"Receiver initialized for path: {path}")


def test_a_push_is_fetched_at_once(flux: Flux, project: Project) -> None:
    path = begun(flux, project)
    flux.advance(5)
    commit = project.commit({"b.yaml": config_map("b")})
    assert flux.plane.gitops.receive(path, PUSH, b"{}") == 200
    assert fetched(flux) == commit


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({**PUSH, "x-gitlab-token": "wrong"}, 400, id="a wrong token"),
        pytest.param({"x-gitlab-event": "Push Hook"}, 400, id="no token"),
        pytest.param({**PUSH, "x-gitlab-event": "Job Hook"}, 400, id="an event that is not wanted"),
    ],
)
def test_a_call_that_is_not_good_changes_nothing(
    flux: Flux, project: Project, headers: dict[str, str], status: int
) -> None:
    path = begun(flux, project)
    before = fetched(flux)
    project.commit({"b.yaml": config_map("b")})
    assert flux.plane.gitops.receive(path, headers, b"{}") == status
    assert fetched(flux) == before


def test_nobody_listens_elsewhere(flux: Flux, project: Project) -> None:
    begun(flux, project)
    assert flux.plane.gitops.receive("/hook/0000", PUSH, b"{}") == 404


def test_a_signature_is_checked(flux: Flux, project: Project) -> None:
    path = begun(flux, project, "generic-hmac")
    body = json.dumps({"a": 1}).encode()
    right = hmac.new(b"token", body, hashlib.sha256).hexdigest()
    assert flux.plane.gitops.receive(path, {"x-signature": f"sha256={right}"}, body) == 200
    assert flux.plane.gitops.receive(path, {"x-signature": f"sha256={right}"}, body + b" ") == 400


def test_a_missing_secret_is_told(flux: Flux) -> None:
    spec = {"type": "gitlab", "secretRef": {"name": "nope"}, "resources": [{"kind": "GitRepository", "name": "app"}]}
    flux.create("notification.toolkit.fluxcd.io/v1", "Receiver", "push", spec)
    ready = flux.condition(RECEIVERS, "push")
    assert ready is not None
    assert ready[:2] == ("False", "TokenNotFound")
    assert ready[2] == f"unable to read token from secret '{SYSTEM}/nope' error: secrets \"nope\" not found"
    assert flux.condition(RECEIVERS, "push", "Reconciling") == (
        "True", "ProgressingWithRetry", "Reconciliation in progress"
    )  # fmt: skip
    assert flux.events("Receiver", "push") == [("Warning", "Failed", ready[2])]


def test_a_secret_without_a_token_is_told(flux: Flux, project: Project) -> None:
    path = begun(flux, project)
    flux.api.patch("secrets", "push", {"data": {"token": None}}, SYSTEM)
    flux.request(RECEIVERS, "push")
    message = f"invalid '{SYSTEM}/push' secret data: required fields 'token'"
    assert flux.condition(RECEIVERS, "push") == ("False", "TokenNotFound", message)
    assert "webhookPath" not in flux.status(RECEIVERS, "push")
    assert flux.plane.gitops.receive(path, PUSH, b"{}") == 404


def test_what_comes_next_is_told(flux: Flux, project: Project) -> None:
    begun(flux, project, interval="5m")
    said = ("Normal", "Succeeded", "Reconciliation finished, next run in 5m0s")
    assert flux.events("Receiver", "push") == [said]


def test_a_receiver_that_is_suspended_is_not_available(flux: Flux, project: Project) -> None:
    path = begun(flux, project)
    flux.change(RECEIVERS, "push", {"suspend": True})
    assert flux.plane.gitops.receive(path, PUSH, b"{}") == 503


def signature(body: bytes, name: str = "sha256") -> str:
    return f"{name}={hmac.new(b'token', body, name).hexdigest()}"


@pytest.mark.parametrize(
    ("kind", "headers", "body", "status"),
    [
        ("generic", {}, b"", 200),
        ("generic-hmac", {"x-signature": signature(b"x", "sha1")}, b"x", 200),
        ("generic-hmac", {"x-signature": signature(b"x").partition("=")[2]}, b"x", 400),
        ("generic-hmac", {"x-signature": signature(b"x", "md5")}, b"x", 400),
        ("github", {"x-github-event": "Push Hook", "x-hub-signature-256": signature(b"x")}, b"x", 200),
        ("github", {"x-github-event": "Push Hook", "x-hub-signature": signature(b"x", "sha1")}, b"x", 200),
        ("github", {"x-github-event": "ping", "x-hub-signature-256": signature(b"x")}, b"x", 400),
        ("bitbucket", {"x-event-key": "Push Hook", "x-hub-signature": signature(b"x")}, b"x", 200),
        ("bitbucket", {"x-event-key": "Push Hook", "x-hub-signature": signature(b"y")}, b"x", 400),
        ("harbor", {"authorization": "token"}, b"", 200),
        ("harbor", {"authorization": "Bearer token"}, b"", 400),
        ("dockerhub", {}, b'{"push_data": {"tag": "1"}}', 200),
        ("dockerhub", {}, b"no", 400),
        ("quay", {}, b"{}", 200),
        ("acr", {}, b"[]", 400),
        ("nexus", {"x-nexus-webhook-signature": signature(b"{}", "sha1").partition("=")[2]}, b"{}", 200),
        ("nexus", {}, b"{}", 400),
        ("gcr", {"authorization": "Bearer x"}, b"{}", 400),
    ],
)
def test_each_sender_shows_its_token_in_its_way(
    flux: Flux, project: Project, kind: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    path = begun(flux, project, kind)
    flux.advance(5)
    commit = project.commit({"b.yaml": config_map("b")})
    assert flux.plane.gitops.receive(path, headers, body) == status
    assert (fetched(flux) == commit) is (status == 200)


def test_a_resource_that_is_not_there_does_not_keep_the_others_waiting(flux: Flux, project: Project) -> None:
    names = ("nope", "app")
    path = begun(flux, project, resources=[{"kind": "GitRepository", "name": name} for name in names])
    flux.advance(5)
    commit = project.commit({"b.yaml": config_map("b")})
    assert flux.plane.gitops.receive(path, PUSH, b"{}") == 500
    assert fetched(flux) == commit


@pytest.mark.parametrize(("labels", "status"), [({"team": "web"}, 200), ({"team": "other"}, 200), (None, 500)])
def test_all_that_labels_select_are_told(
    flux: Flux, project: Project, labels: dict[str, str] | None, status: int
) -> None:
    reference = {"kind": "GitRepository", "name": "*"} | ({"matchLabels": labels} if labels else {})
    path = begun(flux, project, resources=[reference])
    flux.api.patch(GIT, "app", {"metadata": {"labels": {"team": "web"}}}, SYSTEM)
    flux.advance(5)
    commit = project.commit({"b.yaml": config_map("b")})
    assert flux.plane.gitops.receive(path, PUSH, b"{}") == status
    assert (fetched(flux) == commit) is (labels == {"team": "web"})


@pytest.mark.parametrize("is_of_one", [True, False])
@pytest.mark.parametrize(
    ("ref", "content", "status", "is_told"),
    [
        ("main", "application/json", 200, True),
        ("other", "application/json", 200, False),
        ("main", "text/plain", 500, False),
    ],
)
def test_a_filter_decides_by_the_body(
    flux: Flux, project: Project, is_of_one: bool, ref: str, content: str, status: int, is_told: bool
) -> None:
    rule = "req.ref == 'main' && res.metadata.name == 'app'"
    reference = {"kind": "GitRepository", "name": "app"}
    more = {"resources": [{**reference, "filter": rule}]} if is_of_one else {"resourceFilter": rule}
    path = begun(flux, project, **more)
    flux.advance(5)
    commit = project.commit({"b.yaml": config_map("b")})
    headers = {**PUSH, "content-type": content}
    assert flux.plane.gitops.receive(path, headers, json.dumps({"ref": ref}).encode()) == status
    assert (fetched(flux) == commit) is is_told


def test_a_filter_that_is_none_stalls(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    resources = [{"kind": "GitRepository", "name": "app", "filter": "res.metadata.name"}]
    spec = {"type": "generic", "secretRef": {"name": "push"}, "resources": resources, "resourceFilter": "other == 1"}
    flux.create("notification.toolkit.fluxcd.io/v1", "Receiver", "push", spec)
    said = "Reconciliation failed terminally due to configuration error: invalid "
    stalled = flux.condition(RECEIVERS, "push", "Stalled")
    assert stalled is not None
    assert stalled[:2] == ("True", "InvalidCELExpression")
    assert stalled[2].startswith(f"{said}resourceFilter expression: failed to parse the CEL expression 'other == 1'")
    assert flux.condition(RECEIVERS, "push") == ("False", *stalled[1:])
    flux.change(RECEIVERS, "push", {"resourceFilter": None})
    which = 'filter expression for resources[0] (kind="GitRepository", name="app"): '
    assert (flux.condition(RECEIVERS, "push") or ("", "", ""))[2].startswith(f"{said}{which}")
