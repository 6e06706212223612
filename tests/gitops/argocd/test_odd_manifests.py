"""Manifests that no API server would take: told, survived, and gone again with the next commit."""

from __future__ import annotations

import pytest
from argocd_cluster import Argo, config_map
from projects import Project

NOTES = "argocd.argoproj.io"
DEFINITION = ("CustomResourceDefinition", "apiextensions.k8s.io/v1")


def odd(metadata: str = "{name: x}", rest: str = "", kind: str = "ConfigMap", version: str = "v1") -> str:
    """A manifest as YAML, of which one part is odd."""
    named = f"metadata: {metadata}\n" if metadata else ""
    return f"apiVersion: {version}\nkind: {kind}\n{named}{rest}\n"


def noted(note: str, value: str) -> str:
    """Metadata with an annotation of Argo CD's."""
    return f"{{name: x, annotations: {{{NOTES}/{note}: {value}}}}}"


ODD = {
    "a wave that is a number": odd(noted("sync-wave", "1")),
    "a wave of many digits": odd(noted("sync-wave", f"'{'9' * 5000}'")),
    "a hook that is a list": odd(noted("hook", "[PreSync]")),
    "annotations that are a list": odd("{name: x, annotations: [a]}"),
    "labels that are a text": odd("{name: x, labels: a}"),
    "metadata that is a text": odd("x"),
    "no metadata": odd(""),
    "a name that is a number": odd("{name: 5}"),
    "a namespace that is a number": odd("{name: x, namespace: 7}"),
    "finalizers that are a text": odd(f"{{name: x, finalizers: a, annotations: {{{NOTES}/hook: PreSync}}}}"),
    "a definition without a spec": odd("{name: x}", "spec: []", *DEFINITION),
    "a definition with odd names": odd("{name: x}", "spec: {group: a, names: b}", *DEFINITION),
    "a spec that is a list": odd("{name: x}", "spec: [1]", "Deployment", "apps/v1"),
    "containers that are a map": odd("{name: x}", "spec: {containers: {a: b}}", "Pod"),
    "a version that is a number": odd(version="1"),
    "a kind that is a list": odd(kind="[ConfigMap]"),
    "data that is a number": odd("{name: x}", "data: 5"),
    "a role reference that is a text": odd("{name: x}", "roleRef: a", "RoleBinding", "rbac.authorization.k8s.io/v1"),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_an_odd_manifest_is_survived(argo: Argo, project: Project, text: str) -> None:
    project.commit({"odd.yaml": text, "a.yaml": config_map("a")})
    argo.application(project.url)
    argo.sync()
    argo.advance(20)
    assert argo.operation() is not None
    project.commit({"odd.yaml": None})
    argo.refresh()
    argo.sync(prune=True)
    argo.advance(20)
    assert argo.operation() == ("Succeeded", "successfully synced (all tasks run)")
    assert argo.sync_status() == "Synced"


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            noted("sync-wave", "1"),
            'contains non-string value in the map under key "argocd.argoproj.io/sync-wave": '
            "1 is of the type int64, expected string",
        ),
        ("{name: x, annotations: [a]}", "[a] is of the type []interface {}, expected map[string]interface {}"),
    ],
)
def test_an_annotation_that_is_no_text_is_told_in_argos_words(
    argo: Argo, project: Project, metadata: str, said: str
) -> None:
    project.commit({"odd.yaml": odd(metadata)})
    argo.application(project.url)
    argo.advance(20)
    who = "failed to get annotations for /v1, Kind=ConfigMap /x: .metadata.annotations accessor error"
    ((kind, message),) = argo.conditions()
    assert kind == "ComparisonError"
    assert message.endswith(f"failed to set app instance tracking info on manifest: {who}: {said}")


def test_a_kind_that_is_no_text_is_missing(argo: Argo, project: Project) -> None:
    project.commit({"odd.yaml": ODD["a kind that is a list"]})
    argo.application(project.url)
    argo.advance(20)
    ((_, message),) = argo.conditions()
    assert "Object 'Kind' is missing in" in message
