"""Ready means applied; with ``wait`` or ``healthChecks`` it means healthy."""

from __future__ import annotations

from flux_cluster import KS, Flux, config_map
from projects import Project

GOOD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 1
  progressDeadlineSeconds: 600
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""
STUCK = GOOD.replace("containers:", "nodeSelector: {nowhere: here}, containers:")
JOB = """apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: default}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: c, image: busybox, command: [sh, -c, "exit %d"]}]}}
"""


def begun(flux: Flux, project: Project, manifest: str, **spec: object) -> str:
    commit = project.commit({"web.yaml": manifest})
    flux.repository(project.url, interval="1h")
    flux.kustomization(**{"interval": "1h", "retryInterval": "30m", **spec})
    return commit


def ready(flux: Flux, kind: str = "Ready") -> tuple[str, str, str]:
    found = flux.condition(KS, kind=kind)
    assert found is not None
    return found


def test_without_wait_ready_means_applied(flux: Flux, project: Project) -> None:
    begun(flux, project, STUCK)
    assert ready(flux)[0] == "True"
    assert flux.get("deployments.apps", "web", "default")["status"].get("availableReplicas") is None


def test_with_wait_it_is_in_progress_until_all_is_healthy(flux: Flux, project: Project) -> None:
    commit = begun(flux, project, GOOD, wait=True, timeout="5m")
    assert ready(flux) == ("Unknown", "Progressing", "Reconciliation in progress")
    message = f"Running health checks for revision main@sha1:{commit} with a timeout of 5m0s"
    assert ready(flux, "Reconciling") == ("True", "Progressing", message)
    assert ready(flux, "Healthy")[:2] == ("Unknown", "Progressing")
    assert "lastAppliedRevision" not in flux.status(KS)
    flux.advance(30)
    assert ready(flux)[0] == "True"
    assert ready(flux, "Healthy")[:2] == ("True", "Succeeded")
    assert ready(flux, "Healthy")[2].startswith("Health check passed in ")
    assert flux.condition(KS, kind="Reconciling") is None
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{commit}"
    passed = ("Normal", "Progressing", ready(flux, "Healthy")[2])
    assert flux.events("Kustomization").count(passed) == 1


def test_that_it_is_healthy_still_is_no_event(flux: Flux, project: Project) -> None:
    begun(flux, project, GOOD, wait=True)
    flux.advance(30)
    flux.request(KS, "app")
    assert sum(event[2].startswith("Health check passed") for event in flux.events("Kustomization")) == 1


def test_what_does_not_become_healthy_in_time_fails_and_stays(flux: Flux, project: Project) -> None:
    commit = begun(flux, project, STUCK, wait=True, timeout="1m")
    flux.advance(70)
    status = flux.status(KS)
    message = "health check failed after 1m0s: timeout waiting for: [Deployment/default/web status: 'InProgress']"
    assert ready(flux) == ("False", "HealthCheckFailed", message)
    words = "timeout waiting for: [Deployment/default/web status: 'InProgress']"
    assert ready(flux, "Healthy") == ("False", "HealthCheckFailed", words)
    assert [entry["id"] for entry in status["inventory"]["entries"]] == ["default_web_apps_Deployment"]
    assert "lastAppliedRevision" not in status
    assert status["lastAttemptedRevision"] == f"main@sha1:{commit}"
    assert status["history"][0]["lastReconciledStatus"] == "HealthCheckFailed"
    project.commit({"web.yaml": GOOD})
    flux.sync()
    flux.advance(30)
    assert ready(flux)[0] == "True"


def test_a_job_is_waited_for_until_it_is_complete(flux: Flux, project: Project) -> None:
    begun(flux, project, JOB % 0, wait=True)
    assert ready(flux)[0] == "Unknown"
    flux.advance(60)
    assert ready(flux)[0] == "True"


def test_a_failed_job_ends_the_wait_early(flux: Flux, project: Project) -> None:
    begun(flux, project, JOB % 1, wait=True, timeout="10m")
    flux.advance(120)
    assert ready(flux)[1] == "HealthCheckFailed"
    words = "failed early due to stalled resources: [Job/default/once status: 'Failed']"
    assert ready(flux)[2].endswith(words)


def test_health_checks_name_what_is_waited_for(flux: Flux, project: Project) -> None:
    checks = [{"kind": "Deployment", "name": "other", "namespace": "default"}]
    begun(flux, project, config_map("a"), healthChecks=checks, timeout="30s")
    flux.advance(31)
    assert ready(flux)[1] == "HealthCheckFailed"
    assert ready(flux)[2].endswith("timeout waiting for: [Deployment/default/other status: 'NotFound']")


def test_wait_makes_health_checks_void(flux: Flux, project: Project) -> None:
    checks = [{"kind": "Deployment", "name": "other", "namespace": "default"}]
    begun(flux, project, config_map("a"), healthChecks=checks, wait=True)
    assert ready(flux)[0] == "True"


def test_pruning_comes_before_health(flux: Flux, project: Project) -> None:
    begun(flux, project, GOOD, wait=True)
    flux.advance(30)
    project.commit({"web.yaml": None, "new.yaml": STUCK.replace("name: web", "name: new")})
    flux.sync()
    assert ready(flux)[0] == "Unknown"
    assert flux.find("deployments.apps", "web") is None


def test_it_does_not_wait_for_itself(flux: Flux, project: Project) -> None:
    own = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: app, namespace: flux-system}
spec: {interval: 10m, prune: true, wait: true, sourceRef: {kind: GitRepository, name: app}}
"""
    project.commit({"own.yaml": own, "a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(wait=True)
    assert ready(flux)[0] == "True"
    assert ready(flux, "Healthy")[0] == "True"


def test_with_nothing_to_wait_for_it_says_nothing_of_health(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "# nothing yet\n"})
    flux.repository(project.url)
    flux.kustomization(wait=True)
    assert ready(flux)[0] == "True"
    assert flux.condition(KS, kind="Healthy") is None
