"""An ApplicationSet makes Applications, keeps them as they should be, and says what is wrong."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import APPLICATION_SETS, APPLICATIONS, IN_CLUSTER, NAMESPACE
from gitopslab.gitops.argocd.webhook import PATH
from gitopslab.machinery.objects import Object, condition_of, name_of

UP_TO_DATE = "All applications have been generated successfully"


def template(url: str = "http://nowhere.example/x.git", name: str = "{{name}}", **spec: Any) -> Object:
    usual = {
        "project": "default",
        "source": {"repoURL": url, "path": "apps/{{name}}", "targetRevision": "main"},
        "destination": {"server": IN_CLUSTER, "namespace": "default"},
    }
    return {"metadata": {"name": name}, "spec": usual | spec}


def elements(*names: str) -> list[Object]:
    return [{"list": {"elements": [{"name": name} for name in names]}}]


def create(argo: Argo, generators: list[Object], made_of: Object | None = None, **spec: Any) -> None:
    argo.create("ApplicationSet", "set", {"generators": generators, "template": made_of or template(), **spec})


def names(argo: Argo) -> list[str]:
    return sorted(name_of(app) for app in argo.api.list(APPLICATIONS, NAMESPACE))


def said(argo: Argo, kind: str) -> tuple[str, str, str]:
    condition = condition_of(argo.get(APPLICATION_SETS, "set"), kind)
    assert condition is not None
    return condition["status"], condition["reason"], condition["message"]


def test_an_application_for_each_element_and_the_set_owns_them(argo: Argo) -> None:
    create(argo, elements("a", "b"))
    assert names(argo) == ["a", "b"]
    app = argo.get(name="a")
    assert app["spec"]["source"]["path"] == "apps/a"
    assert app["metadata"]["finalizers"] == ["resources-finalizer.argocd.argoproj.io"]
    (owner,) = app["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("ApplicationSet", "set", True)
    assert said(argo, "ResourcesUpToDate") == ("True", "ApplicationSetUpToDate", UP_TO_DATE)
    assert said(argo, "ErrorOccurred")[0] == "False"
    status = argo.get(APPLICATION_SETS, "set")["status"]
    assert status["health"] == {"status": "Healthy", "message": UP_TO_DATE}
    assert [each["name"] for each in status["resources"]] == ["a", "b"]
    events = [
        event for event in argo.api.list("events", NAMESPACE) if event["involvedObject"]["kind"] == "ApplicationSet"
    ]
    assert sorted((e["reason"], e["message"]) for e in events) == [
        ("created", 'created Application "a"'), ("created", 'created Application "b"'),
    ]  # fmt: skip


def test_what_changes_in_the_set_changes_in_its_applications_and_nothing_is_written_twice(argo: Argo) -> None:
    create(argo, elements("a", "b"))
    argo.change({"generators": elements("b", "c")}, "set", APPLICATION_SETS)
    assert names(argo) == ["b", "c"]
    argo.change({"template": template(destination={"server": IN_CLUSTER, "namespace": "web"})}, "set", APPLICATION_SETS)
    assert argo.get(name="b")["spec"]["destination"]["namespace"] == "web"
    before = argo.get(APPLICATION_SETS, "set")["metadata"]["resourceVersion"]
    argo.advance(200)
    assert argo.get(APPLICATION_SETS, "set")["metadata"]["resourceVersion"] == before


def test_what_others_change_in_an_application_is_undone_unless_it_is_to_be_left(argo: Argo) -> None:
    left = {"preservedFields": {"annotations": ["keep"]}, "ignoreApplicationDifferences": [
        {"jsonPointers": ["/spec/source/targetRevision"]}]}  # fmt: skip
    create(argo, elements("a"), **left)
    change: Object = {
        "metadata": {"annotations": {"keep": "x", "drop": "x"}},
        "spec": {"source": {"targetRevision": "v1"}},
    }
    change["spec"]["destination"] = {"namespace": "other"}
    argo.api.patch(APPLICATIONS, "a", change, NAMESPACE)
    argo.plane.settle()
    app = argo.get(name="a")
    assert app["metadata"]["annotations"] == {"keep": "x"}
    assert app["spec"]["destination"]["namespace"] == "default"
    assert app["spec"]["source"]["targetRevision"] == "v1"


@pytest.mark.parametrize(
    ("policy", "found", "path"),
    [
        ("create-only", ["a", "b"], "apps/b"),
        ("create-update", ["a", "b"], "new/b"),
        ("create-delete", ["b"], "apps/b"),
        ("sync", ["b"], "new/b"),
    ],
)
def test_a_policy_says_whether_applications_are_updated_and_deleted(
    argo: Argo, policy: str, found: list[str], path: str
) -> None:
    create(argo, elements("a", "b"), syncPolicy={"applicationsSync": policy})
    changed = template(source={"repoURL": "http://nowhere.example/x.git", "path": "new/{{name}}"})
    argo.change({"generators": elements("b"), "template": changed}, "set", APPLICATION_SETS)
    assert names(argo) == found
    assert argo.get(name="b")["spec"]["source"]["path"] == path


def test_folders_of_a_repository_become_applications_and_new_ones_are_found_in_time(
    argo: Argo, project: Project
) -> None:
    project.commit({"apps/a/x.yaml": config_map("a"), "apps/b/x.yaml": config_map("b")})
    folders = [{"git": {"repoURL": project.url, "revision": "main", "directories": [{"path": "apps/*"}]}}]
    made_of = template(project.url, "{{path.basename}}", syncPolicy={"automated": {}},
                       source={"repoURL": project.url, "path": "{{path}}", "targetRevision": "main"})  # fmt: skip
    create(argo, folders, made_of)
    assert names(argo) == ["a", "b"]
    assert argo.find("configmaps", "a") is not None
    project.commit({"apps/c/x.yaml": config_map("c"), "apps/a/x.yaml": None})
    argo.advance(100)
    assert names(argo) == ["a", "b"]
    argo.advance(100)
    assert names(argo) == ["b", "c"]
    assert argo.find("configmaps", "a") is None
    project.commit({"apps/d/x.yaml": config_map("d")})
    note = {"metadata": {"annotations": {"argocd.argoproj.io/application-set-refresh": "true"}}}
    argo.api.patch(APPLICATION_SETS, "set", note, NAMESPACE)
    argo.plane.settle()
    assert names(argo) == ["b", "c", "d"]
    assert "annotations" not in argo.get(APPLICATION_SETS, "set")["metadata"]


def test_a_push_that_argo_cd_is_told_of_is_looked_at_at_once(argo: Argo, project: Project) -> None:
    metadata = {"name": "argocd-secret", "namespace": NAMESPACE}
    argo.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    project.commit({"apps/a/x.yaml": config_map("a")})
    git = {"repoURL": project.url, "revision": "main", "directories": [{"path": "apps/{{env}}"}]}
    envs = {"list": {"elements": [{"env": "a"}, {"env": "b"}]}}
    create(argo, [{"matrix": {"generators": [envs, {"git": git}]}}], template(name="{{path.basename}}"))
    assert names(argo) == ["a"]
    project.commit({"apps/b/x.yaml": config_map("b")})
    told = {"web_url": project.url.removesuffix(".git"), "default_branch": "main"}
    body = json.dumps({"ref": "refs/heads/main", "project": told}).encode()
    assert argo.plane.gitops.receive(PATH, {"x-gitlab-event": "Push Hook"}, body) == 200
    argo.plane.settle()
    assert names(argo) == ["a", "b"]


def test_a_repository_that_cannot_be_read_is_said_and_deletes_nothing(argo: Argo, project: Project) -> None:
    project.commit({"apps/a/x.yaml": config_map("a")})
    folders = [{"git": {"repoURL": project.url, "revision": "main", "directories": [{"path": "apps/*"}]}}]
    create(argo, folders, template(name="{{path.basename}}"))
    folders[0]["git"]["revision"] = "nope"
    argo.change({"generators": folders}, "set", APPLICATION_SETS)
    status, reason, message = said(argo, "ErrorOccurred")
    assert (status, reason) == ("True", "ApplicationGenerationFromParamsError")
    assert "unable to resolve git revision : unable to resolve 'nope' to a commit SHA" in message
    assert said(argo, "ParametersGenerated") == ("False", "ErrorOccurred", message)
    assert argo.get(APPLICATION_SETS, "set")["status"]["health"]["status"] == "Degraded"
    assert names(argo) == ["a"]
    folders[0]["git"]["revision"] = "main"
    argo.change({"generators": folders}, "set", APPLICATION_SETS)
    assert said(argo, "ErrorOccurred") == ("False", "ApplicationSetUpToDate", UP_TO_DATE)


def test_what_is_wrong_with_one_application_keeps_the_others_from_nothing(argo: Argo) -> None:
    create(argo, [*elements("a", "b"), *elements("a")])
    message = "ApplicationSet set contains applications with duplicate name: a"
    assert said(argo, "ErrorOccurred") == ("True", "ApplicationValidationError", message)
    assert said(argo, "ParametersGenerated")[0] == "True"
    assert names(argo) == ["b"]
    argo.change({"generators": elements("c"), "template": template(project="nope")}, "set", APPLICATION_SETS)
    assert said(argo, "ErrorOccurred")[2] == "application references project nope which does not exist"
    argo.change({"template": template(destination={"name": "nope", "server": None})}, "set", APPLICATION_SETS)
    words = "application destination spec is invalid: there are no clusters with this name: nope"
    assert said(argo, "ErrorOccurred")[2] == words


def test_a_template_that_cannot_be_filled_in_is_said(argo: Argo) -> None:
    options = {"goTemplate": True, "goTemplateOptions": ["missingkey=error"]}
    simple = template(name="{{.nope}}", source={"repoURL": "http://nowhere.example/x.git", "path": "."})
    create(argo, elements("a"), simple, **options)
    status, reason, message = said(argo, "ErrorOccurred")
    assert (status, reason) == ("True", "RenderTemplateParamsError")
    assert 'map has no entry for key "nope"' in message


def test_a_cluster_that_comes_brings_its_application(argo: Argo) -> None:
    create(argo, [{"clusters": {}}], template(destination={"server": "{{server}}", "namespace": "default"}))
    assert names(argo) == ["in-cluster"]
    data = {"name": "edge", "server": "https://edge", "config": "{}"}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": "edge", "namespace": NAMESPACE, "labels": {"argocd.argoproj.io/secret-type": "cluster"}}
    argo.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})
    argo.plane.settle()
    assert names(argo) == ["edge", "in-cluster"]


def test_a_set_that_goes_takes_its_applications_along(argo: Argo) -> None:
    create(argo, elements("a"))
    argo.api.delete(APPLICATION_SETS, "set", NAMESPACE)
    argo.plane.settle()
    assert names(argo) == []
