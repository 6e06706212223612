"""Aggregated ClusterRoles hold the rules of those they select."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import cluster_role

from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from conftest import Cluster

ROLES = "clusterroles.rbac.authorization.k8s.io"


def rule(resource: str) -> Object:
    return {"verbs": ["get"], "apiGroups": [""], "resources": [resource]}


def gathering(name: str, *labels: str, **own: str) -> Object:
    selectors = [{"matchLabels": {label: "true"}} for label in labels]
    return {**cluster_role(name, **own), "aggregationRule": {"clusterRoleSelectors": selectors}}


def rules(cluster: Cluster, name: str) -> list[str]:
    return [found["resources"][0] for found in cluster.get(ROLES, name, "").get("rules") or ()]


def test_rules_are_gathered_by_label_in_the_order_of_selectors_and_names(cluster: Cluster) -> None:
    cluster.create(gathering("all", "one", "two"))
    cluster.create(cluster_role("z", rule("pods"), two="true"))
    cluster.create(cluster_role("b", rule("secrets"), one="true"))
    cluster.create(cluster_role("a", rule("services"), rule("pods"), one="true"))
    cluster.create(cluster_role("other", rule("nodes"), three="true"))
    cluster.settle()
    assert rules(cluster, "all") == ["services", "pods", "secrets"]


def test_what_changes_below_changes_above(cluster: Cluster) -> None:
    cluster.create(gathering("wide", "to-wide"))
    cluster.create(gathering("narrow", "to-narrow", **{"to-wide": "true"}))
    cluster.create(cluster_role("base", rule("pods"), **{"to-narrow": "true"}))
    cluster.settle()
    assert rules(cluster, "wide") == ["pods"]
    cluster.patch(ROLES, "base", {"rules": [rule("secrets")]}, "")
    assert rules(cluster, "wide") == rules(cluster, "narrow") == ["secrets"]
    cluster.delete(ROLES, "base", "")
    assert rules(cluster, "wide") == []


def test_rules_written_by_hand_are_gathered_over(cluster: Cluster) -> None:
    cluster.create(gathering("all", "one"))
    cluster.create(cluster_role("a", rule("pods"), one="true"))
    cluster.settle()
    cluster.patch(ROLES, "all", {"rules": [rule("secrets")]}, "")
    assert rules(cluster, "all") == ["pods"]
