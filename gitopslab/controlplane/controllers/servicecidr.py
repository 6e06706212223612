"""Keeps ServiceCIDRs as long as addresses of Services come from them.

The manager calls it when a ServiceCIDR or IPAddress changed. Every ServiceCIDR gets a finalizer and the condition
Ready; one that is being deleted goes when none of its addresses would be left without a range.

Upstream: ``pkg/controller/servicecidrs``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api, WatchEvent
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.machinery.clock import Clock, seconds_of, timestamp
from gitopslab.machinery.objects import Object, condition_of, is_terminating, name_of

RANGES = "servicecidrs.networking.k8s.io"
ADDRESSES = "ipaddresses.networking.k8s.io"
_FINALIZER = "networking.k8s.io/service-cidr-finalizer"
_GRACE = 10.0  # seconds, until everybody who gives out addresses knows that this range is going
_READY = ("True", "", "Kubernetes Service CIDR is ready")
_HELD = (
    "False",
    "Terminating",
    "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
)


def holds(found: Object, others: Iterable[Object], addresses: Iterable[str]) -> bool:
    """Whether an address would be left without a range if this one went."""
    own = _networks(found)
    rest = [network for other in others for network in _networks(other)]
    if all(any(_within(network, wider) for wider in rest) for network in own):
        return False
    taken = [ipaddress.ip_address(address) for address in addresses]
    return any(
        any(address in network for network in own) and not any(address in network for network in rest)
        for address in taken
    )


def _networks(found: Object) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(cidr) for cidr in found["spec"]["cidrs"]]


def _within(
    network: ipaddress.IPv4Network | ipaddress.IPv6Network, wider: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return network.version == wider.version and network[0] in wider and network[-1] in wider


def _finalizers(found: Object) -> list[str]:
    return found["metadata"].get("finalizers") or []


class ServiceCidrController:
    """Reconciles ServiceCIDRs to their finalizer and condition, and lets go of those that are deleted."""

    name = "service-cidr-controller"

    def __init__(self, api: Api, manager: Manager, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._ranges = manager.informer(RANGES)
        self._addresses = manager.informer(ADDRESSES)
        self.sources: tuple[Source, ...] = (Source(RANGES), Source(ADDRESSES, self._held))

    def reconcile(self, request: Request) -> Result:
        """Protect a range, or let it go."""
        found = self._ranges.get(request.name)
        if found is None:
            return DONE
        if is_terminating(found):
            return self._end(found)
        if _FINALIZER not in _finalizers(found):
            self._hold(found, [*_finalizers(found), _FINALIZER])
        self._tell(found, *_READY)
        return DONE

    def _end(self, found: Object) -> Result:
        others = [other for other in self._ranges if name_of(other) != name_of(found) and not is_terminating(other)]
        if holds(found, others, (name_of(address) for address in self._addresses)):
            self._tell(found, *_HELD)
            return DONE
        left = seconds_of(found["metadata"]["deletionTimestamp"]) + _GRACE - self._clock.now()
        if left > 0:
            return Result(left)
        if _FINALIZER in _finalizers(found):
            self._hold(found, [name for name in _finalizers(found) if name != _FINALIZER])
        return DONE

    def _hold(self, found: Object, finalizers: list[str]) -> None:
        self._api.patch(RANGES, name_of(found), {"metadata": {"finalizers": finalizers or None}})

    def _tell(self, found: Object, status: str, reason: str, message: str) -> None:
        there = condition_of(found, "Ready") or {}
        if (there.get("status"), there.get("reason", ""), there.get("message")) == (status, reason, message):
            return
        condition = {
            "type": "Ready", "status": status, "reason": reason, "message": message,
            "lastTransitionTime": timestamp(self._clock.now()),
        }  # fmt: skip
        config = {
            "apiVersion": found["apiVersion"], "kind": found["kind"], "metadata": {"name": name_of(found)},
            "status": {"conditions": [condition]},
        }  # fmt: skip
        self._api.patch(RANGES, name_of(found), config, type="apply", subresource="status", manager=self.name)

    def _held(self, event: WatchEvent) -> Iterable[Request]:
        """Ranges that wait to go, now that an address went."""
        if event.type != "DELETED":
            return ()
        return [Request("", name_of(found)) for found in self._ranges if is_terminating(found)]
