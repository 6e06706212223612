"""A push that Argo CD is told of: Applications and ApplicationSets that it concerns are refreshed at once.

``POST /api/webhook``. Only who has the token in ``argocd-secret`` is listened to, when there is one. Source:
``util/webhook/webhook.go``, ``applicationset/webhook``.

Simplified: of the senders only GitLab is known, and ``manifest-generate-paths`` is not looked at.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import NotFoundError
from gitopslab.gitops.argocd.applicationset.controller import REFRESH as REFRESH_SET
from gitopslab.gitops.argocd.kinds import APPLICATION_SETS, APPLICATIONS, NAMESPACE, REFRESH
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.gitops.argocd.sources import sources_of
from gitopslab.gitops.source.semver import Range, VersionError, parse
from gitopslab.machinery.objects import Object, name_of, namespace_of

PATH = "/hook/argocd"
"""Where the embedded cluster listens for it."""

SECRET, TOKEN = "argocd-secret", "webhook.gitlab.secret"
_EVENTS = ("Push Hook", "Tag Push Hook")


class _ConfigMaps:
    """The ConfigMaps of the cluster.

    Args:
        api: Argo CD's.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def get(self, name: str, namespace: str) -> Object | None:
        """The one of a name, or None."""
        try:
            return self._api.get("configmaps", name, namespace)
        except NotFoundError:
            return None


def received(api: Api, headers: Mapping[str, str], body: bytes) -> int:
    """Act on a call.

    Args:
        api: Argo CD's.
        headers: With names in lower case.
        body: GitLab's payload.

    Returns:
        200, or 400 for one that is not understood or does not show the token.
    """
    if headers.get("x-gitlab-event") not in _EVENTS or not _is_known(api, headers.get("x-gitlab-token", "")):
        return 400
    try:
        payload = json.loads(body)
        url, ref = str(payload["project"]["web_url"]), str(payload["ref"])
    except (ValueError, KeyError, TypeError):
        return 400
    is_default = payload["project"].get("default_branch") == _short(ref)
    settings = Settings(_ConfigMaps(api))
    for app in api.list(APPLICATIONS):
        is_looked_at = settings.may_have_applications(namespace_of(app))
        if is_looked_at and concerns(sources_of(app["spec"]), url, _short(ref), is_default=is_default):
            _refresh(api, APPLICATIONS, app, {REFRESH: "normal"})
    for appset in api.list(APPLICATION_SETS, NAMESPACE):
        if concerns(_looked_at(appset["spec"]["generators"]), url, _short(ref), is_default=is_default):
            _refresh(api, APPLICATION_SETS, appset, {REFRESH_SET: "true"})
    return 200


def concerns(sources: Iterable[Object], web_url: str, revision: str, *, is_default: bool) -> bool:
    """Whether a push moved what one of some sources follows.

    Args:
        sources: Each with its ``repoURL`` and ``targetRevision``.
        web_url: The repository's page, without ``.git``.
        revision: The branch or tag that was pushed.
        is_default: Whether it is the one that HEAD names.
    """
    address = _pattern(web_url)
    return address is not None and any(
        address.fullmatch(source.get("repoURL", "")) and _follows(source, revision, is_default=is_default)
        for source in sources
    )


def _follows(source: Object, revision: str, *, is_default: bool) -> bool:
    target = source.get("targetRevision") or "HEAD"
    if target == "HEAD":
        return is_default
    if target.startswith(("refs/heads/", "refs/tags/")):
        target = _short(target)
    if target == revision:
        return True
    version = parse(revision)
    try:
        return version is not None and version in Range.read(target)
    except VersionError:
        return False


def _pattern(web_url: str) -> re.Pattern[str] | None:
    """What a repository's URLs look like, whatever the protocol, the user and the port."""
    parts = urlsplit(web_url)
    if not parts.hostname:
        return None
    host, path = re.escape(parts.hostname), re.escape(parts.path.strip("/"))
    user = r"[\w.][\w.-]{0,30}[\w.$-]?@"
    return re.compile(rf"((https?|ssh)://)?({user})?((alt)?ssh\.)?{host}(:\d+)?[:/]{path}(\.git)?", re.IGNORECASE)


def _looked_at(generators: Iterable[Object]) -> Iterator[Object]:
    """What git generators read, those within others as well, as sources."""
    for generator in generators:
        git = generator.get("git")
        if git is not None:
            yield {"repoURL": git.get("repoURL", ""), "targetRevision": git.get("revision", "")}
        for kind in ("matrix", "merge"):
            yield from _looked_at((generator.get(kind) or {}).get("generators") or ())


def _refresh(api: Api, resource: str, obj: Object, annotations: dict[str, str]) -> None:
    try:
        api.patch(resource, name_of(obj), {"metadata": {"annotations": annotations}}, namespace_of(obj))
    except NotFoundError:
        return


def _is_known(api: Api, shown: str) -> bool:
    try:
        data = api.get("secrets", SECRET, NAMESPACE).get("data") or {}
    except NotFoundError:
        return False
    token = base64.b64decode(data.get(TOKEN, ""))
    return not token or hmac.compare_digest(shown.encode(), token)


def _short(ref: str) -> str:
    """``main`` of ``refs/heads/main``."""
    return ref.split("/", 2)[-1]
