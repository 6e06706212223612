"""A namespace's quota refuses what is too much; its LimitRange fills in and refuses what is out of bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import config_map, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.errors import ApiError
from gitopslab.machinery import usage
from gitopslab.machinery.objects import Object


def quota(name: str = "small", scopes: list[str] | None = None, **hard: str) -> Object:
    spec: Object = {"hard": {key.replace("_", "."): value for key, value in hard.items()}}
    if scopes:
        spec["scopes"] = scopes
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }


def limit_range(**item: Any) -> Object:
    limits = [{"type": "Container", **item}]
    metadata = {"name": "lr", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": {"limits": limits}}


def sized(name: str, **resources: Any) -> Object:
    return pod(name, spec={"containers": [{"name": name, "image": "nginx", "resources": resources}]})


def refusal(api: LocalApi, obj: Object) -> str:
    with pytest.raises(ApiError) as refused:
        api.create(obj)
    assert refused.value.code == 403
    return refused.value.message


def test_a_quota_on_cpu_makes_every_container_ask(api: LocalApi) -> None:
    api.create(quota(requests_cpu="1", limits_memory="1Gi"))
    assert refusal(api, sized("nolimits")) == (
        'pods "nolimits" is forbidden: failed quota: small: must specify limits.memory for: nolimits; '
        "requests.cpu for: nolimits"
    )


def test_a_quota_counts_objects(api: LocalApi) -> None:
    api.create(quota(pods="2", configmaps="1"))
    api.create(sized("one"))
    api.create(sized("two"))
    assert refusal(api, sized("three")) == (
        'pods "three" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'
    )
    api.delete("pods", "one", "default")
    api.create(sized("three"))
    api.create(config_map("a"))
    assert "requested: configmaps=1, used: configmaps=1, limited: configmaps=1" in refusal(api, config_map("b"))


def test_a_quota_adds_up_requests(api: LocalApi) -> None:
    api.create(quota(requests_cpu="1", requests_memory="256Mi"))
    api.create(sized("one", requests={"cpu": "500m", "memory": "128Mi"}))
    assert refusal(api, sized("two", requests={"cpu": "600m", "memory": "192Mi"})).endswith(
        "exceeded quota: small, requested: requests.cpu=600m,requests.memory=192Mi, "
        "used: requests.cpu=500m,requests.memory=128Mi, limited: requests.cpu=1,requests.memory=256Mi"
    )


def test_a_scoped_quota_counts_only_its_pods(api: LocalApi) -> None:
    api.create(quota(scopes=["BestEffort"], pods="0"))
    assert "exceeded quota" in refusal(api, sized("idle"))
    api.create(sized("busy", requests={"cpu": "1"}))


def test_an_ended_pod_counts_no_more(api: LocalApi) -> None:
    api.create(quota(pods="1"))
    api.create(sized("one"))
    api.patch("pods", "one", {"status": {"phase": "Succeeded"}}, "default", subresource="status")
    api.create(sized("two"))


def test_a_limit_range_fills_in_and_says_so(api: LocalApi) -> None:
    api.create(
        limit_range(default={"cpu": "500m", "memory": "256Mi"}, defaultRequest={"cpu": "250m", "memory": "128Mi"})
    )
    filled = api.create(sized("filled"))
    assert filled["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "500m", "memory": "256Mi"}, "requests": {"cpu": "250m", "memory": "128Mi"},
    }  # fmt: skip
    assert filled["status"]["qosClass"] == "Burstable"
    assert filled["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container filled; cpu, memory limit for container filled"
    )


@pytest.mark.parametrize(
    ("item", "resources", "why"),
    [
        ({"max": {"cpu": "1"}}, {"limits": {"cpu": "2"}}, "maximum cpu usage per Container is 1, but limit is 2"),
        ({"min": {"cpu": "100m"}}, {"requests": {"cpu": "50m"}},
         "minimum cpu usage per Container is 100m, but request is 50m"),
        ({"type": "Pod", "max": {"memory": "1Gi"}}, {},
         "maximum memory usage per Pod is 1Gi.  No limit is specified"),
        ({"type": "Pod", "max": {"memory": "1Gi"}}, {"limits": {"memory": "2Gi"}},
         "maximum memory usage per Pod is 1Gi, but limit is 2Gi"),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}},
         "cpu max limit to request ratio per Container is 2, but provided ratio is 5"),
    ],
    ids=["above", "below", "pod without", "pod above", "ratio"],
)  # fmt: skip
def test_a_limit_range_refuses_what_is_out_of_bounds(api: LocalApi, item: Object, resources: Object, why: str) -> None:
    api.create(limit_range(**item))
    assert refusal(api, sized("big", **resources)).startswith(f'pods "big" is forbidden: {why}')


def test_what_a_pod_asks_for_is_its_containers_or_its_largest_start() -> None:
    def asks(cpu: str, **fields: Any) -> Object:
        return {"resources": {"requests": {"cpu": cpu}}, **fields}

    both = {"containers": [asks("1"), asks("500m")], "initContainers": [asks("1")]}
    starting = {"containers": [asks("1")], "initContainers": [asks("1", restartPolicy="Always"), asks("3")]}
    assert usage.effective(both, "requests") == {"cpu": Decimal("1.5")}
    assert usage.effective(starting, "requests") == {"cpu": Decimal(4)}


@pytest.mark.parametrize(
    ("value", "text"), [("0", "0"), ("1.5", "1500m"), ("134217728", "128Mi"), ("100000000", "100M"), ("2", "2")]
)
def test_amounts_are_spelled_as_quantities(value: str, text: str) -> None:
    assert usage.spelled(Decimal(value)) == text


def test_services_and_claims_count_what_they_open_and_take() -> None:
    opened = usage.usage("services", {"spec": {"type": "NodePort", "ports": [{}, {}]}})
    assert (opened["services"], opened["services.nodeports"], opened["services.loadbalancers"]) == (1, 2, 0)
    claimed = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}}
    taken = usage.usage("persistentvolumeclaims", claimed)
    assert taken["requests.storage"] == taken["fast.storageclass.storage.k8s.io/requests.storage"] == 2**30
    assert usage.usage("deployments.apps", {}) == {"count/deployments.apps": 1}
