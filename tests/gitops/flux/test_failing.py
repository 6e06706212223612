"""What goes wrong has the real controller's reason and words, and mends without a restart."""

from __future__ import annotations

import json
import re

import pytest
from flux_cluster import KS, SYSTEM, Flux, config_map
from projects import Project

from gitopslab.machinery.objects import Object

THINGS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.example.com"},
    "spec": {
        "group": "example.com", "names": {"kind": "Thing", "plural": "things"}, "scope": "Namespaced",
        "versions": [{
            "name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}},
        }],
    },
}  # fmt: skip


def ready(flux: Flux) -> tuple[str, str, str]:
    found = flux.condition(KS)
    assert found is not None
    return found


def test_a_missing_source_is_named(flux: Flux, project: Project) -> None:
    flux.kustomization()
    message = 'GitRepository.source.toolkit.fluxcd.io "app" not found'
    assert ready(flux) == ("False", "ArtifactFailed", message)
    assert flux.events("Kustomization") == []
    assert flux.condition(KS, kind="Reconciling") is None
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    assert ready(flux)[0] == "True"


def test_a_source_without_an_artifact_is_waited_for(flux: Flux, project: Project) -> None:
    flux.repository(project.url)
    flux.kustomization()
    assert ready(flux) == ("False", "ArtifactFailed", "Source artifact not found, retrying in 30s")
    project.commit({"a.yaml": config_map("a")})
    flux.sync()
    assert ready(flux)[0] == "True"


def test_a_path_that_is_not_there_is_told(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(path="./prod")
    assert ready(flux)[1] == "ArtifactFailed"
    assert ready(flux)[2].startswith("kustomization path not found: stat ")
    assert ready(flux)[2].endswith("/prod: no such file or directory")
    assert flux.status(KS).keys().isdisjoint({"lastAppliedRevision", "lastAttemptedRevision"})


def test_a_path_leads_nowhere_outside_the_source(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(path="../../../../etc")
    assert ready(flux)[1] == "ArtifactFailed"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("configMapGenerator: [{name: c, namespace: default, files: [x=/etc/hostname]}]", id="absolute"),
        pytest.param("resources: [../../../../../../../../etc/hostname]", id="upwards"),
    ],
)
def test_a_kustomization_reads_nothing_outside_the_source(flux: Flux, project: Project, content: str) -> None:
    project.commit({"kustomization.yaml": f"{content}\n"})
    flux.repository(project.url)
    flux.kustomization()
    assert ready(flux)[1] == "BuildFailed"
    assert ready(flux)[2].startswith("kustomize build failed: fs-security-constraint read /etc/hostname: ")


def test_a_kustomization_reads_what_is_beside_it_in_the_source(flux: Flux, project: Project) -> None:
    project.commit({
        "prod/kustomization.yaml": "resources: [../base]\n",
        "base/kustomization.yaml": "configMapGenerator: [{name: c, namespace: default, files: [x=../shared/x]}]\n",
        "shared/x": "1",
    })  # fmt: skip
    flux.repository(project.url)
    flux.kustomization(path="./prod")
    assert ready(flux)[0] == "True"


def test_a_build_that_fails_is_told_in_kustomizes_words(flux: Flux, project: Project) -> None:
    commit = project.commit({"kustomization.yaml": "resources: [nope.yaml]\n"})
    flux.repository(project.url)
    flux.kustomization()
    assert flux.status(KS)["lastAttemptedRevision"] == f"main@sha1:{commit}"
    assert "lastAppliedRevision" not in flux.status(KS)
    assert (flux.condition(KS, kind="Reconciling") or ("", ""))[:2] == ("True", "ProgressingWithRetry")
    assert ready(flux)[1] == "BuildFailed"
    assert ready(flux)[2].startswith("kustomize build failed: accumulating resources")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("replicas: 3\n", "failed to decode Kubernetes YAML from ROOT/below/values.yaml: missing Resource metadata"),
        (
            "a: [\n",
            "failed to decode Kubernetes YAML from ROOT/below/values.yaml: "
            "MalformedYAMLError: yaml: line 1: did not find expected node content",
        ),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n",
            "failed to decode Kubernetes YAML from ROOT/below/values.yaml: missing metadata.name in object ",
        ),
        (
            "kind: ConfigMap\nmetadata: {name: x}\n",
            'failed to decode Kubernetes apiVersion, kind and name from: {"kind":"ConfigMap","metadata":{"name":"x"}}',
        ),
    ],
)
def test_a_folder_without_a_kustomization_holds_manifests_only(
    flux: Flux, project: Project, text: str, words: str
) -> None:
    project.commit({"app/a.yaml": config_map("a"), "app/below/values.yaml": text, "app/c.txt": "no manifest"})
    flux.repository(project.url)
    flux.kustomization(path="./app")
    assert ready(flux)[:2] == ("False", "BuildFailed")
    assert re.sub(r"/\S*/kustomization-\d+", "ROOT", ready(flux)[2]).startswith(words.replace("ROOT", "ROOT/app"))
    assert flux.find("configmaps", "a") is None
    project.commit({"app/below/values.yaml": config_map("b")})
    flux.sync()
    assert ready(flux)[0] == "True"
    assert flux.find("configmaps", "b") is not None


