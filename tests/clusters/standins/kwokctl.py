"""kwokctl 0.8, as it prints without a terminal: recorded from the real one, up to where it needs the outside world."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import replay

SOURCE = {"function": "sigs.k8s.io/kwok/pkg/kwokctl/cmd/create/cluster.runE", "file": "cluster.go", "line": 385}
PULL = "registry.k8s.io/etcd:3.6.10-0"
URL = "https://github.com/etcd-io/etcd/releases/download/v3.6.10/etcd-v3.6.10-linux-amd64.tar.gz"
LOOKUP = "dial tcp: lookup registry.k8s.io: no such host"


def log(level: str, message: str, **fields: object) -> None:
    entry = {"time": "2026-11-23T18:19:05.4Z", "level": level, "source": SOURCE, "msg": message, **fields}
    replay.err(json.dumps(entry))


def fail(error: str) -> None:
    log("ERROR", "Execute exit", err=error)
    sys.exit(1)


def create(name: str, kubeconfig: Path) -> None:
    failing = replay.scenario()
    if failing == "docker-off":
        fail(
            "runtime docker not available: cmd wait: docker version: exit status 1\nCannot connect to the Docker "
            "daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n"
        )
    log("INFO", "Cluster is creating", cluster=name)
    if failing == "no-image":
        log("INFO", "Pull", cluster=name, image=PULL)
        log("WARN", "Retry after 1s", cluster=name, image=PULL, err=LOOKUP, retry=0)
        replay.err(f'Error response from daemon: Get "https://registry.k8s.io/v2/": {LOOKUP}')
        why = f'Get "https://registry.k8s.io/v2/": {LOOKUP}\ncmd wait: docker pull {PULL}: exit status 1'
        log("ERROR", "Failed to setup config", cluster=name, err=why)
        log("INFO", "Cluster is cleaned up", cluster=name)
        fail(why)
    if failing == "no-download":
        why = f'Get "{URL}": dial tcp: lookup github.com: no such host'
        log("INFO", "Download", cluster=name, uri=URL)
        log("ERROR", "Failed to setup config", cluster=name, err=why)
        log("INFO", "Cluster is cleaned up", cluster=name)
        fail(why)
    found[name] = {"running": True}
    replay.keep(found)
    if failing == "hangs":
        replay.err("still at it")
        time.sleep(60)
    if failing == "port-taken":
        log("ERROR", "Failed to clean up cluster", cluster=name, err="exit status 1")
        fail("failed to start cluster: listen tcp 127.0.0.1:41999: bind: address already in use")
    log("INFO", "Cluster is created", cluster=name, elapsed="5.1s")
    kubeconfig.write_text(replay.kubeconfig())
    log("INFO", "Cluster is starting", cluster=name)
    log("INFO", "Cluster is ready", cluster=name, elapsed="1.2s")


arguments = replay.note_call("kwokctl")
found = replay.clusters()
match arguments[:2]:
    case ["get", "clusters"]:
        print("\n".join(found))
    case ["get", "components"]:
        status = "Ready" if found[replay.value(arguments, "--name")]["running"] else "Stopped"
        print("NAME             STATUS")
        for component in ("etcd", "kube-apiserver", "kwok-controller"):
            print(f"{component:<17}{status}")
    case ["create", "cluster"]:
        create(replay.value(arguments, "--name"), Path(replay.value(arguments, "--kubeconfig")))
    case ["delete", "cluster"]:
        name = replay.value(arguments, "--name")
        if found.pop(name, None) is None:
            log("WARN", "Cluster does not exist", cluster=name)
        replay.keep(found)
    case ["start" | "stop", "cluster"]:
        found[replay.value(arguments, "--name")]["running"] = arguments[0] == "start"
        replay.keep(found)
    case _:
        fail(f"the stand-in for kwokctl does not know {arguments}")
