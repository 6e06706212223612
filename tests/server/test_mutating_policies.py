"""MutatingAdmissionPolicies: what they change, and what is said when they cannot, in the words of the real server."""

from __future__ import annotations

from typing import Any

import pytest
from builders import config_map, pod

from gitopslab.controlplane.server.custom.cel import engine, initializers, policies
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.errors import ApiError, InvalidError
from gitopslab.machinery.objects import Object

_GROUP = "admissionregistration.k8s.io"
_RULE = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps", "pods", "services"],
}


def applied(expression: str) -> Object:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patched(expression: str) -> Object:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def labelled(labels: str) -> Object:
    return applied(f"Object{{metadata: Object.metadata{{labels: {labels}}}}}")


def policy(*mutations: Object, name: str = "m", **spec: Any) -> Object:
    head = {"apiVersion": f"{_GROUP}/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": name}}
    about = {"matchConstraints": {"resourceRules": [_RULE]}, "reinvocationPolicy": "Never"}
    return {**head, "spec": {**about, "mutations": list(mutations), **spec}}


def binding(name: str = "m", **spec: Any) -> Object:
    head = {"apiVersion": f"{_GROUP}/v1", "kind": "MutatingAdmissionPolicyBinding", "metadata": {"name": name}}
    return {**head, "spec": {"policyName": name, **spec}}


def bind(api: LocalApi, *mutations: Object, name: str = "m", **spec: Any) -> None:
    api.create(policy(*mutations, name=name, **spec))
    api.create(binding(name))


@pytest.mark.parametrize("text", ["'Object.spec{", '"""Object.spec{"', "'Object.spec{\\", '"Object.spec{\n'])
def test_a_text_that_nothing_closes_makes_no_object(text: str) -> None:
    assert initializers.named(text).text == text


def test_a_policy_changes_nothing_until_it_is_bound(api: LocalApi) -> None:
    api.create(policy(labelled('{"env": "test"}')))
    assert "labels" not in api.create(config_map("a"))["metadata"]
    api.create(binding())
    assert api.create(config_map("b"))["metadata"]["labels"] == {"env": "test"}


def test_a_configuration_is_merged_as_an_apply_would_merge_it(api: LocalApi) -> None:
    added = 'Object.spec.containers.env{name: "IMAGE", value: c.image}'
    each = f"object.spec.containers.map(c, Object.spec.containers{{name: c.name, env: [{added}]}})"
    bind(api, applied(f"Object{{spec: Object.spec{{containers: {each}}}}}"))
    container = api.create(pod("a"))["spec"]["containers"][0]
    assert container["env"] == [{"name": "IMAGE", "value": container["image"]}]


def test_what_is_added_gets_its_defaults(api: LocalApi) -> None:
    port = 'Object.spec.ports{port: 81, protocol: "TCP", name: "more"}'
    bind(api, applied(f"Object{{spec: Object.spec{{ports: [{port}]}}}}"))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "default"}}
    made = api.create({**service, "spec": {"ports": [{"name": "http", "port": 80}]}})
    assert {"name": "more", "port": 81, "protocol": "TCP", "targetPort": 81} in made["spec"]["ports"]


def test_a_patch_may_be_made_of_parts_of_the_object(api: LocalApi) -> None:
    key = 'jsonpatch.escapeKey("example.com/of")'
    bind(
        api,
        patched('[JSONPatch{op: "add", path: "/metadata/labels", value: {"first": object.data.key}}]'),
        patched(f'[JSONPatch{{op: "add", path: "/metadata/labels/" + {key}, value: object.metadata.labels.first}}]'),
        patched('object.data.key == "no" ? [JSONPatch{op: "remove", path: "/data"}] : []'),
    )
    made = api.create(config_map("a", data={"key": "value"}))
    assert made["metadata"]["labels"] == {"first": "value", "example.com/of": "value"}
    assert made["data"] == {"key": "value"}


def test_a_patch_whose_test_fails_changes_nothing(api: LocalApi) -> None:
    test = 'JSONPatch{op: "test", path: "/data/key", value: "other"}'
    bind(api, patched(f'[{test}, JSONPatch{{op: "remove", path: "/data"}}]'))
    assert api.create(config_map("a", data={"key": "value"}))["data"] == {"key": "value"}


