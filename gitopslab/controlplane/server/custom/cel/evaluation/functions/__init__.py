"""The functions of CEL: those of the language and its extensions, and those that Kubernetes adds to it.

A file for each kind of values. What a function costs is not here, but in ``spending``.
"""

from gitopslab.controlplane.server.custom.cel.evaluation.functions import (
    arithmetic,
    collections,
    conversions,
    kubernetes,
    strings,
    times,
)
from gitopslab.controlplane.server.custom.cel.evaluation.functions.function import Function

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for module in (arithmetic, conversions, times, strings, collections, kubernetes)
    for function in module.FUNCTIONS
}

__all__ = ["FUNCTIONS", "Function"]
