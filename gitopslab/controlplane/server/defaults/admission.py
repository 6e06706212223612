"""Defaults of admission policies, their bindings, and configurations of webhooks."""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.machinery.objects import Object

_SECONDS = 10
_HTTPS = 443


def set_policy(policy: Object) -> None:
    """What fails is refused; all objects in all namespaces are meant."""
    spec = policy.setdefault("spec", {})
    spec.setdefault("failurePolicy", "Fail")
    _set_matches(spec.get("matchConstraints"))


def set_binding(binding: Object) -> None:
    """All objects in all namespaces are meant."""
    _set_matches(binding.setdefault("spec", {}).get("matchResources"))


def set_validating_webhooks(configuration: Object) -> None:
    """What fails is refused, after ten seconds at most; all objects in all namespaces are meant."""
    for webhook in configuration.get("webhooks") or ():
        webhook.setdefault("failurePolicy", "Fail")
        webhook.setdefault("timeoutSeconds", _SECONDS)
        _set_selectors(webhook)
        _set_scopes(webhook.get("rules") or ())
        service = webhook.setdefault("clientConfig", {}).get("service")
        if service is not None:
            service.setdefault("port", _HTTPS)


def set_mutating_webhooks(configuration: Object) -> None:
    """The same, and what others changed later is not shown once more."""
    set_validating_webhooks(configuration)
    for webhook in configuration.get("webhooks") or ():
        webhook.setdefault("reinvocationPolicy", "Never")


def _set_matches(wanted: Object | None) -> None:
    if wanted is None:
        return
    _set_selectors(wanted)
    for field in ("resourceRules", "excludeResourceRules"):
        _set_scopes(wanted.get(field) or ())


def _set_selectors(wanted: Object) -> None:
    wanted.setdefault("matchPolicy", "Equivalent")
    wanted.setdefault("namespaceSelector", {})
    wanted.setdefault("objectSelector", {})


def _set_scopes(rules: Iterable[Object]) -> None:
    for rule in rules:
        rule.setdefault("scope", "*")
