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


def begun(flux: Flux, project: Project, kind: str = "gitlab") -> str:
    """A source that is fetched once an hour, and a Receiver for it; its path."""
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    metadata = {"name": "push", "namespace": SYSTEM}
    data = {"token": base64.b64encode(b"token").decode()}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    spec = {"type": kind, "events": ["Push Hook"], "secretRef": {"name": "push"}}
    resources = [{"kind": "GitRepository", "name": "app"}]
    flux.create("notification.toolkit.fluxcd.io/v1", "Receiver", "push", {**spec, "resources": resources})
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
