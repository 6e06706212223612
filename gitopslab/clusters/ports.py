"""Loopback ports: which is free, and who has one that is not; and the addresses and networks of this machine.

Used before a cluster or JupyterLab is started, so that "port in use" is said with the port and the program.
"""

from __future__ import annotations

import os
import socket
import sys
import zlib
from collections.abc import Container, Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

LOOPBACK = "127.0.0.1"
CLUSTERS = range(16443, 17443)  # below the ports systems hand out by themselves, so that a remembered one stays free


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there the option would allow what is to be found out
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def is_ours(address: str) -> bool:
    """Whether an address is one of this machine's: whether a server could listen there."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
        return True


def network_of(address: str) -> IPv4Network | None:
    """The network, of those this machine stands on, that an address is in; None when it is in none of them."""
    wanted = IPv4Address(address)
    return next((own.network for own in _interfaces() if wanted in own.network), None)


def address_on(network: IPv4Network) -> str:
    """The address of this machine on a network that ``network_of`` found."""
    return next(str(own.ip) for own in _interfaces() if own.network == network)


def _interfaces() -> Iterator[IPv4Interface]:
    import psutil

    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET and each.netmask:
                yield IPv4Interface(f"{each.address}/{each.netmask}")


def in_our_order(candidates: Sequence[int]) -> Sequence[int]:
    """The candidates, beginning at a place that follows from ``$GITOPSLAB_HOME``, where that is set.

    The homes of one machine (a room's learners, tests side by side) then rarely want the same port, which matters when
    one of them stops its cluster and later asks for its port again.
    """
    start = zlib.crc32(os.environ.get("GITOPSLAB_HOME", "").encode()) % len(candidates)
    return [*candidates[start:], *candidates[:start]]


def free(candidates: Iterable[int] | None = None, *, but: Container[int] = ()) -> int:
    """The first free port of the candidates (a cluster's), or any; not ``but``, which somebody will want again."""
    for port in in_our_order(CLUSTERS) if candidates is None else candidates:
        if port not in but and is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port = probe.getsockname()[1]
    return int(port)


def owner(port: int) -> str:
    """The program that listens on a port, as ``name (process 123)``; empty when the system does not say."""
    import psutil

    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""
