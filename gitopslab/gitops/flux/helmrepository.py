"""HelmRepository: the index of a repository of charts is fetched once an interval, for HelmCharts to choose from.

One of type ``oci`` has no index, and so no status: its charts are tags of a registry.
"""

from __future__ import annotations

import hashlib
import urllib.request
from http.client import HTTPException

from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.dialling import reason
from gitopslab.gitops.flux.artifacts import Artifacts, New
from gitopslab.gitops.flux.credentials import Credentials, NoSecretError, basic, credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import HELM_REPOSITORIES
from gitopslab.gitops.flux.loop import Turn
from gitopslab.gitops.flux.surroundings import Surroundings, drop_finalizer, has_finalizer
from gitopslab.gitops.source.charts import stored_index
from gitopslab.machinery.objects import Object, name_of, namespace_of

_TIMEOUT = 60.0
_THOUSAND = 1000
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
            self._leave(obj)
            return DONE
        return self._artifacts.reconcile(request, self._fetch)

    def _leave(self, obj: Object) -> None:
        """Nothing is to be said of a repository without an index, not even what was said before."""
        if obj.get("status"):
            nothing = {"status": dict.fromkeys(obj["status"])}
            name, namespace = name_of(obj), namespace_of(obj)
            self._artifacts.loop.api.patch(HELM_REPOSITORIES, name, nothing, namespace, subresource="status")
        if has_finalizer(obj):
            drop_finalizer(self._artifacts.loop.api, HELM_REPOSITORIES, obj)

    def _fetch(self, turn: Turn) -> Result:
        spec = turn.obj["spec"]
        if spec["url"].startswith("oci://"):
            why = "'oci' URL scheme cannot be used with 'default' HelmRepository type"
            message = f"invalid Helm repository URL: {why}"
            return self._artifacts.failed(turn, "URLInvalid", message, is_stalled=True)
        try:
            credentials = credentials_of(self._artifacts.loop.api, turn.obj)
        except NoSecretError as error:
            where = f"{namespace_of(turn.obj)}/{spec['secretRef']['name']}"
            message = f"failed to get authentication secret '{where}': {error.why}"
            return self._artifacts.failed(turn, "AuthenticationFailed", message)
        url = self._given.url(spec["url"].rstrip("/") + "/index.yaml")
        timeout, stored = seconds(spec.get("timeout"), _TIMEOUT), self._artifacts.stored(turn.obj)
        what = (turn.cause, url, credentials, stored)
        outcome = self._given.work.ask(self.name, turn.request, what, lambda: _index(url, credentials, timeout))
        if outcome is None:
            return DONE
        try:
            revision, content = outcome.get()
        except RenderError as error:
            message = f"failed to load Helm repository from index YAML: failed to load index: {error.message}"
            return self._artifacts.failed(turn, "IndexationFailed", message)
        except LabError as error:
            why = error.message.replace(url, spec["url"].rstrip("/") + "/index.yaml")
            message = f"failed to fetch Helm repository index: failed to cache index to temporary file: {why}"
            return self._artifacts.failed(turn, "Failed", message)
        status = dict(turn.obj.get("status") or {})
        if revision != stored:
            new = New(revision, f"index-{revision[7:]}.yaml", content, f"new index revision '{revision}'")
            kept = self._artifacts.keep(turn, new)
            if kept is None:
                return self._artifacts.later(turn)
            turn, status = kept
            status["url"] = status["artifact"]["url"].rpartition("/")[0] + "/index.yaml"
        else:
            same = f"artifact up-to-date with remote revision: '{revision}'"
            self._artifacts.loop.event(turn.obj, "Normal", "ArtifactUpToDate", same)
        event = f"stored fetched index of size {_size(len(content))} from '{spec['url']}'"
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
        if code := getattr(error, "code", None):
            raise LabError(f"failed to fetch {url} : {code} {getattr(error, 'reason', '')}") from error
        why = reason(url, getattr(error, "reason", error))
        late = " (Client.Timeout exceeded while awaiting headers)" if why == "context deadline exceeded" else ""
        raise LabError(f'Get "{url}": {why}{late}') from error
    if len(content) > _MOST:
        raise LabError(f"{url} has more than {_MOST} bytes")
    return content


def _index(url: str, credentials: Credentials, timeout: float) -> tuple[str, bytes]:
    """The index's revision, which is that of its bytes, and itself as it is stored."""
    content = fetched(url, credentials, timeout)
    return f"sha256:{hashlib.sha256(content).hexdigest()}", stored_index(content)


def _size(number: float) -> str:
    """A number of bytes as Docker's units have it: four digits, by thousands."""
    units = iter(("B", "kB", "MB", "GB"))
    unit = next(units)
    while number >= _THOUSAND:
        number, unit = number / _THOUSAND, next(units)
    return f"{number:.4g}{unit}"
