"""Node labels of old names, wherever something selects nodes by them.

Upstream: ``pkg/api/node``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.validation import formats
from gitopslab.machinery.objects import Object

OLD = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}


def in_term(term: Object, path: str, *, values: bool = False) -> Iterable[str]:
    """A term of a node selector; with ``values`` also those that no label can have."""
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here, key = f"{path}.matchExpressions[{index}]", expression.get("key", "")
        if key in OLD:
            yield f"{here}.key: {key} is {OLD[key]}"
        for at, value in enumerate((expression.get("values") or ()) if values else ()):
            for problem in formats.problems_of_label_value(value):
                yield f"{here}.values[{at}]: {value} is invalid, {problem}"
