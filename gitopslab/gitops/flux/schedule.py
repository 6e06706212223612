"""When each object is to be reconciled again: at its interval, after a failure later and later, or because it changed.

Flux's controllers ignore events that change nothing they act on, such as their own status writes; ``is_due`` is that.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from gitopslab.controlplane.runtime.reconcile import Request, Result
from gitopslab.machinery.clock import Clock

_FIRST_DELAY = 0.75
_LAST_DELAY = 900.0


@dataclass(slots=True)
class _Turn:
    cause: Hashable
    due: float
    failures: int = 0


class Schedule:
    """The turns of one controller's objects.

    Args:
        clock: The lab's time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: dict[Request, _Turn] = {}

    def is_due(self, request: Request, cause: Hashable) -> bool:
        """Whether an object is to be reconciled now.

        Args:
            request: The object.
            cause: Everything whose change asks for a reconcile at once.
        """
        turn = self._turns.get(request)
        return turn is None or turn.cause != cause or self._clock.now() >= turn.due

    def later(self, request: Request) -> Result:
        """Come again when the object's time has come."""
        return Result(max(0.0, self._turns[request].due - self._clock.now()))

    def done(self, request: Request, cause: Hashable, seconds: float) -> Result:
        """It was reconciled; come again after this long."""
        self._turns[request] = _Turn(cause, self._clock.now() + seconds)
        return Result(seconds)

    def failed(self, request: Request, cause: Hashable) -> Result:
        """It failed; come again after 0.75 s, doubling up to a quarter of an hour."""
        known = self._turns.get(request)
        failures = known.failures + 1 if known is not None else 1
        delay = min(_FIRST_DELAY * 2.0 ** (failures - 1), _LAST_DELAY)
        self._turns[request] = _Turn(cause, self._clock.now() + delay, failures)
        return Result(delay)

    def idle(self, request: Request, cause: Hashable) -> Result:
        """Nothing to do until something changes."""
        self._turns[request] = _Turn(cause, float("inf"))
        return Result()

    def forget(self, request: Request) -> None:
        """It is gone."""
        self._turns.pop(request, None)
