"""What would be decided if something were otherwise: the what-ifs of an ``Explanation``.

Each reads what a learner writes, changes the scene in thought (``scheduler.what_if``) and gives a new ``Explanation``;
nothing is applied anywhere, so they may be tried on any cluster, and chained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitopslab.controlplane.scheduler import what_if
from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.controlplane.scheduler.what_if import Change
from gitopslab.errors import LabError
from gitopslab.machinery import quantity, taints
from gitopslab.machinery.objects import Object, name_of, namespace_of

if TYPE_CHECKING:
    from gitopslab.lab.explaining import Explanation

Several = str | Sequence[str]


class WhatIf:
    """What can be changed in thought.

    Attributes:
        scene: What is decided on.
    """

    scene: Scene

    def _with(self, scene: Scene, told: str) -> Explanation:
        """The explanation of a changed scene; ``told`` says what was changed."""
        raise NotImplementedError

    # ---- what if the pod were otherwise ----

    def what_if(
        self,
        *,
        cpu: str | float | None = None,
        memory: str | int | None = None,
        requests: Mapping[str, str | None] | None = None,
        container: str = "",
        tolerates: Several = (),
        labels: Mapping[str, str | None] | None = None,
        node_selector: Mapping[str, str | None] | None = None,
        priority: int | None = None,
        spec: Mapping[str, Any] | None = None,
    ) -> Explanation:
        """Decide again for a pod that is otherwise; nothing is applied.

        Args:
            cpu: How much it asks for, as ``"500m"`` or ``2``.
            memory: How much it asks for, as ``"256Mi"``.
            requests: The same for any resource; None asks for nothing of it.
            container: Which container asks; empty for the first.
            tolerates: Taints it tolerates too, as ``"gpu"``, ``"gpu=true"`` or ``"gpu=true:NoSchedule"``.
            labels: Labels it has; None takes one away.
            node_selector: Labels it wants of a node; None takes one away, ``{}`` takes all away.
            priority: How important it is, as a number.
            spec: Any other part of its spec, as a merge patch.

        Raises:
            LabError: Nothing is to be otherwise, or something is written wrong.

        Example:
            >>> lab.explain("pod/web-1").what_if(cpu="500m", tolerates="gpu")
        """
        asked: dict[str, str | float | None] = dict(requests or {})
        asked |= {"cpu": cpu} if cpu is not None else {}
        asked |= {"memory": memory} if memory is not None else {}
        wishes: list[tuple[Change, str]] = []
        if asked:
            amounts = {name: _quantity(name, amount) for name, amount in asked.items()}
            told = ", ".join(f"{amount or 'no'} {name}" for name, amount in amounts.items())
            wishes.append((what_if.requests(self._container(container), amounts), f"it asks for {told}"))
        for text in [tolerates] if isinstance(tolerates, str) else tolerates:
            wishes.append((what_if.tolerates(taints.toleration_of(text)), f"it tolerates {text}"))
        if labels is not None:
            wishes.append((what_if.labels(labels), f"it has {_pairs(labels)}"))
        if node_selector is not None:
            told = f"it wants nodes with {_pairs(node_selector)}" if node_selector else "it wants no labels of a node"
            wishes.append((what_if.spec({"nodeSelector": dict(node_selector) or None}), told))
        if priority is not None:
            wishes.append((what_if.spec({"priority": priority}), f"its priority is {priority}"))
        if spec is not None:
            wishes.append((what_if.spec(spec), f"its spec has another {', '.join(spec)}"))
        return self._pod(wishes)

    # ---- what if the cluster were otherwise ----

    def with_taint(self, node: str, taint: str) -> Explanation:
        """Decide again with a taint on a node, as ``"gpu=true:NoSchedule"``."""
        return self._node(node, what_if.taint(_taint(taint)), f"{node} has taint {taint}")

    def without_taint(self, taint: str, node: str = "") -> Explanation:
        """Decide again without a taint, as ``"gpu"`` or ``"gpu:NoSchedule"``; without ``node`` on every node.

        Raises:
            LabError: No such node has it.
        """
        key, effect, _ = taints.parts(taint)
        there = [each for one in self._nodes(node) for each in (one.get("spec") or {}).get("taints") or ()]
        if not any(what_if.is_meant(each, key, effect) for each in there):
            spelled = ", ".join(sorted({taints.spelled(each) for each in there}))
            told = f"{node} has no taint {taint!r}" if node else f"no node has the taint {taint!r}"
            raise LabError(told, f"the taints are: {spelled or 'none'}")
        told = f"{node} has no taint {taint}" if node else f"no node has taint {taint}"
        return self._node(node, what_if.untaint(key, effect), told)

    def with_label(self, node: str, label: str) -> Explanation:
        """Decide again with a label on a node, as ``"disk=ssd"``."""
        key, _, value = label.partition("=")
        return self._node(node, what_if.labels({key: value}), f"{node} has label {label}")

    def without_label(self, node: str, key: str) -> Explanation:
        """Decide again without a label on a node."""
        return self._node(node, what_if.labels({key: None}), f"{node} has no label {key}")

    def cordoned(self, node: str) -> Explanation:
        """Decide again with a node that takes no new pods."""

        def change(obj: Object) -> None:
            what_if.spec({"unschedulable": True})(obj)
            what_if.taint(dict(taints.UNSCHEDULABLE))(obj)

        return self._node(node, change, f"{node} is cordoned")

    def uncordoned(self, node: str) -> Explanation:
        """Decide again with a node that is open for new pods."""

        def change(obj: Object) -> None:
            what_if.spec({"unschedulable": None})(obj)
            what_if.untaint(taints.UNSCHEDULABLE["key"])(obj)

        return self._node(node, change, f"{node} is not cordoned")

    def with_node(
        self,
        name: str,
        *,
        cpu: str | float = "4",
        memory: str | int = "8Gi",
        labels: Mapping[str, str] | None = None,
        taint: Several = (),
    ) -> Explanation:
        """Decide again with one more node; by default as large as most of the lab's."""
        room = {"cpu": _quantity("cpu", cpu), "memory": _quantity("memory", memory), "pods": "110"}
        own = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", **(labels or {})}
        found = [_taint(text) for text in ([taint] if isinstance(taint, str) else taint)]
        node: Object = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": own},
            "spec": {"taints": found} if found else {},
            "status": {"allocatable": {**room, "ephemeral-storage": "100Gi"}, "capacity": room},
        }
        told = f"there is a node {name} with {cpu} CPU and {memory} memory"
        return self._with(what_if.with_node(self.scene, node), told)

    def without_node(self, name: str) -> Explanation:
        """Decide again as if a node, with all that runs on it, were gone."""
        self._nodes(name)
        return self._with(what_if.without_node(self.scene, name), f"{name} is gone")

    def without_pod(self, name: str, namespace: str = "") -> Explanation:
        """Decide again as if another pod were gone."""
        where = namespace or namespace_of(self.scene.pod)
        if not any((namespace_of(pod), name_of(pod)) == (where, name) for pod in self.scene.pods):
            raise LabError(f"there is no pod {name!r} in namespace {where}", 'lab.get("pods", namespace="") shows all')
        return self._with(what_if.without_pod(self.scene, where, name), f"pod {where}/{name} is gone")

    def _pod(self, wishes: Sequence[tuple[Change, str]]) -> Explanation:
        if not wishes:
            raise LabError("nothing is to be otherwise", 'say what, as in what_if(cpu="500m")')

        def change(pod: Object) -> None:
            for each, _ in wishes:
                each(pod)

        return self._with(what_if.pod_changed(self.scene, change), "; ".join(told for _, told in wishes))

    def _node(self, name: str, change: Change, told: str) -> Explanation:
        self._nodes(name)
        return self._with(what_if.node_changed(self.scene, name, change), told)

    def _nodes(self, name: str) -> list[Object]:
        """The node of that name, or (empty) all of them."""
        found = [node for node in self.scene.nodes if name in ("", name_of(node))]
        if name and not found:
            names = ", ".join(sorted(name_of(node) for node in self.scene.nodes))
            raise LabError(f"there is no node {name!r}", f"the nodes are {names}")
        return found

    def _container(self, name: str) -> str:
        names = [str(item.get("name")) for item in self.scene.pod["spec"]["containers"]]
        if name and name not in names:
            raise LabError(f"the pod has no container {name!r}", f"its containers are {', '.join(names)}")
        return name


def _quantity(name: str, amount: str | float | None) -> str | None:
    if amount is None:
        return None
    try:
        if quantity.parse(str(amount)) < 0:
            raise ValueError("it is less than nothing")
    except ValueError as error:
        raise LabError(f"{amount!r} is no amount of {name}", 'write it as "500m", "2" or "256Mi"') from error
    return str(amount)


def _pairs(labels: Mapping[str, str | None]) -> str:
    return ", ".join(f"{key}={value}" if value is not None else f"no {key}" for key, value in labels.items())


def _taints_of(node: Object) -> list[Object]:
    return (node.get("spec") or {}).get("taints") or []


def _taint(text: str) -> Object:
    found = taints.parse(text)
    if found is None:
        effects = ", ".join(taints.EFFECTS)
        raise LabError(f"{text!r} is no taint", f'write it as "gpu=true:NoSchedule"; effects are {effects}')
    return found
