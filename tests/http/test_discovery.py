from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from exchange import Client

from gitopslab.controlplane.http.discovery import AGGREGATED
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.kinds import BUILT_IN, Resource

_REAL = json.loads((Path(__file__).parent / "facts" / "discovery.json").read_text())
_BOTH = f"{AGGREGATED},application/json"


def versions_of(answer: Any) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (item["metadata"].get("name", ""), version["version"]): {one["resource"]: one for one in version["resources"]}
        for item in answer["items"]
        for version in item["versions"]
    }


@pytest.mark.parametrize("path", ["api", "apis"])
def test_every_resource_is_described_as_the_real_server_does(client: Client, path: str) -> None:
    ours, real = versions_of(client.get(f"/{path}", accept=_BOTH).json), versions_of(_REAL[path])
    for key, resources in ours.items():
        for name, resource in resources.items():
            assert resource == real[key][name], f"{name} of {key}"


def test_groups_come_in_the_order_of_the_real_server(client: Client) -> None:
    ours = [item["metadata"]["name"] for item in client.get("/apis", accept=_BOTH).json["items"]]
    real = [item["metadata"]["name"] for item in _REAL["apis"]["items"]]
    assert ours == [name for name in real if name in ours]
    assert len(ours) > 10


def test_aggregated_discovery_names_its_media_type_and_can_be_cached(client: Client) -> None:
    first = client.get("/apis", accept=_BOTH)
    assert first.headers["content-type"] == AGGREGATED
    assert client.get("/apis", accept=_BOTH, if_none_match=first.headers["etag"]).code == 304


def test_a_client_that_only_knows_the_beta_gets_the_old_form(client: Client) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
    assert client.get("/apis", accept=accept).json["kind"] == "APIGroupList"


def test_the_old_form_leads_from_groups_to_resources(client: Client) -> None:
    assert client.get("/api").json["versions"] == ["v1"]
    groups = {group["name"]: group for group in client.get("/apis").json["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    assert client.get("/apis/apps").json["kind"] == "APIGroup"
    rows = {row["name"]: row for row in client.get("/apis/apps/v1").json["resources"]}
    assert rows["deployments"]["shortNames"] == ["deploy"]
    assert (rows["deployments/scale"]["group"], rows["deployments/scale"]["kind"]) == ("autoscaling", "Scale")


def test_the_old_form_lists_every_resource_served(client: Client) -> None:
    for resource in BUILT_IN:
        path = f"/apis/{resource.group}/{resource.version}" if resource.group else "/api/v1"
        assert resource.plural in {row["name"] for row in client.get(path).json["resources"]}


def test_a_new_custom_resource_shows_at_once(client: Client, verbs: Verbs) -> None:
    verbs.catalog.add(Resource("shop.example.com", "v1", "Cake", "cakes", custom=True))
    verbs.catalog.add(Resource("shop.example.com", "v1beta1", "Cake", "cakes", custom=True))
    group = client.get("/apis", accept=_BOTH).json["items"][-1]
    assert group["metadata"]["name"] == "shop.example.com"
    assert [version["version"] for version in group["versions"]] == ["v1", "v1beta1"]


@pytest.mark.parametrize("path", ["/apis/nothing.io", "/apis/nothing.io/v1", "/apis/nothing.io/v1/x", "/nowhere"])
def test_what_does_not_exist_is_not_found(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.code, answer.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize("path", ["/apis/apps/v9", "/api/v2", "/apis/apps/v9/deployments", "/api/v2/pods"])
def test_a_version_that_a_built_in_group_has_not_is_told_as_a_status(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.code, answer.json["message"]) == (404, "the server could not find the requested resource")
    assert answer.json["details"] == {}


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "DELETE"])
def test_a_list_of_resources_can_only_be_got(client: Client, method: str) -> None:
    for path in ("/api", "/api/v1", "/apis/apps/v1", "/version", "/openid/v1/jwks"):
        assert client(method, path).code == 405
    for path in ("/apis", "/apis/apps", "/healthz"):
        assert client(method, path).code == 200


def test_discovery_is_refused_to_who_takes_neither_json_nor_yaml(client: Client) -> None:
    routed = client.get("/apis/apps/v1", accept="text/html").json["message"]
    assert routed.startswith("406: Not Acceptable\n\nAvailable representations: application/json, application/yaml")
    plain = client.get("/apis", accept="text/html").json["message"]
    assert plain.startswith("only the following media types are accepted: application/json, application/yaml")


def test_the_version_is_kubernetes_own_shape(client: Client) -> None:
    version = client.get("/version").json
    assert (version["major"], version["minor"]) == ("1", "36")
    assert version["gitVersion"].startswith("v1.36.")


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/livez/ping", "/readyz/etcd"])
def test_a_server_that_answers_is_healthy(client: Client, path: str) -> None:
    assert (client.get(path).code, client.get(path).body) == (200, b"ok")


def test_a_verbose_health_check_names_every_check(client: Client) -> None:
    lines = client.get("/readyz?verbose").body.decode().splitlines()
    assert lines[:3] == ["[+]ping ok", "[+]log ok", "[+]etcd ok"]
    assert lines[-1] == "readyz check passed"
    assert "[+]log ok" not in client.get("/readyz?verbose&exclude=log").body.decode()
    assert client.get("/readyz/nothing").code == 404


def test_a_group_that_is_served_elsewhere_is_listed_and_unavailable(client: Client, api: LocalApi) -> None:
    spec = {
        "group": "far.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
        "insecureSkipTLSVerify": True, "service": {"name": "x", "namespace": "default"},
    }  # fmt: skip
    metadata = {"name": "v1.far.example.com"}
    api.create({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": metadata, "spec": spec})
    for path in ("v1", "v1/things", "v1/namespaces/default/things/a"):
        answer = client.get(f"/apis/far.example.com/{path}")
        assert (answer.code, answer.body) == (503, b"service unavailable\n")
    assert client.get("/apis/far.example.com/v2").code == 404
    version = {"groupVersion": "far.example.com/v1", "version": "v1"}
    assert client.get("/apis/far.example.com").json["preferredVersion"] == version
    assert [group["name"] for group in client.get("/apis").json["groups"]][-1] == "far.example.com"
    items = client.get("/apis", accept=AGGREGATED).json["items"]
    assert items[-1] == {"metadata": {"name": "far.example.com"}, "versions": [{"version": "v1", "freshness": "Stale"}]}
