"""The project's checks, in one list: what ``python3 start.py test`` and CI run.

Each is a program with its arguments, run from the repository's root. All are run even when one fails, so that one look
shows everything. ``python scripts/check.py lint types`` runs only those; further arguments after ``--`` go to pytest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

CHECKS: dict[str, list[str]] = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
    "imports": ["-c", "from importlinter.cli import lint_imports_command as check; check()"],
    "fidelity": ["scripts/fidelity.py", "--check"],
    "notebooks": ["-m", "nbstripout", "--verify", "--keep-id"],
    "decisions": ["-m", "gitopslab.controlplane.scheduler.replay", "tests/scheduler/recorded/cases.json"],
    "tests": ["-m", "pytest", "-n", "4", "--dist", "loadgroup", "--no-loadscope-reorder"],  # half of it is waiting
    "alone": ["-m", "pytest", "-m", "alone", "tests/conformance"],
}


def main() -> int:
    """Run the checks that were asked for, or all; the exit code is 1 when any fails."""
    asked, for_pytest = _split(sys.argv[1:])
    unknown = [name for name in asked if name not in CHECKS]
    if unknown:
        print(f"There is no check {unknown[0]}; choose from: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = [name for name in asked or CHECKS if not _passes(name, for_pytest if name == "tests" else [])]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall checks passed")
    return 1 if failed else 0


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """The names of checks, and what stands behind ``--``."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _passes(name: str, further: list[str]) -> bool:
    command = [sys.executable, *CHECKS[name], *further, *_files(name)]
    if name == "tests":
        command += ["-m", _marks()]
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    print(f"== {name}: {'passed' if code == 0 else f'failed ({code})'} in {time.monotonic() - began:.1f} s", flush=True)
    return code == 0


def _marks() -> str:
    """Which tests run beside each other."""
    if any(map(shutil.which, CHROMIUM)):
        return "not alone"
    print("no Chromium here: the browser tests are left out", flush=True)
    return "not alone and not browser"


def _files(name: str) -> list[str]:
    if name != "notebooks":
        return []
    return sorted(str(path.relative_to(ROOT)) for path in (ROOT / "notebooks").rglob("*.ipynb"))


if __name__ == "__main__":
    sys.exit(main())
