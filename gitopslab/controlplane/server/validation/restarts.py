"""Rules of a container's own way of restarting. Called by ``containers``."""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_POLICIES = ("Always", "Never", "OnFailure")
_ACTIONS = ("Restart", "RestartAllContainers")
_OPERATORS = ("In", "NotIn")
_MOST_RULES, _MOST_CODES = 20, 255


def check_restarts(causes: Causes, container: Object, path: str) -> None:
    """``restartPolicy`` and ``restartPolicyRules`` of a container."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or []
    if policy is None and rules:
        causes.required(f"{path}.restartPolicy", "must specify restartPolicy when restart rules are used")
    elif policy is not None and policy not in _POLICIES:
        causes.unsupported(f"{path}.restartPolicy", policy, _POLICIES)
    if len(rules) > _MOST_RULES:
        causes.too_many(f"{path}.restartPolicyRules", len(rules), _MOST_RULES)
    for index, rule in enumerate(rules):
        _check_rule(causes, rule, f"{path}.restartPolicyRules[{index}]")


def _check_rule(causes: Causes, rule: Object, path: str) -> None:
    action, codes = rule.get("action") or "", rule.get("exitCodes")
    if action not in _ACTIONS:
        causes.unsupported(f"{path}.action", action, _ACTIONS)
    if codes is None:
        causes.required(f"{path}.exitCodes", "must be specified")
        return
    operator, values = codes.get("operator") or "", codes.get("values") or []
    if operator not in _OPERATORS:
        causes.unsupported(f"{path}.exitCodes.operator", operator, _OPERATORS)
    if len(values) > _MOST_CODES:
        causes.too_many(f"{path}.exitCodes.values", len(values), _MOST_CODES)
