"""A function of CEL: chosen by name, and then by the classes of what it is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitopslab.controlplane.server.custom.cel.evaluation.meter import Meter
from gitopslab.controlplane.server.custom.cel.evaluation.values import NO_OVERLOAD, Failure, general, type_name

Does = Callable[..., Any]


class Function:
    """What one name stands for.

    Args:
        name: It.
        overloads: What it does, by the classes of its arguments. A ``ValueError`` says that it cannot.
        otherwise: What it does with arguments of any other classes; it is given the meter first.
        told: How much is said of arguments that do not fit: nothing, the ``name``, or their ``types`` too.
        is_strict: Whether it cannot be called with what went wrong.
    """

    def __init__(
        self,
        name: str,
        overloads: Mapping[tuple[type, ...], Does],
        *,
        otherwise: Does | None = None,
        told: str = "types",
        is_strict: bool = True,
    ) -> None:
        self.name = name
        self.is_strict = is_strict
        self.overloads = dict(overloads)
        self.otherwise = otherwise
        self._told = told

    def apply(self, given: tuple[Any, ...], meter: Meter) -> Any:
        """The result, or a ``Failure``."""
        does = self.overloads.get(tuple([value.__class__ for value in given]))
        try:
            if does is not None:
                return does(*given)
            if self.otherwise is not None:
                return self.otherwise(meter, *given)
            does = self.overloads.get(tuple(map(general, given)))
            if does is not None:
                return does(*given)
        except ValueError as error:
            return Failure(str(error))
        return self.unfit(given)

    def unfit(self, given: tuple[Any, ...]) -> Failure:
        """What is said of arguments for which there is no function of this name."""
        if not self._told:
            return NO_OVERLOAD
        types = f"({', '.join(map(type_name, given))})" if self._told == "types" else ""
        return Failure(f"no such overload: {self.name}{types}")


def of_kinds(does: Does, *kinds: type, count: int = 1) -> dict[tuple[type, ...], Does]:
    """The same for arguments that are all of one of these classes."""
    return {(kind,) * count: does for kind in kinds}
