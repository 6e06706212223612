"""The client speaks dictionaries over the wire, in any spelling of a kind, and raises the server's own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from canned_api import CannedApi, Refused, Request, kubeconfig, served

from gitopslab import errors
from gitopslab.clusters.client import Client

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "resourceVersion": "5"}}
POD_PATH = "/api/v1/namespaces/default/pods/web"


@pytest.fixture
def api() -> CannedApi:
    return CannedApi()


@pytest.fixture
def client(api: CannedApi, tmp_path: Path) -> Iterator[Client]:
    with served(api) as address:
        made = Client(kubeconfig(tmp_path, address))
        yield made
        made.close()


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("pods", "pods"),
        ("pod", "pods"),
        ("Pod", "pods"),
        ("po", "pods"),
        ("deploy", "deployments.apps"),
        ("Deployment", "deployments.apps"),
        ("deployments.apps", "deployments.apps"),
        ("deployments.v1.apps", "deployments.apps"),
    ],
)
def test_a_kind_may_be_spelled_as_for_kubectl(client: Client, word: str, key: str) -> None:
    assert client.resource(word).key == key


def test_the_preferred_version_of_a_group_is_taken(client: Client) -> None:
    assert client.resource("deploy").version == "v1"
    assert client.resource("deploy").subresource("scale") is not None


def test_aggregated_discovery_is_read_where_a_server_offers_it(api: CannedApi, client: Client) -> None:
    entry = {"resource": "jobs", "responseKind": {"kind": "Job"}, "scope": "Namespaced", "singularResource": "job"}
    groups = [{"metadata": {"name": "batch"}, "versions": [{"version": "v1", "resources": [entry]}]}]
    api.on("GET", "/apis", {"kind": "APIGroupDiscoveryList", "items": groups})
    assert client.resource("job").api_version == "batch/v1"


@pytest.mark.parametrize(
    ("word", "hint"), [("podz", "did you mean pod"), ("zzzz", "api-resources")], ids=["typo", "odd"]
)
def test_an_unknown_kind_is_refused_with_a_proposal(client: Client, word: str, hint: str) -> None:
    with pytest.raises(errors.NotFoundError) as caught:
        client.resource(word)
    assert caught.value.message == f'the server doesn\'t have a resource type "{word}"'
    assert hint in caught.value.hint


def test_an_object_of_an_unknown_kind_is_refused_in_kubectls_words(client: Client) -> None:
    with pytest.raises(errors.NotFoundError, match='no matches for kind "Pood" in version "v1"'):
        client.resource({"apiVersion": "v1", "kind": "Pood"})


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (404, "NotFound", errors.NotFoundError),
        (409, "AlreadyExists", errors.AlreadyExistsError),
        (409, "Conflict", errors.ConflictError),
        (422, "Invalid", errors.InvalidError),
        (403, "Forbidden", errors.ApiError),
    ],
    ids=["404", "409 exists", "409 conflict", "422", "403"],
)
def test_a_status_becomes_its_error(api: CannedApi, client: Client, code: int, reason: str, kind: type) -> None:
    def refuse(_: Request) -> Any:
        raise Refused(code, reason, "the server's words")

    api.on("GET", POD_PATH, refuse)
    with pytest.raises(kind, match="the server's words"):
        client.get("pod", "web")


def test_a_list_is_read_page_by_page_and_its_items_get_their_kind(api: CannedApi, client: Client) -> None:
    def page(request: Request) -> Any:
        last = request.query.get("continue") == "more"
        name, metadata = (
            ("b", {"resourceVersion": "9"}) if last else ("a", {"resourceVersion": "9", "continue": "more"})
        )
        return {"kind": "PodList", "metadata": metadata, "items": [{"metadata": {"name": name}}]}

    api.on("GET", "/api/v1/pods", page)
    items, revision = client.list_with_revision("pods", labels="app=web")
    assert [(item["kind"], item["metadata"]["name"]) for item in items] == [("Pod", "a"), ("Pod", "b")]
    assert revision == "9"
    assert api.requests[-1].query["labelSelector"] == "app=web"


@pytest.mark.parametrize(
    ("before", "outcome"), [(None, "created"), ("5", "unchanged"), ("4", "configured")], ids=["new", "same", "changed"]
)
def test_apply_says_what_it_did(api: CannedApi, client: Client, before: str | None, outcome: str) -> None:
    if before is not None:
        api.on("GET", POD_PATH, {**POD, "metadata": {"name": "web", "resourceVersion": before}})
    api.on("PATCH", POD_PATH, POD)
    assert client.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}).outcome == outcome
    sent = api.requests[-1]
    assert sent.headers["Content-Type"] == "application/apply-patch+yaml"
    assert sent.query == {"fieldManager": "gitopslab", "force": "true", "fieldValidation": "Strict"}


def test_cluster_scoped_objects_have_no_namespace_in_their_path(client: Client) -> None:
    assert client.path(client.resource("node"), "default", "lab-worker") == "/api/v1/nodes/lab-worker"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "%2e%2e"])
def test_a_name_that_would_lead_to_other_objects_is_refused_before_anything_is_sent(
    api: CannedApi, client: Client, name: str
) -> None:
    client.discovery()
    asked = len(api.requests)
    for act in (
        lambda: client.get("pod", name),
        lambda: client.delete("pod", name),
        lambda: client.patch("pod", name, {}),
        lambda: client.logs(name),
    ):
        with pytest.raises(errors.LabError, match=r"name") as refused:
            act()
        assert refused.value.hint
    assert len(api.requests) == asked, "a DELETE without a name would be one of all pods"


def test_a_name_is_quoted_in_its_path(client: Client) -> None:
    path = client.path(client.resource("pods"), "default", "a b?c#d:e")
    assert path == "/api/v1/namespaces/default/pods/a%20b%3Fc%23d:e"


def test_every_request_proves_who_it_is(api: CannedApi, client: Client) -> None:
    client.discovery()
    assert {request.headers["Authorization"] for request in api.requests} == {"Bearer secret"}


def test_warnings_of_the_server_are_passed_on(api: CannedApi, tmp_path: Path) -> None:
    heard: list[str] = []
    api.warnings.append("v1beta1 is going away")
    api.on("GET", POD_PATH, POD)
    with served(api) as address:
        client = Client(kubeconfig(tmp_path, address), on_warning=heard.append)
        client.discovery()
        heard.clear()
        client.get("pod", "web")
        client.close()
    assert heard == ["v1beta1 is going away"]


def test_a_cluster_that_is_down_is_named_with_a_next_step(api: CannedApi, tmp_path: Path) -> None:
    with served(api) as address:
        client = Client(kubeconfig(tmp_path, address))
    with pytest.raises(errors.SetupError, match="does not answer: nothing listens there") as caught:
        client.list("pods")
    assert "gitopslab up" in caught.value.hint


@pytest.mark.parametrize("text", ["", "not: a kubeconfig", "{"], ids=["empty", "other YAML", "broken YAML"])
def test_a_file_that_is_no_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(errors.SetupError, match="cannot be used as a kubeconfig"):
        Client(tmp_path / "kubeconfig")


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.SetupError, match="there is no kubeconfig"):
        Client(tmp_path / "nowhere")


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    api: CannedApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    api.on("GET", POD_PATH, POD)
    with served(api) as address:
        client = Client(kubeconfig(tmp_path, address))
        assert client.get("pod", "web") == POD
        client.close()
