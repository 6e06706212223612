"""What a status may not say, whoever writes it."""

from __future__ import annotations

from typing import Any

import pytest
from builders import deployment, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.podclaims import check_extended_claim
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object

THEN, LATER = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"


def true(*kinds: str) -> list[Object]:
    return [{"type": kind, "status": "True"} for kind in kinds]


def job(**spec: Any) -> Object:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "one", "namespace": "default"},
        "spec": {"template": template, **spec},
    }


def faults(api: LocalApi, resource: str, name: str, status: Object) -> set[str]:
    with pytest.raises(InvalidError) as refused:
        api.patch(resource, name, {"status": status}, "default", subresource="status")
    return {f"{cause['field']}: {cause['message']}" for cause in refused.value.details["causes"]}


INDEXED: Object = {"completionMode": "Indexed", "completions": 4}
DONE: Object = {"startTime": THEN, "completionTime": LATER, "conditions": true("SuccessCriteriaMet", "Complete")}

OF_JOBS: list[tuple[Object, Object, set[str]]] = [
    ({}, {"conditions": true("Complete")}, {
        "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true "
        "condition",
        "status.completionTime: Required value: completionTime is required for Complete jobs",
        "status.startTime: Required value: startTime is required for finished job",
    }),
    ({}, {"startTime": THEN, "conditions": true("Failed")}, {
        "status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition",
    }),
    ({}, {"startTime": THEN, "conditions": true("Failed", "FailureTarget", "SuccessCriteriaMet")}, {
        "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true conditions",
        "status.conditions: Invalid value: cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
    }),
    ({}, {**DONE, "active": 1, "terminating": 2}, {
        "status.active: Invalid value: 1: active>0 is invalid for finished job",
        "status.terminating: Invalid value: 2: terminating>0 is invalid for finished job",
    }),
    ({}, {**DONE, "completionTime": THEN, "startTime": LATER}, {
        f'status.completionTime: Invalid value: "{THEN}": must be equal to or after `startTime`',
    }),
    ({}, {"completionTime": LATER}, {
        f'status.completionTime: Invalid value: "{LATER}": cannot set completionTime when there is no Complete=True '
        "condition",
    }),
    ({}, {"ready": 2, "active": 1}, {"status.ready: Invalid value: 2: cannot set more ready pods than active"}),
    ({}, {"uncountedTerminatedPods": {"succeeded": ["a"], "failed": ["a", ""]}}, {
        'status.uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
        'status.uncountedTerminatedPods.failed[1]: Invalid value: "": must not be empty',
    }),
    ({}, {"completedIndexes": "0"}, {
        'status.completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes when non-indexed '
        "completion mode",
    }),
    (INDEXED, {"completedIndexes": "5-1"}, {
        'status.completedIndexes: Invalid value: "5-1": error parsing completedIndexes: too large index: "5"',
    }),
    (INDEXED, {"failedIndexes": "1"}, {
        'status.failedIndexes: Invalid value: "1": cannot set non-null failedIndexes when backoffLimitPerIndex is null',
    }),
    ({**INDEXED, "backoffLimitPerIndex": 1}, {"completedIndexes": "0-2", "failedIndexes": "2,3"}, {
        'status.failedIndexes: Invalid value: "2,3": failedIndexes and completedIndexes overlap at index: 2',
    }),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "status", "told"), OF_JOBS, ids=[str(number) for number in range(len(OF_JOBS))])
def test_what_a_job_says_of_itself_fits_together(api: LocalApi, spec: Object, status: Object, told: set[str]) -> None:
    api.create(job(**spec))
    assert faults(api, "jobs.batch", "one", status) == told


