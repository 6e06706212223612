"""ServiceCIDRs: held as long as an address of theirs would be left without a range."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.controllers.servicecidr import RANGES, ServiceCidrController, holds
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import NotFoundError
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, condition_of

_ADDRESSES = "ipaddresses.networking.k8s.io"


def ranges(*cidrs: str, name: str = "more") -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": name},
        "spec": {"cidrs": list(cidrs)},
    }


def address(ip: str) -> Object:
    parent = {"resource": "services", "namespace": "default", "name": "web"}
    metadata = {"name": ip}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": metadata,
        "spec": {"parentRef": parent},
    }


@pytest.fixture
def api(clock: JumpableClock) -> LocalApi:
    return LocalApi(Verbs(Store(), clock), Caller("admin", ("system:masters",), "test"))


@pytest.fixture
def manager(api: LocalApi, clock: JumpableClock) -> Manager:
    found = Manager(api, clock)
    found.add(ServiceCidrController(api, found, clock))
    return found


def ready(api: LocalApi) -> tuple[str, str, str]:
    condition = condition_of(api.get(RANGES, "more"), "Ready")
    assert condition is not None
    return condition["status"], condition["reason"], condition["message"]


def test_a_new_range_is_protected_and_ready(api: LocalApi, manager: Manager) -> None:
    api.create(ranges("10.200.0.0/24"))
    manager.settle()
    found = api.get(RANGES, "more")
    assert found["metadata"]["finalizers"] == ["networking.k8s.io/service-cidr-finalizer"]
    assert ready(api) == ("True", "", "Kubernetes Service CIDR is ready")


def test_a_range_in_use_says_why_it_does_not_go_and_goes_with_its_last_address(api: LocalApi, manager: Manager) -> None:
    api.create(ranges("10.200.0.0/24"))
    api.create(address("10.200.0.7"))
    manager.settle()
    api.delete(RANGES, "more")
    manager.advance(60)
    status, reason, message = ready(api)
    assert (status, reason) == ("False", "Terminating")
    assert message.startswith("There are still IPAddresses referencing the ServiceCIDR")
    api.delete(_ADDRESSES, "10.200.0.7")
    manager.settle()
    with pytest.raises(NotFoundError):
        api.get(RANGES, "more")


def test_a_range_without_addresses_goes_after_a_moment(api: LocalApi, manager: Manager) -> None:
    api.create(ranges("10.200.0.0/24"))
    manager.settle()
    api.delete(RANGES, "more")
    manager.advance(9)
    assert api.get(RANGES, "more")
    manager.advance(2)
    with pytest.raises(NotFoundError):
        api.get(RANGES, "more")


@pytest.mark.parametrize(
    ("others", "addresses", "held"),
    [
        ([], ["10.200.0.7"], True),
        ([], ["10.201.0.7"], False),
        ([], ["fd00::7"], False),
        (["10.200.0.0/16"], ["10.200.0.7"], False),
        (["10.200.0.0/28"], ["10.200.0.7"], False),
        (["10.200.0.0/30"], ["10.200.0.7"], True),
        (["fd00::/64"], ["10.200.0.7"], True),
    ],
)
def test_only_an_address_that_no_other_range_has_holds(others: list[str], addresses: list[str], held: bool) -> None:
    assert holds(ranges("10.200.0.0/24"), [ranges(cidr) for cidr in others], addresses) is held
