"""k3d 5.9, as it prints without a terminal; written after its source, as it could not be installed here."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import replay
import yaml

IMAGE = "docker.io/rancher/k3s:v1.35.5-k3s1"
NO_DOCKER = (
    "\x1b[31mFATA\x1b[0m[0000] runtime failed to list nodes: docker failed to get containers with labels "
    "'map[app:k3d]': failed to list containers: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?"
)


def info(*lines: str) -> None:
    replay.err(*(f"\x1b[36mINFO\x1b[0m[0000] {line}" for line in lines))


def create(name: str, config: Path) -> None:
    settings = yaml.safe_load(config.read_text())
    if name in found:
        replay.end(
            1,
            f"\x1b[31mFATA\x1b[0m[0000] Failed to create cluster '{name}' because a cluster with that name already "
            "exists",
        )
    info(f"Using config file {config} (k3d.io/v1alpha5#simple)", "Prep: Network", f"Created network 'k3d-{name}'")
    failing = replay.scenario()
    if failing == "no-image":
        rolled_back(
            name,
            "Failed Cluster Preparation: failed to create node: runtime failed to create node "
            f"'k3d-{name}-server-0': failed to create container for node 'k3d-{name}-server-0': docker failed to pull "
            f"image '{IMAGE}': docker failed to pull the image '{IMAGE}': Error response from daemon: Get "
            '"https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
        )
    info(f"Created image volume k3d-{name}-images", f"Creating node 'k3d-{name}-server-0'", f"Pulling image '{IMAGE}'")
    found[name] = {"agents": settings["agents"], "running": True}
    replay.keep(found)
    if failing == "hangs":
        replay.err("still at it")
        time.sleep(60)
    if failing == "port-taken":
        rolled_back(
            name,
            f"Failed Cluster Start: Failed to add one or more helper nodes: Node k3d-{name}-serverlb failed to get "
            "ready: runtime failed to start node: driver failed programming external connectivity on endpoint "
            "k3d-lab-serverlb (77): Bind for 127.0.0.1:41999 failed: port is already allocated",
        )
    info(f"Starting cluster '{name}'", "Starting servers...", "Starting agents...")
    info(f"Cluster '{name}' created successfully!", "You can now use it like this:")
    print("kubectl cluster-info")


def rolled_back(name: str, why: str) -> None:
    found.pop(name, None)
    replay.keep(found)
    replay.end(
        1,
        f"\x1b[31mERRO\x1b[0m[0001] {why}",
        "\x1b[31mERRO\x1b[0m[0001] Failed to create cluster >>> Rolling Back",
        f"\x1b[36mINFO\x1b[0m[0001] Deleting cluster '{name}'",
        "\x1b[31mFATA\x1b[0m[0001] Cluster creation FAILED, all changes have been rolled back!",
    )


arguments = replay.note_call("k3d")
found = replay.clusters()
if replay.scenario() == "docker-off":
    replay.end(1, NO_DOCKER)
match arguments[:2]:
    case ["cluster", "list"]:
        rows = []
        for name, one in found.items():
            running = int(bool(one["running"]))
            agents = int(one["agents"])  # type: ignore[call-overload]
            counts = {"serversRunning": running, "serversCount": 1, "agentsRunning": running * agents}
            rows.append({"name": name, **counts, "agentsCount": agents, "hasLoadbalancer": True})
        print(json.dumps(rows))
    case ["cluster", "create"]:
        create(arguments[2], Path(replay.value(arguments, "--config")))
    case ["cluster", "delete"]:
        name = arguments[2]
        if found.pop(name, None) is None:
            replay.end(0, f"\x1b[36mINFO\x1b[0m[0000] No nodes found for cluster '{name}', nothing to delete.")
        replay.keep(found)
        info(f"Deleting cluster '{name}'", f"Successfully deleted cluster {name}!")
    case ["cluster", "start" | "stop"]:
        found[arguments[2]]["running"] = arguments[1] == "start"
        replay.keep(found)
        info(f"{'Started' if arguments[1] == 'start' else 'Stopped'} cluster '{arguments[2]}'")
    case ["kubeconfig", "get"]:
        print(replay.kubeconfig())
    case ["image", "import"]:
        name = replay.value(arguments, "--cluster")
        info(f"Importing image(s) into cluster '{name}'")
        if arguments[2] == "missing:1":
            replay.end(
                0,
                "\x1b[33mWARN\x1b[0m[0000] Image 'missing:1' is not a file and couldn't be found in the container "
                "runtime",
                f"\x1b[31mERRO\x1b[0m[0000] Failed to import image(s) into cluster '{name}': no valid images specified",
                "\x1b[33mWARN\x1b[0m[0000] At least one error occured while trying to import the image(s) into the "
                "selected cluster(s)",
            )
        info("Successfully imported image(s)")
    case _:
        sys.exit(f"the stand-in for k3d does not know {arguments}")
