"""HelmRepository: the index of a repository of charts is fetched once an interval, for HelmCharts to choose from.

One of type ``oci`` has no index, and so no status: its charts are tags of a registry.
"""

from __future__ import annotations

import hashlib
import json
import urllib.request
from http.client import HTTPException

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError, LabError, RenderError
from gitopslab.gitops.flux.artifacts import Artifacts, New
from gitopslab.gitops.flux.credentials import Credentials, basic, credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import HELM_REPOSITORIES
from gitopslab.gitops.flux.loop import Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.machinery.manifests import load

_TIMEOUT = 60.0
_MOST = 50 * 1024 * 1024  # Helm's own limit of an index


class HelmRepositoryController:
    """Reconciles HelmRepositories.

    Args:
        given: What every controller works with.
    """

    name = "helmrepository-controller"
    kind = HELM_REPOSITORIES

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._artifacts = Artifacts(given, HELM_REPOSITORIES, "helmrepository", {})
        self.sources: tuple[Source, ...] = (Source(HELM_REPOSITORIES),)

    def reconcile(self, request: Request) -> Result:
        """Bring the stored index to what the repository has now."""
        obj = self._artifacts.loop.objects.get(request.name, request.namespace)
        if obj is not None and obj["spec"].get("type") == "oci":
            return DONE
        return self._artifacts.reconcile(request, self._fetch)

    def _fetch(self, turn: Turn) -> Result:
        spec = turn.obj["spec"]
        if spec["url"].startswith("oci://"):
            why = "'oci' URL scheme cannot be used with 'default' HelmRepository type"
            message = f"invalid Helm repository URL: {why}"
            return self._artifacts.failed(turn, "URLInvalid", message, is_stalled=True)
        try:
            credentials = credentials_of(self._artifacts.loop.api, turn.obj)
        except GitError as error:
            return self._artifacts.failed(turn, "AuthenticationFailed", error.message)
        url = self._given.url(spec["url"].rstrip("/") + "/index.yaml")
        timeout, stored = seconds(spec.get("timeout"), _TIMEOUT), self._artifacts.stored(turn.obj)
        what = (turn.cause, url, credentials, stored)
        outcome = self._given.work.ask(self.name, turn.request, what, lambda: _index(url, credentials, timeout))
        if outcome is None:
            return DONE
        try:
            revision, content = outcome.get()
        except RenderError as error:
            message = f"failed to load Helm repository from index YAML: {error.message}"
            return self._artifacts.failed(turn, "IndexationFailed", message)
        except LabError as error:
            message = f"failed to fetch Helm repository index: {error.message}"
            return self._artifacts.failed(turn, "Failed", message)
        status = dict(turn.obj.get("status") or {})
        if revision != stored:
            new = New(revision, f"index-{revision[7:]}.yaml", content, f"new index revision '{revision}'")
            kept = self._artifacts.keep(turn, new)
            if kept is None:
                return self._artifacts.later(turn)
            turn, status = kept
        event = f"stored fetched index of size {len(content)} from '{spec['url']}'"
        return self._artifacts.succeeded(turn, status, f"stored artifact: revision '{revision}'", event)


def fetched(url: str, credentials: Credentials, timeout: float) -> bytes:
    """What an address gives.

    Raises:
        LabError: Nothing, or too much.
    """
    request = urllib.request.Request(url, headers=basic(credentials))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            content: bytes = answer.read(_MOST + 1)
    except (OSError, HTTPException, ValueError) as error:
        code = getattr(error, "code", None)
        why = f"{code} {getattr(error, 'reason', '')}" if code else str(getattr(error, "reason", error))
        raise LabError(f"failed to fetch {url} : {why}") from error
    if len(content) > _MOST:
        raise LabError(f"{url} has more than {_MOST} bytes")
    return content


def _index(url: str, credentials: Credentials, timeout: float) -> tuple[str, bytes]:
    content = fetched(url, credentials, timeout)
    try:
        told, _ = load(content)
    except ValueError as error:
        raise RenderError(str(error)) from error
    if not isinstance(told, dict) or not isinstance(told.get("entries"), dict):
        raise RenderError("no API version specified")
    told.pop("generated", None)
    kept = json.dumps(told, sort_keys=True, default=str).encode()
    return f"sha256:{hashlib.sha256(kept).hexdigest()}", kept
