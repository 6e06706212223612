"""Definitions in the groups of Kubernetes itself need somebody's approval."""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.api_approval import ANNOTATION, approval, is_protected
from gitopslab.machinery.objects import Object, annotations_of


def check_approval(causes: Causes, definition: Object, before: Object | None) -> None:
    """Report a missing or malformed approval, unless it was so before."""
    if not is_protected(definition["spec"].get("group") or ""):
        return
    state, message = approval(definition)
    if before is not None and state == approval(before)[0]:
        return
    path = f"metadata.annotations[{ANNOTATION}]"
    if state == "Missing":
        causes.required(path, message)
    elif state == "Invalid":
        causes.invalid(path, annotations_of(definition)[ANNOTATION], message)
