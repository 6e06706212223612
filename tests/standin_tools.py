"""Executables that replay what kind, k3d, kwokctl and docker print, so that their failures can be had on demand."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

STANDINS = Path(__file__).parent / "clusters" / "standins"


class Standins:
    """Executables that replay what the real tools print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        for tool in ("kind", "k3d", "kwokctl", "docker"):
            program = self.bin / tool
            program.write_text(
                f"#!{sys.executable}\nimport runpy, sys\nsys.path.insert(0, {str(STANDINS)!r})\n"
                f"runpy.run_path({str(STANDINS / f'{tool}.py')!r}, run_name='__main__')\n"
            )
            program.chmod(0o755)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a cluster should be given: the stand-ins and nothing else on the PATH."""
        return {"PATH": str(self.bin), "STANDIN": str(self.folder), "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def play(self, scenario: str) -> None:
        """Pick the failure the tools replay from now on; empty for success."""
        (self.folder / "scenario").write_text(scenario)

    def remove(self, tool: str) -> None:
        """Take a tool off the PATH."""
        (self.bin / tool).unlink()

    def hand_out(self, kubeconfig: str) -> None:
        """The kubeconfig that a successful creation writes."""
        (self.folder / "kubeconfig").write_text(kubeconfig)

    def clusters(self) -> dict[str, dict[str, object]]:
        """The clusters that the tools know."""
        path = self.folder / "clusters.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def keep(self, found: dict[str, dict[str, object]]) -> None:
        """Let the tools know these clusters."""
        (self.folder / "clusters.json").write_text(json.dumps(found))

    def calls(self) -> list[list[str]]:
        """Every call made, with the KUBECONFIG it saw as the last word."""
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def real(tool: str) -> str:
    """Where the real tool is; skips the test when it is not installed."""
    found = shutil.which(tool) or shutil.which(tool, path=os.environ.get("GITOPSLAB_TEST_TOOLS", ""))
    if found is None:
        pytest.skip(f"{tool} is not installed here")
    return found
