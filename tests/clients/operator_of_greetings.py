"""A small operator written with ``kopf``: every Greeting gets a ConfigMap that says it; run by ``test_kopf``.

Who serves it is the operator's name, from the environment.
"""

from __future__ import annotations

import os
from typing import Any

import kopf
from kubernetes import client, config


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    config.load_kube_config()
    settings.persistence.finalizer = "lab.example.com/farewell"


@kopf.on.create("lab.example.com", "v1", "greetings")
def greet(spec: kopf.Spec, name: str, namespace: str, patch: kopf.Patch, body: kopf.Body, retry: int, **_: Any) -> str:
    if retry < spec.get("failures", 0):
        raise kopf.TemporaryError("not yet", delay=0.1)
    client.CoreV1Api().create_namespaced_config_map(namespace, _config_map(name, spec["text"]))
    kopf.info(body, reason="Greeted", message=f"said {spec['text']}")
    patch.status["said"] = spec["text"]
    patch.status["by"] = os.environ["NAME"]
    patch.status["retries"] = retry
    return "created"


@kopf.on.update("lab.example.com", "v1", "greetings", field="spec.text")
def greet_anew(old: str, new: str, name: str, namespace: str, patch: kopf.Patch, **_: Any) -> None:
    client.CoreV1Api().replace_namespaced_config_map(name, namespace, _config_map(name, new))
    patch.status["said"] = new
    patch.status["before"] = old


@kopf.on.delete("lab.example.com", "v1", "greetings")
def say_farewell(name: str, namespace: str, **_: Any) -> None:
    farewell = {"metadata": {"name": f"{name}-farewell"}}
    client.CoreV1Api().create_namespaced_config_map(namespace, farewell)


def _config_map(name: str, text: str) -> dict[str, Any]:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"text": text}}
    kopf.adopt(body)
    return body
