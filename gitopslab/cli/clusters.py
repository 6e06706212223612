"""The commands about clusters: up, down, status, list, reset, kubeconfig, kubectl.

Each finds a cluster by its kind and name, calls one method of it and prints what came of it. What these methods do is
the business of ``clusters``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gitopslab.cli.console import answer_json, fail, note, progress, say, table
from gitopslab.cli.options import ClusterOption, JsonOption, NameOption
from gitopslab.clusters import Cluster, Options, State, cluster, known
from gitopslab.errors import SetupError

_MOST_WORKERS = 100

WorkersOption = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=0, max=_MOST_WORKERS, help="Worker nodes; default 3.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="A topology file: the nodes, their sizes and zones.",
    ),
]


def up(
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
    workers: WorkersOption = None,
    config: ConfigOption = None,
    bare: Annotated[bool, typer.Option("--bare", help="Embedded: nodes and API only, nothing in kube-system.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", min=1, max=65535, help="Embedded: the port of its API.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", min=0, help="Embedded: a run that repeats; its clock waits for you."),
    ] = None,
) -> None:
    """Start a cluster and wait until its nodes are Ready; prints where its kubeconfig is.

    A cluster that is up already is left as it is.

    For example:

      gitopslab up

      gitopslab up --workers 5 --name big

      gitopslab up --cluster kind

      export KUBECONFIG=$(gitopslab up)
    """
    made = cluster(spec, name)
    with progress("gitopslab up") as step:
        made.up(step, Options(workers=workers, config=config, bare=bare, port=port, seed=seed))
    say(str(made.kubeconfig))


def down(
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
    delete: Annotated[bool, typer.Option("--delete", help="Remove the cluster and all its state.")] = False,
) -> None:
    """Stop a cluster; its state is kept, and `gitopslab up` brings it back.

    For example:

      gitopslab down

      gitopslab down --name big --delete
    """
    with progress("gitopslab down") as step:
        cluster(spec, name).down(step, delete=delete)


def reset(spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """Back to a clean cluster.

    The embedded cluster begins anew at the same address. On kind, k3d and kwok every object made since the cluster
    was made is deleted; on a context of yours only the namespaces that the lab made.

    For example:

      gitopslab reset

      gitopslab reset --cluster kind
    """
    with progress("gitopslab reset") as step:
        cluster(spec, name).reset(step)


def kubeconfig(spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """Print only the path of a cluster's kubeconfig.

    For example:

      export KUBECONFIG=$(gitopslab kubeconfig)

      kubectl --kubeconfig $(gitopslab kubeconfig --name big) get nodes
    """
    say(str(existing(spec, name).kubeconfig))


def kubectl(context: typer.Context, spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """Run kubectl against the lab's cluster, never against another.

    Options for gitopslab stand before the first word for kubectl; after `--` everything is kubectl's.

    For example:

      gitopslab kubectl get pods -A

      gitopslab kubectl --name big get nodes

      gitopslab kubectl -- --namespace kube-system get pods
    """
    from gitopslab.clusters.state import command as command_of
    from gitopslab.clusters.terminal import refuse_elsewhere
    from gitopslab.machinery.kubectl import executable

    refuse_elsewhere(context.args)
    found = existing(spec, name)
    if found.status().state is State.STOPPED:  # kubectl itself would only say that nobody answers
        note(f"Cluster {name} is stopped. Next: {command_of('up', spec, name)}")
    path = found.kubeconfig
    command = [executable(), *context.args]
    environment = {**os.environ, "KUBECONFIG": str(path)}
    if sys.platform != "win32":
        sys.stdout.flush()
        os.execve(
            command[0], command, environment
        )  # kubectl takes this process over: its signals and exit code are ours
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)


def status(spec: ClusterOption = "embedded", name: NameOption = "lab", as_json: JsonOption = False) -> None:
    """How a cluster is: its state, address, kubeconfig, forge and nodes.

    For example:

      gitopslab status

      gitopslab status --cluster kind --json
    """
    from gitopslab.clusters.forge import Forge
    from gitopslab.clusters.kubectl import Kubectl
    from gitopslab.clusters.state import command as command_of

    found = cluster(spec, name)
    described = _described(found)
    running = described["state"] == State.RUNNING.value
    nodes = Kubectl(found.kubeconfig).nodes() if running else None
    described["nodes"] = [_node_row(node) for node in nodes or ()]
    described["forge"] = Forge.of(found).status()
    if as_json:
        answer_json(described)
        return
    details = {key: _readable(key, value) for key, value in described["details"].items()}
    for key, value in ({key: described[key] for key in _COLUMNS} | details | {"forge": described["forge"]}).items():
        say(f"{key + ':':<12} {value}")
    if described["state"] == State.ABSENT.value:
        note(f"There is no such cluster. Next: {command_of('up', spec, name)}")
    if running and nodes is None:
        note("Its API does not answer. Next: gitopslab down, then gitopslab up")
    if nodes:
        say("")
        rows = [[row["name"], row["status"], row["zone"], row["cpu"], row["memory"]] for row in described["nodes"]]
        table(["name", "status", "zone", "cpu", "memory"], rows)


def list_(as_json: JsonOption = False) -> None:
    """All clusters the lab knows on this machine.

    For example:

      gitopslab list

      gitopslab list --json
    """
    troubles: list[SetupError] = []
    found = [_described(one) for one in known(troubles.append)]
    if as_json:
        answer_json(found)
    elif found:
        table(["name", "cluster", "state", "kubeconfig"], [[one[key] for key in _COLUMNS] for one in found])
    elif not troubles:
        note("There is no cluster yet. Next: gitopslab up")
    for trouble in troubles:
        fail(trouble)
    if troubles:
        raise typer.Exit(1)


_COLUMNS = ("name", "cluster", "state", "kubeconfig")


def existing(spec: str, name: str) -> Cluster:
    """A cluster that has a kubeconfig.

    Raises:
        SetupError: There is no such cluster, with the command that makes it.
    """
    from gitopslab.clusters.state import command, explained

    found = cluster(spec, name)
    with explained(found.kubeconfig):
        there = found.kubeconfig.exists()
    if not there:
        kind, _, context = spec.partition(":")
        make = command("up", kind, name) if not context else f"gitopslab up --cluster {spec}"
        raise SetupError(f"There is no {kind} cluster {context or name}", make)
    return found


def _described(found: Cluster) -> dict[str, Any]:
    now = found.status()
    return {
        "name": now.name,
        "cluster": now.kind,
        "state": now.state.value,
        "kubeconfig": str(now.kubeconfig),
        "details": now.details,
    }


def _readable(key: str, value: Any) -> Any:
    """A detail of a cluster for people: a time of this machine's clock instead of seconds since 1970."""
    return f"{datetime.fromtimestamp(value).astimezone():%Y-%m-%d %H:%M:%S}" if key == "started" else value


def _node_row(node: dict[str, Any]) -> dict[str, str]:
    from gitopslab.clusters.kubectl import is_ready
    from gitopslab.machinery import quantity
    from gitopslab.views.board import memory_text

    metadata, capacity = node["metadata"], node.get("status", {}).get("capacity", {})
    cordoned = ",SchedulingDisabled" if node.get("spec", {}).get("unschedulable") else ""
    return {
        "name": metadata["name"],
        "status": ("Ready" if is_ready(node) else "NotReady") + cordoned,
        "zone": metadata.get("labels", {}).get("topology.kubernetes.io/zone", ""),
        "cpu": str(capacity.get("cpu", "")),
        "memory": memory_text(quantity.whole(capacity.get("memory", 0))),
    }
