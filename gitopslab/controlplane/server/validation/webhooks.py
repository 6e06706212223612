"""Rules of configurations of admission webhooks. Upstream: ``pkg/apis/admissionregistration/validation``."""

from __future__ import annotations

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.admissionrules import (
    FAILURE_POLICIES,
    MATCH_POLICIES,
    check_conditions,
    check_rule,
    checker_of,
)
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.metadata import check_selector
from gitopslab.controlplane.server.validation.webhookclients import check_client, check_reviews
from gitopslab.machinery.objects import Object

_QUIET = ("None", "NoneOnDryRun")
_REINVOCATIONS = ("IfNeeded", "Never")
_SECONDS = range(1, 31)
_SEGMENTS = 3


def check_configuration(causes: Causes, obj: Object) -> None:
    """A new or changed configuration."""
    names: set[str] = set()
    for index, webhook in enumerate(obj.get("webhooks") or ()):
        path, name = f"webhooks[{index}]", webhook.get("name") or ""
        _check_webhook(causes, webhook, path)
        _check_versions(causes, webhook.get("admissionReviewVersions") or [], f"{path}.admissionReviewVersions")
        if name and name in names:
            causes.duplicate(f"{path}.name", name)
        names.add(name)


def check_configuration_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Everything may change."""
    check_configuration(causes, obj)


def _check_webhook(causes: Causes, webhook: Object, path: str) -> None:
    _check_name(causes, webhook.get("name") or "", f"{path}.name")
    for index, rule in enumerate(webhook.get("rules") or ()):
        check_rule(causes, rule, f"{path}.rules[{index}]")
    for field, known in (("failurePolicy", FAILURE_POLICIES), ("matchPolicy", MATCH_POLICIES), ("sideEffects", _QUIET)):
        if webhook.get(field) is None and field == "sideEffects":
            causes.required(f"{path}.{field}", f"must specify one of {', '.join(known)}")
        elif webhook.get(field) is not None and webhook[field] not in known:
            causes.unsupported(f"{path}.{field}", webhook[field], known)
    if webhook.get("timeoutSeconds") is not None and webhook["timeoutSeconds"] not in _SECONDS:
        why = "the timeout value must be between 1 and 30 seconds"
        causes.invalid(f"{path}.timeoutSeconds", webhook["timeoutSeconds"], why)
    for field in ("namespaceSelector", "objectSelector"):
        check_selector(causes, webhook.get(field), f"{path}.{field}")
    if (policy := webhook.get("reinvocationPolicy")) is not None and policy not in _REINVOCATIONS:
        causes.unsupported(f"{path}.reinvocationPolicy", policy, _REINVOCATIONS)
    check_client(causes, webhook.get("clientConfig") or {}, f"{path}.clientConfig")
    if webhook.get("matchConditions"):
        check_conditions(causes, webhook["matchConditions"], checker_of({}), f"{path}.matchConditions")


def _check_name(causes: Causes, name: str, path: str) -> None:
    if not name:
        causes.required(path)
    elif problems := formats.problems_of_subdomain(name):
        causes.invalid(path, name, ",".join(problems))
    elif name.count(".") < _SEGMENTS - 1:
        causes.invalid(path, name, "should be a domain with at least three segments separated by dots")


def _check_versions(causes: Causes, versions: list[str], path: str) -> None:
    if versions:
        check_reviews(causes, versions, path)
    else:
        causes.required(path, "must specify one of v1, v1beta1")
