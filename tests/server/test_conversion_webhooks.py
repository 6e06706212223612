"""Conversion webhooks: when they are asked, and what is said of their answers, in the words of a real 1.36.3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from builders import ADMIN, merged

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.controlplane.server.webhookclients import CallError, Destination, Review
from gitopslab.errors import ApiError, ConflictError
from gitopslab.machinery.kinds import Resource
from gitopslab.machinery.objects import Object, copy_of

TEXT = {"type": "string"}
WHERE = "conversion webhook for example.com/v1, Kind=Port"


class Program:
    """A webhook that splits and joins ``hostPort``; stands for the network.

    Attributes:
        asked: The versions that were wanted.
        spoil: Changes the review that is answered.
        is_there: Whether it can be reached.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.spoil: Callable[[Object], Any] = lambda review: None
        self.is_there = True

    def prepared(self, destination: Destination, body: bytes, seconds: int, review: Review) -> Callable[[], Object]:
        given = json.loads(body)
        assert (given["kind"], given["apiVersion"]) == (review.kind, f"{review.group}/v1")

        def ask() -> Object:
            if not self.is_there:
                raise CallError(f'Post "{destination.url}?timeout={seconds}s": EOF')
            request = given["request"]
            self.asked.append(request["desiredAPIVersion"])
            converted = [_converted(one, request["desiredAPIVersion"]) for one in request["objects"]]
            response = {"uid": request["uid"], "convertedObjects": converted, "result": {"status": "Success"}}
            answer: Object = {"apiVersion": given["apiVersion"], "kind": given["kind"], "response": response}
            self.spoil(answer)
            return answer

        return ask


def _converted(obj: Object, version: str) -> Object:
    found: Object = copy_of(obj)
    found["apiVersion"], spec = version, found.get("spec")
    if not spec:
        return found  # an apply is tried without what is no longer applied
    if version.endswith("v2"):
        spec["host"], _, spec["port"] = spec.pop("hostPort").partition(":")
    else:
        spec["hostPort"] = f"{spec.pop('host')}:{spec.pop('port')}"
    return found


def version(name: str, **properties: Object) -> Object:
    spec = {"type": "object", "properties": properties}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {"name": name, "served": True, "storage": name == "v1", "schema": schema}


DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ports.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "ports", "singular": "port", "kind": "Port"},
        "versions": [version("v1", hostPort=TEXT), version("v2", host=TEXT, port=TEXT)],
        "conversion": {
            "strategy": "Webhook",
            "webhook": {
                "conversionReviewVersions": ["v1"],
                "clientConfig": {"url": "https://127.0.0.1:8443/convert"},
            },
        },
    },
}


@pytest.fixture
def program(verbs: Verbs, api: LocalApi) -> Program:
    """The webhook of an established definition."""
    made = api.create(DEFINITION)
    names = {**made["spec"]["names"], "listKind": "PortList"}
    conditions = [{"type": "Established", "status": "True"}, {"type": "NamesAccepted", "status": "True"}]
    api.update(merged(made, {"status": {"acceptedNames": names, "conditions": conditions}}), "status")
    found = Program()
    verbs.call_webhooks(found)
    return found


def newest(verbs: Verbs) -> Resource:
    found = verbs.catalog.at("example.com", "v2", "ports")
    assert found is not None
    return found


def port(version: str, name: str = "a", **spec: str) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": f"example.com/{version}", "kind": "Port", "metadata": metadata, "spec": spec}


def shown(verbs: Verbs, name: str = "a") -> Object:
    return verbs.get(ADMIN, newest(verbs), "default", name).object


def test_an_object_is_shown_as_the_webhook_converts_it(verbs: Verbs, api: LocalApi, program: Program) -> None:
    api.create(port("v1", hostPort="db:5432"))
    assert program.asked == []
    assert shown(verbs)["spec"] == {"host": "db", "port": "5432"}
    page = verbs.list(ADMIN, newest(verbs), "default")
    assert [record.object["spec"]["host"] for record in page.records] == ["db"]


