"""Bodies as Go clients send them; the first one was captured from ``kubectl create configmap a --from-literal=x=y``."""

from __future__ import annotations

import pytest

from gitopslab.machinery import gotypes, protobuf, schema

_CAPTURED = bytes.fromhex(
    "6b387300 0a0f 0a02 7631 1209 436f6e6669674d6170"
    "121b 0a11 0a01 61 1200 1a00 2200 2a00 3200 3800 4200 1206 0a01 78 1201 79 1a00 2200"
)


def field(number: int, content: bytes | str) -> bytes:
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value & (1 << 64) - 1)


def varint(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found += bytes([value & 0x7F | 0x80])
        value >>= 7
    return found + bytes([value])


def envelope(api_version: str, kind: str, content: bytes) -> bytes:
    return protobuf.PREFIX + field(1, field(1, api_version) + field(2, kind)) + field(2, content)


def test_what_kubectl_sends_is_read() -> None:
    read = protobuf.read(_CAPTURED)
    assert (read["apiVersion"], read["kind"], read["data"]) == ("v1", "ConfigMap", {"x": "y"})
    assert read["metadata"]["name"] == "a"
    assert "creationTimestamp" not in read["metadata"]


def test_times_of_the_first_year_are_read() -> None:
    time = whole(1, -62135596798)  # Go's zero time and two seconds
    body = envelope("coordination.k8s.io/v1", "Lease", field(2, field(3, time)))

    assert protobuf.read(body)["spec"] == {"acquireTime": "0001-01-01T00:00:02.000000Z"}


OTHERWISE = {"apiextensions.v1.JSON", "meta.v1.FieldsV1", "meta.v1.Patch", "meta.v1.WatchEvent"}
"""Types that no body holds as messages with fields of their own names."""


@pytest.mark.parametrize("kind", [name for name in gotypes.type_names() if name not in OTHERWISE])
def test_every_field_of_every_type_has_a_number(kind: str) -> None:
    def named(message: str) -> set[str]:
        found: set[str] = set()
        for label in protobuf.numbers(message).values():
            found |= named(label[1:]) if label.startswith("+") else {label}
        return found

    if not kind.endswith("List"):  # nobody sends one
        assert set(schema.struct(kind).fields) - {"apiVersion", "kind"} <= named(kind)


def test_a_schema_and_what_may_stand_in_its_place_are_read() -> None:
    text = field(5, "string")
    props = b"".join(
        (
            field(30, whole(1, 0)),  # additionalProperties: false
            field(34, field(1, "a") + field(2, field(30, whole(1, 1) + field(2, text)))),  # a schema for them
            field(24, field(2, text) + field(2, field(5, "integer"))),  # items: one schema each
            field(32, field(1, "b") + field(2, field(2, "x") + field(2, "y"))),  # dependencies on properties
            field(32, field(1, "c") + field(2, field(1, text))),  # and on a schema
            field(8, field(1, '{"k": [1]}')),
            field(20, field(1, '"red"')) + field(20, field(1, "2")),
        )
    )
    version = field(1, "v1") + whole(2, 1) + whole(3, 1) + field(4, field(1, props))
    spec = field(1, "example.org") + field(7, version)
    read = protobuf.read(envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition", field(2, spec)))
    assert read["spec"] == {
        "group": "example.org",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "additionalProperties": False,
                        "definitions": {"a": {"additionalProperties": {"type": "string"}}},
                        "items": [{"type": "string"}, {"type": "integer"}],
                        "dependencies": {"b": ["x", "y"], "c": {"type": "string"}},
                        "default": {"k": [1]},
                        "enum": ["red", 2],
                    }
                },
            }
        ],
    }


def test_a_zero_behind_a_pointer_is_kept() -> None:
    read = protobuf.read(envelope("apps/v1", "Deployment", field(2, whole(1, 0))))
    assert read["spec"] == {"replicas": 0}


def test_negative_numbers_are_read() -> None:
    read = protobuf.read(envelope("v1", "Pod", field(2, whole(25, -5))))
    assert read["spec"] == {"priority": -5}


def test_lists_maps_and_inlined_types_are_read() -> None:
    volume = field(1, "conf") + field(2, field(19, field(1, field(1, "app"))))
    limits = field(1, field(1, "cpu") + field(2, field(1, "100m")))
    container = field(1, "c") + field(3, "sleep") + field(3, "9") + field(8, limits)
    read = protobuf.read(envelope("v1", "Pod", field(2, field(1, volume) + field(2, container))))
    assert read["spec"]["volumes"] == [{"name": "conf", "configMap": {"name": "app"}}]
    assert read["spec"]["containers"] == [
        {"name": "c", "command": ["sleep", "9"], "resources": {"limits": {"cpu": "100m"}}}
    ]


def test_values_with_a_form_of_their_own_are_read() -> None:
    port = whole(3, 80) + field(4, whole(1, 1) + field(3, "http"))
    other = whole(3, 81) + field(4, whole(1, 0) + whole(2, 0) + field(3, ""))
    read = protobuf.read(envelope("v1", "Service", field(2, field(1, port) + field(1, other))))
    assert read["spec"]["ports"] == [{"port": 80, "targetPort": "http"}, {"port": 81}]
    secret = protobuf.read(envelope("v1", "Secret", field(2, field(1, "k") + field(2, b"\x00\xff"))))
    assert secret["data"] == {"k": "AP8="}
    lease = field(3, whole(1, 1767225600) + whole(2, 5000))
    read = protobuf.read(envelope("coordination.k8s.io/v1", "Lease", field(2, whole(2, 40) + field(4, lease[2:]))))
    assert read["spec"]["renewTime"] == "2026-01-01T00:00:00.000005Z"


def test_a_list_with_a_name_of_its_own_is_read() -> None:
    extra = field(1, "scopes") + field(2, field(1, "a") + field(1, "b"))
    read = protobuf.read(envelope("authorization.k8s.io/v1", "SubjectAccessReview", field(2, field(5, extra))))
    assert read["spec"]["extra"] == {"scopes": ["a", "b"]}


def test_an_unknown_kind_is_named_without_fields() -> None:
    assert protobuf.read(envelope("v1", "Cake", field(1, "x"))) == {"apiVersion": "v1", "kind": "Cake"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{}", "expected prefix"),
        (_CAPTURED[:-3], "unexpected EOF"),
        (protobuf.PREFIX + b"\xff" * 11, "integer overflow"),
        (protobuf.PREFIX + b"\x0b", "illegal wireType"),
        (protobuf.PREFIX + b"\x08\x01", "wrong wireType"),
        (envelope("v1", "Pod", field(1, field(8, whole(1, 1 << 62)))), "year outside of range"),
    ],
    ids=["json", "cut off", "overflow", "wire type", "wrong type", "a time that is none"],
)
def test_what_is_no_message_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        protobuf.read(body)
