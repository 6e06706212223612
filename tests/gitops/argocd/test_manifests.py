"""From the files of a commit to manifests, by the kind of the source."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from argocd_cluster import config_map

from gitopslab.errors import RenderError
from gitopslab.gitops.argocd.generate import Context, generate
from gitopslab.gitops.git.remote import File
from gitopslab.machinery.objects import Object

KUSTOMIZATION = "resources: [a.yaml]\n"
PATCH = "- op: add\n  path: /spec/paused\n  value: true\n"
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""


def made(files: Mapping[str, str | bytes], path: str = ".", **source: Any) -> tuple[str, list[Object]]:
    """The type of a source and its objects."""
    known = {name: File(text.encode() if isinstance(text, str) else text) for name, text in files.items()}
    context = Context("app", "shop", "default", "0123456789" * 4)
    found = generate(known, {"repoURL": "http://git/x.git", "path": path, **source}, context)
    return found.source_type, list(found.objects)


def names(found: tuple[str, list[Object]]) -> list[str]:
    """The names of objects."""
    return [obj["metadata"]["name"] for obj in found[1]]


def test_a_folder_gives_the_files_on_top_of_it_in_order() -> None:
    files = {"b.yml": config_map("b"), "a.yaml": config_map("a"), "sub/c.yaml": config_map("c"), "README.md": "# hi"}
    assert made(files)[0] == "Directory"
    assert names(made(files)) == ["a", "b"]


def test_a_folder_gives_all_files_below_it_when_that_is_asked_for() -> None:
    files = {"b.yml": config_map("b"), "sub/c.yaml": config_map("c"), "sub/deep/d.yaml": config_map("d")}
    assert names(made(files, directory={"recurse": True})) == ["b", "c", "d"]


@pytest.mark.parametrize(("directory", "expected"), [
    ({"include": "{a,c}.yaml"}, ["a", "c"]),
    ({"exclude": "*.yaml", "recurse": True}, []),
    ({"exclude": "sub/*", "recurse": True}, ["a", "c"]),
    ({"include": "sub/*", "recurse": True}, ["d"]),
])  # fmt: skip
def test_files_are_included_and_excluded_by_patterns(directory: Object, expected: list[str]) -> None:
    files = {"a.yaml": config_map("a"), "c.yaml": config_map("c"), "sub/d.yaml": config_map("d")}
    assert names(made(files, directory=directory)) == expected


def test_a_path_chooses_a_folder() -> None:
    assert names(made({"a.yaml": config_map("a"), "apps/b.yaml": config_map("b")}, "./apps/")) == ["b"]


def test_json_and_lists_are_read() -> None:
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    files = {
        "a.json": json.dumps(item),
        "list.yaml": json.dumps({"apiVersion": "v1", "kind": "List", "items": [{**item, "metadata": {"name": "b"}}]}),
        "none.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems: null\n",
    }
    assert names(made(files)) == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_files_of_windows_programs_are_read(encoding: str) -> None:
    files = {
        "a.yaml": config_map("a").encode(encoding),
        "b.json": '{"kind": "A", "metadata": {"name": "b"}}'.encode(encoding),
    }
    assert names(made(files)) == ["a", "b"]


def test_a_json_file_holds_one_object() -> None:
    with pytest.raises(RenderError, match=r'Found multiple objects in "a.json"'):
        made({"a.json": '{"kind": "A"} {"kind": "B"}'})


def test_a_file_may_ask_to_be_left_out() -> None:
    assert names(made({"a.yaml": "# +argocd:skip-file-rendering\n" + config_map("a")})) == []


def test_links_are_followed_inside_and_refused_outside() -> None:
    inside = {"a.yaml": File(b"shared/real.yaml", 0o120000), "shared/real.yaml": File(config_map("a").encode())}
    context = Context("app", "shop", "default", "")
    assert [obj["metadata"]["name"] for obj in generate(inside, {"path": "."}, context).objects] == ["a"]
    with pytest.raises(RenderError, match=r"out-of-bounds symlinks. file: apps/a.yaml"):
        generate({"apps/a.yaml": File(b"../../secret", 0o120000)}, {"path": "apps"}, context)


def test_a_kustomization_is_built() -> None:
    files = {"kustomization.yaml": KUSTOMIZATION + "namePrefix: p-\n", "a.yaml": config_map("a")}
    assert made(files)[0] == "Kustomize"
    assert names(made(files)) == ["p-a"]


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_kustomization_is_known_by_each_of_its_names(name: str) -> None:
    assert made({name: KUSTOMIZATION, "a.yaml": config_map("a"), "b.yaml": config_map("b")})[0] == "Kustomize"


def test_jsonnet_is_a_manifest_that_the_lab_does_not_read() -> None:
    with pytest.raises(RenderError, match=r'Failed to evaluate jsonnet "a.jsonnet"'):
        made({"a.jsonnet": "{}", "b.yaml": config_map("b")})


def test_a_kustomization_takes_what_the_application_adds() -> None:
    files = {"kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": DEPLOYMENT}
    options = {
        "namePrefix": "my-",
        "namespace": "shop",
        "images": ["nginx:1.27", "other=mirror/other@sha256:1", "nginx=mirror/nginx:$ARGOCD_APP_REVISION_SHORT"],
        "replicas": [{"name": "web", "count": 3}],
        "commonLabels": {"team": "red"},
        "commonAnnotations": {"note": "x"},
        "patches": [{"target": {"kind": "Deployment"}, "patch": PATCH}],
    }
    kind, (web,) = made(files, kustomize=options)
    assert kind == "Kustomize"
    assert (web["metadata"]["name"], web["metadata"]["namespace"]) == ("my-web", "shop")
    assert (web["metadata"]["labels"], web["metadata"]["annotations"]) == ({"team": "red"}, {"note": "x"})
    assert (web["spec"]["replicas"], web["spec"]["paused"]) == (3, True)
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "mirror/nginx:0123456"


def test_a_kustomization_reads_no_files_beside_itself() -> None:
    files = {"app/kustomization.yaml": "resources: [../a.yaml]\n", "a.yaml": config_map("a")}
    with pytest.raises(RenderError) as caught:
        made(files, "app")
    message = caught.value.message
    assert message.startswith("`kustomize build <path to cached source>/app` failed exit status 1: Error: ")
    assert "is not in or below" in message


def test_a_base_beside_a_kustomization_is_fine() -> None:
    files = {
        "base/kustomization.yaml": KUSTOMIZATION, "base/a.yaml": config_map("a"),
        "prod/kustomization.yaml": "resources: [../base]\nnameSuffix: -prod\n",
    }  # fmt: skip
    assert names(made(files, "prod")) == ["a-prod"]


def test_a_source_may_say_what_it_is() -> None:
    files = {"kustomization.yaml": KUSTOMIZATION + "namePrefix: p-\n", "a.yaml": config_map("a")}
    kind, _ = made({**files, "kustomization.yaml": "# a kustomization\n"}, directory={"include": "a.yaml"})
    assert kind == "Directory"
    with pytest.raises(RenderError, match="multiple application sources defined: Kustomize,Directory"):
        made(files, directory={}, kustomize={})


def test_an_image_updaters_file_changes_the_source() -> None:
    files = {
        "kustomization.yaml": "resources: [web.yaml]\n", "web.yaml": DEPLOYMENT,
        ".argocd-source-app.yaml": "kustomize:\n  images: ['nginx:2.0']\n",
    }  # fmt: skip
    _, (web,) = made(files)
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2.0"


def test_a_chart_needs_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RenderError, match="helm is not installed on this machine"):
        made({"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"})
