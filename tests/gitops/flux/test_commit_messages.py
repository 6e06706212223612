"""The template of a commit's message, where it is none or names what is not there; and other words of a failing run."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flux_cluster import SYSTEM, Flux
from projects import Project
from published import publish
from serving_forge import ServedForge

AUTOMATIONS = "imageupdateautomations.image.toolkit.fluxcd.io"
IMAGE = "image.toolkit.fluxcd.io/v1"
RUN = "failed to run template from spec: template: commit message:"


def automation(flux: Flux, forge: ServedForge, project: Project, git: dict[str, Any], **spec: Any) -> None:
    """Have an image that is marked in a project updated like this."""
    name = f"{forge.host}/{project.path}"
    publish(forge, project.path, "1.1.0")
    mark = '{"$imagepolicy": "flux-system:app"}'
    project.commit({"a.yaml": f"kind: Web\nmetadata: {{name: web}}\nimage: {name}:1.0.0 # {mark}\n"})
    flux.create(IMAGE, "ImageRepository", "app", {"image": name, "interval": "1h"})
    policy = {"imageRepositoryRef": {"name": "app"}, "policy": {"semver": {"range": "1.x"}}}
    flux.create(IMAGE, "ImagePolicy", "app", policy)
    data = {"username": "git", "password": project.token}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": "creds", "namespace": SYSTEM}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})
    flux.repository(project.url, interval="1h", secretRef={"name": "creds"})
    commit = {"author": {"email": "flux@example.com"}} | git.pop("commit", {})
    wanted = {"interval": "1h", "sourceRef": {"kind": "GitRepository", "name": "app"}, "git": {"commit": commit, **git}}
    flux.create(IMAGE, "ImageUpdateAutomation", "app", wanted | spec)


@pytest.mark.parametrize(
    ("template", "why"),
    [
        pytest.param(
            "{{ .Foo",
            "unable to create commit message template from spec: template: commit message:1: unclosed action",
            id="unclosed",
        ),
        pytest.param(
            "One\n{{ .Foo",
            "unable to create commit message template from spec: template: commit message:2: unclosed action",
            id="unclosed on the second line",
        ),
        pytest.param(
            "{{ .Foo }}",
            f'{RUN}1:3: executing "commit message" at <.Foo>: can\'t evaluate field Foo in type source.TemplateData',
            id="no such field",
        ),
        pytest.param(
            "One\n{{ .AutomationObject.Foo }}",
            f'{RUN}2:20: executing "commit message" at <.AutomationObject.Foo>: '
            "can't evaluate field Foo in type types.NamespacedName",
            id="no such field of a field",
        ),
    ],
)
def test_a_template_that_does_not_work_is_told_as_go_tells_it(
    flux: Flux, forge: ServedForge, project: Project, template: str, why: str
) -> None:
    automation(flux, forge, project, {"commit": {"messageTemplate": template}})
    assert flux.condition(AUTOMATIONS) == ("False", "GitOperationFailed", f"failed to update source: {why}")
    begun = ("True", "ProgressingWithRetry", "processing object: new generation -1 -> 1")
    assert flux.condition(AUTOMATIONS, kind="Reconciling") == begun
    assert project.message() == "Change"


def test_a_branch_that_is_not_there_is_missed_after_the_clone(flux: Flux, forge: ServedForge, project: Project) -> None:
    automation(flux, forge, project, {"checkout": {"ref": {"branch": "nowhere"}}})
    why = f"failed to checkout source: unable to clone '{project.url}': reference not found"
    assert flux.condition(AUTOMATIONS) == ("False", "GitOperationFailed", why)


def test_a_path_that_is_not_there_is_told_with_where_it_was_looked_for(
    flux: Flux, forge: ServedForge, project: Project
) -> None:
    automation(flux, forge, project, {}, update={"path": "./nowhere", "strategy": "Setters"})
    found = flux.condition(AUTOMATIONS)
    assert found is not None
    assert found[:2] == ("False", "UpdateFailed")
    assert found[2].startswith("failed to apply policies: walking path for files: lstat ")
    assert f"/{SYSTEM}-app" in found[2]
    assert found[2].endswith("/nowhere: no such file or directory")


def test_a_run_that_finds_everything_as_it_was_says_so(flux: Flux, forge: ServedForge, project: Project) -> None:
    automation(flux, forge, project, {})
    flux.request(AUTOMATIONS, "app")
    said = [message.partition("\n")[0] for _, _, message in flux.events("ImageUpdateAutomation")]
    assert said[0].startswith("pushed commit '")
    assert said[-1] == "no change since last reconciliation"


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ({"operator": "In"}, "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty"),
        (
            {"operator": "Exists", "values": ["a"]},
            'values: Invalid value: ["a"]: values set must be empty for exists and does not exist',
        ),
        ({"operator": "Near"}, '"Near" is not a valid label selector operator'),
    ],
)
def test_a_selector_that_is_none_stalls(
    flux: Flux, forge: ServedForge, project: Project, expression: dict[str, Any], why: str
) -> None:
    selector = {"matchExpressions": [{"key": "team", **expression}]}
    automation(flux, forge, project, {}, policySelector=selector)
    message = f"failed to parse policy selector: {why}"
    assert flux.condition(AUTOMATIONS) == ("False", "InvalidPolicySelector", message)
    assert flux.condition(AUTOMATIONS, kind="Stalled") == ("True", "InvalidPolicySelector", message)


def test_nothing_chosen_is_nothing_observed(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "a: 1\n"})
    flux.repository(project.url)
    git = {"commit": {"author": {"email": "flux@example.com"}}}
    wanted = {"interval": "1h", "sourceRef": {"kind": "GitRepository", "name": "app"}, "git": git}
    flux.create(IMAGE, "ImageUpdateAutomation", "app", wanted)
    assert "observedPolicies" not in flux.status(AUTOMATIONS)
