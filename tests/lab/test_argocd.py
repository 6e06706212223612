"""``lab.argocd`` on a real process: what a learner asks of Argo CD, and what it refuses."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest
from canned_api import CannedApi, kubeconfig, served
from standin_tools import Standins

from gitopslab.clusters.client import Client
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.kind import KindCluster
from gitopslab.clusters.kwok import KwokCluster
from gitopslab.clusters.waiting import wait_until
from gitopslab.errors import LabError, NotFoundError
from gitopslab.gitops.argocd.kinds import APPLICATIONS, NAMESPACE
from gitopslab.lab import Lab
from gitopslab.lab.argocd.argocd import ArgoCD
from gitopslab.lab.argocd.installation import components
from gitopslab.lab.git import Repository
from gitopslab.machinery.objects import name_of


def test_before_it_is_installed_the_next_step_is_told(tmp_path: Path) -> None:
    with served(CannedApi()) as address:
        client = Client(kubeconfig(tmp_path, address))
        argocd = ArgoCD(client, EmbeddedCluster("canned"))
        assert repr(argocd) == "Argo CD is not on this cluster yet: lab.argocd.install()"
        for asked in (argocd.get, argocd.sync, lambda name: argocd.create(name, "argo/x")):
            with pytest.raises(LabError, match="Argo CD is not on this cluster yet") as told:
                asked("web")
            assert told.value.hint == "lab.argocd.install()"
        client.close()


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder for a room without a network."""
    folder = tmp_path / "argocd"
    folder.mkdir()
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "argocd-cm"}, "data": {"a": "b"}}
    container = {"name": "argocd-server", "image": "argocd", "imagePullPolicy": "Always"}
    template = {"spec": {"containers": [container], "initContainers": [container]}}
    server = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "argocd-server"}}
    server |= {"spec": {"template": template}}
    (folder / "install.yaml").write_text(f"{json.dumps(settings)}\n---\n{json.dumps(server)}")
    (folder / "argocd.tar").write_bytes(b"")
    return folder


