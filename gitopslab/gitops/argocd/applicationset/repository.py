"""What generators take from a repository: its folders, and the contents of its files. Pure.

Source: ``applicationset/generators/git.go``, ``GetGitDirectories`` and ``GetGitFiles`` of Argo CD's repository server.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from posixpath import basename, dirname
from typing import Any

from gitopslab.errors import RenderError
from gitopslab.gitops.argocd.applicationset.templates import Language, Parameters, flat, with_values
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.render.gofunctions import normalized
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object


def from_folders(generator: Object, files: Mapping[str, File], language: Language) -> list[Parameters]:
    """A set of parameters for each folder that is asked for.

    Args:
        generator: ``git`` of a generator, with ``directories``.
        files: Of the commit, by path.
        language: Of the ApplicationSet.

    Raises:
        RenderError: A value cannot be filled in.
    """
    wanted = generator["directories"]
    return [
        with_values(language, generator.get("values"), _of_path(path, "", generator, language))
        for path in _folders(files)
        if _is_wanted(path, wanted)
    ]


def from_files(generator: Object, files: Mapping[str, File], language: Language) -> list[Parameters]:
    """A set of parameters for each object in the files that are asked for.

    Args:
        generator: ``git`` of a generator, with ``files``.
        files: Of the commit, by path.
        language: Of the ApplicationSet.

    Raises:
        RenderError: A file cannot be read, or a value not be filled in.
    """
    wanted = [each for each in generator["files"] if not each.get("exclude")]
    unwanted = [each for each in generator["files"] if each.get("exclude")]
    found = []
    for path in sorted(files):
        if _is_listed(path, wanted) and not _is_listed(path, unwanted):
            for content in _objects(path, files[path].content, generator["repoURL"]):
                own = content if language.go else dict(flat(content))
                given = {**own, **_of_path(dirname(path), path, generator, language)}
                found.append(with_values(language, generator.get("values"), given))
    return found


def _folders(files: Iterable[str]) -> list[str]:
    """Every folder below the root, without hidden ones and what is in them, as a walk finds them."""
    found = set()
    for path in files:
        parts = path.split("/")[:-1]
        for end in range(1, len(parts) + 1):
            if parts[end - 1].startswith("."):
                break
            found.add(tuple(parts[:end]))
    return ["/".join(parts) for parts in sorted(found)]


def _is_wanted(path: str, rules: Iterable[Object]) -> bool:
    """Whether a folder is asked for; excluded is excluded, whatever else asks for it."""
    fitting = [bool(rule.get("exclude")) for rule in rules if _fits(path, rule["path"])]
    return bool(fitting) and not any(fitting)


def _fits(path: str, pattern: str) -> bool:
    """Go's ``path.Match``: a star does not cross a slash."""
    names, globs = path.split("/"), pattern.split("/")
    pairs = zip(names, globs, strict=False)
    return len(names) == len(globs) and all(fnmatch.fnmatchcase(name, glob.replace("[^", "[!")) for name, glob in pairs)


def _is_listed(path: str, rules: Iterable[Object]) -> bool:
    """Whether ``git ls-files PATTERN`` lists a file: a star crosses slashes, and a folder means all that is in it."""
    for rule in rules:
        pattern = (rule.get("path") or ".").removeprefix("./").rstrip("/")
        if pattern in ("", ".") or fnmatch.fnmatchcase(path, pattern) or path.startswith(f"{pattern}/"):
            return True
    return False


def _objects(path: str, content: bytes, url: str) -> list[Object]:
    """The object in a file, or the objects of a list in it."""
    try:
        found, _ = load(content)
    except ValueError as error:
        raise RenderError(_unreadable(path, url, str(error))) from error
    several = [{}] if found is None else found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in several):
        words = "json: cannot unmarshal string into Go value of type []map[string]interface {}"
        raise RenderError(_unreadable(path, url, f"error unmarshaling JSON: while decoding JSON: {words}"))
    return several


def _unreadable(path: str, url: str, why: str) -> str:
    return f"unable to process file '{path}' from repository '{url}': unable to parse file: {why}"


def _of_path(folder: str, file: str, generator: Object, language: Language) -> Parameters:
    """The parameters that tell of a path."""
    folder = folder or "."
    parts: dict[str, Any] = {"basename": basename(folder), "basenameNormalized": normalized(basename(folder))}
    if file:
        parts |= {"filename": basename(file), "filenameNormalized": normalized(basename(file))}
    prefix = generator.get("pathParamPrefix") or ""
    if language.go:
        told = {"path": folder, **parts, "segments": folder.split("/")}
        return {prefix: {"path": told}} if prefix else {"path": told}
    name = f"{prefix}.path" if prefix else "path"
    numbered = {f"{name}[{at}]": part for at, part in enumerate(folder.split("/")) if part}
    return {name: folder, **{f"{name}.{key}": text for key, text in parts.items()}, **numbered}
