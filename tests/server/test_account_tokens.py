"""A service account's token is good while all that it names is there, and no longer than it says."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from builders import ADMIN, pod

from gitopslab.controlplane.server.authentication.accounts import ISSUER
from gitopslab.controlplane.server.authentication.claims import InvalidTokenError
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller, WriteOptions
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError
from gitopslab.machinery.clock import JumpableClock, timestamp
from gitopslab.machinery.jwt import SigningKey
from gitopslab.machinery.objects import Object
from gitopslab.machinery.serviceaccounts import secret_claims

ACCOUNT = "system:serviceaccount:default:default"
EXTRA = "authentication.kubernetes.io"


def request(verbs: Verbs, name: str = "default", metadata: Object | None = None, **spec: Any) -> Object:
    accounts = verbs.catalog.by_key("serviceaccounts")
    assert accounts is not None
    asked = {"spec": spec, **({"metadata": metadata} if metadata else {})}
    return verbs.create(
        ADMIN, accounts, "default", asked, WriteOptions(), name=name, subresource="token"
    ).object  # fmt: skip


def token(verbs: Verbs, **spec: Any) -> bytes:
    text: str = request(verbs, **spec)["status"]["token"]
    return text.encode()


def claims(text: str) -> Object:
    body = text.split(".")[1]
    found: Object = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def bound(kind: str, name: str, **more: str) -> Object:
    return {"apiVersion": "v1", "kind": kind, "name": name, **more}


def caller(verbs: Verbs, text: bytes) -> Caller:
    return verbs.tokens.identify(text)[0]


def refusal(verbs: Verbs, text: bytes, *audiences: str) -> str:
    with pytest.raises(InvalidTokenError) as caught:
        verbs.tokens.identify(text, *([audiences] if audiences else []))
    return str(caught.value)


def test_a_token_claims_what_the_real_one_does(verbs: Verbs, api: LocalApi, clock: JumpableClock) -> None:
    found = request(verbs)
    uid = api.get("serviceaccounts", "default", "default")["metadata"]["uid"]
    now = int(clock.now())
    told = claims(found["status"]["token"])
    assert told.pop("jti")
    assert told == {
        "aud": [ISSUER],
        "exp": now + 3600,
        "iat": now,
        "iss": ISSUER,
        "kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "default", "uid": uid}},
        "nbf": now,
        "sub": ACCOUNT,
    }
    assert found["kind"] == "TokenRequest"
    assert found["spec"] == {"audiences": [ISSUER], "expirationSeconds": 3600, "boundObjectRef": None}
    assert found["status"]["expirationTimestamp"] == timestamp(now + 3600)
    assert {"name": "default", "namespace": "default", "uid": uid}.items() <= found["metadata"].items()


def test_whoever_shows_it_is_the_account(verbs: Verbs, api: LocalApi) -> None:
    found = caller(verbs, token(verbs))
    assert found.user == ACCOUNT
    assert found.groups == ("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated")
    assert found.uid == api.get("serviceaccounts", "default", "default")["metadata"]["uid"]
    assert dict(found.extra).keys() == {f"{EXTRA}/credential-id"}


def test_a_token_expires(verbs: Verbs, clock: JumpableClock) -> None:
    text = token(verbs, expirationSeconds=600)
    clock.jump(660)
    assert caller(verbs, text).user == ACCOUNT  # clocks may differ by a minute
    clock.jump(1)
    assert refusal(verbs, text) == "[invalid bearer token, service account token has expired]"


def test_a_token_is_for_those_it_names(verbs: Verbs) -> None:
    text = token(verbs, audiences=["vault"])
    assert refusal(verbs, text) == (
        f'[invalid bearer token, token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]]'
    )
    assert verbs.tokens.identify(text, ["vault", "x"])[1] == ["vault"]


def test_a_token_dies_with_its_account(verbs: Verbs, api: LocalApi) -> None:
    text = token(verbs)
    api.delete("serviceaccounts", "default", "default")
    assert refusal(verbs, text) == '[invalid bearer token, serviceaccounts "default" not found]'
    made = api.create(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
    )
    assert f"service account UID ({made['metadata']['uid']}) does not match claim" in refusal(verbs, text)


def test_a_token_of_a_pod_dies_with_it_and_tells_where_it_runs(verbs: Verbs, api: LocalApi) -> None:
    node = api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1"}})
    made = api.create(pod("p", spec={"nodeName": "n1"}))
    text = token(verbs, boundObjectRef=bound("Pod", "p"))
    extra = dict(caller(verbs, text).extra)
    assert extra[f"{EXTRA}/pod-name"] == ("p",)
    assert extra[f"{EXTRA}/pod-uid"] == (made["metadata"]["uid"],)
    assert extra[f"{EXTRA}/node-name"] == ("n1",)
    assert extra[f"{EXTRA}/node-uid"] == (node["metadata"]["uid"],)
    api.delete("nodes", "n1")
    assert caller(verbs, text).user == ACCOUNT
    api.delete("pods", "p", "default", grace_seconds=0)
    assert refusal(verbs, text) == "[invalid bearer token, service account token has been invalidated]"


def test_a_token_of_a_secret_or_node_dies_with_it(verbs: Verbs, api: LocalApi) -> None:
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "default"}})
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    kept, held = (token(verbs, boundObjectRef=bound(*what)) for what in (("Secret", "s"), ("Node", "n")))
    assert caller(verbs, kept).user == caller(verbs, held).user == ACCOUNT
    api.delete("secrets", "s", "default")
    api.delete("nodes", "n")
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    assert "has been invalidated" in refusal(verbs, kept)
    assert "does not match service account node ref claim" in refusal(verbs, held)


def test_what_pods_ask_for_lives_a_year_so_that_old_clients_do(
    verbs: Verbs, api: LocalApi, clock: JumpableClock
) -> None:
    api.create(pod("p"))
    found = request(verbs, boundObjectRef=bound("Pod", "p"), expirationSeconds=3607)
    told = claims(found["status"]["token"])
    now = int(clock.now())
    assert told["exp"] == now + 365 * 24 * 3600
    assert told["kubernetes.io"]["warnafter"] == now + 3607
    assert found["status"]["expirationTimestamp"] == timestamp(now + 3607)


@pytest.mark.parametrize(
    ("asked", "code", "message"),
    [
        ({"name": "nope"}, 404, 'serviceaccounts "nope" not found'),
        (
            {"expirationSeconds": 599},
            422,
            'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 599: '
            "may not specify a duration less than 10 minutes",
        ),
        (
            {"expirationSeconds": 2**32 + 1},
            422,
            'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 4294967297: '
            "may not specify a duration larger than 2^32 seconds",
        ),
        (
            {"metadata": {"name": "other"}},
            422,
            'TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "other": '
            "must match the service account name if specified",
        ),
        ({"boundObjectRef": bound("Pod", "nope")}, 404, 'pods "nope" not found'),
        (
            {"boundObjectRef": bound("Pod", "theirs")},
            400,
            'cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
        ),
        (
            {"boundObjectRef": bound("ConfigMap", "x")},
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap",
        ),
        (
            {"boundObjectRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}},
            400,
            "cannot bind token to object of type apps/v1, Kind=Deployment",
        ),
        (
            {"boundObjectRef": bound("Pod", "mine", uid="7")},
            409,
            'Operation cannot be fulfilled on Pod "mine": the UID in the bound object reference (7) does not match the '
            "UID in record. The object might have been deleted and then recreated",
        ),
    ],
    ids=["no account", "short", "long", "another name", "no pod", "another's pod", "a kind", "a group", "an older pod"],
)
def test_what_cannot_be_had_is_refused(verbs: Verbs, api: LocalApi, asked: Object, code: int, message: str) -> None:
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot", "namespace": "default"}})
    api.create(pod("mine"))
    api.create(pod("theirs", spec={"serviceAccountName": "bot"}))
    with pytest.raises(ApiError) as caught:
        request(verbs, **asked)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_request_for_an_older_account_of_the_name_is_a_conflict(verbs: Verbs) -> None:
    with pytest.raises(ApiError, match="the UID in the token request"):
        request(verbs, metadata={"uid": "7"})


def test_nothing_of_a_request_is_kept(verbs: Verbs) -> None:
    before = verbs.store.revision
    request(verbs)
    assert verbs.store.revision == before


# -- tokens kept in Secrets -------------------------------------------------------------------------------------------


def kept(verbs: Verbs, api: LocalApi) -> bytes:
    """A Secret with a token, as the token controller fills it."""
    metadata = {"name": "t", "namespace": "default", "annotations": {"kubernetes.io/service-account.name": "default"}}
    kind = "kubernetes.io/service-account-token"
    secret = api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind})
    account = api.get("serviceaccounts", "default", "default")
    text = verbs.accounts.key.signed(secret_claims(account, secret)).encode()
    api.patch("secrets", "t", {"data": {"token": base64.b64encode(text).decode()}}, "default")
    return text


def test_a_token_in_a_secret_never_expires(verbs: Verbs, api: LocalApi, clock: JumpableClock) -> None:
    text = kept(verbs, api)
    clock.jump(10 * 365 * 24 * 3600)
    found = caller(verbs, text)
    assert (found.user, found.extra) == (ACCOUNT, ())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"data": {"token": "eA=="}}, "Token does not match server's copy"),
        (
            {"metadata": {"labels": {"kubernetes.io/legacy-token-invalid-since": "2026-01-01"}}},
            "has been marked invalid",
        ),
        ({"metadata": {"finalizers": ["a.b/c"]}}, "Token has been invalidated"),
    ],
    ids=["another token", "marked", "being deleted"],
)
def test_it_is_good_only_while_its_secret_is(verbs: Verbs, api: LocalApi, change: Object, why: str) -> None:
    text = kept(verbs, api)
    api.patch("secrets", "t", change, "default")
    if "finalizers" in str(change):
        api.delete("secrets", "t", "default")
    assert why in refusal(verbs, text)


def test_it_dies_with_its_secret_and_its_account(verbs: Verbs, api: LocalApi) -> None:
    text = kept(verbs, api)
    api.delete("serviceaccounts", "default", "default")
    assert 'serviceaccounts "default" not found' in refusal(verbs, text)
    api.delete("secrets", "t", "default")
    assert refusal(verbs, text) == "[invalid bearer token, Token has been invalidated]"


# -- any token --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [b"", b"x", b"a.b.c", b"\xff\xfe"], ids=["empty", "a word", "three words", "no text"])
def test_what_nobody_gave_out_is_no_token(verbs: Verbs, text: bytes) -> None:
    verbs.tokens.know("admin's", ADMIN)
    assert refusal(verbs, text) == "invalid bearer token"
    assert caller(verbs, b"admin's") == ADMIN


def test_another_clusters_token_is_no_token(verbs: Verbs, clock: JumpableClock) -> None:
    other = Verbs(Store(), clock, key=SigningKey.new())
    made = LocalApi(other, ADMIN)
    made.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    made.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}})
    assert refusal(verbs, token(other)) == "invalid bearer token"
