"""What evaluating an expression costs at worst, before there are values: the estimate that definitions are held to.

``definitions.rules`` asks for it. The walk follows which place of the schema each part of an expression stands for, so
that its limits count (``sizes``); what a call costs is in ``calls``. Upstream: ``cel-go/checker/cost.go``; any
difference would accept or refuse other rules than the real server.
"""

from __future__ import annotations

from typing import NamedTuple

from gitopslab.controlplane.server.custom.cel import amounts, calls
from gitopslab.controlplane.server.custom.cel.amounts import NONE, ONE, UNKNOWN, Range, exactly
from gitopslab.controlplane.server.custom.cel.calls import Argument, Entry
from gitopslab.controlplane.server.custom.cel.sizes import Sized
from gitopslab.controlplane.server.custom.cel.tree import Expr, Tree, Type

_LIST, _MAP, _STRUCT = exactly(10), exactly(30), exactly(40)
_SCALARS = ("bool", "double", "duration", "int", "timestamp", "uint")
_ACCUMULATORS = ("__result__", "@result")
Path = tuple[str, ...]


def estimate(tree: Tree, root: Sized | None) -> int:
    """The most that evaluating an expression can cost.

    Args:
        tree: The expression.
        root: What its variables stand for.
    """
    return _Walk(tree, root).cost(tree.root).most


class _Local(NamedTuple):
    """A variable of a comprehension."""

    path: Path
    size: Range | None
    entry: Entry | None


