from __future__ import annotations

import orjson
import pytest
from exchange import Client

from gitopslab.controlplane.http.negotiation import PLAIN, Accepted, Encoding, Form, accepted
from gitopslab.controlplane.http.yaml_text import as_yaml
from gitopslab.errors import ApiError

_PROTOBUF = "application/vnd.kubernetes.protobuf"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", PLAIN),
        ("*/*", PLAIN),
        ("application/json, */*", PLAIN),
        (f"{_PROTOBUF},application/json", Accepted(encoding=Encoding.PROTOBUF)),
        ("application/yaml", Accepted(encoding=Encoding.YAML)),
        ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Accepted(Form.TABLE)),
        ("application/json;as=Table;g=meta.k8s.io;v=v1beta1", Accepted(Form.TABLE, "v1beta1")),
        (f"{_PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
         "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
         Accepted(Form.METADATA, "v1", Encoding.PROTOBUF)),
        (f"{_PROTOBUF};as=Table;g=meta.k8s.io;v=v1,application/json", PLAIN),
        (f"{_PROTOBUF};stream=watch,application/json", Accepted(encoding=Encoding.PROTOBUF)),
        (f"application/json;q=0.5,{_PROTOBUF}", Accepted(encoding=Encoding.PROTOBUF)),
        (f"{_PROTOBUF};q=0.5,application/json", PLAIN),
        ("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", Accepted(Form.METADATA_LIST)),
        ("application/json;as=Table;v=v9;g=meta.k8s.io,application/json", PLAIN),
        ("application/yaml;q=0.5,application/json;q=0.9", PLAIN),
    ],
)  # fmt: skip
def test_the_first_form_the_server_knows_is_chosen(header: str, wanted: Accepted) -> None:
    assert accepted(header) == wanted


@pytest.mark.parametrize(
    "header", ["image/png", f"{_PROTOBUF};as=Table;g=meta.k8s.io;v=v1", "application/json;as=Chair;v=v1;g=meta.k8s.io"]
)
def test_an_accept_header_without_any_known_form_is_refused(header: str) -> None:
    with pytest.raises(ApiError) as caught:
        accepted(header)
    assert caught.value.code == 406
    assert caught.value.message.startswith("only the following media types are accepted: application/json")


def test_what_has_no_go_type_is_written_as_protobuf_only_in_its_metadata() -> None:
    assert accepted(f"{_PROTOBUF},application/json", typed=False) == PLAIN
    header = f"{_PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
    assert accepted(header, typed=False) == accepted(header)
    with pytest.raises(ApiError):
        accepted(_PROTOBUF, typed=False)


def test_browsers_and_curl_get_many_lines(client: Client) -> None:
    path = "/api/v1/namespaces/default"
    plain = client.get(path)
    assert b"\n" not in plain.body.strip()
    for shown in (client.get(path, user_agent="curl/8.5.0"), client.get(f"{path}?pretty=true")):
        assert shown.body.startswith(b'{\n  "kind": "Namespace",\n')
        assert shown.json == plain.json
    assert client.get(f"{path}?pretty=false", user_agent="Mozilla/5.0 (X11)").body == plain.body
    assert client.get("/api/v1/namespaces/nosuch", user_agent="curl/8.5.0").body.startswith(b"{\n")


def test_yaml_is_written_as_go_writes_it() -> None:
    inner = {"text": "true", "lines": "x\ny\n", "plain": "a b", "at": "2026-01-01T00:00:00Z"}
    assert as_yaml(orjson.dumps({"b": "0", "a": inner, "c": [{"d": 1}], "e": ""})).decode() == (
        'a:\n  at: "2026-01-01T00:00:00Z"\n  lines: |\n    x\n    y\n  plain: a b\n  text: "true"\n'
        'b: "0"\nc:\n- d: 1\ne: ""\n'
    )
    assert as_yaml(b'{"answer":"y"}') == b'answer: "y"\n', "which Go would read as true"