def test_the_real_one_comes_from_a_folder_with_its_images_and_looks_at_git_often(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    if os.name == "nt":
        pytest.skip("the stand-ins are scripts with a first line that Windows does not read")
    standins = Standins(tmp_path / "standins")
    cluster = KindCluster("lab", standins.environment)
    settings, server = components(cluster, room)
    wanted = {"a": "b", "timeout.reconciliation": "15s", "timeout.reconciliation.jitter": "0s"}
    assert settings["data"] == wanted
    assert [call[2] for call in standins.calls()] == ["image-archive"]
    pods = server["spec"]["template"]["spec"]
    assert [pods[part][0]["imagePullPolicy"] for part in ("containers", "initContainers")] == ["IfNotPresent"] * 2
    assert components(cluster, "") == [settings, server], "kept, and no image is pulled later either"
    with pytest.raises(LabError, match="the pods of a kwok cluster only pretend"):
        components(KwokCluster("lab", standins.environment), "")


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


def config(name: str, **data: str) -> str:
    lines = "".join(f"  {key}: '{value}'\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{lines}"


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {password: %s}\n"
FIRST = {"app/a.yaml": config("a", x="1"), "app/b.yaml": config("b", x="1"), "app/key.yaml": SECRET % "old"}


@pytest.fixture
def infra(lab: Lab, app: str, tmp_path: Path) -> Repository:
    """The repository of the Application, with three objects in its first commit."""
    repository = lab.git.clone(f"argo/{app}", tmp_path / "infra")
    repository.commit("First", FIRST, push=True)
    return repository


@pytest.fixture
def synced(lab: Lab, app: str, infra: Repository, capsys: pytest.CaptureFixture[str]) -> Repository:
    """The repository, with its first commit synced."""
    lab.argocd.sync(app)
    capsys.readouterr()
    return infra


def test_a_sync_tells_what_it_does_and_how_it_ended(
    lab: Lab, app: str, infra: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.argocd.sync(app)
    said = capsys.readouterr().out
    assert "configmap/a created" in said
    assert f"Sync Revision:      {infra.head}\nPhase:              Succeeded\n" in said
    assert lab.client.get("configmap", "a", app)["data"] == {"x": "1"}
    lab.argocd.wait(app, timeout=10)
    assert f"application '{app}' is Synced and Healthy after" in capsys.readouterr().out


def test_get_shows_the_application_and_each_resource(lab: Lab, app: str, synced: Repository) -> None:
    text = repr(lab.argocd.get(app))
    assert f"Name:               argocd/{app}\nProject:            default\n" in text
    assert f"Sync Status:        Synced to main ({synced.head[:7]})\nHealth Status:      Healthy\n" in text
    row = next(line.split() for line in text.splitlines() if " a " in line)
    assert row == ["ConfigMap", app, "a", "Synced", "configmap/a", "created"]


def test_what_is_not_in_git_any_more_needs_prune(lab: Lab, app: str, synced: Repository) -> None:
    synced.remove("app/b.yaml")
    synced.commit("No b", push=True)
    with pytest.raises(LabError, match="1 resources require pruning") as told:
        lab.argocd.sync(app)
    assert "prune=True" in told.value.hint
    lab.argocd.sync(app, prune=True)
    assert [name_of(obj) for obj in lab.client.list("configmaps", app) if name_of(obj) in ("a", "b")] == ["a"]


def test_a_diff_has_the_lines_of_the_program_diff_and_no_secrets(lab: Lab, app: str, synced: Repository) -> None:
    assert str(lab.argocd.diff(app)) == f"application '{app}' differs in nothing from Git"
    lab.client.patch("configmap", "a", {"data": {"x": "drift"}}, app)
    synced.commit("A new key", {"app/key.yaml": SECRET % "new", "app/new.yaml": SECRET % "newer"}, push=True)
    told = str(lab.argocd.diff(app))
    assert f"===== /ConfigMap {app}/a ======\n3c3\n<   x: drift\n---\n>   x: '1'" in told
    assert f"===== /Secret {app}/key ======\n3c3\n<   password: ++++++++\n---\n>   password: +++++++++" in told
    for value in ("old", "new", "newer"):
        assert base64.b64encode(value.encode()).decode() not in told
        assert f"password: {value}" not in told


def test_a_partial_sync_touches_what_it_names(lab: Lab, app: str, synced: Repository) -> None:
    changed = {"app/a.yaml": config("a", x="2"), "app/b.yaml": config("b", x="2")}
    synced.commit("Both", changed, push=True)
    lab.argocd.refresh(app)
    lab.argocd.sync(app, resources=[":ConfigMap:a"])
    assert [lab.client.get("configmap", name, app)["data"]["x"] for name in ("a", "b")] == ["2", "1"]


def test_events_tell_who_asked_for_what(lab: Lab, app: str, synced: Repository) -> None:
    commit = lab.client.get(APPLICATIONS, app, NAMESPACE)["status"]["sync"]["revision"]
    said = " ".join(str(lab.argocd.events(app)).split())
    assert "ResourceCreated admin created application" in said
    assert f"OperationStarted admin initiated sync to main ({commit})" in said


def test_a_revision_that_is_not_in_git_is_refused_before_anything_starts(
    lab: Lab, app: str, synced: Repository
) -> None:
    with pytest.raises(LabError, match="unable to resolve 'v9' to a commit SHA"):
        lab.argocd.sync(app, revision="v9")
    assert "operation" not in lab.client.get(APPLICATIONS, app, NAMESPACE)


def test_a_rollback_deploys_what_was_there_before(lab: Lab, app: str, synced: Repository) -> None:
    first = synced.head
    synced.commit("Second", {"app/a.yaml": config("a", x="2")}, push=True)
    lab.argocd.sync(app)
    lab.argocd.rollback(app)
    assert lab.client.get("configmap", "a", app)["data"] == {"x": "1"}
    rows = [line.split()[-2:] for line in str(lab.argocd.history(app)).splitlines()[2:]]
    assert rows == [["main", f"({sha[:7]})"] for sha in (first, synced.head, first)]


def test_a_sync_that_fails_says_why(lab: Lab, app: str, synced: Repository) -> None:
    synced.commit("Not a name", {"app/bad.yaml": config("Not_A_Name", x="1")}, push=True)
    words = "Operation has completed with phase: Failed: .* metadata.name: Invalid value"
    with pytest.raises(LabError, match=words):
        lab.argocd.sync(app)


def test_with_a_webhook_a_push_is_live_at_once(lab: Lab, app: str, synced: Repository) -> None:
    lab.argocd.set(app, automated=True)
    lab.argocd.webhook(f"argo/{app}")
    synced.commit("Second", {"app/a.yaml": config("a", x="2")}, push=True)
    reached, found = wait_until(
        lambda: [lab.client.get("configmap", "a", app)], lambda obj: obj["data"] == {"x": "2"}, 20.0
    )
    assert reached, found


def test_deleting_takes_what_it_deployed_unless_told_otherwise(lab: Lab, app: str, synced: Repository) -> None:
    lab.argocd.delete(app, cascade=False)
    assert lab.client.get("configmap", "a", app)
    lab.argocd.create(app, f"argo/{app}", "app", namespace=app)
    lab.argocd.sync(app)
    lab.argocd.delete(app)
    with pytest.raises(NotFoundError):
        lab.client.get("configmap", "a", app)


def test_a_tree_shows_what_comes_of_a_deployment(lab: Lab, app: str, infra: Repository) -> None:
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    labels = {"app": "web"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    manifest = json.dumps({**web, "spec": {"selector": {"matchLabels": labels}, "template": pod}})
    infra.commit("Web", {"app/web.yaml": manifest}, push=True)
    lab.argocd.sync(app)
    lab.argocd.wait(app)
    lines = str(lab.argocd.tree(app)).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("Deployment/web "))
    assert lines[at].split()[1:3] == ["Synced", "Healthy"]
    assert lines[at + 1].startswith("└─ReplicaSet/web-")
    assert lines[at + 2].startswith("  └─Pod/web-")


WINDOW = {"kind": "deny", "schedule": "* * * * *", "duration": "1h", "applications": ["*"]}


def test_a_sync_window_shuts_an_application_and_is_shown(lab: Lab, app: str, infra: Repository) -> None:
    anything = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "syncWindows": [WINDOW]}
    metadata = {"name": app, "namespace": NAMESPACE}
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": anything}
    lab.client.apply(project)
    lab.argocd.set(app, app_project=app)
    shown = repr(lab.argocd.get(app))
    assert "SyncWindow:         Sync Denied\nAssigned Windows:   deny:* * * * *:1h\n" in shown
    with pytest.raises(LabError, match="cannot sync: blocked by sync window"):
        lab.argocd.sync(app)
    lab.client.apply({**project, "spec": {**anything, "syncWindows": [{**WINDOW, "manualSync": True}]}})
    assert "SyncWindow:         Manual Allowed\n" in repr(lab.argocd.get(app))
    lab.argocd.sync(app)


def test_an_application_set_is_shown_as_the_command_shows_it(lab: Lab, app: str) -> None:
    name = f"{app}-set"
    source = {"repoURL": lab.argocd.url(f"argo/{app}"), "path": "{{path}}", "targetRevision": "main"}
    destination = {"server": "https://kubernetes.default.svc", "namespace": app}
    wanted = {"project": "default", "source": source, "destination": destination}
    template = {"metadata": {"name": f"{app}-{{{{name}}}}"}, "spec": wanted}
    elements = {"list": {"elements": [{"name": "dev", "path": "dev"}, {"name": "prod", "path": "prod"}]}}
    spec = {"generators": [elements], "template": template}
    metadata = {"name": name, "namespace": NAMESPACE}
    lab.apply({"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": metadata, "spec": spec})
    lab.wait(f"applicationset/{name}", "condition=ResourcesUpToDate", namespace=NAMESPACE)
    row = next(line.split() for line in repr(lab.argocd.appsets()).splitlines() if f"argocd/{name} " in line)
    assert row == [f"argocd/{name}", "default", "<none>", "Healthy", "ParametersGenerated,ResourcesUpToDate"]
    assert "All applications have been generated successfully" in repr(lab.argocd.appset(name))
    names = {name_of(obj) for obj in lab.argocd.list()}
    assert {f"{app}-dev", f"{app}-prod"} <= names


def test_an_application_of_two_sources_is_shown_synced_and_rolled_back(
    lab: Lab, app: str, synced: Repository, tmp_path: Path
) -> None:
    other = lab.git.clone(f"argo/{app}-more", tmp_path / "more")
    other.commit("More", {"more.yaml": config("more", x="1")}, push=True)
    first = lab.client.get(APPLICATIONS, app, NAMESPACE)["spec"]
    sources = [first["source"], {"repoURL": lab.argocd.url(f"argo/{app}-more"), "path": ".", "targetRevision": "main"}]
    lab.client.patch(APPLICATIONS, app, {"spec": {"sources": sources, "source": None}}, NAMESPACE)
    lab.argocd.sync(app)
    assert lab.client.get("configmap", "more", app)["data"] == {"x": "1"}
    assert "Sources:\n- Repo:" in repr(lab.argocd.get(app))
    other.commit("More of it", {"more.yaml": config("more", x="2")}, push=True)
    assert f"===== /ConfigMap {app}/more ======\n3c3\n<   x: '1'\n---\n>   x: '2'" in str(lab.argocd.diff(app))
    lab.argocd.sync(app)
    lab.argocd.rollback(app)
    assert lab.client.get("configmap", "more", app)["data"] == {"x": "1"}
    assert str(lab.argocd.history(app)).count("SOURCE") == 2
