"""When an Application is compared again, and how thoroughly.

A comparison with the revision that is known (``RECENT``) follows a change of a live object; one that looks at Git
(``LATEST``) comes every two to three minutes; one that tells even passing troubles of Git (``FORCED``) follows a wish:
the refresh annotation, a changed source, a finished sync. Source: ``needRefreshAppStatus`` in
``controller/appcontroller.go`` and the controller's flags.
"""

from __future__ import annotations

import enum
from collections.abc import Hashable
from dataclasses import dataclass
from random import Random

from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.gitops.argocd.kinds import REFRESH
from gitopslab.gitops.argocd.managednamespace import has_changed_namespace_metadata
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.gitops.argocd.status import compared_to
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.names import CHANCE
from gitopslab.machinery.objects import Object, annotations_of

_GRACE = 180.0


class Level(enum.IntEnum):
    """How thoroughly to compare; a higher one does all that a lower one does."""

    RECENT = 1
    LATEST = 2
    FORCED = 3


@dataclass(slots=True)
class _Turn:
    live: Hashable = None
    automated: tuple[bool, bool] = (False, False)
    asked: Level | None = None
    later: float | None = None
    jitter: float = 0.0
    tried: float = 0.0
    trouble: float | None = None


class Refreshing:
    """The turns of all Applications.

    Args:
        clock: The lab's time.
        settings: How often Git is looked at.
        chance: For the jitter.
    """

    def __init__(self, clock: Clock, settings: Settings, chance: Random = CHANCE) -> None:
        self._clock = clock
        self._settings = settings
        self._chance = chance
        self._turns: dict[Request, _Turn] = {}

    def level(self, request: Request, app: Object, live: Hashable) -> Level | None:
        """How an Application is to be compared now; None when it is not.

        Args:
            request: Which one.
            app: As it is.
            live: Changes whenever one of its live objects does.
        """
        turn, now = self._turn(request), self._clock.now()
        automated = automation(app)
        if automated > turn.automated:
            turn.asked = max(turn.asked or Level.LATEST, Level.LATEST)
        turn.automated = automated
        if turn.live != live or (turn.later is not None and now >= turn.later):
            turn.asked = max(turn.asked or Level.RECENT, Level.RECENT)
        return max((level for level in (turn.asked, self._from_status(turn, app)) if level), default=None)

    def _from_status(self, turn: _Turn, app: Object) -> Level | None:
        if REFRESH in annotations_of(app):
            return Level.FORCED
        known, wanted = ((app.get("status") or {}).get("sync") or {}).get("comparedTo") or {}, compared_to(app)
        if any(known.get(field) != wanted.get(field) for field in ("source", "sources")):
            return Level.FORCED
        changed = any(known.get(field) != wanted.get(field) for field in ("destination", "ignoreDifferences"))
        if changed or has_changed_namespace_metadata(app) or self._clock.now() >= self._expiry(turn, app):
            return Level.LATEST
        return None

    def _expiry(self, turn: _Turn, app: Object) -> float:
        compared = (app.get("status") or {}).get("reconciledAt")
        since = max(seconds_of(compared) if compared else 0.0, turn.tried)
        resync = self._settings.resync
        if since and not resync:
            return float("inf")
        return since + resync + turn.jitter * self._settings.jitter

    def ask(self, request: Request, level: Level) -> None:
        """Have an Application compared at the next chance."""
        turn = self._turn(request)
        turn.asked = max(turn.asked or level, level)

    def come_back(self, request: Request, seconds: float) -> None:
        """Have an Application compared after a while."""
        self._turn(request).later = self._clock.now() + seconds

    def is_excused(self, request: Request, level: Level) -> bool:
        """Whether a trouble with Git is passed over for now: it may be gone at the next look, within three minutes."""
        turn, now = self._turn(request), self._clock.now()
        if level is Level.FORCED:
            return False
        if turn.trouble is None:
            turn.trouble = now
        return now - turn.trouble <= _GRACE

    def done(self, request: Request, live: Hashable, *, trouble: bool = False) -> None:
        """An Application was compared, or its turn was passed over.

        Args:
            request: Which one.
            live: As given to ``level``.
            trouble: Git could not be asked.
        """
        turn = self._turn(request)
        turn.live, turn.asked, turn.later = live, None, None
        turn.jitter, turn.tried = self._chance.random(), self._clock.now()
        if not trouble:
            turn.trouble = None

    def wait(self, request: Request, app: Object) -> float | None:
        """Seconds until an Application's next turn, if nothing happens before; None when only that brings it."""
        turn = self._turn(request)
        due = self._expiry(turn, app)
        due = min(due, turn.later if turn.later is not None else due)
        return None if due == float("inf") else max(0.0, due - self._clock.now())

    def forget(self, request: Request) -> None:
        """An Application is gone."""
        self._turns.pop(request, None)

    def _turn(self, request: Request) -> _Turn:
        return self._turns.setdefault(request, _Turn())


def automation(app: Object) -> tuple[bool, bool]:
    """Whether an Application syncs and heals by itself."""
    automated = (app["spec"].get("syncPolicy") or {}).get("automated")
    if automated is None or automated.get("enabled") is False:
        return False, False
    return True, bool(automated.get("selfHeal"))
