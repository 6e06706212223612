"""Charts are rendered with the helm of this machine, and where there is none it is said so."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from standin_tools import real

from gitopslab.errors import RenderError
from gitopslab.gitops.render import helm
from gitopslab.gitops.render.helm import NoHelmError, Release

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-{{ .Values.word }}}\n"
CRD = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\n"


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    write(folder, {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\n", "values.yaml": "word: one\n",
                   "templates/map.yaml": MAP, "crds/crd.yaml": CRD})  # fmt: skip
    return folder


@pytest.fixture
def _helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(real('helm')).parent}{os.pathsep}{os.environ['PATH']}")


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_without_helm_it_is_said_what_to_do(chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoHelmError) as told:
        helm.template(chart, Release("shop", "shop"))
    assert "helm is not installed" in told.value.message
    assert "PATH" in told.value.hint


@pytest.mark.usefixtures("_helm")
def test_a_chart_becomes_objects(chart: Path, tmp_path: Path) -> None:
    values = tmp_path / "more.yaml"
    values.write_text("word: two\n")
    found = helm.template(chart, Release("shop", "shop", files=[values]))
    assert [(obj["kind"], obj["metadata"]["name"]) for obj in found] == [
        ("CustomResourceDefinition", "things.example.com"), ("ConfigMap", "shop-two"),
    ]  # fmt: skip
    (only,) = helm.template(chart, Release("shop", "shop", files=[values], sets=["word=three"], crds=False))
    assert only["metadata"]["name"] == "shop-three"


@pytest.mark.usefixtures("_helm")
def test_what_is_wrong_is_said_in_helms_words(chart: Path) -> None:
    write(chart, {"templates/map.yaml": '{{ fail "no word" }}'})
    with pytest.raises(RenderError, match=r"execution error at \(web/templates/map.yaml:1:3\): no word"):
        helm.template(chart, Release("shop", "shop"))


@pytest.mark.usefixtures("_helm")
def test_charts_it_depends_on_are_fetched(chart: Path, tmp_path: Path) -> None:
    write(tmp_path / "base", {"Chart.yaml": "apiVersion: v2\nname: base\nversion: 0.1.0\n",
                              "templates/map.yaml": MAP.replace(".Values.word", ".Chart.Name")})  # fmt: skip
    write(chart, {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\ndependencies:\n"
                                "- {name: base, version: 0.1.0, repository: file://../base}\n"})  # fmt: skip
    found = helm.template(chart, Release("shop", "shop", crds=False))
    assert sorted(obj["metadata"]["name"] for obj in found) == ["shop-base", "shop-one"]


def test_one_that_runs_ends_when_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.name == "nt":
        pytest.skip("the stand-in is a script with a first line that Windows does not read")
    program, sign = tmp_path / "helm", tmp_path / "runs"
    program.write_text(f"#!{sys.executable}\nimport time\nopen({str(sign)!r}, 'w').close()\ntime.sleep(60)\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with ThreadPoolExecutor(1) as threads:
        going = threads.submit(helm.run, ["list"], timeout=60.0)
        while not sign.exists():
            pass
        helm.stop()
        with pytest.raises(RenderError, match="did not say why"):
            going.result(timeout=20)
