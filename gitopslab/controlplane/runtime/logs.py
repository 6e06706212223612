"""The Logs protocol: what containers wrote, as a kubelet keeps it.

The kubelets of the embedded cluster implement it; the API server's ``pods/NAME/log`` reads it. Neither knows the other.
How lines are cut, dated and worded on the wire is left to the reader; where they come from is left to the kubelet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

LogLine = tuple[float, str]
"""When a line was written (epoch seconds) and its text without the line end."""


class Logs(Protocol):
    """The log lines of every container on every node."""

    def read(self, namespace: str, pod: str, container: str, previous: bool = False) -> Sequence[LogLine] | None:
        """All lines a container has written, oldest first.

        Within one run of a container the sequence only grows at its end, so that a follower can go on from the
        number of lines it has seen. It may be shared: do not change it.

        Args:
            namespace: Of the pod.
            pod: The pod's name.
            container: An init, ordinary or ephemeral container of it.
            previous: Read the run before the present one.

        Returns:
            The lines, empty when it ran and was silent; None when there is no such run (anymore).
        """
        ...

    def on_line(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Have ``wake`` called, from the event loop's thread, after any container wrote something.

        Returns:
            A function that takes the callback away again.
        """
        ...
