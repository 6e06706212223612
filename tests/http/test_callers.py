"""Who a request comes from, whom it wants to be, and what the API says when that one may not."""

from __future__ import annotations

import pytest
from builders import ADMIN, cluster_role, cluster_role_binding, config_map, pod, role, role_binding
from exchange import TOKEN, Client

from gitopslab.controlplane.http.impersonation import wanted_of
from gitopslab.controlplane.http.request import parse
from gitopslab.controlplane.http.security import access_of, managing, new_token
from gitopslab.controlplane.server.authorization.attributes import Access
from gitopslab.controlplane.server.authorization.impersonation import Wanted
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import ApiError

PUBLIC = "system:public-info-viewer"


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 40


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_token_names_its_caller(client: Client, scheme: str) -> None:
    assert client.get("/api/v1/nodes", authorization=f"{scheme} {TOKEN}").code == 200


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer a.b.c", "Bearer ünknown"])
def test_a_token_nobody_gave_out_is_refused(client: Client, header: str) -> None:
    answer = client.get("/version", authorization=header)
    assert (answer.code, answer.json["message"], answer.json["reason"]) == (401, "Unauthorized", "Unauthorized")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi"])
def test_without_a_token_one_is_anonymous_and_may_read_only_what_is_public(
    client: Client, api: LocalApi, header: str
) -> None:
    api.create(cluster_role(PUBLIC, {"verbs": ["get"], "nonResourceURLs": ["/version", "/readyz"]}))
    api.create(cluster_role_binding(PUBLIC, PUBLIC, group="system:unauthenticated"))
    assert client.get("/version", authorization=header).code == 200
    assert client.get("/readyz", authorization=header).code == 200
    answer = client.get("/api/v1/namespaces/default/pods/p", authorization=header)
    assert answer.code == 403
    assert answer.json["message"] == (
        'pods "p" is forbidden: User "system:anonymous" cannot get resource "pods" in API group "" '
        'in the namespace "default"'
    )


def test_anonymous_may_not_even_look_at_discovery(client: Client) -> None:
    answer = client.get("/apis", authorization="")
    assert answer.json["message"] == 'forbidden: User "system:anonymous" cannot get path "/apis"'
    assert client.get("/", authorization="").code == 403


def test_refusals_name_the_scope(client: Client) -> None:
    assert "at the cluster scope" in client.get("/api/v1/nodes", authorization="").json["message"]
    message = client.get("/apis/apps/v1/deployments", authorization="").json["message"]
    assert message.startswith(
        'deployments.apps is forbidden: User "system:anonymous" cannot list resource "deployments"'
    )


def test_markup_in_a_name_stays_text(client: Client) -> None:
    answer = client.get("/<b>", authorization="")
    assert answer.json["message"] == 'forbidden: User "system:anonymous" cannot get path "/&lt;b&gt;"'


@pytest.mark.parametrize(
    ("method", "target", "access"),
    [
        ("GET", "/api/v1/namespaces/a/pods", Access("list", "", "pods", namespace="a")),
        ("GET", "/api/v1/namespaces/a/pods?watch=true", Access("watch", "", "pods", namespace="a")),
        ("GET", "/api/v1/watch/pods", Access("watch", "", "pods")),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dx", Access("list", "", "pods", name="x")),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name!%3Dx", Access("list", "", "pods")),
        ("GET", "/api/v1/namespaces/a", Access("get", "", "namespaces", namespace="a", name="a")),
        ("GET", "/api/v1/namespaces/a/pods/p/log", Access("get", "", "pods", "log", "a", "p")),
        (
            "DELETE",
            "/apis/apps/v1/namespaces/a/deployments",
            Access("deletecollection", "apps", "deployments", "", "a"),
        ),
        ("POST", "/api/v1/namespaces/a/pods/p/exec", Access("create", "", "pods", "exec", "a", "p")),
        ("GET", "/apis/apps/v1", Access("get", path="/apis/apps/v1")),
        ("GET", "/openapi/v3/apis/apps/v1", Access("get", path="/openapi/v3/apis/apps/v1")),
        ("HEAD", "/healthz", Access("head", path="/healthz")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_request_is_one_action(method: str, target: str, access: Access) -> None:
    path, _, query = target.partition("?")
    scope = {"method": method, "path": path, "query_string": query.encode()}
    assert access_of(scope, parse(method, path)) == access


def test_somebody_with_a_role_may_do_what_it_says_and_nothing_else(client: Client, api: LocalApi) -> None:
    api.create(role("reader", {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}))
    api.create(role_binding("reader", "reader", user="jane"))
    api.create(pod("p"))
    jane = {"impersonate-user": "jane"}
    assert client.get("/api/v1/namespaces/default/pods/p", **jane).code == 200
    assert client.get("/api/v1/namespaces/default/pods", **jane).code == 200
    for path, text in (
        ("/api/v1/namespaces/default/pods?watch=1", 'cannot watch resource "pods"'),
        ("/api/v1/namespaces/default/pods/p/log", 'cannot get resource "pods/log"'),
        ("/api/v1/namespaces/other/pods", 'in the namespace "other"'),
        ("/api/v1/pods", "at the cluster scope"),
    ):
        answer = client.get(path, **jane)
        assert answer.code == 403
        assert text in answer.json["message"]


def test_applying_what_is_not_there_takes_the_right_to_create(client: Client, api: LocalApi) -> None:
    api.create(role("patcher", {"verbs": ["patch"], "apiGroups": [""], "resources": ["configmaps"]}))
    api.create(role_binding("patcher", "patcher", user="jane"))
    headers = {"impersonate-user": "jane", "content-type": "application/apply-patch+yaml"}
    path = "/api/v1/namespaces/default/configmaps/a"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    answer = client("PATCH", f"{path}?fieldManager=m", body, **headers)
    assert answer.json["message"] == (
        'configmaps "a" is forbidden: User "jane" cannot create resource "configmaps" in API group "" '
        'in the namespace "default"'
    )
    api.create(config_map("a"))
    assert client("PATCH", f"{path}?fieldManager=m", body, **headers).code == 200


def test_an_update_that_makes_an_object_takes_the_right_to_create_once_all_else_is_well(
    client: Client, api: LocalApi
) -> None:
    api.create(role("updater", {"verbs": ["update"], "apiGroups": [""], "resources": ["limitranges"]}))
    api.create(role_binding("updater", "updater", user="jane"))
    headers = {"impersonate-user": "jane"}
    path = "/api/v1/namespaces/default/limitranges/a"
    body = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "a"}, "spec": {"limits": []}}
    assert client("PUT", path, {**body, "metadata": {"name": "a", "labels": {"a_": "b"}}}, **headers).code == 422
    assert client("PUT", path, body, **headers).json["message"] == (
        'limitranges "a" is forbidden: User "jane" cannot create resource "limitranges" in API group "" '
        'in the namespace "default"'
    )
    assert client("PUT", path, body).code == 201
    assert client("PUT", path, body, **headers).code == 200