class _Walk:
    """One expression's way from its parts to their costs."""

    def __init__(self, tree: Tree, root: Sized | None) -> None:
        self._tree = tree
        self._root = root
        self._paths: dict[int, Path] = {}
        self._sizes: dict[int, Range] = {}
        self._entries: dict[int, Entry] = {}
        self._locals: dict[str, list[_Local]] = {}

    def cost(self, part: Expr) -> Range:
        """What a part costs, with all below it."""
        match part.WhichOneof("kind"):
            case "ident":
                found = self._local(part)
                self._paths[part.id] = found.path if found is not None else (part.ident.name,)
                return ONE
            case "select":
                return self._select(part)
            case "call":
                return self._call(part)
            case "list":
                return self._list(part)
            case "struct":
                return self._struct(part)
            case "comprehension":
                return self._bind(part) if _is_bind(part) else self._loop(part)
        return NONE

    def _select(self, part: Expr) -> Range:
        total = self.cost(part.select.operand)
        if part.select.tests:
            return total
        if self._type(part.select.operand).kind in ("map", "struct", "param"):
            total = total.plus(ONE)
        self._paths[part.id] = (*self._path(part.select.operand), part.select.field)
        return total

    def _call(self, part: Expr) -> Range:
        call = part.call
        if call.function == "dyn":
            total = self.cost(call.args[0]).plus(ONE)
            self._copy(part, call.args[0])
            return total
        costs = [self.cost(argument) for argument in call.args]
        arguments = [self._argument(argument) for argument in call.args]
        overloads = self._tree.overloads_of(part)
        if not overloads:
            return NONE
        total, target = NONE, None
        if call.HasField("target"):
            total = self.cost(call.target)
            target = self._argument(call.target)
        own, size = Range(amounts.LARGEST, 0), None
        for overload in overloads:
            found = calls.estimate(call.function, overload, target, arguments, costs, self._element)
            own = own.union(found.cost)
            if found.entry is not None:
                self._entries[part.id] = found.entry
            if found.size is not None:
                size = found.size if size is None else size.union(found.size)
            if overload in ("index_list", "index_map"):
                entry = self._entry(call.args[0])
                size = entry.value if entry is not None else None
                below = "@items" if overload == "index_list" else "@values"
                self._paths[part.id] = (*self._path(call.args[0]), below)
            if size is None:
                size = self._size(part)
        self._set_size(part, size)
        return total.plus(own)

    def _list(self, part: Expr) -> Range:
        total = NONE
        for one in part.list.elements:
            total = total.plus(self.cost(one))
        self._entries[part.id] = Entry("list", ONE, self._covering(list(part.list.elements)))
        return total.plus(_LIST)

    def _struct(self, part: Expr) -> Range:
        total = NONE
        entries = list(part.struct.entries)
        if part.struct.name:
            for entry in entries:
                total = total.plus(self.cost(entry.value))
            return total.plus(_STRUCT)
        for entry in entries:
            total = total.plus(self.cost(entry.map_key)).plus(self.cost(entry.value))
        keys = self._covering([entry.map_key for entry in entries])
        self._entries[part.id] = Entry("map", keys, self._covering([entry.value for entry in entries]))
        return total.plus(_MAP)

    def _covering(self, parts: list[Expr]) -> Range:
        found = Range(amounts.LARGEST if parts else 0, 0)
        for part in parts:
            found = found.union(self._size_or_unknown(part))
        return found

    def _bind(self, part: Expr) -> Range:
        loop = part.comprehension
        total = self.cost(loop.iter_range).plus(self.cost(loop.accu_init))
        self._push(loop.accu_var, self._same(loop.accu_init))
        total = total.plus(self.cost(loop.result))
        self._pop(loop.accu_var)
        self._copy(part, loop.result)
        return total

    def _loop(self, part: Expr) -> Range:
        loop = part.comprehension
        total = self.cost(loop.iter_range).plus(self.cost(loop.accu_init))
        self._push(loop.accu_var, self._same(loop.accu_init))
        names = [name for name in (loop.iter_var, loop.iter_var2) if name]
        for name, local in zip(names, self._iterated(loop.iter_range, pairs=len(names) > 1), strict=True):
            self._push(name, local)
        each = self.cost(loop.condition).plus(self.cost(loop.step))
        for name in names:
            self._pop(name)
        total = total.plus(self.cost(loop.result))
        self._pop(loop.accu_var)
        rounds = self._size_or_unknown(loop.iter_range)
        match loop.accu_init.WhichOneof("kind"):
            case "constant":
                self._set_size(part, self._size(loop.accu_init))
            case "list" | "struct":
                self._set_size(part, rounds)
                if (entry := self._entry(loop.step)) is not None:
                    self._entries[part.id] = entry
        return total.plus(rounds.times(each))

    def _iterated(self, given: Expr, *, pairs: bool) -> list[_Local]:
        """What a comprehension's variables stand for: the items of a list or the keys of a map, or keys and values."""
        entry, path = self._entry(given), self._path(given)
        is_list = (entry.kind if entry is not None else self._type(given).kind) == "list"
        key, value = (entry.key, entry.value) if entry is not None else (None, None)
        values = _Local((*path, "@items" if is_list else "@values"), value, None)
        if pairs:
            return [_Local((*path, "@indices" if is_list else "@keys"), key, None), values]
        return [values if is_list else _Local((*path, "@keys"), key, None)]

    def _same(self, part: Expr) -> _Local:
        return _Local(self._path(part), self._size(part), self._entry(part))

    def _push(self, name: str, local: _Local) -> None:
        self._locals.setdefault(name, []).append(local)

    def _pop(self, name: str) -> None:
        self._locals[name].pop()

    def _local(self, part: Expr) -> _Local | None:
        known = self._locals.get(part.ident.name) if part.WhichOneof("kind") == "ident" else None
        return known[-1] if known else None

    def _path(self, part: Expr) -> Path:
        local = self._local(part)
        return local.path if local is not None else self._paths.get(part.id, ())

    def _at(self, path: Path) -> Sized | None:
        return self._root.at(path[1:]) if path and self._root is not None else None

    def _type(self, part: Expr) -> Type:
        """As the checker has it, or as the schema says: the checker knows nothing of lists within lists."""
        found = self._tree.type_of(part)
        place = self._at(self._path(part)) if found.kind in ("dyn", "list", "map") else None
        return place.type if place is not None else found

    def _argument(self, part: Expr) -> Argument:
        path = self._path(part)
        if path and path[0] in _ACCUMULATORS:
            path = ()
        return Argument(path, self._type(part), self._size(part), self._entry(part), _number(part))

    def _element(self, given: Argument) -> Range:
        """How large what a list holds can be."""
        place = self._at((*given.path, "@items")) if given.path else None
        return Range(0, place.most) if place is not None else UNKNOWN

    def _copy(self, part: Expr, other: Expr) -> None:
        self._set_size(part, self._size(other))
        if (entry := self._entry(other)) is not None:
            self._entries[part.id] = entry

    def _set_size(self, part: Expr, size: Range | None) -> None:
        if size is not None:
            self._sizes[part.id] = size

    def _size_or_unknown(self, part: Expr) -> Range:
        return self._size(part) or UNKNOWN

    def _size(self, part: Expr) -> Range | None:
        if part.id in self._sizes:
            return self._sizes[part.id]
        if (literal := _literal_size(part)) is not None:
            return exactly(literal)
        if (place := self._at(self._path(part))) is not None:
            self._sizes[part.id] = Range(0, place.most)
            return self._sizes[part.id]
        if _is_scalar(self._type(part)):
            return ONE
        local = self._local(part)
        return local.size if local is not None else None

    def _entry(self, part: Expr) -> Entry | None:
        if part.id in self._entries:
            return self._entries[part.id]
        local = self._local(part)
        return local.entry if local is not None else None


def _literal_size(part: Expr) -> int | None:
    match part.WhichOneof("kind"):
        case "list":
            return len(part.list.elements)
        case "struct":
            return None if part.struct.name else len(part.struct.entries)
        case "constant":
            value = part.constant
            kind = value.WhichOneof("kind")
            return len(getattr(value, kind)) if kind in ("text", "bytes") else 1
    return None


def _number(part: Expr) -> int | None:
    """The value of a whole number that is written there."""
    is_number = part.WhichOneof("kind") == "constant" and part.constant.WhichOneof("kind") == "int"
    return int(part.constant.int) if is_number else None


def _is_scalar(kind: Type) -> bool:
    if kind.kind == "opaque" and kind.name == "optional_type":
        return _is_scalar(kind.parameters[0])
    return kind.kind in _SCALARS


def _is_bind(part: Expr) -> bool:
    """Whether a comprehension is what ``cel.bind`` becomes: one that runs over nothing."""
    loop = part.comprehension
    given, condition = loop.iter_range, loop.condition
    is_empty = given.WhichOneof("kind") == "list" and not given.list.elements
    never = condition.WhichOneof("kind") == "constant" and condition.constant.WhichOneof("kind") == "bool"
    return is_empty and never and not condition.constant.bool and loop.accu_var not in _ACCUMULATORS
