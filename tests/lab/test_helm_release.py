"""A HelmRelease on a real process, with the real helm where it is installed: what Flux installs, ``helm ls`` shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gitopslab.clusters.waiting import wait_until
from gitopslab.lab import Lab
from gitopslab.machinery.objects import Object, condition_of

RELEASES = "helmreleases.helm.toolkit.fluxcd.io"
pytestmark = pytest.mark.skipif(shutil.which("helm") is None, reason="helm is not installed here")
CHART = {
    "app/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "app/values.yaml": "replicas: 1\nimage: nginx\n",
    "app/templates/web.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: web, image: "{{ .Values.image }}"}]}
""",
}
OBJECTS = """apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: charts, namespace: flux-system}
spec: {interval: 1h, url: "URL", ref: {branch: main}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: released, namespace: flux-system}
spec:
  interval: 1h
  timeout: 20s
  targetNamespace: default
  chart: {spec: {chart: ./app, sourceRef: {kind: GitRepository, name: charts}}}
"""
NAME = "default-released"


def waited(lab: Lab, message: str, kind: str = "Ready") -> Object:
    """The release once a condition says something."""

    def says(obj: Object) -> bool:
        return message in (condition_of(obj, kind) or {}).get("message", "")

    reached, found = wait_until(lambda: [lab.client.get(RELEASES, "released", "flux-system")], says, 30)
    assert reached, found[0].get("status")
    return found[0]


def change(lab: Lab, **spec: object) -> None:
    lab.client.patch(RELEASES, "released", {"spec": spec}, "flux-system")


def test_a_release_lives(lab: Lab, tmp_path: Path) -> None:
    lab.flux.install()
    copy = lab.git.clone("waal/charts", tmp_path / "charts")
    copy.commit("Add a chart", CHART, push=True)
    lab.apply(OBJECTS.replace("URL", lab.flux.url("waal/charts")))

    found = waited(lab, f"Helm install succeeded for release default/{NAME}.v1 with chart web@1.0.0")
    assert condition_of(found, "Released")["reason"] == "InstallSucceeded"  # type: ignore[index]
    assert lab.client.list("secrets", "default", labels="owner=helm,status=deployed")[0]["metadata"]["name"] == (
        f"sh.helm.release.v1.{NAME}.v1"
    )

    labels = lab.client.get("deployment", NAME)["metadata"]["labels"]
    assert labels["helm.toolkit.fluxcd.io/name"] == "released"

    lab.flux.reconcile("hr", "released", with_source=True)
    trace = str(lab.flux.trace(f"deployment/{NAME}"))
    parts = [part.split()[:2] for part in trace.split("---\n")[1:]]
    assert parts == [["HelmRelease:", "released"], ["HelmChart:", "flux-system-released"], ["GitRepository:", "charts"]]

    change(lab, values={"replicas": 2})
    found = waited(lab, f"Helm upgrade succeeded for release default/{NAME}.v2")
    assert [each["version"] for each in found["status"]["history"]] == [2, 1]
    assert lab.client.get("deployment", NAME)["spec"]["replicas"] == 2

    change(lab, timeout="3s", values={"image": "nosuch"}, upgrade={"remediation": {"retries": 1}})
    found = waited(lab, "Failed to upgrade after 2 attempt(s)", "Stalled")
    assert "RollbackSucceeded" in str(lab.flux.events("HelmRelease/released"))
    assert "context deadline exceeded" in str(lab.flux.events("HelmRelease/released"))
    assert lab.client.get("deployment", NAME)["spec"]["replicas"] == 2, "the last good one is back"

    change(lab, timeout="20s", values={"replicas": 1, "image": "nginx"})
    waited(lab, "Helm upgrade succeeded")
    lab.client.patch("deployment", NAME, {"spec": {"replicas": 5}})
    lab.flux.reconcile("hr", "released")
    assert lab.client.get("deployment", NAME)["spec"]["replicas"] == 5, "drift is not looked for"
    change(lab, driftDetection={"mode": "enabled"})
    waited(lab, f"Deployment/default/{NAME} changed (0 additions, 1 changes, 0 removals)", "Drifted")
    assert lab.client.get("deployment", NAME)["spec"]["replicas"] == 1
    lab.flux.reconcile("hr", "released")
    waited(lab, "No drift detected against the cluster state", "Drifted")

    lab.delete("helmrelease/released", namespace="flux-system")
    lab.wait(f"deployment/{NAME}", "delete", namespace="default")
    assert lab.client.list("secrets", "default", labels="owner=helm") == []
    lab.delete("gitrepository/charts", namespace="flux-system")
