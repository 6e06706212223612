"""What the status of a policy tells of its types, in the words of a real kube-controller-manager."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cel_expr_python import cel

from gitopslab.controlplane.runtime import strands
from gitopslab.controlplane.server.admission.policies.typechecking import kinds_of, warnings_of
from gitopslab.controlplane.server.custom.cel import messages
from gitopslab.controlplane.server.custom.version import resources_of
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object


def spec_of(expression: str, *plurals: str, group: str = "apps", message: str = "", **spec: Any) -> Object:
    rule = {"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": list(plurals)}
    validation = {"expression": expression, **({"messageExpression": message} if message else {})}
    return {"matchConstraints": {"resourceRules": [rule]}, "validations": [validation], **spec}


def fault(found: str, expression: str, column: int) -> str:
    return f"ERROR: <input>:1:{column}: {found}\n | {expression}\n | {'.' * (column - 1)}^\n"


@pytest.mark.parametrize(
    ("expression", "found", "column"),
    [
        ("object.spec.foo > 1", "undefined field 'foo'", 12),
        ("object.spec.replicas > '1'", "found no matching overload for '_>_' applied to '(int, string)'", 22),
        ("object.metadata.name.foo == 1", "type 'string' does not support field selection", 21),
        ("object.metadata.labels['a'] == 1", "found no matching overload for '_==_' applied to '(string, int)'", 29),
        ("object.metadata.managedFields[0].fieldsV1.x == 'a'", "undefined field 'x'", 42),
        ("oldObject.spec.foo == null || object == oldObject", "undefined field 'foo'", 15),
        (
            "object.metadata.creationTimestamp == 'a'",
            "found no matching overload for '_==_' applied to '(timestamp, string)'", 35,
        ),
    ],
)  # fmt: skip
def test_a_type_that_cannot_be_is_told(expression: str, found: str, column: int) -> None:
    [warning] = warnings_of(spec_of(expression, "deployments"), Catalog())
    assert warning["fieldRef"] == "spec.validations[0].expression"
    assert warning["warning"] == f"apps/v1, Kind=Deployment: {fault(found, expression, column)}"


@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.replicas > 1", "object.spec.strategy.rollingUpdate.maxSurge == 'a'", "variables.broken > 1",
        "authorizer.group('apps').resource('deployments').check('delete').allowed()",
        "object.spec.template.spec.containers.all(c, c.image.contains('x'))",
    ],
)  # fmt: skip
def test_what_fits_is_not_told_of(expression: str) -> None:
    variables = [{"name": "broken", "expression": "object.spec.foo"}]
    assert not list(warnings_of(spec_of(expression, "deployments", variables=variables), Catalog()))


def test_amounts_have_no_type_and_so_no_field() -> None:
    expression = "object.spec.containers.all(c, c.resources.limits['cpu'] == '3')"
    [warning] = warnings_of(spec_of(expression, "pods", group=""), Catalog())
    assert "undefined field 'limits'" in warning["warning"]


def test_every_kind_is_told_of_in_order() -> None:
    spec = spec_of("object.spec.serviceName == 'x'", "replicasets", "statefulsets", "deployments", "deployments/scale")
    assert [resource.kind for resource in kinds_of(spec, Catalog())] == ["Deployment", "ReplicaSet", "StatefulSet"]
    [warning] = warnings_of(spec, Catalog())
    first, second = warning["warning"].split("\n\n")
    assert first.startswith("apps/v1, Kind=Deployment: ERROR")
    assert second.startswith("apps/v1, Kind=ReplicaSet: ERROR")


def test_wildcards_name_nothing() -> None:
    assert not kinds_of(spec_of("true", "*"), Catalog())
    assert not kinds_of(spec_of("true", "deployments", group="*"), Catalog())


def test_messages_variables_and_parameters_have_types_too() -> None:
    message = "'a' + object.spec.replicas"
    [warning] = warnings_of(spec_of("true", "deployments", message=message), Catalog())
    assert warning["fieldRef"] == "spec.validations[0].messageExpression"
    variables = [{"name": "x", "expression": "object.spec.replicas"}]
    [warning] = warnings_of(spec_of("variables.x > 'a'", "deployments", variables=variables), Catalog())
    assert "'(int, string)'" in warning["warning"]
    kind = {"apiVersion": "v1", "kind": "ConfigMap"}
    [warning] = warnings_of(spec_of("params.foo == 1", "deployments", paramKind=kind), Catalog())
    assert "undefined field 'foo'" in warning["warning"]


def catalog_with(kind: str, **properties: Object) -> Catalog:
    """The built-in kinds, and ``odds.odd.io`` of a kind whose spec has such properties."""
    names = {"plural": "odds", "singular": "odd", "kind": kind, "listKind": f"{kind}List"}
    spec = {"type": "object", "properties": properties}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    definition = {"group": "odd.io", "names": names, "scope": "Namespaced", "versions": [version]}
    catalog = Catalog()
    for resource, _ in resources_of({"spec": definition, "status": {"acceptedNames": names}}):
        catalog.add(resource)
    return catalog


def holding(**properties: Object) -> Object:
    return {"type": "object", "properties": properties}


TEXT: Object = {"type": "string"}
TEXTS: Object = {"type": "object", "additionalProperties": TEXT}


@pytest.mark.parametrize(
    ("properties", "fitting"),
    [
        ({"foo.bar/baz": holding(x=TEXT)}, "object.spec.foo__dot__bar__slash__baz.x == 'a'"),
        ({"a-b": {"type": "array", "items": holding(x=TEXT)}}, "object.spec.a__dash__b.all(one, one.x == 'a')"),
        ({"a": holding(b=holding(x=TEXT)), "a_b": holding(y=TEXT)}, "object.spec.a.b.x == object.spec.a_b.y"),
        ({"a_b": TEXTS, "ABEntry": TEXT}, "object.spec.a_b['x'] == object.spec.ABEntry"),
    ],
    ids=["slash", "dash", "alike", "entry"],
)
@pytest.mark.parametrize("kind", ["Odd", "My-Kind"])
def test_properties_may_be_called_anything(kind: str, properties: Object, fitting: str) -> None:
    catalog = catalog_with(kind, **properties)
    assert not list(warnings_of(spec_of(fitting, "odds", group="odd.io"), catalog))
    unfitting = "object.spec.nope == 1"
    [warning] = warnings_of(spec_of(unfitting, "odds", group="odd.io"), catalog)
    told = fault("undefined field 'nope'", unfitting, 12)
    assert warning["warning"] == f"odd.io/v1, Kind={kind}: {told}"


def test_a_kind_may_be_called_as_a_type_that_expressions_see() -> None:
    catalog = catalog_with("AdmissionRequest", x=TEXT)
    expression = "request.operation == object.spec.x && request.userInfo.username == ''"
    assert not list(warnings_of(spec_of(expression, "odds", group="odd.io"), catalog))


def test_parameters_keep_their_own_types() -> None:
    catalog = catalog_with("Odd", x=TEXT)
    spec = spec_of(
        "params.spec.x == object.spec.nodeName", "pods", group="", paramKind={"apiVersion": "odd.io/v1", "kind": "Odd"}
    )
    assert not list(warnings_of(spec, catalog))
    spec = spec_of("params.spec.x == object.spec.x", "odds", group="odd.io", paramKind=spec["paramKind"])
    assert not list(warnings_of(spec, catalog))


class CountingCatalog(Catalog):
    """Counts how often it is gone through."""

    walks = 0

    def __iter__(self) -> Iterator[Resource]:
        self.walks += 1
        return super().__iter__()


def test_the_catalog_is_gone_through_once_for_a_rule() -> None:
    catalog = CountingCatalog()
    spec = spec_of("true", "deployments", "daemonsets", "leases")
    rule = spec["matchConstraints"]["resourceRules"][0]
    rule |= {"apiGroups": ["apps", "nope", "coordination.k8s.io"], "apiVersions": ["v1", "v2", "v3"]}
    assert [resource.kind for resource in kinds_of(spec, catalog)] == ["DaemonSet", "Deployment", "Lease"]
    assert catalog.walks == 1


def test_ten_kinds_are_looked_at_in_the_order_of_groups_and_names() -> None:
    plurals = [resource.plural for resource in Catalog() if resource.version == "v1"]
    found = kinds_of(spec_of("true", *plurals, group=""), Catalog())
    named = sorted((one for one in Catalog() if one.version == "v1"), key=lambda one: one.plural)
    assert {one.kind for one in found} == {one.kind for one in named[:10]}


def calls_of(name: str, where: Any, spec: Object, monkeypatch: pytest.MonkeyPatch) -> int:
    """How often the types of a policy have something of a library called."""
    called = 0
    real: Callable[..., Any] = getattr(where, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal called
        called += 1
        return real(*args, **kwargs)

    with monkeypatch.context() as patching:
        patching.setattr(where, name, counted)
        assert not list(warnings_of(spec, Catalog()))
    return called


def with_variables(*expressions: str) -> Object:
    variables = [{"name": f"v{number}", "expression": expression} for number, expression in enumerate(expressions)]
    return spec_of("variables.v0 > 0", "deployments", variables=variables)


def test_variables_that_use_no_other_are_checked_in_one_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (with_variables(*["object.spec.replicas"] * count) for count in (2, 20))
    assert calls_of("NewEnv", cel, few, monkeypatch) == calls_of("NewEnv", cel, many, monkeypatch)


def test_a_variable_that_uses_others_does_not_have_the_kind_put_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    few, many = (with_variables("1", *["variables.v0"] * count) for count in (1, 11))
    counts = [calls_of("DescriptorProto", messages, spec, monkeypatch) for spec in (few, many)]
    assert counts[1] == counts[0] + 10


def test_others_go_on_while_a_policy_is_looked_at() -> None:
    ended: list[Any] = []

    async def look() -> None:
        spec = spec_of("object.spec.foo == 1", "deployments")
        ended.extend(await strands.run(lambda: warnings_of(spec, Catalog())))

    async def others() -> None:
        ended.append("others")

    async def story() -> None:
        await asyncio.gather(look(), others())

    asyncio.run(story())
    first, second = ended
    assert first == "others"
    assert "undefined field 'foo'" in second["warning"]