def test_who_wants_yaml_hears_of_a_failure_in_yaml(client: Client) -> None:
    answer = client.get("/api/v1/namespaces/default/configmaps/nope", accept="application/yaml")
    assert answer.body.decode().startswith("apiVersion: v1\ncode: 404\ndetails:\n  kind: configmaps\n  name: nope\n")


_METADATA = "application/json;as={};g=meta.k8s.io;v=v1"


@pytest.mark.parametrize("header", ["text/html", "application/*", "image/png, application/xml;q=0.9"])
def test_the_router_refuses_what_a_route_does_not_produce(client: Client, header: str) -> None:
    answer = client.get("/api/v1/namespaces", accept=header)
    assert (answer.code, answer.json["details"]) == (406, {})
    assert answer.json["message"] == (
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/vnd.kubernetes.protobuf, application/json;stream=watch, "
        "application/vnd.kubernetes.protobuf;stream=watch"
    )


@pytest.mark.parametrize("header", ["text/html", _METADATA.format("Table"), "application/yaml;as=Table"])
def test_a_failure_is_told_on_many_lines_to_who_takes_no_form_of_it(client: Client, header: str) -> None:
    answer = client.get("/api/v1/namespaces/nosuch", accept=header)
    assert answer.body.startswith(b'{\n  "kind": "Status",\n')
    assert answer.body.endswith(b"}")


@pytest.mark.parametrize(
    ("path", "form", "told"),
    [
        ("/api/v1/namespaces", "PartialObjectMetadata", "a list (*core.NamespaceList)"),
        ("/api/v1/namespaces/default", "PartialObjectMetadataList", "not a list (*core.Namespace)"),
        ("/apis/events.k8s.io/v1/events", "PartialObjectMetadata", "a list (*core.EventList)"),
        ("/apis/rbac.authorization.k8s.io/v1/clusterroles", "PartialObjectMetadata", "a list (*rbac.ClusterRoleList)"),
    ],
)
def test_the_wrong_form_is_told_with_the_type_of_the_object(client: Client, path: str, form: str, told: str) -> None:
    answer = client.get(path, accept=_METADATA.format(form))
    assert (answer.code, answer.json["message"]) == (406, f"you requested {form}, but the requested object is {told}")


def test_there_is_no_table_of_a_review(client: Client) -> None:
    path, body = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"spec": {"resourceAttributes": {}}}
    assert client("POST", path, body, accept=_METADATA.format("Table")).code == 406
    assert client("POST", path, body, accept=f"{_METADATA.format('Table')},application/json").json["status"]


def test_a_wrong_include_object_is_told_as_the_conversion_that_failed(client: Client) -> None:
    answer = client.get("/api/v1/namespaces?includeObject=x", accept=_METADATA.format("Table"))
    assert answer.json["message"] == (
        'Unable to convert to Table as requested: includeObject: Invalid value: "x": '
        "must be 'Metadata', 'Object', 'None', or empty"
    )


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE"])
def test_a_resource_knows_no_other_methods_than_those_of_its_verbs(client: Client, method: str) -> None:
    for path in ("/api/v1/namespaces", "/api/v1/namespaces/default", "/api/v1/namespaces/default/pods/x/log"):
        assert client(method, path).code == 405
    assert client(method, "/api/v1/nothing").code == 404


def test_what_could_stand_in_a_page_is_escaped_as_go_does(client: Client) -> None:
    for agent in ("kubectl", "curl/8"):
        answer = client.get("/api/v1/namespaces/default/pods?labelSelector=-a%3Db", user_agent=agent)
        assert b"unable to parse requirement: \\u003cnil\\u003e: Invalid value" in answer.body
        assert answer.json["message"].startswith("unable to parse requirement: <nil>: ")


def test_the_values_of_a_selector_are_told_in_order(client: Client) -> None:
    answer = client.get("/api/v1/namespaces/default/pods?labelSelector=a%20notin%20(b,-c)")
    assert answer.json["message"].startswith('unable to parse requirement: values[0][a]: Invalid value: "-c"')
