"""One run: work, kill, start again, check; and again."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from crashing.connection import Server
from crashing.watchers import Watcher
from crashing.writers import PATH, Writer
from gitopslab.background.lock import is_locked
from gitopslab.clusters.detached import processes_of
from gitopslab.clusters.embedded import DAEMON, EmbeddedCluster
from gitopslab.errors import SetupError

_WRITERS = 4
_PODS, _DEPLOYMENTS = "/api/v1/namespaces/crash/pods", "/apis/apps/v1/namespaces/crash/deployments"
_MOST = 60  # writes before a kill
_MOMENT = 0.02  # seconds, so that it does not always come right after an answer
_DURING_START = 0.2  # of the kills


@dataclass
class Report:
    """What came of it.

    Attributes:
        kills: How often it was killed while it worked, and while it started.
        writes: How many were acknowledged, and all of them found again.
        events: How many the watches told.
        resumed: How often a watch went on after a break.
        restarts: How long each took, in seconds.
    """

    kills: list[int] = field(default_factory=lambda: [0, 0])
    writes: int = 0
    events: int = 0
    resumed: int = 0
    restarts: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        middle = sorted(self.restarts)[len(self.restarts) // 2]
        return "; ".join(
            (
                f"killed {self.kills[0]} times at work and {self.kills[1]} times while it started",
                f"{self.writes} acknowledged writes are all there",
                f"watches went on {self.resumed} times and told {self.events} events, each once and in order",
                f"restarts took {middle:.2f} s (median)",
            )
        )


class Crash:
    """One run.

    Args:
        cluster: Up and bare; whatever is in it, is the run's.
        seed: Of every choice; what the machine does between is its own.
    """

    def __init__(self, cluster: EmbeddedCluster, seed: int) -> None:
        self._cluster = cluster
        self._dice = random.Random(seed)
        self._server = Server(cluster.kubeconfig)
        self._writers = [Writer(self._server, number, seed) for number in range(_WRITERS)]
        self._watchers: list[Watcher] = []
        self._report = Report()

    async def run(self, kills: int, say: Callable[[str], None] = lambda _: None) -> Report:
        """Kill it so many times, and check.

        Raises:
            AssertionError: It broke a promise.
        """
        await self._server.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "crash"}})
        for path, bookmarks in ((PATH, True), (PATH, False), (_PODS, True), (_DEPLOYMENTS, True)):
            self._watchers.append(await self._watcher(path, bookmarks))
        following = [asyncio.create_task(watcher.run()) for watcher in self._watchers]
        writing = [asyncio.create_task(writer.run()) for writer in self._writers]
        deploying = asyncio.create_task(self._deploy())
        for number in range(1, kills + 1):
            await self._let_work([*following, *writing, deploying])
            await self._kill_and_restart()
            say(f"{number} of {kills} kills; {self._acknowledged} writes acknowledged")
        for writer in self._writers:
            writer.stopping = True
        await asyncio.gather(*writing)
        deploying.cancel()
        await self._finish()
        for task in following:
            task.cancel()
        await asyncio.gather(*following, deploying, return_exceptions=True)
        await self._server.http.aclose()
        return self._report

    @property
    def _acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self._writers)

    async def _watcher(self, path: str, bookmarks: bool) -> Watcher:
        listed = await self._server.ask("GET", path)
        made = Watcher(self._server, path, listed["metadata"]["resourceVersion"], bookmarks=bookmarks)
        made.held = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in listed["items"]}
        return made

    async def _let_work(self, tasks: list[asyncio.Task[None]]) -> None:
        """For a random number of writes and a moment; whoever finds a promise broken ends the run."""
        enough, patience = self._acknowledged + self._dice.randint(1, _MOST), self._dice.uniform(0, _MOMENT)
        while patience > 0:
            done, _ = await asyncio.wait(tasks, timeout=min(0.005, patience), return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
            if self._acknowledged >= enough:
                patience -= 0.005

    async def _kill_and_restart(self) -> None:
        self._server.here.clear()
        await asyncio.to_thread(self._kill)
        self._report.kills[0] += 1
        while self._dice.random() < _DURING_START:
            starting = asyncio.create_task(asyncio.to_thread(self._try_to_start))
            await asyncio.sleep(self._dice.uniform(0.05, 0.8))
            await asyncio.to_thread(self._kill)
            await starting
            self._report.kills[1] += 1
        began = time.monotonic()
        await asyncio.to_thread(self._cluster.up)
        self._report.restarts.append(time.monotonic() - began)
        await self._check()
        self._server.here.set()

    def _try_to_start(self) -> None:
        with suppress(SetupError):  # it is killed before it can answer
            self._cluster.up()

    def _kill(self) -> None:
        """End whatever process serves the cluster, and wait until the system has let go of its lock."""
        folder = self._cluster.kubeconfig.parent
        while is_locked(folder):
            for process in processes_of(DAEMON, folder):
                process.send_signal(signal.SIGKILL)
            time.sleep(0.002)

    async def _check(self) -> None:
        """Right after a restart, before anybody else is let in."""
        newest = max(known.newest for known in [*self._writers, *self._watchers])
        listed = await self._server.get(PATH)
        assert int(listed["metadata"]["resourceVersion"]) >= newest, f"the revision went back behind {newest}"
        found = {item["metadata"]["name"]: item for item in listed["items"]}
        for writer in self._writers:
            writer.check(found)

    async def _deploy(self) -> None:
        """Give the controllers something to be killed in."""
        number = 0
        while True:
            number += 1
            await self._server.ask("POST", _DEPLOYMENTS, _deployment(f"d{number}"))
            if number > 3:
                await self._server.ask("DELETE", f"{_DEPLOYMENTS}/d{number - 3}?propagationPolicy=Background")
            await asyncio.sleep(0.3)

    async def _finish(self) -> None:
        await self._settled()
        for watcher in self._watchers:
            await self._compare(watcher)
        steps = {
            name: account.steps
            for writer in self._writers
            for name, account in writer.accounts.items()
            if account.steps
        }
        for watcher in self._watchers[:2]:
            told = {name: seen for name, seen in watcher.steps.items() if name in steps}
            assert told == steps, _first_difference(told, steps)
        self._report.writes = self._acknowledged
        self._report.events = sum(watcher.events for watcher in self._watchers)
        self._report.resumed = sum(watcher.resumed for watcher in self._watchers)

    async def _settled(self) -> None:
        """The controllers end what they were killed in: every Deployment has its pods, and no pod is left over."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            deployments = (await self._server.ask("GET", _DEPLOYMENTS))["items"]
            pods = (await self._server.ask("GET", _PODS))["items"]
            ready = sum(item["status"].get("readyReplicas", 0) for item in deployments)
            if ready == 2 * len(deployments) == len(pods):
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"{len(deployments)} Deployments have {len(pods)} pods, {ready} of them ready")

    async def _compare(self, watcher: Watcher) -> None:
        """What a watch made of its events is what a list shows."""
        listed: Any = await self._server.ask("GET", watcher.path)
        shown = {item["metadata"]["name"]: item["metadata"]["resourceVersion"] for item in listed["items"]}
        await watcher.until(max(map(int, shown.values()), default=0))
        assert watcher.held == shown, _first_difference(watcher.held, shown)


def _first_difference(told: dict[str, Any], known: dict[str, Any]) -> str:
    name = next(name for name in {**told, **known} if told.get(name) != known.get(name))
    return f"{name}: told {told.get(name)}, and was {known.get(name)}"


def _deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    pods = {"terminationGracePeriodSeconds": 0, "containers": [{"name": "c", "image": "nginx:1.27"}]}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pods},
    }
    return {"metadata": {"name": name}, "spec": spec}
