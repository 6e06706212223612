"""Folders built by the kubectl that comes with the lab, and what Flux generates where there is no kustomization."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitopslab.errors import RenderError
from gitopslab.gitops.render import generated, kustomize
from gitopslab.machinery.objects import Object

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.27}]}
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def put(folder: Path, **files: str) -> Path:
    """Write files; ``__`` in a name is a ``/``."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def built(folder: Path, **spec: object) -> list[Object]:
    generated.write(folder, spec)
    return kustomize.build(folder)


def names(objects: list[Object]) -> list[str]:
    return sorted(f"{obj['kind']}/{obj['metadata']['name']}" for obj in objects)


def test_plain_folders_are_read_all_the_way_down(folder: Path) -> None:
    put(folder, a=MAP % "a", below__b=MAP % "b", below__deeper__c=MAP % "c")
    assert names(built(folder)) == ["ConfigMap/a", "ConfigMap/b", "ConfigMap/c"]


def test_a_folder_with_a_kustomization_is_one_resource(folder: Path) -> None:
    put(folder, a=MAP % "a", below__b=MAP % "b", below__c=MAP % "c", below__kustomization="resources: [c.yaml]\n")
    assert names(built(folder)) == ["ConfigMap/a", "ConfigMap/c"]


def test_yaml_that_is_not_kubernetes_fails_the_build(folder: Path) -> None:
    put(folder, a=MAP % "a", values="replicas: 3\n")
    with pytest.raises(RenderError, match=r"failed to decode Kubernetes YAML from /\S+/values\.yaml"):
        built(folder)


def test_an_overlay_patches_its_base(folder: Path) -> None:
    put(
        folder,
        base__web=DEPLOYMENT,
        base__kustomization="resources: [web.yaml]\n",
        prod__kustomization="""resources: [../base]
replicas: [{name: web, count: 3}]
images: [{name: nginx, newTag: '1.28'}]
""",
    )
    (only,) = built(folder / "prod")
    assert only["spec"]["replicas"] == 3
    assert only["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.28"


def test_components_generators_and_replacements_are_kustomizes_own(folder: Path) -> None:
    put(
        folder,
        app__web=DEPLOYMENT,
        app__kustomization="""resources: [web.yaml]
components: [../extra]
configMapGenerator: [{name: settings, literals: [count=2]}]
generatorOptions: {disableNameSuffixHash: true}
replacements:
- source: {kind: ConfigMap, name: settings, fieldPath: data.count}
  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.count], options: {create: true}}]
""",
        extra__kustomization="apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [more.yaml]\n",
        extra__more=MAP % "more",
    )
    objects = built(folder / "app")
    assert names(objects) == ["ConfigMap/more", "ConfigMap/settings", "Deployment/web"]
    deployment = next(obj for obj in objects if obj["kind"] == "Deployment")
    assert deployment["metadata"]["annotations"]["count"] == "2"


def test_what_the_object_says_is_put_in(folder: Path) -> None:
    put(folder, web=DEPLOYMENT)
    patch = '[{"op": "replace", "path": "/spec/replicas", "value": 5}]'
    (only,) = built(
        folder, targetNamespace="shop", namePrefix="my-", nameSuffix="-1",
        images=[{"name": "nginx", "newTag": "9"}], patches=[{"patch": patch, "target": {"kind": "Deployment"}}],
    )  # fmt: skip
    assert (only["metadata"]["namespace"], only["metadata"]["name"]) == ("shop", "my-web-1")
    assert only["spec"]["replicas"] == 5
    assert only["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:9"


def test_an_image_of_the_object_wins_over_that_of_the_file(folder: Path) -> None:
    put(folder, web=DEPLOYMENT, kustomization="resources: [web.yaml]\nimages: [{name: nginx, newTag: '1'}]\n")
    (only,) = built(folder, images=[{"name": "nginx", "newTag": "2"}])
    assert only["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"


def test_a_file_that_is_missing_is_told_in_kustomizes_words(folder: Path) -> None:
    put(folder, kustomization="resources: [nope.yaml]\n")
    with pytest.raises(RenderError, match=r"accumulating resources.*nope\.yaml"):
        built(folder)


def test_an_image_of_the_spec_changes_what_it_sets_and_leaves_the_rest(tmp_path: Path) -> None:
    put(tmp_path, web=DEPLOYMENT)
    known = "images: [{name: nginx, newName: example.com/nginx, newTag: '1.28', digest: 'sha256:%s'}]\n"
    (tmp_path / "kustomization.yaml").write_text(f"resources: [web.yaml]\n{known % ('0' * 64)}")
    (web,) = built(tmp_path, images=[{"name": "nginx", "newTag": "1.29"}])
    assert web["spec"]["template"]["spec"]["containers"][0]["image"] == "example.com/nginx:1.29"


def test_a_missing_component_fails_unless_it_may_be_missing(tmp_path: Path) -> None:
    put(tmp_path, one=MAP % "one")
    with pytest.raises(RenderError, match="nope"):
        built(tmp_path, components=["nope"])
    put(tmp_path / "again", one=MAP % "one")
    assert names(built(tmp_path / "again", components=["nope"], ignoreMissingComponents=True)) == ["ConfigMap/one"]
    put(tmp_path / "third", one=MAP % "one")
    with pytest.raises(RenderError, match=r"component path 'https://x/y' must be local and relative"):
        built(tmp_path / "third", components=["https://x/y"])


def test_a_kustomization_that_says_nothing_is_empty_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    assert built(tmp_path) == []


def test_where_an_object_comes_from_can_be_told(tmp_path: Path) -> None:
    put(tmp_path, one=MAP % "one")
    (one,) = built(tmp_path, buildMetadata=["originAnnotations"])
    assert one["metadata"]["annotations"]["config.kubernetes.io/origin"] == "path: one.yaml\n"
