"""One run of image automation: fetch, put the images in, and push a commit if anything changed.

Pure but for the remote, so it runs in a thread. The message is a Go template over what changed.
"""

from __future__ import annotations

import posixpath
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from gitopslab.errors import GitError, LabError, RenderError
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import HEADS
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.render import gotemplate
from gitopslab.gitops.render.setters import TOKEN, Change, Identifier, Image, changed
from gitopslab.gitops.source.reference import DEFAULT_BRANCH, Found, find, is_branch
from gitopslab.machinery.objects import Object, name_of, namespace_of

MESSAGE = "Update from image update automation"
_TITLE = "commit message"
_SEE = "See: https://fluxcd.io/flux/components/image/imageupdateautomations/#message-template"
_REMOVED = {".Updated": ".Changed", ".Changed.ImageResult": ".Changed.FileChanges' or '.Changed.Objects"}


class RemovedFieldError(LabError):
    """The template uses what Flux has taken out."""


class RunError(LabError):
    """A run came to nothing.

    Attributes:
        reason: Of the condition that tells it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do.

    Attributes:
        address: Of the repository.
        automation: The ImageUpdateAutomation.
        ref: What to check out.
        branch: Where to push.
        also: The ref that takes the commit, too; empty for none.
        url: Of the repository as its source names it, which errors tell.
        images: By ``namespace:policy``.
        when: Seconds since the epoch.
    """

    address: Address
    automation: Object
    ref: Object
    branch: str
    images: Mapping[str, Image]
    when: float
    also: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run.

    Attributes:
        revision: What was checked out, or what it is after a push to the same branch.
        commit: What was pushed; empty when nothing had changed.
        message: Of the commit.
    """

    revision: str
    commit: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Key:
    """The name of an object, as the template sees it."""

    GO_TYPE: ClassVar[str] = "types.NamespacedName"
    Namespace: str
    Name: str

    def __str__(self) -> str:
        return f"{self.Namespace}/{self.Name}"


@dataclass(slots=True)
class Changed:
    """What the template sees as ``.Changed``."""

    GO_TYPE: ClassVar[str] = "update.ResultV2"
    FileChanges: dict[str, dict[Identifier, list[Change]]] = field(default_factory=dict)

    @property
    def Objects(self) -> dict[Identifier, list[Change]]:  # noqa: N802  Go's name
        """The changes by object."""
        found: dict[Identifier, list[Change]] = {}
        for objects in self.FileChanges.values():
            for owner, changes in objects.items():
                found.setdefault(owner, []).extend(changes)
        return found

    @property
    def Changes(self) -> list[Change]:  # noqa: N802  Go's name
        """All changes, each once."""
        return list(dict.fromkeys(change for changes in self.Objects.values() for change in changes))


@dataclass(frozen=True, slots=True)
class _Data:
    """What the template sees."""

    GO_TYPE: ClassVar[str] = "source.TemplateData"
    AutomationObject: _Key
    Changed: Changed
    Values: Mapping[str, str]


def run(plan: Plan) -> Ran:
    """Do it.

    Raises:
        RunError: The remote does not answer, or refuses the push; ``update.path`` is not there; no message can be made.
        RemovedFieldError: The message uses what Flux has taken out.
    """
    try:
        found, refs, files = _checked_out(plan)
    except GitError as error:
        raise RunError("GitOperationFailed", f"failed to checkout source: {error.message}") from error
    new, what = _updated(files, plan)
    if not new:
        return Ran(found.revision)
    try:
        return _pushed(plan, refs, found, new, what)
    except (GitError, RenderError) as error:
        raise RunError("GitOperationFailed", f"failed to update source: {error.message}") from error


def _checked_out(plan: Plan) -> tuple[Found, Mapping[str, str], Mapping[str, remote.File]]:
    """The commit, all refs, and the commit's files. All branches are cloned, so that one is missed only afterwards."""
    doing = f"unable to clone '{plan.address.url}'"
    try:
        refs = remote.refs(plan.address)
    except GitError as error:
        raise GitError(f"{doing}: {error.message}") from error
    if refs and is_branch(plan.ref) and HEADS + plan.ref.get("branch", DEFAULT_BRANCH) not in refs:
        raise GitError(f"{doing}: reference not found")
    found = find(plan.ref, refs, plan.address.url)
    return found, refs, remote.checkout(plan.address, found.commit).files


