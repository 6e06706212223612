"""Priority and fairness: the objects of a new cluster, what may be said in them, and whether each leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from held_lab import Lab

from gitopslab.controlplane.daemon.flowcontrol import LEVELS, SCHEMAS
from gitopslab.controlplane.http import tables
from gitopslab.controlplane.server.records import Record
from gitopslab.errors import InvalidError
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, condition_of, name_of

_PATHS = {"verbs": ["get"], "nonResourceURLs": ["/healthz"]}
_RULE = {"subjects": [{"kind": "User", "user": {"name": "anna"}}], "nonResourceRules": [_PATHS]}
_LIMITED = {"limitResponse": {"type": "Reject"}}


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.plane.close()


def schema(name: str = "mine", **spec: Any) -> Object:
    whole = {"priorityLevelConfiguration": {"name": "workload-low"}, "rules": [_RULE], **spec}
    head = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": name}}
    return {**head, "spec": whole}


def level(name: str = "mine", **spec: Any) -> Object:
    head = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration"}
    return {**head, "metadata": {"name": name}, "spec": {"type": "Limited", "limited": _LIMITED, **spec}}


def test_a_new_cluster_has_the_schemas_and_levels_of_every_api_server(lab: Lab) -> None:
    lab.plane.settle()
    assert {name_of(found) for found in lab.api.list(LEVELS)} == {
        "exempt", "system", "node-high", "leader-election", "workload-high", "workload-low", "global-default",
        "catch-all",
    }  # fmt: skip
    found = lab.api.list(SCHEMAS)
    dangling = [condition_of(one, "Dangling") for one in found]
    assert len(found) == 11
    assert all(one is not None and (one["status"], one["reason"]) == ("False", "Found") for one in dangling)
    resource = Catalog().by_key(SCHEMAS)
    assert resource is not None
    table = tables.render(resource, [Record.of(one) for one in found], {}, version="v1", include="None", now=0.0)
    rows = re.findall(rb'"cells":\["([^"]*)"', table)
    assert [row.decode() for row in rows] == [
        "exempt", "probes", "system-leader-election", "system-node-high", "system-nodes", "kube-controller-manager",
        "kube-scheduler", "kube-system-service-accounts", "service-accounts", "global-default", "catch-all",
    ]  # fmt: skip


def test_a_schema_whose_level_is_missing_dangles_until_the_level_comes(lab: Lab) -> None:
    lab.api.create(schema("lost", priorityLevelConfiguration={"name": "nowhere"}))
    lab.plane.settle()
    condition = condition_of(lab.api.get(SCHEMAS, "lost"), "Dangling")
    assert condition is not None
    assert (condition["status"], condition["reason"], condition["message"]) == (
        "True",
        "NotFound",
        'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
    )
    lab.api.create(level("nowhere"))
    lab.plane.settle()
    condition = condition_of(lab.api.get(SCHEMAS, "lost"), "Dangling")
    assert condition is not None
    assert condition["status"] == "False"


@pytest.mark.parametrize("resource", [SCHEMAS, LEVELS])
def test_what_every_api_server_makes_comes_back_when_it_is_deleted(lab: Lab, resource: str) -> None:
    before = lab.api.get(resource, "global-default")
    lab.api.delete(resource, "global-default")
    lab.plane.settle()
    assert lab.api.get(resource, "global-default")["spec"] == before["spec"]


def test_what_is_not_said_is_filled_in(lab: Lab) -> None:
    assert lab.api.create(schema("plain"))["spec"]["matchingPrecedence"] == 1000
    queue = {"type": "Queue", "queuing": {}}
    made = lab.api.create(level("plain", limited={"limitResponse": queue}))["spec"]["limited"]
    assert (made["nominalConcurrencyShares"], made["lendablePercent"]) == (30, 0)
    assert made["limitResponse"]["queuing"] == {"queues": 64, "handSize": 8, "queueLengthLimit": 50}


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"matchingPrecedence": 1}, "only the schema named 'exempt' may have matchingPrecedence 1"),
        ({"matchingPrecedence": 10001}, "must not be greater than 10000"),
        ({"priorityLevelConfiguration": {"name": ""}}, "must reference a priority level"),
        ({"distinguisherMethod": {"type": "ByMood"}}, 'supported values: "ByNamespace", "ByUser"'),
        ({"rules": [{**_RULE, "subjects": []}]}, "subjects must contain at least one value"),
        ({"rules": [{"subjects": _RULE["subjects"]}]}, "at least one of resourceRules and nonResourceRules has to be"),
        ({"rules": [{**_RULE, "subjects": [{"kind": "User"}]}]}, "user is required when subject kind is 'User'"),
        ({"rules": [{**_RULE, "nonResourceRules": [{**_PATHS, "verbs": ["*", "get"]}]}]},
         "if '*' is present, must not specify other verbs"),
        ({"rules": [{**_RULE, "nonResourceRules": [{**_PATHS, "nonResourceURLs": ["a"]}]}]}, "must start with slash"),
    ],
)  # fmt: skip
def test_what_no_schema_may_say(lab: Lab, spec: Object, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        lab.api.create(schema("odd", **spec))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"type": "Exempt"}, "must be 'Exempt' if and only if `name` is 'exempt'"),
        ({"limited": None}, "spec.limited: Required value: must not be empty when type is Limited"),
        ({"limited": {"limitResponse": {"type": "Queue"}}}, "spec.limited.limitResponse.queuing: Required value"),
        ({"limited": {**_LIMITED, "lendablePercent": 101}}, "must be between 0 and 100, inclusive"),
        ({"limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 4, "handSize": 5}}}},
         "should not be greater than queues (4)"),
        ({"limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 1024, "handSize": 7}}}},
         "required entropy bits of deckSize 1024 and handSize 7 should not be greater than 60"),
    ],
)  # fmt: skip
def test_what_no_level_may_say(lab: Lab, spec: Object, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        lab.api.create(level("odd", **spec))


@pytest.mark.parametrize("resource", [SCHEMAS, LEVELS])
def test_what_catches_everything_else_stays_as_it_is(lab: Lab, resource: str) -> None:
    found = lab.api.get(resource, "catch-all")
    changed = {"matchingPrecedence": 5} if resource == SCHEMAS else {"limited": {"nominalConcurrencyShares": 9}}
    with pytest.raises(InvalidError, match="spec of 'catch-all' must equal the fixed value"):
        lab.api.patch(resource, "catch-all", {"spec": changed})
    assert lab.api.get(resource, "catch-all") == found
