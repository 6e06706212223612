"""The shape of a cluster: its nodes, their sizes, labels and taints.

``gitopslab up`` reads one from ``--workers`` or ``--config``; ``bootstrap`` makes its Node objects. Pure apart from
reading the file. Leaves to others: keeping nodes Ready (the kubelets), taking them away again.

A configuration file lists nodes; what is left out is as in the default::

    nodes:
    - name: lab-control-plane
      role: control-plane
    - name: big
      zone: zone-a
      cpu: "8"
      memory: 16Gi
      labels: {disk: ssd}
      taints: [{key: dedicated, value: database, effect: NoSchedule}]
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gitopslab.controlplane.kubelet import SIMULATED
from gitopslab.errors import SetupError
from gitopslab.machinery.objects import Object
from gitopslab.machinery.quantity import parse
from gitopslab.machinery.version import KUBERNETES

MOST_NODES = 1000

CONTROL_PLANE = "control-plane"
WORKER = "worker"
ROLE_LABEL = "node-role.kubernetes.io/control-plane"

_NAME = re.compile(r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")
_LABEL_NAME = re.compile(r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
_LABEL_VALUE = re.compile(r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_KEYS = ("name", "role", "zone", "cpu", "memory", "labels", "taints")
_EXAMPLE = "write it as in: nodes: [{name: lab-worker, zone: zone-a, cpu: 4, memory: 8Gi}]"


@dataclass(frozen=True, slots=True)
class NodeShape:
    """One node.

    Attributes:
        role: ``control-plane`` or ``worker``.
        zone: ``topology.kubernetes.io/zone``; empty for none.
        cpu: A quantity.
        memory: A quantity.
        labels: Besides those every node has.
        taints: Besides the control plane's own.
    """

    name: str
    role: str = WORKER
    zone: str = "zone-a"
    cpu: str = "4"
    memory: str = "8Gi"
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: Sequence[Object] = ()


_CONTROL_NODE = NodeShape("lab-control-plane", CONTROL_PLANE)
_DEFAULT = (
    _CONTROL_NODE,
    NodeShape("lab-worker"),
    NodeShape("lab-worker2", zone="zone-b"),
    NodeShape("lab-worker3", zone="zone-c", cpu="2", memory="4Gi"),
)


@dataclass(frozen=True, slots=True)
class Topology:
    """The nodes of a cluster, in order; the order decides addresses."""

    shapes: tuple[NodeShape, ...] = _DEFAULT

    @classmethod
    def of_workers(cls, count: int) -> Topology:
        """The control plane and so many workers, spread over three zones; three are the default cluster.

        Raises:
            SetupError: The count makes no sense.
        """
        if not 0 <= count < MOST_NODES:
            raise SetupError(f"--workers {count} is not possible", f"give a number from 0 to {MOST_NODES - 1}")
        workers = [NodeShape(_worker_name(n), zone=f"zone-{'abc'[(n - 1) % 3]}") for n in range(1, count + 1)]
        if count >= 3:
            workers[2] = _DEFAULT[3]
        return cls((_CONTROL_NODE, *workers))

    @classmethod
    def read(cls, path: Path) -> Topology:
        """The nodes that a YAML file lists.

        Raises:
            SetupError: The file cannot be read or says something impossible; the message names file, key and value.
        """
        return _Reader(path).topology()

    def nodes(self) -> list[Object]:
        """The Node objects, as their kubelets register them."""
        return [_node(shape, index) for index, shape in enumerate(self.shapes)]


def _worker_name(number: int) -> str:
    return "lab-worker" if number == 1 else f"lab-worker{number}"


def _node(shape: NodeShape, index: int) -> Object:
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": shape.name,
        "kubernetes.io/os": "linux",
    }
    if shape.zone:
        labels["topology.kubernetes.io/zone"] = shape.zone
    taints = [dict(taint) for taint in shape.taints]
    if shape.role == CONTROL_PLANE:
        labels |= {ROLE_LABEL: "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
        taints.insert(0, {"key": ROLE_LABEL, "effect": "NoSchedule"})
    annotations = {SIMULATED: "simulated", "node.alpha.kubernetes.io/ttl": "0"}
    cidr = f"10.{244 + index // 256}.{index % 256}.0/24"
    spec: Object = {"podCIDR": cidr, "podCIDRs": [cidr]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": shape.name, "labels": {**labels, **shape.labels}, "annotations": annotations},
        "spec": {**spec, **({"taints": taints} if taints else {})},
        "status": _status(shape, index),
    }


def _status(shape: NodeShape, index: int) -> Object:
    amounts = {"cpu": shape.cpu, "ephemeral-storage": "100Gi", "memory": shape.memory, "pods": "110"}
    address = f"172.18.{(index + 2) // 256}.{(index + 2) % 256}"
    return {
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": shape.name}],
        "capacity": amounts,
        "allocatable": dict(amounts),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": _identifier("boot", shape.name),
            "containerRuntimeVersion": "containerd://2.2.1",
            "kernelVersion": "6.12.48+deb13-amd64",
            "kubeProxyVersion": "",
            "kubeletVersion": KUBERNETES,
            "machineID": _identifier("machine", shape.name).replace("-", ""),
            "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 13 (trixie)",
            "systemUUID": _identifier("system", shape.name),
        },
    }


def _identifier(kind: str, name: str) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(f"{kind}/{name}".encode()).digest()[:16], version=4))


class _Reader:
    """A configuration file, checked key by key so that the message can name what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def topology(self) -> Topology:
        document = self._document()
        listed = document.get("nodes")
        if not isinstance(listed, list) or not listed:
            raise self._wrong("nodes", listed, "must be a list with at least one node")
        if len(listed) > MOST_NODES:
            raise self._wrong("nodes", f"{len(listed)} nodes", f"may have at most {MOST_NODES}")
        shapes = tuple(self._shape(f"nodes[{i}]", entry) for i, entry in enumerate(listed))
        names = [shape.name for shape in shapes]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise self._wrong(f"nodes[{i}].name", name, "is used twice")
        return Topology(shapes)

    def _document(self) -> dict[str, Any]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"{self._path}: cannot be read: {error}", "check the path given to --config") from error
        try:
            document = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            place = f"{self._path}:{mark.line + 1}" if mark else str(self._path)
            offending = text.splitlines()[mark.line].strip() if mark and mark.line < len(text.splitlines()) else ""
            problem = getattr(error, "problem", None) or "not YAML"
            raise SetupError(f"{place}: {problem}: {offending!r}", "correct that line") from error
        if not isinstance(document, dict):
            raise self._wrong("(the document)", document, "must be a mapping with the key nodes")
        unknown = next((key for key in document if key != "nodes"), None)
        if unknown is not None:
            raise self._wrong(str(unknown), document[unknown], "is not a key known here; only nodes is")
        return document

    def _shape(self, at: str, entry: Any) -> NodeShape:
        if not isinstance(entry, dict):
            raise self._wrong(at, entry, "must be a mapping")
        for key in entry:
            if key not in _KEYS:
                raise self._wrong(f"{at}.{key}", entry[key], f"is not a key of a node; known are {', '.join(_KEYS)}")
        role = self._text(at, entry, "role", WORKER)
        if role not in (CONTROL_PLANE, WORKER):
            raise self._wrong(f"{at}.role", role, f"must be {CONTROL_PLANE} or {WORKER}")
        return NodeShape(
            name=self._matching(
                at, entry, "name", _NAME, "must be a DNS name: lower case letters, digits, '-' and '.'"
            ),
            role=role,
            zone=self._matching(at, entry, "zone", _LABEL_VALUE, "must be a label value", "zone-a"),
            cpu=self._amount(at, entry, "cpu", "4"),
            memory=self._amount(at, entry, "memory", "8Gi"),
            labels=self._labels(f"{at}.labels", entry.get("labels")),
            taints=self._taints(f"{at}.taints", entry.get("taints")),
        )

    def _text(self, at: str, entry: dict[str, Any], key: str, default: str) -> str:
        value = entry.get(key, default)
        if not isinstance(value, str):
            raise self._wrong(f"{at}.{key}", value, "must be text")
        return value

    def _matching(
        self, at: str, entry: dict[str, Any], key: str, pattern: re.Pattern[str], rule: str, default: str = ""
    ) -> str:
        value = self._text(at, entry, key, default)
        if not pattern.match(value) or len(value) > 253:
            raise self._wrong(f"{at}.{key}", value, rule)
        return value

    def _amount(self, at: str, entry: dict[str, Any], key: str, default: str) -> str:
        value = entry.get(key, default)
        try:
            positive = not isinstance(value, bool) and isinstance(value, (int, float, str)) and parse(value) > 0
        except ValueError:
            positive = False
        if not positive:
            raise self._wrong(f"{at}.{key}", value, "must be an amount above zero, such as 4, 500m or 8Gi")
        return str(value)

    def _labels(self, at: str, value: Any) -> dict[str, str]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(at, value, "must be a mapping of names to values")
        for name, text in value.items():
            if not isinstance(name, str) or not _LABEL_NAME.match(name):
                raise self._wrong(f"{at}.{name}", name, "is not a label name")
            if not isinstance(text, str) or not _LABEL_VALUE.match(text):
                raise self._wrong(
                    f"{at}.{name}", text, "must be text of letters, digits, '-', '_' and '.'; quote numbers"
                )
        return dict(value)

    def _taints(self, at: str, value: Any) -> tuple[Object, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise self._wrong(at, value, "must be a list")
        return tuple(self._taint(f"{at}[{i}]", taint) for i, taint in enumerate(value))

    def _taint(self, at: str, taint: Any) -> Object:
        if not isinstance(taint, dict):
            raise self._wrong(at, taint, "must be a mapping with key and effect")
        for key in taint:
            if key not in ("key", "value", "effect"):
                raise self._wrong(f"{at}.{key}", taint[key], "is not a key of a taint; known are key, value, effect")
        self._matching(at, taint, "key", _LABEL_NAME, "must be a label name")
        self._matching(at, taint, "value", _LABEL_VALUE, "must be a label value")
        if taint.get("effect") not in _EFFECTS:
            raise self._wrong(f"{at}.effect", taint.get("effect"), f"must be one of {', '.join(_EFFECTS)}")
        return dict(taint)

    def _wrong(self, key: str, value: Any, rule: str) -> SetupError:
        return SetupError(f"{self._path}: {key}: {value!r} {rule}", _EXAMPLE)
