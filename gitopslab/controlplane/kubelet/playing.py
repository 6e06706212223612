"""A script that is played ahead of the time, to learn whether and how it ends and what it will write.

``programs`` plays a container's command with it as far as can be known, and on from there when the time has come:
what was played is not played again. Leaves to others: the language (``shell``), what the script finds (``place``).
"""

from __future__ import annotations

from collections import deque

from gitopslab.controlplane.kubelet.place import Place
from gitopslab.controlplane.kubelet.session import Change, Printed, Wanted
from gitopslab.controlplane.kubelet.termination import MOST_OF_LOG

_FOREVER = 1e8
# How far a script is played ahead of the time.
_ENDLESS_ROUNDS = 50  # of its loops, when one of them never ends as far as its text tells
_MOST_ROUNDS = 500
_MOST_COMMANDS = 50_000  # at first
_MORE_COMMANDS = 10_000  # at a later time, after which others have their turn
_SOON = 0.1
_MOST_PRINTED = 1_000  # pieces that are remembered
_INSTANT = 1e-3  # what is done in the very moment that is asked for is done


class Playing:
    """A script in the middle.

    Args:
        place: What it finds.
        words: The command.
        attended: Whether somebody may type, so that nobody knows what it reads.

    Attributes:
        is_over: Whether it has ended.
        is_interactive: Whether it waits for what somebody types.
    """

    def __init__(self, place: Place, words: list[str], *, attended: bool) -> None:
        self.is_over = False
        self.is_interactive = False
        self._place = place
        self._attended = attended
        self._session = place.shell()
        self._play = self._session.play(words)
        self._printed: deque[tuple[float, str]] = deque(maxlen=_MOST_PRINTED)
        self._has_written = False
        self._has_foreseen = False  # what it has asked for, though others can still change it

    @property
    def at(self) -> float:
        """How far it is, in seconds after its start."""
        return self._session.at

    @property
    def code(self) -> int:
        """The exit code of its last command."""
        return self._session.code

    @property
    def may_change(self) -> bool:
        """Whether it goes otherwise when others do something: then it has to be played again from its start.

        Simplified: not a loop that never ends, which sees up to 50 rounds late what others write.
        """
        return self._has_foreseen and not self._session.endless

    @property
    def _waits(self) -> bool:
        """Whether it asks for names only: what comes of that it is told at the time."""
        return self._session.asked is not None and not self._place.volumes and not self._has_foreseen

    def on(self, now: float) -> tuple[Change, ...]:
        """Play on, as far as can be known now; what it writes meanwhile.

        Raises:
            NotUnderstoodError: It comes to something that is outside of the language.
        """
        session, rounds = self._session, 0
        most = session.played + (_MORE_COMMANDS if session.played else _MOST_COMMANDS)
        past: tuple[Change, ...] = ()
        session.forget_history()
        for item in self._play:
            self._hear(item)
            self._has_foreseen = self._has_foreseen or self._foresees(now)
            if isinstance(item, Wanted) and self._attended:
                self.is_interactive = True
                break
            if isinstance(item, Printed) and item.text is None and self._place.began + item.at > now:
                rounds += 1
                if rounds == 1:  # what is still to come must not be forgotten for what has been
                    past = tuple(session.history)
                    session.forget_history()
            if session.played >= most or self._is_far_enough(rounds):
                break
        else:
            self._has_foreseen = self._has_foreseen or self._foresees(now)
            self.is_over = session.at < _FOREVER
        changes = (*past, *session.history)
        self._has_written = self._has_written or bool(changes)
        return changes

    def _hear(self, item: Printed | Wanted) -> None:
        if isinstance(item, Printed) and item.text is not None:
            self._printed.append((item.at, (item.text + item.end)[-MOST_OF_LOG:]))

    def printed(self, seconds: float) -> str:
        """The end of what it has printed some time after its start, as it stands in its log."""
        return "".join(text for at, text in self._printed if at <= seconds + _INSTANT)

    def _foresees(self, now: float) -> bool:
        asked = self._session.asked
        return asked is not None and (bool(self._place.volumes) or self._place.began + asked > now)

    def _is_far_enough(self, rounds: int) -> bool:
        session = self._session
        most = 1 if self._waits else _ENDLESS_ROUNDS if session.endless else _MOST_ROUNDS
        return rounds >= most or session.at >= _FOREVER or (rounds > 0 and session.has_much_history)

    def again(self, now: float) -> float | None:
        """When to play on, in seconds after the start; None when nothing would come of it."""
        idles = self._session.endless and not (self._has_written and self._place.volumes)
        rests = self.is_over or self.is_interactive or self.may_change or self.at >= _FOREVER
        if rests or idles:
            return None
        return max(self.at, now - self._place.began + _SOON)
