"""What the server adds to workloads: the generated selector of Jobs, the template generation of DaemonSets.

Called by the package's two doors.
"""

from __future__ import annotations

from gitopslab.controlplane.server.defaults.apps import TEMPLATE_GENERATION
from gitopslab.controlplane.server.equality import same
from gitopslab.machinery.objects import Object, annotations_of, name_of, uid_of

_UID_LABEL = "batch.kubernetes.io/controller-uid"


def generate_selector(job: Object) -> None:
    """Give a Job's pods labels that no other Job's pods have, and select them by it."""
    spec = job["spec"]
    if spec.get("manualSelector"):
        return
    metadata = spec["template"].setdefault("metadata", {})
    labels = metadata.setdefault("labels", {}) or {}
    metadata["labels"] = labels
    for label in ("job-name", "batch.kubernetes.io/job-name"):
        labels.setdefault(label, name_of(job))
    for label in ("controller-uid", _UID_LABEL):
        labels.setdefault(label, uid_of(job))
    selector = spec.get("selector") or {}
    selector.setdefault("matchLabels", {}).setdefault(_UID_LABEL, uid_of(job))
    spec["selector"] = selector


def label_as_read(job: Object) -> None:
    """Give a Job without labels those of its pods.

    It gets them by being read from what is stored of it, so that nobody judges them.
    """
    if not job["metadata"].get("labels"):
        job["metadata"]["labels"] = dict(job["spec"]["template"]["metadata"].get("labels") or {})


def set_template_generation(daemon_set: Object, before: Object | None) -> None:
    """Count the changes of a DaemonSet's template in an annotation; old controllers labelled pods with it."""
    number = 1
    if before is not None:
        number = int(annotations_of(before).get(TEMPLATE_GENERATION) or 1)
        if not same(daemon_set["spec"].get("template"), before["spec"].get("template")):
            number += 1
    annotations = daemon_set["metadata"].setdefault("annotations", {}) or {}
    annotations[TEMPLATE_GENERATION] = str(number)
    daemon_set["metadata"]["annotations"] = annotations
