"""Definitions in the groups of Kubernetes itself need somebody's approval."""

from __future__ import annotations

from urllib.parse import urlsplit

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object, annotations_of

_ANNOTATION = "api-approved.kubernetes.io"
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"


def check_approval(causes: Causes, definition: Object, before: Object | None) -> None:
    """Report a missing or malformed approval, unless it was so before."""
    group = definition["spec"].get("group") or ""
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return
    given = annotations_of(definition).get(_ANNOTATION, "")
    state = _state(given)
    if before is not None and state == _state(annotations_of(before).get(_ANNOTATION, "")):
        return
    path = f"metadata.annotations[{_ANNOTATION}]"
    if state == "missing":
        causes.required(path, f'protected groups must have approval annotation "{_ANNOTATION}", {_SEE}')
    elif state == "invalid":
        reason = (
            f'protected groups must have approval annotation "{_ANNOTATION}" with either a URL or a reason starting'
        )
        causes.invalid(path, given, f'{reason} with "unapproved", {_SEE}')


def _state(given: str) -> str:
    if not given:
        return "missing"
    if given.startswith("unapproved"):
        return "bypassed"
    parts = urlsplit(given)
    return "approved" if parts.scheme and parts.netloc else "invalid"
