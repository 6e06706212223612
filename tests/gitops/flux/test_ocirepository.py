"""An OCIRepository keeps the artifact that its ref names in a registry, and Kustomizations apply it."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from published import LAYER, publish
from serving_forge import ServedForge

OCI = "ocirepositories.source.toolkit.fluxcd.io"
REPOSITORY = "waal/config"


class Registry:
    """A registry with one repository, and an OCIRepository of it."""

    def __init__(self, flux: Flux, forge: ServedForge) -> None:
        self.flux, self.forge = flux, forge
        self.name = f"{forge.host}/{REPOSITORY}"
        self.url = f"oci://{self.name}"

    def push(self, tag: str, files: dict[str, str] | None = None, **more: Any) -> str:
        """Have the registry hold a tag; its digest."""
        return publish(self.forge, REPOSITORY, tag, files or {"a.yaml": config_map("a", tag=tag)}, **more)

    def source(self, **spec: Any) -> None:
        """Create the OCIRepository."""
        wanted = {"interval": "1m", "url": self.url, "insecure": True} | spec
        self.flux.create("source.toolkit.fluxcd.io/v1", "OCIRepository", "app", wanted)

    @property
    def revision(self) -> str:
        """Of the artifact."""
        return str(self.flux.status(OCI)["artifact"]["revision"])

    @property
    def files(self) -> list[str]:
        """In the artifact."""
        return self.flux.files(OCI)


@pytest.fixture
def registry(flux: Flux, forge: ServedForge) -> Registry:
    return Registry(flux, forge)


def test_an_artifact_is_stored_and_told(registry: Registry, flux: Flux) -> None:
    digest = registry.push("v1")
    registry.source(ref={"tag": "v1"})
    artifact = flux.status(OCI)["artifact"]
    assert artifact["revision"] == f"v1@{digest}"
    assert artifact["path"] == f"ocirepository/{SYSTEM}/app/{digest}.tar.gz"
    assert flux.status(OCI)["url"].endswith(f"/ocirepository/{SYSTEM}/app/latest.tar.gz")
    message = f"stored artifact for digest 'v1@{digest}'"
    assert flux.condition(OCI) == ("True", "Succeeded", message)
    assert flux.condition(OCI, kind="ArtifactInStorage") == ("True", "Succeeded", message)
    event = f"stored artifact with revision 'v1@{digest}' from '{registry.url}'"
    assert flux.events("OCIRepository") == [("Normal", "NewArtifact", event)]


def test_a_kustomization_applies_what_is_in_it(registry: Registry, flux: Flux) -> None:
    digest = registry.push("v1", {"prod/a.yaml": config_map("a", x="1"), "dev/b.yaml": config_map("b")})
    registry.source(ref={"tag": "v1"})
    flux.kustomization(path="./prod", sourceRef={"kind": "OCIRepository", "name": "app"})
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}
    assert flux.find("configmaps", "b") is None
    assert flux.status(KS)["lastAppliedRevision"] == f"v1@{digest}"


def test_a_moved_tag_is_followed_at_the_interval(registry: Registry, flux: Flux) -> None:
    registry.push("latest", {"a.yaml": config_map("a", x="1")})
    registry.source()
    flux.kustomization(sourceRef={"kind": "OCIRepository", "name": "app"})
    digest = registry.push("latest", {"a.yaml": config_map("a", x="2")})
    flux.advance(30)
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}
    flux.advance(31)
    assert registry.revision == f"latest@{digest}"
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "2"}


def test_a_poll_that_finds_nothing_new_writes_nothing(registry: Registry, flux: Flux) -> None:
    registry.push("latest")
    registry.source()
    before = flux.get(OCI)
    flux.advance(600)
    assert flux.get(OCI) == before


def test_a_digest_is_that_and_nothing_else(registry: Registry, flux: Flux) -> None:
    digest = registry.push("v1")
    registry.push("v1", {"a.yaml": config_map("a", x="2")})
    registry.source(ref={"digest": digest, "tag": "v1"})
    assert registry.revision == digest


@pytest.mark.parametrize(
    ("ref", "tag"),
    [
        ({"semver": ">=1.0.0"}, "1.10.0"),
        ({"semver": "1.2.x"}, "1.2.3"),
        ({"semver": ">=1.0.0-0"}, "2.0.0-rc.1"),
        ({"semver": ">=1.0.0-0", "semverFilter": ".*-rc.*"}, "2.0.0-rc.1"),
        ({"semver": ">=1.0.0", "semverFilter": r"^1\.2\."}, "1.2.3"),
        ({"semver": "1.2.x", "tag": "1.10.0"}, "1.2.3"),
    ],
)
def test_a_range_of_versions_finds_the_highest(registry: Registry, ref: dict[str, str], tag: str) -> None:
    for each in ("1.2.3", "1.10.0", "2.0.0-rc.1", "main", "latest"):
        registry.push(each)
    registry.source(ref=ref)
    assert registry.revision.startswith(f"{tag}@sha256:")


def test_nothing_in_a_range_is_told_and_mends(registry: Registry, flux: Flux) -> None:
    registry.push("1.0.0")
    registry.source(ref={"semver": ">=2.0.0"})
    message = f"failed to determine the artifact tag for '{registry.url}': no match found for semver: >=2.0.0"
    assert flux.condition(OCI) == ("False", "ReadOperationFailed", message)
    assert flux.condition(OCI, kind="FetchFailed") == ("True", "ReadOperationFailed", message)
    registry.push("2.1.0")
    flux.advance(60)
    assert registry.revision.startswith("2.1.0@")
    assert flux.condition(OCI, kind="FetchFailed") is None


def test_a_filter_that_is_no_expression_is_told(registry: Registry, flux: Flux) -> None:
    registry.push("1.0.0")
    registry.source(ref={"semver": ">=1.0.0", "semverFilter": "("})
    ready = flux.condition(OCI)
    assert ready is not None
    assert ready[1] == "ReadOperationFailed"
    why = "error parsing regexp: missing closing ): `(`"
    assert ready[2] == f"failed to determine the artifact tag for '{registry.url}': {why}"


def test_a_tag_that_is_not_there_is_told_and_mends(registry: Registry, flux: Flux) -> None:
    registry.push("v1")
    registry.source(ref={"tag": "v2"})
    ready = flux.condition(OCI)
    assert ready is not None
    assert ready[1] == "OCIArtifactPullFailed"
    where = f"http://{registry.name.replace('/', '/v2/', 1)}/manifests/v2"
    assert ready[2].startswith(f"failed to determine artifact digest: GET {where}: MANIFEST_UNKNOWN: ")
    assert flux.condition(OCI, kind="Reconciling") == ("True", "ProgressingWithRetry", "building artifact")
    assert flux.status(OCI)["observedGeneration"] == -1
    registry.push("v2")
    flux.advance(60)
    assert flux.condition(OCI, kind="Reconciling") is None
    assert registry.revision.startswith("v2@")


def test_a_url_with_a_tag_stalls(registry: Registry, flux: Flux) -> None:
    registry.source(url=f"{registry.url}:v1")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_-./"
    why = f"repository can only contain the characters `{letters}`: {registry.name.partition('/')[2]}:v1"
    message = f"URL validation failed for '{registry.url}:v1': {why}"
    assert flux.condition(OCI) == ("False", "URLInvalid", message)
    assert flux.condition(OCI, kind="Stalled") == ("True", "URLInvalid", message)
    assert flux.condition(OCI, kind="Reconciling") is None
    registry.push("latest")
    flux.change(OCI, "app", {"url": registry.url})
    assert registry.revision.startswith("latest@")
    assert flux.condition(OCI, kind="Stalled") is None


def test_a_secret_that_is_not_there_is_an_authentication_failure(registry: Registry, flux: Flux) -> None:
    registry.source(secretRef={"name": "login"})
    message = f"failed to get credential: failed to get secret '{SYSTEM}/login': secrets \"login\" not found"
    assert flux.condition(OCI) == ("False", "AuthenticationFailed", message)


def test_a_docker_login_is_used(registry: Registry, flux: Flux) -> None:
    registry.push("latest")
    auth = base64.b64encode(f"learner:{registry.forge.token}".encode()).decode()
    config = json.dumps({"auths": {registry.forge.host: {"auth": auth}}})
    metadata = {"name": "login", "namespace": SYSTEM}
    data = {".dockerconfigjson": base64.b64encode(config.encode()).decode()}
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data,
                     "type": "kubernetes.io/dockerconfigjson"})  # fmt: skip
    registry.source(secretRef={"name": "login"})
    assert registry.revision.startswith("latest@")


def test_a_layer_is_chosen_by_its_media_type(registry: Registry, flux: Flux) -> None:
    registry.push("latest", layers={"text/plain": b"hello"})
    registry.source()
    ready = flux.condition(OCI)
    assert ready is not None
    assert ready[1] == "OCIArtifactLayerOperationFailed", "the first layer is taken, and it is no archive"
    assert ready[2].startswith("failed to extract layer contents from artifact: ")
    flux.change(OCI, "app", {"layerSelector": {"mediaType": LAYER}})
    assert registry.files == ["a.yaml"]
    flux.change(OCI, "app", {"layerSelector": {"mediaType": "application/x"}})
    message = "failed to find layer with media type 'application/x' in artifact"
    assert flux.condition(OCI) == ("False", "OCIArtifactLayerOperationFailed", message)


def test_a_layer_can_be_copied_as_it_is(registry: Registry, flux: Flux) -> None:
    chart = gzip.compress(b"no tar at all")
    registry.push("latest", layers={"text/plain": chart})
    registry.source(layerSelector={"mediaType": "text/plain", "operation": "copy"})
    (file,) = flux.artifacts()
    assert file.read_bytes() == chart
    assert flux.status(OCI)["observedLayerSelector"]["operation"] == "copy"


def test_what_is_ignored_is_not_in_the_artifact(registry: Registry, flux: Flux) -> None:
    registry.push("latest", {"a.yaml": config_map("a"), "b.yaml": config_map("b"), "logo.png": "x"})
    registry.source()
    assert registry.files == ["a.yaml", "b.yaml"]
    flux.change(OCI, "app", {"ignore": "/*\n!/b.yaml\n"})
    assert registry.files == ["b.yaml"]


def test_where_it_was_made_from_is_told(registry: Registry, flux: Flux) -> None:
    made = {"org.opencontainers.image.source": "https://example.com/a.git",
            "org.opencontainers.image.revision": "main@sha1:abc"}  # fmt: skip
    registry.push("latest", annotations=made)
    registry.source()
    flux.kustomization(sourceRef={"kind": "OCIRepository", "name": "app"})
    assert flux.status(OCI)["artifact"]["metadata"] == made
    assert flux.events("OCIRepository")[0][2].endswith(
        ", origin source 'https://example.com/a.git', origin revision 'main@sha1:abc'"
    )
    assert flux.status(KS)["lastAppliedOriginRevision"] == "main@sha1:abc"


def test_a_registry_that_does_not_answer_leaves_the_old_artifact(registry: Registry, flux: Flux) -> None:
    digest = registry.push("latest")
    registry.source()
    flux.change(OCI, "app", {"url": "oci://127.0.0.1:9/waal/config"})
    ready = flux.condition(OCI)
    assert ready is not None
    assert ready[1] == "OCIArtifactPullFailed"
    assert "connection refused" in ready[2]
    assert registry.revision == f"latest@{digest}"


def test_a_request_is_handled_at_once_and_a_suspension_kept(registry: Registry, flux: Flux) -> None:
    registry.push("latest")
    registry.source(interval="1h")
    digest = registry.push("latest", {"b.yaml": config_map("b")})
    flux.change(OCI, "app", {"suspend": True})
    flux.request(OCI, "app", "one")
    assert registry.revision != f"latest@{digest}"
    flux.change(OCI, "app", {"suspend": None})
    assert registry.revision == f"latest@{digest}"
    assert flux.status(OCI)["lastHandledReconcileAt"] == "one"


def test_deleting_it_removes_its_artifacts(registry: Registry, flux: Flux) -> None:
    registry.push("latest")
    registry.source()
    assert flux.artifacts()
    flux.api.delete(OCI, "app", SYSTEM)
    flux.plane.settle()
    assert flux.find(OCI, "app", SYSTEM) is None
    assert flux.artifacts() == []


def test_what_is_to_be_verified_is_not_stored(registry: Registry, flux: Flux) -> None:
    digest = registry.push("v1")
    registry.source(ref={"tag": "v1"}, verify={"provider": "cosign"})
    why = f"no matching signatures were found for '{registry.name}@{digest}'"
    message = f"failed to verify the signature using provider 'cosign keyless': {why}"
    assert flux.condition(OCI, kind="SourceVerified") == ("False", "VerificationError", message)
    assert flux.condition(OCI) == ("False", "VerificationError", message)
    assert "artifact" not in flux.status(OCI)
    flux.change(OCI, "app", {"verify": None})
    assert flux.condition(OCI, kind="SourceVerified") is None
    assert registry.revision == f"v1@{digest}"
