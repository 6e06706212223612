"""What stands for the cluster's addresses on this machine: loopback addresses, ports, and a file that says which.

A pod that really runs keeps the address that the cluster gave it (``10.244.1.5``); on the machine a loopback address
stands for it (``127.64.1.5``), and another for each Service. The kubelets and the service proxy ask here; the processes
of pods read the file. Each cluster of a machine has two ranges of 65 thousand addresses for itself.

Where only 127.0.0.1 exists (macOS, unless more are added) all addresses stand on it and ports are changed: ``shares``.
Leaves to others: who listens.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import shutil
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_FIRST, _LAST = 64, 126  # of 127.N.0.0: far from what people type
_CLAIM = 60_999  # the port that is held to say that a range is taken
_ALONE = "127.0.0.1"


class Loopback:
    """The addresses of one cluster.

    Args:
        folder: Where the file is, and what processes say of their ports.
        ranges: The networks of the cluster, whose addresses nobody looks for outside.
        shares: Have all addresses stand on one, as where there is only one; default only there.
    """

    def __init__(
        self, folder: Path, ranges: Sequence[str] = ("10.244.0.0/16", "10.96.0.0/12"), *, shares: bool = False
    ) -> None:
        self.folder = folder
        self._ranges = list(ranges)
        self._claim: socket.socket | None = None
        self._network = 0
        self._asked_to_share = shares
        self._shares = False
        self._places: dict[str, str] = {}
        self._ports: dict[str, dict[int, int]] = {}
        self._names: dict[str, list[str]] = {}
        self._written = ""
        self._users: list[Callable[[], None]] = []

    @property
    def is_used(self) -> bool:
        """Whether anything runs that needs it; until then nothing is claimed and nothing is written."""
        return self._claim is not None or self._shares

    def on_use(self, begin: Callable[[], None]) -> None:
        """Have ``begin`` called when the first address is asked for."""
        self._users.append(begin)

    @property
    def shares(self) -> bool:
        """Whether all addresses stand on one, so that ports have to be changed."""
        return self._shares

    @property
    def file(self) -> Path:
        """The file of names and addresses."""
        return self.folder / "hosts.json"

    @property
    def announced(self) -> Path:
        """The folder in which processes say which port they really have: ``ADDRESS/PORT``."""
        return self.folder / "ports"

    def place(self, address: str) -> str:
        """The loopback address that stands for one of the cluster's; the same until it is forgotten."""
        if not self.is_used:
            self._claim_range()
            for begin in self._users:
                begin()
        if address not in self._places:
            self._places[address] = _ALONE if self._shares else self._free(address)
            self.write()
        return self._places[address]

    def forget(self, address: str) -> None:
        """Nothing stands for an address any more, and nothing listens there."""
        self._places.pop(address, None)
        self._ports.pop(address, None)
        self.silence(address)
        self.write()

    def silence(self, address: str) -> None:
        """The process that listened at an address has ended."""
        shutil.rmtree(self.announced / address, ignore_errors=True)

    def map_ports(self, address: str, ports: Mapping[int, int]) -> None:
        """Say which ports of an address can be connected to, and which they really are."""
        self._ports[address] = dict(ports)

    def real_port(self, address: str, port: int) -> int | None:
        """The port of a Service as it is on this machine; None when nothing listens there."""
        return self._ports.get(address, {}).get(port)

    def name(self, names: Mapping[str, Sequence[str]]) -> None:
        """Say all names, as ``web.default``, with their addresses."""
        self._names = {name: list(addresses) for name, addresses in names.items()}

    def port_of(self, address: str, port: int) -> int | None:
        """The real port of a process that listens on one; None when none does."""
        try:
            return int((self.announced / address / str(port)).read_text(encoding="utf-8").split()[0])
        except (OSError, ValueError, IndexError):
            return None

    def write(self) -> None:
        """Bring the file up to date."""
        addresses = {
            address: {"at": place, "ports": {str(port): real for port, real in self._ports.get(address, {}).items()}}
            for address, place in self._places.items()
        }
        text = json.dumps({"names": self._names, "addresses": addresses, "ranges": self._ranges})
        if text != self._written:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self.file.with_suffix(".new")
            draft.write_text(text, encoding="utf-8")
            draft.replace(self.file)
            self._written = text

    def close(self) -> None:
        """Let go of the range."""
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _free(self, address: str) -> str:
        """One that shows where it comes from, if it can be had: the last two numbers are the same."""
        kind = 0 if ipaddress.ip_address(address) in ipaddress.ip_network(self._ranges[0]) else 1
        base = int(ipaddress.ip_address(f"127.{self._network + kind}.0.0"))
        wanted = int(ipaddress.ip_address(address)) % 65_536
        taken = set(self._places.values())
        for step in range(65_536):
            place = str(ipaddress.ip_address(base + (wanted + step) % 65_536))
            if place not in taken and not place.endswith((".0.0", ".255.255")):
                return place
        raise RuntimeError("no loopback address is left")

    def _claim_range(self) -> None:
        """Take a range that no other cluster of this machine has."""
        for number in range(_FIRST, _LAST, 2) if not self._asked_to_share else ():
            claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                claim.bind((f"127.{number}.0.0", _CLAIM))
                claim.listen(1)
            except OSError as error:
                claim.close()
                if error.errno == errno.EADDRNOTAVAIL:
                    self._shares = True
                    return
                continue
            self._claim, self._network = claim, number
            return
        self._shares = True
