"""Workloads, their templates and their revisions in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import (
    AGE,
    CONTAINERS,
    IMAGES,
    NAME,
    NONE,
    SELECTOR,
    Cells,
    Column,
    Printer,
    age,
    containers_and_images,
    labels_text,
)
from gitopslab.machinery.objects import Object, controller_of, group_of, name_of
from gitopslab.machinery.selectors import label_selector_text, selector_of


def _deployment(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return [
        name_of(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj, now),
        *containers_and_images(spec.get("template", {})),
        label_selector_text(spec.get("selector")),
    ]


def _replica_set(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    return [
        name_of(obj),
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(obj, now),
        *containers_and_images(spec.get("template", {})),
        label_selector_text(selector_of(obj)) or NONE,
    ]


def _stateful_set(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [name_of(obj), ready, age(obj, now), *containers_and_images(spec.get("template", {}))]


def _daemon_set(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    template = spec.get("template", {})
    return [
        name_of(obj),
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        labels_text(template.get("spec", {}).get("nodeSelector")),
        age(obj, now),
        *containers_and_images(template),
        label_selector_text(spec.get("selector")) or NONE,
    ]


def _controller_revision(obj: Object, now: float) -> Cells:
    owner = controller_of(obj)
    text = NONE
    if owner is not None:
        group = group_of(owner.get("apiVersion", ""))
        kind = f"{owner.get('kind', '')}.{group}" if group else owner.get("kind", "")
        text = f"{kind.lower()}/{owner.get('name', '')}"
    return [name_of(obj), text, obj.get("revision", 0), age(obj, now)]


_DESIRED = Column("Desired", "How many pods are wanted.", type="integer")
_CURRENT = Column("Current", "How many pods there are.", type="integer")
_READY = Column("Ready", "How many pods are ready.", type="integer")
_READY_OF = Column("Ready", "Ready pods out of those wanted.")


def _pod_template(obj: Object, now: float) -> Cells:
    template = obj.get("template", {})
    return [name_of(obj), *containers_and_images(template), labels_text(template.get("metadata", {}).get("labels"))]


PRINTERS = {
    "podtemplates": Printer(
        (
            NAME,
            Column("Containers", "The names of its containers."),
            Column("Images", "The images of its containers."),
            Column("Pod Labels", "The labels of its pods."),
        ),
        _pod_template,
    ),
    "deployments.apps": Printer(
        (
            NAME,
            _READY_OF,
            Column("Up-to-date", "Pods made from the newest template."),
            Column("Available", "Pods that have been ready for long enough."),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        _deployment,
    ),
    "replicasets.apps": Printer((NAME, _DESIRED, _CURRENT, _READY, AGE, CONTAINERS, IMAGES, SELECTOR), _replica_set),
    "replicationcontrollers": Printer(
        (NAME, _DESIRED, _CURRENT, _READY, AGE, CONTAINERS, IMAGES, SELECTOR), _replica_set
    ),
    "statefulsets.apps": Printer((NAME, _READY_OF, AGE, CONTAINERS, IMAGES), _stateful_set),
    "daemonsets.apps": Printer(
        (
            NAME,
            _DESIRED,
            _CURRENT,
            _READY,
            Column("Up-to-date", "Nodes that run the newest template.", type="integer"),
            Column("Available", "Nodes whose pod has been ready for long enough.", type="integer"),
            Column("Node Selector", "Which nodes should run a pod."),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ),
        _daemon_set,
    ),
    "controllerrevisions.apps": Printer(
        (
            NAME,
            Column("Controller", "Whose history this belongs to."),
            Column("Revision", "Its number in that history."),
            AGE,
        ),
        _controller_revision,
    ),
}
