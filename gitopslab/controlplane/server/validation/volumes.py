"""Rules of a pod's volumes.

Called by ``podspec``, which hands the valid ones on to the containers' mounts. The sources of persistent volumes that
pods share (hostPath, nfs, csi, …) are checked here too.

Simplified: of the sources of cloud providers only those with an own row in ``_REQUIRED`` have their fields checked.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation import environment, formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.claims import check_claim_spec
from gitopslab.controlplane.server.validation.containers import check_pull_policy, check_relative
from gitopslab.controlplane.server.validation.metadata import check_template_metadata
from gitopslab.controlplane.server.validation.numbers import amount, check_file_mode
from gitopslab.machinery.objects import Object

HOST_PATH_TYPES = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
_SOURCES = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
_REQUIRED = {
    "gitRepo": ("repository",),
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "nfs": ("server", "path"),
    "iscsi": ("targetPortal", "iqn"),
    "glusterfs": ("endpoints", "path"),
    "persistentVolumeClaim": ("claimName",),
    "rbd": ("monitors", "image"),
    "cinder": ("volumeID",),
    "cephfs": ("monitors",),
    "flexVolume": ("driver",),
    "azureFile": ("secretName", "shareName"),
    "vsphereVolume": ("volumePath",),
    "azureDisk": ("diskName", "diskURI"),
}
_TOKEN_SECONDS = 600
_MOST_LUN = 255
_PROJECTIONS = ("secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate")


def check_volumes(causes: Causes, volumes: list[Object], path: str, *, is_pod: bool) -> dict[str, Object]:
    """``volumes``; returns the valid ones by name. In a template an image may be left for later."""
    valid: dict[str, Object] = {}
    for index, volume in enumerate(volumes):
        here = f"{path}[{index}]"
        before = len(causes.found)
        _check_source(causes, volume, here)
        if is_pod and volume.get("image") is not None and not volume["image"].get("reference"):
            causes.required(f"{here}.image.reference")
        name = volume.get("name") or ""
        if not name:
            causes.required(f"{here}.name")
        else:
            causes.each(f"{here}.name", name, formats.problems_of_label(name))
        if name in valid:
            causes.duplicate(f"{here}.name", name)
        if len(causes.found) == before:
            valid[name] = volume
    return valid


def _check_source(causes: Causes, volume: Object, path: str) -> None:
    given = [name for name in _SOURCES if volume.get(name) is not None]
    if not given:
        causes.required(path, "must specify a volume type")
        return
    first, *others = given
    check_source(causes, first, volume[first], f"{path}.{first}")
    for name in others:
        causes.forbidden(f"{path}.{name}", "may not specify more than 1 volume type")


def check_source(causes: Causes, name: str, source: Object, path: str) -> None:
    """One source of a volume, by its name."""
    for field in _REQUIRED.get(name, ()):
        if not source.get(field):
            causes.required(f"{path}.{field}")
    match name:
        case "emptyDir":
            if source.get("sizeLimit") is not None and amount(source["sizeLimit"]) < 0:
                causes.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")
        case "hostPath":
            _check_host_path(causes, source, path)
        case "nfs":
            if not (source.get("path") or "").startswith("/"):
                causes.invalid(f"{path}.path", source.get("path") or "", "must be an absolute path")
        case "secret":
            _check_files(causes, source, path, "secretName")
        case "configMap":
            _check_files(causes, source, path, "name")
        case "downwardAPI":
            check_file_mode(causes, source.get("defaultMode"), f"{path}.defaultMode")
            for item in source.get("items") or ():
                _check_downward_file(causes, item, path)
        case "projected":
            _check_projected(causes, source, path)
        case "csi":
            check_driver(causes, source.get("driver") or "", f"{path}.driver")
        case "ephemeral":
            _check_ephemeral(causes, source, path)
        case "iscsi":
            if not 0 <= (source.get("lun") or 0) <= _MOST_LUN:
                causes.invalid(f"{path}.lun", source["lun"], formats.in_range(0, _MOST_LUN))
        case "fc":
            _check_fibre_channel(causes, source, path)
        case "image":
            check_pull_policy(causes, source.get("pullPolicy"), f"{path}.pullPolicy")


def _check_fibre_channel(causes: Causes, source: Object, path: str) -> None:
    names, lun = source.get("targetWWNs"), source.get("lun")
    if not names and not source.get("wwids"):
        causes.required(f"{path}.targetWWNs", "must specify either targetWWNs or wwids, but not both")
    if names and source.get("wwids"):
        causes.invalid(f"{path}.targetWWNs", names, "targetWWNs and wwids can not be specified simultaneously")
    if names and lun is None:
        causes.required(f"{path}.lun", "lun is required if targetWWNs is specified")
    elif names and lun is not None and not 0 <= lun <= _MOST_LUN:
        causes.invalid(f"{path}.lun", lun, formats.in_range(0, _MOST_LUN))


def check_driver(causes: Causes, driver: str, path: str) -> None:
    """The name of a CSI driver."""
    if not driver:
        causes.required(path)
        return
    if len(driver) > 63:
        causes.too_long(path, 63)
    causes.each(path, driver, formats.problems_of_subdomain(driver.lower()))


def _check_host_path(causes: Causes, source: Object, path: str) -> None:
    if not source.get("path"):
        causes.required(f"{path}.path")
        return
    causes.each(f"{path}.path", source["path"], formats.problems_of_steps_back(source["path"]))
    if source.get("type") is not None and source["type"] not in HOST_PATH_TYPES:
        causes.unsupported(f"{path}.type", source["type"], HOST_PATH_TYPES)


def _check_files(causes: Causes, source: Object, path: str, name: str) -> None:
    if not source.get(name):
        causes.required(f"{path}.{name}")
    check_file_mode(causes, source.get("defaultMode"), f"{path}.defaultMode")
    _check_items(causes, source.get("items") or [], f"{path}.items")


def _check_items(causes: Causes, items: list[Object], path: str) -> None:
    for index, item in enumerate(items):
        here = f"{path}[{index}]"
        if not item.get("key"):
            causes.required(f"{here}.key")
        _check_file_path(causes, item.get("path") or "", f"{here}.path")
        check_file_mode(causes, item.get("mode"), f"{here}.mode")


def _check_file_path(causes: Causes, path: str, field_path: str) -> None:
    if not path:
        causes.required(field_path)
    check_relative(causes, path, field_path)
    if path.startswith("..") and not path.startswith("../"):
        causes.invalid(field_path, path, "must not start with '..'")


def _check_downward_file(causes: Causes, item: Object, path: str) -> None:
    _check_file_path(causes, item.get("path") or "", f"{path}.path")
    if item.get("fieldRef") is not None:
        environment.check_field_reference(causes, item["fieldRef"], f"{path}.fieldRef", environment.FILE_FIELDS)
        if item.get("resourceFieldRef") is not None:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            causes.invalid(path, "resource", text)
    elif item.get("resourceFieldRef") is not None:
        here = f"{path}.resourceFieldRef"
        environment.check_resource_reference(causes, item["resourceFieldRef"], here, needs_container=True)
    else:
        causes.required(path, "one of fieldRef and resourceFieldRef is required")
    check_file_mode(causes, item.get("mode"), f"{path}.mode")


def _check_projected(causes: Causes, projected: Object, path: str) -> None:
    check_file_mode(causes, projected.get("defaultMode"), f"{path}.defaultMode")
    seen: set[str] = set()
    for index, source in enumerate(projected.get("sources") or ()):
        here = f"{path}.sources[{index}]"
        given = [name for name in _PROJECTIONS if source.get(name) is not None]
        for name in given:
            _check_projection(causes, name, source[name], here, path)
            _check_conflicts(causes, name, source[name], seen, path)
        if len(given) > 1:
            causes.forbidden(here, "may not specify more than 1 volume type per source")


def _check_projection(causes: Causes, name: str, source: Object, path: str, parent: str) -> None:
    if name in ("secret", "configMap"):
        if not source.get("name"):
            causes.required(f"{path}.{name}.name")
        _check_items(causes, source.get("items") or [], f"{path}.{name}.items")
    elif name == "downwardAPI":
        for item in source.get("items") or ():
            _check_downward_file(causes, item, f"{path}.{name}")
    elif name == "serviceAccountToken":
        seconds = source.get("expirationSeconds", 0)
        if seconds < _TOKEN_SECONDS:
            text = "may not specify a duration less than 10 minutes"
            causes.invalid(f"{path}.{name}.expirationSeconds", seconds, text)
        if seconds > 1 << 32:
            text = "may not specify a duration larger than 2^32 seconds"
            causes.invalid(f"{path}.{name}.expirationSeconds", seconds, text)
        # Upstream puts the token's path below the volume, not below its source.
        _check_file_path(causes, source.get("path") or "", f"{parent}.path")


def _check_conflicts(causes: Causes, name: str, source: Object, seen: set[str], path: str) -> None:
    for item in source.get("items") or ():
        file = item.get("path")
        if file and file in seen:
            shown = source.get("name", "") if name in ("secret", "configMap") else file
            causes.invalid(path, shown, "conflicting duplicate paths")
        elif file:
            seen.add(file)


def _check_ephemeral(causes: Causes, source: Object, path: str) -> None:
    template = source.get("volumeClaimTemplate")
    if template is None:
        causes.required(f"{path}.volumeClaimTemplate")
        return
    here = f"{path}.volumeClaimTemplate"
    check_template_metadata(causes, template.get("metadata") or {}, f"{here}.metadata")
    check_claim_spec(causes, template.get("spec") or {}, f"{here}.spec")
