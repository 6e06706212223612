"""Whether a kubelet takes a pod that is bound to its node.

The scheduler binds only what fits, but others may bind, and a pod may name its node itself: then nobody has asked
before its kubelet does. A pod that is refused has failed, and is never tried again; whoever owns it makes another.
``agent`` asks once a pod, before anything of it runs. Upstream: ``pkg/kubelet/lifecycle/predicate.go`` and the
scheduler's ``AdmissionCheck``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from gitopslab.controlplane.kubelet.sysctls import forbidden
from gitopslab.machinery.hostports import host_ports
from gitopslab.machinery.node_selector import required_nodes
from gitopslab.machinery.objects import Object, labels_of, name_of
from gitopslab.machinery.taints import untolerated
from gitopslab.machinery.usage import NOTHING, Amounts, added, amounts, effective

_OS = "kubernetes.io/os"
_CRITICAL = 2_000_000_000
_FIRST = ("cpu", "memory", "ephemeral-storage")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a pod is not taken.

    Attributes:
        reason: In one word, as ``kubectl get`` shows it: ``OutOfcpu``, ``NodeAffinity``, ``NodePorts``.
        message: The same in a sentence.
    """

    reason: str
    message: str


def refusal(pod: Object, node: Object, others: Iterable[Object]) -> Refusal | None:
    """The first reason not to take a pod, or None.

    Simplified: a critical pod is taken; a real kubelet stops others to make room for it.

    Args:
        pod: What is bound to the node and has not run yet.
        node: Its node.
        others: The pods that were taken before and have not finished.
    """
    if (never := next(_strangers(pod, node), None)) is not None:
        return never
    if pod["spec"].get("priority", 0) >= _CRITICAL:
        return None
    beside = [other["spec"] for other in others]
    return next(chain(_shortages(pod["spec"], node, beside), _mismatches(pod["spec"], node, beside)), None)


def _strangers(pod: Object, node: Object) -> Iterator[Refusal]:
    """What room on the node would not help against."""
    if why := forbidden(pod["spec"]):
        yield Refusal("SysctlForbidden", why)
    system = ((node.get("status") or {}).get("nodeInfo") or {}).get("operatingSystem") or "linux"
    if labels_of(pod).get(_OS, system) != system:
        told = f"Failed to admit pod as the `{_OS}` label doesn't match node label"
        yield Refusal("PodOSSelectorNodeLabelDoesNotMatch", told)
    if (pod["spec"].get("os") or {}).get("name", system) != system:
        yield Refusal("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")


def shortage(pod: Object, node: Object, others: Iterable[Object]) -> Refusal | None:
    """What the node has not enough of for what a pod asks for beside others; None when there is enough."""
    return next(_shortages(pod["spec"], node, [other["spec"] for other in others]), None)


def _shortages(spec: Object, node: Object, beside: list[Object]) -> Iterator[Refusal]:
    capacity = amounts(node.get("status", {}).get("allocatable"))
    wanted, used = effective(spec, "requests"), added(effective(other, "requests") for other in beside)
    wanted |= {"pods": amounts({"pods": 1})["pods"]}
    used |= {"pods": amounts({"pods": len(beside)})["pods"]}
    for name in ("pods", *_FIRST, *sorted(wanted.keys() - {"pods", *_FIRST})):
        # a resource that the node does not know may be the whole cluster's
        if name in wanted and name in capacity and _exceeds(name, wanted, used, capacity):
            numbers = ", ".join(
                f"{what}: {_whole(name, given)}"
                for what, given in (("requested", wanted), ("used", used), ("capacity", capacity))
            )
            yield Refusal(f"OutOf{name}", f"Node didn't have enough resource: {name}, {numbers}")


def _exceeds(name: str, wanted: Amounts, used: Amounts, capacity: Amounts) -> bool:
    return 0 < wanted[name].value > capacity[name].value - used.get(name, NOTHING).value


def _whole(name: str, given: Amounts) -> int:
    """An amount in the kubelet's units: thousandths of a CPU, bytes, pieces."""
    value = given.get(name, NOTHING).value
    return int((value * 1000 if name == "cpu" else value).to_integral_value(rounding="ROUND_CEILING"))


def _mismatches(spec: Object, node: Object, beside: list[Object]) -> Iterator[Refusal]:
    if not required_nodes(spec).matches(labels_of(node), name_of(node)):
        yield _failed("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    taken = [port for other in beside for port in host_ports(other)]
    if any(port.clashes(other) for port in host_ports(spec) for other in taken):
        yield _failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    taints = node.get("spec", {}).get("taints") or ()
    if untolerated(taints, spec.get("tolerations") or (), ("NoExecute",)) is not None:
        yield _failed("TaintToleration", "node(s) had taints that the pod didn't tolerate")


def _failed(predicate: str, why: str) -> Refusal:
    return Refusal(predicate, f"Predicate {predicate} failed: {why}")
