from __future__ import annotations

import pytest
from exchange import Client

from gitopslab.controlplane.http.request import RequestInfo, parse
from gitopslab.controlplane.server.local import LocalApi


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/api/v1/pods", RequestInfo("list", "", "v1", "", "pods", "")),
        ("GET", "/api/v1/namespaces/a/pods", RequestInfo("list", "", "v1", "a", "pods", "")),
        ("GET", "/api/v1/namespaces/a/pods/p", RequestInfo("get", "", "v1", "a", "pods", "p")),
        ("GET", "/api/v1/namespaces/a/pods/p/log", RequestInfo("get", "", "v1", "a", "pods", "p", "log")),
        ("POST", "/api/v1/namespaces/a/pods", RequestInfo("create", "", "v1", "a", "pods", "")),
        ("POST", "/api/v1/namespaces/a/pods/p/binding", RequestInfo("create", "", "v1", "a", "pods", "p", "binding")),
        ("GET", "/api/v1/namespaces", RequestInfo("list", "", "v1", "", "namespaces", "")),
        ("GET", "/api/v1/namespaces/a", RequestInfo("get", "", "v1", "", "namespaces", "a")),
        ("PUT", "/api/v1/namespaces/a/status", RequestInfo("update", "", "v1", "", "namespaces", "a", "status")),
        ("PUT", "/api/v1/namespaces/a/finalize", RequestInfo("update", "", "v1", "", "namespaces", "a", "finalize")),
        ("DELETE", "/apis/apps/v1/namespaces/a/deployments",
         RequestInfo("deletecollection", "apps", "v1", "a", "deployments", "")),
        ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale",
         RequestInfo("patch", "apps", "v1", "a", "deployments", "d", "scale")),
        ("DELETE", "/apis/x.io/v1/things/t", RequestInfo("delete", "x.io", "v1", "", "things", "t")),
        ("GET", "/api/v1/watch/namespaces/a/pods", RequestInfo("watch", "", "v1", "a", "pods", "")),
        ("GET", "/api/v1/watch/namespaces/a/pods/p", RequestInfo("watch", "", "v1", "a", "pods", "p")),
        ("GET", "/api/v1/nodes/n/proxy/a/b", RequestInfo("get", "", "v1", "", "nodes", "n", "proxy", ("a", "b"))),
        ("GET", "/api/v1/pods/", RequestInfo("list", "", "v1", "", "pods", "")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_path_tells_what_a_request_is_about(method: str, path: str, wanted: RequestInfo) -> None:
    assert parse(method, path) == wanted


@pytest.mark.parametrize("path", ["/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/api/v1/watch"])
def test_a_path_above_resources_names_none(path: str) -> None:
    assert parse("GET", path) is None


def test_a_method_the_api_does_not_know_is_no_verb() -> None:
    info = parse("BREW", "/api/v1/pods")
    assert info is not None
    assert (info.verb, info.resource) == ("", "pods")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "ports/a/status", 404),
        ("GET", "ports/a/nosuch", 404),
        ("POST", "ports/a", 400),
        ("GET", "ports?watch=true&labelSelector=a%20b%20c", 400),
        ("GET", "ports?watch=true&timeoutSeconds=1&resourceVersionMatch=Odd", 422),
    ],
)
def test_an_old_version_of_a_custom_resource_warns_before_it_refuses(
    client: Client, api: LocalApi, method: str, path: str, code: int
) -> None:
    names = {"plural": "ports", "singular": "port", "kind": "Port"}
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "deprecated": True, "schema": schema}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    made = api.create({**head, "metadata": {"name": "ports.example.com"}, "spec": spec})
    status = {
        **made["status"],
        "acceptedNames": {**names, "listKind": "PortList"},
        "conditions": [{"type": "Established", "status": "True"}],
    }
    api.update({**made, "status": status}, "status")
    answer = client(method, f"/apis/example.com/v1/namespaces/default/{path}")
    assert (answer.code, answer.headers.get("warning")) == (code, '299 - "example.com/v1 Port is deprecated"')


def test_a_watch_tells_that_its_kind_is_deprecated(client: Client) -> None:
    answer = client.get("/api/v1/endpoints?watch=true&timeoutSeconds=1")
    assert "v1 Endpoints is deprecated" in answer.headers["warning"]