@pytest.mark.parametrize(
    ("mutation", "said"),
    [
        (labelled('{"a": object.data.none}'), "resulted in error: no such key: none"),
        (
            applied('Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: "a"}]}}'),
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
            ".spec.tolerations",
        ),
        (
            applied("Object{spec: Object.spec{nothing: 1}}"),
            "error applying patch: failed to convert patch object to typed object: .spec.nothing: field not declared "
            "in schema",
        ),
        (
            applied("Object{spec: Object.metadata{}}"),
            'type mismatch: unexpected type name "Object.metadata", expected "Object.spec", which matches field name '
            "path from root Object type",
        ),
        (
            patched('[JSONPatch{op: "remove", path: "/data/none/x"}]'),
            'JSON Patch: remove operation does not apply: doc is missing path: "/data/none/x": missing value',
        ),
    ],
)
def test_what_cannot_be_done_refuses_the_write_unless_that_is_to_be_ignored(
    api: LocalApi, mutation: Object, said: str
) -> None:
    bind(api, mutation)
    with pytest.raises(ApiError) as refused:
        api.create(pod("a") | {"data": {}})
    error = refused.value
    assert (error.code, error.reason) == (403, "Invalid")
    assert error.message.startswith("policy 'm' with binding 'm' denied request: ")
    assert error.message.endswith(said)
    api.patch(f"mutatingadmissionpolicies.{_GROUP}", "m", {"spec": {"failurePolicy": "Ignore"}})
    assert api.create(pod("a"))


def test_what_is_shared_many_times_over_is_refused_before_it_is_written(api: LocalApi) -> None:
    above = [{"name": f"v{n}", "expression": f"variables.v0.map(n, dyn(variables.v{n - 1}))"} for n in range(1, 6)]
    variables = [{"name": "v0", "expression": "lists.range(100)"}, *above]
    bind(api, patched('[JSONPatch{op: "add", path: "/data", value: variables.v5}]'), variables=variables)
    with pytest.raises(ApiError, match="Request entity too large: limit is 3145728"):
        api.create(config_map("a"))


def test_a_condition_variables_and_parameters_are_known_as_to_other_policies(api: LocalApi) -> None:
    api.create(config_map("limits", data={"team": "red"}))
    bind(api, labelled('{"never": "x"}'), matchConditions=[{"name": "no", "expression": "false"}])
    variables = [{"name": "team", "expression": "params.data.team"}]
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    api.create(policy(labelled('{"team": variables.team}'), name="p", paramKind=kind, variables=variables))
    reference = {"name": "limits", "namespace": "default", "parameterNotFoundAction": "Deny"}
    api.create(binding("p", paramRef=reference))
    labels = api.create(pod("a"))["metadata"]["labels"]
    assert labels["team"] == "red"
    assert "never" not in labels


@pytest.mark.parametrize(("wish", "seen"), [("IfNeeded", "true"), ("Never", "false")])
def test_a_policy_is_asked_again_when_another_changed_the_object_after_it(api: LocalApi, wish: str, seen: str) -> None:
    there = 'string(has(object.metadata.labels) && "later" in object.metadata.labels)'
    bind(api, labelled(f'{{"seen": {there}}}'), reinvocationPolicy=wish)
    bind(api, labelled('{"later": "1"}'), name="z")
    assert api.create(config_map("a"))["metadata"]["labels"] == {"seen": seen, "later": "1"}


def test_expressions_see_a_new_object_without_its_identity(api: LocalApi) -> None:
    bind(api, labelled('{"uid": string(has(object.metadata.uid)), "called": request.name}'))
    assert api.create(config_map("a"))["metadata"]["labels"] == {"uid": "false", "called": "a"}


@pytest.mark.parametrize(
    ("mutation", "cause"),
    [
        ({}, "spec.mutations[0].patchType: Required value"),
        (
            {"patchType": "JSONPatch"},
            "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch",
        ),
        (applied('"x"'), 'Invalid value: "\\"x\\"": must evaluate to Object but got string'),
        (applied("object"), 'Invalid value: "object": must evaluate to Object but got dyn'),
        (applied("Object.spec{}"), 'Invalid value: "Object.spec{}": must evaluate to Object but got Object.spec'),
        (applied('{"a": 1}'), "must evaluate to Object but got map(string, int)"),
        (patched("[]"), 'Invalid value: "[]": must evaluate to list(JSONPatch) but got list(dyn)'),
        (
            patched('[JSONPatch{op: 1, path: "/data"}]'),
            "ERROR: <input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'",
        ),
        (labelled('{"a": nothing}'), "ERROR: <input>:1:48: undeclared reference to 'nothing' (in container '')"),
    ],
)
def test_a_mutation_that_could_not_be_carried_out_is_refused(api: LocalApi, mutation: Object, cause: str) -> None:
    with pytest.raises(InvalidError) as refused:
        api.create(policy(mutation))
    assert cause in refused.value.message


def test_nothing_can_be_changed_that_goes(api: LocalApi) -> None:
    rules = {"resourceRules": [{**_RULE, "operations": ["DELETE"]}]}
    told = 'resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'
    with pytest.raises(InvalidError) as refused:
        api.create(policy(labelled("{}"), matchConstraints=rules))
    assert refused.value.message.endswith(told)


def test_objects_are_called_as_they_are_written() -> None:
    expression = "Object{spec: Object.spec{my_map: Object.spec.my_map{a: 1}}}"
    made, _ = engine.evaluated(policies.program(expression, (), patches=True), {})
    assert list(initializers.misnamed(made)) == []
    assert initializers.plain(made) == {"spec": {"my_map": {"a": 1}}}
