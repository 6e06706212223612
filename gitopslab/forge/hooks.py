"""Webhooks: whoever asked is told of a push, in GitLab's words.

``app`` has it called after each push. Deliveries are made beside the push, which does not wait for them; one that
fails is noted in the log and not repeated.

Simplified: GitLab's payload also describes the project, the user and every commit; here is what a receiver looks at.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import urllib3

from gitopslab.forge.settings import Settings
from gitopslab.gitops.git.commits import Commits
from gitopslab.gitops.git.receive import RefUpdate
from gitopslab.gitops.git.repositories import Repositories
from gitopslab.gitops.place import git_url

_log = logging.getLogger(__name__)
_PATIENCE = 5.0
_AT_ONCE = 4


class Hooks:
    """The webhooks of a forge.

    Args:
        settings: Who wants to hear.
        url: Of the forge.
        repositories: Its projects.
    """

    def __init__(self, settings: Settings, url: str, repositories: Repositories) -> None:
        self._settings = settings
        self._url = url
        self._repositories = repositories
        self._pool = urllib3.PoolManager(timeout=_PATIENCE, retries=False)
        self._workers = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="hook")

    def pushed(self, project: str, updates: Sequence[RefUpdate]) -> None:
        """Tell of a push; returns at once."""
        settings = self._settings.of(project)
        for url, token in settings.hooks.items():
            pool = self._pool_for(settings.authorities.get(url, ""))
            bearer = settings.bearers.get(url, "")
            keys = {"X-Gitlab-Token": token, "Authorization": bearer and f"Bearer {bearer}"}
            for update in updates:
                if update.branch or update.tag:
                    self._workers.submit(self._deliver, pool, url, keys, self._payload(project, update))

    def close(self) -> None:
        """Deliver no more."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _pool_for(self, authority: str) -> urllib3.PoolManager:
        """Who calls a server with a certificate of its own, as a cluster's API has."""
        if not authority:
            return self._pool
        context = ssl.create_default_context(cadata=authority)
        return urllib3.PoolManager(timeout=_PATIENCE, retries=False, ssl_context=context)

    def _payload(self, project: str, update: RefUpdate) -> dict[str, Any]:
        return {
            "object_kind": "tag_push" if update.tag else "push",
            "event_name": "tag_push" if update.tag else "push",
            "before": update.before,
            "after": update.after,
            "ref": update.ref,
            "checkout_sha": None if update.is_removal else update.after,
            "project": {
                "path_with_namespace": project,
                "git_http_url": f"{self._url}/{project}.git",
                "web_url": git_url(project).removesuffix(".git"),  # receivers look for it in their manifests
                "default_branch": Commits(self._repositories.path(project)).default_branch(),
            },
        }

    def _deliver(self, pool: urllib3.PoolManager, url: str, keys: Mapping[str, str], payload: dict[str, Any]) -> None:
        event = "Tag Push Hook" if payload["object_kind"] == "tag_push" else "Push Hook"
        headers = {"X-Gitlab-Event": event, **{name: key for name, key in keys.items() if key}}
        try:
            answer = pool.request("POST", url, json=payload, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            _log.warning("hook %s of %s: %s", url, payload["project"]["path_with_namespace"], type(error).__name__)
        else:
            if answer.status >= 400:
                _log.warning("hook %s answered %s", url, answer.status)
