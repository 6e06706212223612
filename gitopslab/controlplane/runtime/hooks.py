"""The Hooks protocol: a call from outside that is no request to the Kubernetes API, such as a push to a repository.

``controlplane.http`` gives it what arrives below ``/hook/``; who acts on it is known only to the composition root. The
caller has no credentials of the cluster: whoever receives must check the call for itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Hooks(Protocol):
    """Receives calls."""

    def receive(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Act on a call.

        Args:
            path: As in ``/hook/…``.
            headers: With names in lower case.
            body: What came with it.

        Returns:
            The status of the answer: 200, 400 for a call that is not good, 404 where nobody listens.
        """
        ...