def test_an_object_is_kept_in_the_storage_version(verbs: Verbs, api: LocalApi, program: Program) -> None:
    made = api.create(port("v2", host="db", port="1"))
    assert made["spec"] == {"host": "db", "port": "1"}
    assert program.asked == ["example.com/v1", "example.com/v2"]
    kept = verbs.reader.find(newest(verbs).key, "default", "a")
    assert kept is not None
    assert (kept["apiVersion"], kept["spec"]) == ("example.com/v1", {"hostPort": "db:1"})


def test_what_cannot_be_converted_is_not_kept(verbs: Verbs, api: LocalApi, program: Program) -> None:
    program.is_there = False
    with pytest.raises(ApiError) as failed:
        api.create(port("v2", host="db", port="1"))
    told = 'failed: Post "https://127.0.0.1:8443/convert?timeout=30s": EOF'
    assert failed.value.message == f"conversion webhook for example.com/v2, Kind=Port {told}"
    assert verbs.reader.find(newest(verbs).key, "default", "a") is None


def test_a_watch_converts_what_it_tells_when_it_is_read(verbs: Verbs, api: LocalApi, program: Program) -> None:
    past, subscription = verbs.watch(ADMIN, newest(verbs), "default")
    api.create(port("v1", hostPort="db:5432"))
    assert (list(past), program.asked) == ([], [])
    (change,) = subscription.pending()
    assert (change.type, change.record.object["spec"]) == ("ADDED", {"host": "db", "port": "5432"})


def test_a_watch_that_is_broken_off_before_it_begins_leaves_nothing_behind(
    verbs: Verbs, api: LocalApi, program: Program
) -> None:
    def stop(review: Object) -> None:
        raise KeyboardInterrupt

    api.create(port("v1", hostPort="db:5432"))
    program.spoil, before = stop, verbs.feed.watchers
    with pytest.raises(KeyboardInterrupt):
        verbs.watch(ADMIN, newest(verbs), "default")
    assert verbs.feed.watchers == before


def test_those_inside_do_not_wait_for_a_webhook(api: LocalApi, program: Program) -> None:
    _, watch = api.watch("ports.example.com")
    program.is_there = False
    api.create(port("v1", hostPort="db:5432"))
    assert [event.object["spec"] for event in watch.poll()] == [{"hostPort": "db:5432"}]


def test_only_labels_and_annotations_may_change(verbs: Verbs, api: LocalApi, program: Program) -> None:
    api.create(port("v1", hostPort="db:5432"))

    def relabel(answer: Object) -> None:
        metadata = answer["response"]["convertedObjects"][0]["metadata"]
        metadata["labels"], metadata["finalizers"] = {"seen": "yes"}, ["a/b"]

    program.spoil = relabel
    metadata = shown(verbs)["metadata"]
    assert (metadata["labels"], "finalizers" in metadata) == ({"seen": "yes"}, False)


def converted(**change: Any) -> Callable[[Object], None]:
    return lambda answer: answer["response"]["convertedObjects"][0].update(change)


def named(**change: Any) -> Callable[[Object], None]:
    return lambda answer: answer["response"]["convertedObjects"][0]["metadata"].update(change)