def test_a_bad_manifest_in_the_middle_keeps_all_of_it_back(flux: Flux, project: Project) -> None:
    first = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization()
    bad = "apiVersion: v1\nkind: Service\nmetadata: {name: m, namespace: default}\nspec: {ports: [{port: 99999}]}\n"
    second = project.commit({"b.yaml": config_map("b"), "m.yaml": bad, "z.yaml": config_map("z"), "a.yaml": None})
    flux.sync()
    status = flux.status(KS)
    assert ready(flux)[:2] == ("False", "ReconciliationFailed")
    assert ready(flux)[2].startswith('Service/default/m dry-run failed (Invalid): Service "m" is invalid: ')
    assert flux.find("configmaps", "b") is None
    assert flux.find("configmaps", "z") is None
    assert flux.find("configmaps", "a") is not None, "an apply that fails prunes nothing"
    assert [entry["id"] for entry in status["inventory"]["entries"]] == ["default_a__ConfigMap"]
    assert status["lastAppliedRevision"] == f"main@sha1:{first}"
    assert status["lastAttemptedRevision"] == f"main@sha1:{second}"
    reconciling = flux.condition(KS, kind="Reconciling")
    assert reconciling is not None
    assert reconciling[:2] == ("True", "ProgressingWithRetry")
    project.commit({"m.yaml": None})
    flux.sync()
    assert ready(flux)[0] == "True"
    assert flux.condition(KS, kind="Reconciling") is None
    assert flux.find("configmaps", "z") is not None
    assert flux.find("configmaps", "a") is None


def test_observed_generation_moves_only_with_success(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization()
    flux.change(KS, "app", {"path": "./nope"})
    assert flux.get(KS)["metadata"]["generation"] == 2
    assert flux.status(KS)["observedGeneration"] == 1


def test_a_kind_that_is_not_there_yet_is_retried(flux: Flux, project: Project) -> None:
    thing = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one, namespace: default}\n"
    project.commit({"thing.yaml": thing})
    flux.repository(project.url)
    flux.kustomization(retryInterval="1m")
    message = 'Thing/default/one dry-run failed: no matches for kind "Thing" in version "example.com/v1"\n'
    assert ready(flux) == ("False", "ReconciliationFailed", message)
    flux.api.create(THINGS)
    flux.advance(61)
    assert ready(flux)[0] == "True"


def test_a_namespaced_object_without_a_namespace_is_refused(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"})
    flux.repository(project.url)
    flux.kustomization()
    message = "ConfigMap/a namespace not specified: the server could not find the requested resource\n"
    assert ready(flux) == ("False", "ReconciliationFailed", message)


def test_a_namespace_that_is_missing_is_told(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", "nowhere")})
    flux.repository(project.url)
    flux.kustomization()
    message = 'ConfigMap/nowhere/a not found: namespaces "nowhere" not found\n'
    assert ready(flux) == ("False", "ReconciliationFailed", message)


def test_what_was_written_before_a_failure_is_told_with_it(flux: Flux, project: Project) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    project.commit({"a.yaml": config_map("a", "nowhere"), "ns.yaml": namespace})
    flux.repository(project.url)
    flux.kustomization()
    assert ready(flux)[2].endswith('namespaces "nowhere" not found\nNamespace/shop created\n')


def test_failures_are_retried_at_the_retry_interval(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", "nowhere")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="1h", retryInterval="2m")
    flux.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "nowhere"}})
    flux.advance(110)
    assert ready(flux)[0] == "False"
    flux.advance(11)
    assert ready(flux)[0] == "True"


