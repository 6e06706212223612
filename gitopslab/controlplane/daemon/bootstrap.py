"""What a new cluster holds before anybody uses it.

``assembly`` calls ``bootstrap`` at every start, before any controller runs: what is missing is made, what is there is
left alone, so a restart changes nothing. What kubeadm adds is made once: a learner who deletes CoreDNS finds it gone
after a restart too. The objects of kube-system are in ``kubesystem``; nodes come from ``topology``. Leaves to others:
keeping all that alive (controllers and kubelets), default service accounts (their controller).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from gitopslab.controlplane.daemon import apiservices
from gitopslab.controlplane.daemon.kubernetesservice import control_node, exists, kubernetes_service, missing
from gitopslab.controlplane.daemon.kubesystem import extras
from gitopslab.controlplane.daemon.systemnamespaces import SYSTEM_NAMESPACES, namespace
from gitopslab.controlplane.daemon.topology import Topology
from gitopslab.controlplane.runtime.api import Api
from gitopslab.controlplane.server import addresses
from gitopslab.controlplane.server.admission.allocation import RANGE
from gitopslab.controlplane.server.authorization.policy import default_policy
from gitopslab.controlplane.server.flowcontrol import default_objects
from gitopslab.errors import AlreadyExistsError, ApiError
from gitopslab.machinery.clock import Clock, timestamp
from gitopslab.machinery.kinds import BUILT_IN, NODE_METRICS
from gitopslab.machinery.objects import Object, name_of

_MARKER = "gitopslab-cluster"
"""A ConfigMap in kube-system that says the extras were made once; so what a learner deletes of them stays deleted."""

_RANGES = "servicecidrs.networking.k8s.io"
_BILLION = 1_000_000_000

log = logging.getLogger(__name__)


def bootstrap(api_for: Callable[[str], Api], topology: Topology | None, clock: Clock, *, bare: bool = False) -> None:
    """Make what a cluster needs and does not have yet.

    Args:
        api_for: Gives the Api with the identity of whoever makes an object on a real cluster.
        topology: The nodes it must have; None for those it has, and the default ones in a new cluster.
        clock: The time.
        bare: Leave out everything that is there only because kubeadm puts it there.
    """
    api, server = api_for("kubernetes-admin"), api_for("kube-apiserver")
    for name in SYSTEM_NAMESPACES:
        _ensure(server, namespace(name))
    served = BUILT_IN if bare else (*BUILT_IN, NODE_METRICS)
    for obj in (*_priority_classes(), *default_policy(), *apiservices.built_in(served)):
        _ensure(server, obj)
    for obj in default_objects():
        _ensure(api_for("api-priority-and-fairness-config-producer"), obj)
    if topology is None and not (api.list("nodes") and exists(api, "services", "kubernetes", "default")):
        topology = Topology()
    for node in topology.nodes() if topology else ():
        _ensure(api, node)
    nodes = api.list("nodes")  # with their uids, which owner references need
    _ensure_service_range(server)
    for obj in _unnoted_addresses(api):
        _ensure(server, obj)
    for obj in missing(api, kubernetes_service(nodes)):  # after the nodes: it tells that they were all made
        _ensure(server, obj)
    if bare or exists(api, "configmaps", _MARKER, "kube-system"):
        return
    for obj in (*extras(control_node(nodes), clock), _marker(clock)):  # the marker last, when all is there
        _ensure(api, obj)


def _ensure(api: Api, obj: Object) -> bool:
    """Create an object; False when it is there already, or refused.

    A learner's own rules, such as a quota or a policy, may forbid it, and a Service of theirs may have its address: the
    cluster starts anyway, else nobody could take the rule away again.
    """
    try:
        api.create(obj)
    except AlreadyExistsError:
        return False
    except ApiError as error:
        log.warning("refused at the start: %s %s: %s", obj["kind"], name_of(obj), error.message)
        return False
    return True


def _marker(clock: Clock) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _MARKER, "namespace": "kube-system"},
        "data": {"created": timestamp(clock.now())},
    }


def _unnoted_addresses(api: Api) -> list[Object]:
    """The IPAddresses that Services lack: somebody deleted them, or the cluster is older than they are."""
    noted = {name_of(address) for address in api.list(addresses.ADDRESSES)}
    owed = [address for service in api.list("services") for address in addresses.given(None, service)]
    return [address for address in owed if name_of(address) not in noted]


def _ensure_service_range(server: Api) -> None:
    """Where cluster IPs come from, as every API server says (``defaultservicecidr``)."""
    head = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"}}
    if _ensure(server, {**head, "spec": {"cidrs": [str(RANGE)]}}):
        ready = {**head, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
        manager = "kubernetes-service-cidr-controller"
        server.patch(_RANGES, "kubernetes", ready, type="apply", subresource="status", manager=manager)


def _priority_classes() -> list[Object]:
    """The two that every API server makes itself (``scheduling/rest/storage_scheduling.go``)."""
    rows = (
        (
            "system-cluster-critical",
            2 * _BILLION,
            "the whole cluster depends on these pods, on whichever node they run",
        ),
        ("system-node-critical", 2 * _BILLION + 1000, "a node depends on these pods; nothing has a higher priority"),
    )
    return [
        {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": value,
            "description": text,
        }
        for name, value, text in rows
    ]
