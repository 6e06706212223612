"""Free numbers: cluster IPs from 10.96.0.0/16 and other ServiceCIDRs, and node ports from 30000-32767.

Called by ``services`` for one write of one Service. A dry run takes nothing, and checks and gives only what the real
server does then: a wished address need not be free, a wished port may lie outside of the range, and what is given out
is a number that no Service can have. Upstream: ``registry/core/service/ipallocator`` and ``portallocator``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from random import Random

from gitopslab.errors import ApiError

RANGE = ipaddress.IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
_STATIC_ADDRESSES = 256
"""The bottom of the range is left to addresses that people choose, as long as there are others."""
_STATIC_PORTS = 86


class Addresses:
    """Cluster IPs.

    Args:
        used: Those of other Services.
        chance: Where the search for a free one begins.
        others: Ranges beside the cluster's own, which is used up first.
        dry_run: Whether nothing is to be kept.
    """

    def __init__(
        self,
        used: set[str],
        chance: Random,
        *,
        others: Iterable[ipaddress.IPv4Network] = (),
        dry_run: bool = False,
    ) -> None:
        self._used = used
        self._chance = chance
        self._ranges = (RANGE, *others)
        self._dry_run = dry_run

    def take(self, wished: str) -> str:
        """Why an address cannot be had; empty when it can."""
        try:
            address = ipaddress.ip_address(wished)
        except ValueError:
            return ""  # validation says so, in its own words
        if self._dry_run:  # only the cluster's own range is known to it
            outside = f"the provided IP ({wished}) is not in the valid range. The range of valid IPs is {RANGE}"
            return "" if _is_usable(address, RANGE) else outside
        if not any(_is_usable(address, network) for network in self._ranges):
            return "the provided network does not match the current range"
        return "provided IP is already allocated" if wished in self._used else ""

    def next(self) -> str:
        """A free address.

        Raises:
            ApiError: 500: there is none.
        """
        if self._dry_run:
            return str(RANGE.network_address)
        for network in self._ranges:
            static = min(_STATIC_ADDRESSES, network.num_addresses // 2)
            halves = range(static, network.num_addresses - 1), range(1, static)
            number = _free(halves, lambda item, of=network: str(of[item]) in self._used, self._chance)  # type: ignore[misc]
            if number is not None:
                return str(network[number])
        raise ApiError(500, "InternalError", "failed to allocate a serviceIP: range is full")


def _is_usable(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: ipaddress.IPv4Network) -> bool:
    return address in network and address not in (network.network_address, network.broadcast_address)


class Ports:
    """Node ports.

    Args:
        used: Those of other Services.
        chance: Where the search for a free one begins.
        dry_run: Whether nothing is to be kept.

    Attributes:
        own: Those that the Service has.
    """

    def __init__(self, used: set[int], chance: Random, *, dry_run: bool = False) -> None:
        self.own: set[int] = set()
        self._used = used
        self._chance = chance
        self._dry_run = dry_run
        self._given: set[int] = set()

    def take(self, wished: int) -> str:
        """Take a port; why it cannot be had, empty when it is taken."""
        if wished not in NODE_PORTS and not self._dry_run:
            bounds = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            return f"provided port is not in the valid range. The range of valid ports is {bounds}"
        if wished in self._used | self._given:
            return "provided port is already allocated"
        self._given.add(wished)
        return ""

    def next(self) -> int:
        """Take a free port.

        Raises:
            ApiError: 500: there is none.
        """
        port = max(self._given, default=NODE_PORTS.stop) + 1 if self._dry_run else self._search()
        if port is None:
            raise ApiError(500, "InternalError", "failed to allocate a nodePort: range is full")
        self._given.add(port)
        return port

    def _search(self) -> int | None:
        first = NODE_PORTS.start + _STATIC_PORTS
        ranges = range(first, NODE_PORTS.stop), range(NODE_PORTS.start, first)
        return _free(ranges, (self._used | self._given | self.own).__contains__, self._chance)


def _free(ranges: tuple[range, ...], is_used: Callable[[int], bool], chance: Random) -> int | None:
    """A free number of the first range that has one, from a random start: what was freed does not come back at once."""
    for numbers in ranges:
        start = chance.randrange(len(numbers))
        for step in range(len(numbers)):
            number = numbers[(start + step) % len(numbers)]
            if not is_used(number):
                return number
    return None
