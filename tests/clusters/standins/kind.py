"""kind 0.33, as it prints without a terminal; recorded with Docker 20.10 and 28, the rest read from its source."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import replay
import yaml

IMAGE = "kindest/node:v1.37.0"
DIGEST = f"{IMAGE}@sha256:a1ed56cfb0e7b93589bdf97c8cd566405a265939e3620fc4f5de89adff580ae5"
NO_DOCKER = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
RUN = "docker run --name lab-control-plane --hostname lab-control-plane --publish=127.0.0.1:41999:6443/tcp"
TAKEN = (
    "docker: Error response from daemon: driver failed programming external connectivity on endpoint lab-control-plane "
    "(5c0f): Bind for 127.0.0.1:41999 failed: port is already allocated."
)


def create(name: str, config: Path, kubeconfig: Path) -> None:
    nodes = yaml.safe_load(config.read_text())["nodes"]
    failing = replay.scenario()
    if failing == "docker-off":
        replay.end(
            1,
            "ERROR: failed to create cluster: failed to get docker info: command \"docker info --format '{{json .}}'\" "
            "failed with error: exit status 1",
            "",
            f"Command Output: {NO_DOCKER}",
        )
    if name in found:
        replay.end(1, f'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "{name}"')
    replay.err(f'Creating cluster "{name}" ...', f" • Ensuring node image ({IMAGE}) 🖼  ...")
    if failing == "no-image":
        replay.end(
            1,
            f" ✗ Ensuring node image ({IMAGE}) 🖼",
            f'ERROR: failed to create cluster: failed to pull image "{DIGEST}": command "docker pull {DIGEST}" failed '
            "with error: exit status 1",
            "",
            'Command Output: Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup '
            "registry-1.docker.io: no such host",
        )
    boxes = "📦 " * len(nodes)
    replay.err(f" ✓ Ensuring node image ({IMAGE}) 🖼", f" • Preparing nodes {boxes}  ...")
    found[name] = {"nodes": len(nodes), "running": True}
    replay.keep(found)
    if failing == "hangs":
        replay.err(" • Writing configuration 📜  ...")
        time.sleep(60)
    if failing == "port-taken":
        del found[name]
        replay.keep(found)
        replay.end(
            1,
            f" ✗ Preparing nodes {boxes}",
            f'ERROR: failed to create cluster: command "{RUN}" failed with error: exit status 125',
            "",
            f"Command Output: {TAKEN}",
        )
    if failing == "disk-full":
        replay.end(
            1,
            f" ✗ Preparing nodes {boxes}",
            "ERROR: failed to create cluster: failed to copy files to node: write /kind/kubeadm.conf: "
            "no space left on device",
        )
    for step in (
        "Writing configuration 📜",
        "Starting control-plane 🕹️",
        "Installing CNI 🔌",
        "Installing StorageClass 💾",
    ):
        replay.err(f" • {step}  ...", f" ✓ {step}")
    kubeconfig.write_text(replay.kubeconfig())
    kubeconfig.chmod(0o600)
    replay.err(f'Set kubectl context to "kind-{name}"', "You can now use your cluster with:", "")


arguments = replay.note_call("kind")
found = replay.clusters()
match arguments[:2]:
    case ["get", "clusters"]:
        if replay.scenario() == "docker-off":
            replay.end(
                1,
                'ERROR: failed to list clusters: command "docker ps -a --filter label=io.x-k8s.kind.cluster --format '
                '\'{{.Label "io.x-k8s.kind.cluster"}}\'" failed with error: exit status 1',
                "",
                f"Command Output: {NO_DOCKER}",
            )
        print("\n".join(found)) if found else replay.err("No kind clusters found.")
    case ["get", "nodes"]:
        name = replay.value(arguments, "--name")
        if name not in found:
            replay.end(0, f'No kind nodes found for cluster "{name}".')
        count = int(found[name]["nodes"])  # type: ignore[call-overload]
        for number in range(count):
            print(f"{name}-control-plane" if number == 0 else f"{name}-worker{number if number > 1 else ''}")
    case ["create", "cluster"]:
        create(
            replay.value(arguments, "--name"),
            Path(replay.value(arguments, "--config")),
            Path(replay.value(arguments, "--kubeconfig")),
        )
    case ["delete", "cluster"]:
        name = replay.value(arguments, "--name")
        replay.err(f'Deleting cluster "{name}" ...')
        if replay.scenario() == "hangs" and (replay.FOLDER / "stuck").exists():
            replay.end(1, f'ERROR: failed to delete cluster "{name}": failed to delete nodes: exit status 1')
        if found.pop(name, None):
            replay.err(f'Deleted nodes: ["{name}-control-plane"]')
        replay.keep(found)
    case ["load", "image-archive"]:
        pass  # it says nothing when all goes well
    case ["load", "docker-image"]:
        if arguments[2] == "missing:1":
            replay.end(1, f'ERROR: image: "{arguments[2]}" not present locally')
        replay.err(f'Image: "{arguments[2]}" with ID "sha256:1d3f" not yet present on node "lab-worker", loading...')
    case _:
        sys.exit(f"the stand-in for kind does not know {arguments}")
