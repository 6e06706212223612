"""From a document to the bytes of a body: JSON, YAML and protobuf, whole or damaged on the way."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import yaml

from gitopslab.machinery.protobuf import MEDIA_TYPE as PROTOBUF
from gitopslab.machinery.protobuf import PREFIX

JSON = "application/json"
YAML = "application/yaml"
_LAUGHS = "a0: &a0 [x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
_CURIOUS = (
    b"", b" ", b"\n\n", b"null", b"[]", b"1", b'"a"', b"{", b"}", b"{}{}", b"\xef\xbb\xbf{}", b"\x00", b"\xff\xfe",
    b"{\x00}",
    b'{"a":1,"a":2}', b'{"kind":"Pod","kind":"Node"}', b'{"a":NaN}', b'{"a":1e400}', b'{"a":' + b"9" * 5000 + b"}",
    b"---\n---\n",
    b'{"a":"\\ud800"}', b"[" * 100_000, b'{"a":' * 100_000, b"- " * 20_000, _LAUGHS.encode(),
    b"a: !!python/object:os.system x",
    b"a: *b", b"? [1]\n: 2", b"<<: {a: 1}", b"a: 0o17\nb: 1:30\nc: 2026-01-01\nd: .inf\ne: yes", b"a:\tb",
    b"%YAML 3.0\n---\n{}",
    b"&a [*a]", b"a: &a {b: *a}", b"k8s\x00", b"k8s\x00\x0a\xff\xff\xff\xff\x0f", b"k8s\x00" + b"\x12\x02" * 50_000,
)  # fmt: skip


def encoded(dice: random.Random, document: Any) -> tuple[bytes, str]:
    """The body and its content type; now and then another one than it is."""
    kind = dice.random()
    if kind < 0.7:
        body, media = json_of(document), JSON
    elif kind < 0.85:
        body, media = yaml_of(document), YAML
    else:
        body, media = protobuf_of(dice, document), PROTOBUF
    if dice.random() < 0.12:
        body = damaged(dice, body)
    if dice.random() < 0.04:
        media = dice.choice(
            ("", "text/plain", "application/xml", "application/json; charset=utf-16", YAML, JSON, PROTOBUF, "/", "\xff")
        )
    return body, media


def json_of(document: Any) -> bytes:
    """As JSON, with whatever JSON can carry."""
    try:
        return json.dumps(document, ensure_ascii=True).encode()
    except RecursionError:
        return b"[" * 2000 + b"]" * 2000


def yaml_of(document: Any) -> bytes:
    """As YAML; what YAML cannot write stays JSON, which is YAML too."""
    try:
        return yaml.safe_dump(document, allow_unicode=False, sort_keys=False).encode()
    except (yaml.YAMLError, UnicodeError, RecursionError):
        return json_of(document)


def protobuf_of(dice: random.Random, document: Any) -> bytes:
    """An envelope that names the document's kind, around well-formed fields that need not be that kind's."""
    api_version, kind = (
        str(document.get(key, "")) if isinstance(document, dict) else "" for key in ("apiVersion", "kind")
    )
    about = _piece(1, api_version.encode("utf-8", "replace")) + _piece(2, kind.encode("utf-8", "replace"))
    metadata = _piece(1, _piece(1, b"a") + _piece(3, b"default"))
    return PREFIX + _piece(1, about) + _piece(2, metadata + _message(dice, 0))


def _message(dice: random.Random, depth: int) -> bytes:
    return b"".join(_field(dice, depth) for _ in range(dice.randint(0, 4)))


def _field(dice: random.Random, depth: int) -> bytes:
    number, shape = dice.randint(1, 24), dice.randrange(6)
    if shape < 2 and depth < 6:
        return _piece(number, _message(dice, depth + 1))
    if shape == 2:
        return _varint(number << 3) + _varint(dice.choice((0, 1, 80, 2**31, 2**63, 2**64 - 1)))
    if shape == 3:
        return _varint(number << 3 | dice.choice((1, 5))) + dice.randbytes(8)
    return _piece(number, dice.choice((b"", b"a", b"app", b"\xff\xfe", b"10m", b"x" * 300, dice.randbytes(9))))


def _piece(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def damaged(dice: random.Random, body: bytes) -> bytes:
    """The body after an accident on the way, or one that was never any good."""
    change = dice.randrange(7)
    at = dice.randrange(len(body) + 1)
    if change == 0:
        return body[:at]
    if change == 1:
        return body[:at] + dice.randbytes(dice.randint(1, 8)) + body[at:]
    if change == 2:
        return body[:at] + body[at + 1 :]
    if change == 3:
        return body + dice.choice((body, b"x", b"\x00", b",", b"\n---\n" + body))
    if change == 4:
        return gzip.compress(body)
    if change == 5:
        return body.decode("utf-8", "replace").encode(dice.choice(("utf-16", "utf-32")))
    return dice.choice(_CURIOUS)
