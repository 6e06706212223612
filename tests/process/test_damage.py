"""Files that go, break or belong to another version: told, with a next step, and nothing there is lost."""

from __future__ import annotations

import shutil

import httpx
import psutil
import pytest
import yaml

from gitopslab.clusters import State
from gitopslab.errors import SetupError

from .conftest import Running, eventually

pytestmark = pytest.mark.process


def test_a_process_whose_folder_is_deleted_ends_by_itself(running: Running) -> None:
    process = psutil.Process(running.pid)
    shutil.rmtree(running.folder)
    # a zombie has ended; whoever started it has only not looked yet
    eventually(
        lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "the orphan goes on for ever"
    )
    assert running.cluster.status().state is State.ABSENT


def test_only_the_owner_may_read_what_a_cluster_keeps(running: Running) -> None:
    running.kill()
    running.cluster.up()  # what is written at a second start is as private as what was there
    loose = [path.name for path in (running.folder, *running.folder.rglob("*")) if path.stat().st_mode & 0o077]
    assert loose == []


def test_the_token_is_in_no_log_and_no_command_line_and_nobody_gets_in_without_it(running: Running) -> None:
    config = yaml.safe_load(running.cluster.kubeconfig.read_text())
    token, server = config["users"][0]["user"]["token"], config["clusters"][0]["cluster"]["server"]
    assert not any(token in word for word in psutil.Process(running.pid).cmdline())
    assert token not in (running.folder / "daemon.log").read_text()
    with httpx.Client(base_url=server, verify=False, trust_env=False) as stranger:
        wrong = {"Authorization": f"Bearer {token[:-1]}"}
        for path in ("/api/v1/secrets", "/api", "/openapi/v3", "/lab/clock", "/api/v1/namespaces/default/pods/a/exec"):
            assert (path, stranger.get(path).status_code) == (path, 403)
            assert (path, stranger.get(path, headers=wrong).status_code) == (path, 401)
        assert stranger.post("/api/v1/namespaces", json={"metadata": {"name": "mine"}}).status_code == 403
        assert stranger.get("/readyz").status_code == 200


def test_a_damaged_database_and_credentials_are_told_and_kept(running: Running) -> None:
    running.client().create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kept"}})
    running.cluster.down()
    store, certificate = running.folder / "store.db", running.folder / "server.crt"
    whole = store.read_bytes()
    store.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    broken = store.read_bytes()
    with pytest.raises(SetupError, match="cannot be opened") as raised:
        running.cluster.up()
    assert "keep it aside" in raised.value.hint
    assert store.read_bytes() == broken

    store.write_bytes(whole)
    certificate.write_text("not a certificate")
    with pytest.raises(SetupError, match=r"credentials in .* cannot be used") as raised:
        running.cluster.up()
    assert "/token'" in raised.value.hint
    (running.folder / "token").unlink()
    running.cluster.up()
    assert running.client().get("namespaces", "kept")["metadata"]["name"] == "kept"
