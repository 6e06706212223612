"""Questions about rights and identities are answered and never kept; tokens can be checked by others."""

from __future__ import annotations

import pytest
from builders import role, role_binding
from exchange import Client

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.machinery.objects import Object

AUTHORIZATION = "/apis/authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"
PODS = {"verb": "get", "resource": "pods", "namespace": "default"}
JANE = {"impersonate-user": "jane", "impersonate-group": "dev"}


@pytest.fixture(autouse=True)
def _jane_may_read_pods_and_ask(verbs: Verbs, api: LocalApi) -> None:
    asking = {"verbs": ["create"], "apiGroups": ["*"], "resources": ["*"]}
    api.create(role("reader", {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}))
    api.create(role_binding("reader", "reader", user="jane"))
    api.create(role_binding("lost", "gone", user="eve"))
    everywhere = {"kind": "ClusterRole", "metadata": {"name": "asking"}, "rules": [asking]}
    api.create({"apiVersion": "rbac.authorization.k8s.io/v1", **everywhere})
    binding = role_binding("asking", "asking", user="jane")
    binding["kind"], binding["roleRef"]["kind"] = "ClusterRoleBinding", "ClusterRole"
    del binding["metadata"]["namespace"]
    api.create(binding)


def ask(client: Client, path: str, spec: Object | None = None, **headers: str) -> Object:
    answer = client("POST", path, {"spec": spec} if spec is not None else {}, **headers)
    assert answer.code == 201, answer.json
    found: Object = answer.json
    return found


def test_one_may_ask_what_one_may_do(client: Client, verbs: Verbs) -> None:
    before = verbs.store.revision
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
    found = ask(client, path, {"resourceAttributes": PODS}, **JANE)
    assert found["kind"] == "SelfSubjectAccessReview"
    assert found["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "reader/default" of Role "reader" to User "jane"',
    }
    refused = ask(client, path, {"resourceAttributes": {**PODS, "verb": "delete"}}, **JANE)
    assert refused["status"] == {"allowed": False}
    assert ask(client, path, {"resourceAttributes": PODS})["status"] == {"allowed": True}
    assert ask(client, path, {"nonResourceAttributes": {"verb": "get", "path": "/x"}}, **JANE)["status"] == {
        "allowed": False
    }
    assert verbs.store.revision == before


def test_one_may_ask_for_somebody_else(client: Client) -> None:
    path = f"{AUTHORIZATION}/subjectaccessreviews"
    assert ask(client, path, {"user": "jane", "resourceAttributes": PODS})["status"]["allowed"]
    assert ask(client, path, {"user": "eve", "groups": ["dev"], "resourceAttributes": PODS})["status"] == {
        "allowed": False,
        "reason": 'RBAC: role.rbac.authorization.k8s.io "gone" not found',
    }
    assert ask(client, path, {"groups": ["system:masters"], "resourceAttributes": PODS})["status"]["allowed"]


def test_a_local_question_is_about_its_namespace(client: Client) -> None:
    path = f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews"
    found = ask(client, path, {"user": "jane", "resourceAttributes": PODS})
    assert found["status"]["allowed"]
    assert found["metadata"]["namespace"] == "default"
    answer = client("POST", path, {"spec": {"user": "jane", "resourceAttributes": {**PODS, "namespace": "other"}}})
    assert answer.json["message"] == (
        '.authorization.k8s.io "" is invalid: spec.resourceAttributes.namespace: '
        'Invalid value: "other": must match metadata.namespace'
    )


@pytest.mark.parametrize(
    ("kind", "body", "message"),
    [
        (
            "selfsubjectaccessreviews",
            {"spec": {}},
            "spec.resourceAttributes: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes "
            "must be specified",
        ),
        (
            "selfsubjectaccessreviews",
            {"spec": {"resourceAttributes": PODS, "nonResourceAttributes": {"path": "/a", "verb": "get"}}},
            'spec.nonResourceAttributes: Invalid value: {"Path":"/a","Verb":"get"}: cannot be specified in combination '
            "with resourceAttributes",
        ),
        (
            "subjectaccessreviews",
            {"spec": {"resourceAttributes": PODS}},
            'spec.user: Invalid value: "": at least one of user or group must be specified',
        ),
    ],
    ids=["nothing", "both", "nobody"],
)
def test_an_incomplete_question_is_refused(client: Client, kind: str, body: Object, message: str) -> None:
    answer = client("POST", f"{AUTHORIZATION}/{kind}", body)
    assert answer.code == 422
    assert answer.json["message"].endswith(f'.authorization.k8s.io "" is invalid: {message}')


def test_a_question_has_no_name(client: Client) -> None:
    body = {"metadata": {"name": "x"}, "spec": {"resourceAttributes": PODS}}
    answer = client("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", body)
    assert answer.code == 422
    assert answer.json["details"]["causes"][0]["field"] == "metadata"
    assert answer.json["message"].endswith(": must be empty")


def test_all_rights_can_be_listed(client: Client) -> None:
    found = ask(client, f"{AUTHORIZATION}/selfsubjectrulesreviews", {"namespace": "default"}, **JANE)
    assert found["status"] == {
        "resourceRules": [
            {"verbs": ["create"], "apiGroups": ["*"], "resources": ["*"]},
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
        ],
        "nonResourceRules": [],
        "incomplete": False,
    }
    answer = client("POST", f"{AUTHORIZATION}/selfsubjectrulesreviews", {"spec": {}})
    assert (answer.code, answer.json["message"]) == (400, "no namespace on request")


