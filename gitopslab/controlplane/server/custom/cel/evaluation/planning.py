"""From a checked expression to a program: each part becomes a function that is called when it is evaluated.

What does not depend on names (a list of constants, ``int('1')``) is computed while the program is made, and costs
nothing when it runs. Comprehensions are in ``folding``, calls in ``calling``. Upstream: ``planner.go`` and
``decorators.go`` of ``cel-go/interpreter``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation import calling, folding
from gitopslab.controlplane.server.custom.cel.evaluation.attributes import (
    Attribute,
    Choice,
    Name,
    Qualifier,
    Step,
    deferred,
)
from gitopslab.controlplane.server.custom.cel.evaluation.building import list_of, map_of, struct_of
from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import Failure, TypeValue, Uint
from gitopslab.controlplane.server.custom.cel.tree import Expr, Tree

_INDEXING = {"_[_]": False, "_[?_]": True, "_?._": True}
_CONVERSIONS = ("bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint")
_UNSET = object()


_PATTERNS = ("matches", "find", "findAll")


class PlanError(ValueError):
    """A value that is computed as a program is made cannot be; the message is ``cel-go``'s."""


class Program:
    """An expression that can be evaluated.

    Args:
        tree: It, checked.
        called: What the types are called of which it makes objects.

    Raises:
        PlanError: A value in it cannot be computed.
    """

    def __init__(self, tree: Tree, called: Mapping[str, str]) -> None:
        self._step = _Planner(tree, called).plan(tree.root).step

    def evaluate(self, names: Mapping[str, Any], meter: Meter) -> Any:
        """The value, or a ``Failure``.

        Args:
            names: What it sees.
            meter: What it may cost, and has cost afterwards.

        Raises:
            Stopped: It costs more, or cannot be counted.
        """
        return self._step(dict(names), meter)


class Part:
    """A planned part: a constant, an attribute, or just a step.

    Attributes:
        attribute: What may still be selected of.
        constant: The value, when it is known.
    """

    def __init__(self, step: Step | None = None, *, attribute: Attribute | None = None, constant: Any = _UNSET) -> None:
        self._step = step
        self.attribute = attribute
        self.constant = constant

    @property
    def is_constant(self) -> bool:
        """Whether the value is known."""
        return self.constant is not _UNSET

    @property
    def step(self) -> Step:
        """What evaluates it."""
        if self.attribute is not None:
            return self.attribute.whole()
        if self._step is None:
            return _always(self.constant)
        return self._step

    @property
    def as_attribute(self) -> Attribute:
        """What can be selected of, at no cost but that of the part."""
        return self.attribute if self.attribute is not None else Attribute(self.step)


def _always(value: Any) -> Step:
    return lambda names, meter: value


