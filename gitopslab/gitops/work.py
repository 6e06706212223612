"""The seam for what takes long: fetching a commit, building a kustomization, asking a registry.

Reconcilers are synchronous and must not wait. One that needs such work asks for it by name and returns; when the work
is done it is reconciled again, asks again, and gets the outcome. ``Inline`` does it at once, for tests and for
everything that is quick; the daemon runs ``Pool``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from gitopslab.controlplane.runtime.reconcile import Request
from gitopslab.errors import LabError

T = TypeVar("T")
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """How a piece of work ended.

    Attributes:
        value: What it gave; None when it failed.
        error: Why it failed; None when it did not.
    """

    value: T | None = None
    error: LabError | None = None

    def get(self) -> T:
        """What it gave.

        Raises:
            LabError: Why it failed.
        """
        if self.error is not None:
            raise self.error
        assert self.value is not None, "work that does not fail gives something"
        return self.value


class Work(Protocol):
    """Does pieces of work for reconcilers."""

    def ask(
        self, who: str, request: Request, what: Hashable, do: Callable[[], T], *, is_long: bool = False
    ) -> Outcome[T] | None:
        """The outcome of a piece of work, once; None while it goes on.

        Args:
            who: The reconciler, which is asked about ``request`` again when the work is done.
            request: Whom the work is for; there is one piece at a time a request.
            what: Everything the work depends on. Asked for something else, what goes on for the same request is
                forgotten.
            do: The work. It runs in another thread: it touches no Api and no informer. It fails with a ``LabError``.
            is_long: It may take minutes, and must not keep others from theirs.
        """
        ...


class Inline:
    """Work that is done when it is asked for."""

    def ask(
        self, who: str, request: Request, what: Hashable, do: Callable[[], T], *, is_long: bool = False
    ) -> Outcome[T] | None:
        """Do it, and give the outcome."""
        return _outcome(do)


class Pool:
    """Work on a few threads; ``tell`` it how a reconciler is asked again before the first work is asked for."""

    def __init__(self) -> None:
        self._ask_again: Callable[[str, Request], object] = lambda who, request: None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="gitops")
        self._patient = ThreadPoolExecutor(_THREADS, thread_name_prefix="gitops-long")
        self._going: dict[tuple[str, Request], tuple[Hashable, Future[Outcome[Any]]]] = {}

    def tell(self, ask_again: Callable[[str, Request], object]) -> None:
        """From now on, have a reconciler asked about a request like this; it is called in the thread that worked."""
        self._ask_again = ask_again

    def ask(
        self, who: str, request: Request, what: Hashable, do: Callable[[], T], *, is_long: bool = False
    ) -> Outcome[T] | None:
        """The outcome if it is there, else None."""
        key = (who, request)
        known = self._going.get(key)
        if known is not None and known[0] == what:
            if not known[1].done():
                return None
            del self._going[key]
            return known[1].result()
        threads = self._patient if is_long else self._threads
        future: Future[Outcome[T]] = threads.submit(_outcome, do)
        self._going[key] = (what, future)
        future.add_done_callback(lambda _: self._done(who, request))
        return None

    def _done(self, who: str, request: Request) -> None:
        with suppress(RuntimeError):  # the loop that would ask has ended meanwhile
            self._ask_again(who, request)

    def close(self) -> None:
        """Begin nothing new, and forget what waits."""
        for threads in (self._threads, self._patient):
            threads.shutdown(wait=False, cancel_futures=True)


def _outcome(do: Callable[[], T]) -> Outcome[T]:
    try:
        return Outcome(do())
    except LabError as error:
        return Outcome(error=error)
