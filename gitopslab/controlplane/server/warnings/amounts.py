"""Amounts of bytes that are not whole, and addresses that are not written the usual way."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from gitopslab.machinery import quantity


def fractional(amounts: dict[str, str] | None, names: Iterable[str], path: str) -> Iterable[str]:
    """Bytes cannot be divided: ``0.5`` and ``100m`` of memory are most likely mistakes."""
    for name in names:
        value = (amounts or {}).get(name)
        if value is not None and quantity.milli(value) % 1000:
            yield f'{path}[{name}]: fractional byte value "{quantity.canonical(value)}" is invalid, must be an integer'


def unusual_address(value: str, path: str) -> Iterable[str]:
    """An IPv6 address that is not in its shortest form."""
    if ":" not in value:
        return
    try:
        usual = str(ipaddress.ip_address(value))
    except ValueError:
        return  # validation's to refuse
    if usual != value:
        yield f'{path}: IPv6 address "{value}" should be in RFC 5952 canonical format ("{usual}")'


def unusual_range(value: str, path: str) -> Iterable[str]:
    """An IPv6 range that is not in its shortest form."""
    if ":" not in value:
        return
    try:
        usual = str(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return
    if usual != value:
        yield f'{path}: IPv6 CIDR value "{value}" should be in RFC 5952 canonical format ("{usual}")'
