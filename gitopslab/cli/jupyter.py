"""JupyterLab as a child process: started on loopback with a token, watched until it answers, stopped with us.

Used by ``gitopslab lab``. The token goes through a file that only its owner can read, never through a command line that
everybody can. What is in the notebooks is none of its business.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gitopslab.background.files import write_private
from gitopslab.clusters import ports
from gitopslab.clusters.detached import end
from gitopslab.course.progress import FOLDER
from gitopslab.errors import SetupError
from gitopslab.machinery.home import home

_FIRST_PORT, _LAST_PORT = 8888, 8988
_START_TIMEOUT = 90.0
_STOP_TIMEOUT = 10.0
_POLL = 0.1
# JupyterLab asks the network for news and updates unless this plugin is off
_PAGE_CONFIG = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}


@dataclass(frozen=True, slots=True)
class Server:
    """A JupyterLab that answers.

    Attributes:
        url: Where it is, with the token in it.
        process: It.
    """

    url: str
    process: subprocess.Popen[bytes]


def choose_port(asked: int | None) -> int:
    """The port that was asked for, or the first free one from 8888.

    Raises:
        SetupError: The port that was asked for is taken.
    """
    if asked is None:
        return ports.free(range(_FIRST_PORT, _LAST_PORT))
    if not ports.is_free(asked):
        owner = ports.owner(asked)
        raise SetupError(
            f"Port {asked} on 127.0.0.1 is in use" + (f" by {owner}" if owner else ""),
            f"Stop that program, or leave out --port: port {ports.free(range(_FIRST_PORT, _LAST_PORT))} is free",
        )
    return asked


@contextmanager
def jupyterlab(
    folder: Path, notebook: str, *, port: int, browser: bool, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Run JupyterLab on a folder, opened at a notebook, for as long as the ``with`` block lasts.

    Raises:
        SetupError: It ended or did not answer in time; the message holds what it said last.
    """
    own = home() / "jupyter"
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    token = secrets.token_urlsafe(24)
    log, token_file = own / f"jupyterlab-{port}.log", own / f"token-{port}"
    write_private(token_file, token)
    url = f"http://127.0.0.1:{port}"
    # which files are open is remembered in the folder, so that another folder does not begin with those of this one
    environment = {"JUPYTERLAB_WORKSPACES_DIR": str(folder / FOLDER / "workspaces"), **environment}
    process = _started(folder, notebook, port, browser, _environment(environment, own, token_file), log)
    try:
        _wait(process, f"{url}/api/status?token={token}", log)
        yield Server(f"{url}/lab/tree/{notebook}?token={token}", process)
    finally:
        end(process, _STOP_TIMEOUT)
        token_file.unlink(missing_ok=True)


@contextmanager
def interrupts() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the command as Ctrl-C does, so that JupyterLab ends with it."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    names = ("SIGTERM", "SIGHUP")
    before = {
        getattr(signal, name): signal.signal(getattr(signal, name), interrupt)
        for name in names
        if hasattr(signal, name)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _environment(given: Mapping[str, str], own: Path, token_file: Path) -> dict[str, str]:
    labconfig = own / "config" / "labconfig"
    labconfig.mkdir(parents=True, exist_ok=True)
    (labconfig / "page_config.json").write_text(json.dumps(_PAGE_CONFIG), encoding="utf-8")
    paths = [str(own / "config"), *filter(None, [given.get("JUPYTER_CONFIG_PATH")])]
    return {**given, "JUPYTER_TOKEN_FILE": str(token_file), "JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}


def _started(
    folder: Path, notebook: str, port: int, browser: bool, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    arguments = [
        *[sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"],
        *["--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}", f"--ServerApp.open_browser={browser}"],
        f"--LabApp.default_url=/lab/tree/{notebook}",
        "--LabApp.expose_app_in_browser=True",  # the presenter's bar runs cells with JupyterLab's own commands
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # containers and JupyterHubs often have no other user
        arguments.append("--ServerApp.allow_root=True")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        return subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=dict(environment),
            # Ctrl-C is for us: JupyterLab would ask whether it is meant
            start_new_session=os.name != "nt",
        )


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    # no proxy: the address is this machine
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = [line for line in log.read_text(errors="replace").splitlines() if line.strip()][-1:]
            raise SetupError(f"JupyterLab ended at once: {''.join(last)}", f"Its log says more: {log}")
        with suppress(urllib.error.URLError, OSError), opener.open(url, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(_POLL)
    raise SetupError(f"JupyterLab did not answer within {_START_TIMEOUT:.0f} s", f"Its log may say why: {log}")
