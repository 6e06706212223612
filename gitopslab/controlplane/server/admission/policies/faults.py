"""What is wrong with a write in the eyes of a policy."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One validation that does not hold, or could not be evaluated.

    Attributes:
        message: What is wrong.
        reason: As in ``Forbidden``; decides the code of the answer.
        is_final: Whether the write is refused, whatever the binding says.
    """

    message: str
    reason: str = "Invalid"
    is_final: bool = False
