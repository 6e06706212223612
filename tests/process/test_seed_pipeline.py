"""The seed's two jobs, mended, from a plain ``git push`` to the page that a pod of their image serves. No Docker."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gitopslab.clusters import Options, ports
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.forge import Address, Forge
from gitopslab.lab.facade import Lab

pytestmark = pytest.mark.process

CI = """
stages: [build]
variables:
  IMAGEREPO: "$CI_REGISTRY_IMAGE/foto-web"

build_dev:
  stage: build
  image: docker:27
  services:
    - name: docker:27-dind
      command: ["--mtu=1460"]
  rules:
    - if: $CI_COMMIT_TAG
      when: never
    - when: always
  script:
    - docker login -u "$CI_REGISTRY_USER"
      -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"
    - docker build -t "$IMAGEREPO:dev-$CI_PIPELINE_IID-$CI_COMMIT_SHORT_SHA" .
    - docker push "$IMAGEREPO:dev-$CI_PIPELINE_IID-$CI_COMMIT_SHORT_SHA"

build_prod:
  stage: build
  image: docker:27
  services:
    - name: docker:27-dind
      command: ["--mtu=1460"]
  rules:
    # Build only when pushing a tag like v1.2.3
    - if: '$CI_COMMIT_TAG =~ /^v\\d+\\.\\d+\\.\\d+$/'
      when: always
    - when: never
  script:
    - docker login -u "$CI_REGISTRY_USER"
      -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"
    - docker build -t "$IMAGEREPO:prod-$CI_COMMIT_TAG" .
    - docker push "$IMAGEREPO:prod-$CI_COMMIT_TAG"
"""
DOCKERFILE = """
FROM python:3.12-slim
WORKDIR /app
COPY app.py .
EXPOSE 8000
CMD ["python", "app.py"]
"""
APP = """
import http.server, os, signal, sys

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"<h1>Waal</h1>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8000), Page).serve_forever()
"""
MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {{name: waal}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: waal-web, namespace: waal}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: waal-web}}}}
  template:
    metadata: {{labels: {{app: waal-web}}}}
    spec:
      containers:
        - name: waal-web
          image: {image}
          readinessProbe: {{httpGet: {{path: /, port: 8000}}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {{name: waal-web, namespace: waal}}
spec:
  selector: {{app: waal-web}}
  ports: [{{port: 80, targetPort: 8000}}]
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedCluster]:
    """An embedded cluster with its forge, as ``gitopslab up`` and ``lab.git`` leave them."""
    if shutil.which("git") is None:
        pytest.skip("there is no git here")
    monkeypatch.setenv("GITOPSLAB_HOME", str(tmp_path / "home"))
    made = EmbeddedCluster("lab", {**os.environ, "GITOPSLAB_HOME": str(tmp_path / "home")})
    made.up(options=Options(bare=True, port=ports.free(())))
    yield made
    made.down(delete=True)


def git(folder: Path, *words: str) -> str:
    who = {f"GIT_{role}_{what}": "learner@lab" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **who, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def finished(client: httpx.Client) -> dict[str, Any]:
    """The newest pipeline, once it has ended."""
    version = "0"
    while True:
        answer = client.get("/api/pipelines", params={"newer_than": version})
        version, told = answer.headers["x-version"], answer.json()[0]
        if told["finished_at"] is not None:
            return dict(told)


def log_of(client: httpx.Client, told: dict[str, Any]) -> str:
    return client.get(f"/api/jobs/{told['jobs'][0]['id']}/trace").text


def test_a_push_becomes_an_image_that_a_pod_runs_and_a_service_shows(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    address = Forge.of(cluster).up()
    work = tmp_path / "foto"
    work.mkdir()
    for name, text in ((".gitlab-ci.yml", CI), ("Dockerfile", DOCKERFILE), ("app.py", APP)):
        (work / name).write_text(text)
    git(work, "init", "--initial-branch", "main")
    git(work, "add", ".")
    git(work, "commit", "-m", "The photo app")
    git(work, "remote", "add", "origin", f"http://learner:{address.token}@{address.host}/waal/foto.git")

    with httpx.Client(base_url=address.url, timeout=60) as client:
        assert "Pipeline #1 of main: 1 job," in git(work, "push", "origin", "main")
        told = finished(client)
        log = log_of(client, told)
        assert (told["status"], [job["name"] for job in told["jobs"]]) == ("success", ["build_dev"]), log
        assert "Login Succeeded" in log
        assert address.token not in log
        assert "glcbt-" not in log
        dev = f"dev-1-{told['sha'][:8]}"
        assert client.get("/v2/waal/foto/foto-web/tags/list").json()["tags"] == [dev]

        git(work, "tag", "v1.2.3")
        git(work, "push", "origin", "v1.2.3")
        told = finished(client)
        assert (told["status"], [job["name"] for job in told["jobs"]]) == ("success", ["build_prod"])
        tags = client.get("/v2/waal/foto/foto-web/tags/list").json()["tags"]
        assert tags == [dev, "prod-v1.2.3"]
        digests = {
            client.head(f"/v2/waal/foto/foto-web/manifests/{tag}").headers["docker-content-digest"] for tag in tags
        }
        assert len(digests) == 1  # the same files give the same image, whoever builds it

    _is_served(cluster, address)


def _is_served(cluster: EmbeddedCluster, address: Address) -> None:
    lab = Lab(cluster, still=True)
    lab.apply(MANIFEST.format(image=f"{address.host}/waal/foto/foto-web:prod-v1.2.3"))
    lab.wait("deployment/waal-web", "condition=Available", namespace="waal", timeout=60)
    page = lab.curl("http://waal-web.waal")
    assert page.text == "<h1>Waal</h1>"
    lab.close()
