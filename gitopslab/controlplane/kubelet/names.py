"""Names of Services in the tiny shell: who they lead to, and the commands that ask, ``nslookup`` and ``getent``.

``address_of`` answers from the API, as the cluster's DNS does; ``inside.room`` gives it to visitors' shells, and
``Names`` to programs. Leaves to
others: names for programs that really run (``kubeproxy``).

Simplified: a Service is found from its creation on, and a headless one as long as it has addresses, of which the first
is told. What is outside of the cluster cannot be asked for: a script that does is not understood.
"""

from __future__ import annotations

from gitopslab.controlplane.kubelet.config import Lookup
from gitopslab.controlplane.kubelet.session import Play, Session
from gitopslab.controlplane.kubelet.words import NotUnderstoodError
from gitopslab.machinery.clock import Clock, seconds_of
from gitopslab.machinery.objects import Object

DNS = "10.96.0.10"
_DOMAIN = ".cluster.local"
_MOST_NAMES = 100  # of one program that are remembered


class Names:
    """The names that a played program asks for, told the same again when the program is played again.

    A Service's time of creation is known to the second only; whoever was told within it that there is no such name must
    not be told otherwise afterwards, since it stands in the log.

    Args:
        lookup: Finds Services.
        namespace: The pod's.
        clock: The time.
    """

    def __init__(self, lookup: Lookup, namespace: str, clock: Clock) -> None:
        self._lookup = lookup
        self._namespace = namespace
        self._clock = clock
        self._missing: dict[str, float] = {}

    def __call__(self, name: str, moment: float) -> str:
        """The address that a name leads to at a moment; what is to come is answered as things are now."""
        if moment <= self._missing.get(name, float("-inf")):
            return ""
        address = address_of(self._lookup, self._namespace, name, moment)
        if not address and moment <= self._clock.now() and len(self._missing) < _MOST_NAMES:
            self._missing[name] = moment
        return address


def address_of(lookup: Lookup, namespace: str, name: str, moment: float) -> str:
    """The address that a name leads to at a moment, asked for in a namespace; empty when there is none.

    Raises:
        NotUnderstoodError: It is no name of the cluster.
    """
    short = name.rstrip(".").removesuffix(_DOMAIN)
    labels = short.removesuffix(".svc").split(".")
    if labels == ["localhost"]:
        return "127.0.0.1"
    for front in range(min(2, len(labels))):  # a pod's name may stand in front of a headless Service's
        service, *of = labels[front:]
        found = lookup("services", (of or [namespace])[0], service) if len(of) < 2 else None
        if found is None or seconds_of(found["metadata"]["creationTimestamp"]) > moment:
            continue
        if found["spec"].get("clusterIP") == "None":
            return _of_endpoints(lookup, found)
        if not front:
            return _of_service(found)
    is_ours = len(labels) == 1 or name.rstrip(".").endswith((".svc", _DOMAIN)) or lookup("namespaces", "", labels[-1])
    if not is_ours:
        raise NotUnderstoodError(name)
    return ""


def _of_service(service: Object) -> str:
    return str(service["spec"].get("clusterIP") or service["spec"].get("externalName") or "")


def _of_endpoints(lookup: Lookup, service: Object) -> str:
    metadata = service["metadata"]
    found = lookup("endpoints", metadata["namespace"], metadata["name"]) or {}
    ready = [address["ip"] for subset in found.get("subsets") or () for address in subset.get("addresses") or ()]
    return str(ready[0]) if ready else ""


def nslookup(session: Session, arguments: list[str]) -> Play:
    """``nslookup NAME``, in busybox's words."""
    names = [argument for argument in arguments if not argument.startswith("-")]
    if not names:
        yield session.complain("nslookup: missing host name", 1)
        return
    address = session.address(names[0])
    told = (f"Name:\t{names[0]}", f"Address: {address}") if address else (f"** server can't find {names[0]}: NXDOMAIN",)
    for line in (f"Server:\t\t{DNS}", f"Address:\t{DNS}:53", "", *told, ""):
        yield session.say(line)
    session.code = 0 if address else 1


def getent(session: Session, arguments: list[str]) -> Play:
    """``getent hosts NAME``."""
    if len(arguments) != 2 or arguments[0] not in ("hosts", "ahosts"):
        raise NotUnderstoodError("getent " + " ".join(arguments))
    if address := session.address(arguments[1]):
        yield session.say(f"{address:<15} {arguments[1]}")
    else:
        session.code = 2
