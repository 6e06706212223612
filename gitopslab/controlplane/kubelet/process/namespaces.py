"""Whether this machine gives a user namespaces of their own, which ``rooms`` are made of.

``runtime`` and ``runs`` ask; the answer is found by trying, once. Linux gives them where they were not switched off: a
distribution may forbid them to ordinary users, and a container (Binder, many JupyterHubs) usually has them filtered.
"""

from __future__ import annotations

import functools
import subprocess
import sys

_TRY = """
import ctypes, os
kinds = 0x00020000 | 0x40000000 | (0x10000000 if os.geteuid() else 0)
os._exit(0 if ctypes.CDLL(None).unshare(kinds) == 0 else 1)
"""


@functools.cache
def rooms_are_given() -> bool:
    """Whether a process can have its own mounts and its own network."""
    if sys.platform != "linux":
        return False
    tried = subprocess.run([sys.executable, "-I", "-S", "-c", _TRY], check=False, timeout=10, capture_output=True)
    return tried.returncode == 0
