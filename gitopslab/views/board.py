"""The board: nodes with their pods, and the pods that have no node yet.

``board`` makes it from objects of any cluster; ``Board.as_dict`` is the message the widget draws, and ``board_text``
and ``board_svg`` draw the same one without a browser. Order is a function of the objects (control plane first, then
names; pods by age), so nothing jumps between two boards.
States and words of a pod are left to ``pods`` and ``reasons``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gitopslab.machinery import quantity
from gitopslab.machinery.objects import Object, condition_of, created_of, labels_of, name_of, namespace_of, uid_of
from gitopslab.views import pods as podview
from gitopslab.views.board_choices import ZONE, Choice, choices, groupings
from gitopslab.views.message import Message
from gitopslab.views.news import News, by_uid, doubts_of, newest
from gitopslab.views.reasons import leaving_of, sentence_of

SYSTEM_NAMESPACES = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
_ROLE = "node-role.kubernetes.io/"
_UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_MANY_PODS = 150  # beyond this only pods that are not ready carry their events


@dataclass(frozen=True, slots=True)
class PodTile(Message):
    """One pod.

    Attributes:
        owner: Who made it, as ``Deployment/web``.
        short: What a person calls it; ``rest`` is the remainder of its name.
        state: A key of ``palette.STATES``; ``status`` is kubectl's word.
        cpu: What it holds of its node, in thousandths; ``memory`` in bytes; ``asks`` says both in words.
        because: Why it leaves, in a word: ``preempted``, ``evicted``, …; empty when it was simply deleted, or stays.
        nominated: The node on which room is being made for it.
        reason: One sentence, empty when all is well.
        since: When it was created, in seconds since the epoch.
        doubts: Conditions that are not True, as ``(type, reason, message)``.
        command: One kubectl command worth running next.
    """

    uid: str
    namespace: str
    name: str
    owner: str
    short: str
    rest: str
    state: str
    status: str
    ready: int
    containers: int
    restarts: int
    node: str
    cpu: int
    memory: int
    asks: str
    images: str
    because: str
    nominated: str
    reason: str
    since: float
    system: bool
    doubts: tuple[tuple[str, str, str], ...]
    events: tuple[News, ...]
    command: str


@dataclass(frozen=True, slots=True)
class NodeCard(Message):
    """One node; ``cpu`` and ``memory`` are allocatable, ``used_…`` the sum of its pods' requests.

    Attributes:
        labels: By which it can be grouped, as ``(key, value)``.
    """

    name: str
    zone: str
    roles: tuple[str, ...]
    control_plane: bool
    ready: bool
    status: str
    cordoned: bool
    taints: tuple[tuple[str, str], ...]
    version: str
    cpu: int
    memory: int
    used_cpu: int
    used_memory: int
    cpu_text: str
    memory_text: str
    pod_limit: int
    labels: tuple[tuple[str, str], ...]
    pods: tuple[PodTile, ...]


@dataclass(frozen=True, slots=True)
class Board(Message):
    """Everything one picture shows. ``pending`` are pods without a node, ``counts`` pods by state.

    Attributes:
        groupings: The labels by which the nodes may be grouped; ``group`` is the one they are in order of.
        choices: What may be chosen so that its pods stand out.
    """

    cluster: str
    nodes: tuple[NodeCard, ...]
    pending: tuple[PodTile, ...]
    namespaces: tuple[str, ...]
    system_namespaces: tuple[str, ...]
    counts: dict[str, int]
    groupings: tuple[str, ...] = ()
    group: str = ""
    choices: tuple[Choice, ...] = ()

    @property
    def pods(self) -> tuple[PodTile, ...]:
        """All pods, those without a node first."""
        return self.pending + tuple(pod for node in self.nodes for pod in node.pods)


def board(
    nodes: Iterable[Object],
    pods: Iterable[Object],
    events: Iterable[Object] = (),
    *,
    services: Iterable[Object] = (),
    claims: Iterable[Object] = (),
    cluster: str = "",
    namespace: str = "",
    group: str = "",
) -> Board:
    """The board of a cluster.

    Args:
        nodes: All nodes.
        pods: All pods.
        events: Events, of which those about pods are used.
        services: Services, so that their pods can be found.
        claims: PersistentVolumeClaims, likewise.
        cluster: The words that name the cluster in the header.
        namespace: Show only pods of this one; requests of the others still count in the bars' texts.
        group: A label by which to put the nodes together.
    """
    nodes = list(nodes)
    offered = groupings(nodes)
    everything = sorted(pods, key=lambda pod: (created_of(pod), namespace_of(pod), name_of(pod)))
    news = by_uid(events, "Pod")
    many = len(everything) > _MANY_PODS
    placed: dict[str, list[PodTile]] = defaultdict(list)
    for pod in everything:
        tile = _tile(pod, news.get(uid_of(pod), []), many)
        placed[tile.node].append(tile)
    cards = [_card(node, placed.pop(name_of(node), []), namespace, offered) for node in nodes]
    cards.sort(key=lambda card: (natural(label_of(card, group)), not card.control_plane, natural(card.name)))
    # What remains has no node, or one that is gone: never drop a pod silently.
    homeless = [tile for tiles in placed.values() for tile in tiles]
    shown = _shown(homeless, namespace)
    found = sorted({namespace_of(pod) for pod in everything})
    tiles = [*shown, *(tile for card in cards for tile in card.pods)]
    return Board(
        cluster=cluster,
        nodes=tuple(cards),
        pending=tuple(shown),
        namespaces=tuple(found),
        system_namespaces=tuple(name for name in found if name in SYSTEM_NAMESPACES),
        counts=dict(Counter(tile.state for tile in tiles)),
        groupings=offered,
        group=group,
        choices=choices((pod for pod in everything if namespace_of(pod) not in SYSTEM_NAMESPACES), services, claims),
    )


def label_of(card: NodeCard, key: str) -> str:
    """The value a node has for a label; empty when it has none, or no label is asked for."""
    return dict(card.labels).get(key, "")


@lru_cache(maxsize=4096)  # the same few names are put in order again and again
def natural(name: str) -> tuple[object, ...]:
    """A sort key that puts ``worker10`` after ``worker2``."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))


