"""Faults that a real 1.36 control plane told of objects with many of them, one by one."""

from __future__ import annotations

import pytest
from builders import pod
from validation_tools import ids_of, problems

from gitopslab.machinery.objects import Object


def made(api_version: str, kind: str, **fields: object) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **fields}


def deployment(**rolling: object) -> Object:
    spec = pod("a")["spec"]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    selector = {"matchLabels": {"a": "b"}}
    return made("apps/v1", "Deployment", spec={"selector": selector, "strategy": strategy, "template": template})


LIMITS = {
    "type": "Container", "min": {"memory": "1Gi"}, "max": {"memory": "2Gi"}, "maxLimitRequestRatio": {"memory": "5"},
}  # fmt: skip
PERCENT = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used "
FAULTS: list[tuple[Object, list[str]]] = [
    (made("v1", "LimitRange", spec={"limits": [LIMITS]}),
     ['spec.limits[0].maxLimitRequestRatio[memory]: Invalid value: "5": ratio 5 is greater than max/min = 2.000000']),
    (made("storage.k8s.io/v1", "StorageClass", provisioner="x.io/y", allowedTopologies=[{}]),
     ['allowedTopologies[0].matchLabelExpressions: Duplicate value: ""']),
    (pod("p", spec={**pod("p")["spec"], "hostPID": True, "shareProcessNamespace": True}),
     ["spec.securityContext.shareProcessNamespace: Invalid value: true: "
      "ShareProcessNamespace and HostPID cannot both be enabled"]),
    (pod("p", spec={**pod("p")["spec"], "hostUsers": False, "hostPID": True, "hostIPC": True, "hostNetwork": True}),
     [f"spec.{name}: Forbidden: when `hostUsers` is false" for name in ("hostNetwork", "HostPID", "HostIPC")]),
    (deployment(maxSurge="0%", maxUnavailable="0"),
     [f'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0": {PERCENT}'
      "for validation is '[0-9]+%')",
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0": may not be 0 when `maxSurge` is 0']),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), FAULTS, ids=ids_of(FAULTS))
def test_it_is_told(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected
