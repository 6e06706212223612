"""HelmRepository and HelmChart: which chart a HelmRelease gets, and what is said on the way there."""

from __future__ import annotations

import hashlib
import http.server
import io
import re
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flux_cluster import SYSTEM, Flux
from projects import Project
from published import publish
from serving_forge import ServedForge

from gitopslab.gitops.source import archive

REPOSITORIES = "helmrepositories.source.toolkit.fluxcd.io"
CHARTS = "helmcharts.source.toolkit.fluxcd.io"
RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
SOURCE = "source.toolkit.fluxcd.io/v1"
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
META = "apiVersion: v2\nname: web\nversion: {}\nappVersion: '9'\n"
FILES = {"app/Chart.yaml": META.format("1.0.0"), "app/values.yaml": "word: chart\nkept: 1\n",
         "app/templates/map.yaml": "a: b\n"}  # fmt: skip


def tgz(version: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("web/Chart.yaml")
        content = META.format(version).encode()
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


class Index:
    """A repository of charts on a web server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: object) -> None:
                super().__init__(*args, directory=str(folder))  # type: ignore[arg-type]

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def hold(self, *versions: str) -> None:
        entries = []
        for version in versions:
            (self.folder / f"web-{version}.tgz").write_bytes(tgz(version))
            entries.append({"name": "web", "version": version, "urls": [f"web-{version}.tgz"]})
        (self.folder / "index.yaml").write_text(yaml.safe_dump({"apiVersion": "v1", "entries": {"web": entries}}))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path)
    yield made
    made.server.shutdown()
    made.server.server_close()


def chart(flux: Flux, kind: str = "GitRepository", name: str = "./app", **spec: Any) -> None:
    wanted = {"interval": "1m", "chart": name, "sourceRef": {"kind": kind, "name": "app"}}
    flux.create(SOURCE, "HelmChart", "app", wanted | spec)


def ready(flux: Flux, resource: str = CHARTS) -> tuple[str, str, str]:
    found = flux.condition(resource)
    assert found is not None
    return found


def stored(flux: Flux) -> dict[str, bytes]:
    content = (flux.plane.gitops.artifacts / flux.status(CHARTS)["artifact"]["path"]).read_bytes()
    return {path: file.content for path, file in archive.read(content).items()}


def test_a_folder_in_git_is_packed(flux: Flux, project: Project) -> None:
    project.commit(FILES)
    flux.repository(project.url)
    chart(flux)
    message = "packaged 'web' chart with version '1.0.0'"
    assert ready(flux) == ("True", "ChartPackageSucceeded", message)
    assert flux.events("HelmChart") == [("Normal", "ChartPackageSucceeded", message)]
    status = flux.status(CHARTS)
    assert status["artifact"]["revision"] == "1.0.0"
    assert status["artifact"]["path"] == f"helmchart/{SYSTEM}/app/web-1.0.0.tgz"
    assert status["observedChartName"] == "web"
    assert sorted(stored(flux)) == ["web/Chart.yaml", "web/templates/map.yaml", "web/values.yaml"]


def test_a_new_version_in_git_is_packed_at_once_and_a_commit_without_one_is_not(flux: Flux, project: Project) -> None:
    project.commit(FILES)
    flux.repository(project.url)
    chart(flux, interval="1h")
    first = flux.status(CHARTS)["artifact"]
    commit = project.commit({"app/values.yaml": "word: new\n"})
    flux.sync()
    assert flux.status(CHARTS)["artifact"] == first
    flux.change(CHARTS, "app", {"reconcileStrategy": "Revision"})
    assert flux.status(CHARTS)["artifact"]["revision"] == f"1.0.0+{commit[:12]}"
    assert stored(flux)["web/values.yaml"] == b"word: new\n"
    flux.change(CHARTS, "app", {"reconcileStrategy": "ChartVersion"})
    project.commit({"app/Chart.yaml": META.format("1.1.0")})
    flux.sync()
    assert flux.status(CHARTS)["artifact"]["revision"] == "1.1.0"


def test_files_of_values_replace_the_charts_own(flux: Flux, project: Project) -> None:
    project.commit({**FILES, "prod.yaml": "word: prod\nmore: {a: 1}\n", "more.yaml": "more: {b: 2}\n"})
    flux.repository(project.url)
    chart(flux, valuesFiles=["prod.yaml", "more.yaml"])
    merged = "merged values files [prod.yaml more.yaml]"
    assert ready(flux)[2] == f"packaged 'web' chart with version '1.0.0+1' and {merged}", "with the spec's generation"
    assert "observedValuesFiles" not in flux.status(CHARTS)
    assert yaml.safe_load(stored(flux)["web/values.yaml"]) == {"word": "prod", "more": {"a": 1, "b": 2}}
    flux.change(CHARTS, "app", {"valuesFiles": ["nope.yaml"]})
    assert ready(flux)[1] == "ValuesFilesError"
    assert "no values file found at path '/nope.yaml' (reference 'nope.yaml')" in ready(flux)[2]
    flux.change(CHARTS, "app", {"valuesFiles": ["nope.yaml", "more.yaml"], "ignoreMissingValuesFiles": True})
    assert ready(flux)[2] == "packaged 'web' chart with version '1.0.0+3' and merged values files [more.yaml]"
    assert flux.status(CHARTS)["observedValuesFiles"] == ["more.yaml"]


def test_what_is_no_chart_stalls(flux: Flux, project: Project) -> None:
    project.commit(FILES)
    flux.repository(project.url)
    chart(flux, name="./nope")
    message = ready(flux)[2]
    assert ready(flux) == ("False", "InvalidChartReference", message)
    assert re.fullmatch(
        r"invalid chart reference: stat /.*/helmchart-flux-system-app-\d+/source/nope: no such file or directory",
        message,
    )
    assert flux.condition(CHARTS, kind="FetchFailed") == ("True", "InvalidChartReference", message)
    assert flux.condition(CHARTS, kind="Stalled") == ("True", "InvalidChartReference", message)
    flux.change(CHARTS, "app", {"chart": "./app"})
    assert ready(flux)[0] == "True"


def test_a_source_that_is_missing_or_empty_is_told_and_mends(flux: Flux, project: Project) -> None:
    chart(flux)
    message = 'failed to get source: GitRepository.source.toolkit.fluxcd.io "app" not found'
    assert ready(flux) == ("False", "SourceUnavailable", message)
    flux.repository(project.url)
    flux.advance(60)
    assert ready(flux) == ("False", "NoSourceArtifact", "no artifact available for GitRepository source 'app'")
    project.commit(FILES)
    flux.sync()
    assert ready(flux)[0] == "True"


def repository(flux: Flux, url: str, **spec: Any) -> None:
    flux.create(SOURCE, "HelmRepository", "app", {"interval": "1m", "url": url} | spec)


def test_an_index_is_stored_and_told(flux: Flux, index: Index) -> None:
    index.hold("1.0.0")
    repository(flux, index.url)
    revision = flux.status(REPOSITORIES)["artifact"]["revision"]
    assert revision.startswith("sha256:")
    assert ready(flux, REPOSITORIES) == ("True", "Succeeded", f"stored artifact: revision '{revision}'")
    before = flux.get(REPOSITORIES)
    flux.advance(300)
    assert flux.get(REPOSITORIES) == before


@pytest.mark.parametrize(
    ("wanted", "found"), [("*", "1.10.0"), ("1.2.x", "1.2.3"), ("1.2.3", "1.2.3"), (">1.10.0-0", "2.0.0-rc.1")]
)
def test_a_version_is_chosen_from_the_index(flux: Flux, index: Index, wanted: str, found: str) -> None:
    index.hold("1.2.3", "1.10.0", "2.0.0-rc.1")
    repository(flux, index.url)
    chart(flux, "HelmRepository", "web", version=wanted)
    message = f"pulled 'web' chart with version '{found}'"
    assert ready(flux) == ("True", "ChartPullSucceeded", message)
    assert flux.status(CHARTS)["artifact"]["revision"] == found


def test_a_new_version_in_the_index_is_pulled(flux: Flux, index: Index) -> None:
    index.hold("1.0.0")
    repository(flux, index.url)
    chart(flux, "HelmRepository", "web", interval="1h")
    index.hold("1.0.0", "1.1.0")
    flux.advance(61)
    assert flux.status(CHARTS)["artifact"]["revision"] == "1.1.0"


def test_a_version_that_is_not_there_stalls(flux: Flux, index: Index) -> None:
    index.hold("1.0.0")
    repository(flux, index.url)
    chart(flux, "HelmRepository", "web", version="2.x")
    why = "failed to get chart version for remote reference: no 'web' chart with version matching '2.x' found"
    assert ready(flux) == ("False", "InvalidChartReference", f"invalid chart reference: {why}")
    assert flux.condition(CHARTS, kind="Stalled") is not None
    revision = flux.status(REPOSITORIES)["artifact"]["revision"]
    assert flux.status(CHARTS)["observedSourceArtifactRevision"] == revision


def test_a_repository_that_does_not_answer_is_told_and_mends(flux: Flux, index: Index) -> None:
    repository(flux, index.url)
    assert ready(flux, REPOSITORIES)[:2] == ("False", "Failed")
    doing = "failed to fetch Helm repository index: failed to cache index to temporary file: failed to fetch "
    assert ready(flux, REPOSITORIES)[2].startswith(doing)
    (index.folder / "index.yaml").write_text("- nonsense\n")
    flux.advance(10)
    assert ready(flux, REPOSITORIES)[1] == "IndexationFailed"
    index.hold("1.0.0")
    flux.advance(60)
    assert ready(flux, REPOSITORIES)[0] == "True"


def test_a_chart_is_pulled_from_a_registry(flux: Flux, forge: ServedForge) -> None:
    publish(forge, "waal/charts/web", "1.0.0", layers={LAYER: tgz("1.0.0")})
    publish(forge, "waal/charts/web", "1.1.0", layers={LAYER: tgz("1.1.0")})
    repository(flux, f"oci://{forge.host}/waal/charts", type="oci", insecure=True)
    assert "conditions" not in flux.status(REPOSITORIES), "a registry has no index, and nothing to say"
    chart(flux, "HelmRepository", "web", version="1.x")
    assert ready(flux) == ("True", "ChartPullSucceeded", "pulled 'web' chart with version '1.1.0'")


def release(flux: Flux, **spec: Any) -> None:
    wanted = {"interval": "1m", "chart": {"spec": {"chart": "./app", "sourceRef": {"kind": "GitRepository",
                                                                                  "name": "app"}}}}  # fmt: skip
    flux.create("helm.toolkit.fluxcd.io/v2", "HelmRelease", "app", wanted | spec)


def test_a_release_makes_its_chart_and_takes_it_along(flux: Flux, project: Project) -> None:
    project.commit(FILES)
    release(flux)
    made = flux.get(CHARTS, f"{SYSTEM}-app")
    assert made["spec"]["chart"] == "./app"
    assert made["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] == "app"
    assert ready(flux, RELEASES)[:2] == ("False", "SourceNotReady")
    assert ready(flux, RELEASES)[2].startswith(f"HelmChart '{SYSTEM}/{SYSTEM}-app' is not ready: ")
    flux.api.delete(RELEASES, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find(RELEASES, "app", SYSTEM) is None
    assert flux.find(CHARTS, f"{SYSTEM}-app", SYSTEM) is None


def test_where_helm_cannot_work_the_release_says_so_and_what_to_do(flux: Flux, project: Project) -> None:
    project.commit(FILES)
    flux.repository(project.url)
    release(flux)
    assert ready(flux, RELEASES)[:2] == ("False", "HelmMissing")
    assert "helm cannot reach it" in ready(flux, RELEASES)[2]


@pytest.mark.parametrize(("watch", "reason"), [("Enabled", "HelmMissing"), ("No", "ValuesError")])
def test_values_that_are_missing_are_told_and_mend_at_once_where_they_are_watched(
    flux: Flux, project: Project, watch: str, reason: str
) -> None:
    project.commit(FILES)
    flux.repository(project.url)
    release(flux, valuesFrom=[{"kind": "ConfigMap", "name": "values"}])
    why = f"could not resolve ConfigMap chart values reference '{SYSTEM}/values' with key 'values.yaml': "
    assert ready(flux, RELEASES) == ("False", "ValuesError", f'{why}configmaps "values" not found')
    metadata = {"name": "values", "namespace": SYSTEM, "labels": {"reconcile.fluxcd.io/watch": watch}}
    data = {"values.yaml": "word: map\n"}
    flux.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    flux.plane.settle()
    assert ready(flux, RELEASES)[1] == reason
    flux.request(RELEASES, "app")
    assert ready(flux, RELEASES)[1] == "HelmMissing"


def test_a_dependency_holds_a_release_back(flux: Flux, project: Project) -> None:
    release(flux, dependsOn=[{"name": "other"}])
    why = f"unable to get '{SYSTEM}/other' dependency: helmreleases.helm.toolkit.fluxcd.io \"other\" not found"
    assert ready(flux, RELEASES) == ("False", "DependencyNotReady", why)


UNFIT = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal"
FIELD = "Go struct field IndexFile.entries"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty index.yaml file"),
        ("entries: {}\n", "no API version specified"),
        ("- a\n", "no API version specified"),
        ("apiVersion: v1\nentries: [a]\n", f"{UNFIT} array into {FIELD} of type map[string]repo.ChartVersions"),
        ("apiVersion: v1\nentries: {a: b}\n", f"{UNFIT} string into {FIELD} of type repo.ChartVersions"),
        ("apiVersion: v1\nentries: {a: [b]}\n", f"{UNFIT} string into {FIELD} of type repo.ChartVersion"),
    ],
)
def test_an_index_that_is_none_is_told(flux: Flux, index: Index, text: str, why: str) -> None:
    (index.folder / "index.yaml").write_text(text)
    repository(flux, index.url)
    message = f"failed to load Helm repository from index YAML: failed to load index: {why}"
    assert ready(flux, REPOSITORIES) == ("False", "IndexationFailed", message)


def test_an_index_is_known_by_its_bytes_and_stored_as_helm_reads_it(flux: Flux, index: Index) -> None:
    text = "apiVersion: v1\nentries:\n  web:\n  - {version: 1.0.0, name: web, odd: 1, urls: [a.tgz]}\n"
    (index.folder / "index.yaml").write_text(text)
    repository(flux, index.url)
    revision = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    artifact = flux.status(REPOSITORIES)["artifact"]
    assert artifact["revision"] == revision
    assert flux.status(REPOSITORIES)["url"] == artifact["url"].rpartition("/")[0] + "/index.yaml"
    stored = (flux.plane.gitops.artifacts / artifact["path"]).read_text()
    assert (
        stored
        == """{
  "apiVersion": "v1",
  "generated": "0001-01-01T00:00:00Z",
  "entries": {
    "web": [
      {
        "name": "web",
        "version": "1.0.0",
        "urls": [
          "a.tgz"
        ],
        "created": "0001-01-01T00:00:00Z"
      }
    ]
  }
}"""
    )
    event = f"stored fetched index of size {len(stored)}B from '{index.url}'"
    assert flux.events("HelmRepository") == [("Normal", "NewArtifact", event)]
    flux.request(REPOSITORIES, "app")
    same = f"artifact up-to-date with remote revision: '{revision}'"
    assert flux.events("HelmRepository")[-1] == ("Normal", "ArtifactUpToDate", same)


def test_a_repository_in_a_registry_has_nothing_to_say(flux: Flux, forge: ServedForge) -> None:
    spec = {"interval": "10m", "type": "oci", "url": f"oci://{forge.host}/waal"}
    flux.create(SOURCE, "HelmRepository", "app", spec)
    found = flux.get(REPOSITORIES)
    assert not found.get("status")
    assert "finalizers" not in found["metadata"]


def test_a_name_that_no_chart_can_have_stalls(flux: Flux, index: Index) -> None:
    index.hold("1.0.0")
    repository(flux, index.url)
    chart(flux, "HelmRepository", "We/b")
    assert ready(flux)[2].startswith(
        "invalid chart reference: invalid chart name 'We/b': a valid name must be lower case"
    )
    assert flux.condition(CHARTS, kind="Stalled") is not None


def test_a_source_without_an_artifact_is_waited_for(flux: Flux, index: Index) -> None:
    repository(flux, index.url)
    chart(flux, "HelmRepository", "web")
    (event,) = flux.events("HelmChart")
    assert event == ("Normal", "NoSourceArtifact", "no artifact available for HelmRepository source 'app'")
