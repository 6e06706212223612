from __future__ import annotations

from typing import Any

import pytest
from builders import config_map
from exchange import Client

from gitopslab.controlplane.http.parameters import (
    ListOptions,
    delete_options,
    list_options,
    query_of,
    write_options,
)
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import DeleteOptions
from gitopslab.errors import ApiError


def refused(query: str, kind: str = "ListOptions", **more: Any) -> ApiError:
    given = query_of(query.encode())
    read = {"ListOptions": lambda: list_options(given), "DeleteOptions": lambda: delete_options(given, None)}
    with pytest.raises(ApiError) as caught:
        read.get(kind, lambda: write_options(given, kind, **more))()
    return caught.value


def test_no_query_lists_everything() -> None:
    assert list_options(query_of(b"")) == ListOptions()


def test_a_query_is_read_into_list_options() -> None:
    raw = b"labelSelector=a%3Db%2Cc&fieldSelector=metadata.name%3Dx&limit=5&continue=tok&watch=0&resourceVersion=7"
    assert list_options(query_of(raw)) == ListOptions(
        labels="a=b,c", fields="metadata.name=x", limit=5, continue_="tok", resource_version="7"
    )


@pytest.mark.parametrize(("text", "truth"), [("true", True), ("1", True), ("", True), ("0", False), ("False", False)])
def test_a_flag_is_read_as_go_reads_it(text: str, truth: bool) -> None:
    assert list_options(query_of(f"watch={text}".encode())).watch is truth


def test_of_a_repeated_name_the_first_counts() -> None:
    assert query_of(b"limit=1&limit=2")["limit"] == "1"


def test_a_query_with_absurdly_many_fields_is_refused() -> None:
    with pytest.raises(ApiError):
        query_of(b"&".join([b"a=b"] * 500))


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("limit=abc", 400, 'strconv.ParseInt: parsing "abc": invalid syntax'),
        ("limit=1_0", 400, 'strconv.ParseInt: parsing "1_0": invalid syntax'),
        (
            "watch=1&timeoutSeconds=9223372036854775808",
            400,
            'strconv.ParseInt: parsing "9223372036854775808": value out of range',
        ),
        (
            "resourceVersionMatch=Exact",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden '
            "unless resourceVersion is provided",
        ),
        (
            "sendInitialEvents=true",
            422,
            'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: '
            "sendInitialEvents is forbidden for list",
        ),
        (
            "watch=1&sendInitialEvents=true",
            422,
            'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(query: str, code: int, message: str) -> None:
    error = refused(query)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize(
    ("query", "kind", "apply", "message"),
    [
        ("dryRun=Some", "CreateOptions", False, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'),
        (
            "fieldValidation=Maybe",
            "UpdateOptions",
            False,
            'fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
        ),
        ("force=true", "PatchOptions", False, "force: Forbidden: may not be specified for non-apply patch"),
        ("", "PatchOptions", True, "fieldManager: Required value: is required for apply patch"),
        (f"fieldManager={'m' * 129}", "CreateOptions", False, "fieldManager: Too long: may not be more than 128 bytes"),
    ],
    ids=["dry run", "validation", "force", "manager", "long manager"],
)
def test_a_write_that_makes_no_sense_is_refused(query: str, kind: str, apply: bool, message: str) -> None:
    assert refused(query, kind, apply=apply).message == f'{kind}.meta.k8s.io "" is invalid: {message}'


def test_write_options_are_read_from_the_query() -> None:
    options = write_options(query_of(b"dryRun=All&fieldManager=me&fieldValidation=Strict"), "CreateOptions")
    assert (options.dry_run, options.field_manager, options.field_validation) == (True, "me", "Strict")


def test_delete_options_come_from_the_query_without_a_body() -> None:
    query = query_of(b"gracePeriodSeconds=0&propagationPolicy=Foreground&dryRun=All")
    assert delete_options(query, None) == DeleteOptions(0, "Foreground", None, None, True)


def test_a_body_of_delete_options_overrides_the_query() -> None:
    body = {"propagationPolicy": "Orphan", "preconditions": {"uid": "u", "resourceVersion": "3"}}
    assert delete_options({"gracePeriodSeconds": "5"}, body) == DeleteOptions(None, "Orphan", "u", "3", False)


@pytest.mark.parametrize(("orphan", "policy"), [(True, "Orphan"), (False, "Background")])
def test_the_old_orphan_flag_still_counts(orphan: bool, policy: str) -> None:
    assert delete_options({}, {"orphanDependents": orphan}).propagation == policy


def test_an_unknown_propagation_is_refused() -> None:
    error = refused("propagationPolicy=Sideways", "DeleteOptions")
    assert 'propagationPolicy: Unsupported value: "Sideways"' in error.message


def test_a_get_may_ask_for_a_version_that_is_there(client: Client, api: LocalApi) -> None:
    made = api.create(config_map("a"))
    path = "/api/v1/namespaces/default/configmaps/a?resourceVersion="
    codes = [client.get(path + version).code for version in ("0", made["metadata"]["resourceVersion"], "999", "x")]
    assert codes == [200, 200, 504, 400]


@pytest.mark.parametrize("version", ["999", str(2**64 - 1)])
@pytest.mark.parametrize("match", ["", "&resourceVersionMatch=NotOlderThan"])
def test_a_list_at_a_version_to_come_waits_in_vain(client: Client, version: str, match: str) -> None:
    answer = client.get(f"/api/v1/namespaces/default/configmaps?resourceVersion={version}{match}")
    assert (answer.code, answer.json["reason"]) == (504, "Timeout")
    assert answer.json["message"].startswith(f"Timeout: Too large resource version: {version}, current: ")


def test_a_collection_may_be_deleted_in_chunks(client: Client, api: LocalApi) -> None:
    for name in "abc":
        api.create(config_map(name))
    path = "/api/v1/namespaces/default/configmaps?limit=2"
    gone = client("DELETE", path).json
    assert [item["metadata"]["name"] for item in gone["items"]] == ["a", "b"]
    assert gone["metadata"]["remainingItemCount"] == 1
    assert [item["metadata"]["name"] for item in api.list("configmaps", "default")] == ["c"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/v1/nodes?timeout=invalid", 'time: invalid duration "invalid"'),
        ("/readyz?timeout=5", 'time: missing unit in duration "5"'),
        ("/apis?timeout=3x", 'time: unknown unit "x" in duration "3x"'),
    ],
)
def test_a_timeout_is_a_duration(client: Client, path: str, message: str) -> None:
    answer = client.get(path)
    assert answer.code == 400
    assert answer.json["message"] == f"invalid timeout specified in the request URL - {message}"


@pytest.mark.parametrize(
    "path", ["/api/v1/nodes?timeout=", "/api/v1/nodes?timeout=30s", "/api/v1/namespaces/a/pods/b/log?timeout=x"]
)
def test_other_timeouts_are_none_or_for_those_who_last(client: Client, path: str) -> None:
    assert client.get(path).code in (200, 404)
