"""The forge as a process of its own: it starts when something needs it, and comes and goes with its cluster."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gitopslab.background.lock import is_locked
from gitopslab.clusters import Options, ports
from gitopslab.clusters.base import Progress, Way
from gitopslab.clusters.detached import processes_of
from gitopslab.clusters.embedded import EmbeddedCluster
from gitopslab.clusters.forge import MODULE, Forge
from gitopslab.errors import SetupError

pytestmark = pytest.mark.process
BRIDGE = Way("127.0.0.2", ("127.0.0.0/8",))


@pytest.fixture
def forge(home: Path) -> Iterator[Forge]:
    """A forge that nobody has needed yet, and that is gone after the test."""
    made = Forge("embedded", "lab")
    yield made
    made.down(delete=True)


def test_it_starts_once_and_tells_everybody_the_same_address(forge: Forge) -> None:
    assert forge.status().startswith("none yet")
    address = forge.up()
    assert httpx.get(f"{address.url}/api/version").status_code == 200
    assert Forge("embedded", "lab").up() == address
    assert address.token_file.stat().st_mode & 0o777 == 0o600
    assert forge.folder.stat().st_mode & 0o777 == 0o700
    assert address.token not in forge.status()


def test_it_comes_back_at_its_port_with_its_token_after_a_kill(forge: Forge) -> None:
    before = forge.up()
    token = before.token
    for process in processes_of(MODULE, forge.folder):
        process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    while is_locked(forge.folder):
        pass
    assert forge.status() == "stopped"
    assert forge.up() == before
    assert before.token == token


def test_it_listens_on_the_network_of_a_clusters_containers_too(forge: Forge) -> None:
    address = forge.up()
    forge.listen_at(BRIDGE)
    assert forge.up() == address
    for host in ("127.0.0.1", "127.0.0.2"):
        assert httpx.get(f"http://{host}:{address.port}/api/version").status_code == 200
    forge.down()
    assert forge.up() == address
    assert httpx.get(f"http://127.0.0.2:{address.port}/api/version").status_code == 200


def test_the_nodes_of_a_cluster_are_led_to_it_when_it_starts_and_when_they_do(home: Path) -> None:
    ways: list[Way | SetupError] = [SetupError("Docker is not running", "Start it"), BRIDGE]
    asked, said = list[int](), list[str]()

    def connect(port: int, _progress: Progress) -> Way:
        asked.append(port)
        way = ways[min(len(asked), len(ways)) - 1]
        if isinstance(way, SetupError):
            raise way
        return way

    forge = Forge("kind", "lab", connect=connect)
    try:
        address = forge.up(said.append)  # Git works here all the same
        assert httpx.get(f"{address.url}/api/version").status_code == 200
        assert any("do not reach its forge: Docker is not running" in line for line in said)
        forge.up()
        assert asked == [address.port]  # nobody waits for Docker at every use
        forge.resume(said.append)
        assert httpx.get(f"http://127.0.0.2:{address.port}/api/version").status_code == 200
        assert f"the nodes of cluster lab reach its forge at 127.0.0.2:{address.port}" in said
        before = [*processes_of(MODULE, forge.folder)]
        forge.resume()
        assert [*processes_of(MODULE, forge.folder)] == before  # a pipeline may run in it
    finally:
        forge.down(delete=True)


def test_a_network_that_is_gone_does_not_keep_it_from_starting(forge: Forge) -> None:
    address = forge.up()
    forge.listen_at(Way("192.0.2.200", ("192.0.2.0/24",)))
    assert forge.up() == address
    assert httpx.get(f"{address.url}/api/version").status_code == 200


def test_two_clusters_have_two_forges_with_ports_of_their_own(forge: Forge) -> None:
    other = Forge("embedded", "other")
    try:
        assert forge.up().port != other.up().port
    finally:
        other.down(delete=True)


def test_a_port_that_somebody_took_is_named_since_images_have_it_in_their_names(forge: Forge) -> None:
    port = forge.up().port
    forge.down()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(SetupError, match=f"Port {port} of the forge"):
        forge.up()
    said: list[str] = []
    with socket.create_server(("127.0.0.1", port)):
        forge.resume(said.append)  # beside a cluster that comes up: told, and no reason to stop
    assert any("its forge does not start" in line for line in said)


def test_it_comes_and_goes_with_its_cluster(home: Path) -> None:
    cluster = EmbeddedCluster("lab")
    forge = Forge.of(cluster)
    try:
        cluster.up(options=Options(bare=True, port=ports.free(())))
        assert not forge.folder.exists()  # who only wants a cluster pays for nothing else
        address = forge.up()
        (forge.folder / "git").mkdir(exist_ok=True)
        cluster.down()
        assert forge.status() == "stopped"
        cluster.up()
        assert forge.status() == f"running at {address.url}, user learner, token in {forge.folder / 'token'}"
        cluster.reset()
        assert not (forge.folder / "git").exists()
        assert forge.up() == address
    finally:
        cluster.down(delete=True)
    assert not forge.folder.exists()
