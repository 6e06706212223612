"""The scripts of a job as one text for a shell, as GitLab Runner generates it.

``execution`` runs them. ``before_script`` and ``script`` share one shell, which stops at the first command that fails;
``after_script`` has one of its own. Each entry is shown before it runs. The entries are the author's own and run as
they are; nothing else is put into the text but what is quoted here.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from gitopslab.ci.runner.trace import command_line


def script_of(entries: Sequence[str], shell: str) -> str:
    """A script.

    Args:
        entries: The commands, in order.
        shell: ``bash`` or ``sh``: a plain shell may know no ``pipefail``.
    """
    strict = "set -eo pipefail" if shell == "bash" else "set -e"
    lines = [strict, "set +o noclobber"]
    for entry in entries:
        lines += [f"printf '%s\\n' {shlex.quote(command_line(entry))}", entry]
    return "\n".join(lines) + "\n"


def environment_of(variables: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The environment of a job: its variables over what the runner's own environment gives.

    Args:
        variables: The job's; names that no environment takes are left out.
        given: What it gets besides, such as ``PATH``.
    """
    usable = {name: value for name, value in variables.items() if name and "=" not in name and "\0" not in name + value}
    return {**given, **usable}
