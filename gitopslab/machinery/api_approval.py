"""Whether a definition in one of Kubernetes' own groups was approved: the annotation, and what is said of it.

The API server refuses a definition without approval, and a controller tells of it in a condition; both ask here.
Upstream: ``apihelpers.GetAPIApprovalState``.
"""

from __future__ import annotations

import json
from typing import Literal
from urllib.parse import urlsplit

from gitopslab.machinery.objects import Object, annotations_of

ANNOTATION = "api-approved.kubernetes.io"
State = Literal["Approved", "Unapproved", "Missing", "Invalid"]

_NEEDED = f'protected groups must have approval annotation "{ANNOTATION}"'
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"


def is_protected(group: str) -> bool:
    """Whether a group belongs to Kubernetes."""
    return f".{group}".endswith((".k8s.io", ".kubernetes.io"))


def approval(definition: Object) -> tuple[State, str]:
    """The state of a definition in such a group, and what is said of it."""
    given = annotations_of(definition).get(ANNOTATION, "")
    if not given:
        return "Missing", f"{_NEEDED}, {_SEE}"
    if given.startswith("unapproved"):
        return "Unapproved", f"not approved: {json.dumps(given)}"
    parts = urlsplit(given)
    if parts.scheme and parts.netloc:
        return "Approved", f"approved in {given}"
    return "Invalid", f'{_NEEDED} with either a URL or a reason starting with "unapproved", {_SEE}'
