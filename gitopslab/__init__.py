"""Notebooks that teach containers, GitLab CI, Kubernetes and GitOps by driving a cluster from cells.

``gitopslab.open()`` brings a cluster up and gives the ``Lab`` to drive it. Everything public is named here; it is
imported when it is first used, so that the command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitopslab.errors import ApiError, LabError, ManifestError, SetupError, WaitTimeoutError
    from gitopslab.lab import Lab, check_machine, open

__version__ = "0.1.0"
__all__ = [
    "ApiError",
    "Lab",
    "LabError",
    "ManifestError",
    "SetupError",
    "WaitTimeoutError",
    "__version__",
    "check_machine",
    "open",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'gitopslab' has no attribute {name!r}")
    home = "gitopslab.lab" if name in ("Lab", "check_machine", "open") else "gitopslab.errors"
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
