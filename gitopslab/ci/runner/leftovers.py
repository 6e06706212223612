"""Ends what jobs of a runner that was killed are still running, and removes their files.

``runner`` does so before anything else. Such a process is known by where it says that it builds: a folder that only
this runner uses.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path


def end_leftovers(builds: Path) -> None:
    """Leave nothing of earlier jobs.

    Args:
        builds: The runner's folder for them.
    """
    if builds.is_dir() and any(builds.iterdir()):
        _end_processes(builds)
        shutil.rmtree(builds, ignore_errors=True)


def _end_processes(builds: Path) -> None:
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # others' processes do not show what they were started with
            where = process.environ().get("CI_BUILDS_DIR", "")
            if where and Path(where).is_relative_to(builds):
                process.kill()
