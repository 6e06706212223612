"""Admission webhooks: who is asked, what they are told, and what their answers do, in the words of the real server."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from builders import ADMIN, config_map, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import DeleteOptions, WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.controlplane.server.webhookclients import CallError, Destination, Review
from gitopslab.errors import ApiError, ConflictError
from gitopslab.machinery.objects import Object

_GROUP = "admissionregistration.k8s.io"
_MAPS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}

Program = Callable[[Object], Object]
"""What a webhook makes of a request: its response, without the uid."""


class Outside:
    """Programs outside of the cluster, by the path of their URL; stands for the network."""

    def __init__(self) -> None:
        self.programs: dict[str, Program] = {}
        self.requests: list[Object] = []
        self.destinations: list[Destination] = []

    def prepared(self, destination: Destination, body: bytes, seconds: int, review: Review) -> Callable[[], Object]:
        review = json.loads(body)
        self.destinations.append(destination)

        def ask() -> Object:
            self.requests.append(review["request"])
            program = self.programs.get(destination.path)
            if program is None:
                raise CallError(f'Post "{destination.url}?timeout={seconds}s": EOF')
            response = {"uid": review["request"]["uid"], **program(review["request"])}
            return {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}

        return ask


@pytest.fixture
def outside(verbs: Verbs) -> Outside:
    found = Outside()
    verbs.call_webhooks(found)
    return found


def webhook(path: str, **fields: Any) -> Object:
    return {
        "name": f"{path.strip('/') or 'any'}.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:8443{path}"},
        "rules": [_MAPS],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        **fields,
    }


def configuration(kind: str, *webhooks: Object, name: str = "all") -> Object:
    head = {"apiVersion": f"{_GROUP}/v1", "kind": f"{kind}WebhookConfiguration", "metadata": {"name": name}}
    return {**head, "webhooks": list(webhooks)}


def patching(*operations: Object) -> Program:
    encoded = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda request: {"allowed": True, "patchType": "JSONPatch", "patch": encoded}


def labelling(name: str) -> Program:
    """Adds a label, and tells in its value which labels there were."""

    def program(request: Object) -> Object:
        there = request["object"]["metadata"].get("labels") or {}
        labels = {**there, name: ".".join(sorted(there)) or "none"}
        return patching({"op": "add", "path": "/metadata/labels", "value": labels})(request)

    return program


def allowing(request: Object) -> Object:
    return {"allowed": True}


def test_a_webhook_changes_what_is_stored_and_is_told_of_an_object_without_identity(
    api: LocalApi, outside: Outside
) -> None:
    outside.programs["/label"] = labelling("seen")
    api.create(configuration("Mutating", webhook("/label")))
    made = api.create(config_map("a"))
    assert made["metadata"]["labels"] == {"seen": "none"}
    request = outside.requests[0]
    assert (request["operation"], request["name"], request["namespace"]) == ("CREATE", "a", "default")
    assert request["oldObject"] is None
    assert "uid" not in request["object"]["metadata"]
    assert request["options"] == {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}


@pytest.mark.parametrize(
    ("status", "code", "reason", "said"),
    [
        (None, 400, "", "denied the request without explanation"),
        ({"message": "not today"}, 400, "", "denied the request: not today"),
        (
            {"message": "not today", "code": 403, "reason": "Forbidden"},
            403,
            "Forbidden",
            "denied the request: not today",
        ),
        ({"reason": "Because", "code": 200}, 400, "Because", "denied the request: Because"),
    ],
)
def test_a_refusal_is_told_as_the_real_server_tells_it(
    api: LocalApi, outside: Outside, status: Object | None, code: int, reason: str, said: str
) -> None:
    outside.programs["/no"] = lambda request: {"allowed": False, **({"status": status} if status else {})}
    api.create(configuration("Validating", webhook("/no")))
    with pytest.raises(ApiError) as refused:
        api.create(config_map("a"))
    error = refused.value
    assert (error.code, error.reason, error.message) == (code, reason, f'admission webhook "no.example.com" {said}')


def test_a_webhook_that_does_not_answer_stops_the_write_unless_that_is_to_be_ignored(
    api: LocalApi, outside: Outside
) -> None:
    api.create(configuration("Validating", webhook("/gone", failurePolicy="Ignore")))
    assert api.create(config_map("a"))
    api.create(configuration("Mutating", webhook("/gone", timeoutSeconds=3)))
    with pytest.raises(ApiError) as refused:
        api.create(config_map("b"))
    told = (
        'Internal error occurred: failed calling webhook "gone.example.com": failed to call webhook: '
        'Post "https://127.0.0.1:8443/gone?timeout=3s": EOF'
    )
    assert (refused.value.code, refused.value.reason, refused.value.message) == (500, "InternalError", told)


@pytest.mark.parametrize(
    ("response", "fault"),
    [
        ({"uid": "another"}, "received invalid webhook response: expected response.uid="),
        ({"patch": "W10="}, "received invalid webhook response: webhook returned response.patch but not response."),
        ({"patch": "W10=", "patchType": "Merge"}, 'unsupported patch type "Merge"'),
        ({"patch": "e30=", "patchType": "JSONPatch"}, "received undecodable patch in webhook response: json: cannot "),
        ({"patch": "aGk=", "patchType": "JSONPatch"}, "received undecodable patch in webhook response: invalid chara"),
        ({"allowed": "yes"}, "failed to call webhook: json: cannot unmarshal string into Go struct field "
                             "AdmissionResponse.response.allowed of type bool"),
        ({"warnings": [5]}, "failed to call webhook: json: cannot unmarshal number into Go struct field "
                            "AdmissionResponse.response.warnings of type string"),
        ({"patch": 5, "patchType": "JSONPatch"}, "failed to call webhook: json: cannot unmarshal number into Go "),
        ({"status": {"code": "x"}}, "failed to call webhook: json: cannot unmarshal string into Go struct field "
                                    "Status.response.status.code of type int32"),
    ],
)  # fmt: skip
def test_an_answer_is_read_strictly(api: LocalApi, outside: Outside, response: Object, fault: str) -> None:
    outside.programs["/odd"] = lambda request: {"allowed": True, **response}
    api.create(configuration("Mutating", webhook("/odd")))
    with pytest.raises(ApiError) as refused:
        api.create(config_map("a"))
    assert refused.value.message.startswith(
        f'Internal error occurred: failed calling webhook "odd.example.com": {fault}'
    )


def test_a_url_that_leads_nowhere_is_a_failed_call(api: LocalApi, outside: Outside) -> None:
    far = {"clientConfig": {"url": "https://127.0.0.1:99999/"}}
    api.create(configuration("Mutating", webhook("/far", **far), webhook("/other", failurePolicy="Ignore", **far)))
    with pytest.raises(ApiError, match=r"failed calling webhook \"far.example.com\": failed to call webhook: Port out"):
        api.create(config_map("a"))


def test_a_patch_that_does_not_apply_is_told_in_the_words_of_its_library(api: LocalApi, outside: Outside) -> None:
    outside.programs["/odd"] = patching({"op": "replace", "path": "/spec/nothing/there", "value": 1})
    api.create(configuration("Mutating", webhook("/odd")))
    missing = "replace operation does not apply: doc is missing path: /spec/nothing/there: missing value"
    with pytest.raises(ApiError, match=missing):
        api.create(config_map("a"))


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ({}, True),
        ({"rules": []}, False),
        ({"rules": [{**_MAPS, "operations": ["UPDATE"]}]}, False),
        ({"rules": [{**_MAPS, "resources": ["secrets"]}]}, False),
        ({"namespaceSelector": {"matchLabels": {"env": "prod"}}}, False),
        ({"objectSelector": {"matchLabels": {"app": "web"}}}, False),
        ({"matchConditions": [{"name": "big", "expression": "size(object.data) > 5"}]}, False),
        (
            {"matchConditions": [{"name": "mine", "expression": "request.userInfo.username == 'kubernetes-admin'"}]},
            True,
        ),
        ({"failurePolicy": "Ignore", "matchConditions": [{"name": "e", "expression": "object.none.at == 1"}]}, False),
    ],
)
def test_only_those_whom_a_write_concerns_are_asked(
    api: LocalApi, outside: Outside, fields: Object, is_asked: bool
) -> None:
    outside.programs["/look"] = allowing
    api.create(configuration("Validating", webhook("/look", **fields)))
    api.create(config_map("a"))
    assert len(outside.requests) == is_asked


def test_a_condition_that_fails_refuses_the_write(api: LocalApi, outside: Outside) -> None:
    condition = {"name": "e", "expression": "object.data.none == '1'"}
    api.create(configuration("Validating", webhook("/look", matchConditions=[condition])))
    told = "expression 'object.data.none == '1'' resulted in error: no such key: none"
    with pytest.raises(ApiError, match='configmaps "a" is forbidden') as refused:
        api.create(config_map("a"))
    assert refused.value.message.endswith(told)


def test_a_dry_run_asks_only_webhooks_without_side_effects(verbs: Verbs, api: LocalApi, outside: Outside) -> None:
    outside.programs["/look"] = allowing
    api.create(configuration("Validating", webhook("/look", sideEffects="NoneOnDryRun")))
    api.patch(
        "configmaps", api.create(config_map("a"))["metadata"]["name"], {"data": {"x": "y"}}, "default", dry_run=True
    )
    assert [request["dryRun"] for request in outside.requests] == [False, True]
    assert outside.requests[1]["options"]["dryRun"] == ["All"]


def test_those_who_want_it_see_what_others_changed_after_them(api: LocalApi, outside: Outside) -> None:
    outside.programs |= {"/first": labelling("first"), "/second": labelling("second")}
    first = webhook("/first", reinvocationPolicy="IfNeeded")
    api.create(configuration("Mutating", first, webhook("/second")))
    made = api.create(config_map("a"))
    assert made["metadata"]["labels"] == {"first": "first.second", "second": "first"}
    assert len(outside.requests) == 3


def test_a_deletion_is_asked_about_with_the_object_that_would_go(api: LocalApi, outside: Outside) -> None:
    api.create(config_map("a"))
    outside.programs["/no"] = lambda request: {"allowed": request["operation"] != "DELETE"}
    api.create(configuration("Validating", webhook("/no")))
    with pytest.raises(ApiError, match="denied the request without explanation"):
        api.delete("configmaps", "a", "default", grace_seconds=5)
    request = outside.requests[0]
    assert (request["object"], request["oldObject"]["metadata"]["name"]) == (None, "a")
    assert request["options"] == {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", "gracePeriodSeconds": 5}


def test_every_validating_webhook_is_asked_and_its_warnings_are_told(
    verbs: Verbs, api: LocalApi, outside: Outside
) -> None:
    outside.programs |= {
        "/no": lambda request: {"allowed": False, "warnings": ["careful"]},
        "/yes": lambda request: {"allowed": True, "warnings": ["really"]},
    }
    api.create(configuration("Validating", webhook("/no"), webhook("/yes")))
    resource, options = verbs.catalog.by_key("configmaps"), WriteOptions()
    assert resource is not None
    with pytest.raises(ApiError, match="denied the request without explanation"):
        verbs.create(ADMIN, resource, "default", config_map("a"), options)
    assert options.warnings == ["careful", "really"]


def test_nobody_is_asked_about_the_configurations_themselves(api: LocalApi, outside: Outside) -> None:
    everything = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
    api.create(configuration("Validating", webhook("/gone", rules=[everything])))
    with pytest.raises(ApiError, match="failed calling webhook"):
        api.create(pod("a"))
    api.delete(f"validatingwebhookconfigurations.{_GROUP}", "all")
    assert api.create(pod("a"))


def test_a_patch_begins_again_on_what_was_written_while_it_waited(api: LocalApi, outside: Outside) -> None:
    api.create(config_map("a"))

    def slow(request: Object) -> Object:
        if request["object"]["metadata"].get("labels") == {"mine": "1"}:
            api.patch("configmaps", "a", {"metadata": {"labels": {"others": "2"}}}, "default")
        return {"allowed": True}

    outside.programs["/slow"] = slow
    api.create(configuration("Validating", webhook("/slow", rules=[{**_MAPS, "operations": ["UPDATE"]}])))
    after = api.patch("configmaps", "a", {"metadata": {"labels": {"mine": "1"}}}, "default")
    assert after["metadata"]["labels"] == {"mine": "1", "others": "2"}


def test_a_replacement_that_was_overtaken_is_refused(api: LocalApi, outside: Outside) -> None:
    stale = api.create(config_map("a"))

    def slow(request: Object) -> Object:
        if request["object"]["data"] == {"mine": "1"}:
            api.patch("configmaps", "a", {"data": {"others": "2"}}, "default")
        return {"allowed": True}

    outside.programs["/slow"] = slow
    api.create(configuration("Validating", webhook("/slow", rules=[{**_MAPS, "operations": ["UPDATE"]}])))
    with pytest.raises(ConflictError, match="the object has been modified"):
        api.update({**stale, "data": {"mine": "1"}})
    assert api.get("configmaps", "a", "default")["data"]["others"] == "2"


def test_a_service_that_changes_while_its_address_is_asked_about_keeps_that_change(
    api: LocalApi, outside: Outside
) -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}}
    api.create({**service, "spec": {"type": "ExternalName", "externalName": "example.com"}})

    def slow(request: Object) -> Object:
        if "labels" not in api.get("services", "web", "default")["metadata"]:
            api.patch("services", "web", {"metadata": {"labels": {"others": "2"}}}, "default")
        return {"allowed": True}

    outside.programs["/slow"] = slow
    addresses = {**_MAPS, "apiGroups": ["networking.k8s.io"], "operations": ["CREATE"], "resources": ["ipaddresses"]}
    api.create(configuration("Validating", webhook("/slow", rules=[addresses])))
    now = {"spec": {"type": "ClusterIP", "externalName": None, "ports": [{"port": 80}]}}
    after = api.patch("services", "web", now, "default")
    assert after["metadata"]["labels"] == {"others": "2"}
    assert [found["metadata"]["name"] for found in api.list("ipaddresses.networking.k8s.io")] == [
        after["spec"]["clusterIP"]
    ]


def test_all_are_deleted_also_when_somebody_else_deletes_one_of_them_meanwhile(
    verbs: Verbs, api: LocalApi, outside: Outside
) -> None:
    for name in "xyz":
        api.create(config_map(name))

    def slow(request: Object) -> Object:
        if request["name"] == "x":
            api.delete("configmaps", "y", "default")
        return {"allowed": True}

    outside.programs["/slow"] = slow
    api.create(configuration("Validating", webhook("/slow", rules=[{**_MAPS, "operations": ["DELETE"]}])))
    verbs.delete_collection(ADMIN, verbs.catalog.by_key("configmaps"), "default", DeleteOptions())
    assert api.list("configmaps", "default") == []


def test_a_service_is_reached_by_its_cluster_ip_under_its_name(api: LocalApi, outside: Outside) -> None:
    outside.programs["/check"] = allowing
    there = {"service": {"namespace": "default", "name": "hook", "path": "/check"}}
    api.create(configuration("Validating", webhook("/", clientConfig=there)))
    with pytest.raises(
        ApiError, match=r'Post "https://hook.default.svc:443/check\?timeout=10s": service "hook" not found'
    ):
        api.create(config_map("a"))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook", "namespace": "default"}}
    made = api.create({**service, "spec": {"ports": [{"port": 443}]}})
    api.create(config_map("a"))
    destination = outside.destinations[-1]
    assert (destination.host, destination.cluster_ip) == ("hook.default.svc", made["spec"]["clusterIP"])


_POSTED = {
    "pods/binding": ({"target": {"kind": "Node", "name": "n1"}, "metadata": {"name": "p"}}, ("", "v1", "Binding")),
    "pods/eviction": ({"metadata": {"name": "p"}}, ("policy", "v1", "Eviction")),
}


@pytest.mark.parametrize("path", _POSTED)
def test_what_is_posted_to_a_pod_is_told_as_what_it_is_and_nothing_else(
    verbs: Verbs, api: LocalApi, outside: Outside, path: str
) -> None:
    plural, _, sub = path.partition("/")
    resource = verbs.catalog.by_key(plural)
    assert resource is not None
    zone = {"topology.kubernetes.io/zone": "a"}
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": zone}})
    api.create(pod("p"))
    outside.programs["/seen"] = allowing
    everything = {**_MAPS, "resources": ["pods", "pods/*"]}
    api.create(configuration("Validating", webhook("/seen", rules=[everything])))
    given, kind = _POSTED[path]
    verbs.create(ADMIN, resource, "default", given, WriteOptions(), name="p", subresource=sub)
    (request,) = outside.requests
    assert (request["operation"], request["subResource"], request["name"]) == ("CREATE", sub, "p")
    assert tuple(request["kind"].values()) == kind
    assert (request["object"]["kind"], request["object"]["metadata"]["namespace"]) == (kind[2], "default")
    assert request["oldObject"] is None
    if sub == "binding":
        assert request["object"]["metadata"]["labels"] == zone
        assert api.get("pods", "p", "default")["metadata"]["labels"] == {
            **pod("p")["metadata"].get("labels", {}),
            **zone,
        }


def test_a_request_for_a_token_is_told_with_its_account(verbs: Verbs, api: LocalApi, outside: Outside) -> None:
    outside.programs["/no"] = lambda request: {"allowed": False}
    rule = {**_MAPS, "resources": ["serviceaccounts/token"]}
    api.create(configuration("Validating", webhook("/no", rules=[rule])))
    with pytest.raises(ApiError) as refused:
        api.token("default", "default", {"audiences": ["x"], "expirationSeconds": 3600})
    assert refused.value.message == 'admission webhook "no.example.com" denied the request without explanation'
    (request,) = outside.requests
    assert request["kind"] == {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"}
    assert request["object"]["spec"] == {"audiences": ["x"], "expirationSeconds": 3600, "boundObjectRef": None}
    assert request["object"]["metadata"]["uid"] == api.get("serviceaccounts", "default", "default")["metadata"]["uid"]


def test_a_connection_is_told_with_its_options(verbs: Verbs, api: LocalApi, outside: Outside) -> None:
    outside.programs["/no"] = lambda request: {"allowed": False}
    rule = {**_MAPS, "operations": ["CONNECT"], "resources": ["pods/exec"]}
    api.create(configuration("Validating", webhook("/no", rules=[rule])))
    pods = verbs.catalog.by_key("pods")
    assert pods is not None
    wish = {"kind": "PodExecOptions", "apiVersion": "v1", "stdout": True, "command": ["ls"]}
    with pytest.raises(ApiError):
        verbs.connect(ADMIN, pods, "exec", "default", "p", wish)
    (request,) = outside.requests
    assert (request["operation"], request["object"], request["options"]) == ("CONNECT", wish, None)
    assert request["kind"] == {"group": "", "version": "v1", "kind": "PodExecOptions"}


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        ({"metadata": {"name": "other"}}, "name in URL does not match name in Binding object"),
        ({"metadata": {"name": "p", "namespace": "other"}},
         "the namespace of the provided object does not match the namespace sent on the request"),
        ({"metadata": {"name": "p"}, "target": {"kind": "Pod", "name": "n1"}},
         'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'),
    ],
)  # fmt: skip
def test_a_binding_must_fit_its_path(verbs: Verbs, api: LocalApi, binding: Object, message: str) -> None:
    api.create(pod("p"))
    pods = verbs.catalog.by_key("pods")
    assert pods is not None
    with pytest.raises(ApiError) as refused:
        verbs.create(ADMIN, pods, "default", binding, WriteOptions(), name="p", subresource="binding")
    assert refused.value.message == message


def test_a_port_that_a_waiting_service_was_given_is_given_to_nobody_else(api: LocalApi, outside: Outside) -> None:
    def service(name: str, port: int) -> Object:
        spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}
        metadata = {"name": name, "namespace": "default"}
        return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}

    refusals: list[str] = []

    def meanwhile(request: Object) -> Object:
        if request["name"] == "first":
            with pytest.raises(ApiError) as refused:
                api.create(service("second", 30500))
            refusals.append(refused.value.message)
        return {"allowed": request["name"] != "third"}

    outside.programs["/meanwhile"] = meanwhile
    rule = {**_MAPS, "resources": ["services"]}
    api.create(configuration("Validating", webhook("/meanwhile", rules=[rule])))
    api.create(service("first", 30500))
    assert refusals == [
        'Service "second" is invalid: spec.ports[0].nodePort: Invalid value: 30500: provided port is already allocated'
    ]
    with pytest.raises(ApiError):
        api.create(service("third", 30600))
    assert api.create(service("fourth", 30600))["spec"]["ports"][0]["nodePort"] == 30600
