"""Defaults in a schema: each must be a value that its own place would take.

Called by ``schemas`` for structural schemas. Upstream: ``apiserver/schema/defaulting/validation.go``.

Simplified: a default inside the metadata of an embedded object is held against its own schema only.
"""

from __future__ import annotations

from gitopslab.controlplane.server.custom import embedded, values
from gitopslab.controlplane.server.custom.cel.budget import Budget
from gitopslab.controlplane.server.custom.faults import report
from gitopslab.controlplane.server.custom.pruning import prune
from gitopslab.controlplane.server.custom.structural import META_FIELDS, Node
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import copy_of


def check(
    causes: Causes, node: Node, path: str, *, is_root: bool = True, in_meta: bool = False, budget: Budget | None = None
) -> None:
    """Report defaults that their schema refuses."""
    budget = budget or Budget()  # for all of them together
    if node.default is not None and not in_meta:
        pruned = copy_of(node.default)
        if prune(pruned, node, is_root=node.embedded):
            causes.invalid(f"{path}.default", node.default, "must not have unknown fields")
    if node.default is not None:
        _check_value(causes, node, f"{path}.default", budget)
    if node.items is not None:
        check(causes, node.items, f"{path}.items", is_root=False, in_meta=in_meta, budget=budget)
    for name, field in node.properties.items():
        inside = in_meta or ((is_root or node.embedded) and name in META_FIELDS)
        check(causes, field, f"{path}.properties[{name}]", is_root=False, in_meta=inside, budget=budget)


def _check_value(causes: Causes, node: Node, path: str, budget: Budget) -> None:
    found = Causes()
    embedded.check(found, node.default, node, path)
    if not found:
        report(found, path, values.check(node, node.default).faults)
    if not found and node.has_rules:
        from gitopslab.controlplane.server.custom.cel.rules import Place, rules_of

        rules = rules_of(node, is_root=node.embedded)
        for before in (node.default, None):
            if not found:
                rules.check(found, [], node.default, before, Place(path, None, None), budget)
    causes.found += found.found
