"""Loops of list, watch and list again, as informers do them, with the official ``kubernetes`` client."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import exceptions
from kubernetes.dynamic import DynamicClient
from kubernetes.informer import SharedInformer
from watching import events

pytestmark = pytest.mark.process

_END = "k8s.io/initial-events-end"


def put(core: client.CoreV1Api, namespace: str, name: str, value: str = "v", **labels: str) -> None:
    body = {"metadata": {"name": name, "labels": labels}, "data": {"k": value}}
    core.create_namespaced_config_map(namespace, body, _preload_content=False)


def take(found: Iterator[dict[str, Any]], count: int) -> list[tuple[str, str]]:
    return [(event["type"], event["object"].metadata.name) for event in islice(found, count)]


@pytest.fixture
def informer(core: client.CoreV1Api, namespace: str, caplog: pytest.LogCaptureFixture) -> Iterator[SharedInformer]:
    """An informer of the ConfigMaps labelled ``mine``, not started yet."""
    caplog.set_level(logging.CRITICAL, "kubernetes.informer")  # it logs every broken connection as an error
    made = SharedInformer(core.list_namespaced_config_map, namespace=namespace, label_selector="mine=yes")
    yield made
    made.stop()


class Arrivals:
    """What an informer told, and a way to wait for it."""

    def __init__(self, informer: SharedInformer) -> None:
        self.told: list[tuple[str, str]] = []
        self._news = threading.Condition()
        for kind in ("ADDED", "MODIFIED", "DELETED"):
            informer.add_event_handler(kind, lambda obj, kind=kind: self._tell(kind, obj.metadata.name))

    def _tell(self, kind: str, name: str) -> None:
        with self._news:
            self.told.append((kind, name))
            self._news.notify_all()

    def until(self, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
        with self._news:
            assert self._news.wait_for(lambda: set(wanted) <= set(self.told), timeout=60), self.told
            return self.told


def test_what_is_written_between_list_and_watch_is_not_missed(core: client.CoreV1Api, namespace: str) -> None:
    put(core, namespace, "listed")
    listed = core.list_namespaced_config_map(namespace)
    put(core, namespace, "between")
    stream = events(
        core.list_namespaced_config_map, namespace, resource_version=listed.metadata.resource_version,
        field_selector="metadata.name!=kube-root-ca.crt",
    )  # fmt: skip
    assert take(stream, 1) == [("ADDED", "between")]
    put(core, namespace, "live")
    core.patch_namespaced_config_map("listed", namespace, {"data": {"k": "w"}})
    core.delete_namespaced_config_map("between", namespace)
    assert take(stream, 3) == [("ADDED", "live"), ("MODIFIED", "listed"), ("DELETED", "between")]


def test_a_broken_watch_goes_on_where_it_was(core: client.CoreV1Api, namespace: str) -> None:
    put(core, namespace, "a", mine="yes")
    stream = events(core.list_namespaced_config_map, namespace, label_selector="mine=yes")
    seen = next(stream)["object"].metadata.resource_version
    stream.close()  # breaks the connection off
    put(core, namespace, "b", mine="yes")
    again = events(core.list_namespaced_config_map, namespace, label_selector="mine=yes", resource_version=seen)
    assert take(again, 1) == [("ADDED", "b")]


def test_a_selector_turns_changes_of_labels_into_arrivals_and_departures(
    core: client.CoreV1Api, namespace: str
) -> None:
    listed = core.list_namespaced_config_map(namespace)
    stream = events(
        core.list_namespaced_config_map, namespace, label_selector="mine=yes",
        resource_version=listed.metadata.resource_version,
    )  # fmt: skip
    put(core, namespace, "a")
    for value in ("yes", "no"):
        core.patch_namespaced_config_map("a", namespace, {"metadata": {"labels": {"mine": value}}})
    seen = [next(stream), next(stream)]
    assert [event["type"] for event in seen] == ["ADDED", "DELETED"]
    assert seen[1]["object"].metadata.labels == {"mine": "yes"}


def test_a_watch_ends_by_itself_when_its_time_is_over(core: client.CoreV1Api, namespace: str) -> None:
    assert list(events(core.list_namespaced_secret, namespace, timeout_seconds=1)) == []


def test_initial_events_are_followed_by_the_bookmark_that_ends_them(
    official: client.ApiClient, core: client.CoreV1Api, namespace: str
) -> None:
    for name in "ab":
        put(core, namespace, name, mine="yes")
    maps = DynamicClient(official).resources.get(api_version="v1", kind="ConfigMap")
    stream = maps.watch(
        namespace=namespace, label_selector="mine=yes", allow_watch_bookmarks=True, send_initial_events=True,
        resource_version_match="NotOlderThan", timeout=60,
    )  # fmt: skip
    first, second, bookmark = (next(stream) for _ in range(3))
    assert [first["object"].metadata.name, second["object"].metadata.name] == ["a", "b"]
    assert bookmark["type"] == "BOOKMARK"
    metadata = bookmark["raw_object"]["metadata"]
    assert metadata["annotations"] == {_END: "true"}
    assert int(metadata["resourceVersion"]) >= int(second["object"].metadata.resourceVersion)
    stream.close()


def test_an_informer_keeps_a_cache_that_follows_every_change(
    core: client.CoreV1Api, namespace: str, informer: SharedInformer
) -> None:
    put(core, namespace, "before", mine="yes")
    arrivals = Arrivals(informer)
    informer.start()
    arrivals.until(("ADDED", "before"))
    put(core, namespace, "other")
    put(core, namespace, "after", mine="yes")
    core.patch_namespaced_config_map("before", namespace, {"data": {"k": "changed"}})
    core.delete_namespaced_config_map("after", namespace)
    told = arrivals.until(("DELETED", "after"))
    assert told == [("ADDED", "before"), ("ADDED", "after"), ("MODIFIED", "before"), ("DELETED", "after")]
    assert [(kept.metadata.name, kept.data) for kept in informer.cache.list()] == [("before", {"k": "changed"})]


def test_history_that_is_gone_makes_everybody_list_again(
    core: client.CoreV1Api, namespace: str, informer: SharedInformer, forget_history: Callable[[], None]
) -> None:
    put(core, namespace, "kept", mine="yes")
    arrivals = Arrivals(informer)
    informer.start()
    arrivals.until(("ADDED", "kept"))
    listed = core.list_namespaced_config_map(namespace)
    chunk = core.list_namespaced_config_map(namespace, limit=1)
    put(core, namespace, "meanwhile", mine="yes")
    forget_history()

    with pytest.raises(exceptions.ApiException) as gone:
        next(events(core.list_namespaced_config_map, namespace, resource_version=listed.metadata.resource_version))
    assert gone.value.status == 410
    assert gone.value.reason.startswith("Expired: too old resource version: ")
    with pytest.raises(exceptions.ApiException) as expired:
        core.list_namespaced_config_map(namespace, limit=1, _continue=chunk.metadata._continue)
    assert expired.value.status == 410

    put(core, namespace, "later", mine="yes")
    arrivals.until(("ADDED", "meanwhile"), ("ADDED", "later"))
    assert sorted(kept.metadata.name for kept in informer.cache.list()) == ["kept", "later", "meanwhile"]
