"""Secrets that ask for a service account's token get it, and go when the account goes."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

from gitopslab.machinery.objects import Object, annotations_of

if TYPE_CHECKING:
    from conftest import Cluster

TYPE = "kubernetes.io/service-account-token"
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot", "namespace": "default"}}


def secret(name: str = "t", account: str = "bot", **annotations: str) -> Object:
    notes = {"kubernetes.io/service-account.name": account, **annotations}
    metadata = {"name": name, "namespace": "default", "annotations": notes}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": TYPE}


def test_a_secret_is_filled(cluster: Cluster) -> None:
    account = cluster.create(ACCOUNT)
    cluster.create(secret())
    cluster.settle()
    found = cluster.get("secrets", "t")
    data = {key: b64decode(value).decode() for key, value in found["data"].items()}
    assert (data["ca.crt"], data["namespace"]) == ("CERTIFICATE", "default")
    assert data["token"].count(".") == 2
    assert annotations_of(found) == {
        "kubernetes.io/service-account.name": "bot",
        "kubernetes.io/service-account.uid": account["metadata"]["uid"],
    }


def test_settling_again_changes_nothing_and_a_lost_token_is_made_again(cluster: Cluster) -> None:
    cluster.create(ACCOUNT)
    cluster.create(secret())
    cluster.settle()
    before = cluster.get("secrets", "t")
    cluster.settle()
    assert cluster.get("secrets", "t") == before
    cluster.patch("secrets", "t", {"data": {"token": None}})
    assert cluster.get("secrets", "t")["data"]["token"]


def test_a_secret_goes_with_its_account(cluster: Cluster) -> None:
    cluster.create(ACCOUNT)
    cluster.create(secret())
    cluster.settle()
    cluster.delete("serviceaccounts", "bot")
    assert not cluster.has("secrets", "t")


def test_a_secret_for_nobody_goes_at_once(cluster: Cluster) -> None:
    cluster.create(ACCOUNT)
    cluster.create(secret("a", "nobody"))
    cluster.create(secret("b", "bot", **{"kubernetes.io/service-account.uid": "an older one"}))
    cluster.create({**secret("c", "nobody"), "type": "Opaque"})
    cluster.settle()
    assert cluster.names("secrets") == ["c"]


def test_an_account_forgets_a_secret_that_is_gone(cluster: Cluster) -> None:
    cluster.create({**ACCOUNT, "secrets": [{"name": "t"}, {"name": "other"}]})
    cluster.create(secret())
    cluster.settle()
    cluster.delete("secrets", "t")
    assert cluster.get("serviceaccounts", "bot")["secrets"] == [{"name": "other"}]