def _pushed(plan: Plan, refs: Mapping[str, str], found: Found, files: dict[str, bytes], what: Changed) -> Ran:
    message = message_of(plan.automation, what)
    author = plan.automation["spec"]["git"]["commit"]["author"]
    change = remote.Change(files, message, author.get("name", ""), author["email"], plan.when)
    is_own = plan.branch == found.name
    before = refs.get(HEADS + plan.branch, "")
    if not is_own and before and _is_there(plan, before, files):
        return Ran(found.revision)
    options = (plan.automation["spec"]["git"].get("push") or {}).get("options") or {}
    commit = remote.push(
        plan.address, found.commit, change, plan.branch,
        before=before, force=not is_own, also=plan.also, options=options,
    )  # fmt: skip
    revision = f"{plan.branch}@sha1:{commit}" if is_own else found.revision
    return Ran(revision, commit, message)


def message_of(automation: Object, what: Changed) -> str:
    """The commit's message.

    Raises:
        RemovedFieldError: The template uses what Flux has taken out.
        RenderError: It is no template, or names what is not there.
    """
    commit = automation["spec"]["git"]["commit"]
    template = commit.get("messageTemplate")
    if not template:
        return MESSAGE
    about = _Key(namespace_of(automation), name_of(automation))
    values = commit.get("messageTemplateValues") or {}
    try:
        _check_template(template)
        return gotemplate.render(template, _Data(about, what, values))
    except gotemplate.TemplateError as error:
        line = template.count("\n", 0, max(template.rfind("{{"), 0)) + 1
        why = f"template: {_TITLE}:{line}: {error.message}"
        raise RenderError(f"unable to create commit message template from spec: {why}") from error
    except gotemplate.RunError as error:
        why = f'executing "{_TITLE}" at <{error.at}>: {error.message}'
        where = f"template: {_TITLE}:{_place(template, error.at)}"
        raise RenderError(f"failed to run template from spec: {where}: {why}") from error


def _place(template: str, word: str) -> str:
    """Line and column of what a template reads, as Go counts them: of a path, where its second field begins."""
    at = max(template.find(word), 0)
    first, *more = [part for part in word.split(".") if part] or [""]
    column = at - (template.rfind("\n", 0, at) + 1) + (len(first) + 1 if more else 0)
    return f"{template.count(chr(10), 0, at) + 1}:{column}"


def _check_template(template: str) -> None:
    read = gotemplate.paths(template)
    for removed, instead in _REMOVED.items():
        if any(f"{path}.".startswith(f"{removed}.") for path in read):
            raise RemovedFieldError(f"template uses removed '{removed}' field. Please use '{instead}' instead. {_SEE}")


def _updated(files: Mapping[str, remote.File], plan: Plan) -> tuple[dict[str, bytes], Changed]:
    folder = posixpath.normpath((plan.automation["spec"].get("update") or {}).get("path") or ".").lstrip("/")
    start = "" if folder == "." else f"{folder}/"
    if start and not any(path.startswith(start) for path in files):
        source = plan.automation["spec"]["sourceRef"]
        room = f"{source.get('namespace') or namespace_of(plan.automation)}-{source['name']}{secrets.randbelow(2**32)}"
        why = f"lstat {Path(tempfile.gettempdir()) / room / folder}: no such file or directory"
        raise RunError("UpdateFailed", f"failed to apply policies: walking path for files: {why}")
    new, what = {}, Changed()
    for path, file in sorted(files.items()):
        if not path.startswith(start) or not _is_yaml(path) or TOKEN.encode() not in file.content:
            continue
        text, changes = changed(file.content.decode(errors="surrogateescape"), plan.images)
        if changes:
            new[path] = text.encode(errors="surrogateescape")
            objects = what.FileChanges.setdefault(path.removeprefix(start), {})
            for owner, change in changes:
                objects.setdefault(owner, []).append(change)
    return new, what


def _is_there(plan: Plan, commit: str, files: Mapping[str, bytes]) -> bool:
    """Whether another branch holds the same change already, so that it is not pushed again and again."""
    known = remote.checkout(plan.address, commit).files
    return all(path in known and known[path].content == content for path, content in files.items())


def _is_yaml(path: str) -> bool:
    return path.endswith((".yaml", ".yml")) or path.rpartition("/")[2] == "Kustomization"
