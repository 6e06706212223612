"""A Kustomization can say in CEL when a dependency is ready, and when a kind of its own is healthy."""

from __future__ import annotations

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

THING = """apiVersion: example.com/v1
kind: Thing
metadata: {name: one, namespace: default}
spec: {size: 1}
"""
TERMINAL = "Reconciliation failed terminally due to configuration error: "


@pytest.fixture(autouse=True)
def _things(flux: Flux) -> None:
    """A kind that kstatus has no rule for."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    flux.api.create({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "names": {"kind": "Thing", "plural": "things"}, "scope": "Namespaced",
                 "versions": [version]},
    })  # fmt: skip
    flux.plane.settle()


def ready(flux: Flux, name: str = "app", kind: str = "Ready") -> tuple[str, str, str]:
    found = flux.condition(KS, name, kind)
    assert found is not None
    return found


def phase(flux: Flux, word: str, **more: object) -> None:
    """Have the thing's controller say something."""
    status = {"status": {"phase": word, **more}}
    flux.api.patch("things.example.com", "one", status, "default", subresource="status")
    flux.plane.settle()
    flux.advance(2)


def thing(flux: Flux, project: Project, *expressions: dict[str, str], **spec: object) -> None:
    project.commit({"thing.yaml": THING})
    flux.repository(project.url, interval="1h")
    rules = [{"apiVersion": "example.com/v1", "kind": "Thing", **each} for each in expressions]
    flux.kustomization(**{"interval": "1h", "timeout": "1m", "wait": True, "healthCheckExprs": rules, **spec})


def test_without_an_expression_a_kind_without_conditions_is_healthy_at_once(flux: Flux, project: Project) -> None:
    thing(flux, project)
    assert ready(flux)[0] == "True"


def test_an_expression_says_when_it_is_current(flux: Flux, project: Project) -> None:
    thing(flux, project, {"current": "has(status.phase) && status.phase == 'Running'"})
    assert ready(flux)[0] == "Unknown"
    phase(flux, "Starting")
    assert ready(flux)[0] == "Unknown"
    phase(flux, "Running")
    assert ready(flux)[0] == "True"
    assert ready(flux, kind="Healthy")[0] == "True"


def test_an_expression_says_when_it_has_failed(flux: Flux, project: Project) -> None:
    thing(flux, project, {"current": "status.phase == 'Running'", "failed": "status.phase == 'Broken'"})
    phase(flux, "Broken")
    assert ready(flux)[:2] == ("False", "HealthCheckFailed")
    assert "failed early due to stalled resources: [Thing/default/one status: 'Failed']" in ready(flux)[2]


def test_in_progress_beats_failed_and_current(flux: Flux, project: Project) -> None:
    rule = {"current": "true", "failed": "true", "inProgress": "status.phase == 'Busy'"}
    thing(flux, project, rule)
    phase(flux, "Busy")
    assert ready(flux)[0] == "Unknown"
    phase(flux, "Idle")
    assert ready(flux)[1] == "HealthCheckFailed"


def test_an_unobserved_generation_is_in_progress_whatever_the_expression_says(flux: Flux, project: Project) -> None:
    thing(flux, project, {"current": "status.phase == 'Running'"})
    phase(flux, "Running", observedGeneration=0)
    assert ready(flux)[0] == "Unknown"
    phase(flux, "Running", observedGeneration=1)
    assert ready(flux)[0] == "True"


def test_what_an_expression_cannot_find_is_unknown_until_the_timeout(flux: Flux, project: Project) -> None:
    thing(flux, project, {"current": "status.phase == 'Running'"})
    flux.advance(62)
    assert ready(flux)[1] == "HealthCheckFailed"
    assert "Thing/default/one status: 'Unknown': failed to evaluate the CEL expression" in ready(flux)[2]
    assert "no such attribute(s): status" in ready(flux)[2]


def test_a_rule_without_a_kind_is_for_its_whole_group(flux: Flux, project: Project) -> None:
    thing(flux, project, healthCheckExprs=[{"apiVersion": "example.com/v1", "current": "false"}])
    assert ready(flux)[0] == "Unknown"


