"""The hash of a pod template, digit for digit as Kubernetes computes it.

``pod-template-hash`` and ``controller-revision-hash`` are 32-bit FNV hashes: the former of Go's dump of the
``PodTemplateSpec`` struct, with every field that is not set, the latter for StatefulSets of the template's JSON. So the
dump has to be written as Go's ``spew`` writes it, which takes the names, order and types of the fields. These are lines
of ``template_hash.txt``, taken down from ``k8s.io/api`` 1.36: a type, then ``Name:TYPE`` for each field, with
``=json`` where the field is called differently in JSON and ``=-`` for an embedded struct whose fields stand directly in
the JSON object; ``= TYPE`` for a type that is only a name. Go does not print the group of a type, so ``discovery.``
stands before a name that core has too.

The Deployment, DaemonSet and StatefulSet controllers call it; what they name by it is theirs. Endpoints are put in
order by a longer hash of the same dump.

Upstream: ``controller.ComputeHash``, ``history.HashControllerRevision``.
"""

from __future__ import annotations

import json
import re
import struct
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from gitopslab.machinery import quantity
from gitopslab.machinery.names import safe_encoded
from gitopslab.machinery.objects import Object

_DATA = Path(__file__).with_name("template_hash.txt")
_OFFSET, _PRIME = 0x811C9DC5, 0x01000193
_WIDE_OFFSET, _WIDE_PRIME = 0x6C62272E07BB014262B821756295C58D, (1 << 88) | 0x13B
_MAP = re.compile(r"map\[([\w.]+)\](.+)")
_AMOUNT = re.compile(r"(-?)(\d+)(.*)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_NO_TIME = "{Time:(time.Time){wall:(uint64)0 ext:(int64)0 loc:(*time.Location)<nil>}}"


def template_hash(template: Object, collision_count: int = 0) -> str:
    """The ``pod-template-hash`` of a defaulted pod template, up to ten characters.

    Args:
        template: The template, as the API server stores it.
        collision_count: How often the hash was taken already; each gives another one.
    """
    data = dump(template, "v1.PodTemplateSpec").encode()
    if collision_count:
        data += struct.pack("<I4x", collision_count)
    found = _OFFSET
    for byte in data:
        found = ((found ^ byte) * _PRIME) & 0xFFFFFFFF
    return safe_encoded(found)


def struct_hash(value: Object, kind: str) -> bytes:
    """The 128-bit FNV-1a hash of a value of a Go type, by which ports and addresses are put in order."""
    found = _WIDE_OFFSET
    for byte in dump(value, kind).encode():
        found = ((found ^ byte) * _WIDE_PRIME) & ((1 << 128) - 1)
    return found.to_bytes(16, "big")


def data_hash(data: Any, collision_count: int = 0) -> str:
    """The hash of what a StatefulSet's ControllerRevision remembers."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    found = _OFFSET
    for byte in f"{text}{collision_count}".encode():
        found = ((found * _PRIME) & 0xFFFFFFFF) ^ byte
    return safe_encoded(found)


def dump(value: Any, kind: str, *, typed: bool = True) -> str:
    """A value of a Go type as ``spew`` writes it with ``%#v``, keys sorted and without addresses."""
    lead = f"({kind.removeprefix('discovery.')})" if typed else ""
    if kind.startswith("*"):
        if value is None:
            return f"{lead}<nil>"
        return (lead or "<*>") + dump(value, kind[1:], typed=False)
    if kind.startswith("[]"):
        items = " ".join(dump(item, kind[2:], typed=False) for item in value or ())
        return f"{lead}[{items}]" if value else f"{lead}<nil>"
    if match := _MAP.fullmatch(kind):
        return lead + _dump_map(value, *match.groups())
    return lead + _dump_plain(value, kind)


def _dump_map(value: Any, key_kind: str, item_kind: str) -> str:
    if not value:
        return "<nil>"
    pairs = (
        f"{dump(key, key_kind, typed=False)}:{dump(item, item_kind, typed=False)}"
        for key, item in sorted(value.items())
    )
    return f"map[{' '.join(pairs)}]"


def _dump_plain(value: Any, kind: str) -> str:
    if kind in ("string", "types.UID"):
        return value or ""
    if kind == "bool":
        return "true" if value else "false"
    if kind in ("int32", "int64"):
        return str(value or 0)
    if kind == "v1.FieldsV1":
        raw = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        return f"{{Raw:([]uint8)[{' '.join(map(str, raw))}]}}"
    if kind == "v1.Time":
        return _NO_TIME  # a template has no times
    if kind == "resource.Quantity":
        return _dump_quantity(value)
    if kind == "intstr.IntOrString":
        is_text = isinstance(value, str)
        number, text = (0, value) if is_text else (value or 0, "")
        return f"{{Type:(intstr.Type){int(is_text)} IntVal:(int32){number} StrVal:(string){text}}}"
    alias = _aliases().get(kind)
    if alias is not None:
        return dump(value, alias, typed=False)
    known = value or {}
    parts = (
        f"{field.name}:{dump(known if field.json == '-' else known.get(field.json), field.kind)}"
        for field in _fields(kind)
    )
    return f"{{{' '.join(parts)}}}"


def _dump_quantity(value: Any) -> str:
    """The inside of a ``Quantity``, which remembers its text only when parsing could reuse it.

    Simplified: amounts of more than 18 digits, or 15 in binary units, are held in another way that is not written here.
    """
    number, scale, form, text = 0, 0, "DecimalSI" if value is not None else "", ""
    match = _AMOUNT.fullmatch(quantity.canonical(value)) if value is not None else None
    if match is not None:
        sign, digits, suffix = match.groups()
        number = int(digits)
        if suffix in _BINARY:
            form, text = "BinarySI", match.group() if number & 7 else ""
            number <<= _BINARY[suffix]
        else:
            form = "DecimalSI" if suffix in _DECIMAL else "DecimalExponent"
            scale = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
            text = "" if digits.endswith("000") else match.group()
        number = -number if sign else number
    amount = f"{{value:(int64){number} scale:(resource.Scale){scale}}}"
    decimal = "{Dec:(*inf.Dec)<nil>}"
    return (
        f"{{i:(resource.int64Amount){amount} d:(resource.infDecAmount){decimal} "
        f"s:(string){text} Format:(resource.Format){form}}}"
    )


class _Field(NamedTuple):
    name: str
    kind: str
    json: str


@lru_cache(maxsize=1)
def _lines() -> dict[str, str]:
    split = (line.partition(" ") for line in _DATA.read_text(encoding="utf-8").splitlines())
    return {name: rest for name, _, rest in split}


@lru_cache(maxsize=1)
def _aliases() -> dict[str, str]:
    return {name: rest[2:] for name, rest in _lines().items() if rest.startswith("= ")}


@cache
def _fields(kind: str) -> tuple[_Field, ...]:
    found = []
    for part in _lines()[kind].split(" "):
        name, _, rest = part.partition(":")
        go_type, _, json_name = rest.partition("=")
        found.append(_Field(name, go_type, json_name or name[0].lower() + name[1:]))
    return tuple(found)
