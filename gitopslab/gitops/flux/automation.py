"""One run of image automation: fetch, put the images in, and push a commit if anything changed.

Pure but for the remote, so it runs in a thread. The message is a Go template over what changed.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from gitopslab.errors import GitError, LabError
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import HEADS, Address
from gitopslab.gitops.render import gotemplate
from gitopslab.gitops.render.setters import TOKEN, Change, Identifier, Image, changed
from gitopslab.gitops.source.reference import find
from gitopslab.machinery.objects import Object, name_of, namespace_of

MESSAGE = "Update from image update automation"
_AUTHOR = "Flux"
_REMOVED = ("Updated",)


class RemovedFieldError(LabError):
    """The template uses what Flux has taken out."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to do.

    Attributes:
        address: Of the repository.
        automation: The ImageUpdateAutomation.
        ref: What to check out.
        branch: Where to push.
        images: By ``namespace:policy``.
        when: Seconds since the epoch.
    """

    address: Address
    automation: Object
    ref: Object
    branch: str
    images: Mapping[str, Image]
    when: float


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run.

    Attributes:
        revision: What was checked out.
        commit: What was pushed; empty when nothing had changed.
        message: Of the commit.
    """

    revision: str
    commit: str = ""
    message: str = ""


@dataclass(slots=True)
class Changed:
    """What the template sees as ``.Changed``."""

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


def run(plan: Plan) -> Ran:
    """Do it.

    Raises:
        GitError: The remote does not answer, or refuses the push.
        RenderError: The message template is wrong.
        LabError: ``update.path`` is not there.
    """
    refs = remote.refs(plan.address)
    found = find(plan.ref, refs)
    checkout = remote.checkout(plan.address, found.commit)
    files, what = _updated(checkout.files, plan)
    if not files:
        return Ran(found.revision)
    message = message_of(plan.automation, what)
    author = plan.automation["spec"]["git"]["commit"]["author"]
    change = remote.Change(files, message, author.get("name") or _AUTHOR, author["email"], plan.when)
    is_own = plan.branch == found.name
    before = refs.get(HEADS + plan.branch, "")
    if not is_own and before and _is_there(plan, before, files):
        return Ran(found.revision)
    commit = remote.push(plan.address, found.commit, change, plan.branch, before=before, force=not is_own)
    return Ran(found.revision, commit, message)


def message_of(automation: Object, what: Changed) -> str:
    """The commit's message.

    Raises:
        RemovedFieldError: The template uses ``.Updated``.
        RenderError: It is no template.
    """
    commit = automation["spec"]["git"]["commit"]
    template = commit.get("messageTemplate")
    if not template:
        return MESSAGE
    check_template(template)
    about = {"Name": name_of(automation), "Namespace": namespace_of(automation)}
    values = commit.get("messageTemplateValues") or {}
    return gotemplate.render(template, {"AutomationObject": about, "Changed": what, "Values": values})


def check_template(template: str) -> None:
    """Refuse the fields that Flux has taken out.

    Raises:
        RemovedFieldError: One is used.
    """
    for name in gotemplate.fields(template) & set(_REMOVED):
        raise RemovedFieldError(f"template uses removed '.{name}' field; use '.Changed' instead")


def _updated(files: Mapping[str, remote.File], plan: Plan) -> tuple[dict[str, bytes], Changed]:
    folder = posixpath.normpath((plan.automation["spec"].get("update") or {}).get("path") or ".").lstrip("/")
    start = "" if folder == "." else f"{folder}/"
    if start and not any(path.startswith(start) for path in files):
        raise GitError(f"failed to apply policies: failed to read update path: {folder}: no such file or directory")
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
