"""PersistentVolumes, their claims and classes, and what CSI drivers say of themselves and of nodes, in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, UNSET, Cells, Column, Printer, age
from gitopslab.machinery.objects import Object, annotations_of, is_terminating, name_of

_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}


def _volume(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    claim = spec.get("claimRef")
    return [
        name_of(obj),
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else "",
        _class(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        status.get("reason", ""),
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _claim(obj: Object, now: float) -> Cells:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    is_bound = bool(spec.get("volumeName"))
    return [
        name_of(obj),
        _phase(obj),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "0") if is_bound else "",
        _modes(status.get("accessModes")) if is_bound else "",
        _class(obj),
        spec.get("volumeAttributesClassName") or UNSET,
        age(obj, now),
        spec.get("volumeMode") or UNSET,
    ]


def _phase(obj: Object) -> str:
    return "Terminating" if is_terminating(obj) else str(obj.get("status", {}).get("phase", ""))


def _class(obj: Object) -> str:
    """The storage class; an old annotation still counts before the field."""
    annotated = annotations_of(obj).get(_BETA_CLASS)
    return annotated if annotated is not None else obj.get("spec", {}).get("storageClassName") or ""


def _modes(modes: list[str] | None) -> str:
    return ",".join(short for mode, short in _MODES.items() if mode in (modes or ()))


def _storage_class(obj: Object, now: float) -> Cells:
    is_default = any(annotations_of(obj).get(key) == "true" for key in _DEFAULT_CLASS)
    return [
        f"{name_of(obj)} (default)" if is_default else name_of(obj),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        age(obj, now),
    ]


def _driver(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    requests = spec.get("tokenRequests")
    return [
        name_of(obj),
        spec.get("attachRequired", True),
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        UNSET if requests is None else ",".join(request.get("audience", "") for request in requests),
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
        age(obj, now),
    ]


def _csi_node(obj: Object, now: float) -> Cells:
    return [name_of(obj), len(obj.get("spec", {}).get("drivers") or ()), age(obj, now)]


def _attachment(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    return [
        name_of(obj),
        spec.get("attacher", ""),
        (spec.get("source") or {}).get("persistentVolumeName") or "",
        spec.get("nodeName", ""),
        bool(obj.get("status", {}).get("attached")),
        age(obj, now),
    ]


def _attributes_class(obj: Object, now: float) -> Cells:
    return [name_of(obj), obj.get("driverName", ""), age(obj, now)]


_CAPACITY = Column("Capacity", "How much it holds.")
_ACCESS = Column("Access Modes", "How it may be mounted.")
_CLASS = Column("StorageClass", "Which class it is of.")
_ATTRIBUTES = Column("VolumeAttributesClass", "Which attributes class it has.")
_MODE = Column("VolumeMode", "File system or raw block device.", priority=1)

PRINTERS = {
    "persistentvolumes": Printer(
        (
            NAME,
            _CAPACITY,
            _ACCESS,
            Column("Reclaim Policy", "What happens to it when its claim goes."),
            Column("Status", "Available, Bound, Released or Failed."),
            Column("Claim", "Who claims it."),
            _CLASS,
            _ATTRIBUTES,
            Column("Reason", "Why it is in that status."),
            AGE,
            _MODE,
        ),
        _volume,
    ),
    "persistentvolumeclaims": Printer(
        (
            NAME,
            Column("Status", "Pending, Bound or Lost."),
            Column("Volume", "The volume it got."),
            _CAPACITY,
            _ACCESS,
            _CLASS,
            _ATTRIBUTES,
            AGE,
            _MODE,
        ),
        _claim,
    ),
    "storageclasses.storage.k8s.io": Printer(
        (
            NAME,
            Column("Provisioner", "Who makes the volumes."),
            Column("ReclaimPolicy", "What happens to a volume when its claim goes."),
            Column("VolumeBindingMode", "When a volume is made or chosen."),
            Column("AllowVolumeExpansion", "Whether claims may grow."),
            AGE,
        ),
        _storage_class,
    ),
    "csidrivers.storage.k8s.io": Printer(
        (
            NAME,
            Column("AttachRequired", "Whether volumes are attached to a node first.", "boolean"),
            Column("PodInfoOnMount", "Whether the driver is told about the pod.", "boolean"),
            Column("StorageCapacity", "Whether the scheduler looks at how much room there is.", "boolean"),
            Column("TokenRequests", "For whom it wants tokens of the pod's service account."),
            Column("RequiresRepublish", "Whether mounts are renewed all the time.", "boolean"),
            Column("Modes", "Which volumes it knows."),
            AGE,
        ),
        _driver,
    ),
    "csinodes.storage.k8s.io": Printer(
        (NAME, Column("Drivers", "How many drivers run on the node.", "integer"), AGE), _csi_node
    ),
    "volumeattributesclasses.storage.k8s.io": Printer(
        (NAME, Column("DriverName", "Whose volumes it changes."), AGE), _attributes_class
    ),
    "volumeattachments.storage.k8s.io": Printer(
        (
            NAME,
            Column("Attacher", "The driver that attaches.", format="name"),
            Column("PV", "The volume."),
            Column("Node", "Where it is attached."),
            Column("Attached", "Whether it is there.", "boolean"),
            AGE,
        ),
        _attachment,
    ),
}
