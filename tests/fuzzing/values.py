"""Values that break programs: numbers beyond every type, texts that mean something elsewhere, deep and empty things."""

from __future__ import annotations

import random
from typing import Any

TEXTS = (
    "", " ", "a", "A", "-a", "a.", "a" * 64, "a" * 254, "a" * 70_000, "a/b", "a/b/c", "..", "../../etc/passwd", "/",
    "*",
    "\x00", "a\nb", "\x1b[31m", "\ud800", "ü", "٣", "🦊", "\u202eabc", "%s%n", "%00", "{{ x }}", "$(A)", "$$(A", "`id`",
    "null", "true", "NaN", "Infinity", "-0", "0x10", "1e3", "1e999999999", "9" * 500, "50%", "-1%", "1000000%", "1.5",
    "10m", "-5", "1Ki", "9999999999999999999Ei", "1.0000000000001n", "0.1.2", "10.0.0.1", "10.0.0.0/33", "010.1.1.1",
    "::1",
    "fe80::1%eth0", "::ffff:10.0.0.1", "2026-01-01T00:00:00Z", "2026-13-45T99:00:00Z", "0000-00-00T00:00:00Z",
    "* * * * *",
    "TZ=UTC * * * * *", "61 25 32 13 8", "@every 1s", "@yearly", "Always", "ClusterIP", "None", "http", "TCP", "sctp",
    "kubernetes.io/hostname", "node.kubernetes.io/not-ready", "app=web", "a in (b", "a==b,!c", "[", "(?P<x>", "\\",
    "a+" * 60,
    "self.size > 1", "self.all(x, x)", "has(self", "'x'.matches('(')", "1/0 > 1", "orphan", "foregroundDeletion",
    "AAEC", "=",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 7, 80, 65535, 65536, 2**31 - 1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64,
    10**30, 0.5, -0.0, 1e308, 5e-324, 1.0, 3.0000001,
)  # fmt: skip
KEYS = (
    "", "a", "app", "$patch", "$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers",
    "f:spec",
    "k:{", ".", "name", "kubernetes.io/x", "a/b/c", "x" * 400, "\x00", "metadata", "spec", "status", "kind",
    "__class__",
)  # fmt: skip
COUNTS = frozenset({"replicas", "completions", "parallelism", "minReplicas", "maxReplicas"})
"""Fields that make objects: more than a few would measure the machine's size, here as on a real cluster."""

_MOST = 4


def value(dice: random.Random, depth: int = 0) -> Any:
    """Anything JSON can hold."""
    kind = dice.random()
    if kind < 0.35:
        return dice.choice(TEXTS)
    if kind < 0.6:
        return dice.choice(NUMBERS)
    if kind < 0.75 or depth > 3:
        return dice.choice((None, True, False, [], {}))
    if kind < 0.85:
        return [value(dice, depth + 1) for _ in range(dice.randint(1, 3))]
    if kind < 0.98:
        return {dice.choice(KEYS): value(dice, depth + 1) for _ in range(dice.randint(1, 3))}
    return nested(dice.choice((20, 80, 200)), dice.random() < 0.5)


def nested(depth: int, as_map: bool) -> Any:
    """Something deep."""
    inner: Any = 1
    for _ in range(depth):
        inner = {"a": inner} if as_map else [inner]
    return inner


def bounded(document: Any, depth: int = 0) -> Any:
    """The document with no more than a handful asked for of anything that is made."""
    if depth > 60:
        return document
    if isinstance(document, list):
        return [bounded(item, depth + 1) for item in document]
    if not isinstance(document, dict):
        return document
    held = {key: _few(key, bounded(item, depth + 1)) for key, item in document.items()}
    if str(held.get("path", "")).rpartition("/")[2] in COUNTS:  # an operation of a JSON patch
        held["value"] = _few("replicas", held.get("value"))
    return held


def _few(key: str, item: Any) -> Any:
    return min(item, _MOST) if key in COUNTS and isinstance(item, int | float) else item
