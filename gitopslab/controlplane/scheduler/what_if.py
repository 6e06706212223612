"""What would be decided if something were otherwise: a scene with one thing changed, nothing applied anywhere.

Pure: each function gives a new scene and leaves the old one as it was. ``lab`` offers them to learners; how names and
texts are read, and what is said when they are wrong, is its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gitopslab.controlplane.scheduler.explain import Scene
from gitopslab.machinery.merge import merge_patch
from gitopslab.machinery.objects import Object, copy_of, name_of

Change = Callable[[Object], None]
"""Changes a copy of an object in place."""


def pod_changed(scene: Scene, change: Change) -> Scene:
    """Change the pod."""
    pod = copy_of(scene.pod)
    change(pod)
    return scene.with_pod(pod)


def node_changed(scene: Scene, name: str, change: Change) -> Scene:
    """Change one node; without a name, every node."""
    nodes = []
    for node in scene.nodes:
        if name in ("", name_of(node)):
            node = copy_of(node)
            change(node)
        nodes.append(node)
    return replace(scene, nodes=nodes)


def with_node(scene: Scene, node: Object) -> Scene:
    """Add a node, or replace the one of its name."""
    return replace(scene, nodes=[*(each for each in scene.nodes if name_of(each) != name_of(node)), node])


def without_node(scene: Scene, name: str) -> Scene:
    """Take a node away, and what runs on it."""
    pods = [pod for pod in scene.pods if (pod.get("spec") or {}).get("nodeName") != name]
    return replace(scene, nodes=[node for node in scene.nodes if name_of(node) != name], pods=pods)


def without_pod(scene: Scene, namespace: str, name: str) -> Scene:
    """Take another pod away."""
    left = [pod for pod in scene.pods if (pod["metadata"].get("namespace"), name_of(pod)) != (namespace, name)]
    return replace(scene, pods=left)


def requests(container: str, amounts: Mapping[str, str | None]) -> Change:
    """Let a container (empty: the first) ask for other amounts; None asks for nothing of it."""

    def change(pod: Object) -> None:
        containers = pod["spec"]["containers"]
        found = next((item for item in containers if item.get("name") == container), containers[0])
        resources = found.setdefault("resources", {})
        asked = {**(resources.get("requests") or {}), **amounts}
        resources["requests"] = {name: amount for name, amount in asked.items() if amount is not None}

    return change


def tolerates(*tolerations: Object) -> Change:
    """Let a pod tolerate more."""

    def change(pod: Object) -> None:
        pod["spec"]["tolerations"] = [*(pod["spec"].get("tolerations") or ()), *tolerations]

    return change


def labels(changed: Mapping[str, str | None]) -> Change:
    """Give an object other labels; None takes one away."""

    def change(obj: Object) -> None:
        merged = {**(obj["metadata"].get("labels") or {}), **changed}
        obj["metadata"]["labels"] = {key: value for key, value in merged.items() if value is not None}

    return change


def spec(changed: Mapping[str, Any]) -> Change:
    """Change fields of the spec as a JSON merge patch does: None removes, lists are replaced."""

    def change(obj: Object) -> None:
        obj["spec"] = merge_patch(obj.get("spec") or {}, changed)

    return change


def taint(added: Object) -> Change:
    """Put a taint on a node, in place of one with the same key and effect."""

    def change(node: Object) -> None:
        untaint(added["key"], added["effect"])(node)
        node["spec"]["taints"] = [*node["spec"]["taints"], added]

    return change


def untaint(key: str, effect: str = "") -> Change:
    """Take the taints with a key (and effect) from a node."""

    def change(node: Object) -> None:
        node_spec = node.setdefault("spec", {})
        kept = [each for each in node_spec.get("taints") or () if not is_meant(each, key, effect)]
        node_spec["taints"] = kept

    return change


def is_meant(found: Object, key: str, effect: str) -> bool:
    """Whether a taint has this key and (unless empty) this effect."""
    return bool(found.get("key") == key and effect in ("", found.get("effect")))
