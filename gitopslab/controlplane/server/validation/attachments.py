"""Rules of VolumeAttachments. Upstream: ``pkg/apis/storage/validation``."""

from __future__ import annotations

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats, gostruct
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.persistentvolumes import check_volume_within
from gitopslab.controlplane.server.validation.volumes import check_driver
from gitopslab.machinery.objects import Object

_ONE_OF = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
_MOST_METADATA, _LONGEST_MESSAGE = 256 * 1024, 1024
_LARGEST_CODE = 2**31 - 1


def check_attachment(causes: Causes, attachment: Object) -> None:
    """A new or changed VolumeAttachment."""
    spec = attachment.get("spec") or {}
    source, node = spec.get("source") or {}, spec.get("nodeName") or ""
    check_driver(causes, spec.get("attacher") or "", "spec.attacher")
    _check_source(causes, source)
    causes.each("spec.nodeName", node, formats.problems_of_subdomain(node))
    _check_status(causes, attachment.get("status") or {})
    if (name := source.get("persistentVolumeName")) is not None:
        causes.each("spec.source.persistentVolumeName", name, formats.problems_of_subdomain(name))


def check_attachment_change(causes: Causes, attachment: Object, before: Object, subresource: str) -> None:
    """What is attached where stays."""
    check_attachment(causes, attachment)
    if not same(attachment.get("spec"), before.get("spec")):
        shown = gostruct.printed("VolumeAttachmentSpec", attachment.get("spec") or {})
        causes.invalid("spec", shown, "field is immutable")


def _check_source(causes: Causes, source: Object) -> None:
    name, within = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    if within is None and name is None:
        causes.required("spec.source", _ONE_OF)
    elif within is not None and name is not None:
        causes.forbidden("spec.source", _ONE_OF)
    elif within is not None:
        check_volume_within(causes, within, "spec.source.inlineVolumeSpec")
    elif not name:
        causes.required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName")


def _check_status(causes: Causes, status: Object) -> None:
    given = status.get("attachmentMetadata") or {}
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > _MOST_METADATA:
        causes.too_long("status.attachmentMetadata", _MOST_METADATA)
    for field in ("attachError", "detachError"):
        error = status.get(field) or {}
        if len((error.get("message") or "").encode()) > _LONGEST_MESSAGE:
            causes.too_long(f"status.{field}.message", _MOST_METADATA)  # so it is told, though fewer are allowed
        if (error.get("errorCode") or 0) < 0:
            text = f"must be between 0 and {_LARGEST_CODE}, inclusive"
            causes.invalid(f"status.{field}.errorCode", error["errorCode"], text)
