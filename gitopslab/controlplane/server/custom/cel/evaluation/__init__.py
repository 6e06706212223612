"""Evaluation of CEL: a checked expression becomes a program that counts its cost, and stops when that is too much.

``engine`` has the CEL library parse and check; the library cannot count, so evaluating is done here, as ``cel-go``
does it: ``planning`` turns each part of an expression into a function of the names it sees and of a ``meter``.
``values`` are Python's own where there is one for a type of CEL; ``functions`` is what expressions may call. Whatever
goes wrong is a value too (``Failure``), because ``&&`` and ``||`` may get along without it.

Upstream: ``cel-go/interpreter`` (``planner.go``, ``attributes.go``, ``interpretable.go``, ``runtimecost.go``).
"""
