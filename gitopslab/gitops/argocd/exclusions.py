"""The kinds that Argo CD neither watches nor shows: ``resource.exclusions`` as ``argocd-cm`` has it from the start."""

from __future__ import annotations

import yaml

_REVIEWS = (
    "SelfSubjectReview", "TokenReview", "LocalSubjectAccessReview", "SelfSubjectAccessReview", "SelfSubjectRulesReview",
    "SubjectAccessReview",
)  # fmt: skip

# Simplified: the real list goes on with kinds of cert-manager, Cilium and Kyverno, which the lab does not have.
EXCLUDED: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("", "discovery.k8s.io"), ("Endpoints", "EndpointSlice")),
    (("coordination.k8s.io",), ("Lease",)),
    (("authentication.k8s.io", "authorization.k8s.io"), _REVIEWS),
    (("certificates.k8s.io",), ("CertificateSigningRequest",)),
)
"""Groups and kinds."""


_GROUPS = ("events.k8s.io", "metrics.k8s.io")


def is_excluded(group: str, kind: str) -> bool:
    """Whether a kind is left alone: one of the list, or one that is left alone whatever the list says."""
    if group in _GROUPS or (group, kind) == ("", "Event"):
        return True
    return any(group in groups and kind in kinds for groups, kinds in EXCLUDED)


def text() -> str:
    """The list as ``argocd-cm`` holds it."""
    rows = [{"apiGroups": list(groups), "kinds": list(kinds)} for groups, kinds in EXCLUDED]
    return yaml.safe_dump(rows, sort_keys=False)
