"""How a cluster whose nodes are Docker's containers reaches the forge of this machine.

Docker Desktop has a name that leads from containers to this machine's loopback. Docker itself has none: there the
forge listens on the address that this machine has on the network of the cluster's containers, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from gitopslab.clusters import ports
from gitopslab.clusters.base import Way
from gitopslab.errors import SetupError

_DESKTOP = "Docker Desktop"
_LOOK_UP = "getent ahostsv4 host.docker.internal || nslookup host.docker.internal"
_WRITE = 'mkdir -p "$1" && printf %s "$2" > "$1/hosts.toml"'
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


def connected(
    docker: Callable[[list[str]], str], network: str, nodes: Sequence[str], registries: str, port: int
) -> Way:
    """Find the way, and have every node pull the images of ``localhost:PORT`` by it.

    Args:
        docker: Runs docker with arguments, and gives what it prints.
        network: Docker's network of the cluster.
        nodes: The names of its containers.
        registries: The folder in them where containerd looks for a registry's hosts.
        port: Of the forge.

    Raises:
        SetupError: Docker cannot tell.
    """
    if not nodes:
        raise SetupError("No node of the cluster runs", "Start it: gitopslab up, with its --cluster and --name")
    if docker(["info", "--format", "{{.OperatingSystem}}"]).strip() == _DESKTOP:
        way = Way(_last_address(docker(["exec", nodes[0], "sh", "-c", _LOOK_UP])))
    else:
        gateway = _gateway(docker(["network", "inspect", network, "--format", "{{json .IPAM.Config}}"]), network)
        way = Way(gateway, (str(ports.network_of(gateway)),))
    server = f"http://{way.address}:{port}"
    hosts = f'server = "{server}"\n\n[host."{server}"]\n  capabilities = ["pull", "resolve"]\n'
    for node in nodes:
        for host in ("localhost", ports.LOOPBACK):
            docker(["exec", node, "sh", "-c", _WRITE, "sh", f"{registries}/{host}:{port}", hosts])
    return way


def _gateway(told: str, network: str) -> str:
    """This machine's address on a network, as ``docker network inspect`` tells it."""
    with suppress(ValueError, TypeError, AttributeError):
        for each in json.loads(told):
            if _ADDRESS.fullmatch(gateway := str(each.get("Gateway", ""))):
                return _ours(gateway, network)
    raise SetupError(f"Docker's network {network} has no IPv4 gateway", f"Look at it: docker network inspect {network}")


def _ours(gateway: str, network: str) -> str:
    if not ports.is_ours(gateway):
        raise SetupError(
            f"{gateway}, the way out of Docker's network {network}, is not this machine",
            "A rootless Docker keeps its containers from this machine: use a Docker that runs as root",
        )
    return gateway


def _last_address(told: str) -> str:
    found = _ADDRESS.findall(told)
    if not found:
        raise SetupError("host.docker.internal leads nowhere from the cluster's nodes", "Restart Docker Desktop")
    return str(found[-1])
