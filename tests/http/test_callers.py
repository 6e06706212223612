from __future__ import annotations

import pytest
from builders import ADMIN
from exchange import Client

from gitopslab.controlplane.http.security import TokenAuthenticator, managing, new_token
from gitopslab.errors import ApiError


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 40


def test_a_token_names_its_caller() -> None:
    authenticate = TokenAuthenticator({"abc": ADMIN})
    assert authenticate({b"authorization": b"Bearer abc"}) == ADMIN
    assert authenticate({b"authorization": b"bearer abc"}) == ADMIN


@pytest.mark.parametrize("header", [b"Bearer abd", b"Bearer ab", b"Bearer abcd", "Bearer ünknown".encode()])
def test_a_token_nobody_gave_out_is_refused(header: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        TokenAuthenticator({"abc": ADMIN})({b"authorization": header})
    assert (caught.value.code, caught.value.message) == (401, "Unauthorized")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi"])
def test_without_a_token_one_is_anonymous_and_may_read_only_what_is_public(client: Client, header: str) -> None:
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


@pytest.mark.parametrize(
    ("agent", "manager"),
    [(b"kubectl/v1.37 (linux/amd64)", "kubectl"), (b"", "unknown"), (b"a" * 300, "a" * 128), (b"x\x01y/1", "xy")],
    ids=["kubectl", "none", "long", "unprintable"],
)
def test_the_user_agent_names_the_field_manager(agent: bytes, manager: str) -> None:
    assert managing(ADMIN, agent).manager == manager
