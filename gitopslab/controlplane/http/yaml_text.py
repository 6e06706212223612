"""Answers as YAML, written as Go's YAML library writes it, so that a client sees the same text.

``rendering`` asks for objects, ``app`` for what tells an error. Upstream: ``sigs.k8s.io/yaml``.
"""

from __future__ import annotations

from typing import Any

import orjson
import yaml


class _GoDumper(yaml.SafeDumper):
    """Sets what would be read as something else than a text in double quotes, and many lines in a block."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = None
    if "\n" in value:
        style = "|"
    elif _resolved(dumper, value) != _TEXT:
        style = '"'
    return dumper.represent_scalar(_TEXT, value, style)


def _resolved(dumper: Any, value: str) -> str:
    """As what a text would be read that stands there without quotes."""
    return str(dumper.resolve(yaml.ScalarNode, value, (True, False)))


_TEXT = "tag:yaml.org,2002:str"
_GoDumper.add_representer(str, _text)


def as_yaml(body: bytes) -> bytes:
    """A JSON document as YAML, its keys in order."""
    found: Any = yaml.dump(
        orjson.loads(body), Dumper=_GoDumper, sort_keys=True, default_flow_style=False, allow_unicode=True
    )
    return str(found).encode()