def test_one_may_ask_who_one_is(client: Client, verbs: Verbs) -> None:
    path = f"{AUTHENTICATION}/selfsubjectreviews"
    headers = {**JANE, "impersonate-uid": "7", "impersonate-extra-acme.com%2fproject": "p"}
    assert ask(client, path, **headers)["status"]["userInfo"] == {
        "username": "jane",
        "uid": "7",
        "groups": ["dev", "system:authenticated"],
        "extra": {"acme.com/project": ["p"]},
    }


def test_others_can_have_a_token_checked(client: Client, verbs: Verbs) -> None:
    path = f"{AUTHENTICATION}/tokenreviews"
    verbs.tokens.know("janes", Caller("jane", ("dev",)))
    found = ask(client, path, {"token": "janes"})["status"]
    assert (found["authenticated"], found["user"]) == (True, {"username": "jane", "groups": ["dev"]})
    assert ask(client, path, {"token": "x"})["status"] == {"user": {}, "error": "invalid bearer token"}
    made = client(
        "POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {"audiences": ["vault"]}}
    )
    token = made.json["status"]["token"]
    assert ask(client, path, {"token": token, "audiences": ["vault", "x"]})["status"]["audiences"] == ["vault"]
    assert "authenticated" not in ask(client, path, {"token": token})["status"]
    answer = client("POST", path, {"spec": {}})
    assert (answer.code, answer.json["message"]) == (400, "token is required for TokenReview in authentication")


def test_a_service_account_can_ask_with_its_token(client: Client) -> None:
    made = client("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", {})
    assert made.code == 201
    token = made.json["status"]["token"]
    answer = client.get("/api/v1/namespaces/default/pods", authorization=f"Bearer {token}")
    assert answer.json["message"] == (
        'pods is forbidden: User "system:serviceaccount:default:default" cannot list resource "pods" in API group "" '
        'in the namespace "default"'
    )


def test_the_key_that_signs_tokens_can_be_found(client: Client, verbs: Verbs) -> None:
    found = client.get("/.well-known/openid-configuration")
    assert found.json["issuer"] == "https://kubernetes.default.svc.cluster.local"
    assert found.json["jwks_uri"].endswith("/openid/v1/jwks")
    assert client.get("/openid/v1/jwks", accept="application/json").code == 406  # it is one of its own kind
    keys = client.get("/openid/v1/jwks", accept="*/*")
    assert keys.headers["content-type"] == "application/jwk-set+json"
    assert keys.json == {"keys": [verbs.accounts.key.public()]}
    assert client.get("/openid/v1/jwks", **JANE).code == 403


_SELECTED = "spec.resourceAttributes.{}Selector"
_UNREAD = "ignored due to parse error"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"labelSelector": {"rawSelector": "a=b"}}, None),
        ({"labelSelector": {"rawSelector": "a in"}}, f"{_SELECTED.format('label')} {_UNREAD}"),
        ({"fieldSelector": {"rawSelector": "a in (b)"}}, f"{_SELECTED.format('field')} {_UNREAD}"),
        ({"labelSelector": {"requirements": [{"key": "a", "operator": "Foo"}, {"key": "b", "operator": "Exists"}]}},
         f"{_SELECTED.format('label')} partially {_UNREAD}"),
        ({"fieldSelector": {"requirements": [{"key": "a", "operator": "In", "values": ["b", "c"]}]}},
         f"{_SELECTED.format('field')} {_UNREAD}"),
        ({"labelSelector": {"rawSelector": "!!"}, "fieldSelector": {"rawSelector": "a"}},
         f"{_SELECTED.format('field')} {_UNREAD}; {_SELECTED.format('label')} {_UNREAD}"),
    ],
)  # fmt: skip
def test_selectors_that_nobody_can_read_are_passed_over_and_told(
    client: Client, asked: Object, told: str | None
) -> None:
    path = f"{AUTHORIZATION}/selfsubjectaccessreviews"
    status = ask(client, path, {"resourceAttributes": {**PODS, "verb": "list", **asked}}, **JANE)["status"]
    assert status["allowed"] is True
    assert status.get("evaluationError") == told


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"labelSelector": {}}, "labelSelector.requirements: Required value: when "
         "spec.resourceAttributes.labelSelector is specified, requirements or rawSelector is required"),
        ({"fieldSelector": {"rawSelector": "a=b", "requirements": [{"key": "a", "operator": "Exists"}]}},
         'fieldSelector.rawSelector: Invalid value: "a=b": may not specified at the same time as requirements'),
        ({"labelSelector": {"requirements": [{"key": "a", "operator": "In"}]}},
         "labelSelector.requirements[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"),
        ({"fieldSelector": {"requirements": [{"operator": "In", "values": ["x"]}]}},
         "fieldSelector.requirements[0].key: Required value: must be specified"),
    ],
)  # fmt: skip
def test_selectors_that_make_no_sense_are_refused(client: Client, asked: Object, told: str) -> None:
    body = {"spec": {"resourceAttributes": {**PODS, **asked}}}
    answer = client("POST", f"{AUTHORIZATION}/selfsubjectaccessreviews", body, **JANE)
    assert answer.code == 422
    assert answer.json["message"] == f'.authorization.k8s.io "" is invalid: spec.resourceAttributes.{told}'
