"""The network of a pod, for a program that runs in the lab's own Python.

Installed by ``sitecustomize``. The pod has a loopback address of its own; whatever it binds (``0.0.0.0``,
``localhost``, its pod IP) is bound there, and never anywhere that another machine can reach. Names and addresses of the
cluster are looked up in a file that the cluster keeps up to date, and connections to them go to the loopback address
that stands for each. A port that cannot be had (below 1024 without the right, or taken where all pods share one
address) becomes another one; a file says which.

Simplified: only Python's own sockets are mapped. What opens sockets in C (``uvloop``, which is hidden, ``gevent``,
``grpc``) and other programs that are started see the machine's network; a real pod has one of its own.
"""

import contextlib
import errno
import ipaddress
import json
import os
import platform
import socket
from typing import Any

_HERE = frozenset({"", "0.0.0.0", "::", "localhost", "127.0.0.1", "::1"})
_AS_IPV4 = {"::": "0.0.0.0", "::1": "127.0.0.1"}
_TAKEN = frozenset({errno.EACCES, errno.EADDRINUSE, errno.EADDRNOTAVAIL})


class Network:
    """One pod's network.

    Args:
        pod: ``address`` is the pod IP, ``loopback`` what stands for it, ``hosts`` the file of names and addresses,
            ``ports`` the folder for ports that became others, ``namespace`` and ``hostname`` the pod's own.
    """

    def __init__(self, pod: dict[str, Any]) -> None:
        self._pod = pod
        self._stamp: tuple[int, int] = (0, 0)
        self._hosts: dict[str, Any] = {"names": {}, "addresses": {}, "ranges": []}
        self._real_ports: dict[int, int] = {}  # the port that was bound -> the one that was asked for
        self._stat, self._open = os.stat, open

    def install(self) -> None:
        """Map from now on."""
        plain = socket.socket
        self._bind, self._connect, self._connect_ex = plain.bind, plain.connect, plain.connect_ex
        self._sendto: Any = plain.sendto
        self._name, self._peer, self._accept = plain.getsockname, plain.getpeername, plain.accept
        self._getaddrinfo, self._getfqdn, self._by_name = socket.getaddrinfo, socket.getfqdn, socket.gethostbyname
        network = self

        def bind(self: socket.socket, address: Any) -> None:
            network.bind(self, address)

        def connect(self: socket.socket, address: Any) -> None:
            network._connect(self, network.outward(self, address))

        def connect_ex(self: socket.socket, address: Any) -> int:
            try:
                meant = network.outward(self, address)
            except OSError as error:
                return error.errno or errno.EHOSTUNREACH
            return network._connect_ex(self, meant)

        def sendto(self: socket.socket, data: Any, *rest: Any) -> int:
            sent: int = network._sendto(self, data, *rest[:-1], network.outward(self, rest[-1]))
            return sent

        def getsockname(self: socket.socket) -> Any:
            return network.shown(self, network._name(self))

        def getpeername(self: socket.socket) -> Any:
            return network.shown(self, network._peer(self))

        def accept(self: socket.socket) -> tuple[socket.socket, Any]:
            made, address = network._accept(self)
            return made, network.shown(made, address)

        for function in (bind, connect, connect_ex, sendto, getsockname, getpeername, accept):
            setattr(plain, function.__name__, function)
        socket.getaddrinfo, socket.getfqdn, socket.gethostbyname = self.getaddrinfo, self.getfqdn, self.gethostbyname
        self._install_hostname()

    def _install_hostname(self) -> None:
        hostname: str = self._pod["hostname"]
        known = os.uname()
        mine = os.uname_result((known.sysname, hostname, known.release, known.version, known.machine))
        socket.gethostname = lambda: hostname
        os.uname = lambda: mine
        platform.node = lambda: hostname

    # Outward.

    def bind(self, one: socket.socket, address: Any) -> None:
        """Bind what is asked for at the pod's loopback address."""
        if one.family not in (socket.AF_INET, socket.AF_INET6) or not self._is_here(address[0]):
            return self._bind(one, address)
        own, port = self._pod["loopback"], address[1]
        if not self._pod["shares"] or not port:
            try:
                self._bind(one, self._at(one, own, port))
            except OSError as error:
                if error.errno not in _TAKEN or self._is_announced(port):
                    raise
                self._bind(one, self._at(one, own, 0))
        else:
            self._bind(one, self._at(one, own, 0))
        if one.type == socket.SOCK_STREAM:
            self._announce(port, self._name(one)[1])
        return None

    def _is_announced(self, port: int) -> bool:
        return os.path.exists(os.path.join(self._pod["ports"], self._pod["address"], str(port)))

    def _announce(self, asked: int, real: int) -> None:
        """Say that the pod listens, and where: nobody else on this machine is taken for it."""
        asked = asked or real
        self._real_ports[real] = asked
        where = os.path.join(self._pod["ports"], self._pod["address"])
        os.makedirs(where, exist_ok=True)
        with self._open(os.path.join(where, f".{asked}"), "w") as file:
            file.write(str(real))
        os.replace(os.path.join(where, f".{asked}"), os.path.join(where, str(asked)))

    def outward(self, one: socket.socket, address: Any) -> Any:
        """Where a connection goes."""
        if one.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
            return address
        host, port = str(address[0]), address[1]
        found = self.lookup(host)
        host = found[0] if found else host.removeprefix("::ffff:")
        if self._is_here(host):
            host = self._pod["address"]
        place = self._read()["addresses"].get(host)
        if host == self._pod["address"] and place is None:
            place = {"at": self._pod["loopback"], "ports": {}}
        if place is None:
            self._check_outside(host)
            return address
        if one.type == socket.SOCK_STREAM and not self._pod["shares"]:
            with contextlib.suppress(OSError):  # so that the other end sees which pod it is
                self._bind(one, self._at(one, self._pod["loopback"], 0))
        return self._at(one, place["at"], self._port(host, place, port))

    def _check_outside(self, host: str) -> None:
        """An address of the cluster that nobody has is not looked for in the world outside."""
        try:
            number = ipaddress.ip_address(host)
        except ValueError:
            return
        if any(number in ipaddress.ip_network(one) for one in self._read()["ranges"]):
            raise OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))

    def _port(self, host: str, place: dict[str, Any], port: int) -> int:
        if str(port) in place["ports"]:
            return int(place["ports"][str(port)])
        try:
            with self._open(os.path.join(self._pod["ports"], host, str(port))) as file:
                return int(file.read())
        except (OSError, ValueError):
            return port

    def _at(self, one: socket.socket, host: str, port: int) -> Any:
        return (host, port) if one.family == socket.AF_INET else (f"::ffff:{host}", port, 0, 0)

    def _is_here(self, host: Any) -> bool:
        return host in _HERE or host in (self._pod["address"], self._pod["hostname"]) or _is_loopback(host)

    # Back.

    def shown(self, one: socket.socket, address: Any) -> Any:
        """An address as the cluster knows it."""
        if one.family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple):
            return address
        host, port = address[0].removeprefix("::ffff:"), address[1]
        if host == self._pod["loopback"]:
            return (self._pod["address"], self._real_ports.get(port, port), *address[2:])
        if host == "127.0.0.1":  # the kubelet or a proxy, at the node's end of the pod's network
            return (self._pod["address"].rpartition(".")[0] + ".1", port, *address[2:])
        for known, place in self._read()["addresses"].items():
            if place["at"] == host:
                return (known, port, *address[2:])
        return address

    # Names.

    def lookup(self, name: str) -> list[str]:
        """The addresses of a name of the cluster; empty for any other."""
        if name == self._pod["hostname"]:
            return [self._pod["address"]]
        names, name = self._read()["names"], name.rstrip(".").lower()
        for candidate in (f"{name}.{self._pod['namespace']}", name):
            short = candidate.removesuffix(".cluster.local").removesuffix(".svc")
            if short in names:
                return list(names[short])
        return []

    def getaddrinfo(self, host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        """The standard library's, with the cluster's names; a pod here has IPv4 only."""
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name in _HERE:
            name = _AS_IPV4.get(name, name) if name else None
            return self._getaddrinfo(name, port, socket.AF_INET, type, proto, flags)
        found = self.lookup(name)
        if not found:
            return self._getaddrinfo(host, port, family, type, proto, flags)
        return [
            entry
            for address in found
            for entry in self._getaddrinfo(address, port, family, type, proto, flags & ~socket.AI_CANONNAME)
        ]

    def getfqdn(self, name: str = "") -> str:
        """The pod's name for its own addresses."""
        return self._pod["hostname"] if self._is_here(name) else self._getfqdn(name)

    def gethostbyname(self, name: str) -> str:
        """The first address."""
        found = self.lookup(name)
        return found[0] if found else self._by_name(name)

    def _read(self) -> dict[str, Any]:
        """The names and addresses, read again when the file has changed."""
        try:
            now = self._stat(self._pod["hosts"])
        except OSError:
            return self._hosts
        stamp = (now.st_mtime_ns, now.st_ino)
        if stamp != self._stamp:
            with contextlib.suppress(OSError, ValueError), self._open(self._pod["hosts"], encoding="utf-8") as file:
                self._hosts, self._stamp = json.load(file), stamp
        return self._hosts


def _is_loopback(host: Any) -> bool:
    return isinstance(host, str) and (host.startswith("127.") or host.startswith("::ffff:127."))
