"""Names that Kubernetes makes up: random suffixes, uids, and hashes spelled without vowels.

What is random comes from a generator that the caller brings: ``CHANCE`` by default, a seeded one for a run that can be
repeated.
"""

from __future__ import annotations

import re
import uuid
from random import Random, SystemRandom

CHANCE = SystemRandom()
"""What nobody can foresee."""

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no look-alikes, so no word can appear by accident (``apimachinery/pkg/util/rand``)."""

_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY = {None: 2, "beta": 1, "alpha": 0}
_MAX_BASE = 58  # 63 less the five random characters (``apiserver/pkg/storage/names``)


def random_suffix(chance: Random, length: int = 5) -> str:
    """``length`` characters of the alphabet Kubernetes uses for generated names."""
    return "".join(chance.choice(ALPHABET) for _ in range(length))


def generated(base: str, chance: Random) -> str:
    """A name for ``metadata.generateName``: the base, cut to 58 characters, and five random ones."""
    return base[:_MAX_BASE] + random_suffix(chance)


def new_uid(chance: Random) -> str:
    """A ``metadata.uid``: a random version 4 UUID."""
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


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
