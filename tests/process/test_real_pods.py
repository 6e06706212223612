"""An image that is built and pushed here, and its pods: real processes of a real cluster, which outlive nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from real_pods import SERVER

from gitopslab.clusters.forge import Forge
from gitopslab.clusters.kubectl import executable
from gitopslab.images.build import Builder, Request
from gitopslab.images.client import Login, Registry, push
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store
from gitopslab.lab import Lab

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform == "win32", reason="containers do not run as processes on Windows"),
]

DOCKERFILE = """
FROM python:3.12-slim
WORKDIR /app
COPY app.py .
ENV PYTHONUNBUFFERED=1 COLOUR=blue
EXPOSE 8080
CMD ["python", "app.py"]
"""
MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec:
      containers:
      - name: web
        image: {image}
        readinessProbe: {{httpGet: {{port: 8080}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: web}}
spec: {{selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]}}
"""


@pytest.fixture
def image(running: Any, tmp_path: Path) -> Iterator[str]:
    """The server, built on the lab's Python and pushed to the registry of the cluster's forge."""
    forge = Forge.of(running.cluster)
    address = forge.up()
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "app.py").write_text(SERVER)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    reference = Reference.parse(f"{address.host}/waal/waal-web:dev-1")
    store = Store(tmp_path / "store")
    Builder(store).build(Request(folder, tags=(reference,), engine="lab"))
    push(store, Registry(address.host, lambda _: Login("learner", address.token)), reference)
    yield f"{address.host}/waal/waal-web:dev-1"
    forge.down(delete=True)


def test_an_image_built_here_runs_behind_its_service_and_survives_a_kill(running: Any, image: str) -> None:
    lab = Lab(running.cluster)
    lab.apply(MANIFESTS.format(image=image))
    serves(lab, restarts=0)
    assert str(lab.logs("deployment/web")).count("] serving 10.244.") == 2
    eventually(lambda: len(servers(running)) == 2, "there are not two processes")
    before = servers(running)
    assert all(connection.laddr.ip.startswith("127.") for one in before for connection in one.net_connections())
    assert "blue web-" in forwarded(running)
    running.kill()
    _, alive = psutil.wait_procs(before, timeout=20)
    assert not alive
    running.cluster.up()
    lab = Lab(running.cluster)
    eventually(lambda: len(servers(running)) == 2, "the containers were not started again")
    serves(lab, restarts=1)
    now = servers(running)
    running.cluster.down()
    _, alive = psutil.wait_procs(now, timeout=20)
    assert not alive


CLIENT = """
import json, os, ssl, urllib.request
mounted = "/var/run/secrets/kubernetes.io/serviceaccount/"
host = os.environ["KUBERNETES_SERVICE_HOST"] + ":" + os.environ["KUBERNETES_SERVICE_PORT"]
trusted = ssl.create_default_context(cafile=mounted + "ca.crt")
for at in (host, "kubernetes.default.svc"):
    question = urllib.request.Request(
        f"https://{at}/apis/authentication.k8s.io/v1/selfsubjectreviews",
        json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}).encode(),
        {"Authorization": "Bearer " + open(mounted + "token").read(), "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(question, context=trusted) as answer:
        print(json.load(answer)["status"]["userInfo"]["username"], open(mounted + "namespace").read())
print(urllib.request.urlopen("http://git.gitopslab.svc.cluster.local/api/version").status)
"""


def test_a_pod_reaches_the_api_as_its_service_account_and_the_git_server_by_its_one_url(
    running: Any, image: str
) -> None:
    lab = Lab(running.cluster)
    lab.apply(MANIFESTS.format(image=image))
    serves(lab, restarts=0)
    lab.flux.url("waal/infra")
    environment = {**os.environ, "KUBECONFIG": str(running.cluster.kubeconfig)}
    command = [str(executable(environment)), "exec", "deployment/web", "--", "python", "-c", CLIENT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split("\n")[:3] == ["system:serviceaccount:default:default default"] * 2 + ["200"], done.stderr


def serves(lab: Lab, restarts: int) -> None:
    """Until both pods are ready after so many restarts, and the Service leads to them."""

    def are_up() -> bool:
        entries = [pod["status"].get("containerStatuses", [{}])[0] for pod in lab.client.list("pods", "default")]
        return [(one.get("restartCount"), one.get("ready")) for one in entries] == [(restarts, True)] * 2

    eventually(are_up, f"the pods are not ready after {restarts} restarts")
    lab.wait("endpoints/web", lambda found: len((found.get("subsets") or [{}])[0].get("addresses") or ()) == 2)
    assert lab.curl("http://web").text.startswith("blue web-")


def forwarded(running: Any) -> str:
    """The page through ``kubectl port-forward svc/web``."""
    environment = {**os.environ, "KUBECONFIG": str(running.cluster.kubeconfig)}
    command = [str(executable(environment)), "port-forward", "svc/web", ":80"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as forward:
        try:
            assert forward.stdout is not None
            line = forward.stdout.readline()  # Forwarding from 127.0.0.1:40123 -> 8080
            port = line.partition("127.0.0.1:")[2].split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
                page: bytes = answer.read()
        finally:
            forward.kill()
    return page.decode()


def eventually(holds: Callable[[], bool], otherwise: str) -> None:
    """Look again every fraction of a second until something outside of this process is so."""
    pause = threading.Event()
    for _ in range(1500):
        if holds():
            return
        pause.wait(0.02)
    raise AssertionError(otherwise)


def servers(running: Any) -> list[psutil.Process]:
    """The processes that run the image's program in this cluster."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if (process.info["cmdline"] or [])[1:] == ["app.py"]:
            with contextlib.suppress(psutil.Error):
                if str(running.folder) in process.environ().get("GITOPSLAB_CONTAINER", ""):
                    found.append(process)
    return found