def test_a_job_that_is_over_stays_over(api: LocalApi) -> None:
    api.create(job())
    api.patch("jobs.batch", "one", {"status": {**DONE, "succeeded": 1}}, "default", subresource="status")
    assert faults(api, "jobs.batch", "one", {"conditions": [], "completionTime": None}) == {
        "status.conditions: Invalid value: cannot disable the terminal Complete=True condition",
        "status.conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition",
    }
    assert faults(api, "jobs.batch", "one", {"succeeded": 0}) == {
        "status.succeeded: Invalid value: 0: cannot decrease the succeeded counter",
    }
    assert faults(api, "jobs.batch", "one", {"completionTime": "2026-01-01T02:00:00Z"}) == {
        'status.completionTime: Invalid value: "2026-01-01T02:00:00Z": field is immutable',
    }


def test_a_job_starts_once_unless_it_was_suspended(api: LocalApi) -> None:
    api.create(job())
    api.patch("jobs.batch", "one", {"status": {"startTime": THEN}}, "default", subresource="status")
    assert faults(api, "jobs.batch", "one", {"startTime": LATER}) == {
        f'status.startTime: Invalid value: "{LATER}": field is immutable for unsuspended job once set',
    }
    suspended = {"conditions": true("Suspended")}
    resumed = {"startTime": LATER, "conditions": [{"type": "Suspended", "status": "False"}]}
    for status in (suspended, resumed):
        api.patch("jobs.batch", "one", {"status": status}, "default", subresource="status")
    assert api.get("jobs.batch", "one", "default")["status"]["startTime"] == LATER


def test_collisions_are_not_forgotten(api: LocalApi) -> None:
    api.create({**deployment("agent"), "kind": "DaemonSet"})
    assert faults(api, "daemonsets.apps", "agent", {"collisionCount": -1}) == {
        "status.collisionCount: Invalid value: -1: must be greater than or equal to 0",
    }
    api.create(deployment("web"))
    assert faults(api, "deployments.apps", "web", {"collisionCount": -3, "terminatingReplicas": -1}) == {
        "status.collisionCount: Invalid value: -3: must be greater than or equal to 0",
        "status.terminatingReplicas: Invalid value: -1: must be greater than or equal to 0",
    }
    api.patch("deployments.apps", "web", {"status": {"collisionCount": 2}}, "default", subresource="status")
    assert faults(api, "deployments.apps", "web", {"collisionCount": 1}) == {
        "status.collisionCount: Invalid value: 1: cannot be decremented",
    }


def test_a_budget_counts_from_nothing(api: LocalApi) -> None:
    metadata = {"name": "b", "namespace": "default"}
    api.create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": metadata, "spec": {}})
    assert faults(api, "poddisruptionbudgets.policy", "b", {"disruptionsAllowed": -1}) == {
        "status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0",
    }


def test_a_pod_has_conditions_with_names_and_one_address_of_each_family(api: LocalApi) -> None:
    api.create(pod("web"))
    assert any(fault.startswith("status.conditions[0].Type") for fault in faults(
        api, "pods", "web", {"conditions": [{"type": "a b", "status": "True"}]}
    ))  # fmt: skip
    two = [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}]
    assert faults(api, "pods", "web", {"hostIP": "1.2.3.4", "hostIPs": two}) == {
        'status.hostIPs: Invalid value: [{"IP":"1.2.3.4"},{"IP":"1.2.3.5"}]: may specify no more than one IP for each '
        "IP family",
    }


def test_the_older_field_of_a_pods_address_is_believed(api: LocalApi) -> None:
    api.create(pod("web"))
    for status in ({"podIP": "1.2.3.4"}, {"podIPs": [{"ip": "1.2.3.9"}]}):
        api.patch("pods", "web", {"status": status}, "default", subresource="status")
        assert api.get("pods", "web", "default")["status"]["podIPs"] == [{"ip": "1.2.3.4"}]


