"""What is sent along with an event: metadata of the alert and of the controller, and headers of the provider."""

from __future__ import annotations

import base64

from ears import Ear, alert, provider
from flux_cluster import SYSTEM, Flux, config_map
from projects import Project

SOURCE = {"kind": "GitRepository", "name": "app"}


def told(flux: Flux, project: Project) -> str:
    """Have a new artifact told; its revision."""
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    return f"main@sha1:{commit}"


def test_what_is_said_twice_is_said_by_the_controller_and_told_on_the_alert(
    flux: Flux, project: Project, ear: Ear
) -> None:
    provider(flux, ear)
    alert(flux, SOURCE, eventMetadata={"revision": "mine", "env": "dev"})
    revision = told(flux, project)
    (event,) = ear.events
    assert (event["metadata"]["revision"], event["metadata"]["env"]) == (revision, "dev")
    (said,) = [each for each in flux.api.list("events", SYSTEM) if each["reason"] == "MetadataAppendFailed"]
    assert said["message"].startswith("metadata key conflicts detected")
    both = "Alert object .spec.eventMetadata, involved object controller metadata"
    assert said["metadata"]["annotations"] == {"revision": both}


def test_a_summary_beside_one_in_the_metadata_wins(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux, SOURCE, summary="short", eventMetadata={"summary": "other"})
    told(flux, project)
    (event,) = ear.events
    assert event["metadata"]["summary"] == "short"
    assert [reason for _, reason, _ in flux.events("Alert", "all")] == ["MetadataAppendFailed"]


def test_headers_of_the_secret_come_along(flux: Flux, project: Project, ear: Ear) -> None:
    text = base64.b64encode(b"X-Custom: mine\nX-Number: 3\nX-Truth: yes\n").decode()
    metadata = {"name": "more", "namespace": SYSTEM}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"headers": text}})
    provider(flux, ear, secretRef={"name": "more"})
    alert(flux, SOURCE)
    told(flux, project)
    ((headers, _),) = ear.heard
    assert [headers[name] for name in ("x-custom", "x-number", "x-truth")] == ["mine", "3", "true"]
    assert headers["gotk-component"] == "source-controller"


def test_patterns_that_are_none_are_told_and_fit_nothing(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux, SOURCE, inclusionList=["["])
    alert(flux, SOURCE, name="other", exclusionList=["("])
    told(flux, project)
    assert flux.events("Alert", "all") == [("Warning", "InvalidConfig", "failed to compile inclusion regex: [")]
    assert flux.events("Alert", "other") == [("Warning", "InvalidConfig", "failed to compile exclusion regex: (")]
    assert len(ear.heard) == 1


def test_a_pattern_that_fits_before_one_that_is_none_is_enough(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux, SOURCE, inclusionList=["stored .*", "["])
    told(flux, project)
    assert flux.events("Alert", "all") == []
    assert len(ear.heard) == 1
