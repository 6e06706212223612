"""ValidatingAdmissionPolicies: really evaluated, where a binding says so, and in the words of the real server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from builders import ADMIN, config_map, deployment, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller, DeleteOptions, WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, InvalidError
from gitopslab.machinery.objects import Object

_GROUP = "admissionregistration.k8s.io"
_DEPLOYMENTS = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"]}
_MAPS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}


def policy(*validations: Object, rule: Object | None = None, name: str = "limits", **spec: Any) -> Object:
    rules = [rule or {**_DEPLOYMENTS, "resources": ["deployments"]}]
    whole = {"matchConstraints": {"resourceRules": rules}, "validations": list(validations), **spec}
    head = {"apiVersion": f"{_GROUP}/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}}
    return {**head, "spec": whole}


def binding(*actions: str, name: str = "everywhere", of: str = "limits", **spec: Any) -> Object:
    whole = {"policyName": of, "validationActions": list(actions or ("Deny",)), **spec}
    head = {"apiVersion": f"{_GROUP}/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name}}
    return {**head, "spec": whole}


def refusal(api: LocalApi, obj: Object) -> ApiError:
    with pytest.raises(ApiError) as refused:
        api.create(obj)
    return refused.value


_FIVE = {"expression": "object.spec.replicas <= 5"}


def test_a_write_that_breaks_a_bound_rule_is_refused_as_the_real_server_refuses_it(api: LocalApi) -> None:
    api.create(policy(_FIVE))
    assert api.create(deployment("free", replicas=9)), "without a binding a policy does nothing"
    api.create(binding())
    api.create(deployment("small", replicas=5))
    error = refusal(api, deployment("large", replicas=6))
    told = (
        "ValidatingAdmissionPolicy 'limits' with binding 'everywhere' denied request: "
        "failed expression: object.spec.replicas <= 5"
    )
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == f'deployments.apps "large" is forbidden: {told}'
    assert error.details == {"name": "large", "group": "apps", "kind": "deployments", "causes": [{"message": told}]}
    with pytest.raises(ApiError, match="denied request"):
        api.patch("deployments.apps", "small", {"spec": {"replicas": 7}}, "default")
    api.delete(f"validatingadmissionpolicybindings.{_GROUP}", "everywhere")
    assert api.create(deployment("large", replicas=6))


@pytest.mark.parametrize(
    ("validation", "said", "code"),
    [
        ({"message": " at most five "}, "at most five", 422),
        ({"messageExpression": "'at most 5, not ' + string(object.spec.replicas)"}, "at most 5, not 6", 422),
        ({"message": "five", "messageExpression": "string(object.nothing)"}, "five", 422),
        ({"message": "no", "reason": "Forbidden"}, "no", 403),
        ({"message": "no", "reason": "RequestEntityTooLarge"}, "no", 413),
    ],
)
def test_a_rule_says_what_is_wrong_in_its_own_words(api: LocalApi, validation: Object, said: str, code: int) -> None:
    api.create(policy({**_FIVE, **validation}))
    api.create(binding())
    error = refusal(api, deployment("large", replicas=6))
    assert error.message.endswith(f"denied request: {said}")
    assert (error.code, error.reason) == (code, validation.get("reason", "Invalid"))


def test_a_binding_that_warns_lets_it_pass(verbs: Verbs, api: LocalApi) -> None:
    api.create(policy({**_FIVE, "message": "at most five"}))
    api.create(binding("Warn", "Audit"))
    resource, options = verbs.catalog.by_key("deployments.apps"), WriteOptions()
    assert resource is not None
    verbs.create(ADMIN, resource, "default", deployment("large", replicas=6), options)
    assert options.warnings == [
        "Validation failed for ValidatingAdmissionPolicy 'limits' with binding 'everywhere': at most five"
    ]


def test_a_warning_is_told_even_when_another_binding_refuses(verbs: Verbs, api: LocalApi) -> None:
    api.create(policy({"expression": "false", "message": "no"}, rule=_MAPS))
    api.create(config_map("a"))
    api.create(binding("Warn", name="softly"))
    api.create(binding("Deny", name="strictly"))
    resource, options = verbs.catalog.by_key("configmaps"), DeleteOptions()
    assert resource is not None
    with pytest.raises(ApiError, match="with binding 'strictly' denied request: no"):
        verbs.delete(ADMIN, resource, "default", "a", options)
    told = "Validation failed for ValidatingAdmissionPolicy 'limits' with binding 'softly': no"
    assert options.warnings == [told]


@pytest.mark.parametrize(
    ("spec", "is_refused"),
    [
        ({"matchResources": {"namespaceSelector": {"matchLabels": {"env": "prod"}}}}, False),
        ({"matchResources": {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}}, True),
        ({"matchResources": {"objectSelector": {"matchLabels": {"app": "web"}}}}, True),
        ({"matchResources": {"objectSelector": {"matchLabels": {"app": "other"}}}}, False),
        ({"matchResources": {"excludeResourceRules": [{**_MAPS, "resourceNames": ["large"]}]}}, False),
        ({"matchResources": {"excludeResourceRules": [{**_MAPS, "resourceNames": ["small"]}]}}, True),
        ({"matchResources": {"resourceRules": [{**_MAPS, "operations": ["DELETE"]}]}}, False),
        ({"matchResources": {"resourceRules": [{**_MAPS, "scope": "Cluster"}]}}, False),
        ({"matchResources": {"resourceRules": [{**_MAPS, "resources": ["*"]}]}}, True),
        ({"matchResources": {"resourceRules": [{**_MAPS, "resources": ["configmaps/status"]}]}}, False),
        ({"matchResources": {"resourceRules": [{**_MAPS, "apiGroups": ["apps"]}]}}, False),
    ],
)
def test_a_binding_says_which_writes_it_is_about(api: LocalApi, spec: Object, is_refused: bool) -> None:
    api.create(policy({"expression": "false"}, rule=_MAPS))
    api.create(binding(**spec))
    obj = config_map("large", labels={"app": "web"})
    obj["metadata"]["labels"] = {"app": "web"}
    if is_refused:
        assert refusal(api, obj).code == 422
    else:
        api.create(obj)


def test_a_rule_sees_the_state_before_and_who_asks(verbs: Verbs, api: LocalApi) -> None:
    api.create(
        policy(
            {"expression": "oldObject == null || object == null || object.data == oldObject.data", "message": "frozen"},
            {"expression": "request.operation != 'DELETE' || request.userInfo.username == 'boss'", "message": "boss"},
            {"expression": "namespaceObject.metadata.name == 'default'", "message": "where"},
            rule=_MAPS,
        )
    )
    api.create(binding())
    api.create(config_map("a", data={"k": "v"}))
    with pytest.raises(ApiError, match="denied request: frozen"):
        api.patch("configmaps", "a", {"data": {"k": "w"}}, "default")
    with pytest.raises(ApiError, match="denied request: boss"):
        api.delete("configmaps", "a", "default")
    LocalApi(verbs, Caller("boss", ("system:masters",), "test")).delete("configmaps", "a", "default")


def test_variables_are_evaluated_when_they_are_used_and_may_use_others(api: LocalApi) -> None:
    variables = [
        {"name": "containers", "expression": "object.spec.template.spec.containers"},
        {"name": "images", "expression": "variables.containers.map(c, c.image)"},
        {"name": "broken", "expression": "object.nothing"},
    ]
    rule = {"expression": "variables.images.all(i, !i.endsWith(':latest'))", "message": "no latest"}
    api.create(policy(rule, {"expression": "true || variables.broken"}, variables=variables))
    api.create(binding())
    loose = deployment("loose")
    loose["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:latest"
    api.create(deployment("pinned"))
    assert refusal(api, loose).message.endswith("denied request: no latest")


def test_an_expression_that_fails_refuses_unless_that_is_to_be_ignored(api: LocalApi) -> None:
    api.create(policy({"expression": "object.spec.nothing == 1"}))
    api.create(binding())
    assert refusal(api, deployment("web")).message.endswith(
        "denied request: expression 'object.spec.nothing == 1' resulted in error: no such key: nothing"
    )
    api.patch(f"validatingadmissionpolicies.{_GROUP}", "limits", {"spec": {"failurePolicy": "Ignore"}})
    assert api.create(deployment("web"))


def test_a_condition_that_does_not_hold_makes_an_exception(api: LocalApi) -> None:
    condition = {"name": "not-mine", "expression": "request.name != 'mine'"}
    api.create(policy({"expression": "false", "message": "no"}, matchConditions=[condition]))
    api.create(binding())
    assert api.create(deployment("mine"))
    assert refusal(api, deployment("yours")).message.endswith("denied request: no")


def test_parameters_come_from_the_object_that_the_binding_names(api: LocalApi) -> None:
    rule = {"expression": "params == null || object.spec.replicas <= int(params.data.most)", "message": "too many"}
    api.create(policy(rule, paramKind={"apiVersion": "v1", "kind": "ConfigMap"}))
    reference = {"name": "limits", "parameterNotFoundAction": "Deny"}
    api.create(binding(paramRef=reference))
    assert refusal(api, deployment("web", replicas=3)).message.endswith(
        "denied request: failed to configure binding: no params found for policy binding with `Deny` "
        "parameterNotFoundAction"
    )
    api.create(config_map("limits", data={"most": "2"}))
    assert refusal(api, deployment("web", replicas=3)).message.endswith("denied request: too many")
    assert api.create(deployment("web", replicas=2))
    selector = {"selector": {"matchLabels": {"no": "such"}}, "parameterNotFoundAction": "Allow"}
    api.delete(f"validatingadmissionpolicybindings.{_GROUP}", "everywhere")
    api.create(binding(paramRef=selector))
    assert api.create(deployment("many", replicas=9))


def test_who_only_scales_is_asked_about_the_scale(api: LocalApi) -> None:
    rule = {**_DEPLOYMENTS, "resources": ["deployments/scale"]}
    api.create(policy({"expression": "request.kind.kind == 'Scale' && object.spec.replicas <= 5"}, rule=rule))
    api.create(binding())
    assert api.create(deployment("large", replicas=9)), "the rule is about scaling alone"
    with pytest.raises(ApiError, match="denied request"):
        api.patch("deployments.apps", "large", {"spec": {"replicas": 6}}, "default", subresource="scale")
    api.patch("deployments.apps", "large", {"spec": {"replicas": 5}}, "default", subresource="scale")


def test_a_policy_cannot_forbid_its_own_repair(api: LocalApi) -> None:
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
    api.create(policy({"expression": "false"}, rule=rule))
    api.create(binding())
    assert refusal(api, pod("web")).code == 422
    api.delete(f"validatingadmissionpolicies.{_GROUP}", "limits")
    assert api.create(pod("web"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"matchConstraints": None}, "spec.matchConstraints: Required value"),
        ({"matchConstraints": {}}, "spec.matchConstraints.resourceRules: Required value"),
        ({"matchConstraints": {"resourceRules": [{**_MAPS, "operations": ["*", "CREATE"]}]}},
         "if '*' is present, must not specify other operations"),
        ({"matchConstraints": {"resourceRules": [{**_MAPS, "resources": ["*", "pods"]}]}},
         "if '*' is present, must not specify other resources without subresources"),
        ({"validations": []}, "spec.validations: Required value: validations or auditAnnotations must contain"),
        ({"validations": [{"expression": " "}]}, "spec.validations[0].expression: Required value: expression is not"),
        ({"validations": [{"expression": "object.("}]}, "compilation failed: ERROR: <input>:1:"),
        ({"validations": [{"expression": "self.x"}]}, "undeclared reference to 'self'"),
        ({"validations": [{"expression": "params.x == 1"}]}, "undeclared reference to 'params'"),
        ({"validations": [{"expression": "variables.x"}]}, "undeclared reference to 'variables'"),
        ({"validations": [{"expression": "request.foo == 1"}]}, "ERROR: <input>:1:8: undefined field 'foo'"),
        ({"variables": [{"name": "a", "expression": "1"}], "validations": [{"expression": "variables.b == 1"}]},
         "ERROR: <input>:1:10: undefined field 'b'"),
        ({"variables": [{"name": "a", "expression": "1"}], "validations": [{"expression": "variables.a"}]},
         "must evaluate to bool but got int"),
        ({"variables": [{"name": "a", "expression": "variables.b"}, {"name": "b", "expression": "1"}]},
         "spec.variables[0].expression: Invalid value"),
        ({"validations": [{"expression": "1 + 1"}]}, "must evaluate to bool but got int"),
        ({"validations": [{"expression": "true", "reason": "NotFound"}]}, 'supported values: "Forbidden", "Invalid"'),
        ({"validations": [{"expression": "true", "message": "a\nb"}]}, "must not contain line breaks"),
        ({"variables": [{"name": "a-b", "expression": "1"}]}, "must be a valid CEL identifier"),
        ({"paramKind": {"kind": "ConfigMap"}}, "spec.paramKind.apiVersion: Required value"),
        (
            {"paramKind": {"kind": "ConfigMap", "apiVersion": "a/b/c"}},
            'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        ),
        (
            {"paramKind": {"kind": "ConfigMap", "apiVersion": "a/"}},
            'spec.paramKind.apiVersion: Invalid value: "a/": version must be specified',
        ),
        ({"auditAnnotations": [{"key": "a b", "valueExpression": "''"}]},
         "spec.auditAnnotations[0].key: Invalid value: \"limits/a b\": name part must consist of"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "1"}]},
         "must evaluate to one of [string null_type] but got int"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "null"}, {"key": "a", "valueExpression": " "}]},
         "spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "null"}, {"key": "a", "valueExpression": "''"}]},
         'spec.auditAnnotations[1].key: Duplicate value: "a"'),
        ({"failurePolicy": "Maybe"}, 'Unsupported value: "Maybe": supported values: "Fail", "Ignore"'),
    ],
)  # fmt: skip
def test_what_no_policy_may_say(api: LocalApi, spec: Object, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        api.create(policy(_FIVE, **spec))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"policyName": ""}, "spec.policyName: Required value"),
        ({"validationActions": []}, "spec.validationActions: Required value: at least one validation action"),
        ({"validationActions": ["Deny", "Warn"]}, "must not contain both Deny and Warn"),
        ({"validationActions": ["Shout"]}, 'supported values: "Audit", "Deny", "Warn"'),
        ({"paramRef": {"parameterNotFoundAction": "Deny"}}, "one of name or selector must be specified"),
        ({"paramRef": {"name": "x"}}, "spec.paramRef.parameterNotFoundAction: Required value"),
        ({"paramRef": {"name": "x", "selector": {}, "parameterNotFoundAction": "Deny"}}, "are mutually exclusive"),
    ],
)  # fmt: skip
def test_what_no_binding_may_say(api: LocalApi, spec: Object, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        api.create(binding(**spec))


_DEAR = "lists.range(670).sort().size() > 0"
_SPENT = "validation failed due to running out of cost budget, no further validation rules will be run"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            {"validations": [{"expression": "lists.range(2000).sort().size() > 0"}]},
            "expression 'lists.range(2000).sort().size() > 0' resulted in error: "
            "operation cancelled: actual cost limit exceeded",
        ),
        ({"validations": [{"expression": "false"}, *[{"expression": _DEAR}] * 12]}, _SPENT),
        ({"matchConditions": [{"name": f"c{n}", "expression": _DEAR if n else "false"} for n in range(4)]}, _SPENT),
        (
            {"validations": [{"expression": _DEAR, "messageExpression": f"string({_DEAR})"}] * 6},
            f"failed messageExpression: {_SPENT}",
        ),
        (
            {
                "variables": [{"name": "many", "expression": "lists.range(2000).sort()"}],
                "validations": [{"expression": "variables.many.size() > 0"}],
            },
            "expression 'variables.many.size() > 0' resulted in error: composited variable \"many\" fails to evaluate: "
            "operation cancelled: actual cost limit exceeded",
        ),
    ],
    ids=["expression", "validations", "conditions", "messages", "variable"],
)
def test_a_policy_that_costs_too_much_refuses_unless_that_is_to_be_ignored(
    api: LocalApi, spec: Object, told: str
) -> None:
    validations = spec.pop("validations", [{"expression": "true"}])
    api.create(policy(*validations, rule=_MAPS, **spec))
    api.create(binding())
    refused = refusal(api, config_map("a"))
    said = f"ValidatingAdmissionPolicy 'limits' with binding 'everywhere' denied request: {told}"
    assert refused.details["causes"] == [{"message": said}]
    api.patch(f"validatingadmissionpolicies.{_GROUP}", "limits", {"spec": {"failurePolicy": "Ignore"}})
    assert api.create(config_map("a"))


def chained(count: int) -> list[Object]:
    above = [{"name": f"v{n}", "expression": f"variables.v{n - 1} + 1"} for n in range(1, count)]
    return [{"name": "v0", "expression": "0"}, *above]


def test_variables_may_be_made_of_each_other(api: LocalApi) -> None:
    api.create(policy({"expression": "variables.v39 == 38"}, rule=_MAPS, variables=chained(40)))
    api.create(binding())
    refused = refusal(api, config_map("a"))
    assert refused.message.endswith("failed expression: variables.v39 == 38")


def test_variables_that_go_too_deep_fail_as_others_do(api: LocalApi) -> None:
    api.create(policy({"expression": "variables.v159 == 159"}, rule=_MAPS, variables=chained(160)))
    api.create(binding())
    assert "fails to evaluate: operation cancelled" in refusal(api, config_map("a")).message
    api.patch(f"validatingadmissionpolicies.{_GROUP}", "limits", {"spec": {"failurePolicy": "Ignore"}})
    assert api.create(config_map("a"))


def test_a_variable_is_paid_for_by_whom_it_serves_and_only_once(api: LocalApi) -> None:
    variables = [{"name": "many", "expression": "lists.range(670).sort().size()"}]
    uses = [{"expression": "variables.many > 0 && variables.many > 1"}] * 20
    api.create(policy(*uses, rule=_MAPS, variables=variables))
    api.create(binding())
    assert api.create(config_map("a"))


@pytest.mark.parametrize(
    "expression",
    [
        "has(variables.names) && variables.names[0] + '!' == 'main!'",
        "variables.counts['a'] + 1 == 2 && variables.counts == {'a': 1}",
        "variables.nested[0].exists(n, n == 2) && variables.when.getFullYear() == 2024",
        "variables.share < 1 && variables.who == request.userInfo.username",
    ],
)
def test_a_variable_has_the_type_of_its_expression(api: LocalApi, expression: str) -> None:
    expressions = {
        "names": "['main']",
        "counts": "{'a': 1}",
        "nested": "[[1, 2]]",
        "when": "timestamp('2024-01-01T00:00:00Z')",
        "share": "0.5",
        "who": "request.userInfo.username",
    }
    variables = [{"name": name, "expression": text} for name, text in expressions.items()]
    api.create(policy({"expression": expression}, rule=_MAPS, variables=variables))
    api.create(binding())
    assert api.create(config_map("a"))


_ASKS = "authorizer.group('').resource('pods').namespace('default').check('delete')"


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        (f"{_ASKS}.allowed()", True),
        (f"!{_ASKS}.errored() && {_ASKS}.reason() != 'x'", True),
        (f"{_ASKS}.error() == ''", True),
        ("authorizer.requestResource.check('create').allowed()", True),
        ("authorizer.path('/healthz').check('get').allowed()", True),
        ("authorizer.serviceAccount('default', 'default').group('').resource('pods').check('get').allowed()", False),
    ],
)
def test_a_rule_may_ask_what_somebody_may_do(api: LocalApi, expression: str, holds: bool) -> None:
    api.create(policy({"expression": expression}, rule=_MAPS))
    api.create(binding())
    if holds:
        assert api.create(config_map("a"))
    else:
        assert f"failed expression: {expression}" in refusal(api, config_map("a")).message


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("authorizer.path('').check('get').allowed()", "path must not be empty"),
        ("authorizer.group('').resource(' ').check('get').allowed()", "resource must not be empty"),
        ("authorizer.serviceAccount('default', 'B').path('/x').check('get').allowed()", "Invalid service account name"),
    ],
)
def test_what_cannot_be_asked_is_an_error(api: LocalApi, expression: str, told: str) -> None:
    api.create(policy({"expression": expression}, rule=_MAPS))
    api.create(binding())
    assert refusal(api, config_map("a")).message.endswith(f"expression '{expression}' resulted in error: {told}")


def test_a_message_may_not_ask_what_somebody_may_do(api: LocalApi) -> None:
    variables = [{"name": "may", "expression": f"{_ASKS}.allowed()"}]
    asking = {"expression": "!variables.may", "messageExpression": "string(variables.may)"}
    api.create(policy(asking, rule=_MAPS, variables=variables))
    api.create(binding())
    assert refusal(api, config_map("a")).message.endswith("failed expression: !variables.may")
    direct = {"expression": "true", "messageExpression": f"{_ASKS}.reason()"}
    with pytest.raises(InvalidError, match="undeclared reference to 'authorizer'"):
        api.create(policy(direct, name="other"))


@pytest.mark.parametrize("action", ["Deny", "Warn", "Audit"])
def test_an_annotation_that_fails_refuses_whatever_the_binding_says(api: LocalApi, action: str) -> None:
    annotation = {"key": "k", "valueExpression": "'a' + object.data.nope"}
    api.create(policy(rule=_MAPS, auditAnnotations=[annotation]))
    api.create(binding(action))
    told = "expression ''a' + object.data.nope' resulted in error: no such key: nope"
    assert refusal(api, config_map("a")).message.endswith(told)


def test_an_annotation_that_fails_may_be_ignored_and_may_be_null(api: LocalApi) -> None:
    failing = {"key": "k", "valueExpression": "'a' + object.data.nope"}
    api.create(policy(rule=_MAPS, auditAnnotations=[failing], failurePolicy="Ignore"))
    api.create(policy(rule=_MAPS, auditAnnotations=[{"key": "k", "valueExpression": "null"}], name="null"))
    api.create(binding())
    api.create(binding(of="null", name="null"))
    assert api.create(config_map("a"))


def test_the_namespace_has_the_fields_of_a_namespace(api: LocalApi) -> None:
    api.create(policy({"expression": "namespaceObject.status.phase == 'Active'"}))
    with pytest.raises(InvalidError, match="undefined field 'foo'"):
        api.create(policy({"expression": "namespaceObject.foo == 1"}, name="other"))
