"""GitRepository: the commit that a ref names becomes an artifact that Kustomizations apply.

Story of one reconcile: find the credentials, ask the remote for its refs, and stop if the commit is the one already
stored; else fetch it, leave out what is ignored, store the archive, and say so. All of it once an interval, at once
when the spec changes or somebody asks (``requestedAt``), and later and later after a failure.
"""

from __future__ import annotations

import posixpath
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError
from gitopslab.gitops.flux import verifying
from gitopslab.gitops.flux.artifacts import Artifacts, New
from gitopslab.gitops.flux.credentials import NoSecretError, check, credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.including import CopyError, IncludeError, includes_of, merged
from gitopslab.gitops.flux.kinds import GIT_REPOSITORIES
from gitopslab.gitops.flux.loop import Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.flux.verifying import VerifyError
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import Checkout, File
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.git.submodules import with_submodules
from gitopslab.gitops.source import archive, ignore
from gitopslab.gitops.source.reference import Found, find, is_branch, lists_first
from gitopslab.machinery.objects import Object

_TIMEOUT = 60.0
_OBSERVED = {
    "ignore": "observedIgnore",
    "include": "observedInclude",
    "sparseCheckout": "observedSparseCheckout",
    "recurseSubmodules": "observedRecurseSubmodules",
}
_DEPENDENCY_DELAY = 30.0
_LONGEST_SUBJECT = 50
_NO_APP = "secretRef with github app data must be specified when provider is set to github"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the remote gave.

    Attributes:
        found: The commit.
        content: The archive; None when the commit is the one already stored.
        subject: How the commit's message begins; None as for the content.
    """

    found: Found
    content: bytes | None = None
    subject: str | None = None


class _EmptyRepositoryError(GitError):
    """A repository without a commit, which has a reason of its own."""


class GitRepositoryController:
    """Reconciles GitRepositories.

    Args:
        given: What every controller works with.
    """

    name = "gitrepository-controller"
    kind = GIT_REPOSITORIES

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._artifacts = Artifacts(given, GIT_REPOSITORIES, "gitrepository", _OBSERVED)
        self.sources: tuple[Source, ...] = (Source(GIT_REPOSITORIES),)

    def reconcile(self, request: Request) -> Result:
        """Bring the artifact to what the ref names now."""
        return self._artifacts.reconcile(request, self._fetch)

    def _fetch(self, turn: Turn) -> Result:
        if turn.obj["spec"].get("provider") == "github" and not turn.obj["spec"].get("secretRef"):
            return self._artifacts.failed(turn, "InvalidProviderConfiguration", _NO_APP, is_stalled=True)
        try:
            credentials = credentials_of(self._artifacts.loop.api, turn.obj)
            check(credentials, turn.obj["spec"]["url"])
        except NoSecretError as error:
            return self._artifacts.failed(turn, "AuthenticationFailed", f"{error.doing}: {error.message}")
        except GitError as error:
            return self._artifacts.failed(turn, "AuthenticationFailed", error.message)
        if turn.obj["spec"].get("provider") == "github":
            return self._artifacts.failed(turn, "InvalidProviderConfiguration", _NO_APP)
        try:
            includes = includes_of(turn.obj, self._artifacts.loop.objects)
        except IncludeError as error:
            return self._artifacts.failed(
                turn, error.reason, error.message,
                trouble="IncludeUnavailable", again=_DEPENDENCY_DELAY, is_waiting=True,
            )  # fmt: skip
        spec, storage = turn.obj["spec"], self._given.storage
        timeout = seconds(spec.get("timeout"), _TIMEOUT)
        address = Address(self._given.url(spec["url"]), credentials.user, credentials.password, timeout)
        told = [include.artifact for include in includes]
        is_same = told == ((turn.obj.get("status") or {}).get("includedArtifacts") or [])
        stored = self._artifacts.stored(turn.obj) if is_same and not spec.get("verify") else ""
        keys = verifying.keys_of(self._artifacts.loop.api, turn.obj)
        room = f"gitrepository-{turn.request.namespace}-{turn.request.name}"
        what = (turn.cause, address, stored, tuple(artifact["digest"] for artifact in told))

        def do() -> Fetched:
            return fetch(
                address,
                spec,
                stored,
                lambda files: merged(files, includes, storage),
                lambda checkout: verifying.check(spec, checkout, keys),
                room,
            )

        outcome = self._given.work.ask(self.name, turn.request, what, do)
        if outcome is None:
            return DONE
        try:
            fetched = outcome.get()
        except _EmptyRepositoryError as error:
            return self._artifacts.failed(turn, "EmptyGitRepository", error.message)
        except VerifyError as error:
            return self._artifacts.failed(
                turn, error.reason, error.message, trouble="SourceVerified", is_stalled=error.is_stalled
            )
        except CopyError as error:
            turn = self._artifacts.coming(turn, error.revision, f"new upstream revision '{error.revision}'")
            return self._artifacts.failed(turn, "CopyFailure", error.message, trouble="StorageOperationFailed")
        except GitError as error:
            message = error.message.replace(address.url, spec["url"])
            return self._artifacts.failed(turn, "GitOperationFailed", message)
        return self._keep(turn, fetched, told)

    def _keep(self, turn: Turn, fetched: Fetched, included: list[Object]) -> Result:
        """Store what came, and report it; what is stored already only clears old troubles."""
        status, revision = dict(turn.obj.get("status") or {}), fetched.found.revision
        if fetched.content is not None:
            news = f"new upstream revision '{revision}'"
            new = New(revision, f"{fetched.found.commit}.tar.gz", fetched.content, news)
            kept = self._artifacts.keep(turn, new)
            if kept is None:
                return self._artifacts.later(turn)
            turn, status = kept
        else:
            same = f"no changes since last reconciliation: observed revision '{revision}'"
            self._artifacts.loop.event(turn.obj, "Normal", "GitOperationSucceeded", same)
        status.pop("includedArtifacts", None)
        if included:
            status["includedArtifacts"] = included
        event = f"stored artifact for commit '{revision if fetched.subject is None else fetched.subject}'"
        return self._artifacts.succeeded(turn, status, f"stored artifact for revision '{revision}'", event)


def fetch(
    address: Address,
    spec: Object,
    stored: str,
    completed: Callable[[Mapping[str, File]], Mapping[str, File]] = lambda files: files,
    verified: Callable[[Checkout], None] = lambda checkout: None,
    room: str = "gitrepository",
) -> Fetched:
    """Ask the remote for the commit that a spec means, and for its files unless they are stored already.

    Args:
        address: Of the remote.
        spec: Of the GitRepository.
        stored: The revision that is stored; empty for none.
        completed: Adds what is included.
        verified: Refuses a commit that nobody has signed.
        room: How the folder is named that source-controller would work in, which errors tell.

    Raises:
        VerifyError: Nobody has signed it.
        GitError: The remote does not answer, refuses, or has no such commit.
    """
    try:
        found = find(spec.get("ref"), _refs(address, spec.get("ref"), is_stored=bool(stored)), address.url)
        if found.revision == stored:
            return Fetched(found)
        checkout = remote.checkout(address, found.commit, of=found.heads)
        files = _with_submodules(address, checkout) if spec.get("recurseSubmodules") else checkout.files
    except _EmptyRepositoryError:
        raise
    except GitError as error:
        raise GitError(f"failed to checkout and determine revision: {error.message}") from error
    sparse = _sparse(files, spec.get("sparseCheckout") or [], room)
    verified(checkout)
    try:
        kept = ignore.kept(completed(sparse), spec.get("ignore"))
    except CopyError as error:
        error.revision = found.revision
        raise
    return Fetched(found, archive.pack(kept), _short(checkout.message))


def _with_submodules(address: Address, checkout: Checkout) -> Mapping[str, File]:
    try:
        return with_submodules(address, checkout)
    except GitError as error:
        raise GitError(f"unable to clone '{address.url}': {error.message}") from error


def _refs(address: Address, ref: Object | None, *, is_stored: bool) -> Mapping[str, str]:
    """The refs there are, of which there is one at least."""
    lists = lists_first(ref, is_stored=is_stored)
    doing = f"unable to {'list remote for' if lists else 'clone'} '{address.url}'"
    try:
        refs = remote.refs(address)
    except GitError as error:
        raise GitError(f"{doing}: {error.message}") from error
    if not refs and lists:
        raise GitError(f"{doing}: remote repository is empty")
    if not refs and is_branch(ref):
        raise _EmptyRepositoryError("git repository is empty")
    if not refs:
        raise GitError(f"unable to clone: remote repository is empty: git repository: '{address.url}'")
    return refs


def _short(message: str) -> str:
    """How a message begins: its first line, and no more than is told of it."""
    line = message.split("\n")[0]
    return f"{line[:_LONGEST_SUBJECT]}..." if len(line) > _LONGEST_SUBJECT else line


def _sparse(files: Mapping[str, File], folders: list[str], room: str) -> dict[str, File]:
    """Only the files whose paths begin like one of some folders, where the spec names any."""
    if not folders:
        return dict(files)
    starts = tuple(folder.removeprefix("./") for folder in folders)
    found = {path: file for path, file in files.items() if path.startswith(starts)}
    for folder in folders:
        below = posixpath.normpath(f"/{folder}").strip("/")
        if below and not any(path == below or path.startswith(f"{below}/") for path in found):
            missing = f"sparse checkout dir '{folder}' does not exist in repository"
            place = Path(tempfile.gettempdir()) / f"{room}-{secrets.randbelow(2**32)}" / below
            why = f"lstat {place}: no such file or directory"
            raise GitError(f"failed to sparse checkout directories : {missing}: {why}")
    return found
