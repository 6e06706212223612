"""Names that Kubernetes makes up: random suffixes, uids and template hashes."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from typing import Any

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so no word can appear by accident (``apimachinery/pkg/util/rand``)."""

_MAX_BASE = 58  # 63 less the five random characters (``apiserver/pkg/storage/names``)


def random_suffix(length: int = 5) -> str:
    """``length`` characters of the alphabet Kubernetes uses for generated names."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def generated(base: str) -> str:
    """A name for ``metadata.generateName``: the base, cut to 58 characters, and five random ones."""
    return base[:_MAX_BASE] + random_suffix()


def new_uid() -> str:
    """A ``metadata.uid``: a random version 4 UUID."""
    return str(uuid.uuid4())


def safe_encoded(number: int) -> str:
    """A number written in decimal with each digit mapped into the alphabet (``rand.SafeEncodeString``)."""
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(number))


def template_hash(template: Any, collision_count: int = 0) -> str:
    """The ``pod-template-hash`` of a pod template: stable for equal templates, up to ten characters.

    Simplified: the real controller hashes Go's dump of the struct with FNV-1a, which depends on Go's memory layout and
    field order and cannot be reproduced here; learners and tools rely only on it being stable and short.
    """
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"{text}{collision_count or ''}".encode()).digest()
    return safe_encoded(int.from_bytes(digest[:4], "big"))
