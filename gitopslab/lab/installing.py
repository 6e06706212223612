"""Installs a controller as its project publishes it: manifests are found, images loaded, objects applied, and awaited.

``lab.flux.install`` and ``lab.argocd.install`` say which manifests; here is what both do with them. In rooms without a
network the manifests, and the images as tars, come from a folder.
"""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import yaml

from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.forge import Address, Forge
from gitopslab.clusters.images import REAL_NODES
from gitopslab.clusters.waiting import is_ready, wait_until
from gitopslab.errors import InvalidError, LabError, WaitTimeoutError
from gitopslab.gitops.place import git_service
from gitopslab.lab.answers import say
from gitopslab.lab.targets import objects
from gitopslab.machinery.home import home
from gitopslab.machinery.objects import Object, is_condition_true, name_of

_DEFINITION = "CustomResourceDefinition"
_FIRST = (_DEFINITION, "Namespace")
_WORKLOADS = ("deployments.apps", "statefulsets.apps")
_TARS = (".tar", ".tar.gz", ".tgz")
_MOST_BYTES = 32 * 1024 * 1024
_ESTABLISHED = 60.0
_LOOK = 5.0  # seconds between two lines of progress


@dataclass(frozen=True, slots=True)
class Release:
    """What is installed.

    Attributes:
        title: As in ``Flux``.
        version: As in ``v2.9.4``.
        url: Of its manifests.
        namespace: Where it goes; objects that name none go there, too.
        manager: The field manager who applies.
        again: The command for a room without a network, as in ``lab.flux.install(manifests=FOLDER)``.
    """

    title: str
    version: str
    url: str
    namespace: str
    manager: str
    again: str


def published(release: Release, source: str | Path = "", *, timeout: float = 60.0) -> list[Object]:
    """The objects of a release: from a file or folder if one is given, else from the network; once had, they are kept.

    Args:
        release: Which one.
        source: A file of manifests, or a folder with them.
        timeout: Seconds for the network.

    Raises:
        LabError: They cannot be had; the hint says how to go on without a network.
    """
    if source:
        path = Path(source).expanduser()
        if not path.exists():
            raise LabError(f"✗ there is no {path}", f"You are in {Path.cwd()}")
        say(f"► reading manifests of {release.title} from {path}")
        return _kept(release, objects(path))
    if (known := _place(release)).is_file():
        say(f"► reading manifests of {release.title} {release.version} from {known}, where they were kept")
        return objects(known)
    say(f"► fetching manifests of {release.title} {release.version} from {release.url}")
    return _kept(release, objects(_fetched(release, timeout)))


def components(cluster: Cluster, release: Release, manifests: str | Path, actors: str) -> list[Object]:
    """The objects of a release for a cluster whose pods run, and their images on its nodes if a folder has them.

    Args:
        cluster: Where they go.
        release: What is installed.
        manifests: A file or folder; empty for the network.
        actors: Who would do nothing where pods do not run, as in ``Argo CD``.

    Raises:
        LabError: The manifests cannot be had, or nothing would act on them.
    """
    if cluster.kind not in REAL_NODES:
        raise LabError(
            f"✗ the pods of a {cluster.kind} cluster only pretend, so {actors} would do nothing",
            "Use the embedded cluster, which has controllers of its own, or --cluster kind",
        )
    found = published(release, manifests)
    if manifests:
        load_images(cluster, manifests)
    return found


def load_images(cluster: Cluster, source: str | Path) -> None:
    """Copy the image archives of a folder (and of its folder ``images``) onto the cluster's nodes.

    Raises:
        SetupError: The cluster takes none, or its tool refuses one.
    """
    folder = Path(source).expanduser()
    found = [file for place in (folder, folder / "images") if place.is_dir() for file in sorted(place.iterdir())]
    for file in found:
        if file.name.endswith(_TARS):
            say(f"► loading {file.name} onto the nodes")
            cluster.load_image(str(file))


def apply(client: Client, wanted: Sequence[Object], release: Release) -> None:
    """Apply everything: kinds and namespaces first, and the rest once those are established.

    Raises:
        WaitTimeoutError: A kind is not established.
    """
    first = [obj for obj in wanted if obj["kind"] in _FIRST]
    for obj in first:
        client.apply(obj, manager=release.manager)
    names = [name_of(obj) for obj in first if obj["kind"] == _DEFINITION]
    if names:
        wait_for_kinds(client, names)
    for obj in wanted:
        if obj["kind"] not in _FIRST:
            client.apply(obj, release.namespace, manager=release.manager)


