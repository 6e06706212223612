"""The command line: ``gitopslab COMMAND``.

The installed script and ``python -m gitopslab`` call ``main``. What it is made of is in the modules beside this one and
loaded inside ``main``, so that Ctrl-C is heard from the first moment on.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    try:
        from gitopslab.cli.app import run_command

        run_command()
    except KeyboardInterrupt:  # while loading, so nothing has begun
        sys.exit(130)
