"""A Kustomization with a ``serviceAccountName`` does what that account may do, and no more."""

from __future__ import annotations

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

VERBS = ["get", "list", "create", "patch", "delete"]
USER = f"system:serviceaccount:{SYSTEM}:tenant"


@pytest.fixture(autouse=True)
def _tenant(flux: Flux) -> None:
    """An account that may do what it likes with ConfigMaps of ``default``."""
    flux.api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "tenant", "namespace": SYSTEM}})
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": VERBS}
    flux.api.create({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                     "metadata": {"name": "tenant", "namespace": "default"}, "rules": [rule]})  # fmt: skip
    flux.api.create({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                     "metadata": {"name": "tenant", "namespace": "default"},
                     "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "tenant"},
                     "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": SYSTEM}]})  # fmt: skip


def ready(flux: Flux) -> tuple[str, str, str]:
    found = flux.condition(KS)
    assert found is not None
    return found


def begun(flux: Flux, project: Project, files: dict[str, str], **spec: object) -> None:
    project.commit(files)
    flux.repository(project.url)
    flux.kustomization(**{"serviceAccountName": "tenant", "retryInterval": "1m", **spec})


def test_what_the_account_may_do_is_done(flux: Flux, project: Project) -> None:
    begun(flux, project, {"a.yaml": config_map("a", x="1"), "b.yaml": config_map("b")})
    assert ready(flux)[0] == "True"
    managers = flux.get("configmaps", "a", "default")["metadata"]["managedFields"]
    assert managers[0]["manager"] == "kustomize-controller"
    project.commit({"a.yaml": config_map("a", x="2"), "b.yaml": None})
    flux.sync()
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "2"}
    assert flux.find("configmaps", "b") is None


def test_what_it_may_not_do_is_forbidden_and_mends(flux: Flux, project: Project) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n"
    begun(flux, project, {"a.yaml": config_map("a"), "s.yaml": secret})
    assert ready(flux)[:2] == ("False", "ReconciliationFailed")
    words = (
        f'Secret/default/s dry-run failed (Forbidden): secrets "s" is forbidden: User "{USER}" cannot patch resource'
    )
    assert ready(flux)[2].startswith(words)
    assert flux.find("configmaps", "a") is None
    rule = {"apiGroups": [""], "resources": ["configmaps", "secrets"], "verbs": VERBS}
    flux.api.patch("roles.rbac.authorization.k8s.io", "tenant", {"rules": [rule]}, "default")
    flux.advance(61)
    assert ready(flux)[0] == "True"
    assert flux.find("secrets", "s") is not None


def test_what_is_there_already_takes_no_right_to_create(flux: Flux, project: Project) -> None:
    begun(flux, project, {"a.yaml": config_map("a", x="1")})
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "patch"]}
    flux.api.patch("roles.rbac.authorization.k8s.io", "tenant", {"rules": [rule]}, "default")
    project.commit({"a.yaml": config_map("a", x="2")})
    flux.sync()
    assert ready(flux)[0] == "True"
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "2"}


def test_it_reaches_no_other_namespace(flux: Flux, project: Project) -> None:
    flux.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    begun(flux, project, {"a.yaml": config_map("a", "other")})
    assert 'in the namespace "other"' in ready(flux)[2]


def test_it_cannot_give_itself_more(flux: Flux, project: Project) -> None:
    binding = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: mine}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: tenant, namespace: flux-system}]
"""
    begun(flux, project, {"b.yaml": binding})
    assert "is forbidden" in ready(flux)[2]


def test_an_account_that_is_not_there_may_do_nothing(flux: Flux, project: Project) -> None:
    begun(flux, project, {"a.yaml": config_map("a")}, serviceAccountName="nobody")
    assert f'User "system:serviceaccount:{SYSTEM}:nobody" cannot patch resource "configmaps"' in ready(flux)[2]


def test_when_the_account_is_gone_deletion_leaves_what_is_there(flux: Flux, project: Project) -> None:
    begun(flux, project, {"a.yaml": config_map("a")})
    flux.api.delete("serviceaccounts", "tenant", SYSTEM)
    flux.api.delete(KS, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find(KS, "app", SYSTEM) is None
    assert flux.find("configmaps", "a") is not None
    assert flux.events("Kustomization")[-2][2] == "unable to prune objects: \nConfigMap/default/a"


def test_what_may_not_be_deleted_stays_owned_and_is_tried_again(flux: Flux, project: Project) -> None:
    begun(flux, project, {"a.yaml": config_map("a"), "b.yaml": config_map("b")}, interval="1m")
    rule = {"apiGroups": [""], "resources": ["configmaps"]}
    verbs = [verb for verb in VERBS if verb != "delete"]
    flux.api.patch("roles.rbac.authorization.k8s.io", "tenant", {"rules": [{**rule, "verbs": verbs}]}, "default")
    project.commit({"b.yaml": None})
    flux.sync()
    assert ready(flux)[:2] == ("False", "PruneFailed")
    assert ready(flux)[2].startswith(
        'delete failed, errors: ConfigMap/default/b delete failed: configmaps "b" is forbid'
    )
    owned = [entry["id"] for entry in flux.status(KS)["inventory"]["entries"]]
    assert owned == ["default_a__ConfigMap", "default_b__ConfigMap"]
    flux.api.patch("roles.rbac.authorization.k8s.io", "tenant", {"rules": [{**rule, "verbs": VERBS}]}, "default")
    flux.advance(61)
    assert flux.find("configmaps", "b") is None
    assert ready(flux)[0] == "True"
