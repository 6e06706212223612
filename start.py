"""Sets the lab up and runs a command in it: ``python3 start.py lab``, ``python3 start.py test``.

Needs nothing but Python 3.11 or newer with pip, on Linux, macOS and Windows (``py start.py lab``). It makes the
virtual environment ``.venv`` beside this file, installs the lab into it at the versions of ``requirements.lock``, and
then runs ``gitopslab`` with the arguments it was given; ``test`` installs what tests need as well and runs the
project's checks. A second run finds everything in place and starts at once. Nothing outside this folder is changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LOCK = ROOT / "requirements.lock"
LEAST = (3, 11)
PATIENCE = 20.0  # seconds


def main() -> int:
    """Set up what is missing, run the command, and return its exit code."""
    if sys.version_info < LEAST:
        return fail(
            f"This is Python {sys.version.split()[0]}; the lab needs {LEAST[0]}.{LEAST[1]} or newer",
            "install it from https://www.python.org/downloads/ and run this with it: python3.12 start.py lab",
        )
    command = sys.argv[1:] or ["lab"]
    testing = command[0] == "test"
    try:
        set_up("test" if testing else "")
    except (OSError, subprocess.CalledProcessError) as error:
        return explain(error)
    except KeyboardInterrupt:
        tell("Stopped with Ctrl-C. Next: run the same command again, it installs what is missing")
        return 130
    program = [str(ROOT / "scripts" / "check.py"), *command[1:]] if testing else ["-m", "gitopslab", *command]
    return run_command([str(PYTHON), *program])


def set_up(extra: str) -> None:
    """Make the environment and install into it, unless it holds just that already."""
    wanted = stamp()
    if any(read(VENV / f"installed-{name}") == wanted for name in {extra or "lab", "test"}):
        return
    began = time.monotonic()
    if not PYTHON.exists():
        tell(f"Making a virtual environment in {VENV}")
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    tell("Installing the lab; the first time this takes about a minute")
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
    wait_for([*pip, "--constraint", str(LOCK), "--editable", target], began)
    # pip compiles what it copies but not what it points to, and a cluster would take half as long again to start.
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "gitopslab")], check=True)
    (VENV / f"installed-{extra or 'lab'}").write_text(wanted, encoding="utf-8")
    tell(f"Installed in {time.monotonic() - began:.0f} s")


def wait_for(command: list[str], began: float) -> None:
    """Run pip, which is quiet, and say now and then that it is still at work: downloads can take minutes."""
    with subprocess.Popen(command) as process:
        while True:
            try:
                code = process.wait(PATIENCE)
                break
            except subprocess.TimeoutExpired:
                tell(f"still installing, for {time.monotonic() - began:.0f} s now")
            except BaseException:
                process.wait()  # Ctrl-C has told pip too
                raise
    if code:
        raise subprocess.CalledProcessError(code, command)


def stamp() -> str:
    """What an installation depends on, as a hash: another lock or another Python means installing again."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (LOCK, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def read(path: Path) -> str:
    """A small file's text, or nothing."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def run_command(arguments: list[str]) -> int:
    """Run the command in the environment; Ctrl-C is the command's to handle, not ours."""
    paths = os.pathsep.join([str(BIN), os.environ.get("PATH", "")])
    again = f"{'py' if os.name == 'nt' else 'python3'} {Path(sys.argv[0])}"
    environment = {**os.environ, "PATH": paths, "VIRTUAL_ENV": str(VENV), "GITOPSLAB_COMMAND": again}
    if os.name != "nt":
        sys.stdout.flush()
        os.execve(arguments[0], arguments, environment)
    process = subprocess.Popen(arguments, env=environment)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the console has told the command too


def explain(error: Exception) -> int:
    """Say why the set-up failed, and leave no half-made environment behind."""
    if isinstance(error, subprocess.CalledProcessError) and "ensurepip" in map(str, error.cmd):
        shutil.rmtree(VENV, ignore_errors=True)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        return fail("This Python cannot make virtual environments", f"sudo apt-get install python{version}-venv")
    if isinstance(error, subprocess.CalledProcessError):
        return fail(
            "pip could not install the lab; what it said stands above", "check the network, then run this again"
        )
    return fail(f"{error}", "check the disk's room and this folder's permissions, then run this again")


def fail(message: str, hint: str) -> int:
    """Print what happened and what to do next; the exit code for it."""
    tell(f"Error: {message}\n  Next: {hint}")
    return 1


def tell(line: str) -> None:
    """A line beside the command's own output."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