class _Planner:
    """One expression's way to its program; ``_scope`` tells which names are those of comprehensions."""

    def __init__(self, tree: Tree, called: Mapping[str, str]) -> None:
        self._tree = tree
        self._called = called
        self._scope: dict[str, tuple[str, bool]] = {}

    def plan(self, part: Expr) -> Part:
        match part.WhichOneof("kind"):
            case "constant":
                return Part(constant=_constant(part))
            case "ident":
                return self._ident(part)
            case "select":
                return self._select(part)
            case "call":
                return self._call(part)
            case "list":
                return self._list(part)
            case "struct":
                return self._struct(part)
            case "comprehension":
                return Part(self._fold(part))
        raise PlanError("unsupported expr")

    def _ident(self, part: Expr) -> Part:
        name = part.ident.name
        if name not in self._scope and self._tree.type_of(part).kind == "type":
            return Part(constant=TypeValue(name))
        slot, is_deferred = self._scope.get(name, (name, False))
        return Part(attribute=Attribute(deferred(slot)) if is_deferred else Name(slot))

    def _select(self, part: Expr) -> Part:
        select = part.select
        if name := self._tree.name_of(part):  # one that is written with dots
            return Part(attribute=Name(name))
        attribute = self.plan(select.operand).as_attribute
        attribute.qualify(Qualifier(select.field, tests=select.tests))
        return Part(attribute.inner()) if select.tests else Part(attribute=attribute)

    def _call(self, part: Expr) -> Part:
        call, function = part.call, str(part.call.function)
        given = [call.target, *call.args] if call.HasField("target") else list(call.args)
        parts = [self.plan(one) for one in given]
        if function in _INDEXING:
            return self._index(parts, optional=_INDEXING[function])
        if function == "_?_:_":
            return Part(attribute=Choice(parts[0].step, parts[1].as_attribute, parts[2].as_attribute))
        overloads = self._tree.overloads_of(part)
        overload = overloads[0] if len(overloads) == 1 else ""
        if overload == "in_list" and parts[1].is_constant:
            return self._member(parts[0], parts[1].constant, overload)
        is_pattern = function in _PATTERNS and parts[1].is_constant
        step = calling.step_of(function, overload, [one.step for one in parts], in_order=is_pattern)
        if function in _CONVERSIONS and len(parts) == 1 and parts[0].is_constant:
            return _computed(step)
        return Part(step)

    def _index(self, parts: list[Part], *, optional: bool) -> Part:
        attribute, key = parts[0].as_attribute, parts[1]
        if key.is_constant:
            attribute.qualify(Qualifier(key.constant, optional=optional))
        else:
            attribute.qualify(Qualifier(found=key.as_attribute.inner(), optional=optional))
        return Part(attribute=attribute)

    def _member(self, part: Part, items: list[Any], overload: str) -> Part:
        if not items:
            return Part(constant=False)
        if all(item.__class__ in (str, bool, int, Uint, float) for item in items):
            return Part(calling.member_of(part.step, items))
        return Part(calling.step_of("@in", overload, [part.step, _always(items)]))

    def _list(self, part: Expr) -> Part:
        elements = [self.plan(one) for one in part.list.elements]
        step = list_of([one.step for one in elements], frozenset(part.list.optional))
        return _computed(step) if all(one.is_constant for one in elements) else Part(step)

    def _struct(self, part: Expr) -> Part:
        struct = part.struct
        values = [(self.plan(entry.value), entry.optional) for entry in struct.entries]
        steps = [(one.step, optional) for one, optional in values]
        if struct.name:
            called = self._called.get(struct.name, struct.name)
            return Part(struct_of(called, [entry.field_key for entry in struct.entries], steps))
        keys = [self.plan(entry.map_key) for entry in struct.entries]
        step = map_of([one.step for one in keys], steps)
        is_constant = all(one.is_constant for one in keys) and all(one.is_constant for one, _ in values)
        return _computed(step) if is_constant else Part(step)

    def _fold(self, part: Expr) -> Step:
        loop = part.comprehension
        start, given = self.plan(loop.accu_init), self.plan(loop.iter_range).step
        slots = {name: f"{name} {part.id}" for name in (loop.accu_var, loop.iter_var, loop.iter_var2) if name}
        iterated = [slots[name] for name in (loop.iter_var, loop.iter_var2) if name]
        accumulator = {loop.accu_var: (slots[loop.accu_var], not start.is_constant)}
        outer = self._scope
        self._scope = outer | {name: (slot, False) for name, slot in slots.items()} | accumulator
        try:
            if (asked := _asked(loop)) is not None:
                decisive = loop.step.call.function == "_||_"
                return folding.quantify(given, iterated, self.plan(asked).step, decisive=decisive)
            condition, step = self.plan(loop.condition), self.plan(loop.step).step
            self._scope = outer | accumulator
            result = self.plan(loop.result).step
        finally:
            self._scope = outer
        once = None if condition.is_constant and condition.constant is True else condition.step
        first = folding.start_of(start.constant if start.is_constant else start.step, is_known=start.is_constant)
        return folding.fold(given, slots[loop.accu_var], first, iterated, once, step, result)


def _asked(loop: Any) -> Expr | None:
    """What ``all`` or ``exists`` asks of each item; None for any other comprehension."""
    step, goes_on = loop.step.call, loop.condition.call
    if step.function not in ("_&&_", "_||_") or goes_on.function != "@not_strictly_false":
        return None
    so_far = goes_on.args[0] if step.function == "_&&_" else goes_on.args[0].call.args[0]
    names = {one.ident.name for one in (so_far, step.args[0], loop.result)}
    return step.args[1] if names == {loop.accu_var} else None


def _constant(part: Expr) -> Any:
    kind = part.constant.WhichOneof("kind")
    if kind == "null" or kind is None:
        return None
    value = getattr(part.constant, kind)
    return Uint(value) if kind == "uint" else value


def _computed(step: Step) -> Part:
    value = step({}, Meter())
    if isinstance(value, Failure):
        raise PlanError(value.message)
    return Part(constant=value)