def response(**change: Any) -> Callable[[Object], None]:
    return lambda answer: answer["response"].update(change)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (converted(apiVersion="nope.io/v9"),
         "returned invalid object at index 0: invalid groupVersion (expected example.com/v2, received nope.io/v9)"),
        (converted(kind="Other"), "returned invalid object at index 0: invalid kind (expected Port, received Other)"),
        (named(name="b"), "returned invalid object: must have the same name: a != b"),
        (converted(metadata={}), "returned invalid object: must have the same name: a != "),
        (named(labels={"a": 1}),
         "returned invalid metadata: metadata.labels[a] must be a string, but is int64 in converted object"),
        (response(convertedObjects=[]), "returned 0 objects, expected 1"),
        (response(result={"status": "Failure", "message": "cannot do it"}), "failed: cannot do it"),
        (response(result={"status": "Failure"}), "failed: response.result.status was 'Failure', not 'Success'"),
        (response(result={}), "failed: response.result.status was '', not 'Success'"),
        (lambda answer: answer.pop("response"), "failed: no response provided"),
        (lambda answer: answer.update(response="x"),
         "failed: json: cannot unmarshal string into Go struct field ConversionReview.response of type "
         "v1.ConversionResponse"),
        (response(convertedObjects=5),
         "failed: json: cannot unmarshal number into Go struct field ConversionResponse.response.convertedObjects of "
         "type []runtime.RawExtension"),
        (response(result=[1]),
         "failed: json: cannot unmarshal array into Go struct field ConversionResponse.response.result of type "
         "v1.Status"),
        (lambda answer: answer.update(apiVersion="apiextensions.k8s.io/v1beta1"),
         "failed: converting (v1beta1.ConversionReview) to (v1.ConversionReview): unknown conversion"),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_told(
    verbs: Verbs, api: LocalApi, program: Program, spoil: Callable[[Object], Any], said: str
) -> None:
    api.create(port("v1", hostPort="db:5432"))
    program.spoil = spoil
    with pytest.raises(ApiError) as failed:
        shown(verbs)
    assert (failed.value.code, failed.value.reason, failed.value.message) == (500, "", f"{WHERE} {said}")


def applied(verbs: Verbs, version: str, who: str, *, force: bool = False, **spec: str) -> dict[str, tuple[str, Object]]:
    """An apply in a version; afterwards the version each manager wrote in, and what he owns of the spec."""
    resource = verbs.catalog.at("example.com", version, "ports")
    assert resource is not None
    options = WriteOptions(field_manager=who, force=force)
    record, _ = verbs.patch(ADMIN, resource, "default", "a", port(version, **spec), "apply", options)
    return {
        entry["manager"]: (entry["apiVersion"].rpartition("/")[2], entry["fieldsV1"]["f:spec"])
        for entry in record.object["metadata"]["managedFields"]
    }


def test_fields_are_owned_in_the_words_of_the_version_they_were_applied_in(verbs: Verbs, program: Program) -> None:
    joined, host, port_ = {"f:hostPort": {}}, {"f:host": {}}, {"f:port": {}}
    assert applied(verbs, "v1", "one", hostPort="db:5432") == {"one": ("v1", joined)}
    with pytest.raises(ConflictError, match=r'conflict with "one": \.spec\.hostPort$'):
        applied(verbs, "v2", "two", host="other", port="5432")
    same = applied(verbs, "v2", "two", host="db", port="5432")
    assert same == {"one": ("v1", joined), "two": ("v2", {**host, **port_})}
    assert applied(verbs, "v2", "two", host="other", port="5432", force=True) == {"two": ("v2", {**host, **port_})}
    assert applied(verbs, "v1", "two", hostPort="other:5432") == {"two": ("v1", joined)}
    assert applied(verbs, "v2", "two", host="third", port="1") == {"two": ("v2", {**host, **port_})}
    assert shown(verbs)["spec"] == {"host": "third", "port": "1"}


def test_a_patch_takes_fields_from_those_who_wrote_in_another_version(
    verbs: Verbs, api: LocalApi, program: Program
) -> None:
    applied(verbs, "v1", "one", hostPort="db:5432")
    change = {"spec": {"port": "1"}}
    options = WriteOptions(field_manager="other")
    record, _ = verbs.patch(ADMIN, newest(verbs), "default", "a", change, "merge", options)
    owners = {entry["manager"]: entry["fieldsV1"] for entry in record.object["metadata"]["managedFields"]}
    assert owners == {"other": {"f:spec": {"f:port": {}}}}


def test_a_manager_of_a_version_that_is_gone_owns_nothing_any_more(
    verbs: Verbs, api: LocalApi, program: Program
) -> None:
    applied(verbs, "v2", "two", host="db", port="5432")
    definition = api.get("customresourcedefinitions.apiextensions.k8s.io", "ports.example.com")
    definition["spec"]["versions"] = [version("v1", hostPort=TEXT)]
    api.update(definition)
    assert applied(verbs, "v1", "one", hostPort="other:1") == {"one": ("v1", {"f:hostPort": {}})}
