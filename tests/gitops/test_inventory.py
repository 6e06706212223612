"""Ids in the inventory of a Kustomization."""

from __future__ import annotations

import pytest
from builders import RBAC

from gitopslab.gitops.inventory import Entry, entries_of, inventory_of, missing
from gitopslab.machinery.objects import Object


def obj(version: str, kind: str, name: str, namespace: str = "") -> Object:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


ROWS = [
    (obj("v1", "Service", "podinfo", "default"), "default_podinfo__Service", "v1"),
    (obj("v1", "Namespace", "demo"), "_demo__Namespace", "v1"),
    (obj("apps/v1", "Deployment", "web", "shop"), "shop_web_apps_Deployment", "v1"),
    (obj("autoscaling/v2", "HorizontalPodAutoscaler", "a", "b"), "b_a_autoscaling_HorizontalPodAutoscaler", "v2"),
    (obj(f"{RBAC}/v1", "ClusterRole", "system:x"), f"_system__x_{RBAC}_ClusterRole", "v1"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "id", "version"), ROWS)
def test_an_id_has_four_parts_and_leads_back(what: Object, id: str, version: str) -> None:
    entry = Entry.of(what)
    assert (entry.id, entry.version) == (id, version)
    assert entry.object == what


def test_another_version_is_the_same_object() -> None:
    old, new = [Entry("a_b_c_D", "v1")], [Entry("a_b_c_D", "v2")]
    assert missing(old, new) == []


def test_an_inventory_is_read_as_it_was_written() -> None:
    entries = [Entry("a_b_c_D", "v1")]
    assert entries_of(inventory_of(entries)) == entries
    assert entries_of(None) == []
