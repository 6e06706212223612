"""The files of a container, for a program that runs in the lab's own Python.

Installed by ``sitecustomize``. An absolute path means a place in the container's own root file system. Where that has
nothing, what the interpreter itself needs of the machine shows through (its libraries, certificates, time zones), to be
read only: whatever is written goes to the container. Relative paths need nothing, since the working directory lies in
the container's root.

Simplified: only Python's own functions are mapped (``open``, ``os``, ``pathlib``, ``shutil``, ...), and of those that
open files in C the few of ``_IN_C``. Others, and other programs that are started, see the machine's paths; a real
container maps them all.
"""

import builtins
import functools
import importlib.abc
import importlib.machinery
import importlib.util
import io
import os
import posixpath
import sys
import types
from collections.abc import Callable
from typing import Any

_WRITES = frozenset("wax+")
_ONE_READ = ("access", "chdir", "listdir", "lstat", "readlink", "scandir", "stat", "statvfs")
_ONE_WRITTEN = ("chmod", "chown", "mkdir", "remove", "rmdir", "truncate", "unlink", "utime")
_TWO = ("link", "rename", "replace")

_IN_C = {
    "_sqlite3": ("connect",),
    "ssl": ("SSLContext.load_cert_chain", "SSLContext.load_verify_locations"),
}
"""By module the functions that open files in C. They are mapped when the program imports the module."""


class Paths:
    """Maps paths.

    Args:
        pod: ``root`` is the container's root file system, ``own`` the folders that are mapped already, ``shown`` what
            shows through of the machine.
    """

    def __init__(self, pod: dict[str, Any]) -> None:
        self._root: str = pod["root"]
        self._own = tuple(pod["own"])
        self._shown = tuple(pod["shown"])
        self._getcwd = os.getcwd
        self._real_lstat = os.lstat

    def install(self) -> None:
        """Map from now on."""
        for name in _ONE_READ:
            setattr(os, name, self._first(getattr(os, name), self.to_read))
        for name in _ONE_WRITTEN:
            setattr(os, name, self._first(getattr(os, name), self.to_write))
        for name in _TWO:
            setattr(os, name, self._both(getattr(os, name)))
        os.symlink = self._symlink(os.symlink)
        os.open = self._open_number(os.open)
        builtins.open = io.open = self._open(io.open)
        os.getcwd = self._cwd

    def to_read(self, path: Any) -> Any:
        """Where a path is read."""
        text = self._absolute(path)
        if text is None:
            return path
        inner = self._root + text
        if self._is_there(inner) or not _is_below(text, self._shown):
            return inner
        return path

    def to_write(self, path: Any) -> Any:
        """Where a path is written."""
        text = self._absolute(path)
        if text is None:
            return path
        inner = self._root + text
        return inner if self._is_there(inner) or not _is_below(text, ("/dev", "/proc")) else path

    def _absolute(self, path: Any) -> str | None:
        """A path that has to be mapped, normalised; None for any other."""
        if isinstance(path, int) or path is None:
            return None
        text = os.fspath(path)
        text = os.fsdecode(text) if isinstance(text, bytes) else text
        if not text.startswith("/") or _is_below(text, self._own):
            return None
        return posixpath.normpath(text)

    def _is_there(self, path: str) -> bool:
        try:
            self._real_lstat(path)
        except OSError:
            return False
        return True

    def _first(self, function: Callable[..., Any], to: Callable[[Any], Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def mapped(*args: Any, **options: Any) -> Any:
            if args:
                args = (to(args[0]), *args[1:])
            elif "path" in options:
                options["path"] = to(options["path"])
            return function(*args, **options)

        return mapped

    def _both(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def mapped(src: Any, dst: Any, **options: Any) -> Any:
            return function(self.to_read(src), self.to_write(dst), **options)

        return mapped

    def _symlink(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def mapped(src: Any, dst: Any, *args: Any, **options: Any) -> Any:
            return function(self.to_write(src), self.to_write(dst), *args, **options)

        return mapped

    def _open(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def mapped(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            to = self.to_write if _WRITES & set(mode) else self.to_read
            return function(to(file), mode, *args, **options)

        return mapped

    def _open_number(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def mapped(path: Any, flags: int, *args: Any, **options: Any) -> Any:
            to = self.to_write if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) else self.to_read
            return function(to(path), flags, *args, **options)

        return mapped

    def _cwd(self) -> str:
        here = self._getcwd()
        return here[len(self._root) :] or "/" if _is_below(here, (self._root,)) else here


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def watch_imports(pod: dict[str, Any]) -> None:
    """Map the functions of ``_IN_C`` in modules that are imported from now on."""
    sys.meta_path.insert(0, _Watcher(Paths(pod)))


class _Watcher(importlib.abc.MetaPathFinder):
    """Finds nothing itself; has the modules that it waits for mapped once they are loaded."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._asking = False

    def find_spec(self, name: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name not in _IN_C or self._asking:
            return None
        self._asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self._asking = False
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def load(module: types.ModuleType) -> None:
                execute(module)
                self._map(module, _IN_C[name])

            spec.loader.exec_module = load  # type: ignore[method-assign]
        return spec

    def _map(self, module: types.ModuleType, names: tuple[str, ...]) -> None:
        for dotted in names:
            *owners, name = dotted.split(".")
            owner: Any = module
            for one in owners:
                owner = getattr(owner, one)
            setattr(owner, name, self._mapped(getattr(owner, name), is_method=bool(owners)))

    def _mapped(self, function: Callable[..., Any], *, is_method: bool) -> Callable[..., Any]:
        """Every argument that is a path of a file there is, or (a database) may become one, is mapped."""
        to = self._paths.to_read if is_method else self._paths.to_write

        @functools.wraps(function)
        def mapped(*args: Any, **options: Any) -> Any:
            own, given = (args[:1], args[1:]) if is_method else ((), args)
            given = tuple(to(one) if isinstance(one, str | os.PathLike) else one for one in given)
            options = {key: to(one) if isinstance(one, str | os.PathLike) else one for key, one in options.items()}
            return function(*own, *given, **options)

        return mapped
