"""What the API server tells Prometheus."""

from __future__ import annotations

import re

from builders import config_map
from exchange import Client

from gitopslab.controlplane.http.app import build_app
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.verbs import Verbs


def rows(client: Client, name: str) -> dict[str, int]:
    text = client.get("/metrics").body.decode()
    return {labels: int(value) for labels, value in re.findall(rf"^{name}{{(.*)}} (\d+)$", text, re.MULTILINE)}


def labelled(code: int, verb: str, scope: str, **more: str) -> str:
    known = {
        "code": str(code), "component": "apiserver", "dry_run": "", "group": "", "resource": "configmaps",
        "scope": scope, "subresource": "", "verb": verb, "version": "v1", **more,
    }  # fmt: skip
    return ",".join(f'{name}="{value}"' for name, value in known.items())


def test_requests_are_counted_by_what_they_were_for(client: Client) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    for name in "ab":
        client("POST", path, config_map(name))
    client("POST", f"{path}?dryRun=All", config_map("c"))
    client.get(path)
    client.get("/api/v1/configmaps")
    client.get(f"{path}/nosuch")
    client("PATCH", f"{path}/a", {"data": {"k": "v"}}, content_type="application/merge-patch+json")
    found = rows(client, "apiserver_request_total")
    assert found[labelled(201, "POST", "resource")] == 2
    assert found[labelled(201, "POST", "resource", dry_run="All")] == 1
    assert found[labelled(200, "LIST", "namespace")] == found[labelled(200, "LIST", "cluster")] == 1
    assert found[labelled(404, "GET", "resource")] == 1
    assert found[labelled(200, "PATCH", "resource")] == 1


def test_what_is_not_served_is_not_counted(client: Client) -> None:
    client.get("/apis/nosuch.example.com/v1/things")
    for path in ("configmaps/a/nosuch", "configmaps?dryRun=nosuch"):
        client("POST", f"/api/v1/namespaces/default/{path}", config_map("a"))
    client("NOSUCH", "/api/v1/namespaces/default/configmaps")
    client.get("/readyz/nosuch")
    client.get("/readyz")
    found = rows(client, "apiserver_request_total")
    assert not any("nosuch" in labels for labels in found)
    assert any('subresource="/readyz",verb="GET"' in labels for labels in found)


def test_a_watch_is_counted_when_it_ends(client: Client) -> None:
    client.get("/api/v1/namespaces/default/configmaps?watch=1&timeoutSeconds=1")
    assert rows(client, "apiserver_request_total")[labelled(200, "WATCH", "namespace")] == 1


def test_objects_and_what_is_under_way_are_told(client: Client, api: LocalApi) -> None:
    api.create(config_map("a"))
    assert rows(client, "apiserver_resource_objects")['group="",resource="configmaps"'] == 1
    assert rows(client, "apiserver_current_inflight_requests") == {
        'request_kind="mutating"': 0,
        'request_kind="readOnly"': 1,
    }


def test_metrics_are_not_for_everybody(verbs: Verbs) -> None:
    answer = Client(build_app(verbs)).get("/metrics", authorization="")
    assert answer.code == 403
