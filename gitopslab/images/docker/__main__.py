"""``python -m gitopslab.images.docker``: the process."""

from __future__ import annotations

import os
import sys

from gitopslab.images.docker.commands import main
from gitopslab.images.docker.desk import Desk


def run() -> int:
    """Run what was typed; a reader who goes away and Ctrl-C end it as they end any program."""
    try:
        return main(sys.argv[1:], Desk.of_this_process())
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        print(f"docker: {error.filename or ''}: {error.strerror}", file=sys.stderr)  # noqa: T201 - it is a command
        return 1


if __name__ == "__main__":
    sys.exit(run())
