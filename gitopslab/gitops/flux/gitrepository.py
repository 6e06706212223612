"""GitRepository: the commit that a ref names becomes an artifact that Kustomizations apply.

Story of one reconcile: find the credentials, ask the remote for its refs, and stop if the commit is the one already
stored; else fetch it, leave out what is ignored, store the archive, and say so. All of it once an interval, at once
when the spec changes or somebody asks (``requestedAt``), and later and later after a failure.

Simplified: nothing is verified (``spec.verify``), other repositories are not included (``spec.include``) and submodules
not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import GitError
from gitopslab.gitops.flux import conditions
from gitopslab.gitops.flux.conditions import Condition
from gitopslab.gitops.flux.credentials import credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import GIT_REPOSITORIES, is_suspended, requested_at
from gitopslab.gitops.flux.schedule import Schedule
from gitopslab.gitops.flux.surroundings import (
    Surroundings,
    add_finalizer,
    drop_finalizer,
    has_finalizer,
    write_status,
)
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import Address, File
from gitopslab.gitops.source import archive, ignore
from gitopslab.gitops.source.reference import Found, find
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, is_terminating, name_of, namespace_of, uid_of

COMPONENT = "source-controller"
_TIMEOUT = 60.0
_TROUBLES = ("FetchFailed", "ArtifactOutdated", "IncludeUnavailable", "StorageOperationFailed")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the remote gave.

    Attributes:
        found: The commit.
        content: The archive; None when the commit is the one already stored.
        subject: First line of the commit's message.
    """

    found: Found
    content: bytes | None = None
    subject: str = ""


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
        self._api = given.api_for(COMPONENT)
        self._recorder = Recorder(self._api, given.clock, COMPONENT)
        self._schedule = Schedule(given.clock)
        self._objects = given.manager.informer(GIT_REPOSITORIES)
        self.sources: tuple[Source, ...] = (Source(GIT_REPOSITORIES),)

    def reconcile(self, request: Request) -> Result:
        """Bring the artifact to what the ref names now."""
        obj = self._objects.get(request.name, request.namespace)
        if obj is None:
            self._schedule.forget(request)
            return DONE
        if is_terminating(obj):
            return self._finalize(obj)
        if not has_finalizer(obj):
            add_finalizer(self._api, GIT_REPOSITORIES, obj)
            return DONE
        if is_suspended(obj):
            self._schedule.forget(request)
            return DONE
        cause = (uid_of(obj), obj["metadata"].get("generation"), requested_at(obj))
        if not self._schedule.is_due(request, cause):
            return self._schedule.later(request)
        return self._fetch(request, obj, cause)

    def _finalize(self, obj: Object) -> Result:
        if has_finalizer(obj):
            self._given.storage.forget(f"gitrepository/{namespace_of(obj)}/{name_of(obj)}")
            drop_finalizer(self._api, GIT_REPOSITORIES, obj)
        return DONE

    def _fetch(self, request: Request, obj: Object, cause: tuple[object, ...]) -> Result:
        try:
            credentials = credentials_of(self._api, obj)
        except GitError as error:
            return self._failed(request, obj, cause, "AuthenticationFailed", error.message)
        spec = obj["spec"]
        timeout = seconds(spec.get("timeout"), _TIMEOUT)
        address = Address(self._given.url(spec["url"]), credentials.user, credentials.password, timeout)
        stored = self._stored(obj)
        what = (cause, address, stored)
        outcome = self._given.work.ask(self.name, request, what, lambda: fetch(address, spec, stored))
        if outcome is None:
            self._say_progress(obj)
            return DONE
        try:
            fetched = outcome.get()
        except _EmptyRepositoryError as error:
            return self._failed(request, obj, cause, "EmptyGitRepository", error.message)
        except GitError as error:
            message = error.message.replace(address.url, spec["url"])
            message = f"failed to checkout and determine revision: {message}"
            return self._failed(request, obj, cause, "GitOperationFailed", message)
        self._keep(obj, fetched)
        return self._schedule.done(request, cause, seconds(spec["interval"]))

    def _stored(self, obj: Object) -> str:
        """The revision of the artifact that is there and was made from this spec; empty when there is none."""
        status = obj.get("status") or {}
        artifact = status.get("artifact") or {}
        spec = obj["spec"]
        same = (status.get("observedIgnore"), status.get("observedSparseCheckout")) == (
            spec.get("ignore"),
            spec.get("sparseCheckout"),
        )
        there = bool(artifact) and self._given.storage.has(artifact["path"])
        return str(artifact["revision"]) if same and there else ""

    def _say_progress(self, obj: Object) -> None:
        """Only where there is something new to wait for: a poll that finds nothing is not worth a write."""
        status = obj.get("status") or {}
        generation, observed = obj["metadata"]["generation"], status.get("observedGeneration", -1)
        if generation == observed:
            return
        message = f"processing object: new generation {observed} -> {generation}"
        self._write(
            obj,
            status,
            Condition.true(conditions.RECONCILING, "Progressing", message),
            Condition.unknown(conditions.READY, "Progressing", message),
        )

    def _keep(self, obj: Object, fetched: Fetched) -> None:
        """Store what came, and report it; what is stored already only clears old troubles."""
        status = dict(obj.get("status") or {})
        if fetched.content is not None:
            status["artifact"] = self._artifact(obj, fetched, fetched.content)
        for field, observed in (("ignore", "observedIgnore"), ("sparseCheckout", "observedSparseCheckout")):
            status.pop(observed, None)
            if obj["spec"].get(field) is not None:
                status[observed] = obj["spec"][field]
        status["observedGeneration"] = obj["metadata"]["generation"]
        message = f"stored artifact for revision '{status['artifact']['revision']}'"
        gone = (*_TROUBLES, conditions.RECONCILING, conditions.STALLED)
        was_failing = bool([c for c in status.get("conditions") or () if c["type"] in _TROUBLES])
        status["conditions"] = conditions.without(status.get("conditions") or [], *gone)
        self._write(
            obj,
            status,
            Condition.true(conditions.READY, "Succeeded", message),
            Condition.true("ArtifactInStorage", "Succeeded", message),
        )
        if fetched.content is not None:
            self._recorder.event(obj, "Normal", "NewArtifact", f"stored artifact for commit '{fetched.subject}'")
        elif was_failing:
            self._recorder.event(obj, "Normal", "Succeeded", message)

    def _artifact(self, obj: Object, fetched: Fetched, content: bytes) -> Object:
        namespace, name = namespace_of(obj), name_of(obj)
        path = f"gitrepository/{namespace}/{name}/{fetched.found.commit}.tar.gz"
        stored = self._given.storage.keep(path, content)
        return {
            "digest": stored.digest,
            "lastUpdateTime": timestamp(self._given.clock.now()),
            "path": path,
            "revision": fetched.found.revision,
            "size": stored.size,
            "url": f"http://{COMPONENT}.{namespace}.svc.cluster.local./{path}",
        }

    def _failed(self, request: Request, obj: Object, cause: tuple[object, ...], reason: str, message: str) -> Result:
        """Ready mirrors the failure; the old artifact stays for who uses it."""
        status = dict(obj.get("status") or {})
        self._write(
            obj,
            status,
            Condition.true("FetchFailed", reason, message),
            Condition.false(conditions.READY, reason, message),
            Condition.true(conditions.RECONCILING, "ProgressingWithRetry", "reconciliation in progress"),
        )
        self._recorder.event(obj, "Warning", reason, message)
        return self._schedule.failed(request, cause)

    def _write(self, obj: Object, status: Object, *said: Condition) -> None:
        generation, now = obj["metadata"]["generation"], self._given.clock.now()
        token = requested_at(obj)
        handled = {"lastHandledReconcileAt": token} if token else {}
        told = conditions.put(status.get("conditions") or [], *said, generation=generation, now=now)
        write_status(self._api, GIT_REPOSITORIES, obj, {**status, **handled, "conditions": told})


def fetch(address: Address, spec: Object, stored: str) -> Fetched:
    """Ask the remote for the commit that a spec means, and for its files unless they are stored already.

    Raises:
        GitError: The remote does not answer, refuses, or has no such commit.
    """
    doing = "unable to list remote for" if stored else "unable to clone"
    try:
        refs = remote.refs(address)
        if not refs:
            raise _EmptyRepositoryError("git repository is empty")
        found = find(spec.get("ref"), refs)
        if found.revision == stored:
            return Fetched(found)
        checkout = remote.checkout(address, found.commit)
    except _EmptyRepositoryError:
        raise
    except GitError as error:
        raise GitError(f"{doing} '{address.url}': {error.message}") from error
    files = ignore.kept(_sparse(checkout.files, spec.get("sparseCheckout")), spec.get("ignore"))
    return Fetched(found, archive.pack(files), checkout.subject)


def _sparse(files: Mapping[str, File], folders: list[str] | None) -> dict[str, File]:
    """Only the files below some folders, where the spec names any."""
    whole = dict(files)
    if not folders:
        return whole
    starts = tuple(folder.strip("./").rstrip("/") + "/" for folder in folders)
    return {path: file for path, file in whole.items() if path.startswith(starts) or "/" not in path}
