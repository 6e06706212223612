"""``status.summary``: the images that run below an Application, its addresses, and whether it holds Applications.

Source: ``ApplicationTree.GetSummary`` in ``types.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitopslab.controlplane.runtime.informer import by_controller
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.gitops.argocd.kinds import GROUP
from gitopslab.gitops.argocd.nodes import images_of, networking_of
from gitopslab.gitops.argocd.state import Comparison
from gitopslab.machinery.objects import Object, uid_of

_BETWEEN = ("replicasets.apps", "jobs.batch")
"""Kinds between what is applied and its pods."""


def summary_of(comparison: Comparison, manager: Manager) -> Object:
    """What an Application is, in short; what is empty is left out.

    Args:
        comparison: With its resources.
        manager: Gives informers of what comes of them.
    """
    live = [each.live for each in comparison.resources if each.live is not None]
    images = {image for pod in _pods(live, manager) for image in images_of(pod)}
    urls = {url for obj in live for url in networking_of(obj).get("externalURLs") or ()}
    holds = any((each.key.group, each.key.kind) == (GROUP, "Application") for each in comparison.resources)
    found = {"images": sorted(images), "externalURLs": sorted(urls), "isAppOfApps": holds}
    return {name: value for name, value in found.items() if value}


def _pods(live: Iterable[Object], manager: Manager) -> Iterator[Object]:
    """The pods among objects, and those that come of them."""
    owners = []
    for obj in live:
        if (obj["apiVersion"], obj["kind"]) == ("v1", "Pod"):
            yield obj
        owners.append(uid_of(obj))
    for kind in _BETWEEN:
        informer = manager.informer(kind)
        owners += [uid_of(child) for uid in owners for child in informer.indexed(by_controller, uid)]
    pods = manager.informer("pods")
    for uid in owners:
        yield from pods.indexed(by_controller, uid)