def test_a_pod_that_does_not_say_how_well_it_is_served_keeps_its_class(api: LocalApi) -> None:
    api.create(pod("web"))
    api.patch("pods", "web", {"status": {"qosClass": ""}}, "default", subresource="status")
    assert api.get("pods", "web", "default")["status"]["qosClass"] == "BestEffort"
    assert faults(api, "pods", "web", {"qosClass": "Guaranteed"}) == {
        'status.qosClass: Invalid value: "Guaranteed": field is immutable',
    }


def test_a_pod_speaks_of_its_own_claims(api: LocalApi) -> None:
    api.create(pod("web"))
    conditions = [{"type": "Ready", "status": "True", "observedGeneration": -1}]
    assert faults(api, "pods", "web", {"resourceClaimStatuses": [{"name": "a"}], "conditions": conditions}) == {
        'status.resourceClaimStatuses[0].name: Invalid value: "a": must match the name of an entry in '
        "`spec.resourceClaims`",
        "status.conditions[0].observedGeneration: Invalid value: -1: must be a non-negative integer",
    }


def test_a_quota_uses_amounts_of_what_has_a_name(api: LocalApi) -> None:
    metadata = {"name": "q", "namespace": "default"}
    api.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {"pods": "5"}}})
    assert faults(api, "resourcequotas", "q", {"used": {"pods": "-1"}}) == {
        'status.used[pods]: Invalid value: "-1": must be greater than or equal to 0',
    }


def test_a_generation_that_was_observed_is_kept_by_a_status_that_tells_none(api: LocalApi) -> None:
    api.create(pod("web"))
    first = {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "False", "observedGeneration": 1}]}
    then = {"observedGeneration": None, "conditions": [{"type": "Ready", "status": "True"}]}
    for status in (first, then):
        api.patch("pods", "web", {"status": status}, "default", subresource="status")
    status = api.get("pods", "web", "default")["status"]
    assert (status["observedGeneration"], status["conditions"][0]["observedGeneration"]) == (1, 1)
    assert status["conditions"][0]["status"] == "True"


def test_what_was_claimed_for_amounts_has_to_be_of_the_pod(api: LocalApi) -> None:
    api.create(pod("w"))
    mapping = {"containerName": "odd", "resourceName": "a/b", "requestName": "R"}
    found = faults(api, "pods", "w", {"extendedResourceClaimStatus": {"requestMappings": [mapping, mapping]}})
    here = "status.extendedResourceClaimStatus"
    assert f"{here}.resourceClaimName: Required value" in found
    assert f'{here}.requestMappings[1].containerName: Duplicate value: "odd"' in found
    assert any(one.startswith(f'{here}.requestName: Invalid value: "R": a lowercase RFC 1123 label') for one in found)
    why = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
    assert f'{here}.requestMappings[0].containerName: Invalid value: "odd": {why}' in found
    own = {**mapping, "containerName": pod("w")["spec"]["containers"][0]["name"], "requestName": "r"}
    status = {"extendedResourceClaimStatus": {"resourceClaimName": "x", "requestMappings": [own]}}
    [only] = faults(api, "pods", "w", status)
    assert only.startswith(f'{here}.requestMappings[0].resourceName: Invalid value: "a/b": must match the extended')


class CountingSpec(dict[str, Any]):
    """The spec of a pod that counts how often it is asked for something."""

    asked = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.asked += 1
        return super().get(key, default)


class CountingMapping(dict[str, Any]):
    """A mapping that counts how often one is held against another."""

    compared = 0
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        CountingMapping.compared += 1
        return super().__eq__(other)


def test_many_mappings_are_neither_held_against_each_other_nor_make_the_pod_read_again() -> None:
    asked = []
    for count in (1, 50):
        spec, causes = CountingSpec(pod("w")["spec"]), Causes()
        mappings = [CountingMapping(containerName="odd", requestName=f"r{number}") for number in range(count)]
        check_extended_claim(causes, {"requestMappings": mappings, "resourceClaimName": "x"}, spec, "here")
        asked.append(spec.asked)
    assert asked[0] == asked[1]
    assert CountingMapping.compared == 0
