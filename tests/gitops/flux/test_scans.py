"""Why an ImageRepository is scanned, what it says meanwhile, and what is an event."""

from __future__ import annotations

from typing import Any

import pytest
from flux_cluster import SYSTEM, Flux
from projects import Project
from published import publish
from serving_forge import ServedForge

from gitopslab.gitops.flux.notification import event_of, is_for

REPOSITORIES = "imagerepositories.image.toolkit.fluxcd.io"
POLICIES = "imagepolicies.image.toolkit.fluxcd.io"
IMAGE = "image.toolkit.fluxcd.io/v1"


@pytest.fixture
def name(flux: Flux, forge: ServedForge, project: Project) -> str:
    """An image with a tag, and an ImageRepository that is scanned every ten minutes."""
    publish(forge, project.path, "1.0.0")
    repository(flux, image := f"{forge.host}/{project.path}")
    return image


def repository(flux: Flux, image: str, name: str = "app", **spec: Any) -> None:
    flux.create(IMAGE, "ImageRepository", name, {"image": image, "interval": "10m"} | spec)


def ready(flux: Flux, name: str = "app") -> tuple[str, str, str]:
    found = flux.condition(REPOSITORIES, name)
    assert found is not None
    return found


def test_nothing_new_is_no_news(flux: Flux, name: str) -> None:
    first = ready(flux)[2]
    flux.request(REPOSITORIES, "app")
    said = flux.events("ImageRepository")
    assert said == [("Normal", "Succeeded", first), ("Normal", "Succeeded", "tags did not change, next scan in 10m0s")]
    alert = {
        "metadata": {"namespace": SYSTEM},
        "spec": {"eventSources": [{"kind": "ImageRepository", "name": "*"}]},
    }
    events = [each for each in flux.api.list("events", SYSTEM) if each["involvedObject"]["kind"] == "ImageRepository"]
    assert sorted(is_for(alert, event_of(each), dict) for each in events) == [False, True]


def test_another_interval_is_no_reason_to_scan(flux: Flux, name: str) -> None:
    before = flux.status(REPOSITORIES)["lastScanResult"]
    flux.advance(60)
    flux.change(REPOSITORIES, "app", {"interval": "5m"})
    assert flux.status(REPOSITORIES)["lastScanResult"] == before
    said = "no change in repository configuration since last scan, next scan in 4m0s"
    assert flux.events("ImageRepository")[-1] == ("Normal", "Succeeded", said)
    flux.advance(241)
    assert flux.status(REPOSITORIES)["lastScanResult"] != before


def test_another_exclusion_is_a_reason(flux: Flux, name: str) -> None:
    flux.advance(60)
    flux.change(REPOSITORIES, "app", {"exclusionList": ["^1"]})
    assert flux.status(REPOSITORIES)["lastScanResult"]["tagCount"] == 0
    assert "latestTags" not in flux.status(REPOSITORIES)["lastScanResult"]


def test_what_it_does_while_it_fails_stays_told(flux: Flux, forge: ServedForge) -> None:
    repository(flux, f"{forge.host}/waal/nothing-here")
    assert flux.condition(REPOSITORIES, kind="Reconciling") == ("True", "ProgressingWithRetry", "scanning: first scan")
    assert ready(flux)[1] == "ReadOperationFailed"


def test_another_image_keeps_what_was_scanned_until_it_is_there(flux: Flux, forge: ServedForge, name: str) -> None:
    policy = {"imageRepositoryRef": {"name": "app"}, "policy": {"semver": {"range": "1.x"}}}
    flux.create(IMAGE, "ImagePolicy", "app", policy)
    before = flux.status(POLICIES)["latestRef"]
    flux.change(REPOSITORIES, "app", {"image": f"{forge.host}/waal/nothing-here"})
    said = ("True", "ProgressingWithRetry", "scanning: new image name")
    assert flux.condition(REPOSITORIES, kind="Reconciling") == said
    assert flux.status(POLICIES)["latestRef"] == before, "policies follow scans only"


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("https://x.org/y", "image 'https://x.org/y' should not include URL scheme; remove 'https://'"),
        ("x.org/y:1.0", "image 'x.org/y:1.0' should not include a tag; remove ':1.0'"),
        ("x.org/y:1:2", "could not parse reference: x.org/y:1:2"),
        ("x.org/Y", "could not parse reference: x.org/Y"),
    ],
)
def test_an_image_that_is_none_stalls(flux: Flux, image: str, why: str) -> None:
    repository(flux, image)
    assert ready(flux) == ("False", "ImageURLInvalid", why)
    assert flux.condition(REPOSITORIES, kind="Stalled") == ("True", "ImageURLInvalid", why)


def test_who_asks_must_be_known(flux: Flux, name: str) -> None:
    doing = "failed to configure authentication options: "
    repository(flux, name, "secret", secretRef={"name": "none"})
    assert ready(flux, "secret") == ("False", "AuthenticationFailed", f'{doing}secrets "none" not found')
    repository(flux, name, "account", serviceAccountName="none")
    missing = f"{doing}serviceaccount '{SYSTEM}/none' not found"
    assert ready(flux, "account") == ("False", "AuthenticationFailed", missing)


def test_an_exclusion_that_is_no_expression_is_told(flux: Flux, name: str) -> None:
    repository(flux, name, "odd", exclusionList=["["])
    why = "scan failed: failed to compile regex [: error parsing regexp: missing closing ]: `[`"
    assert ready(flux, "odd") == ("False", "ReadOperationFailed", why)


def test_a_deleted_repository_takes_its_tags_along(flux: Flux, name: str) -> None:
    flux.api.delete(REPOSITORIES, "app", SYSTEM)
    flux.plane.settle()
    repository(flux, name, exclusionList=["."])
    policy = {"imageRepositoryRef": {"name": "app"}, "policy": {"semver": {"range": "1.x"}}}
    flux.create(IMAGE, "ImagePolicy", "app", policy)
    found = flux.condition(POLICIES)
    assert found is not None
    assert found[1] == "DependencyNotReady"
