"""A connection to a server that comes and goes."""

from __future__ import annotations

import asyncio
import base64
import ssl
from pathlib import Path
from typing import Any

import httpx
import yaml


class Server:
    """An API server that may be away.

    Args:
        kubeconfig: The way to it; it stays the same over restarts.

    Attributes:
        here: Set while it is believed to answer.
    """

    def __init__(self, kubeconfig: Path) -> None:
        config: dict[str, Any] = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        trust = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
        headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        self.http = httpx.AsyncClient(
            base_url=cluster["server"], verify=trust, headers=headers, timeout=60, trust_env=False
        )
        self.here = asyncio.Event()
        self.here.set()

    async def ask(self, method: str, path: str, body: Any = None, media: str = "application/json") -> Any:
        """What it answers, or None when it went away before it did.

        Raises:
            AssertionError: It refused.
        """
        await self.here.wait()
        return await self._asked(method, path, body, media)

    async def get(self, path: str) -> Any:
        """What it answers to whoever does not wait until it is said to be back; asked again until it does."""
        while (answer := await self._asked("GET", path, None, "application/json")) is None:
            pass
        return answer

    async def _asked(self, method: str, path: str, body: Any, media: str) -> Any:
        try:
            answer = await self.http.request(method, path, json=body, headers={"Content-Type": media})
        except httpx.TransportError:
            await asyncio.sleep(0.002)  # whoever killed it gets to say so
            return None
        assert answer.status_code < 300 or answer.status_code == 404, f"{method} {path}: {answer.text}"
        return answer.json() if answer.status_code < 300 else {}
