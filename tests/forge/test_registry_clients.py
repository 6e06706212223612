"""Other people's clients against the registry: skopeo, oras, crane and docker, each where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from serving_forge import ServedForge

from gitopslab.images import oci
from gitopslab.images.content import Content

REPO = "waal/waal-web"


def run(*words: str, succeeds: bool = True) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
    return done.stdout + done.stderr


def layout(folder: Path) -> str:
    """An image as an OCI layout on disk, whose tag is ``v1``; gives its digest."""
    content = Content(folder)
    config = content.add(b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}')
    parts = {"mediaType": oci.CONFIG, "digest": config, "size": content.size(config)}
    told = {"schemaVersion": 2, "mediaType": oci.MANIFEST, "config": parts, "layers": []}
    digest = content.add(json.dumps(told).encode())
    named = {"org.opencontainers.image.ref.name": "v1"}
    entry = {"mediaType": oci.MANIFEST, "digest": digest, "size": content.size(digest), "annotations": named}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return digest


def need(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")


def test_skopeo_pushes_copies_lists_and_deletes(served: ServedForge, tmp_path: Path) -> None:
    need("skopeo")
    digest = layout(tmp_path / "image")
    plain, credentials = "--insecure-policy", f"learner:{served.token}"
    source, target = f"oci:{tmp_path / 'image'}:v1", f"docker://{served.host}/{REPO}"
    refused = run("skopeo", plain, "copy", "--dest-tls-verify=false", source, f"{target}:v1", succeeds=False)
    assert "unauthorized" in refused
    wrong = (
        "skopeo",
        plain,
        "copy",
        "--dest-tls-verify=false",
        "--dest-creds",
        "learner:wrong",
        source,
        f"{target}:v1",
    )
    assert "invalid username/password" in run(*wrong, succeeds=False)
    run("skopeo", plain, "copy", "--dest-tls-verify=false", "--dest-creds", credentials, source, f"{target}:v1")
    shown = json.loads(run("skopeo", plain, "inspect", "--tls-verify=false", f"{target}:v1"))
    assert (shown["Digest"], shown["RepoTags"]) == (digest, ["v1"])
    run("skopeo", plain, "copy", "--src-tls-verify=false", f"{target}:v1", f"dir:{tmp_path / 'pulled'}")
    assert oci.digest_of((tmp_path / "pulled" / "manifest.json").read_bytes()) == digest
    run("skopeo", plain, "delete", "--tls-verify=false", "--creds", credentials, f"{target}:v1")
    assert httpx.get(f"http://{served.host}/v2/{REPO}/manifests/v1").status_code == 404


def test_the_conformance_suite_of_the_specification_passes(served: ServedForge, tmp_path: Path) -> None:
    need("conformance")  # go install github.com/opencontainers/distribution-spec/conformance@latest
    wanted = {
        "OCI_REGISTRY": served.host,
        "OCI_TLS": "disabled",
        "OCI_USERNAME": "learner",
        "OCI_PASSWORD": served.token,
        "OCI_VERSION": "1.1",
        "OCI_RESULTS_DIR": str(tmp_path / "results"),
        "OCI_DATA_SHA512": "false",  # allowed, and not demanded
        "OCI_API_BLOBS_UPLOAD_CANCEL": "true",
        "OCI_API_BLOBS_DIGEST_HEADER": "true",
        "OCI_API_MANIFESTS_DIGEST_HEADER": "true",
    }
    done = subprocess.run(
        ["conformance"], env={**os.environ, **wanted}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.filterwarnings("ignore")  # its own, which it would take for a failing network and wait
def test_oras_pushes_and_pulls_a_file(served: ServedForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oras = pytest.importorskip("oras.client")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "note.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    client = oras.OrasClient(hostname=served.host, insecure=True, auth_backend="token")
    client.login(username="learner", password=served.token, hostname=served.host)
    target = f"{served.host}/waal/notes:v1"
    assert client.push(target=target, files=["note.txt"]).status_code == 201
    client.pull(target=target, outdir=str(tmp_path / "pulled"))
    assert (tmp_path / "pulled" / "note.txt").read_text() == "hello"
    assert client.get_tags(target) == ["v1"]


def test_crane_logs_in_tags_and_copies_by_digest(
    served: ServedForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need("crane")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    digest = layout(tmp_path / "image")
    run("crane", "auth", "login", served.host, "-u", "learner", "-p", served.token)
    run("crane", "push", str(tmp_path / "image"), f"{served.host}/{REPO}:dev-7-1a2b3c4d")
    run("crane", "tag", f"{served.host}/{REPO}:dev-7-1a2b3c4d", "prod-v1.2.3")
    assert digest in run("crane", "digest", f"{served.host}/{REPO}:prod-v1.2.3")


def test_docker_logs_in_pushes_and_pulls(served: ServedForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("docker")
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker daemon answers")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    image = f"{served.host}/{REPO}:v1"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
    run("docker", "login", served.host, "-u", "learner", "-p", "wrong", succeeds=False)
    run("docker", "build", "-t", image, str(tmp_path))
    run("docker", "login", served.host, "-u", "learner", "-p", served.token)
    run("docker", "push", image)
    run("docker", "logout", served.host)
    run("docker", "rmi", image)
    run("docker", "pull", image)
