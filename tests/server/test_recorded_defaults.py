"""Objects dumped from a real control plane come back from their minimal form with the same defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitopslab.controlplane.server.defaults import set_defaults
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, copy_of

RECORDINGS = Path(__file__).parents[1] / "conformance" / "recorded"
CATALOG = Catalog()
ANY = object()
DEFAULTS: dict[str, Any] = {
    "imagePullPolicy": ANY,
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
    "protocol": "TCP",
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
    "enableServiceLinks": True,
    "defaultMode": 420,
    "progressDeadlineSeconds": 600,
    "revisionHistoryLimit": 10,
    "maxSurge": ANY,
    "maxUnavailable": ANY,
    "partition": 0,
    "sessionAffinity": "None",
    "internalTrafficPolicy": "Cluster",
    "externalTrafficPolicy": "Cluster",
    "allocateLoadBalancerNodePorts": True,
    "podManagementPolicy": "OrderedReady",
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "volumeMode": "Filesystem",
    "persistentVolumeReclaimPolicy": "Retain",
    "backoffLimit": 6,
    "completionMode": "NonIndexed",
    "suspend": False,
    "manualSelector": False,
    "podReplacementPolicy": "TerminatingOrFailed",
    "concurrencyPolicy": "Allow",
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}
OWN_ROLLOUT = {"waal-web"}
"""Its manifest sets the rolling update itself, so those values are not defaults."""


def _without_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key == "annotations" else _without_defaults(item)
            for key, item in value.items()
            if key not in DEFAULTS or (DEFAULTS[key] is not ANY and DEFAULTS[key] != item)
        }
    return [_without_defaults(item) for item in value] if isinstance(value, list) else value


def _dumped() -> Iterator[tuple[str, Object]]:
    for path in sorted(RECORDINGS.glob("*.json")):
        for place, step in enumerate(json.loads(path.read_text())):
            for index, obj in enumerate(step.get("objects", [])):
                if obj["metadata"]["name"] not in OWN_ROLLOUT:
                    yield f"{path.stem}-{place}-{obj['kind']}-{index}", obj


DUMPED = list(_dumped())


@pytest.mark.parametrize("recorded", [obj for _, obj in DUMPED], ids=[name for name, _ in DUMPED])
def test_defaults_are_those_of_a_real_control_plane(recorded: Object) -> None:
    resource = CATALOG.of(recorded)
    assert resource is not None
    minimal = _without_defaults(copy_of(recorded))
    set_defaults(resource, minimal)
    assert {**minimal, "status": None} == {**recorded, "status": None}


@pytest.mark.parametrize("recorded", [obj for _, obj in DUMPED], ids=[name for name, _ in DUMPED])
def test_an_object_with_its_defaults_gets_no_others(recorded: Object) -> None:
    resource = CATALOG.of(recorded)
    assert resource is not None
    again = copy_of(recorded)
    set_defaults(resource, again)
    assert {**again, "status": None} == {**recorded, "status": None}


def test_there_are_recordings_to_compare_with() -> None:
    kinds = {obj["kind"] for _, obj in DUMPED}
    assert kinds >= {"Pod", "Deployment", "ReplicaSet", "Service", "StatefulSet", "DaemonSet", "Job", "CronJob"}
