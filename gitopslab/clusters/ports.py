"""Loopback ports: which is free, and who has one that is not.

Used before a cluster or JupyterLab is started, so that "port in use" is said with the port and the program.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Container, Iterable

LOOPBACK = "127.0.0.1"
_FIRST, _LAST = 16443, 17443  # below the ports systems hand out by themselves, so that a remembered one stays free


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


def free(candidates: Iterable[int] = range(_FIRST, _LAST), *, but: Container[int] = ()) -> int:
    """The first free port of the candidates, or any free one; none of ``but``, which somebody will want again."""
    for port in candidates:
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
