"""``lab.argocd`` on a real process: what a learner asks of Argo CD, and what it refuses."""

from __future__ import annotations

import pytest

from gitopslab.errors import LabError, NotFoundError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE
from gitopslab.lab import Lab
from gitopslab.machinery.objects import name_of


@pytest.fixture(scope="module")
def installed(opened: Lab) -> Lab:
    """The lab with Argo CD in it."""
    opened.argocd.install()
    return opened


@pytest.fixture
def app(lab: Lab, installed: Lab) -> str:
    """An Application that syncs by hand; its repository is not there yet."""
    name = lab.current_namespace
    lab.argocd.create(name, f"argo/{name}", "app", namespace=name)
    return name


def spec_of(lab: Lab, name: str) -> dict[str, object]:
    found: dict[str, object] = lab.client.get(APPLICATIONS, name, NAMESPACE)["spec"]
    return found


def test_an_installation_has_what_the_real_one_has(lab: Lab, installed: Lab) -> None:
    deployments = {name_of(obj) for obj in lab.client.list("deployments.apps", NAMESPACE)}
    assert deployments == {
        "argocd-applicationset-controller",
        "argocd-dex-server",
        "argocd-notifications-controller",
        "argocd-redis",
        "argocd-repo-server",
        "argocd-server",
    }
    assert lab.client.get("statefulset", "argocd-application-controller", NAMESPACE)["status"]["readyReplicas"] == 1
    assert lab.client.get("appprojects.argoproj.io", "default", NAMESPACE)["spec"]["sourceRepos"] == ["*"]
    assert lab.client.get("secret", "argocd-initial-admin-secret", NAMESPACE)["data"]["password"]


def test_a_second_installation_keeps_the_password(lab: Lab, installed: Lab) -> None:
    before = lab.client.get("secret", "argocd-initial-admin-secret", NAMESPACE)["data"]
    lab.argocd.install()
    assert lab.client.get("secret", "argocd-initial-admin-secret", NAMESPACE)["data"] == before


def test_an_application_is_made_once_and_changed_when_it_is_said_otherwise(
    lab: Lab, app: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.argocd.create(app, f"argo/{app}", "app", namespace=app)
    lab.argocd.create(app, f"argo/{app}", "other", namespace=app, automated=True, prune=True)
    assert f"application '{app}' unchanged\napplication '{app}' updated\n" in capsys.readouterr().out
    assert spec_of(lab, app) == {
        "project": "default",
        "source": {
            "repoURL": f"http://git.gitopslab.svc.cluster.local/argo/{app}.git",
            "path": "other",
            "targetRevision": "main",
        },
        "destination": {"server": "https://kubernetes.default.svc", "namespace": app},
        "syncPolicy": {"automated": {"prune": True}},
    }


def test_set_changes_what_is_said_and_keeps_the_rest(lab: Lab, app: str) -> None:
    lab.argocd.set(app, automated=True, self_heal=True, sync_options=["CreateNamespace=true"])
    lab.argocd.set(app, prune=True, revision="v1")
    policy = {"automated": {"selfHeal": True, "prune": True}, "syncOptions": ["CreateNamespace=true"]}
    assert spec_of(lab, app)["syncPolicy"] == policy
    lab.argocd.set(app, automated=False, sync_options=[])
    assert "syncPolicy" not in spec_of(lab, app)
    assert spec_of(lab, app)["source"]["targetRevision"] == "v1"  # type: ignore[index]


def test_self_heal_needs_automated(lab: Lab, app: str) -> None:
    with pytest.raises(LabError, match="Cannot set --self-heal: application not configured with automatic sync"):
        lab.argocd.set(app, self_heal=True)


def test_what_cannot_be_said_is_told_with_what_can(lab: Lab, app: str) -> None:
    with pytest.raises(LabError, match="selfheal: no such thing can be said") as told:
        lab.argocd.set(app, selfheal=True)
    assert "self_heal" in told.value.hint


def test_a_rollback_is_refused_where_it_syncs_by_itself(lab: Lab, app: str) -> None:
    lab.argocd.set(app, automated=True)
    with pytest.raises(LabError, match="rollback cannot be initiated when auto-sync is enabled"):
        lab.argocd.rollback(app)


def test_another_revision_is_refused_where_it_syncs_by_itself(lab: Lab, app: str) -> None:
    lab.argocd.set(app, automated=True)
    with pytest.raises(LabError, match="Cannot sync to v2: auto-sync currently set to main"):
        lab.argocd.sync(app, revision="v2")


def test_an_application_that_is_not_there_is_told_with_those_that_are(lab: Lab, app: str) -> None:
    with pytest.raises(NotFoundError, match="application 'nope' not found") as told:
        lab.argocd.get("nope")
    assert app in told.value.hint


def test_a_list_has_the_columns_of_the_command(lab: Lab, app: str) -> None:
    head, *rows = repr(lab.argocd.list(wide=True)).splitlines()
    assert head.split() == [
        "NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS", "REPO", "PATH",
        "TARGET",
    ]  # fmt: skip
    assert any(row.startswith(f"argocd/{app} ") and " Manual " in row for row in rows)
