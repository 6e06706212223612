"""What stands for the cluster's addresses on this machine."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitopslab.controlplane.runtime.loopback import Loopback


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    made = Loopback(tmp_path / "one")
    yield made
    made.close()


def test_nothing_is_claimed_or_written_before_an_address_is_asked_for(loopback: Loopback) -> None:
    used: list[bool] = []
    loopback.on_use(lambda: used.append(True))
    assert not loopback.is_used
    assert not loopback.folder.exists()
    loopback.place("10.244.1.5")
    loopback.place("10.244.1.6")
    assert loopback.is_used
    assert used == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address by itself")
def test_addresses_show_where_they_come_from_and_clusters_have_ranges_of_their_own(
    loopback: Loopback, tmp_path: Path
) -> None:
    other = Loopback(tmp_path / "two")
    try:
        pod, service = loopback.place("10.244.1.5"), loopback.place("10.96.1.5")
        assert (pod.split(".")[2:], service.split(".")[2:]) == (["1", "5"], ["1", "5"])
        assert len({pod, service, other.place("10.244.1.5"), other.place("10.96.1.5")}) == 4
        for place in (pod, service):
            with socket.socket() as one:
                one.bind((place, 0))
        assert loopback.place("10.244.1.5") == pod
    finally:
        other.close()


def test_the_file_says_names_addresses_and_ports(loopback: Loopback) -> None:
    place = loopback.place("10.96.0.7")
    loopback.map_ports("10.96.0.7", {80: 50080})
    loopback.name({"web.default": ["10.96.0.7"]})
    loopback.write()
    said = json.loads(loopback.file.read_text())
    assert said["names"] == {"web.default": ["10.96.0.7"]}
    assert said["addresses"] == {"10.96.0.7": {"at": place, "ports": {"80": 50080}}}
    loopback.forget("10.96.0.7")
    assert json.loads(loopback.file.read_text())["addresses"] == {}


def test_a_port_is_known_once_a_process_has_said_it(loopback: Loopback) -> None:
    assert loopback.port_of("10.244.1.5", 8080) is None
    (loopback.announced / "10.244.1.5").mkdir(parents=True)
    (loopback.announced / "10.244.1.5" / "8080").write_text("40123")
    assert loopback.port_of("10.244.1.5", 8080) == 40123
    loopback.silence("10.244.1.5")
    assert loopback.port_of("10.244.1.5", 8080) is None


def test_where_there_is_one_address_all_stand_on_it(tmp_path: Path) -> None:
    shared = Loopback(tmp_path, shares=True)
    assert {shared.place("10.244.1.5"), shared.place("10.96.0.1")} == {"127.0.0.1"}
    assert shared.shares
