"""The lines of one run of a container: what is known beforehand, and what was said besides.

``logs`` keeps a ``Lines`` for every run that somebody reads; ``inside`` follows one for those who attach. A simulated
program's lines are made when they are read; what visitors caused it to say (requests that it answered, what it answered
at its terminal) is added to its ``Transcript`` when it happens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import overload

from gitopslab.controlplane.runtime.logs import LogLine

_KEPT_LINES = 10_000
_KEPT_SAID = 1_000
_MOST_A_READ = 100_000  # lines made at once; a reader of an old, busy log catches up over several reads


class Transcript:
    """What a run has said that nobody knew before.

    Args:
        most: How many lines it holds, the newest ones.
    """

    def __init__(self, most: int = _KEPT_SAID) -> None:
        self._kept: deque[LogLine] = deque(maxlen=most)
        self._count = 0

    def add(self, moment: float, text: str) -> None:
        """Add a line."""
        self._kept.append((moment, text))
        self._count += 1

    def text(self) -> str:
        """The lines as one text."""
        return "".join(f"{text}\n" for _, text in self._kept)

    def since(self, seen: int) -> tuple[list[LogLine], int]:
        """The lines after the first ``seen`` ones, and how many there are now."""
        new = min(self._count - seen, len(self._kept))
        return list(islice(self._kept, len(self._kept) - new, None)), self._count


class Lines(Sequence[LogLine]):
    """The lines of one run; counts all that were ever written, holds the newest.

    Args:
        source: Gives the lines in order, and None texts where nothing was printed; may never end.
        transcript: What is said besides.
    """

    def __init__(self, source: Iterator[tuple[float, str | None]], transcript: Transcript) -> None:
        self._source = source
        self._transcript = transcript
        self._seen = 0
        self._ahead: tuple[float, str | None] | None = None
        self._kept: deque[LogLine] = deque(maxlen=_KEPT_LINES)
        self._count = 0

    def advance(self, now: float) -> None:
        """Take in what was written until now."""
        new, self._seen = self._transcript.since(self._seen)
        waiting = deque(new)
        for _ in range(_MOST_A_READ):
            line = self._ahead = self._ahead or next(self._source, None)
            if line is None or line[0] > now:
                break
            while waiting and waiting[0][0] < line[0]:
                self._keep(waiting.popleft())
            self._ahead = None
            if line[1] is not None:
                self._keep((line[0], line[1]))
        for said in waiting:
            self._keep(said)

    def _keep(self, line: LogLine) -> None:
        self._kept.append(line)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[LogLine]:
        return iter(self._kept)

    @overload
    def __getitem__(self, index: int) -> LogLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[LogLine]: ...
    def __getitem__(self, index: int | slice) -> LogLine | list[LogLine]:
        gone = self._count - len(self._kept)
        if isinstance(index, int):
            return self._kept[(index + self._count if index < 0 else index) - gone]
        start, stop, step = index.indices(self._count)
        return list(islice(self._kept, max(0, start - gone), max(0, stop - gone), step))
