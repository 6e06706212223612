"""A real JupyterLab, started as a learner starts it, and a page of headless Chromium on its notebooks.

Shared by ``tests/browser``, which asserts, and ``scripts/screenshots.py``, which takes the documentation's pictures.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""Chromium by its names; the first, which has no windows of its own to draw, takes a third of the time."""
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
_READY = """async () => {
  const widget = window.jupyterapp.shell.currentWidget;
  await widget.context.ready; await widget.sessionContext.ready; await widget.sessionContext.session.kernel.info;
}"""


@dataclass(frozen=True)
class OpenLab:
    """What ``gitopslab lab`` opened.

    Attributes:
        url: JupyterLab with its token, on notebook 00.
        folder: The learner's folder.
        environment: For more commands about the same cluster.
    """

    url: str
    folder: Path
    environment: dict[str, str]

    def gitopslab(self, *arguments: str) -> str:
        """Run a command of the lab and return what it printed."""
        command = [sys.executable, "-m", "gitopslab", *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def address(self, notebook: str) -> str:
        """Another notebook in the same JupyterLab, in a fresh workspace."""
        path, _, token = self.url.partition("?")
        return f"{path.rpartition('/')[0]}/{notebook}?{token}&reset"


@contextmanager
def open_lab(folder: Path) -> Iterator[OpenLab]:
    """``gitopslab lab --no-browser`` with everything it writes below ``folder``; stopped and removed afterwards."""
    environment = {**os.environ, "GITOPSLAB_HOME": str(folder / "home"), "IPYTHONDIR": str(folder / "ipython")}
    # a page of ours asks the application which notebook is ready
    environment["JUPYTER_CONFIG_PATH"] = str(_expose_application(folder / "jupyter"))
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")  # a theme chosen here is nobody else's
    desk = folder / "gitopslab-lab"
    command = [
        sys.executable,
        "-m",
        "gitopslab",
        "lab",
        "--no-browser",
        "--port",
        str(_free_port()),
        "--dir",
        str(desk),
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None, "it was asked for"
        line = process.stdout.readline()
        if not line.startswith("JupyterLab answers: "):
            raise RuntimeError(f"gitopslab lab did not start: {line!r}")
        lab = OpenLab(line.split(": ", 1)[1].strip(), desk, environment)
        try:
            yield lab
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            lab.gitopslab("down", "--delete")


def _expose_application(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "jupyter_server_config.json").write_text('{"LabApp": {"expose_app_in_browser": true}}')
    return folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Browser:
    """A page that remembers where it sent requests to and what went wrong in it."""

    page: Page
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        """Open a notebook and wait until its kernel answers."""
        self.page.goto(address, wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        self.page.wait_for_function("!!window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=60_000)
        self.page.evaluate(_READY)

    def run_until(self, cell: str) -> None:
        """Run the cells up to and with the one with this id."""
        self.page.evaluate(
            """async (id) => {
              const { content } = window.jupyterapp.shell.currentWidget;
              content.activeCellIndex = content.widgets.findIndex((cell) => cell.model.id === id);
              await window.jupyterapp.commands.execute('notebook:run-all-above');
              await window.jupyterapp.commands.execute('notebook:run-cell');
            }""",
            cell,
        )

    def run_all(self) -> list[dict[str, Any]]:
        """Run every cell, and tell of each code cell its id and whether it shows an error.

        The command's own end is no sign: it comes with the first error, also where one is meant to happen.
        """
        self.page.evaluate("() => void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        self.page.wait_for_function(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
              .every((cell) => cell.model.type !== 'code' || cell.model.executionCount)""",
            timeout=120_000,
        )
        cells: list[dict[str, Any]] = self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
              .filter((cell) => cell.model.type === 'code')
              .map((cell) => ({
                id: cell.model.id,
                error: cell.model.outputs.toJSON().some((output) => output.output_type === 'error'),
              }))"""
        )
        return cells


@contextmanager
def browser(*, width: int = 1400, height: int = 900, dark: bool = False) -> Iterator[Browser]:
    """Headless Chromium with a profile of its own."""
    with sync_playwright() as tool, tempfile.TemporaryDirectory() as profile:
        context = tool.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=FLAGS, viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        shown = Browser(context.new_page())
        shown.page.on("request", lambda request: shown.hosts.add(urlsplit(request.url).hostname or ""))
        shown.page.on("pageerror", lambda error: shown.errors.append(str(error)))
        yield shown
        context.close()
