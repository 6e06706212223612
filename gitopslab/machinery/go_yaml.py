"""Objects as YAML, written as Go's YAML library writes it: what the API server answers and what kustomize prints.

Upstream: ``go.yaml.in/yaml`` (``encode.go``).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_TEXT = "tag:yaml.org,2002:str"
_ENDLESS = 2**31


class _Dumper(yaml.SafeDumper):
    """Lines are a block, what would be read as something else is in double quotes, and the rest is as it comes."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    means = dumper.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    style = "|" if "\n" in text else '"' if means != _TEXT else None
    return dumper.represent_scalar(_TEXT, text, style)


# Go takes a mere ``y`` or ``n`` for a truth value, too.
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]\Z"), list("yYnN"))
_Dumper.add_representer(str, _text)


def written(value: Any, *, folds: bool) -> str:
    """A value as YAML, its keys in order.

    Args:
        value: What JSON can hold.
        folds: Whether long lines are broken: ``sigs.k8s.io/yaml`` does so, kustomize does not.
    """
    width = None if folds else _ENDLESS
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=width, allow_unicode=True))
