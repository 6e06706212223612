"""``ignoreApplicationDifferences`` of an ApplicationSet. Cases: ``createOrUpdate_test.go``."""

from __future__ import annotations

from typing import Any

import pytest
from argocd_cluster import Argo

from gitopslab.gitops.argocd.kinds import APPLICATION_SETS, APPLICATIONS, IN_CLUSTER, NAMESPACE
from gitopslab.machinery.objects import Object, condition_of

URL = "http://nowhere.example/test-repo.git"


def create(argo: Argo, rules: list[Object], source: Object, **spec: Any) -> None:
    """An ApplicationSet of one Application, ``a``."""
    usual = {"project": "default", "destination": {"server": IN_CLUSTER, "namespace": "default"}}
    made_of = {"metadata": {"name": "{{name}}"}, "spec": {**usual, "source": {"repoURL": URL, **source}, **spec}}
    generators = [{"list": {"elements": [{"name": "a"}]}}]
    argo.create(
        "ApplicationSet",
        "set",
        {"generators": generators, "template": made_of, "ignoreApplicationDifferences": rules},
    )


def change(argo: Argo, patch: Object) -> Object:
    """Change the Application, and let the ApplicationSet act; the spec then."""
    argo.api.patch(APPLICATIONS, "a", patch, NAMESPACE)
    argo.plane.settle()
    found: Object = argo.get(name="a")["spec"]
    return found


def parameters(**values: str) -> Object:
    """Parameters of a chart."""
    return {"helm": {"parameters": [{"name": name, "value": value} for name, value in values.items()]}}


@pytest.mark.parametrize(
    "rule",
    [
        {"jqPathExpressions": ['.spec.source.helm.parameters[] | select(.name == "tag")']},
        {"jsonPointers": ["/spec/source/helm/parameters/0"]},
    ],
)
def test_one_parameter_of_a_list_may_differ(argo: Argo, rule: Object) -> None:
    create(argo, [rule], {"path": ".", **parameters(tag="v1", other="x")})
    spec = change(argo, {"spec": {"source": parameters(tag="test", other="x")}})
    assert spec["source"]["helm"]["parameters"][0]["value"] == "test"


def test_a_list_that_differs_elsewhere_is_written_without_what_is_ignored(argo: Argo) -> None:
    rule = {"jqPathExpressions": ['.spec.source.helm.parameters[] | select(.name == "tag")']}
    create(argo, [rule], {"path": ".", **parameters(tag="v1", other="x")})
    spec = change(argo, {"spec": {"source": parameters(tag="test", other="changed")}})
    assert spec["source"]["helm"]["parameters"] == [{"name": "other", "value": "x"}]


def test_what_is_ignored_may_come_and_go(argo: Argo) -> None:
    rule = {"jqPathExpressions": [".spec.syncPolicy.automated"]}
    create(argo, [rule], {"path": "."}, syncPolicy={"automated": {"selfHeal": True}, "retry": {"limit": 5}})
    assert change(argo, {"spec": {"syncPolicy": {"automated": None}}})["syncPolicy"] == {"retry": {"limit": 5}}
    spec = change(argo, {"spec": {"syncPolicy": {"automated": {"prune": True}, "retry": {"limit": 2}}}})
    assert spec["syncPolicy"] == {"automated": {"prune": True}, "retry": {"limit": 5}}


def test_an_annotation_may_differ(argo: Argo) -> None:
    create(argo, [{"jsonPointers": ["/metadata/annotations/mine"]}], {"path": "."})
    change(argo, {"metadata": {"annotations": {"mine": "1"}}})
    assert argo.get(name="a")["metadata"]["annotations"] == {"mine": "1"}
    change(argo, {"metadata": {"labels": {"other": "1"}}})
    assert "labels" not in argo.get(name="a")["metadata"]


def test_a_rule_of_another_application_is_not_for_this_one(argo: Argo) -> None:
    create(argo, [{"name": "b", "jsonPointers": ["/spec/source/path"]}], {"path": "."})
    assert change(argo, {"spec": {"source": {"path": "x"}}})["source"]["path"] == "."


def test_a_path_that_cannot_be_read_is_told(argo: Argo) -> None:
    create(argo, [{"jqPathExpressions": [".spec["]}], {"path": "."})
    argo.plane.settle()
    argo.api.patch(APPLICATION_SETS, "set", {"metadata": {"labels": {"again": "1"}}}, NAMESPACE)
    argo.plane.settle()
    told = condition_of(argo.get(APPLICATION_SETS, "set"), "ErrorOccurred")
    assert told is not None
    assert told["message"].startswith("failed to build ignore diff config: failed to create diff normalizer: ")
