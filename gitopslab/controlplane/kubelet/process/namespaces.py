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
_TRY_PROCESSES = """
import ctypes, os
libc, uid = ctypes.CDLL(None), os.geteuid()
if libc.unshare(0x00020000 | 0x20000000 | (0x10000000 if uid else 0)):
    os._exit(1)
if uid:
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
pid = os.fork()
if pid:
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
libc.mount(b"none", b"/", None, ctypes.c_ulong(16384 | 1 << 18), None)
os._exit(1 if libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(15), None) else 0)
"""


@functools.cache
def rooms_are_given() -> bool:
    """Whether a process can have its own mounts and its own network."""
    return _succeeds(_TRY)


@functools.cache
def processes_are_hidden() -> bool:
    """Whether a process can be kept from seeing those of others, with a ``/proc`` that shows its own.

    A container often lets nobody mount one, though it gives the other namespaces.
    """
    return _succeeds(_TRY_PROCESSES)


def _succeeds(program: str) -> bool:
    if sys.platform != "linux":
        return False
    tried = subprocess.run([sys.executable, "-I", "-S", "-c", program], check=False, timeout=10, capture_output=True)
    return tried.returncode == 0
