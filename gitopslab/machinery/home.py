"""Where the lab keeps its data on this machine.

Clusters, forges and images are folders in it; tests and jobs choose another with ``GITOPSLAB_HOME``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def home(environment: Mapping[str, str] = os.environ) -> Path:
    """The lab's data folder: ``GITOPSLAB_HOME``, or where this machine keeps a user's application data."""
    chosen = environment.get("GITOPSLAB_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_data_path("gitopslab", appauthor=False)