def wait_for_kinds(client: Client, names: Iterable[str]) -> None:
    """Wait until kinds are established: nothing of them can be applied before.

    Raises:
        WaitTimeoutError: They are not.
    """
    wanted = list(names)

    def read() -> list[Object]:
        return [client.get("crd", name) for name in wanted]

    reached, found = wait_until(read, lambda obj: is_condition_true(obj, "Established"), _ESTABLISHED)
    if not reached:
        late = ", ".join(name_of(obj) for obj in found if not is_condition_true(obj, "Established"))
        raise WaitTimeoutError(f"✗ not established yet: {late}", 'lab.kubectl("get crds") tells more')
    client.discovery(fresh=True)


def wait_for_workloads(client: Client, release: Release, *, timeout: float) -> None:
    """Wait until every Deployment and StatefulSet of a release is ready, and say which are not yet.

    Raises:
        WaitTimeoutError: Some are not; the message says what their pods wait for.
    """
    end, told = time.monotonic() + timeout, 0.0
    while late := _late(client, release.namespace):
        if time.monotonic() >= end:
            troubles = _troubles(client, release.namespace)
            raise WaitTimeoutError(
                f"✗ {release.title} is not ready after {timeout:g} s: {', '.join(late)}{troubles}",
                f"See what they wait for: lab.kubectl(\"get pods -n {release.namespace}\")\n"
                f"        No network for images? {release.again} with the tars of the images in FOLDER",
            )  # fmt: skip
        if time.monotonic() >= told + _LOOK:
            say(f"◎ waiting for {', '.join(late)}")
            told = time.monotonic()
        time.sleep(0.1)


def connect(client: Client, cluster: Cluster) -> Address:
    """Have the cluster reach the lab's Git server and registry at their one URL; where they are on this machine.

    Raises:
        SetupError: That cluster cannot reach this machine.
    """
    forge = Forge.of(cluster)
    address = forge.up(say)
    way = cluster.connect(address.port)
    if way.is_bridge:
        forge.listen_at(way, say)
    lead(client, address.port, way.address)
    return address


def lead(client: Client, port: int, address: str) -> None:
    """Have the one URL of the lab's Git server lead to a port of an address."""
    for obj in git_service(port, address):
        try:
            client.apply(obj)
        except InvalidError:  # an endpoint that led to a name cannot be changed into one that leads to an address
            client.delete(obj["kind"].lower(), name_of(obj), obj["metadata"]["namespace"])
            client.apply(obj)


def _place(release: Release) -> Path:
    return home() / "manifests" / f"{release.title.lower().replace(' ', '-')}-{release.version}.yaml"


def _kept(release: Release, found: list[Object]) -> list[Object]:
    """So that whoever has installed a release once needs neither the network nor the folder again."""
    place = _place(release)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(yaml.safe_dump_all(found, sort_keys=False), encoding="utf-8")
    return found


def _fetched(release: Release, timeout: float) -> str:
    try:
        with urllib.request.urlopen(release.url, timeout=timeout) as answer:
            content: bytes = answer.read(_MOST_BYTES + 1)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise LabError(
            f"✗ the manifests of {release.title} cannot be fetched from {release.url}: {reason}",
            f"Fetch that file where there is a network, put it into a folder, with the images as tars, and give the "
            f"folder: {release.again}",
        ) from error
    if len(content) > _MOST_BYTES:
        raise LabError(f"✗ {release.url} has more than {_MOST_BYTES} bytes", "Is this the right address?")
    return content.decode(errors="replace")


def _late(client: Client, namespace: str) -> list[str]:
    found = [obj for kind in _WORKLOADS for obj in client.list(kind, namespace)]
    return [f"{obj['kind']}/{name_of(obj)}" for obj in found if not is_ready(obj)]


def _troubles(client: Client, namespace: str) -> str:
    """What containers wait for, such as an image that cannot be pulled."""
    said = []
    for pod in client.list("pods", namespace):
        for container in (pod.get("status") or {}).get("containerStatuses") or ():
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
                said.append(f"\n  {name_of(pod)}: {waiting['reason']}: {waiting.get('message', '')}".rstrip(": "))
    return "".join(said)
