"""A provider that does not answer is asked again, later and later, until its time is up."""

from __future__ import annotations

import base64

import pytest
from ears import API, Ear, alert, provider
from flux_cluster import SYSTEM, Flux, config_map
from projects import Project

SOURCE = {"kind": "GitRepository", "name": "app"}
FAILED = "failed to send notification for GitRepository/flux-system/app: postMessage failed: "


def said(flux: Flux) -> list[str]:
    """What the alert says went wrong."""
    return [message.removeprefix(FAILED) for _, _, message in flux.events("Alert", "all")]


def sending(flux: Flux, project: Project, ear: Ear, status: int, **spec: str) -> None:
    """Have a new artifact told to an ear that answers like this."""
    ear.status = status
    provider(flux, ear, **spec)
    alert(flux, SOURCE)
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")


def test_it_is_asked_after_two_four_and_eight_seconds_and_given_up_after_fifteen(
    flux: Flux, project: Project, ear: Ear
) -> None:
    sending(flux, project, ear, 500)
    heard = [len(ear.heard)]
    for passing in (1.9, 0.2, 4.0, 8.0):
        flux.advance(passing)
        heard.append(len(ear.heard))
    assert heard == [1, 1, 2, 3, 4]
    assert said(flux) == []
    flux.advance(2)
    assert said(flux) == ["failed to execute request: context deadline exceeded"]
    flux.advance(60)
    assert len(ear.heard) == 4


def test_one_that_answers_later_is_told_once(flux: Flux, project: Project, ear: Ear) -> None:
    sending(flux, project, ear, 503)
    ear.status = 200
    flux.advance(60)
    assert len(ear.heard) == 2
    assert said(flux) == []


@pytest.mark.parametrize("status", [400, 401, 404, 501])
def test_one_that_refuses_is_not_asked_again(flux: Flux, project: Project, ear: Ear, status: int) -> None:
    sending(flux, project, ear, status)
    flux.advance(60)
    assert len(ear.heard) == 1
    assert said(flux) == [f"request failed: request failed with status code {status}: "]


def test_one_that_has_longer_is_given_up_after_five_times(flux: Flux, project: Project, ear: Ear) -> None:
    sending(flux, project, ear, 429, timeout="2m")
    flux.advance(100)
    assert len(ear.heard) == 5
    assert said(flux) == [f"failed to execute request: POST {ear.url} giving up after 5 attempt(s)"]


def test_one_that_is_not_there_is_given_up_when_its_time_is_up(flux: Flux, project: Project, ear: Ear) -> None:
    sending(flux, project, ear, 200, address="http://127.0.0.1:1/x", timeout="3s")
    assert said(flux) == []
    flux.advance(4)
    assert said(flux) == ["failed to execute request: context deadline exceeded"]


def test_others_do_not_wait_for_it(flux: Flux, project: Project, ear: Ear) -> None:
    wanted = {"type": "generic", "address": "http://127.0.0.1:1/x"}
    flux.create(API, "Provider", "deaf", wanted)
    alert(flux, SOURCE, name="deaf", providerRef={"name": "deaf"})
    sending(flux, project, ear, 200)
    assert len(ear.heard) == 1
    flux.advance(60)
    assert len(ear.heard) == 1


def slack(flux: Flux, project: Project, ear: Ear, status: int) -> None:
    """Have a new artifact told with a token to an ear that answers like this."""
    token = {"token": base64.b64encode(b"xoxb-1").decode()}
    metadata = {"name": "slack", "namespace": SYSTEM}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": token})
    sending(flux, project, ear, status, type="slack", secretRef={"name": "slack"})


def test_its_token_is_not_told(flux: Flux, project: Project, ear: Ear) -> None:
    ear.says = b"xoxb-1 is no token"
    slack(flux, project, ear, 401)
    assert said(flux) == ["request failed: request failed with status code 401: ***** is no token"]


def test_its_token_is_not_shown_to_whom_it_sends_us_on(flux: Flux, project: Project, ear: Ear) -> None:
    other = Ear()
    ear.location = other.url.replace("127.0.0.1", "localhost")
    slack(flux, project, ear, 302)
    other.server.shutdown()
    other.server.server_close()
    assert [sent["authorization"] for sent, _ in ear.heard] == ["Bearer xoxb-1"]
    assert [sent.get("authorization") for sent, _ in other.heard] == [None]


def test_a_provider_keeps_a_finalizer_while_it_is_there(flux: Flux, ear: Ear) -> None:
    provider(flux, ear)
    providers = "providers.notification.toolkit.fluxcd.io"
    assert flux.get(providers, "ear")["metadata"]["finalizers"] == ["finalizers.fluxcd.io"]
    flux.api.delete(providers, "ear", SYSTEM)
    flux.plane.settle()
    assert flux.find(providers, "ear", SYSTEM) is None
