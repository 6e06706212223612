"""The real ``flux`` command against the embedded cluster; it is asked only where it is installed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from standin_tools import real

from gitopslab.lab import Lab

WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: told, namespace: default}
spec:
  replicas: 1
  selector: {matchLabels: {app: told}}
  template:
    metadata: {labels: {app: told}}
    spec: {containers: [{name: web, image: nginx}]}
"""
SYNC = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: told, namespace: flux-system}
spec: {interval: 1h, url: "URL", ref: {branch: main}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: told, namespace: flux-system}
spec: {interval: 1h, path: ./app, prune: true, sourceRef: {kind: GitRepository, name: told}}
"""


class Command:
    """``flux`` as a learner types it."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self._program = real("flux")
        self._environment = {**os.environ, "KUBECONFIG": str(lab.cluster.kubeconfig), "HOME": str(home)}

    def __call__(self, line: str, code: int = 0) -> str:
        """What it prints; long hexadecimal words are cut, and it must end with a code."""
        answer = subprocess.run(
            [self._program, *line.split()],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == code, answer.stderr
        return re.sub(r"[0-9a-f]{40,}", lambda match: match.group()[:8], answer.stdout + answer.stderr)


@pytest.fixture
def flux(lab: Lab, tmp_path: Path) -> Command:
    return Command(lab, tmp_path)


@pytest.fixture
def told(lab: Lab, flux: Command, tmp_path: Path) -> str:
    """A Kustomization of a repository of its own; the commit."""
    lab.flux.install()
    copy = lab.git.clone("waal/told", tmp_path / "told")
    copy.commit("Add it", {"app/web.yaml": WEB}, push=True)
    lab.apply(SYNC.replace("URL", lab.flux.url("waal/told")))
    lab.flux.reconcile("ks", "told", with_source=True)
    return str(copy.head)[:8]


def test_it_reads_what_the_labs_flux_says(flux: Command, told: str) -> None:
    row = flux("get kustomizations told").splitlines()[1].split("\t")
    assert [cell.strip() for cell in row[:5]] == [
        "told", f"main@sha1:{told}", "False", "True", f"Applied revision: main@sha1:{told}",
    ]  # fmt: skip
    assert f"stored artifact for revision 'main@sha1:{told}'" in flux("get sources git told")
    assert flux("tree kustomization told").split() == [
        "Kustomization/flux-system/told",
        "└──",
        "Deployment/default/told",
    ]
    trace = flux("trace told --kind Deployment --api-version apps/v1 --namespace default")
    assert "Managed by Flux" in trace
    assert "Path:" in trace
    assert "ReconciliationSucceeded" in flux("events --for Kustomization/told")
    assert "all checks passed" in flux("check")


def test_it_has_the_labs_flux_act(flux: Command, told: str) -> None:
    assert f"✔ applied revision main@sha1:{told}" in flux("reconcile kustomization told --with-source")
    assert "✔ kustomization suspended" in flux("suspend kustomization told")
    assert "✗ resource is suspended" in flux("reconcile kustomization told", code=1)
    assert "✔ Kustomization told reconciliation completed" in flux("resume kustomization told")


def test_it_sees_what_a_change_would_do(flux: Command, told: str, tmp_path: Path) -> None:
    line = f"diff kustomization told --path {tmp_path / 'told/app'} --progress-bar=false"
    assert "drifted" not in flux(line)
    (tmp_path / "told/app/web.yaml").write_text(WEB.replace("replicas: 1", "replicas: 3"))
    assert "► Deployment/default/told drifted" in flux(line, code=1)


def test_what_it_pushes_is_applied_and_the_lab_pushes_alike(flux: Command, told: str, lab: Lab, tmp_path: Path) -> None:
    folder = tmp_path / "told/app"
    url = f"oci://{lab.registry}/waal/pushed"
    flux(f"push artifact {url}:1.0.0 --path {folder} --source here --revision main@sha1:abc "
         f"--creds learner:{lab.registry.token_file.read_text().strip()} --insecure-registry")  # fmt: skip
    lab.flux.push("waal/pushed:1.1.0", folder, source="there", revision="main@sha1:def")
    rows = [row.split()[2:] for row in flux(f"list artifacts {url} --insecure-registry").splitlines()[1:]]
    assert sorted(rows) == [["here", "main@sha1:abc"], ["there", "main@sha1:def"]]
    flux(f"create source oci pushed --url oci://{lab.flux.registry()}/waal/pushed --tag-semver >=1.0.0 --insecure")
    flux("create kustomization pushed --source OCIRepository/pushed --prune --target-namespace kube-public")
    assert "Origin Revision: main@sha1:def" in flux(
        "trace told --kind Deployment --api-version apps/v1 --namespace kube-public"
    )
    flux("delete kustomization pushed --silent")
    flux("delete source oci pushed --silent")
