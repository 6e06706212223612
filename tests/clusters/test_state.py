"""The folders of clusters: what is kept, for whom, and what happens to a folder nobody understands."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from gitopslab.clusters import Options, known, ports
from gitopslab.clusters.state import Record, command, explained, folder, folders, remembered_ports
from gitopslab.errors import SetupError
from gitopslab.machinery.home import home

Usage = namedtuple("Usage", "total used free")


def test_home_is_where_the_environment_says() -> None:
    assert home({"GITOPSLAB_HOME": "/somewhere/else"}) == Path("/somewhere/else")


def test_home_is_a_folder_of_the_user_otherwise() -> None:
    assert home({}).name == "gitopslab"


def test_what_is_written_is_read_back(home: Path) -> None:
    record = Record("lab", "kind", phase="ready", workers=5, port=16443, baseline=["a", "b"])
    folder("kind", "lab").write(record)
    assert folder("kind", "lab").read() == record


def test_a_folder_that_is_not_there_reads_as_nothing(home: Path) -> None:
    assert folder("embedded", "lab").read() is None
    assert list(folders()) == []


def test_only_the_owner_can_look_into_the_folder(home: Path) -> None:
    folder("embedded", "lab").write(Record("lab", "embedded"))
    path = folder("embedded", "lab").path
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((path / "cluster.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("schema", "age"), [pytest.param(99, "a newer gitopslab", id="newer"), pytest.param(0, "an older", id="older")]
)
def test_a_folder_of_another_version_is_named_and_left_alone(home: Path, schema: int, age: str) -> None:
    path = folder("embedded", "lab").path
    path.mkdir(parents=True)
    (path / "cluster.json").write_text(json.dumps({"schema": schema, "name": "lab", "kind": "embedded"}))
    before = (path / "cluster.json").read_bytes()
    with pytest.raises(SetupError, match=age) as raised:
        folder("embedded", "lab").remove()
    assert raised.value.hint
    assert (path / "cluster.json").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "", '{"schema": 1}', '{"schema": "two"}'],
    ids=["cut", "a list", "empty", "without a name", "a strange schema"],
)
def test_a_damaged_record_is_named_and_left_alone(home: Path, text: str) -> None:
    path = folder("embedded", "lab").path
    path.mkdir(parents=True)
    (path / "cluster.json").write_text(text)
    with pytest.raises(SetupError, match="damaged"):
        folder("embedded", "lab").read()
    assert (path / "cluster.json").read_text() == text


def test_one_damaged_folder_does_not_hide_the_others_and_one_kept_aside_is_none(home: Path) -> None:
    for name in ("bad", "good"):
        folder("embedded", name).write(Record(name, "embedded", phase="ready"))
    (folder("embedded", "bad").path / "cluster.json").write_text("{")
    shutil.copytree(folder("embedded", "good").path, home / "clusters" / "embedded" / "good.old")
    troubles: list[SetupError] = []
    assert [one.name for one in known(troubles.append)] == ["good"]
    assert ["bad/cluster.json is damaged" in trouble.message for trouble in troubles] == [True]


def test_the_port_of_a_stopped_cluster_is_kept_for_it(home: Path) -> None:
    folder("embedded", "stopped").write(Record("stopped", "embedded", phase="ready", port=16443))
    folder("kind", "other").write(Record("other", "kind", phase="ready"))
    assert remembered_ports() == {16443}
    assert ports.free([16443, 17000, 17001], but={16443, 17000}) == 17001


def test_a_folder_of_somebody_else_is_never_removed(home: Path) -> None:
    path = folder("embedded", "lab").path
    path.mkdir(parents=True)
    (path / "thesis.txt").write_text("years of work")
    with pytest.raises(SetupError, match="not a cluster of the lab"):
        folder("embedded", "lab").remove()
    assert (path / "thesis.txt").exists()


def test_a_removed_folder_is_gone_with_all_in_it(home: Path) -> None:
    folder("embedded", "lab").write(Record("lab", "embedded"))
    (folder("embedded", "lab").path / "store.db").write_bytes(b"x")
    folder("embedded", "lab").remove()
    assert not folder("embedded", "lab").path.exists()


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "-a", "a-", "a" * 33, "a b", "ä"])
def test_a_name_that_could_leave_the_data_folder_is_refused(home: Path, name: str) -> None:
    with pytest.raises(SetupError, match="cannot be the name of a cluster"):
        folder("embedded", name)


def test_a_full_disk_is_said_before_anything_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10, 10, 1000))
    with pytest.raises(SetupError, match="is full") as raised:
        folder("embedded", "lab").write(Record("lab", "embedded"))
    assert "GITOPSLAB_HOME" in raised.value.hint
    assert not (folder("embedded", "lab").path / "cluster.json").exists()


def test_a_disk_that_fills_up_meanwhile_is_said_the_same_way(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is full"), explained(tmp_path):
        raise OSError(28, "No space left on device")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named_with_a_way_out(home: Path) -> None:
    home.mkdir()
    home.chmod(0o500)
    with pytest.raises(SetupError, match="No permission") as raised:
        folder("embedded", "lab").write(Record("lab", "embedded"))
    assert "GITOPSLAB_HOME" in raised.value.hint


def test_a_refused_write_is_named_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"No permission for .*/kubeconfig") as raised, explained(tmp_path):
        raise PermissionError(13, "Permission denied", str(tmp_path / "kubeconfig"))
    assert "GITOPSLAB_HOME" in raised.value.hint


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param(Options(workers=5), "--workers 5", id="workers"),
        pytest.param(Options(bare=True), "--bare", id="bare"),
        pytest.param(Options(config=Path("/t.yaml")), "--config /t.yaml", id="config"),
    ],
)
def test_an_existing_cluster_does_not_pretend_to_have_another_shape(options: Options, told: str) -> None:
    record = Record("lab", "embedded", workers=3)
    with pytest.raises(SetupError, match=told) as raised:
        record.must_match(options)
    assert "gitopslab down --name lab --delete" in raised.value.hint


@pytest.mark.parametrize("options", [Options(), Options(workers=3), Options(port=1)], ids=["nothing", "same", "port"])
def test_an_existing_cluster_is_content_with_the_shape_it_has(options: Options) -> None:
    Record("lab", "embedded", workers=3).must_match(options)


def test_commands_in_hints_can_be_pasted() -> None:
    assert command("up", "embedded", "lab") == "gitopslab up --name lab"
    assert command("down --delete", "kind", "two") == "gitopslab down --cluster kind --name two --delete"


def test_every_home_looks_for_ports_from_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITOPSLAB_HOME", raising=False)
    assert ports.in_our_order(range(5, 8)) == [5, 6, 7]
    monkeypatch.setenv("GITOPSLAB_HOME", "/home/ada/lab")
    ours = ports.in_our_order(ports.CLUSTERS)
    assert sorted(ours) == list(ports.CLUSTERS)
    monkeypatch.setenv("GITOPSLAB_HOME", "/home/bob/lab")
    assert ports.in_our_order(ports.CLUSTERS)[0] != ours[0]