def cpu_text(milli: int) -> str:
    """``1.25`` of 1250: cores, without needless zeros."""
    return f"{milli / 1000:.2f}".rstrip("0").rstrip(".")


def memory_text(size: int) -> str:
    """``256Mi`` or ``1.5Gi``: bytes as Kubernetes writes them, in the largest unit that stays readable."""
    if size >= 2**30:
        return f"{size / 2**30:.1f}".rstrip("0").rstrip(".") + "Gi"
    return f"{round(size / 2**20)}Mi" if size else "0"


def _shown(tiles: list[PodTile], namespace: str) -> list[PodTile]:
    return [tile for tile in tiles if not namespace or tile.namespace == namespace]


def _tile(pod: Object, news: list[Object], many: bool) -> PodTile:
    spec = pod.get("spec", {})
    state = podview.state_of(pod)
    ready, containers = podview.readiness_of(pod)
    short, rest = podview.short_name(pod)
    cpu, memory = podview.requests_of(pod)
    finished = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return PodTile(
        uid=uid_of(pod) or f"{namespace_of(pod)}/{name_of(pod)}",
        namespace=namespace_of(pod),
        name=name_of(pod),
        owner=podview.owner_of(pod),
        short=short,
        rest=rest,
        state=state,
        status=podview.status_of(pod),
        ready=ready,
        containers=containers,
        restarts=podview.restarts_of(pod),
        node=spec.get("nodeName") or "",
        # A finished pod holds nothing of its node any more, but stays where it ran.
        cpu=0 if finished else cpu,
        memory=0 if finished else memory,
        asks=_asks(cpu, memory),
        images=", ".join(each.get("image") or "" for each in spec.get("containers") or []),
        because=leaving_of(pod),
        nominated="" if spec.get("nodeName") else pod.get("status", {}).get("nominatedNodeName") or "",
        reason=sentence_of(pod),
        since=created_of(pod),
        system=namespace_of(pod) in SYSTEM_NAMESPACES,
        doubts=() if state == "succeeded" else doubts_of(pod),
        events=() if many and state == "ready" else newest(news),
        command=_command(pod, state),
    )


def _asks(cpu: int, memory: int) -> str:
    parts = [f"{cpu_text(cpu)} CPU" if cpu else "", memory_text(memory) if memory else ""]
    return ", ".join(filter(None, parts)) or "nothing"


def _command(pod: Object, state: str) -> str:
    where = f"{name_of(pod)} -n {namespace_of(pod)}"
    if state == "failed" and podview.status_of(pod) in ("CrashLoopBackOff", "Error", "OOMKilled"):
        return f"kubectl logs {where}" + (" --previous" if podview.restarts_of(pod) else "")
    return f"kubectl logs {where}" if state in ("ready", "running", "succeeded") else f"kubectl describe pod {where}"


def _card(node: Object, tiles: list[PodTile], namespace: str, offered: tuple[str, ...]) -> NodeCard:
    labels, spec, status = labels_of(node), node.get("spec", {}), node.get("status", {})
    room = status.get("allocatable") or status.get("capacity") or {}
    cpu, memory = quantity.milli(room.get("cpu", 0)), quantity.whole(room.get("memory", 0))
    used_cpu, used_memory = sum(tile.cpu for tile in tiles), sum(tile.memory for tile in tiles)
    roles = tuple(sorted(label.removeprefix(_ROLE) for label in labels if label.startswith(_ROLE)))
    ready = condition_of(node, "Ready") or {}
    return NodeCard(
        name=name_of(node),
        zone=labels.get(ZONE, ""),
        roles=roles,
        control_plane="control-plane" in roles or "master" in roles,
        ready=ready.get("status") == "True",
        status="Ready" if ready.get("status") == "True" else "NotReady",
        cordoned=bool(spec.get("unschedulable")),
        taints=tuple(_taint(taint) for taint in spec.get("taints") or [] if taint.get("key") != _UNSCHEDULABLE),
        version=(status.get("nodeInfo") or {}).get("kubeletVersion") or "",
        cpu=cpu,
        memory=memory,
        used_cpu=used_cpu,
        used_memory=used_memory,
        cpu_text=f"{cpu_text(used_cpu)} of {cpu_text(cpu)}",
        memory_text=f"{memory_text(used_memory)} of {memory_text(memory)}",
        pod_limit=int(quantity.whole(room.get("pods", 0))),
        labels=tuple((key, labels[key]) for key in offered if key in labels),
        pods=tuple(_shown(tiles, namespace)),
    )


def _taint(taint: Object) -> tuple[str, str]:
    """A taint in short, for a chip, and in full."""
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint['effect']} {taint['key'].rpartition('/')[2]}{value}", f"{taint['key']}{value}:{taint['effect']}"
