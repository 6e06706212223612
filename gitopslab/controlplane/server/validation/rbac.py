"""Rules of Role, ClusterRole and their bindings."""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_selector
from gitopslab.machinery.objects import Object

_GROUP = "rbac.authorization.k8s.io"


def check_role(causes: Causes, role: Object) -> None:
    """A new or changed Role or ClusterRole."""
    namespaced = role.get("kind") == "Role"
    for index, rule in enumerate(role.get("rules") or ()):
        _check_rule(causes, rule, f"rules[{index}]", namespaced=namespaced)
    aggregation = role.get("aggregationRule")
    if aggregation is not None and not namespaced:
        _check_aggregation(
            causes, aggregation.get("clusterRoleSelectors") or [], "aggregationRule.clusterRoleSelectors"
        )


def _check_aggregation(causes: Causes, selectors: list[Object], path: str) -> None:
    if not selectors:
        causes.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")
    for index, selector in enumerate(selectors):
        found = len(causes.found)
        check_selector(causes, selector, f"{path}[{index}]")
        if len(causes.found) > found:
            causes.invalid(f"{path}[{index}]", None, "invalid label selector.")


def check_binding(causes: Causes, binding: Object) -> None:
    """A new or changed RoleBinding or ClusterRoleBinding."""
    reference = binding.get("roleRef") or {}
    if reference.get("apiGroup") != _GROUP:
        causes.unsupported("roleRef.apiGroup", reference.get("apiGroup", ""), (_GROUP,))
    kinds = ("Role", "ClusterRole") if binding.get("kind") == "RoleBinding" else ("ClusterRole",)
    if reference.get("kind") not in kinds:
        causes.unsupported("roleRef.kind", reference.get("kind", ""), kinds)
    if not reference.get("name"):
        causes.required("roleRef.name")
    else:
        causes.each("roleRef.name", reference["name"], formats.problems_of_path_segment(reference["name"]))
    for index, subject in enumerate(binding.get("subjects") or ()):
        _check_subject(causes, subject, f"subjects[{index}]", namespaced=binding.get("kind") == "RoleBinding")


def check_binding_change(causes: Causes, binding: Object, before: Object, subresource: str) -> None:
    """What is granted stays; to whom may change."""
    if binding.get("roleRef") != before.get("roleRef"):
        reference = binding.get("roleRef") or {}
        shown = {
            key: reference.get(field, "")
            for key, field in (("APIGroup", "apiGroup"), ("Kind", "kind"), ("Name", "name"))
        }
        causes.invalid("roleRef", shown, "cannot change roleRef")


def _check_rule(causes: Causes, rule: Object, path: str, *, namespaced: bool) -> None:
    if not rule.get("verbs"):
        causes.required(f"{path}.verbs", "verbs must contain at least one value")
    urls = rule.get("nonResourceURLs") or []
    if urls:
        if namespaced:
            text = "namespaced rules cannot apply to non-resource URLs"
            causes.invalid(f"{path}.nonResourceURLs", urls, text)
        if rule.get("apiGroups") or rule.get("resources") or rule.get("resourceNames"):
            text = "rules cannot apply to both regular resources and non-resource URLs"
            causes.invalid(f"{path}.nonResourceURLs", urls, text)
        return
    if not rule.get("apiGroups"):
        causes.required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.get("resources"):
        causes.required(f"{path}.resources", "resource rules must supply at least one resource")


def _check_subject(causes: Causes, subject: Object, path: str, *, namespaced: bool) -> None:
    kind, group = subject.get("kind") or "", subject.get("apiGroup") or ""
    if not subject.get("name"):
        causes.required(f"{path}.name")
    if kind == "ServiceAccount":
        if subject.get("name"):
            causes.each(f"{path}.name", subject["name"], formats.problems_of_subdomain(subject["name"]))
        if group:
            causes.unsupported(f"{path}.apiGroup", group, ("",))
        if not namespaced and not subject.get("namespace"):
            causes.required(f"{path}.namespace")
    elif kind in ("User", "Group"):
        if group != _GROUP:
            causes.unsupported(f"{path}.apiGroup", group, (_GROUP,))
    else:
        causes.unsupported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group"))
