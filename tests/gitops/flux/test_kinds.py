"""Flux's kinds in the API: columns, short names, categories, schemas, status apart."""

from __future__ import annotations

import re

import pytest
from flux_cluster import GIT, SYSTEM, Flux

from gitopslab.errors import InvalidError
from gitopslab.gitops.flux.definitions import definitions
from gitopslab.machinery.objects import Object

AGE = ("Age", ".metadata.creationTimestamp")
READY = ("Ready", '.status.conditions[?(@.type=="Ready")].status')
STATUS = ("Status", '.status.conditions[?(@.type=="Ready")].message')
URL = ("URL", ".spec.url")
SOURCE, KUSTOMIZE, HELM, IMAGE = (f"{name}.toolkit.fluxcd.io" for name in ("source", "kustomize", "helm", "image"))
KINDS = {
    "GitRepository": (f"{SOURCE}/v1", [URL, AGE, READY, STATUS]),
    "OCIRepository": (f"{SOURCE}/v1", [URL, READY, STATUS, AGE]),
    "Bucket": (f"{SOURCE}/v1", [("Endpoint", ".spec.endpoint"), AGE, READY, STATUS]),
    "HelmRepository": (f"{SOURCE}/v1", [URL, AGE, READY, STATUS]),
    "HelmChart": (f"{SOURCE}/v1", [
        ("Chart", ".spec.chart"), ("Version", ".spec.version"), ("Source Kind", ".spec.sourceRef.kind"),
        ("Source Name", ".spec.sourceRef.name"), AGE, READY, STATUS,
    ]),
    "ExternalArtifact": (f"{SOURCE}/v1", [AGE, READY, STATUS, ("Source", ".spec.sourceRef.name")]),
    "Kustomization": (f"{KUSTOMIZE}/v1", [AGE, READY, STATUS]),
    "HelmRelease": (f"{HELM}/v2", [AGE, READY, STATUS]),
    "ImageRepository": (f"{IMAGE}/v1", [
        ("Image", ".spec.image"), ("Tags", ".status.lastScanResult.tagCount"), READY, STATUS,
        ("Last scan", ".status.lastScanResult.scanTime", 1), AGE,
    ]),
    "ImagePolicy": (f"{IMAGE}/v1", [
        ("Image", ".status.latestRef.name"), ("Tag", ".status.latestRef.tag"), READY, STATUS, AGE,
    ]),
    "ImageUpdateAutomation": (f"{IMAGE}/v1", [
        READY, STATUS, ("Last run", ".status.lastAutomationRunTime", 1), AGE,
    ]),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_one_version_with_the_real_columns_in_their_order(kind: str) -> None:
    api_version, columns = KINDS[kind]
    (definition,) = [each for each in definitions() if each["spec"]["names"]["kind"] == kind]
    (version,) = definition["spec"]["versions"]
    assert f"{definition['spec']['group']}/{version['name']}" == api_version
    assert (version["served"], version["storage"], definition["spec"]["scope"]) == (True, True, "Namespaced")
    shown = [(each["name"], each["jsonPath"], each.get("priority", 0)) for each in version["additionalPrinterColumns"]]
    assert shown == [(*column, 0)[:3] for column in columns]
    assert version["subresources"] == {"status": {}}
    assert version["schema"]["openAPIV3Schema"]["properties"]["status"]["default"] == {"observedGeneration": -1}


@pytest.mark.parametrize(
    ("kinds", "categories"),
    [
        (["GitRepository", "OCIRepository", "Bucket", "HelmRepository", "HelmChart", "ExternalArtifact"],
         ["all", "fluxcd", "fluxcd-sources"]),
        (["Kustomization", "HelmRelease"], ["all", "fluxcd", "fluxcd-appliers"]),
        (["ImageUpdateAutomation", "ImageRepository", "ImagePolicy"], ["all", "fluxcd", "fluxcd-images"]),
        (["Receiver", "Provider", "Alert"], ["all", "fluxcd", "fluxcd-notifications"]),
    ],
)  # fmt: skip
def test_kubectl_get_all_lists_all_of_flux(flux: Flux, kinds: list[str], categories: list[str]) -> None:
    for kind in kinds:
        found = flux.plane.verbs.catalog.lookup(kind.lower())
        assert found is not None
        assert list(found.categories) == categories


@pytest.mark.parametrize(
    ("short", "kind"),
    [
        ("gitrepo", "GitRepository"),
        ("ocirepo", "OCIRepository"),
        ("ks", "Kustomization"),
        ("hr", "HelmRelease"),
        ("hc", "HelmChart"),
        ("helmrepo", "HelmRepository"),
        ("ea", "ExternalArtifact"),
        ("imgrepo", "ImageRepository"),
        ("imagerepo", "ImageRepository"),
        ("imgpol", "ImagePolicy"),
        ("imagepol", "ImagePolicy"),
        ("iua", "ImageUpdateAutomation"),
        ("imgupd", "ImageUpdateAutomation"),
        ("imgauto", "ImageUpdateAutomation"),
    ],
)
def test_short_names_work(flux: Flux, short: str, kind: str) -> None:
    found = flux.plane.verbs.catalog.lookup(short)
    assert found is not None
    assert found.kind == kind


def test_every_kind_begins_with_nothing_observed(flux: Flux) -> None:
    flux.plane.manager.stop("gitrepository-controller")
    flux.repository("http://localhost/x/y.git")
    assert flux.get(GIT)["status"] == {"observedGeneration": -1}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"interval": "soon"}, r"spec\.interval"),
        ({"url": "file:///x"}, r"spec\.url"),
        ({"timeout": "1h"}, r"spec\.timeout"),
    ],
)
def test_bad_values_are_refused(flux: Flux, spec: dict[str, str], field: str) -> None:
    wanted = {"interval": "1m", "url": "http://localhost/x/y.git"} | spec
    with pytest.raises(InvalidError, match=field):
        flux.create("source.toolkit.fluxcd.io/v1", "GitRepository", "bad", wanted)


