"""Cluster IPs and node ports: given out, kept, taken back, and never twice."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from builders import ADMIN

from gitopslab.controlplane.server.addresses import ADDRESSES
from gitopslab.controlplane.server.admission.allocation import NODE_PORTS, RANGE
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import WriteOptions
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object


def service(name: str, **spec: Any) -> Object:
    ports = {} if spec.get("type") == "ExternalName" else {"ports": [{"port": 80}]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"app": "web"}, **ports, **spec},
    }


def refusal(api: LocalApi, obj: Object) -> str:
    with pytest.raises(InvalidError) as refused:
        api.create(obj)
    return refused.value.message


def test_every_service_gets_an_address_of_its_own_from_the_dynamic_part_of_the_range(api: LocalApi) -> None:
    given = [api.create(service(f"s{number}"))["spec"]["clusterIP"] for number in range(30)]
    assert len(set(given)) == 30
    assert all(ipaddress.ip_address(address) in RANGE for address in given)
    assert all(int(ipaddress.ip_address(address)) - int(RANGE.network_address) >= 256 for address in given)


def test_an_address_may_be_chosen_once(api: LocalApi) -> None:
    assert api.create(service("dns", clusterIP="10.96.0.10"))["spec"]["clusterIPs"] == ["10.96.0.10"]
    assert refusal(api, service("other", clusterIP="10.96.0.10")) == (
        'Service "other" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: '
        "failed to allocate IP 10.96.0.10: provided IP is already allocated"
    )
    api.delete("services", "dns", "default")
    assert api.create(service("other", clusterIP="10.96.0.10"))["spec"]["clusterIP"] == "10.96.0.10"


def test_an_address_must_be_in_the_range(api: LocalApi) -> None:
    assert refusal(api, service("s", clusterIP="192.168.0.1")) == (
        'Service "s" is invalid: spec.clusterIPs: Invalid value: ["192.168.0.1"]: failed to allocate IP 192.168.0.1: '
        "the provided network does not match the current range"
    )


def test_an_address_may_be_of_another_range_while_that_is_ready(api: LocalApi) -> None:
    key = "servicecidrs.networking.k8s.io"
    metadata = {"name": "more", "finalizers": ["example.com/hold"]}
    more = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": metadata}
    api.create({**more, "spec": {"cidrs": ["10.111.0.0/24"]}})
    outside = "the provided network does not match the current range"
    assert outside in refusal(api, service("early", clusterIP="10.111.0.5"))
    ready = {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    api.patch(key, "more", {"status": ready}, subresource="status")
    assert api.create(service("s", clusterIP="10.111.0.5"))["spec"]["clusterIPs"] == ["10.111.0.5"]
    for unusable in ("10.111.0.0", "10.111.0.255", "10.111.1.5"):
        assert outside in refusal(api, service("edge", clusterIP=unusable))
    api.delete(key, "more")
    assert outside in refusal(api, service("late", clusterIP="10.111.0.6"))


def test_a_headless_service_has_no_address_and_an_external_name_nothing_at_all(api: LocalApi) -> None:
    headless = api.create(service("h", clusterIP="None"))["spec"]
    assert (headless["clusterIP"], headless["clusterIPs"], headless["ipFamilyPolicy"]) == (
        "None", ["None"], "SingleStack",
    )  # fmt: skip
    bare = api.create(service("bare", clusterIP="None", selector=None))["spec"]
    assert (bare["ipFamilies"], bare["ipFamilyPolicy"]) == (["IPv4", "IPv6"], "RequireDualStack")
    external = api.create(service("e", type="ExternalName", externalName="example.com"))["spec"]
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"} & external.keys()


def test_node_ports_are_given_and_may_be_chosen_once(api: LocalApi) -> None:
    given = api.create(service("s", type="NodePort"))["spec"]["ports"][0]["nodePort"]
    assert given in NODE_PORTS
    api.create(service("chosen", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    assert refusal(api, service("again", type="NodePort", ports=[{"port": 80, "nodePort": 30080}])) == (
        'Service "again" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'
    )
    assert refusal(api, service("low", type="NodePort", ports=[{"port": 80, "nodePort": 80}])) == (
        'Service "low" is invalid: spec.ports[0].nodePort: Invalid value: 80: '
        "provided port is not in the valid range. The range of valid ports is 30000-32767"
    )


def test_tcp_and_udp_of_one_port_share_a_node_port(api: LocalApi) -> None:
    ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
    given = api.create(service("dns", type="NodePort", ports=ports))["spec"]["ports"]
    assert given[0]["nodePort"] == given[1]["nodePort"]


def test_a_local_load_balancer_has_a_health_check_port(api: LocalApi) -> None:
    spec = api.create(service("lb", type="LoadBalancer", externalTrafficPolicy="Local"))["spec"]
    assert spec["healthCheckNodePort"] in NODE_PORTS
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]


def test_a_load_balancer_may_do_without_node_ports(api: LocalApi) -> None:
    spec = api.create(service("lb", type="LoadBalancer", allocateLoadBalancerNodePorts=False))["spec"]
    assert "nodePort" not in spec["ports"][0]


def test_a_replaced_manifest_keeps_what_was_given(api: LocalApi) -> None:
    before = api.create(service("s", type="NodePort"))
    after = api.update(service("s", type="NodePort", selector={"app": "new"}))
    assert after["spec"]["clusterIP"] == before["spec"]["clusterIP"]
    assert after["spec"]["ports"] == before["spec"]["ports"]


def test_changing_the_type_takes_back_and_gives_out(api: LocalApi) -> None:
    before = api.create(service("s"))["spec"]
    opened = api.patch("services", "s", {"spec": {"type": "NodePort"}}, "default")["spec"]
    assert opened["clusterIP"] == before["clusterIP"]
    assert opened["ports"][0]["nodePort"] in NODE_PORTS
    closed = api.patch("services", "s", {"spec": {"type": "ClusterIP"}}, "default")["spec"]
    assert "nodePort" not in closed["ports"][0]
    assert "externalTrafficPolicy" not in closed
    renamed = {"spec": {"type": "ExternalName", "externalName": "example.com"}}
    external = api.patch("services", "s", renamed, "default")["spec"]
    assert "clusterIP" not in external
    assert api.create(service("t", clusterIP=before["clusterIP"]))["spec"]["clusterIP"] == before["clusterIP"]


def test_an_address_stays_once_set(api: LocalApi) -> None:
    api.create(service("s"))
    with pytest.raises(InvalidError) as refused:
        api.patch("services", "s", {"spec": {"clusterIP": "10.96.77.77"}}, "default")
    assert refused.value.message == (
        'Service "s" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.77.77"]: may not change once set'
    )


def test_a_dry_run_takes_no_address(api: LocalApi, verbs: Verbs) -> None:
    resource = verbs.catalog.by_key("services")
    assert resource is not None
    tried = service("tried", clusterIP="10.96.1.1")
    verbs.create(ADMIN, resource, "default", tried, WriteOptions(dry_run=True))
    assert api.create(service("s", clusterIP="10.96.1.1"))["spec"]["clusterIP"] == "10.96.1.1"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": '
            "this cluster is not configured for dual-stack services",
        ),
        ({"ipFamilies": ["IPv6"]}, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
        (
            {"ipFamilies": ["IPv4", "IPv6"]},
            'spec.ipFamilyPolicy: Invalid value: "SingleStack": '
            "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
        ),
        (
            {"clusterIP": "fd00::1"},
            'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
        ),
        (
            {"clusterIP": "10.96.1.1", "ipFamilies": ["IPv6"]},
            'spec.clusterIPs[0]: Invalid value: "10.96.1.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
        ),
        ({"ipFamilies": ["IPv4", "IPv4"]}, 'spec.ipFamilies[1]: Duplicate value: "IPv4"'),
    ],
)
def test_families_must_be_those_of_the_cluster(api: LocalApi, spec: Object, why: str) -> None:
    assert refusal(api, service("s", **spec)) == f'Service "s" is invalid: {why}'


def test_preferring_two_families_is_content_with_one(api: LocalApi) -> None:
    made = api.create(service("s", ipFamilyPolicy="PreferDualStack"))
    assert (made["spec"]["ipFamilies"], len(made["spec"]["clusterIPs"])) == (["IPv4"], 1)
    assert api.update(made)["spec"]["ipFamilyPolicy"] == "PreferDualStack"


def test_a_node_port_asked_for_with_a_type_that_has_none_is_refused(api: LocalApi) -> None:
    before = api.create(service("s", type="NodePort"))["spec"]["ports"][0]
    change = {"spec": {"type": "ClusterIP", "ports": [{**before, "nodePort": 30081}]}}
    with pytest.raises(InvalidError, match="may not be used when `type` is 'ClusterIP'"):
        api.patch("services", "s", change, "default")


def test_a_load_balancers_address_goes_with_the_type(api: LocalApi) -> None:
    api.create(service("s", type="LoadBalancer"))
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "8.8.8.8"}]}}}
    api.patch("services", "s", status, "default", subresource="status")
    assert api.patch("services", "s", {"spec": {"type": "ClusterIP"}}, "default")["status"] == {"loadBalancer": {}}


@pytest.mark.parametrize(
    ("kind", "ingress", "told"),
    [
        (
            "ClusterIP",
            {"ip": "1.2.3.4"},
            "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
        ),
        (
            "LoadBalancer",
            {"ip": "1.2.3.4", "ipMode": "Odd"},
            'status.loadBalancer.ingress[0].ipMode: Unsupported value: "Odd": supported values: "Proxy", "VIP"',
        ),
        (
            "LoadBalancer",
            {"hostname": "1.2.3.4"},
            'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
        ),
    ],
)
def test_where_a_load_balancer_is_must_make_sense(api: LocalApi, kind: str, ingress: Object, told: str) -> None:
    api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s", "namespace": "default"},
            "spec": {"type": kind, "ports": [{"port": 80}]},
        }
    )
    with pytest.raises(InvalidError) as refused:
        api.patch(
            "services", "s", {"status": {"loadBalancer": {"ingress": [ingress]}}}, "default", subresource="status"
        )
    assert refused.value.message == f'Service "s" is invalid: {told}'


def test_a_dry_run_gives_out_what_nobody_can_have_and_checks_less(api: LocalApi, verbs: Verbs) -> None:
    def dry(**spec: Any) -> Object:
        resource = verbs.catalog.by_key("services")
        assert resource is not None
        given: Object = verbs.create(
            ADMIN, resource, "default", service("dry", **spec), WriteOptions(dry_run=True)
        ).object["spec"]
        return given

    api.create(service("taken", clusterIP="10.96.0.10", type="NodePort", ports=[{"port": 80, "nodePort": 30080}]))
    given = dry(type="LoadBalancer", externalTrafficPolicy="Local", ports=[{"port": 80, "name": "a"}])
    assert (given["clusterIP"], given["ports"][0]["nodePort"], given["healthCheckNodePort"]) == (
        "10.96.0.0", 32769, 32770,
    )  # fmt: skip
    assert dry(clusterIP="10.96.0.10")["clusterIP"] == "10.96.0.10"
    assert dry(type="NodePort", ports=[{"port": 80, "nodePort": 3}])["ports"][0]["nodePort"] == 3
    with pytest.raises(InvalidError, match="provided port is already allocated"):
        dry(type="NodePort", ports=[{"port": 80, "nodePort": 30080}])
    with pytest.raises(InvalidError, match=r"the provided IP \(1.2.3.4\) is not in the valid range"):
        dry(clusterIP="1.2.3.4")


# -- IPAddresses ------------------------------------------------------------------------------------------------------


def noted(api: LocalApi) -> dict[str, str]:
    """Which Service each IPAddress is of."""
    return {found["metadata"]["name"]: found["spec"]["parentRef"]["name"] for found in api.list(ADDRESSES)}


def test_a_cluster_ip_is_noted_as_long_as_a_service_has_it(api: LocalApi) -> None:
    web = api.create(service("web"))
    api.create(service("headless", clusterIP="None"))
    assert noted(api) == {web["spec"]["clusterIP"]: "web"}
    found = api.get(ADDRESSES, web["spec"]["clusterIP"])
    assert found["spec"]["parentRef"] == {"resource": "services", "namespace": "default", "name": "web"}
    assert found["metadata"]["labels"] == {
        "ipaddress.kubernetes.io/ip-family": "IPv4",
        "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
    }
    changed = {**web, "spec": {"type": "ExternalName", "externalName": "example.com"}}
    api.update(changed)
    assert noted(api) == {}
    api.update({**changed, "metadata": {"name": "web", "namespace": "default"}, "spec": service("web")["spec"]})
    assert list(noted(api).values()) == ["web"]
    api.delete("services", "web", "default")
    assert noted(api) == {}


def test_a_dry_run_notes_nothing(verbs: Verbs, api: LocalApi) -> None:
    resource = verbs.catalog.by_key("services")
    assert resource is not None
    verbs.create(ADMIN, resource, "default", service("web"), WriteOptions(dry_run=True))
    assert noted(api) == {}


def test_a_service_that_is_there_is_not_made_again_with_its_own_address(api: LocalApi) -> None:
    api.create(service("web", clusterIP="10.96.0.77"))
    assert "provided IP is already allocated" in refusal(api, service("web", clusterIP="10.96.0.77"))


def test_an_address_that_somebody_noted_for_himself_is_not_given_out(api: LocalApi) -> None:
    parent = {"resource": "gateways", "name": "edge"}
    own: Object = {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": {"name": "10.96.0.77"}}
    api.create({**own, "spec": {"parentRef": parent}})
    assert "provided IP is already allocated" in refusal(api, service("web", clusterIP="10.96.0.77"))


@pytest.mark.parametrize(
    ("name", "parent", "message"),
    [
        ("web", {"resource": "services", "name": "web"}, "must be a valid IP address, (e.g. 10.9.8.7"),
        ("2001:DB8::1", {"resource": "a", "name": "b"}, 'must be in canonical form ("2001:db8::1")'),
        ("10.96.0.9", None, "spec.parentRef: Required value"),
        ("10.96.0.9", {"resource": "services"}, "spec.parentRef.name: Required value"),
    ],
)  # fmt: skip
def test_what_no_address_may_be(api: LocalApi, name: str, parent: Object | None, message: str) -> None:
    spec = {} if parent is None else {"parentRef": parent}
    made: Object = {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": {"name": name}, "spec": spec}
    assert message in refusal(api, made)


@pytest.mark.parametrize(
    ("cidrs", "message"),
    [
        ([], "spec.cidrs: Required value: at least one CIDR required"),
        (["10.0.0.0/24", "10.1.0.0/24"], "may specify no more than one IP for each IP family, i.e 192.168.0.0/24"),
        (["10.0.0.0/24", "fd00::/64", "fd01::/64"], "may only hold up to 2 values"),
        (["10.0.0.1/24"], "spec.cidrs[0]: Invalid value"),
    ],
)
def test_what_no_range_may_be(api: LocalApi, cidrs: list[str], message: str) -> None:
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "more"}}
    assert message in refusal(api, {**made, "spec": {"cidrs": cidrs}})


def test_a_range_stays_and_may_get_one_of_the_other_family(api: LocalApi) -> None:
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "more"}}
    found = api.create({**made, "spec": {"cidrs": ["10.0.0.0/24"]}})
    with pytest.raises(InvalidError, match="field is immutable"):
        api.update({**found, "spec": {"cidrs": ["10.1.0.0/24"]}})
    assert api.update({**found, "spec": {"cidrs": ["10.0.0.0/24", "fd00::/64"]}})["spec"]["cidrs"][1] == "fd00::/64"


def test_an_address_stays_whose_it_is(api: LocalApi) -> None:
    address = api.create(service("web"))["spec"]["clusterIP"]
    with pytest.raises(InvalidError) as refused:
        api.patch(ADDRESSES, address, {"spec": {"parentRef": {"name": "z"}}})
    shown = '{"Group":"","Resource":"services","Namespace":"default","Name":"z"}'
    assert f"spec.parentRef: Invalid value: {shown}: field is immutable" in refused.value.message
