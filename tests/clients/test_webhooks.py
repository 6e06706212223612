"""A webhook beside a running cluster: controllers' writes pass it too, and it may ask the API back meanwhile."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from kubernetes.client import exceptions
from watching import first
from webhook_server import reviewing, webhook_server

pytestmark = pytest.mark.process

_PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}


def webhook(port: int, bundle: str, namespace: str) -> dict[str, Any]:
    return {
        "name": "label.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/label", "caBundle": bundle},
        "rules": [_PODS],
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
    }


def test_pods_of_a_controller_are_changed_by_a_webhook_that_asks_the_api(
    official: client.ApiClient, core: client.CoreV1Api, namespace: str, tmp_path: Path
) -> None:
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "labels"}, "data": {"team": "red"}})

    def decide(request: Any) -> dict[str, Any]:
        read = core.read_namespaced_config_map("labels", namespace)
        labels = {**request["object"]["metadata"]["labels"], **read.data}
        patch = [{"op": "replace", "path": "/metadata/labels", "value": labels}]
        return {
            "allowed": True,
            "patchType": "JSONPatch",
            "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
        }

    admission, apps = client.AdmissionregistrationV1Api(official), client.AppsV1Api(official)
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    with webhook_server(tmp_path, reviewing(decide)) as server:
        hooks = {"metadata": {"name": namespace}, "webhooks": [webhook(server.port, server.bundle, namespace)]}
        admission.create_mutating_webhook_configuration(hooks)
        apps.create_namespaced_deployment(namespace, {"metadata": {"name": "web"}, "spec": spec})
        first(
            lambda obj: obj.status.ready_replicas == 3,
            apps.list_namespaced_deployment,
            namespace,
            field_selector="metadata.name=web",
        )
        pods = core.list_namespaced_pod(namespace).items
        assert [pod.metadata.labels["team"] for pod in pods] == ["red"] * 3
    with pytest.raises(exceptions.ApiException) as refused:  # the webhook is gone, and must be asked
        core.create_namespaced_pod(namespace, {"metadata": {"name": "late"}, "spec": template["spec"]})
    assert "connect: connection refused" in json.loads(refused.value.body or "")["message"]
    admission.delete_mutating_webhook_configuration(namespace)