def test_a_websocket_into_a_container_needs_the_right_to_create(client: Client, api: LocalApi) -> None:
    api.create(role("looker", {"verbs": ["get"], "apiGroups": [""], "resources": ["pods/exec"]}))
    api.create(role_binding("looker", "looker", user="jane"))
    answer = client.get("/api/v1/namespaces/default/pods/p/exec", **{"impersonate-user": "jane"})
    assert (answer.code, answer.json["message"]) == (403, 'pods "p" is forbidden: ')


def test_only_who_may_impersonate_can_be_somebody_else(client: Client, verbs: object, api: LocalApi) -> None:
    verbs.tokens.know("jane's", Caller("jane", ("system:authenticated",)))  # type: ignore[attr-defined]
    as_bob = {"authorization": "Bearer jane's", "impersonate-user": "bob"}
    answer = client.get("/api/v1/namespaces/default/pods", **as_bob)
    assert answer.json["message"] == (
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" '
        'in the namespace "default"'
    )
    api.create(cluster_role("be-bob", {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]}))
    api.create(cluster_role_binding("be-bob", "be-bob", user="jane"))
    message = client.get("/api/v1/namespaces/default/pods", **as_bob).json["message"]
    assert message.startswith('pods is forbidden: User "bob" cannot list resource "pods"')


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ([], None),
        ([(b"impersonate-user", b"bob")], Wanted("bob")),
        (
            [(b"impersonate-user", b"b"), (b"impersonate-group", b"x"), (b"impersonate-group", b"y")],
            Wanted("b", groups=("x", "y")),
        ),
        (
            [(b"impersonate-user", b"b"), (b"impersonate-extra-acme.com%2fproject", b"p"), (b"impersonate-uid", b"1")],
            Wanted("b", "1", extra=(("acme.com/project", ("p",)),)),
        ),
    ],
    ids=["nobody", "a user", "groups", "extra"],
)
def test_headers_name_whom_to_be(headers: list[tuple[bytes, bytes]], wanted: Wanted | None) -> None:
    assert wanted_of([(b"accept", b"*/*"), *headers]) == wanted


def test_groups_without_a_user_are_a_bad_request() -> None:
    with pytest.raises(ApiError) as caught:
        wanted_of([(b"impersonate-group", b"x"), (b"impersonate-group", b"y")])
    assert (caught.value.code, caught.value.message) == (
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x", "y"}, '
        "Extra:map[string][]string(nil)} without impersonating a user name",
    )


@pytest.mark.parametrize(
    ("agent", "manager"),
    [(b"kubectl/v1.37 (linux/amd64)", "kubectl"), (b"", "unknown"), (b"a" * 300, "a" * 128), (b"x\x01y/1", "xy")],
    ids=["kubectl", "none", "long", "unprintable"],
)
def test_the_user_agent_names_the_field_manager(agent: bytes, manager: str) -> None:
    assert managing(ADMIN, agent).manager == manager
