"""What Flux says is sent to the provider of an Alert, once, and only what the Alert asks for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import pytest
from ears import Ear, alert, provider
from flux_cluster import GIT, KS, SYSTEM, Flux, config_map
from projects import Project

from gitopslab.machinery.clock import timestamp

DOING = "failed to initialize notifier for provider 'ear': failed to initialize notifier: "


def failing(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", "nowhere")})
    flux.repository(project.url)
    flux.kustomization(retryInterval="1m")


def working(flux: Flux, project: Project) -> str:
    commit = project.commit({"a.yaml": config_map("a")}, "Add a")
    flux.repository(project.url)
    flux.kustomization()
    return commit


def test_an_event_is_posted_as_flux_has_it(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux)
    commit = working(flux, project)
    stored, applied, finished = ear.events
    assert stored["involvedObject"]["kind"] == "GitRepository"
    assert (stored["severity"], stored["reason"]) == ("info", "NewArtifact")
    assert stored["message"] == "stored artifact for commit 'Add a'"
    assert stored["metadata"] == {"revision": f"main@sha1:{commit}",
                                  "digest": flux.status(GIT)["artifact"]["digest"]}  # fmt: skip
    assert stored["reportingController"] == "source-controller"
    assert applied["message"] == "ConfigMap/default/a created"
    assert applied["involvedObject"] | {"namespace": SYSTEM, "name": "app"} == applied["involvedObject"]
    assert finished["reason"] == "ReconciliationSucceeded"
    headers, _ = ear.heard[1]
    assert headers["gotk-component"] == "kustomize-controller"
    assert headers["content-type"] == "application/json"


def test_only_errors_where_only_those_are_asked_for(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux, eventSeverity="error")
    failing(flux, project)
    (event,) = ear.events
    assert (event["severity"], event["reason"]) == ("error", "ReconciliationFailed")


def test_the_same_is_told_again_only_after_five_minutes(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux, eventSeverity="error")
    failing(flux, project)
    flux.advance(250)
    assert len(ear.heard) == 1
    flux.advance(120)
    assert len(ear.heard) == 2


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ({"kind": "Kustomization", "name": "app"}, 2),
        ({"kind": "Kustomization", "name": "other"}, 0),
        ({"kind": "Kustomization", "name": "*", "namespace": "elsewhere"}, 0),
        ({"kind": "Kustomization", "name": "*", "matchLabels": {"team": "waal"}}, 0),
        ({"kind": "GitRepository", "name": "*"}, 1),
    ],
)
def test_an_alert_names_its_sources(flux: Flux, project: Project, ear: Ear, source: dict[str, Any], count: int) -> None:
    provider(flux, ear)
    alert(flux, source)
    working(flux, project)
    assert len(ear.heard) == count


def test_labels_of_the_object_choose(flux: Flux, project: Project, ear: Ear) -> None:
    working(flux, project)
    flux.api.patch(KS, "app", {"metadata": {"labels": {"team": "waal"}}}, SYSTEM)
    provider(flux, ear)
    alert(flux, {"kind": "Kustomization", "name": "*", "matchLabels": {"team": "waal"}})
    flux.advance(1)
    project.commit({"b.yaml": config_map("b")})
    flux.sync()
    assert ear.events[0]["message"] == "ConfigMap/default/b created"


def test_messages_can_be_included_and_excluded(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    alert(flux, inclusionList=["created$", "finished", "("], exclusionList=["^Reconciliation"])
    working(flux, project)
    assert [event["message"] for event in ear.events] == ["ConfigMap/default/a created"]


def test_an_alert_adds_what_it_knows(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear)
    more = {"cluster": "lab", "revision": "mine"}
    alert(flux, {"kind": "GitRepository", "name": "app"}, eventMetadata=more, summary="The lab's")
    commit = working(flux, project)
    told = ear.events[0]["metadata"]
    assert told["cluster"] == "lab"
    assert told["summary"] == "The lab's"
    assert told["revision"] == f"main@sha1:{commit}", "the controller knows best"


def test_what_is_suspended_tells_nothing(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear, suspend=True)
    alert(flux)
    working(flux, project)
    flux.change("providers.notification.toolkit.fluxcd.io", "ear", {"suspend": False})
    flux.change("alerts.notification.toolkit.fluxcd.io", "all", {"suspend": True})
    project.commit({"b.yaml": config_map("b")})
    flux.sync()
    assert ear.heard == []


def test_what_was_said_before_is_not_told(flux: Flux, project: Project, ear: Ear) -> None:
    working(flux, project)
    flux.advance(5)
    provider(flux, ear)
    alert(flux)
    flux.advance(5)
    assert ear.heard == []


def test_a_secret_signs_and_names_the_address(flux: Flux, project: Project, ear: Ear) -> None:
    data = {"token": "s3cret", "address": ear.url}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": "hook", "namespace": SYSTEM}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})
    provider(flux, ear, type="generic-hmac", address="http://127.0.0.1:9/", secretRef={"name": "hook"})
    alert(flux)
    working(flux, project)
    headers, body = ear.heard[0]
    assert headers["x-signature"] == f"sha256={hmac.new(b's3cret', body, hashlib.sha256).hexdigest()}"
    assert b"s3cret" not in body


def test_slack_gets_what_it_shows(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear, type="slack", channel="general")
    alert(flux, {"kind": "Kustomization", "name": "app"}, eventSeverity="error")
    failing(flux, project)
    (message,) = ear.events
    assert (message["channel"], message["username"]) == ("general", "kustomize-controller")
    (attachment,) = message["attachments"]
    assert (attachment["color"], attachment["author_name"]) == ("danger", "kustomization/app.flux-system")
    assert 'namespaces "nowhere" not found' in attachment["text"]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"address": "nonsense"}, f'{DOING}invalid hook URL nonsense: parse "nonsense": invalid URI for request'),
        ({"address": ""}, f'{DOING}invalid hook URL : parse "": empty url'),
        ({"type": "slack", "address": ""}, f"{DOING}invalid Slack hook URL : 'parse \"\": empty url'"),
        ({"type": "generic-hmac"}, f"{DOING}HMAC key is empty"),
        ({"type": "matrix"}, f"{DOING}provider type matrix is not one"),
        (
            {"secretRef": {"name": "none"}},
            "failed to initialize notifier for provider 'ear': failed to get secret 'flux-system/none': secrets",
        ),
    ],
)
def test_a_provider_that_is_wrong_is_told_on_the_alert(
    flux: Flux, project: Project, ear: Ear, spec: dict[str, Any], why: str
) -> None:
    provider(flux, ear, **spec)
    alert(flux, {"kind": "GitRepository", "name": "app"})
    working(flux, project)
    ((kind, reason, message),) = flux.events("Alert", "all")
    assert (kind, reason) == ("Warning", "NotificationDispatchFailed")
    assert message.startswith(f"failed to dispatch notification for GitRepository/flux-system/app: {why}")


def test_a_provider_that_is_not_there_is_told_on_the_alert(flux: Flux, project: Project, ear: Ear) -> None:
    alert(flux, {"kind": "GitRepository", "name": "app"})
    working(flux, project)
    ((_, reason, message),) = flux.events("Alert", "all")
    assert reason == "NotificationDispatchFailed"
    assert 'failed to read provider: Provider.notification.toolkit.fluxcd.io "ear" not found' in message


def test_an_event_that_says_little_harms_nobody(flux: Flux, project: Project, ear: Ear) -> None:
    provider(flux, ear, type="slack")
    alert(flux)
    about = {"kind": "Kustomization", "name": "app", "namespace": SYSTEM,
             "apiVersion": "kustomize.toolkit.fluxcd.io/v1"}  # fmt: skip
    for name, more in (("bare", {}), ("timed", {"lastTimestamp": timestamp(flux.clock.now())})):
        metadata = {"name": name, "namespace": SYSTEM}
        flux.api.create({"apiVersion": "v1", "kind": "Event", "metadata": metadata, "involvedObject": about, **more})
    flux.plane.settle()
    before = len(ear.heard)
    working(flux, project)
    assert len(ear.heard) == before + 2, "that all is well is told to programs alone"


@pytest.mark.parametrize(("kind", "is_told"), [("generic", True), ("slack", False)])
def test_that_a_reconciliation_finished_is_told_to_programs_alone(
    flux: Flux, project: Project, ear: Ear, kind: str, is_told: bool
) -> None:
    provider(flux, ear, type=kind)
    alert(flux, {"kind": "Kustomization", "name": "app"})
    working(flux, project)
    said = [body.decode() for _, body in ear.heard]
    assert any("ConfigMap/default/a created" in body for body in said)
    assert any("Reconciliation finished" in body for body in said) is is_told
    assert any('"commit_status":"update"' in body for body in said) is is_told
