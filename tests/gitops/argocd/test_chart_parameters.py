"""What ``source.helm`` says to a chart, and how Argo CD tells that it could not be rendered."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from standin_tools import real

from gitopslab.errors import RenderError
from gitopslab.gitops.argocd.generate import Context, generate
from gitopslab.gitops.git.remote import File

CHART = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "values.yaml": "a: chart\nlist: []\n",
    "templates/cm.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\n"
        "data: {a: {{ .Values.a | quote }}, list: {{ .Values.list | toJson | quote }}}\n"
    ),
}


@pytest.fixture(autouse=True)
def _helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(real('helm')).parent}{os.pathsep}{os.environ['PATH']}")


def data(files: dict[str, str] | None = None, **options: Any) -> dict[str, str]:
    """What the ConfigMap of the chart holds."""
    known = {name: File(text.encode()) for name, text in {**CHART, **(files or {})}.items()}
    context = Context("app", "shop", "default", "0" * 40, "1.36.3", ("v1", "apps/v1"))
    source = {"repoURL": "http://git/x.git", "path": ".", "helm": options}
    (obj,) = generate(known, source, context).objects
    found: dict[str, str] = obj["data"]
    return found


@pytest.mark.parametrize(
    ("value", "forced", "a", "words"),
    [("1,2", False, "1,2", "[]"), ("1,2", True, "1,2", "[]"), (r"1\,2", False, "1,2", "[]")],
)
def test_a_comma_is_a_part_of_a_value(value: str, forced: bool, a: str, words: str) -> None:
    found = data(parameters=[{"name": "a", "value": value, "forceString": forced}])
    assert found == {"a": a, "list": words}


def test_a_value_in_braces_is_a_list() -> None:
    assert data(parameters=[{"name": "list", "value": "{x,y}"}])["list"] == '["x","y"]'


def test_parameters_are_stronger_than_values_and_the_object_than_the_text() -> None:
    assert data(values="a: text\n")["a"] == "text"
    assert data(values="a: text\n", valuesObject={"a": "object"})["a"] == "object"
    assert data(valuesObject={"a": "object"}, parameters=[{"name": "a", "value": "parameter"}])["a"] == "parameter"
    assert data({"prod.yaml": "a: file\n"}, valueFiles=["prod.yaml"], values="a: text\n")["a"] == "text"


def test_a_failure_tells_the_command_without_the_api_versions() -> None:
    with pytest.raises(RenderError) as told:
        data(valueFiles=["none.yaml"], values="a: 1\n", parameters=[{"name": "a", "value": "b"}])
    values = r"--values <path to cached source>/none\.yaml --values /\S+/[0-9a-f-]{36}"
    options = f"--name-template app --namespace shop --kube-version 1.36.3 --set a=b {values}"
    command = f"`helm template . {options} <api versions removed> --include-crds` failed exit status 1"
    words = "failed to execute helm template command: failed running helm: "
    assert re.match(words + command + ": Error: open <path to cached source>/none.yaml: no such", told.value.message)


def test_no_values_are_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert data(values="a: secret\n")["a"] == "secret"
    assert list(tmp_path.iterdir()) == []
