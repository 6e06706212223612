"""A push that Argo CD is told of is compared at once, and only where it matters."""

from __future__ import annotations

import base64
import json

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APPLICATIONS, REFRESH, SKIP_RECONCILE
from gitopslab.gitops.argocd.webhook import PATH, concerns

TOKEN = {"x-gitlab-event": "Push Hook", "x-gitlab-token": "token"}


def payload(project: Project, ref: str = "refs/heads/main") -> bytes:
    told = {"web_url": project.url.removesuffix(".git"), "default_branch": "main"}
    return json.dumps({"ref": ref, "project": told}).encode()


@pytest.fixture
def followed(argo: Argo, project: Project) -> Argo:
    """An Application that was compared a while ago, and a commit that it does not know."""
    data = {"webhook.gitlab.secret": base64.b64encode(b"token").decode()}
    argo.api.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "argocd-secret", "namespace": "argocd"},
            "data": data,
        }
    )
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    project.commit({"b.yaml": config_map("b")})
    return argo


def revision(argo: Argo) -> str:
    argo.plane.settle()
    found: str = argo.status()["sync"]["revision"]
    return found


def test_a_push_is_compared_at_once(followed: Argo, project: Project) -> None:
    assert revision(followed) != project.head
    assert followed.plane.gitops.receive(PATH, TOKEN, payload(project)) == 200
    assert revision(followed) == project.head


@pytest.mark.parametrize(("allowed", "is_compared"), [("team-*", True), ("others", False)])
def test_a_push_concerns_applications_of_other_namespaces_where_they_may_be(
    followed: Argo, project: Project, allowed: str, is_compared: bool
) -> None:
    data, spec = {"application.namespaces": allowed}, followed.get()["spec"]
    metadata = {"name": "argocd-cmd-params-cm", "namespace": "argocd"}
    followed.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    followed.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}})
    followed.create("Application", "theirs", spec, {"name": "theirs", "namespace": "team-a"})
    followed.api.patch(APPLICATIONS, "theirs", {"metadata": {"annotations": {SKIP_RECONCILE: "true"}}}, "team-a")
    assert followed.plane.gitops.receive(PATH, TOKEN, payload(project)) == 200
    told = followed.get(APPLICATIONS, "theirs", "team-a")["metadata"]["annotations"]
    assert (REFRESH in told) is is_compared


def test_a_call_that_is_not_good_changes_nothing(followed: Argo, project: Project) -> None:
    before, good = revision(followed), payload(project)
    bad_calls = {
        "a wrong token": ({**TOKEN, "x-gitlab-token": "wrong"}, good),
        "no token": ({"x-gitlab-event": "Push Hook"}, good),
        "an event that is no push": ({**TOKEN, "x-gitlab-event": "Job Hook"}, good),
        "no payload": (TOKEN, b""),
        "a payload of another kind": (TOKEN, b"[]"),
        "a payload without a project": (TOKEN, b'{"project": 1, "ref": "main"}'),
    }
    answers = {why: followed.plane.gitops.receive(PATH, *call) for why, call in bad_calls.items()}
    assert answers == dict.fromkeys(bad_calls, 400)
    assert revision(followed) == before


def test_another_branch_changes_nothing(followed: Argo, project: Project) -> None:
    before = revision(followed)
    assert followed.plane.gitops.receive(PATH, TOKEN, payload(project, "refs/heads/other")) == 200
    assert revision(followed) == before


PAGE = "http://git.example.org/waal/infra"


@pytest.mark.parametrize(
    ("url", "target", "pushed", "told"),
    [
        (f"{PAGE}.git", "main", "main", True),
        (PAGE.upper(), "main", "main", True),
        ("git@git.example.org:waal/infra.git", "main", "main", True),
        ("http://git.example.org:8080/waal/infra.git", "main", "main", True),
        ("http://git.example.org/waal/infra-two.git", "main", "main", False),
        ("http://other.example.org/waal/infra.git", "main", "main", False),
        (PAGE, "", "main", True),
        (PAGE, "HEAD", "other", False),
        (PAGE, "refs/heads/main", "main", True),
        (PAGE, "1.x", "v1.4.0", True),
        (PAGE, "1.x", "v2.0.0", False),
        (PAGE, "other", "main", False),
    ],
)
def test_a_push_concerns_who_follows_it(url: str, target: str, pushed: str, told: bool) -> None:
    source = {"repoURL": url, "targetRevision": target}
    assert concerns([source], PAGE, pushed, is_default=pushed == "main") is told
