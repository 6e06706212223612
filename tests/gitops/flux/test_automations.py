"""What an ImageUpdateAutomation says of what it cannot do, and how it recovers."""

from __future__ import annotations

from typing import Any

import pytest
from flux_cluster import GIT, SYSTEM, Flux
from projects import Project

AUTOMATIONS = "imageupdateautomations.image.toolkit.fluxcd.io"
AUTHOR = {"commit": {"author": {"email": "flux@example.com"}}}


def automation(flux: Flux, **spec: Any) -> None:
    wanted = {"interval": "30m", "sourceRef": {"kind": "GitRepository", "name": "app"}, "git": AUTHOR} | spec
    said = {key: value for key, value in wanted.items() if value is not None}
    flux.create("image.toolkit.fluxcd.io/v1", "ImageUpdateAutomation", "app", said)


def condition(flux: Flux, kind: str = "Ready") -> tuple[str, str, str]:
    found = flux.condition(AUTOMATIONS, kind=kind)
    assert found is not None
    return found


@pytest.mark.parametrize(("spec", "reason", "words"), [
    ({"git": None}, "InvalidSourceConfiguration", "invalid source configuration"),
    ({"policySelector": {"matchLabels": {"too-long-" + "0" * 63: ""}}}, "InvalidPolicySelector",
     "failed to parse policy selector"),
])  # fmt: skip
def test_a_spec_that_is_wrong_stalls(flux: Flux, spec: dict[str, Any], reason: str, words: str) -> None:
    automation(flux, **spec)
    for kind, status in (("Ready", "False"), ("Stalled", "True")):
        found = condition(flux, kind)
        assert found[:2] == (status, reason)
        assert words in found[2]


def test_a_source_that_is_not_there_is_tried_again(flux: Flux, project: Project) -> None:
    automation(flux)
    assert condition(flux)[:2] == ("False", "SourceManagerFailed")
    assert "not found" in condition(flux)[2]
    assert condition(flux, "Reconciling")[:2] == ("True", "ProgressingWithRetry")
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    flux.advance(120)
    assert condition(flux) == ("True", "Succeeded", "repository up-to-date")


def test_a_branch_that_is_not_there_is_a_git_failure(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    automation(flux, git={**AUTHOR, "checkout": {"ref": {"branch": "nowhere"}}})
    assert condition(flux)[:2] == ("False", "GitOperationFailed")
    assert condition(flux, "Reconciling")[:2] == ("True", "ProgressingWithRetry")


def test_a_secret_that_is_missing_fails_and_mends(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    automation(flux)
    assert condition(flux)[0] == "True"
    flux.change(GIT, "app", {"secretRef": {"name": "nothing"}})
    flux.request(AUTOMATIONS, "app", "once")
    assert condition(flux)[0] == "False"
    flux.change(GIT, "app", {"secretRef": None})
    flux.request(AUTOMATIONS, "app", "again")
    assert condition(flux)[0] == "True"
    assert flux.get(AUTOMATIONS, "app", SYSTEM)["status"]["lastHandledReconcileAt"] == "again"


def test_being_well_again_is_an_event(flux: Flux, project: Project) -> None:
    automation(flux)
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    flux.advance(120)
    told = flux.events("ImageUpdateAutomation")
    assert told[0][:2] == ("Warning", "SourceManagerFailed")
    assert told[-1] == ("Normal", "Succeeded", "repository up-to-date")


def test_an_update_path_that_is_not_there_is_told(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    automation(flux, update={"path": "./nowhere", "strategy": "Setters"})
    found = condition(flux)
    assert found[:2] == ("False", "UpdateFailed")
    assert found[2].startswith("failed to apply policies: ")


def test_a_run_that_fails_is_a_run(flux: Flux) -> None:
    automation(flux)
    first = flux.status(AUTOMATIONS)["lastAutomationRunTime"]
    flux.advance(600)
    assert flux.status(AUTOMATIONS)["lastAutomationRunTime"] > first


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        (None, {"identity": "eA=="}, "signing key secret 'key' does not contain a 'git.asc' key"),
        ("ssh", {"git.asc": "eA=="}, "signing key secret 'key' does not contain an 'identity' key"),
        ("ssh", None, "could not find signing key secret 'key': secrets \"key\" not found"),
        ("gpg", {"git.asc": "eA=="}, "could not read signing key from secret 'key': the lab signs no commits"),
        ("ssh", {"identity": "eA=="}, "could not parse SSH signing key from secret 'key': the lab signs no commits"),
    ],
)
def test_a_commit_that_is_to_be_signed_is_not_made(
    flux: Flux, project: Project, kind: str | None, data: dict[str, str] | None, message: str
) -> None:
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    if data is not None:
        metadata = {"name": "key", "namespace": SYSTEM}
        flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    key = {"secretRef": {"name": "key"}} | ({"type": kind} if kind else {})
    automation(flux, git={"commit": {**AUTHOR["commit"], "signingKey": key}})
    words = f"failed configuring source manager: {message}"
    assert condition(flux) == ("False", "SourceManagerFailed", words)
