"""A namespace's quota refuses what is too much; its LimitRange fills in and refuses what is out of bounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from builders import config_map, pod

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.errors import AlreadyExistsError, ApiError
from gitopslab.machinery import usage
from gitopslab.machinery.clock import JumpableClock, timestamp
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


def counting(api: LocalApi, obj: Object, **used: str) -> Object:
    """A quota that the controller has counted."""
    made, hard = api.create(obj), obj["spec"]["hard"]
    return api.update({**made, "status": {"hard": hard, "used": dict.fromkeys(hard, "0") | used}}, "status")


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
    counting(api, quota(requests_cpu="1", limits_memory="1Gi"))
    assert refusal(api, sized("nolimits")) == (
        'pods "nolimits" is forbidden: failed quota: small: must specify limits.memory for: nolimits; '
        "requests.cpu for: nolimits"
    )


def test_a_quota_counts_objects(api: LocalApi) -> None:
    counting(api, quota(pods="2", configmaps="1"))
    api.create(sized("one"))
    api.create(sized("two"))
    assert refusal(api, sized("three")) == (
        'pods "three" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2'
    )
    api.create(config_map("a"))
    assert "requested: configmaps=1, used: configmaps=1, limited: configmaps=1" in refusal(api, config_map("b"))


def test_a_quota_adds_up_requests(api: LocalApi) -> None:
    counting(api, quota(requests_cpu="1", requests_memory="256Mi"))
    api.create(sized("one", requests={"cpu": "500m", "memory": "128Mi"}))
    assert refusal(api, sized("two", requests={"cpu": "600m", "memory": "192Mi"})).endswith(
        "exceeded quota: small, requested: requests.cpu=600m,requests.memory=192Mi, "
        "used: requests.cpu=500m,requests.memory=128Mi, limited: requests.cpu=1,requests.memory=256Mi"
    )


def test_a_scoped_quota_counts_only_its_pods(api: LocalApi) -> None:
    counting(api, quota(scopes=["BestEffort"], pods="0"))
    assert "exceeded quota" in refusal(api, sized("idle"))
    api.create(sized("busy", requests={"cpu": "1"}))


def used(api: LocalApi) -> Object:
    found: Object = api.get("resourcequotas", "small", "default")["status"]["used"]
    return found


def test_what_is_made_is_charged_by_the_server_itself(api: LocalApi) -> None:
    counting(api, quota(pods="2", configmaps="3"))
    api.create(config_map("a"))
    assert used(api) == {"pods": "0", "configmaps": "1"}
    writers = [entry["manager"] for entry in api.get("resourcequotas", "small", "default")["metadata"]["managedFields"]]
    assert "kube-apiserver" in writers


def test_what_is_refused_after_admission_stays_charged(api: LocalApi) -> None:
    counting(api, quota(configmaps="2"))
    api.create(config_map("a"))
    with pytest.raises(AlreadyExistsError):
        api.create(config_map("a"))
    assert used(api) == {"configmaps": "2"}
    assert "used: configmaps=2, limited: configmaps=2" in refusal(api, config_map("b"))


def test_a_quota_is_kept_once_it_is_counted(api: LocalApi) -> None:
    api.create(quota(configmaps="0"))
    api.create(config_map("a"))
    api.patch("resourcequotas", "small", {"status": {"hard": {"configmaps": "0"}}}, "default", subresource="status")
    why = 'configmaps "b" is forbidden: status unknown for quota: small, resources: configmaps'
    assert refusal(api, config_map("b")) == why


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
         "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000"),
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
    assert usage.effective(both, "requests")["cpu"].value == Decimal("1.5")
    assert usage.effective(starting, "requests")["cpu"].value == 4


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["0"], "0"),
        (["1", "500m"], "1500m"),
        (["64Mi", "64Mi"], "128Mi"),
        (["512M", "512M"], "1024M"),
        (["1Gi", "1G"], "2073741824"),
        (["0", "1Gi"], "1Gi"),
        (["1e3", "1e3"], "2e3"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else value,
)
def test_a_sum_is_spelled_like_its_first_part(parts: list[str], text: str) -> None:
    total = usage.added({"x": usage.Amount.of(part)} for part in parts)
    assert str(total["x"]) == text


def counted(key: str, obj: Object) -> dict[str, str]:
    return {name: str(amount) for name, amount in usage.usage(key, obj, 0).items()}


@pytest.mark.parametrize(
    ("spec", "ports", "balancers"),
    [
        ({"type": "ClusterIP", "ports": [{}]}, "0", "0"),
        ({"type": "NodePort", "ports": [{}, {}]}, "2", "0"),
        ({"type": "LoadBalancer", "ports": [{}, {}]}, "2", "1"),
        ({"type": "LoadBalancer", "allocateLoadBalancerNodePorts": False, "ports": [{"nodePort": 1}, {}]}, "1", "1"),
    ],
    ids=["cluster address", "node ports", "load balancer", "without node ports"],
)
def test_services_count_what_they_open(spec: Object, ports: str, balancers: str) -> None:
    found = counted("services", {"spec": spec})
    assert found == {
        "count/services": "1",
        "services": "1",
        "services.nodeports": ports,
        "services.loadbalancers": balancers,
    }


def test_claims_count_what_they_take_and_from_which_class() -> None:
    claimed = {"spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "1Gi"}}}}
    assert counted("persistentvolumeclaims", claimed) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "1Gi",
        "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
        "fast.storageclass.storage.k8s.io/requests.storage": "1Gi",
    }
    assert counted("deployments.apps", {}) == {"count/deployments.apps": "1"}


def test_a_pod_counts_by_every_name_of_what_it_asks_for() -> None:
    resources = {"requests": {"cpu": "1", "example.com/gpu": "2"}, "limits": {"cpu": "2", "example.com/gpu": "2"}}
    assert counted("pods", {"spec": {"containers": [{"resources": resources}]}}) == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "1",
        "requests.cpu": "1",
        "requests.example.com/gpu": "2",
        "limits.cpu": "2",
    }


SCOPED = {
    "plain": {"spec": {"containers": [{}]}},
    "urgent": {"spec": {"priorityClassName": "high", "containers": [{}]}},
    "short": {"spec": {"activeDeadlineSeconds": 5, "containers": [{}]}},
    "busy": {"spec": {"containers": [{"resources": {"requests": {"cpu": "1"}}}]}},
    "social": {
        "spec": {
            "containers": [{}],
            "affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"namespaces": ["x"]}]}},
        }
    },
}


@pytest.mark.parametrize(
    ("term", "pods"),
    [
        ({"scopeName": "Terminating", "operator": "Exists"}, "short"),
        ({"scopeName": "NotTerminating", "operator": "Exists"}, "plain urgent busy social"),
        ({"scopeName": "BestEffort", "operator": "Exists"}, "plain urgent short social"),
        ({"scopeName": "NotBestEffort", "operator": "Exists"}, "busy"),
        ({"scopeName": "PriorityClass", "operator": "Exists"}, "urgent"),
        ({"scopeName": "PriorityClass", "operator": "In", "values": ["high", "low"]}, "urgent"),
        ({"scopeName": "PriorityClass", "operator": "In", "values": ["low"]}, ""),
        ({"scopeName": "PriorityClass", "operator": "NotIn", "values": ["high"]}, "plain short busy social"),
        ({"scopeName": "PriorityClass", "operator": "DoesNotExist"}, "plain short busy social"),
        ({"scopeName": "CrossNamespacePodAffinity", "operator": "Exists"}, "social"),
    ],
    ids=lambda value: f"{value['scopeName']} {value['operator']}" if isinstance(value, dict) else value,
)
def test_scopes_pick_pods(term: Object, pods: str) -> None:
    quota = {"spec": {"scopeSelector": {"matchExpressions": [term]}}}
    assert " ".join(name for name, pod in SCOPED.items() if usage.covers(quota, "pods", pod)) == pods
    assert not usage.covers(quota, "configmaps", {})


def test_growth_is_charged_and_shrinking_is_not(api: LocalApi) -> None:
    counting(api, quota(**{"services.nodeports": "1"}))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}}
    ports = [{"name": name, "port": port} for name, port in (("a", 80), ("b", 81))]
    api.create({**service, "spec": {"ports": ports}})
    with pytest.raises(ApiError, match=r"requested: services\.nodeports=2, used: services\.nodeports=0"):
        api.patch("services", "web", {"spec": {"type": "NodePort"}}, "default")
    api.patch("services", "web", {"spec": {"type": "NodePort", "ports": ports[:1]}}, "default")
    api.patch("services", "web", {"metadata": {"labels": {"a": "b"}}}, "default")


def test_a_pod_that_should_be_gone_counts_no_more(clock: JumpableClock) -> None:
    pod = {"metadata": {"deletionTimestamp": timestamp(clock.now()), "deletionGracePeriodSeconds": 30}, "spec": {}}
    assert not usage.is_over(pod, clock.now() + 30)
    assert usage.is_over(pod, clock.now() + 31)


def test_the_oldest_limit_range_and_quota_have_the_first_word(api: LocalApi, clock: JumpableClock) -> None:
    first = limit_range(default={"cpu": "2"})
    api.create({**first, "metadata": {"name": "z", "namespace": "default"}})
    counting(api, quota("y", pods="0"))
    clock.jump(5)
    api.create({**limit_range(default={"cpu": "1"}), "metadata": {"name": "a", "namespace": "default"}})
    counting(api, quota("b", pods="0"))
    assert "exceeded quota: y" in refusal(api, sized("p"))
    api.delete("resourcequotas", "y", "default")
    api.delete("resourcequotas", "b", "default")
    made = api.create(sized("p"))
    assert made["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "2"}
