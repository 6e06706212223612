"""Files that go, break or belong to another version: told, with a next step, and nothing there is lost."""

from __future__ import annotations

import shutil

import psutil
import pytest

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
    loose = [path.name for path in running.folder.iterdir() if path.stat().st_mode & 0o077]
    assert loose == []


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
