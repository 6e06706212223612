"""What the validations of a policy say that cannot be of the kinds it matches: its ``expressionWarnings``.

``daemon`` gives it to the controller that writes the status of policies. Only kinds that a rule names in full are
looked at, ten of them at most; nothing that is found keeps the policy from being followed. The CEL library is large,
and imported when the first policy is looked at. Upstream: ``typechecking.go`` beside the plugin.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from gitopslab.controlplane.runtime import strands
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.objects import Object

if TYPE_CHECKING:
    from gitopslab.controlplane.server.custom.cel.messages import Messages
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker

_MOST_KINDS = 10


def kinds_of(spec: Object, catalog: Catalog) -> list[Resource]:
    """The kinds that the rules of a policy name in full, by group, version and kind."""
    found: dict[tuple[str, str, str], Resource] = {}
    for rule in (spec.get("matchConstraints") or {}).get("resourceRules") or ():
        for count, resource in enumerate(_named(rule, catalog), 1):
            found[resource.group, resource.version, resource.kind] = resource
            if count == _MOST_KINDS:
                return [found[key] for key in sorted(found)]
    return [found[key] for key in sorted(found)]


def _named(rule: Object, catalog: Catalog) -> list[Resource]:
    """What a rule names, in the order of its names; one with a wildcard for groups or versions names nothing."""
    groups, versions = set(rule.get("apiGroups") or ()), set(rule.get("apiVersions") or ())
    if any("*" in text for text in groups | versions):
        return []
    plurals = set(rule.get("resources") or ())
    served = [one for one in catalog if one.version in versions and one.plural in plurals]
    found = [(group, one) for one in served for group in {"", one.group} & groups]  # a mapper takes no group for any
    return [one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].version, pair[1].plural))]


def warnings_of(spec: Object, catalog: Catalog) -> list[Object]:
    """What is wrong with the validations of a policy, of all kinds it names: others go on while that is found out.

    Args:
        spec: Of the policy.
        catalog: What is served.
    """
    kinds, wanted = kinds_of(spec, catalog), spec.get("paramKind")
    param = catalog.by_kind(wanted["apiVersion"], wanted["kind"]) if wanted else None
    return strands.elsewhere(lambda: list(_warnings(spec, kinds, param)))


def _warnings(spec: Object, kinds: list[Resource], param: Resource | None) -> Iterator[Object]:
    checkers = [(resource, _checker(spec, resource, param)) for resource in kinds]
    for index, validation in enumerate(spec.get("validations") or ()):
        for field in ("expression", "messageExpression"):
            faults = [
                f"{resource.group}/{resource.version}, Kind={resource.kind}: {fault}\n"
                for resource, checker in checkers
                if checker is not None and validation.get(field) and (fault := _fault(checker, validation[field]))
            ]
            if faults:
                yield {"fieldRef": f"spec.validations[{index}].{field}", "warning": "\n".join(faults)}


def _checker(spec: Object, resource: Resource, param: Resource | None) -> PolicyChecker | None:
    """What holds expressions against a kind, with the variables of the policy; None for a kind without types."""
    from gitopslab.controlplane.server.custom.cel import engine
    from gitopslab.controlplane.server.custom.cel.kinds import type_of_kind
    from gitopslab.controlplane.server.custom.cel.policies import PolicyChecker

    messages: Messages = {}
    if (own := type_of_kind(resource, messages)) is None:
        return None
    typed = {"object": own, "oldObject": own}
    if param is not None and (known := type_of_kind(param, messages)) is not None:
        typed["params"] = known
    checker = PolicyChecker(has_params=spec.get("paramKind") is not None, typed=typed, messages=messages)
    for variable in spec.get("variables") or ():
        with suppress(engine.CompileError):  # only what uses it is told of
            checker.add(variable["name"], variable["expression"])
    return checker


def _fault(checker: PolicyChecker, expression: str) -> str:
    from gitopslab.controlplane.server.custom.cel import engine

    try:
        checker.checked(expression)
    except engine.CompileError as error:
        return str(error)
    return ""
