"""Writers that remember what was acknowledged, and find out about what was not."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from crashing.connection import Server

PATH = "/api/v1/namespaces/crash/configmaps"
_MERGE = "application/merge-patch+json"
_NAMES = 12


@dataclass
class Account:
    """What one object went through, as its only writer knows it.

    Attributes:
        steps: Each change as a watch tells it: what happened, and the value from then on.
        revision: Its resourceVersion; 0 while it does not exist.
        value: Its value; empty while it does not exist.
        doubt: The change that was under way when the server went; it is there or it is not.
    """

    steps: list[tuple[str, str]] = field(default_factory=list)
    revision: int = 0
    value: str = ""
    doubt: tuple[str, str] | None = None

    def book(self, step: tuple[str, str], revision: int) -> None:
        """Take note of a change that has happened."""
        self.steps.append(step)
        self.value = "" if step[0] == "DELETED" else step[1]
        self.revision = revision if self.value else 0


class Writer:
    """The only one who writes some ConfigMaps.

    Args:
        server: Where.
        number: Tells the writers apart.
        seed: Of its choices.
    """

    def __init__(self, server: Server, number: int, seed: int) -> None:
        self._server = server
        self._dice = random.Random(seed * 1000 + number)
        self._count = 0
        self.accounts = {f"w{number}-{index}": Account() for index in range(_NAMES)}
        self.newest = 0
        self.acknowledged = 0
        self.stopping = False

    async def run(self) -> None:
        """Write until told to stop."""
        while not self.stopping:
            await self._change(self._dice.choice(list(self.accounts)))

    async def _change(self, name: str) -> None:
        account = self.accounts[name]
        self._count += 1
        step, request = self._planned(name, account, f"v{self._count}")
        account.doubt = step
        answer = await self._server.ask(*request)
        if answer is None:
            await self._find_out(name, account)
            return
        revision = int(answer["metadata"].get("resourceVersion", 0)) if step[0] != "DELETED" else 0
        assert step[0] == "DELETED" or revision > self.newest, f"{name}: {revision} after {self.newest} was known"
        self.newest = max(self.newest, revision)
        self.acknowledged += 1
        account.book(step, revision)
        account.doubt = None

    def _planned(self, name: str, account: Account, value: str) -> tuple[tuple[str, str], tuple[Any, ...]]:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}}
        if not account.value:
            return ("ADDED", value), ("POST", PATH, body)
        way = self._dice.random()
        if way < 0.2:
            return ("DELETED", account.value), ("DELETE", f"{PATH}/{name}")
        if way < 0.6:
            return ("MODIFIED", value), ("PATCH", f"{PATH}/{name}", {"data": {"v": value}}, _MERGE)
        body["metadata"]["resourceVersion"] = str(account.revision)  # type: ignore[index]
        return ("MODIFIED", value), ("PUT", f"{PATH}/{name}", body)

    async def _find_out(self, name: str, account: Account) -> None:
        """Ask, as soon as it is back, whether the change under way has happened."""
        found = None
        while found is None:
            found = await self._server.ask("GET", f"{PATH}/{name}")
        step, account.doubt = account.doubt, None
        assert step is not None
        value, revision = _state(found)
        if (value, revision) != (account.value, account.revision):
            assert value == ("" if step[0] == "DELETED" else step[1]), f"{name} is {value}, never asked for"
            account.book(step, revision)
            self.newest = max(self.newest, revision)

    def check(self, listed: dict[str, Any]) -> None:
        """After a restart: every acknowledged change is there.

        Args:
            listed: All ConfigMaps by name.
        """
        for name, account in self.accounts.items():
            found = _state(listed.get(name, {}))
            wanted = {(account.value, account.revision)}
            if account.doubt is not None:
                wanted.add(("" if account.doubt[0] == "DELETED" else account.doubt[1], found[1]))
            assert found in wanted, f"{name} is {found}; acknowledged was {wanted}"


def _state(found: dict[str, Any]) -> tuple[str, int]:
    return (found["data"]["v"], int(found["metadata"]["resourceVersion"])) if found else ("", 0)
