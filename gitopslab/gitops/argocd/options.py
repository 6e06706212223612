"""Words in annotations and in lists of sync options: ``Prune=false,ServerSideApply=true``.

Source: ``gitops-engine/pkg/sync/resource/annotations.go``, ``SyncOptions`` in ``types.go``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.gitops.argocd.kinds import SYNC_OPTIONS
from gitopslab.machinery.objects import Object, annotations_of


def words(obj: Object, annotation: str) -> list[str]:
    """What a comma-separated annotation lists, each word once."""
    text = str(annotations_of(obj).get(annotation) or "")
    return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))


def has_option(obj: Object | None, option: str) -> bool:
    """Whether an object asks for a sync option, as in ``Replace=true``."""
    return obj is not None and option in words(obj, SYNC_OPTIONS)


def value_of(options: Iterable[str], name: str) -> str | None:
    """What an option is set to in a list of options; None when it is not there."""
    prefix = f"{name}="
    return next((option.removeprefix(prefix) for option in options if option.startswith(prefix)), None)


def option_of(obj: Object | None, name: str, default: str | None) -> str | None:
    """What an option is set to for an object: what it says itself, else what the application says."""
    own = value_of(words(obj, SYNC_OPTIONS), name) if obj is not None else None
    return own if own is not None else default
