"""What an AppProject permits, and the words when it does not."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from gitopslab.gitops.argocd.clusters import OWN, Cluster, clusters
from gitopslab.gitops.argocd.kinds import IN_CLUSTER
from gitopslab.gitops.argocd.project import (
    default_project,
    invalid_spec,
    is_destination_permitted,
    is_kind_permitted,
    is_live_permitted,
    is_source_permitted,
    refusal,
)
from gitopslab.machinery.objects import Object

URL = "http://git.gitopslab.svc.cluster.local/waal/infra.git"


def project(**spec: Any) -> Object:
    return {"metadata": {"name": "team"}, "spec": spec}


def app(**spec: Any) -> Object:
    usual = {
        "project": "default",
        "source": {"repoURL": URL, "path": "app"},
        "destination": {"server": IN_CLUSTER, "namespace": "web"},
    }
    return {"metadata": {"name": "web", "namespace": "argocd"}, "spec": usual | spec}


@pytest.mark.parametrize(
    ("patterns", "url", "permitted"),
    [
        (["*"], URL, True),
        ([URL.removesuffix(".git").upper()], URL, True),
        (["http://git.gitopslab.svc.cluster.local/waal/*"], URL, True),
        (["http://git.gitopslab.svc.cluster.local/*"], URL, False),
        (["http://git.gitopslab.svc.cluster.local/**"], URL, True),
        (["git@example.org:waal/infra.git"], "ssh://git@example.org/waal/infra", True),
        ([f"!{URL}"], URL, False),
        (["*", f"!{URL}"], URL, False),
        ([f"!{URL}"], URL.replace("infra", "app"), True),
        (["http://git.gitopslab.svc.cluster.local/{waal,maas}/infra"], URL, True),
        ([], URL, False),
    ],
)
def test_a_source_matches_a_pattern_and_no_denial(patterns: list[str], url: str, permitted: bool) -> None:
    assert is_source_permitted(project(sourceRepos=patterns), url) is permitted


@pytest.mark.parametrize(
    ("destinations", "cluster", "namespace", "permitted"),
    [
        ([{"server": "*", "namespace": "*"}], OWN, "web", True),
        ([{"server": IN_CLUSTER, "namespace": "team-*"}], OWN, "team-a", True),
        ([{"server": IN_CLUSTER, "namespace": "team-*"}], OWN, "web", False),
        ([{"name": "in-cluster", "namespace": "web"}], OWN, "web", True),
        ([{"server": "https://other", "namespace": "*"}], OWN, "web", False),
        ([{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!kube-system"}], OWN, "kube-system", False),
        ([{"server": "*", "namespace": "!{kube-system,argocd}"}], OWN, "web", True),
        ([{"server": "*", "namespace": "*"}, {"server": f"!{IN_CLUSTER}", "namespace": "web"}], OWN, "web", False),
        ([{"server": "*", "namespace": "*"}, {"server": f"!{IN_CLUSTER}", "namespace": "web"}], OWN, "app", True),
        ([{"namespace": "*", "name": "!edge"}], Cluster("", "edge"), "web", False),
    ],
)
def test_a_destination_matches_one_rule_and_no_denial(
    destinations: list[Any], cluster: Cluster, namespace: str, permitted: bool
) -> None:
    assert is_destination_permitted(project(destinations=destinations), cluster, namespace) is permitted


def test_without_lists_every_kind_in_namespaces_is_permitted_and_none_of_the_cluster() -> None:
    assert is_kind_permitted(project(), "apps", "Deployment", "web", namespaced=True)
    assert not is_kind_permitted(project(), "", "Namespace", "web", namespaced=False)


def test_an_empty_list_permits_nothing_and_a_denied_kind_is_denied_whatever_else_is_permitted() -> None:
    nothing = project(namespaceResourceWhitelist=[])
    assert not is_kind_permitted(nothing, "apps", "Deployment", "web", namespaced=True)
    denied = project(
        clusterResourceWhitelist=[{"group": "*", "kind": "*"}], clusterResourceBlacklist=[{"group": "", "kind": "Node"}]
    )
    assert is_kind_permitted(denied, "", "Namespace", "web", namespaced=False)
    assert not is_kind_permitted(denied, "", "Node", "a", namespaced=False)


def test_a_kind_of_the_cluster_can_be_permitted_by_name() -> None:
    teams = project(clusterResourceWhitelist=[{"group": "", "kind": "Namespace", "name": "team-*"}])
    assert is_kind_permitted(teams, "", "Namespace", "team-a", namespaced=False)
    assert not is_kind_permitted(teams, "", "Namespace", "web", namespaced=False)


def test_the_default_project_permits_an_application() -> None:
    assert invalid_spec(app(), default_project(), [OWN]) == []


def test_each_thing_that_is_wrong_is_said() -> None:
    narrow = project(sourceRepos=["http://elsewhere/*"], destinations=[{"server": IN_CLUSTER, "namespace": "team"}])
    assert invalid_spec(app(), narrow, [OWN]) == [
        f"application repo {URL} is not permitted in project 'team'",
        f"application destination server '{IN_CLUSTER}' and namespace 'web' do not match any of the allowed "
        "destinations in project 'team'",
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            {"source": {"repoURL": URL}},
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
        ),
        (
            {"source": {"repoURL": URL, "chart": "redis"}},
            "spec.source.targetRevision is required if the manifest source is a helm chart",
        ),
        ({"destination": {"namespace": "web"}}, "Destination server missing from app spec"),
        ({"destination": {"name": "edge"}}, "there are no clusters with this name: edge"),
        (
            {"destination": {"server": "https://edge"}},
            'error getting cluster by server "https://edge": rpc error: code = NotFound desc = cluster "https://edge" '
            "not found",
        ),
        (
            {"destination": {"name": "in-cluster", "server": IN_CLUSTER}},
            f"application destination can't have both name and server defined: in-cluster {IN_CLUSTER}",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_said_in_the_real_words(spec: Object, said: str) -> None:
    assert invalid_spec(app(**spec), default_project(), [OWN]) == [said]


def test_a_project_that_is_not_there_is_said() -> None:
    said = ["Application referencing project team which does not exist"]
    assert invalid_spec(app(project="team"), None, [OWN]) == said


def test_a_sync_refuses_a_kind_or_a_namespace_that_the_project_does_not_permit() -> None:
    narrow = project(destinations=[{"server": "*", "namespace": "web"}])
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}}
    assert refusal(narrow, space, OWN, namespaced=False) == "resource :Namespace is not permitted in project team"
    there = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "other"}}
    assert refusal(narrow, there, OWN, namespaced=True) == "namespace other is not permitted in project 'team'"
    assert not is_live_permitted(narrow, there, OWN)


def test_clusters_are_told_by_secrets_and_the_own_one_is_always_among_them() -> None:
    data = {
        key: base64.b64encode(value.encode()).decode()
        for key, value in {"name": "edge", "server": "https://e/"}.items()
    }
    labels = {"argocd.argoproj.io/secret-type": "cluster", "env": "prod"}
    secret = {"metadata": {"name": "edge", "labels": labels}, "data": data}
    edge = Cluster("https://e", "edge", labels)
    assert clusters([secret, {"metadata": {"name": "other"}}]) == [edge, OWN]
    assert invalid_spec(app(destination={"name": "edge"}), default_project(), [edge, OWN]) == []
