"""Which keywords may stand where: ``keywords.yaml``, read once."""

from __future__ import annotations

import functools
from importlib.resources import files

import yaml


@functools.cache
def _all() -> dict[str, tuple[str, ...]]:
    text = files(__package__).joinpath("keywords.yaml").read_text(encoding="utf-8")
    return {name: tuple(words) for name, words in yaml.safe_load(text).items()}


def keywords(*places: str) -> tuple[str, ...]:
    """The keywords that may stand in the given places, such as ``job`` and ``common``."""
    return tuple(word for place in places for word in _all()[place])
