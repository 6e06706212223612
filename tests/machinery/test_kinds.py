from __future__ import annotations

import json
from pathlib import Path

import pytest

from gitopslab.machinery.kinds import BUILT_IN, Catalog

FACTS = Path(__file__).parents[3] / "shared" / "reference" / "kubernetes-facts" / "discovery.json"


@pytest.mark.parametrize(
    ("word", "key"),
    [
        ("po", "pods"),
        ("Pod", "pods"),
        ("pods", "pods"),
        ("deploy", "deployments.apps"),
        ("deployments.apps", "deployments.apps"),
        ("deployment.v1.apps", "deployments.apps"),
        ("ing", "ingresses.networking.k8s.io"),
        ("sts", "statefulsets.apps"),
        ("ev", "events"),
    ],
)
def test_a_kind_is_found_by_every_spelling_kubectl_takes(word: str, key: str) -> None:
    found = Catalog().lookup(word)
    assert found is not None
    assert found.key == key


def test_an_unknown_word_finds_nothing() -> None:
    assert Catalog().lookup("widgets") is None
    assert Catalog().lookup("pods.apps") is None


def test_a_removed_type_is_no_longer_found() -> None:
    catalog = Catalog()
    pods = catalog.by_key("pods")
    assert pods is not None
    catalog.remove(pods)
    assert (catalog.by_key("pods"), catalog.by_kind("v1", "Pod"), catalog.at("", "v1", "pods")) == (None, None, None)


def real_resources() -> dict[tuple[str, str, str], dict[str, object]]:
    facts = json.loads(FACTS.read_text())
    found = {}
    for item in facts["api"]["items"] + facts["apis"]["items"]:
        for version in item["versions"]:
            for resource in version["resources"]:
                found[item["metadata"].get("name", ""), version["version"], resource["resource"]] = resource
    return found


@pytest.mark.skipif(not FACTS.exists(), reason="the facts of a real API server are not beside this checkout")
@pytest.mark.parametrize("resource", BUILT_IN, ids=lambda resource: str(resource.key))
def test_a_row_says_what_a_real_api_server_says(resource: object) -> None:
    from gitopslab.machinery.kinds import Resource

    assert isinstance(resource, Resource)
    real = real_resources()[resource.group, resource.version, resource.plural]
    subresources = real.get("subresources", [])
    assert isinstance(subresources, list)
    assert {
        "kind": resource.kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singular": resource.single,
        "short": list(resource.short_names),
        "categories": list(resource.categories),
        "verbs": sorted(resource.verbs),
        "subresources": sorted(
            (sub.name, sorted(sub.verbs), sub.kind or resource.kind) for sub in resource.subresources
        ),
    } == {
        "kind": real["responseKind"]["kind"],  # type: ignore[index]
        "scope": real["scope"],
        "singular": real["singularResource"],
        "short": real.get("shortNames", []),
        "categories": real.get("categories", []),
        "verbs": sorted(real["verbs"]),  # type: ignore[call-overload]
        "subresources": sorted(
            (sub["subresource"], sorted(sub["verbs"]), sub["responseKind"]["kind"]) for sub in subresources
        ),
    }
