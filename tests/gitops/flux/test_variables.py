"""``postBuild`` fills in variables after the build; an undefined one is an error."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project


def ready(flux: Flux) -> tuple[str, str, str]:
    found = flux.condition(KS)
    assert found is not None
    return found


def begun(flux: Flux, project: Project, value: str, **post_build: Any) -> None:
    project.commit({"a.yaml": config_map("a", x=value)})
    flux.repository(project.url)
    flux.kustomization(postBuild=post_build)


def held(flux: Flux) -> str:
    found: str = flux.get("configmaps", "a", "default")["data"]["x"]
    return found


def variables(flux: Flux, name: str, kind: str = "ConfigMap", **data: str) -> None:
    if kind == "Secret":
        data = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": SYSTEM}
    flux.api.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": data})


def test_variables_of_the_object_are_filled_in(flux: Flux, project: Project) -> None:
    begun(flux, project, "in ${city:-nowhere}, $${city}", substitute={"city": "Antwerp"})
    assert held(flux) == "in Antwerp, ${city}"


def test_later_sources_win_and_the_object_wins_over_all(flux: Flux, project: Project) -> None:
    variables(flux, "one", a="1", b="1", c="1")
    variables(flux, "two", "Secret", b="2", c="2")
    sources = [{"kind": "ConfigMap", "name": "one"}, {"kind": "Secret", "name": "two"}]
    begun(flux, project, "${a} ${b} ${c}", substituteFrom=sources, substitute={"c": "3"})
    assert held(flux) == "1 2 3"


def test_an_undefined_variable_fails_the_build(flux: Flux, project: Project) -> None:
    begun(flux, project, "${none}", substitute={"city": "Antwerp"})
    assert ready(flux)[1] == "BuildFailed"
    assert ready(flux)[2] == (
        "post build failed for 'ConfigMap.v1.[noGrp]/a': envsubst error: variable substitution failed: "
        'variable not set (strict mode): "none"'
    )


def test_without_variables_nothing_is_filled_in(flux: Flux, project: Project) -> None:
    begun(flux, project, "${none}")
    assert held(flux) == "${none}"


def test_with_the_strategy_always_it_is_tried_even_without_variables(flux: Flux, project: Project) -> None:
    begun(flux, project, "${none:=default}", substituteStrategy="Always")
    assert held(flux) == "default"


def test_newlines_in_values_are_removed(flux: Flux, project: Project) -> None:
    variables(flux, "one", a="b\nc\n")
    begun(flux, project, "${a}", substituteFrom=[{"kind": "ConfigMap", "name": "one"}])
    assert held(flux) == "bc"


def test_a_missing_source_fails_unless_it_is_optional(flux: Flux, project: Project) -> None:
    begun(flux, project, "${a:=x}", substituteFrom=[{"kind": "ConfigMap", "name": "one"}], substitute={"b": "1"})
    assert ready(flux)[:2] == ("False", "BuildFailed")
    why = "substitute from 'ConfigMap/one' error: configmaps \"one\" not found"
    assert ready(flux)[2] == f"post build failed for 'ConfigMap.v1.[noGrp]/a': {why}"
    flux.change(KS, "app", {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "one", "optional": True}]}})
    assert held(flux) == "x"


@pytest.mark.parametrize(("kind", "plural"), [("ConfigMap", "configmaps"), ("Secret", "secrets")])
def test_a_source_that_is_labelled_to_be_watched_is_followed_at_once(
    flux: Flux, project: Project, kind: str, plural: str
) -> None:
    variables(flux, "one", kind, a="1st")
    flux.api.patch(plural, "one", {"metadata": {"labels": {"reconcile.fluxcd.io/watch": "Enabled"}}}, SYSTEM)
    begun(flux, project, "${a}", substituteFrom=[{"kind": kind, "name": "one"}])
    value = "2nd" if kind == "ConfigMap" else base64.b64encode(b"2nd").decode()
    flux.api.patch(plural, "one", {"data": {"a": value}}, SYSTEM)
    flux.plane.settle()
    assert held(flux) == "2nd"


def test_a_source_without_that_label_is_followed_at_the_next_turn(flux: Flux, project: Project) -> None:
    variables(flux, "one", a="1st")
    begun(flux, project, "${a}", substituteFrom=[{"kind": "ConfigMap", "name": "one"}])
    flux.api.patch("configmaps", "one", {"data": {"a": "2nd"}}, SYSTEM)
    flux.plane.settle()
    assert held(flux) == "1st"
    flux.request(KS, "app")
    assert held(flux) == "2nd"


def test_a_name_that_is_none_is_refused(flux: Flux, project: Project) -> None:
    begun(flux, project, "${a:=x}", substitute={"my-var": "1"})
    assert ready(flux)[1] == "BuildFailed"
    assert "'ConfigMap.v1.[noGrp]/a': envsubst error: 'my-var' var name is invalid" in ready(flux)[2]
