"""Amounts given as a number or as a percentage of the replicas: ``maxSurge: 25%``, ``minAvailable: 2``.

A pure rule for the Deployment, DaemonSet, StatefulSet and PodDisruptionBudget controllers. That the text is well formed
is the API server's validation.
"""

from __future__ import annotations


def scaled(value: int | str, total: int, *, up: bool) -> int:
    """The number an int-or-percentage stands for (``intstr.GetScaledValueFromIntOrPercent``).

    Args:
        value: ``3`` or ``"25%"``.
        total: What the percentage is of.
        up: Round up; down otherwise.
    """
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        return int(value)
    part = int(value[:-1]) * total
    return -(-part // 100) if up else part // 100
