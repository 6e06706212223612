"""How long a Deployment takes until all its pods are ready, on one cluster or on two side by side."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from connection import Connection

NAMESPACE = "gitopslab-bench-rollout"


def rollout(kubeconfig: Path, replicas: int) -> float:
    """Seconds from the create request until ``status.readyReplicas`` is complete, seen on a watch."""
    api = Connection(kubeconfig)
    base = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
    api.request("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    try:
        since = api.request("GET", base)["metadata"]["resourceVersion"]
        stream = Connection(kubeconfig).open("GET", f"{base}?watch=true&resourceVersion={since}&timeoutSeconds=300")
        begin = time.perf_counter()
        api.request("POST", base, _deployment(replicas))
        for line in stream:
            if json.loads(line)["object"].get("status", {}).get("readyReplicas") == replicas:
                return time.perf_counter() - begin
        raise RuntimeError(f"not ready within 300 s on {kubeconfig}")
    finally:
        _remove(Connection(kubeconfig))


def _remove(api: Connection) -> None:
    """Delete the namespace and wait until it is gone, so that the next run starts from nothing."""
    api.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")
    while any(item["metadata"]["name"] == NAMESPACE for item in api.request("GET", "/api/v1/namespaces")["items"]):
        time.sleep(0.2)


def _deployment(replicas: int) -> dict[str, object]:
    labels = {"app": "bench"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "bench"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--beside", type=Path, help="a second cluster")
    parser.add_argument("--replicas", type=int, default=300, help="the default topology holds 330 on its workers")
    options = parser.parse_args()
    ours = rollout(options.kubeconfig, options.replicas)
    print(f"{options.replicas} pods ready: {ours:.2f} s")
    if options.beside:
        other = rollout(options.beside, options.replicas)
        print(f"beside:              {other:.2f} s   ratio {ours / other:.2f}")


if __name__ == "__main__":
    main()