def test_expressions_are_asked_only_when_health_is(flux: Flux, project: Project) -> None:
    thing(flux, project, {"current": "false"}, wait=False)
    assert ready(flux)[0] == "True"


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([{"current": "status."}], "failed to create custom status evaluator for healthchecks[0]: "
         "failed to parse the expression Current: failed to parse the CEL expression 'status.': "),
        ([{"current": "true"}, {"current": "true"}], "duplicate custom health check for GroupKind Thing.example.com"),
    ],
)  # fmt: skip
def test_an_expression_that_is_none_stalls_until_it_is_changed(
    flux: Flux, project: Project, rules: list[dict[str, str]], words: str
) -> None:
    thing(flux, project, *rules)
    for kind, status in (("Ready", "False"), ("Stalled", "True")):
        found = ready(flux, kind=kind)
        assert found[:2] == (status, "InvalidCELExpression")
        assert found[2].startswith(TERMINAL + words)
    assert flux.status(KS)["observedGeneration"] == 1
    assert flux.find("things.example.com", "one") is None
    flux.change(KS, "app", {"healthCheckExprs": None})
    assert ready(flux)[0] == "True"
    assert flux.condition(KS, kind="Stalled") is None


def dependent(flux: Flux, project: Project, expression: str) -> None:
    """A Kustomization ``second`` that waits for ``first``, which does not come off."""
    project.commit({"one/a.yaml": config_map("a", "nowhere"), "two/b.yaml": config_map("b")})
    flux.repository(project.url, interval="1h")
    flux.kustomization("first", path="./one", interval="1h", retryInterval="1h")
    flux.api.patch(KS, "first", {"metadata": {"labels": {"version": "2"}}}, SYSTEM)
    needs = [{"name": "first", "readyExpr": expression}]
    flux.kustomization("second", path="./two", interval="1h", dependsOn=needs)


def test_a_ready_expression_decides_instead_of_the_usual_checks(flux: Flux, project: Project) -> None:
    dependent(flux, project, "dep.metadata.labels.version == '2'")
    assert ready(flux, "first")[0] == "False"
    assert ready(flux, "second")[0] == "True"


def test_a_ready_expression_that_is_false_holds_it_back(flux: Flux, project: Project) -> None:
    dependent(flux, project, "dep.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')")
    message = f"dependency '{SYSTEM}/first' is not ready according to readyExpr eval"
    assert ready(flux, "second") == ("False", "DependencyNotReady", message)
    flux.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "nowhere"}})
    flux.request(KS, "first")
    flux.advance(31)
    assert ready(flux, "second")[0] == "True"


def test_a_ready_expression_can_compare_both(flux: Flux, project: Project) -> None:
    dependent(flux, project, "dep.metadata.namespace == self.metadata.namespace && self.spec.path == './two'")
    assert ready(flux, "second")[0] == "True"


def test_a_ready_expression_without_a_value_is_tried_again(flux: Flux, project: Project) -> None:
    dependent(flux, project, "dep.metadata.annotations.go == 'yes'")
    found = ready(flux, "second")
    assert found[1] == "DependencyNotReady"
    assert found[2].endswith("': no such key: annotations")
    flux.api.patch(KS, "first", {"metadata": {"annotations": {"go": "yes"}}}, SYSTEM)
    flux.advance(31)
    assert ready(flux, "second")[0] == "True"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("dep.", "failed to parse the CEL expression 'dep.': ERROR: "),
        ("'yes'", "CEL expression output type mismatch: expected bool, got s"),
        ("dep.spec.path", "CEL expression output type mismatch: "
         "expected bool, got dyn"),
    ],
)  # fmt: skip
def test_a_ready_expression_that_is_none_stalls(flux: Flux, project: Project, expression: str, words: str) -> None:
    dependent(flux, project, expression)
    assert ready(flux, "second")[:2] == ("False", "InvalidCELExpression")
    assert ready(flux, "second")[2].startswith(
        f"{TERMINAL}terminal error: failed to evaluate dependency first: {words}"
    )
    assert ready(flux, "second", "Stalled")[0] == "True"
