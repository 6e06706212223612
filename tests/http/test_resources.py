"""Creating, reading, changing and deleting over HTTP: codes, forms and texts as a real API server gives them."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from builders import config_map, deployment, pod
from exchange import TABLE, Client

from gitopslab.controlplane.http.body import LIMIT
from gitopslab.controlplane.server.local import LocalApi

_MAPS = "/api/v1/namespaces/default/configmaps"
_PODS = "/api/v1/namespaces/default/pods"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
_METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"


def test_an_object_is_created_read_and_deleted(client: Client) -> None:
    created = client("POST", _MAPS, config_map("a", data={"k": "v"}))
    assert (created.code, created.json["data"]) == (201, {"k": "v"})
    assert client.get(f"{_MAPS}/a").body == created.body
    gone = client("DELETE", f"{_MAPS}/a")
    assert (gone.code, gone.json["status"]) == (200, "Success")
    assert gone.json["details"] == {"name": "a", "kind": "configmaps", "uid": created.json["metadata"]["uid"]}
    assert client.get(f"{_MAPS}/a").code == 404


def test_half_a_body_of_a_client_that_hung_up_is_not_taken_for_the_whole(client: Client) -> None:
    half = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  kept: x\n"

    async def story() -> int:
        exchange = client.open("POST", _MAPS, content_type="application/yaml")
        arriving = iter([{"type": "http.request", "body": half, "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(arriving)

        await client.app(exchange.scope, receive, exchange._send)
        return exchange.response.code

    assert asyncio.run(story()) == 400
    assert client.get(f"{_MAPS}/a").code == 404


_DEEP = b'{"a":' * 900 + b"1" + b"}" * 900


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/merge-patch+json", b'{"metadata":{"annotations":%s}}'),
        ("application/strategic-merge-patch+json", b'{"metadata":{"annotations":%s}}'),
        ("application/json-patch+json", b'[{"op":"add","path":"/data","value":%s}]'),
        ("application/apply-patch+yaml", b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":%s}'),
    ],
    ids=["merge", "strategic", "json", "apply"],
)
def test_a_patch_that_is_nested_too_deeply_is_a_bad_request(client: Client, media: str, body: bytes) -> None:
    client("POST", _MAPS, config_map("a"))
    assert client("PATCH", f"{_MAPS}/a?fieldManager=x", body % _DEEP, content_type=media).code == 400


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":' * 300 + b"1" + b"}" * 300, 400),
        (_DEEP, 400),
        (b'{"n":1%s}' % (b"0" * 400), 400),
        (b'{"n":1%s}' % (b"0" * 40), 201),
    ],
    ids=["too deep to store", "too deep to read", "too large a number", "a number beyond 64 bits"],
)
def test_free_data_that_cannot_be_kept_is_a_bad_request(client: Client, data: bytes, code: int) -> None:
    revision = b'{"apiVersion":"apps/v1","kind":"ControllerRevision","revision":1,"metadata":{"name":"r"},"data":%s}'
    answer = client("POST", "/apis/apps/v1/namespaces/default/controllerrevisions", revision % data)
    assert answer.code == code
    if code == 201:
        assert answer.json["data"] == {"n": 1e40}, "as in Go, where it becomes a float64"


def test_a_deleted_pod_answers_with_its_last_state(client: Client) -> None:
    client("POST", _PODS, pod("p"))
    assert client("DELETE", f"{_PODS}/p").json["kind"] == "Pod"


@pytest.mark.parametrize(
    ("options", "code"),
    [({"propagationPolicy": "Foreground"}, 200), ({"orphanDependents": False}, 202)],
    ids=["today", "of old"],
)
def test_an_object_that_stays_a_while_answers_accepted_to_a_cascade_of_old(
    client: Client, options: Any, code: int
) -> None:
    client("POST", _MAPS, config_map("held", metadata={"finalizers": ["example.com/hold"]}))
    answer = client("DELETE", f"{_MAPS}/held", {"kind": "DeleteOptions", **options})
    assert (answer.code, answer.json["kind"]) == (code, "ConfigMap")
    assert answer.json["metadata"]["deletionTimestamp"]


def test_a_list_holds_objects_without_their_type(client: Client) -> None:
    client("POST", _MAPS, config_map("a"))
    client("POST", _MAPS, config_map("b", metadata={"labels": {"x": "y"}}))
    found = client.get(_MAPS).json
    assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
    assert [one["metadata"]["name"] for one in found["items"]] == ["a", "b"]
    assert not {"kind", "apiVersion"} & set(found["items"][0])
    assert len(client.get(f"{_MAPS}?labelSelector=x%3Dy").json["items"]) == 1
    assert client.get("/api/v1/pods").json["items"] == []


def test_a_list_comes_in_chunks(client: Client) -> None:
    for name in "abc":
        client("POST", _MAPS, config_map(name))
    first = client.get(f"{_MAPS}?limit=2").json
    assert first["metadata"]["remainingItemCount"] == 1
    rest = client.get(f"{_MAPS}?limit=2&continue={first['metadata']['continue']}").json
    assert [one["metadata"]["name"] for one in rest["items"]] == ["c"]
    assert "continue" not in rest["metadata"]


def test_a_collection_is_deleted_by_selector(client: Client) -> None:
    client("POST", _MAPS, config_map("a", metadata={"labels": {"x": "y"}}))
    client("POST", _MAPS, config_map("b"))
    gone = client("DELETE", f"{_MAPS}?labelSelector=x%3Dy").json
    assert (gone["kind"], len(gone["items"])) == ("ConfigMapList", 1)
    assert [one["metadata"]["name"] for one in client.get(_MAPS).json["items"]] == ["b"]


def test_an_object_is_replaced(client: Client) -> None:
    stored = client("POST", _MAPS, config_map("a")).json
    changed = client("PUT", f"{_MAPS}/a", {**stored, "data": {"k": "2"}})
    assert (changed.code, changed.json["data"]) == (200, {"k": "2"})
    assert client("PUT", f"{_MAPS}/a", {**stored, "data": {"k": "3"}}).json["reason"] == "Conflict"


@pytest.mark.parametrize(
    ("media_type", "patch"),
    [
        ("application/merge-patch+json", {"data": {"k": "2"}}),
        ("application/strategic-merge-patch+json", {"data": {"k": "2"}}),
        ("application/json-patch+json", [{"op": "replace", "path": "/data/k", "value": "2"}]),
    ],
)
def test_an_object_is_patched(client: Client, media_type: str, patch: Any) -> None:
    client("POST", _MAPS, config_map("a", data={"k": "1"}))
    answer = client("PATCH", f"{_MAPS}/a", patch, content_type=media_type)
    assert (answer.code, answer.json["data"]) == (200, {"k": "2"})


def test_an_applied_object_is_created_once(client: Client) -> None:
    body = b"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {k: v}}"
    target = f"{_MAPS}/a?fieldManager=me"
    codes = [client("PATCH", target, body, content_type="application/apply-patch+yaml").code for _ in range(2)]
    assert codes == [201, 200]


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        ("application/json-patch+json", [{"op": "add", "path": "/spec", "value": []}]),
        ("application/merge-patch+json", {"spec": "x"}),
        ("application/merge-patch+json", {"spec": {"replicas": "three"}}),
    ],
    ids=["a list", "a text", "a text for a number"],
)
def test_a_scale_is_patched_with_what_is_one(client: Client, api: LocalApi, media: str, patch: Any) -> None:
    api.create(deployment("web", replicas=2))
    answer = client("PATCH", f"{_DEPLOYMENTS}/web/scale?fieldManager=me", patch, content_type=media)
    assert (answer.code, answer.json["reason"]) == (422, "Invalid")
    assert api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 2


def test_an_applied_scale_is_one(client: Client, api: LocalApi) -> None:
    api.create(deployment("web", replicas=2))
    config = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": 1}
    target = f"{_DEPLOYMENTS}/web/scale?fieldManager=me"
    answer = client("PATCH", target, config, content_type="application/apply-patch+yaml")
    assert answer.json["message"].startswith("failed to create typed patch object (/web; autoscaling/v1, Kind=Scale)")
    assert api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 2


def test_a_scale_is_read_and_written_through_its_parent(client: Client, api: LocalApi) -> None:
    client("POST", _DEPLOYMENTS, deployment("web", replicas=2))
    scale = client.get(f"{_DEPLOYMENTS}/web/scale").json
    assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 2)
    client("PUT", f"{_DEPLOYMENTS}/web/scale", {**scale, "spec": {"replicas": 5}})
    assert api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 5
    columns = client.get(f"{_DEPLOYMENTS}/web/scale", accept=TABLE).json["columnDefinitions"]
    assert [column["name"] for column in columns] == ["Name", "Desired", "Available", "Age"]


def test_a_status_is_written_through_its_own_path(client: Client, api: LocalApi) -> None:
    client("POST", _DEPLOYMENTS, deployment("web"))
    patch = {"status": {"replicas": 1}, "spec": {"replicas": 9}}
    client("PATCH", f"{_DEPLOYMENTS}/web/status", patch, content_type="application/merge-patch+json")
    stored = api.get("deployments.apps", "web", "default")
    assert (stored["status"]["replicas"], stored["spec"]["replicas"]) == (1, 1)


@pytest.mark.parametrize("path", [f"{_PODS}/p/binding", "/api/v1/namespaces/default/bindings"])
def test_a_pod_is_bound_by_either_path(client: Client, api: LocalApi, path: str) -> None:
    client("POST", _PODS, pod("p"))
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n"}}
    answer = client("POST", path, body)
    assert (answer.code, answer.json["status"]) == (201, "Success")
    assert api.get("pods", "p", "default")["spec"]["nodeName"] == "n"


def test_a_dry_run_answers_and_keeps_nothing(client: Client) -> None:
    assert client("POST", f"{_MAPS}?dryRun=All", config_map("a")).code == 201
    assert client.get(f"{_MAPS}/a").code == 404


def test_an_unknown_field_is_told_in_a_warning_header(client: Client) -> None:
    answer = client("POST", _MAPS, {**config_map("a"), "nope": 1})
    assert answer.code == 201
    assert answer.headers["warning"] == r'299 - "unknown field \"nope\""'


def test_the_manager_is_the_first_word_of_the_user_agent(client: Client) -> None:
    stored = client("POST", _MAPS, config_map("a", data={"k": "v"}), user_agent="cook/1.2 (linux) x/y").json
    assert [entry["manager"] for entry in stored["metadata"]["managedFields"]] == ["cook"]


def test_kubectl_gets_a_table(client: Client) -> None:
    client("POST", _MAPS, config_map("a", data={"k": "v"}))
    for path in (_MAPS, f"{_MAPS}/a"):
        table = client.get(path, accept=TABLE).json
        assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
        row = table["rows"][0]
        assert row["cells"] == ["a", 1, "0s"]
        assert row["object"]["kind"] == "PartialObjectMetadata"
        assert row["object"]["metadata"]["name"] == "a"


def test_rows_carry_as_much_of_the_object_as_asked_for(client: Client) -> None:
    client("POST", _MAPS, config_map("a", data={"k": "v"}))
    rows = [client.get(f"{_MAPS}?includeObject={what}", accept=TABLE).json["rows"][0] for what in ("Object", "None")]
    assert rows[0]["object"]["data"] == {"k": "v"}
    assert rows[1]["object"] is None
    assert client.get(f"{_MAPS}?includeObject=Half", accept=TABLE).code == 400


def test_metadata_alone_can_be_asked_for(client: Client) -> None:
    client("POST", _MAPS, config_map("a"))
    assert set(client.get(f"{_MAPS}/a", accept=_METADATA).json) == {"kind", "apiVersion", "metadata"}
    listed = client.get(_MAPS, accept=_METADATA.replace("Metadata", "MetadataList")).json
    assert listed["kind"] == "PartialObjectMetadataList"
    assert listed["items"][0]["kind"] == "PartialObjectMetadata"
    assert client.get(_MAPS, accept=_METADATA).code == 406


def test_yaml_can_be_asked_for(client: Client) -> None:
    client("POST", _MAPS, config_map("a"))
    answer = client.get(f"{_MAPS}/a", accept="application/yaml")
    assert answer.headers["content-type"] == "application/yaml"
    assert answer.body.startswith(b"apiVersion: v1\n")


def test_large_answers_are_compressed_when_asked(client: Client) -> None:
    client("POST", _MAPS, config_map("big", data={"k": "v" * 200_000}))
    plain, packed = client.get(f"{_MAPS}/big"), client.get(f"{_MAPS}/big", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "content-encoding" not in client.get("/version", accept_encoding="gzip").headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/pods"),
        ("POST", f"{_PODS}/p"),
        ("DELETE", "/api/v1/namespaces"),
        ("PUT", _PODS),
        ("GET", f"{_PODS}/p/binding"),
    ],
)
def test_a_method_that_makes_no_sense_is_not_allowed(client: Client, method: str, path: str) -> None:
    answer = client(method, path, {})
    assert (answer.code, answer.json["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "path", ["/api/v1/widgets", f"{_PODS}/p/nope", "/api/v1/namespaces/default/nodes", "/api/v1/pods/p"]
)
def test_a_resource_nobody_serves_is_not_found(client: Client, path: str) -> None:
    assert client.get(path).code == 404


def test_an_object_that_is_not_there_is_told_by_name(client: Client) -> None:
    answer = client.get(f"{_DEPLOYMENTS}/web")
    assert answer.json["message"] == 'deployments.apps "web" not found'
    assert answer.json["details"] == {"name": "web", "group": "apps", "kind": "deployments"}


def test_a_body_of_an_unknown_type_is_refused(client: Client) -> None:
    assert client("POST", _MAPS, b"<a/>", content_type="application/xml").code == 415
    answer = client("PATCH", f"{_MAPS}/a", b"{}", content_type="application/json")
    assert answer.code == 415
    assert (answer.json["message"], answer.json["details"]) == ("415: Unsupported Media Type", {})


@pytest.mark.parametrize("announce", [True, False], ids=["announced", "not announced"])
def test_a_body_that_is_too_large_is_refused(client: Client, announce: bool) -> None:
    body = b" " * (LIMIT + 1)
    headers = {"content_length": str(len(body))} if announce else {}
    answer = client("POST", _MAPS, b"" if announce else body, **headers)
    assert (answer.code, answer.json["message"]) == (413, "Request entity too large: limit is 3145728")


@pytest.mark.parametrize("subresource", ["exec", "attach", "portforward", "proxy"])
def test_what_is_not_served_yet_says_so(client: Client, subresource: str) -> None:
    answer = client.get(f"{_PODS}/p/{subresource}")
    assert (answer.code, answer.json["kind"]) == (501, "Status")


def test_a_failure_nobody_expected_is_told_as_an_internal_error(
    client: Client, verbs: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(verbs.store, "get", lambda *_: 1 / 0)
    answer = client.get(f"{_MAPS}/a")
    assert (answer.code, answer.json["reason"]) == (500, "InternalError")
    assert "division by zero" in json.dumps(answer.json)
    caplog.clear()  # it was logged, as it should be


def test_json_is_written_in_the_order_of_go_and_ends_its_line(client: Client) -> None:
    client("POST", _MAPS, config_map("a"))
    plain = client.get(f"{_MAPS}/a").body
    assert plain.startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a","namespace":"default",')
    assert plain.endswith(b"}\n")
    assert client.get(_MAPS).body.endswith(b"]}\n")
    assert client.get(f"{_MAPS}/nope").body.endswith(b'"code":404}\n')


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[1", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (b"\n", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (b'{"gracePeriodSeconds":"x"}', "json: cannot unmarshal string into Go struct field DeleteOptions."),
        (b'{"kind":"Foo","apiVersion":"v1"}', 'no kind "Foo" is registered for version "v1" in scheme "pkg/apis/meta/'),
    ],
)
def test_delete_options_are_read_by_a_handler_of_its_own(client: Client, body: bytes, said: str) -> None:
    answer = client("DELETE", f"{_MAPS}/held", body)
    assert answer.code == 400
    assert answer.json["message"].startswith(said)


def test_a_scale_is_that_of_the_workload_at_its_path(client: Client) -> None:
    client("POST", _DEPLOYMENTS, deployment("web"))
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "other"}, "spec": {"replicas": 2}}
    answer = client("PUT", f"{_DEPLOYMENTS}/web/scale", scale)
    assert answer.code == 400
    assert answer.json["message"] == "the name of the object (other) does not match the name on the URL (web)"


def test_a_binding_to_nowhere_is_refused_without_naming_its_kind(client: Client) -> None:
    client("POST", _PODS, pod("p"))
    answer = client("POST", f"{_PODS}/p/binding", {"metadata": {"name": "p"}, "target": {"name": ""}})
    assert answer.json["message"] == "target.name: Required value"


@pytest.mark.parametrize(
    ("plural", "kind", "times"), [("configmaps", "ConfigMap", 2), ("limitranges", "LimitRange", 1)]
)
def test_a_patch_for_another_object_is_told_by_all_who_look_at_metadata(
    client: Client, plural: str, kind: str, times: int
) -> None:
    path = f"/api/v1/namespaces/default/{plural}"
    assert client("POST", path, {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}}).code == 201
    patch = {"metadata": {"uid": "other"}}
    headers = {"content-type": "application/merge-patch+json"}
    answer = client("PATCH", f"{path}/a", patch, **headers)
    assert answer.code == 422
    assert [cause["field"] for cause in answer.json["details"]["causes"]] == ["metadata.uid"] * times


def test_a_strict_strategic_patch_of_a_scale_is_told_as_the_patch(client: Client) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    assert client("POST", path, deployment("d")).code == 201
    headers = {"content-type": "application/strategic-merge-patch+json"}
    patch = {"spec": {"replicas": 0, "x": 1}}
    answer = client("PATCH", f"{path}/d/scale?fieldValidation=Strict", patch, **headers)
    assert (answer.code, answer.json["message"]) == (
        422,
        ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:0 x:1]]": '
        'strict decoding error: unknown field "spec.x"',
    )
    assert client("PATCH", f"{path}/d/scale", {"spec": {"replicas": 3}}, **headers).json["spec"] == {"replicas": 3}
