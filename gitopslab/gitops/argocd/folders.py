"""The manifests of a folder of YAML and JSON files: those on top of it, or all below it.

Source: ``findManifests`` and ``getObjsFromYAMLOrJSON`` in ``reposerver/repository/repository.go``.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import Any

from gitopslab.errors import RenderError
from gitopslab.gitops.argocd.glob import matches
from gitopslab.gitops.git.remote import File
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object

_NAMES = re.compile(r"\.(yaml|yml|json|jsonnet)$")
_MOST_BYTES = 10 * 1024 * 1024
_SKIP_MARK = b"+argocd:skip-file-rendering"
_SEPARATOR = re.compile(r"^---(?=\s|$).*$", re.MULTILINE)
_LINK = 0o120000


def read(files: Mapping[str, File], folder: str, directory: Object) -> list[Object]:
    """The objects of a folder, file by file.

    Args:
        files: Of the commit, by path.
        folder: Its path; empty for the root.
        directory: ``source.directory``: ``recurse``, ``include`` and ``exclude``.

    Raises:
        RenderError: A file cannot be read; the message is Argo CD's.
    """
    found: list[Object] = []
    wanted = [
        (name, content) for name, path in _names(files, folder) if (content := _content(files, path, name, directory))
    ]
    if sum(len(content) for _, content in wanted) > _MOST_BYTES:
        raise _failed("failed to get potentially valid manifests: exceeded max combined manifest file size")
    for name, content in wanted:
        found += _objects(name.rpartition("/")[2], content)
    return found


def _names(files: Mapping[str, File], folder: str) -> Iterator[tuple[str, str]]:
    """Each file below a folder by its path in the folder, and by its whole path."""
    start = f"{folder}/" if folder else ""
    for path in sorted(files, key=lambda path: path.split("/")):
        if path.startswith(start):
            yield path.removeprefix(start), path


def _content(files: Mapping[str, File], path: str, name: str, directory: Object) -> bytes | None:
    """What is in a file that may hold manifests; None for another."""
    if "/" in name and not directory.get("recurse"):
        return None
    if not directory.get("disableExtensionFilter") and not _NAMES.search(name):
        return None
    if directory.get("exclude") and matches(directory["exclude"], name):
        return None
    if directory.get("include") and not matches(directory["include"], name):
        return None
    file = _followed(files, path)
    content = b"" if file is None else _utf8(file.content)
    return None if file is None or _SKIP_MARK in content else content


def _utf8(content: bytes) -> bytes:
    """Text as UTF-8, also where a Windows program wrote it as UTF-16."""
    if not content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content
    return content.decode("utf-16", errors="replace").encode()


def _followed(files: Mapping[str, File], path: str) -> File | None:
    """The file that a path leads to, over links; None when it leads to no file."""
    seen: set[str] = set()
    while path not in seen:
        seen.add(path)
        file = files.get(path)
        if file is None or file.mode != _LINK:
            return file
        path = normpath(join(dirname(path), file.content.decode(errors="replace")))
    return None


def _objects(name: str, content: bytes) -> list[Object]:
    if name.endswith(".jsonnet"):
        raise _failed(f'Failed to evaluate jsonnet "{name}": the lab does not evaluate Jsonnet')
    return _json(name, content) if name.endswith(".json") else _yaml(name, content)


def _json(name: str, content: bytes) -> list[Object]:
    try:
        found = json.loads(content)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            many = f'Found multiple objects in "{name}". Only single objects are allowed in JSON files.'
            raise _failed(many) from error
        raise _failed(f'Failed to unmarshal "{name}": {_broken(error)}') from error
    except ValueError as error:
        raise _failed(f'Failed to unmarshal "{name}": {error}') from error
    if not _has_kind(found):
        raise _failed(f'Failed to unmarshal "{name}": {_kindless(found)}')
    return [found]


def _broken(error: json.JSONDecodeError) -> str:
    """Why a text is no JSON, in Go's words for what is met most."""
    if not error.doc[error.pos :].strip():
        return "unexpected EOF"
    if error.msg == "Expecting value":
        return f"invalid character '{error.doc[error.pos]}' looking for beginning of value"
    return str(error)


def _yaml(name: str, content: bytes) -> list[Object]:
    """The objects of a YAML file; one that looks like no manifest at all is left alone."""
    found: list[Object] = []
    try:
        for document in _documents(content):
            if _has_kind(document):
                found.append(document)
            elif document is not None:
                raise ValueError(f"error unmarshaling JSON: while decoding JSON: {_kindless(document)}")
    except ValueError as error:
        looks_like_one = all(word in content for word in (b"apiVersion:", b"kind:", b"metadata:"))
        if found or looks_like_one:
            text = str(error)
            text = f"error converting YAML to JSON: {text}" if text.startswith("yaml:") else text
            raise _failed(f'Failed to unmarshal "{name}": failed to unmarshal manifest: {text}') from error
        return []
    return found


def _documents(content: bytes) -> Iterator[Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError("yaml: invalid leading UTF-8 octet") from error
    for document in _SEPARATOR.split(text):
        if document.strip():
            yield load(document)[0]


def _has_kind(found: Any) -> bool:
    kind = found.get("kind") if isinstance(found, dict) else None
    return isinstance(kind, str) and bool(kind)


def _kindless(found: Any) -> str:
    return f"Object 'Kind' is missing in '{json.dumps(found, separators=(',', ':'))}'"


def _failed(message: str) -> RenderError:
    return RenderError(f"rpc error: code = FailedPrecondition desc = {message}")
