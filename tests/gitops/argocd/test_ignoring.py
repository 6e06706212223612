"""``ignoreDifferences``: what is left out of a comparison."""

from __future__ import annotations

import re
from typing import Any

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd import jq

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: nginx, env: [{name: A, value: "1"}]}
      - {name: side, image: busybox}
"""


@pytest.fixture
def web(argo: Argo, project: Project) -> Argo:
    """An Application with a synced Deployment, of which the image of one container and the scale were changed."""
    project.commit({"web.yaml": WEB})
    argo.application(project.url)
    argo.sync()
    containers = [{"name": "side", "image": "other"}]
    change: dict[str, Any] = {"spec": {"template": {"spec": {"containers": containers}}}}
    argo.api.patch("deployments.apps", "web", change, "default", type="strategic")
    argo.plane.settle()
    assert argo.resources() == {"Deployment/web": "OutOfSync"}
    return argo


@pytest.mark.parametrize("rule", [
    {"jsonPointers": ["/spec/template/spec/containers/1/image"]},
    {"jqPathExpressions": ['.spec.template.spec.containers[] | select(.name == "side") | .image']},
    {"jqPathExpressions": [".spec.template.spec.containers[]?.image"]},
    {"jsonPointers": ["/spec/template"], "name": "web", "namespace": "default"},
    {"managedFieldsManagers": ["learner"]},
    {"group": "*", "kind": "*", "jsonPointers": ["/spec"]},
])  # fmt: skip
def test_a_field_is_left_out(web: Argo, rule: dict[str, Any]) -> None:
    manager = {entry["manager"] for entry in web.get("deployments.apps", "web", "default")["metadata"]["managedFields"]}
    if "managedFieldsManagers" in rule:
        rule = {"managedFieldsManagers": sorted(manager - {"argocd-controller", "kube-controller-manager"})}
    web.change({"ignoreDifferences": [{"group": "apps", "kind": "Deployment"} | rule]})
    assert web.conditions() == []
    assert web.resources() == {"Deployment/web": "Synced"}
    web.change({"ignoreDifferences": None})
    assert web.resources() == {"Deployment/web": "OutOfSync"}


@pytest.mark.parametrize("rule", [
    {"jsonPointers": ["/spec/template/spec/containers/0/image", "/nothing/here", "/spec/paused"]},
    {"jqPathExpressions": ['.spec.template.spec.containers[] | select(.name == "web") | .image']},
    {"jqPathExpressions": [".spec.replicas.deeper.than[].it"]},
    {"jsonPointers": ["/spec/template"], "name": "other"},
    {"kind": "StatefulSet", "jsonPointers": ["/spec"]},
    {"managedFieldsManagers": ["nobody"]},
])  # fmt: skip
def test_another_field_is_not(web: Argo, rule: dict[str, Any]) -> None:
    web.change({"ignoreDifferences": [{"group": "apps", "kind": "Deployment"} | rule]})
    assert web.resources() == {"Deployment/web": "OutOfSync"}


def test_a_path_that_cannot_be_read(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url, ignoreDifferences=[{"kind": "ConfigMap", "jqPathExpressions": [".a["]}])
    ((kind, message),) = argo.conditions()
    assert kind == "ComparisonError"
    why = 'failed to create diff normalizer: unexpected token ")"'
    assert message == f"Failed to compare desired state to live state: {why}"
    assert (argo.sync_status(), argo.resources()) == ("Unknown", {"ConfigMap/a": "Unknown"})


def test_a_sync_overwrites_what_is_left_out(web: Argo) -> None:
    rule = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/template"]}
    web.change({"ignoreDifferences": [rule]})
    web.sync()
    live = web.get("deployments.apps", "web", "default")
    assert [each["image"] for each in live["spec"]["template"]["spec"]["containers"]] == ["nginx", "busybox"]


def test_status_is_always_left_out(argo: Argo, project: Project) -> None:
    project.commit({"web.yaml": WEB + "status: {replicas: 7}\n"})
    argo.application(project.url)
    argo.sync()
    assert argo.resources() == {"Deployment/web": "Synced"}


@pytest.mark.parametrize("path", [
    "until(true == false; [.] + [1])", "def f: f; f", "[range(1e9)]", "repeat(.)", "input", "env.HOME", "$ENV.HOME",
    '"x" * 1000000000', "." * 5000,
])  # fmt: skip
def test_a_path_that_would_not_end_or_reaches_out_is_passed_over(path: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected|not defined|letters|JQ patch execution timed out"):
        jq.deletion(path)({})


def test_names_of_fields_may_look_like_such_words() -> None:
    cut = jq.deletion('.data.until, .data["range"], .metadata.annotations."env.io/input"')
    assert cut({"data": {"until": 1, "range": 2, "x": 3}, "metadata": {"annotations": {"env.io/input": "y"}}}) == {
        "data": {"x": 3},
        "metadata": {"annotations": {}},
    }


def configured(argo: Argo, **data: str) -> None:
    """Write ``argocd-cm``."""
    name = {"name": "argocd-cm", "namespace": "argocd"}
    argo.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": name, "data": data})
    argo.plane.settle()


@pytest.mark.parametrize(("which", "expected"), [
    ("apps_Deployment", "Synced"), ("all", "Synced"), ("apps_StatefulSet", "OutOfSync"), ("Deployment", "OutOfSync"),
])  # fmt: skip
def test_all_applications_may_ignore_a_field(web: Argo, which: str, expected: str) -> None:
    configured(web, **{f"resource.customizations.ignoreDifferences.{which}": "jsonPointers: [/spec/template]\n"})
    assert web.resources() == {"Deployment/web": expected}


def test_one_key_may_say_it_for_all_kinds_and_the_key_of_a_kind_counts_more(web: Argo) -> None:
    whole = "apps/Deployment:\n  ignoreDifferences: |\n    jsonPointers: [/spec/template]\n"
    configured(web, **{"resource.customizations": whole})
    assert web.resources() == {"Deployment/web": "Synced"}
    own = {"resource.customizations.ignoreDifferences.apps_Deployment": "jsonPointers: [/spec/paused]\n"}
    web.api.patch("configmaps", "argocd-cm", {"data": own}, "argocd")
    web.plane.settle()
    assert web.resources() == {"Deployment/web": "OutOfSync"}


@pytest.mark.parametrize(("key", "text"), [
    ("resource.customizations", "a: ["), ("resource.customizations", "[apps/Deployment]"),
    ("resource.customizations", "apps/Deployment: {ignoreDifferences: 'a: ['}"),
    ("resource.customizations.ignoreDifferences.all", "jsonPointers: /spec"),
    ("resource.compareoptions", "5"),
])  # fmt: skip
def test_with_settings_that_cannot_be_read_nothing_is_known(web: Argo, key: str, text: str) -> None:
    configured(web, **{key: text})
    assert (web.sync_status(), web.health(), web.conditions()) == ("Unknown", "Unknown", [])
    web.sync()
    phase, message = web.operation() or ("", "")
    assert (phase, message[:35]) == ("Error", "Failed to load resource overrides: ")
    web.api.patch("configmaps", "argocd-cm", {"data": {key: ""}}, "argocd")
    web.plane.settle()
    assert web.sync_status() == "OutOfSync"


def test_rules_that_others_fill_may_be_left_out(argo: Argo, project: Project) -> None:
    role = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: sum}\nrules: []\n"
        "aggregationRule: {clusterRoleSelectors: [{matchLabels: {sum: 'yes'}}]}\n"
    )
    project.commit({"a.yaml": role})
    argo.application(project.url)
    argo.sync()
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    argo.api.patch("clusterroles.rbac.authorization.k8s.io", "sum", {"rules": rules})
    argo.plane.settle()
    assert argo.resources() == {"ClusterRole/sum": "OutOfSync"}
    configured(argo, **{"resource.compareoptions": "ignoreAggregatedRoles: true\n"})
    assert argo.resources() == {"ClusterRole/sum": "Synced"}


@pytest.mark.parametrize(("path", "words"), [
    (".spec.[", 'unexpected token ")"'), (".a.b c", 'unexpected token "c"'), ("foo(.a)", "function not defined: foo/1"),
    ("$x", "variable not defined: $x"), ('"x', "unexpected EOF"),
])  # fmt: skip
def test_what_is_no_path_is_told_in_gojqs_words(path: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        jq.deletion(path)
