"""Names that Kubernetes makes up: random suffixes, uids, and hashes spelled without vowels."""

from __future__ import annotations

import re
import secrets
import uuid

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so no word can appear by accident (``apimachinery/pkg/util/rand``)."""

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY = {None: 2, "beta": 1, "alpha": 0}
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


def version_rank(version: str) -> tuple[int, int, int, str]:
    """What API versions are ordered by: stable before beta before alpha, higher numbers rank higher.

    Any other name ranks below (``version.CompareKubeAwareVersionStrings``).
    """
    match = _VERSION.fullmatch(version)
    if match is None:
        return (-1, 0, 0, version)
    major, stage, minor = match.groups()
    return (_STABILITY[stage], int(major), int(minor or 0), version)