def test_a_kustomization_must_choose_whether_it_prunes(flux: Flux) -> None:
    spec = {"interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "app"}}
    with pytest.raises(InvalidError, match=r"spec\.prune: Required value"):
        flux.create("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "bad", spec, SYSTEM)


GIT_SPEC = {"interval": "1m", "url": "https://localhost/x/y.git"}
KS_SPEC = {"interval": "1m", "prune": True, "sourceRef": {"kind": "GitRepository", "name": "app"}}
SCAN_SPEC = {"image": "localhost:5050/a/b", "interval": "1m"}
POLICY_SPEC = {"imageRepositoryRef": {"name": "app"}, "policy": {"alphabetical": {}}}
AUTOMATION_SPEC = {
    "interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "app"}, "git": {"commit": {"author": {}}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("GitRepository", {**GIT_SPEC, "url": None}, r"spec\.url: Required"),
        ("GitRepository", {**GIT_SPEC, "interval": None}, r"spec\.interval: Required"),
        ("GitRepository", {**GIT_SPEC, "provider": "gitlab"}, r"spec\.provider: Unsupported"),
        ("GitRepository", {**GIT_SPEC, "verify": {"mode": "tag", "secretRef": {"name": "k"}}}, r"spec\.verify\.mode"),
        ("Kustomization", {**KS_SPEC, "interval": None}, r"spec\.interval: Required"),
        ("Kustomization", {**KS_SPEC, "sourceRef": None}, r"spec\.sourceRef: Required"),
        ("Kustomization", {**KS_SPEC, "sourceRef": {"kind": "GitRepository"}}, r"spec\.sourceRef\.name: Required"),
        ("Kustomization", {**KS_SPEC, "sourceRef": {"kind": "HelmRepository", "name": "a"}}, r"sourceRef\.kind"),
        ("Kustomization", {**KS_SPEC, "deletionPolicy": "Keep"}, r"spec\.deletionPolicy: Unsupported"),
        ("Kustomization", {**KS_SPEC, "healthChecks": [{"name": "web"}]}, r"healthChecks\[0\]\.kind: Required"),
        ("Kustomization", {**KS_SPEC, "healthChecks": [{"kind": "Job"}]}, r"healthChecks\[0\]\.name: Required"),
        ("ImageRepository", {**SCAN_SPEC, "interval": None}, r"spec\.interval: Required"),
        ("ImageRepository", {**SCAN_SPEC, "exclusionList": ["x"] * 26}, r"spec\.exclusionList: Too many"),
        ("ImagePolicy", {**POLICY_SPEC, "interval": "1m"}, r"spec\.interval is only accepted"),
        ("ImagePolicy", {**POLICY_SPEC, "policy": {"alphabetical": {"order": "up"}}}, r"alphabetical\.order"),
        ("ImageUpdateAutomation", AUTOMATION_SPEC, r"spec\.git\.commit\.author\.email: Required"),
    ],
)
def test_what_flux_requires_is_required(flux: Flux, kind: str, spec: Object, field: str) -> None:
    said = {key: value for key, value in spec.items() if value is not None}
    with pytest.raises(InvalidError, match=field):
        flux.create(KINDS[kind][0], kind, "bad", said)


@pytest.mark.parametrize(
    ("kind", "spec", "filled_in"),
    [
        ("GitRepository", GIT_SPEC, {"timeout": "60s"}),
        ("GitRepository", {**GIT_SPEC, "url": "ssh://git@localhost/x/y"}, {"timeout": "60s"}),
        ("GitRepository", {**GIT_SPEC, "verify": {"secretRef": {"name": "k"}}},
         {"timeout": "60s", "verify": {"mode": "HEAD", "secretRef": {"name": "k"}}}),
        ("Kustomization", KS_SPEC, {"force": False}),
        ("ImageRepository", SCAN_SPEC, {"exclusionList": [r"^.*\.sig$"], "provider": "generic"}),
        ("ImagePolicy", POLICY_SPEC, {"digestReflectionPolicy": "Never", "policy": {"alphabetical": {"order": "asc"}}}),
    ],
)  # fmt: skip
def test_what_is_left_out_is_filled_in(flux: Flux, kind: str, spec: Object, filled_in: Object) -> None:
    metadata = {"name": "plain", "namespace": SYSTEM}
    obj = {"apiVersion": KINDS[kind][0], "kind": kind, "metadata": metadata, "spec": spec}
    assert flux.api.create(obj)["spec"] == {**spec, **filled_in}


@pytest.mark.parametrize(
    ("kind", "spec", "why"),
    [
        ("HelmRelease", {"install": {"strategy": {"name": "No"}}}, 'Unsupported value: "No"'),
        (
            "HelmRelease",
            {"upgrade": {"strategy": {"name": "RemediateOnFailure", "retryInterval": "1m"}}},
            ".retryInterval can only be set when .name is 'RetryOnFailure'",
        ),
        ("Kustomization", {"decryption": {"provider": "gpg"}}, 'Unsupported value: "gpg"'),
        (
            "Kustomization",
            {"kubeConfig": {}},
            "exactly one of spec.kubeConfig.configMapRef or spec.kubeConfig.secretRef",
        ),
        ("Kustomization", {"buildMetadata": ["no"]}, 'Unsupported value: "no"'),
        ("Receiver", {"secretRef": None}, "secretRef is required when type is not generic-oidc"),
        ("Receiver", {"resources": [{"kind": "Pod", "name": "x"}]}, 'Unsupported value: "Pod"'),
        ("Bucket", {"secretRef": {"name": "x"}, "serviceAccountName": "y", "provider": "aws"}, "cannot set both"),
        (
            "ImageUpdateAutomation",
            {"git": {"commit": {"author": {"email": "a"}}, "push": {"refspec": "+a:b"}}},
            "refspec",
        ),
    ],
)
def test_what_a_schema_forbids_is_refused(flux: Flux, kind: str, spec: Object, why: str) -> None:
    reference = {"kind": "GitRepository", "name": "x"}
    needed: dict[str, Object] = {
        "HelmRelease": {"interval": "1m", "chartRef": {"kind": "HelmChart", "name": "x"}},
        "Kustomization": {"interval": "1m", "prune": True, "sourceRef": reference},
        "Receiver": {"type": "generic", "secretRef": {"name": "x"}, "resources": [reference]},
        "Bucket": {"interval": "1m", "bucketName": "x", "endpoint": "x"},
        "ImageUpdateAutomation": {"interval": "1m", "sourceRef": reference},
    }
    (definition,) = [each for each in definitions() if each["spec"]["names"]["kind"] == kind]
    version = f"{definition['spec']['group']}/{definition['spec']['versions'][0]['name']}"
    wanted = {key: value for key, value in {**needed[kind], **spec}.items() if value is not None}
    with pytest.raises(InvalidError, match=re.escape(why)):
        flux.create(version, kind, "x", wanted)
