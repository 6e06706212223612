"""Follows a watch of the official client; used by the tests of clients we did not write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kubernetes.watch import Watch

_PATIENCE = 60  # seconds; a test that waits so long has failed


def events(call: Callable[..., Any], *arguments: Any, **options: Any) -> Iterator[dict[str, Any]]:
    """The events of ``call`` (a typed list method) until the caller has seen enough, or nothing comes for long."""
    watch = Watch()
    try:
        yield from watch.stream(call, *arguments, **{"timeout_seconds": _PATIENCE, **options})
    finally:
        watch.stop()


def first(wanted: Callable[[Any], bool], call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The first object that is as wanted; on a watch, so that nobody polls."""
    for event in events(call, *arguments, **options):
        if wanted(event["object"]):
            return event["object"]
    raise AssertionError(f"it did not come within {_PATIENCE} s")
