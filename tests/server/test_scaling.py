"""Who owns a workload's count when it is set through the scale subresource, as a real 1.36 control plane told it."""

from __future__ import annotations

from typing import Any

import pytest
from builders import ADMIN, deployment

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, ConflictError
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object

FOUND = Catalog().by_key("deployments.apps")
assert FOUND is not None
DEPLOYMENTS: Resource = FOUND
PATH = (ADMIN, DEPLOYMENTS, "default", "d")


def made(verbs: Verbs, replicas: int) -> None:
    wanted = deployment("d", replicas=replicas)
    verbs.create(ADMIN, DEPLOYMENTS, "default", wanted, WriteOptions(field_manager="maker"))


def scale(verbs: Verbs, manager: str, patch: Any, type: PatchType = "merge", *, force: bool = False) -> Object:
    options = WriteOptions(field_manager=manager, force=force)
    return verbs.patch(*PATH, patch, type, options, subresource="scale")[0].object


def applied(verbs: Verbs, manager: str, spec: Object | None, *, force: bool = False) -> Object:
    config: Object = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}}
    config |= {"spec": spec} if spec is not None else {}
    return scale(verbs, manager, config, "apply", force=force)


def owners(verbs: Verbs) -> list[tuple[str, str, str]]:
    """Those who own the count: manager, operation, subresource."""
    entries = verbs.get(*PATH).object["metadata"]["managedFields"]
    return [
        (entry["manager"], entry["operation"], entry.get("subresource", ""))
        for entry in entries
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]


def test_whoever_scales_owns_the_count(verbs: Verbs) -> None:
    made(verbs, 1)
    scale(verbs, "scaler", {"spec": {"replicas": 3}})
    assert owners(verbs) == [("scaler", "Update", "scale")]


def test_scaling_to_nothing_leaves_no_owner(verbs: Verbs) -> None:
    made(verbs, 1)
    scale(verbs, "scaler", {"spec": {"replicas": 3}})
    scale(verbs, "scaler", {"spec": {"replicas": 0}})
    assert owners(verbs) == []


def test_a_count_nobody_owned_stays_so(verbs: Verbs) -> None:
    config = deployment("d")
    del config["spec"]["replicas"]
    verbs.patch(*PATH, config, "apply", WriteOptions(field_manager="applier"))
    scale(verbs, "scaler", {"spec": {"replicas": 3}})
    assert owners(verbs) == []


def test_the_same_count_makes_the_owners_part_an_entry_of_its_own(verbs: Verbs) -> None:
    made(verbs, 2)
    scale(verbs, "scaler", {"spec": {"replicas": 2}})
    assert owners(verbs) == [("maker", "Update", "")]
    entries = verbs.get(*PATH).object["metadata"]["managedFields"]
    assert [(entry["manager"], "time" in entry) for entry in entries] == [("maker", False), ("maker", True)]


def test_applying_a_count_that_another_owns_is_a_conflict(verbs: Verbs) -> None:
    made(verbs, 1)
    with pytest.raises(ConflictError) as refused:
        applied(verbs, "applier", {"replicas": 2})
    assert refused.value.message == (
        'Apply failed with 1 conflict: conflict with "maker" using autoscaling/v1: .spec.replicas'
    )
    assert applied(verbs, "applier", {"replicas": 2}, force=True)["spec"] == {"replicas": 2}
    assert owners(verbs) == [("applier", "Apply", "scale")]
    with pytest.raises(ConflictError, match=r'conflict with "applier" with subresource "scale": \.spec\.replicas'):
        applied(verbs, "other", {"replicas": 3})


def test_appliers_of_the_same_count_share_it_and_may_give_it_up(verbs: Verbs) -> None:
    made(verbs, 1)
    applied(verbs, "one", {"replicas": 2}, force=True)
    applied(verbs, "two", {"replicas": 2})
    assert owners(verbs) == [("one", "Apply", "scale"), ("two", "Apply", "scale")]
    applied(verbs, "one", None)
    assert owners(verbs) == [("two", "Apply", "scale")]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"replicas": -1}, 'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than '),
        ({"replicas": "x"}, "failed to create typed patch object (/d; autoscaling/v1, Kind=Scale): .spec.replicas: "),
        ({"foo": 1}, "failed to create typed patch object (/d; autoscaling/v1, Kind=Scale): .spec.foo: field not "),
    ],
    ids=["negative", "text", "unknown"],
)
def test_what_is_no_count_is_refused(verbs: Verbs, spec: Object, why: str) -> None:
    made(verbs, 1)
    with pytest.raises(ApiError) as refused:
        applied(verbs, "applier", spec, force=True)
    assert refused.value.message.startswith(why)
