"""Quotas count what their namespace uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from builders import config_map, pod

from gitopslab.errors import AlreadyExistsError
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from conftest import Cluster


def quota(hard: Object, **spec: Any) -> Object:
    metadata = {"name": "small", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard, **spec}}


def with_cpu(name: str, cpu: str) -> Object:
    return pod(name, spec={"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}]})


def status(cluster: Cluster) -> Object:
    found: Object = cluster.get("resourcequotas", "small")["status"]
    return found


def test_what_is_there_is_counted(cluster: Cluster) -> None:
    cluster.create(quota({"pods": "2", "requests.cpu": "1", "configmaps": "3"}))
    cluster.create(with_cpu("one", "250m"))
    cluster.create(config_map("settings"))
    cluster.settle()
    assert status(cluster) == {
        "hard": {"pods": "2", "requests.cpu": "1", "configmaps": "3"},
        "used": {"pods": "1", "requests.cpu": "250m", "configmaps": "2"},
    }


def test_what_goes_is_given_back(cluster: Cluster) -> None:
    cluster.create(quota({"pods": "2", "requests.cpu": "1"}))
    cluster.create(with_cpu("one", "250m"))
    cluster.settle()
    cluster.delete("pods", "one")
    assert status(cluster)["used"] == {"pods": "0", "requests.cpu": "0"}


def test_a_pod_that_gets_a_deadline_leaves_the_quota_of_those_without(cluster: Cluster) -> None:
    lasting = {"scopeSelector": {"matchExpressions": [{"scopeName": "NotTerminating", "operator": "Exists"}]}}
    cluster.create(quota({"pods": "1"}, **lasting))
    cluster.create(pod("one"))
    cluster.settle()
    assert status(cluster)["used"] == {"pods": "1"}
    cluster.patch("pods", "one", {"spec": {"activeDeadlineSeconds": 60}})
    cluster.settle()
    assert status(cluster)["used"] == {"pods": "0"}


def test_kinds_can_be_counted_by_name(cluster: Cluster) -> None:
    cluster.create(quota({"count/serviceaccounts": "5"}))
    cluster.settle()
    assert status(cluster)["used"] == {"count/serviceaccounts": "1"}


def test_a_scope_counts_some_pods_only(cluster: Cluster) -> None:
    cluster.create(quota({"pods": "5"}, scopes=["BestEffort"]))
    cluster.create(pod("idle"))
    cluster.create(with_cpu("busy", "100m"))
    cluster.settle()
    assert status(cluster)["used"] == {"pods": "1"}


def test_an_ended_pod_counts_no_more(cluster: Cluster) -> None:
    cluster.create(quota({"pods": "1"}))
    cluster.settle()
    cluster.create(pod("one"))
    cluster.settle()
    assert status(cluster)["used"] == {"pods": "1"}
    cluster.api.patch("pods", "one", {"status": {"phase": "Succeeded"}}, "default", subresource="status")
    cluster.settle()
    assert status(cluster)["used"] == {"pods": "0"}


def test_what_a_refused_create_was_charged_is_given_back_when_something_goes(cluster: Cluster) -> None:
    cluster.create(quota({"configmaps": "9"}))
    cluster.settle()
    cluster.create(config_map("a"))
    with pytest.raises(AlreadyExistsError):
        cluster.create(config_map("a"))
    cluster.settle()
    assert status(cluster)["used"] == {"configmaps": "3"}
    cluster.delete("configmaps", "a")
    assert status(cluster)["used"] == {"configmaps": "1"}
