"""Flux's kinds in the API: columns, short names, categories, schemas, status apart."""

from __future__ import annotations

import pytest
from flux_cluster import GIT, SYSTEM, Flux

from gitopslab.errors import InvalidError
from gitopslab.gitops.flux.definitions import definitions

COLUMNS = {
    "GitRepository": ["URL", "Age", "Ready", "Status"],
    "OCIRepository": ["URL", "Ready", "Status", "Age"],
    "Bucket": ["Endpoint", "Age", "Ready", "Status"],
    "HelmRepository": ["URL", "Age", "Ready", "Status"],
    "HelmChart": ["Chart", "Version", "Source Kind", "Source Name", "Age", "Ready", "Status"],
    "ExternalArtifact": ["Age", "Ready", "Status", "Source"],
    "Kustomization": ["Age", "Ready", "Status"],
    "HelmRelease": ["Age", "Ready", "Status"],
    "ImageRepository": ["Image", "Tags", "Ready", "Status", "Last scan", "Age"],
    "ImagePolicy": ["Image", "Tag", "Ready", "Status", "Age"],
    "ImageUpdateAutomation": ["Ready", "Status", "Last run", "Age"],
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_columns_are_the_real_ones_in_their_order(kind: str) -> None:
    (definition,) = [each for each in definitions() if each["spec"]["names"]["kind"] == kind]
    (version,) = definition["spec"]["versions"]
    assert [column["name"] for column in version["additionalPrinterColumns"]] == COLUMNS[kind]
    assert version["subresources"] == {"status": {}}


@pytest.mark.parametrize(
    ("short", "kind"),
    [
        ("gitrepo", "GitRepository"),
        ("ks", "Kustomization"),
        ("hr", "HelmRelease"),
        ("hc", "HelmChart"),
        ("helmrepo", "HelmRepository"),
        ("ea", "ExternalArtifact"),
        ("imgpol", "ImagePolicy"),
        ("iua", "ImageUpdateAutomation"),
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
