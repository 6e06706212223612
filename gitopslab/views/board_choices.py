"""What a reader of the board may choose: a label to group the nodes by, and something whose pods are to be ringed.

Called by ``board``. Which pods belong to a Service or a claim is what the API says: labels, and the volumes of a pod.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of, uid_of
from gitopslab.machinery.selectors import from_map
from gitopslab.views.message import Message
from gitopslab.views.pods import owner_of

ZONE = "topology.kubernetes.io/zone"
_OWN_TO_EACH = frozenset({"kubernetes.io/hostname"})


@dataclass(frozen=True, slots=True)
class Choice(Message):
    """Something that can be chosen so that its pods stand out.

    Attributes:
        key: ``Kind/namespace/name``.
        kind: As in ``Service``.
        name: Its name; ``namespace`` where it is.
        pods: The uids of its pods; a Service or a claim may well have none.
    """

    key: str
    kind: str
    name: str
    namespace: str
    pods: tuple[str, ...]


def groupings(nodes: Iterable[Object]) -> tuple[str, ...]:
    """The labels by which nodes can be told apart in groups: the zone first, then the others by name."""
    values: dict[str, set[str]] = defaultdict(set)
    count = 0
    for node in nodes:
        count += 1
        for key, value in labels_of(node).items():
            values[key].add(value)
    carriers = {key for key, found in values.items() if key not in _OWN_TO_EACH and (len(found) < count or count == 1)}
    return tuple(sorted(carriers, key=lambda key: (key != ZONE, key)))


def choices(pods: Iterable[Object], services: Iterable[Object], claims: Iterable[Object]) -> tuple[Choice, ...]:
    """Everything with pods that a reader may want to see: workloads, Services and claims."""
    several = list(pods)
    found = [*_owners(several), *_services(several, services), *_claims(several, claims)]
    return tuple(sorted(found, key=lambda choice: (choice.namespace, choice.kind, choice.name)))


def _owners(pods: Iterable[Object]) -> Iterable[Choice]:
    members: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pod in pods:
        owner = owner_of(pod)
        if owner and not owner.startswith("Node/"):
            members[owner, namespace_of(pod)].append(uid_of(pod))
    for (owner, namespace), uids in members.items():
        kind, _, name = owner.partition("/")
        yield _choice(kind, name, namespace, uids)


def _services(pods: list[Object], services: Iterable[Object]) -> Iterable[Choice]:
    for service in services:
        wanted = service.get("spec", {}).get("selector")
        if wanted:
            selector, namespace = from_map(wanted), namespace_of(service)
            here = (pod for pod in pods if namespace_of(pod) == namespace and selector.matches(labels_of(pod)))
            yield _choice("Service", name_of(service), namespace, [uid_of(pod) for pod in here])


def _claims(pods: Iterable[Object], claims: Iterable[Object]) -> Iterable[Choice]:
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pod in pods:
        for volume in pod.get("spec", {}).get("volumes") or []:
            named = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if named:
                users[namespace_of(pod), named].append(uid_of(pod))
    for claim in claims:
        namespace, name = namespace_of(claim), name_of(claim)
        yield _choice("PersistentVolumeClaim", name, namespace, users[namespace, name])


def _choice(kind: str, name: str, namespace: str, pods: Iterable[str]) -> Choice:
    return Choice(f"{kind}/{namespace}/{name}", kind, name, namespace, tuple(pods))
