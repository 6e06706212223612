"""What a comparison has to say about an Application: its conditions, without their times.

Source: ``CompareAppState``, ``DeduplicateTargetObjects`` and ``GetLiveObjs`` in ``controller/state.go``.
"""

from __future__ import annotations

from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.objects import Object, name_of, namespace_of

COMPARISON_ERROR, INVALID_SPEC, UNKNOWN_ERROR = "ComparisonError", "InvalidSpecError", "UnknownError"
SHARED, REPEATED, EXCLUDED = "SharedResourceWarning", "RepeatedResourceWarning", "ExcludedResourceWarning"
EVALUATED = (COMPARISON_ERROR, SHARED, REPEATED, EXCLUDED)
"""The conditions that a comparison sets, and takes away when they are no more."""


def said(kind: str, message: str) -> Object:
    """A condition."""
    return {"type": kind, "message": message}


def excluded(key: Key) -> Object:
    """A manifest of a kind that Argo CD does not look at."""
    return said(EXCLUDED, f"Resource {key.group}/{key.kind} {key.name} is excluded in the settings")


def repeated(key: Key, times: int) -> Object:
    """A resource with several manifests."""
    return said(REPEATED, f"Resource {key} appeared {times} times among application resources.")


def shared(app: Object, live: Object, owner: str) -> Object:
    """A live object that another Application manages.

    Args:
        app: The Application that would.
        live: The object.
        owner: The other one's instance.
    """
    own = f"{namespace_of(app)}/{name_of(app)}"
    other = owner.replace("_", "/")
    return said(SHARED, f"{live['kind']}/{name_of(live)} is part of applications {own} and {other}")


def homeless(key: Key, obj: Object) -> Object:
    """A manifest that says no namespace and gets none, though its kind belongs to namespaces."""
    version = obj["apiVersion"] if "/" in obj["apiVersion"] else f"/{obj['apiVersion']}"
    # As Go's GroupVersionKind prints.
    return said(INVALID_SPEC, f"Namespace for {key.name} {version}, Kind={obj['kind']} is missing.")
