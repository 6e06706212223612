"""An IPAddress for every cluster IP: made before its Service is stored, and gone after it.

The registry calls ``noted`` around every write of a Service; which address it gets is ``admission``'s, which gives out
none that such an object has. Upstream: ``pkg/registry/core/service/ipallocator``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from gitopslab.errors import NotFoundError
from gitopslab.machinery.objects import Object, name_of, namespace_of

ADDRESSES = "ipaddresses.networking.k8s.io"
"""The key of the kind that notes which cluster IPs are taken."""

_LABELS = "ipaddress.kubernetes.io/"


class Addresses:
    """The IPAddresses of a cluster.

    Args:
        make: Stores one.
        forget: Deletes the one of this name.
    """

    def __init__(self, make: Callable[[Object], object], forget: Callable[[str], object]) -> None:
        self._make = make
        self._forget = forget

    @contextmanager
    def noted(self, before: Object | None, after: Object | None) -> Iterator[None]:
        """Note the cluster IPs that a Service is about to have, and afterwards forget those it has no more.

        When it is not stored after all, none is noted.
        """
        with ExitStack() as unless_stored:
            for address in given(before, after):
                self._make(address)
                unless_stored.callback(self._gone, address)
            yield
            unless_stored.pop_all()
        for address in given(after, before):
            self._gone(address)

    def _gone(self, address: Object) -> None:
        with suppress(NotFoundError):  # somebody was faster
            self._forget(name_of(address))


def given(before: Object | None, after: Object | None) -> list[Object]:
    """The IPAddresses of the cluster IPs that a Service has after a write and had not before."""
    if after is None:
        return []
    return [_address(ip, after) for ip in _cluster_ips(after) if before is None or ip not in _cluster_ips(before)]


def _cluster_ips(service: Object) -> list[str]:
    """The addresses of a Service; a headless one has none."""
    return [ip for ip in service["spec"].get("clusterIPs") or () if ip not in ("", "None")]


def _address(ip: str, service: Object) -> Object:
    family = f"IPv{ipaddress.ip_address(ip).version}"
    labels = {f"{_LABELS}ip-family": family, f"{_LABELS}managed-by": "ipallocator.k8s.io"}
    parent = {"resource": "services", "namespace": namespace_of(service), "name": name_of(service)}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IPAddress",
        "metadata": {"name": ip, "labels": labels},
        "spec": {"parentRef": parent},
    }