def test_a_failure_is_an_event_too(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", "nowhere")})
    flux.repository(project.url)
    flux.kustomization()
    kind, reason, message = flux.events("Kustomization")[-1]
    assert (kind, reason) == ("Warning", "ReconciliationFailed")
    assert message == ready(flux)[2]


def test_a_kustomization_of_a_vanished_repository_goes_on_with_what_it_has(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url)
    flux.kustomization(interval="1m")
    project.delete()
    flux.api.delete("configmaps", "a", "default")
    flux.advance(130)
    assert flux.find("configmaps", "a") is not None
    assert ready(flux) == ("True", "ReconciliationSucceeded", f"Applied revision: main@sha1:{commit}")
    assert flux.find("gitrepositories.source.toolkit.fluxcd.io", "app", SYSTEM) is not None


def test_an_artifact_that_is_gone_is_waited_for(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    for file in flux.artifacts():
        file.unlink()
    flux.kustomization()
    message = "Source is not ready, artifact not found, retrying in 30s"
    assert ready(flux) == ("False", "ArtifactFailed", message)
    flux.sync()
    flux.advance(31)
    assert ready(flux)[0] == "True"


def test_a_forced_push_takes_back_what_it_took_out_of_git(flux: Flux, project: Project) -> None:
    old = project.commit({"a.yaml": config_map("a", x="1")})
    flux.repository(project.url)
    flux.kustomization()
    project.commit({"a.yaml": config_map("a", x="2"), "b.yaml": config_map("b")})
    flux.sync()
    project.force(old)
    flux.sync()
    assert flux.get("configmaps", "a", "default")["data"] == {"x": "1"}
    assert flux.find("configmaps", "b") is None
    assert ready(flux) == ("True", "ReconciliationSucceeded", f"Applied revision: main@sha1:{old}")


def test_a_bucket_says_that_nobody_reads_it(flux: Flux) -> None:
    spec = {"interval": "1m", "endpoint": "minio:9000", "bucketName": "files"}
    flux.create("source.toolkit.fluxcd.io/v1", "Bucket", "app", spec)
    flux.kustomization(sourceRef={"kind": "Bucket", "name": "app"})
    failed = flux.condition("buckets.source.toolkit.fluxcd.io", kind="FetchFailed")
    assert failed is not None
    assert failed[:2] == ("True", "BucketOperationFailed")
    assert failed[2].startswith("failed to confirm existence of 'files' bucket: ")
    assert flux.condition("buckets.source.toolkit.fluxcd.io") == ("False", *failed[1:])
    assert ready(flux) == ("False", "ArtifactFailed", "Source artifact not found, retrying in 30s")


def test_a_source_behind_a_feature_gate_is_denied(flux: Flux) -> None:
    flux.kustomization(sourceRef={"kind": "ExternalArtifact", "name": "app"})
    message = f"can't access 'ExternalArtifact/{SYSTEM}/app', ExternalArtifact feature gate is disabled"
    assert ready(flux) == ("False", "AccessDenied", message)
    assert flux.condition(KS, kind="Stalled") == ("True", "AccessDenied", message)
    assert flux.status(KS)["observedGeneration"] == -1


def test_a_field_that_a_kustomization_does_not_have_is_forgotten(flux: Flux, project: Project) -> None:
    project.commit({"kustomization.yaml": "resources: [a.yaml]\nfoo: bar\n", "a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization()
    assert ready(flux)[0] == "True"
    project.commit({"kustomization.yaml": "resources: [a.yaml\n"})
    flux.sync()
    why = "yaml: line 1: did not find expected ',' or ']'"
    assert ready(flux) == ("False", "BuildFailed", f"error converting YAML to JSON: {why}")


def test_a_field_that_a_kind_does_not_have_is_dropped_without_a_word(flux: Flux, project: Project) -> None:
    web = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replica: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx, ports: [{containerPort: 80}], resources: {limits: {cpu: 1}}}]}
"""
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: default}\nspec: {ports: [{port: 80}]}\n"
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n"
    texts = "stringData: {a: text, b: new}\ndata: {b: b2xk}\n"
    project.commit({"web.yaml": web, "secret.yaml": secret + texts, "s.yaml": service})
    flux.repository(project.url)
    flux.kustomization()
    assert ready(flux)[0] == "True"
    assert flux.get("deployments.apps", "web", "default")["spec"]["replicas"] == 1
    assert flux.get("secrets", "s", "default")["data"] == {"a": "dGV4dA==", "b": "bmV3"}
    assert set(owned(flux, "secrets", "s")["f:data"]) == {"f:a", "f:b"}
    (port,) = owned(flux, "services", "s")["f:spec"]["f:ports"].values()
    assert "f:protocol" in port
    flux.request(KS, "app")
    said = [message for _, reason, message in flux.events("Kustomization") if reason == "Progressing"]
    assert len(said) == 1, "what was normalized is no drift"


def owned(flux: Flux, resource: str, name: str) -> Object:
    entries = flux.get(resource, name, "default")["metadata"]["managedFields"]
    fields: Object = next(each["fieldsV1"] for each in entries if each["manager"] == "kustomize-controller")
    return fields


def test_a_secret_that_is_encrypted_is_not_applied(flux: Flux, project: Project) -> None:
    metadata = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\n"
    secret = f"{metadata}data: {{a: 'ENC[x]'}}\nsops: {{mac: 'ENC[x]', age: []}}\n"
    project.commit({"a.yaml": config_map("a"), "s.yaml": secret})
    flux.repository(project.url)
    flux.kustomization()
    words = "is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
    assert ready(flux) == ("False", "ReconciliationFailed", f"Secret/default/s {words}")
    assert flux.find("configmaps", "a") is None
    project.commit({"s.yaml": secret.replace("sops: {mac: 'ENC[x]', age: []}", "sops: {}")})
    flux.sync()
    assert ready(flux)[1] == "ReconciliationFailed"


def test_a_secret_that_says_so_is_applied_as_it_is(flux: Flux, project: Project) -> None:
    stays = "annotations: {kustomize.toolkit.fluxcd.io/decrypt: Disabled}"
    metadata = f"metadata: {{name: s, namespace: default, {stays}}}"
    project.commit({"s.yaml": f"apiVersion: v1\nkind: Secret\n{metadata}\nsops: {{mac: 'ENC[x]'}}\n"})
    flux.repository(project.url)
    flux.kustomization(decryption={"provider": "sops"})
    assert ready(flux)[0] == "True"


def test_decryption_needs_its_keys(flux: Flux, project: Project) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: default}\nsops: {mac: 'ENC[x]', age: []}\n"
    project.commit({"s.yaml": secret})
    flux.repository(project.url)
    flux.kustomization(decryption={"provider": "sops", "secretRef": {"name": "keys"}})
    assert ready(flux) == ("False", "BuildFailed", 'secrets "keys" not found')
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": SYSTEM}})
    flux.request(KS, "app")
    why = "cannot get sops data key: Failed to get the data key required to decrypt the SOPS file."
    where = "failed to decrypt and format 'default/s' Secret data"
    assert ready(flux)[:2] == ("False", "BuildFailed")
    begin = f"decryption failed for 'Secret.v1.[noGrp]/s': {where}: {why}"
    assert ready(flux)[2].startswith(f"{begin}\n\nGroup 0: FAILED\n")


def test_a_path_that_is_a_file_is_opened_as_a_folder(flux: Flux, project: Project) -> None:
    commit = project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(path="./a.yaml")
    assert ready(flux)[:2] == ("False", "BuildFailed")
    file = "ROOT/a.yaml/kustomization.yaml"
    said = re.sub(r"/\S*/kustomization-\d+", "ROOT", ready(flux)[2])
    assert said == f"open {file}: not a directory remove {file}: not a directory"
    assert flux.status(KS)["lastAttemptedRevision"] == f"main@sha1:{commit}"


def test_another_cluster_is_refused_and_nothing_is_applied_here(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    flux.repository(project.url)
    flux.kustomization(kubeConfig={"secretRef": {"name": "other"}})
    why = "unable to read KubeConfig secret 'flux-system/other' error: secrets \"other\" not found"
    assert ready(flux) == ("False", "ReconciliationFailed", why)
    flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "other", "namespace": SYSTEM}})
    flux.request(KS, "app")
    assert "reaches only its own cluster" in ready(flux)[2]
    assert flux.find("configmaps", "a", "default") is None


def test_failures_are_retried_at_the_interval_where_no_retry_interval_is_given(flux: Flux, project: Project) -> None:
    project.commit({"a.yaml": config_map("a", "nowhere")})
    flux.repository(project.url, interval="1h")
    flux.kustomization(interval="5m")
    flux.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "nowhere"}})
    flux.advance(290)
    assert ready(flux)[0] == "False"
    flux.advance(11)
    assert ready(flux)[0] == "True"


def test_what_a_stage_made_must_be_established_within_a_minute(flux: Flux, project: Project) -> None:
    project.commit({"crd.yaml": json.dumps(THINGS), "a.yaml": config_map("a")})
    flux.repository(project.url, interval="1h")
    flux.plane.manager.stop("customresourcedefinition-controller")
    flux.kustomization(interval="1h")
    flux.advance(55)
    assert flux.find("configmaps", "a") is None
    assert ready(flux)[0] == "Unknown"
    flux.advance(10)
    assert ready(flux)[:2] == ("False", "ReconciliationFailed")
    assert flux.find("configmaps", "a") is None
