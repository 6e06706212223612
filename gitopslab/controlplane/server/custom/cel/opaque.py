"""Values that CEL knows only by what can be done with them: quantities and addresses.

``versions`` and ``urls`` have more of them. Each is a map of its own class with a canonical form in it, so that equal
values are equal maps. The functions are those of Kubernetes' CEL library, which ``library`` names; what is no such
value is a ``ValueError`` with upstream's text.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from decimal import Decimal

from gitopslab.controlplane.server.custom.cel import netip
from gitopslab.controlplane.server.custom.cel.evaluation.values import Opaque
from gitopslab.machinery import quantity as quantities
from gitopslab.machinery.scalars import quantity as checked_quantity

_LARGEST = (1 << 63) - 1
_NO_CIDR = "network address parse error during conversion from string"
_NO_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


class Quantity(Opaque):
    """An amount, as in ``1.5Gi``."""

    type_name = "kubernetes.Quantity"


class IP(Opaque):
    """An address."""

    type_name = "net.IP"

    @property
    def size(self) -> int:
        """The bytes of the address."""
        return 16 if ":" in self["value"] else 4


class CIDR(Opaque):
    """A range of addresses."""

    type_name = "net.CIDR"

    @property
    def size(self) -> int:
        """The bytes of the part that all its addresses have."""
        return (int(self["value"].partition("/")[2]) + 7) // 8


def quantity(text: str) -> Opaque:
    """``quantity('1.5Gi')``."""
    if text != text.strip():
        raise ValueError(_NO_QUANTITY)
    return _amount(Decimal(str(quantities.parse(checked_quantity(text)))))


def is_quantity(text: str) -> bool:
    """Whether it is one."""
    return _holds(quantity, text)


def _amount(value: Decimal) -> Opaque:
    return Quantity(value=format(value.normalize(), "f"))


def _decimal(value: Opaque | int) -> Decimal:
    return Decimal(value if isinstance(value, int) else value["value"])


def sign(value: Opaque) -> int:
    """-1, 0 or 1."""
    amount = _decimal(value)
    return (amount > 0) - (amount < 0)


def as_integer(value: Opaque) -> int:
    """The amount, when it is whole."""
    if not is_integer(value):
        raise ValueError("cannot convert value to integer")
    return int(_decimal(value))


def is_integer(value: Opaque) -> bool:
    """Whether it is whole, and small enough to be counted."""
    amount = _decimal(value)
    return amount == amount.to_integral_value() and abs(amount) <= _LARGEST


def as_float(value: Opaque) -> float:
    """The amount, nearly."""
    return float(_decimal(value))


def add(value: Opaque, other: Opaque | int) -> Opaque:
    """The sum."""
    return _amount(_decimal(value) + _decimal(other))


def subtract(value: Opaque, other: Opaque | int) -> Opaque:
    """The difference."""
    return _amount(_decimal(value) - _decimal(other))


def compare(value: Opaque, other: Opaque) -> int:
    """-1, 0 or 1."""
    one, two = _decimal(value), _decimal(other)
    return (one > two) - (one < two)


def ip(text: str) -> Opaque:
    """``ip('10.0.0.1')``."""
    try:
        address = netip.address(text)
    except ValueError as error:
        raise ValueError(f'IP Address "{text}" parse error during conversion from string: {error}') from error
    if "%" in text:
        raise ValueError(f'IP address "{text}" with zone value is not allowed')
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return IP(value=str(address))


def is_ip(text: str) -> bool:
    """Whether it is one."""
    return _holds(ip, text)


def family(value: Opaque) -> int:
    """4 or 6."""
    return ipaddress.ip_address(value["value"]).version


def property_of_ip(name: str) -> Callable[[Opaque], bool]:
    """What Python's ``ipaddress`` calls by this name."""
    return lambda value: bool(getattr(ipaddress.ip_address(value["value"]), name))


def is_link_local_multicast(value: Opaque) -> bool:
    """``224.0.0.0/24`` and ``ff02::/16``."""
    address = ipaddress.ip_address(value["value"])
    return address in ipaddress.ip_network("224.0.0.0/24" if address.version == 4 else "ff02::/16")


def is_global_unicast(value: Opaque) -> bool:
    """Neither unspecified nor loopback, multicast, link-local or broadcast; private addresses are."""
    address = ipaddress.ip_address(value["value"])
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not special and str(address) != "255.255.255.255"


def cidr(text: str) -> Opaque:
    """``cidr('10.0.0.0/8')``."""
    try:
        address, bits = netip.prefix(text)
    except ValueError as error:
        raise ValueError(f"{_NO_CIDR}: {_NO_CIDR}: {error}") from error  # twice, as upstream has it
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise ValueError(f'{_NO_CIDR}: IPv4-mapped IPv6 address "{text}" is not allowed')
    return CIDR(value=f"{address}/{bits}")


def is_cidr(text: str) -> bool:
    """Whether it is one."""
    return _holds(cidr, text)


def contains_ip(value: Opaque, address: Opaque) -> bool:
    """Whether an address is in a range."""
    return ipaddress.ip_address(address["value"]) in _network(value)


def contains_cidr(value: Opaque, other: Opaque) -> bool:
    """Whether a range is in another."""
    outer, inner = _network(value), _network(other)
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def contains_ip_written(value: Opaque, text: str) -> bool:
    """Whether an address that is written there is in a range."""
    return contains_ip(value, _read(ip, text))


def contains_cidr_written(value: Opaque, text: str) -> bool:
    """Whether a range that is written there is in another."""
    return contains_cidr(value, _read(cidr, text))


def masked(value: Opaque) -> Opaque:
    """The range itself, without the rest of the address."""
    return CIDR(value=str(_network(value)))


def _network(value: Opaque) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(value["value"], strict=False)


def _read(read: Callable[[str], Opaque], text: str) -> Opaque:
    """What a function makes of its argument; upstream, one that makes nothing of it was given something else."""
    try:
        return read(text)
    except ValueError as error:
        raise ValueError("no such overload") from error


def _holds(read: Callable[[str], Opaque], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def written(value: Opaque) -> str:
    """What an address or range is written as."""
    return str(value["value"])
