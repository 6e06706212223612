"""Answers as YAML: ``rendering`` asks for objects, ``app`` for what tells an error."""

from __future__ import annotations

import orjson

from gitopslab.machinery.go_yaml import written


def as_yaml(body: bytes) -> bytes:
    """A JSON document as YAML, as a client of a real server sees it."""
    return written(orjson.loads(body), folds=True).encode()
