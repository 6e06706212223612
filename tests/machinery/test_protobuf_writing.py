"""What is written is what a real API server writes; and what was written is read again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitopslab.machinery import protobuf, protobuf_writing, schema
from gitopslab.machinery.gotypes import Type

_SCALE = bytes.fromhex(
    "6b387300 0a17 0a0e 6175746f7363616c696e672f7631 1205 5363616c65"
    "1222 0a11 0a0178 1200 1a00 2200 2a00 3200 3800 4200 1202 0801 1a09 0801 1205 6170703d78 1a00 2200"
)


def test_what_nobody_set_is_written_as_a_real_server_writes_it() -> None:
    scale = {"metadata": {"name": "x"}, "spec": {"replicas": 1}, "status": {"replicas": 1, "selector": "app=x"}}
    assert protobuf_writing.write({"apiVersion": "autoscaling/v1", "kind": "Scale", **scale}) == _SCALE


def test_a_list_and_its_metadata_are_written() -> None:
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in "ab"]
    items = [protobuf_writing.content(obj) for obj in objects]
    written = protobuf_writing.write_list("v1", "NamespaceList", {"resourceVersion": "7", "continue": "c"}, items)
    assert written.startswith(b"k8s\x00\n\x13\n\x02v1\x12\rNamespaceList")
    assert b"\n\x08\n\x00\x12\x017\x1a\x01c" in written
    one = protobuf_writing.write(objects[1])
    assert one[len(b"k8s\x00\n\x0f\n\x02v1\x12\tNamespace") + 2 : -4] in written


def test_an_event_tells_its_length_first() -> None:
    event = protobuf_writing.write_event("ADDED", b"x" * 300)
    assert int.from_bytes(event[:4]) == len(event) - 4
    assert event[4:].startswith(b"\n\x05ADDED\x12\xaf\x02\n\xac\x02xxx")


def test_metadata_alone_is_written() -> None:
    written = protobuf_writing.write_metadata("v1", {"metadata": {"name": "a"}, "data": {"secret": "s"}})
    assert written.startswith(b"k8s\x00\n'\n\x0emeta.k8s.io/v1\x12\x15PartialObjectMetadata")
    assert b"secret" not in written
    listed = protobuf_writing.write_metadata_list("v1", {}, [{"metadata": {"name": "a"}}])
    assert b"PartialObjectMetadataList" in listed


_INT64 = st.integers(-(1 << 63), (1 << 63) - 1)
_TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)
_MOMENT = st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")
_MICRO = st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds") + "Z")
_DEPTH = 4
_SIMPLE = {
    "string": _TEXT, "integer": _INT64.filter(bool), "boolean": st.just(True), "quantity": st.just("1500m"),
    "number": st.floats(1, 9), "bytes": st.just("AP8="), "int-or-string": st.one_of(st.integers(1, 9), _TEXT),
    "time": _MOMENT, "any": st.just({"type": "object"}),
}  # fmt: skip


def value(draw: st.DrawFn, kind: Type | None, depth: int) -> Any:
    """A value that neither an empty message nor a zero could be mistaken for."""
    assert kind is not None
    if kind.shape == "struct":
        return instance(draw, kind.name, depth)
    if kind.shape == "map":
        return {draw(_TEXT): value(draw, kind.element, depth)}
    if kind.shape == "list":
        return [value(draw, kind.element, depth) for _ in range(draw(st.integers(1, 2)))]
    return draw(_MICRO if kind.name == "meta.v1.MicroTime" else _SIMPLE[kind.shape])


def instance(draw: st.DrawFn, name: str, depth: int) -> dict[str, Any]:
    """An object of a struct with some of its fields."""
    fields = [field for field in schema.struct(name).fields.values() if field.name in known(name)]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3, unique_by=id)) if fields and depth else []
    return {field.name: value(draw, field.type, depth - 1) for field in chosen}


instances = st.composite(instance)


def known(message: str) -> set[str]:
    """The fields of a message, and of those that are inlined in it."""
    found: set[str] = set()
    for label in protobuf.numbers(message).values():
        found |= known(label[1:]) if label.startswith("+") else {label}
    return found


_KINDS = [
    ("v1", "Pod"), ("v1", "Service"), ("v1", "Secret"), ("v1", "Node"), ("apps/v1", "Deployment"), ("batch/v1", "Job"),
    ("coordination.k8s.io/v1", "Lease"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    ("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy"), ("resource.k8s.io/v1", "ResourceClaim"),
    ("authorization.k8s.io/v1", "SubjectAccessReview"), ("autoscaling/v2", "HorizontalPodAutoscaler"),
]  # fmt: skip


def present(value: Any) -> Any:
    """A value without empty messages, which a field that is no pointer is written as when it is not set."""
    if isinstance(value, dict):
        cleaned = {key: present(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item not in ({}, [], "", 0, False, None)}
    return [present(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("api_version", "kind"), _KINDS, ids=[kind for _, kind in _KINDS])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_was_written_is_read_again(api_version: str, kind: str, data: st.DataObject) -> None:
    found = schema.struct_of(api_version, kind)
    assert found is not None
    obj = {**data.draw(instances(found.key, _DEPTH)), "apiVersion": api_version, "kind": kind}
    assert present(protobuf.read(protobuf_writing.write(obj))) == present(obj)
