"""kubectl against one kubeconfig of the lab, and never against another cluster.

Used by every kind of cluster to ask its API, because kubectl understands all the ways a kubeconfig can prove who you
are; and by the command line for ``gitopslab kubectl``. Notebooks use the Python client instead (``lab``).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gitopslab.clusters.base import Progress, silent
from gitopslab.clusters.tool import Answer, ToolTimeout, run
from gitopslab.errors import SetupError
from gitopslab.machinery.kubectl import executable


class Kubectl:
    """kubectl with one kubeconfig.

    Args:
        kubeconfig: The file it uses.
        environment: The variables it sees; ``KUBECONFIG`` in them is replaced.
    """

    def __init__(self, kubeconfig: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._kubeconfig = kubeconfig
        self._environment = {**environment, "KUBECONFIG": str(kubeconfig)}

    def run(
        self, arguments: Sequence[str], *, timeout: float = 30, progress: Progress = silent, given: str | None = None
    ) -> Answer:
        """Run kubectl with these arguments."""
        command = [executable(self._environment), *arguments]
        return run(command, environment=self._environment, timeout=timeout, progress=progress, given=given)

    def must(
        self, arguments: Sequence[str], *, timeout: float = 30, progress: Progress = silent, given: str | None = None
    ) -> str:
        """Run kubectl and return what it printed.

        Raises:
            SetupError: kubectl did not succeed; the message is its own.
        """
        try:
            answer = self.run(arguments, timeout=timeout, progress=progress, given=given)
        except ToolTimeout as error:
            raise SetupError(
                f"kubectl {arguments[0]} did not end within {error}", "Look at the cluster: gitopslab status"
            ) from error
        if not answer.ok:
            raise SetupError(
                f"kubectl {' '.join(arguments[:2])}: {answer.text}", "Look at the cluster: gitopslab status"
            )
        return answer.out

    def nodes(self) -> list[dict[str, Any]] | None:
        """The nodes of the cluster; None when its API does not answer."""
        try:
            answer = self.run(["get", "nodes", "-o", "json", "--request-timeout=5s"], timeout=15)
        except ToolTimeout:
            return None
        return json.loads(answer.out)["items"] if answer.ok else None


def is_ready(node: Mapping[str, Any]) -> bool:
    """Whether a node's Ready condition is True."""
    conditions = node.get("status", {}).get("conditions") or []
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions)


def wait_for_nodes(kubectl: Kubectl, wanted: int, progress: Progress, *, timeout: float) -> None:
    """Wait until at least this many nodes are there and all are Ready.

    Raises:
        SetupError: They were not in time; the message says what was seen last.
    """
    deadline, seen = time.monotonic() + timeout, ""
    while True:
        nodes = kubectl.nodes()
        ready = sum(map(is_ready, nodes or ()))
        now = "the API does not answer yet" if nodes is None else f"{ready} of {max(wanted, len(nodes))} nodes Ready"
        if nodes is not None and ready >= wanted and ready == len(nodes):
            progress(now)
            return
        if now != seen:
            progress(now)
            seen = now
        if time.monotonic() > deadline:
            raise SetupError(
                f"The nodes were not Ready within {timeout:.0f} s: {now}",
                "Run the same command again: it goes on waiting. Or begin anew with `gitopslab down --delete`",
            )
        time.sleep(0.1)
