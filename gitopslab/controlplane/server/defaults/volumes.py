"""Defaults of one pod volume.

Called by ``pod``; persistent volumes and claims are ``storage``'s.
"""

from __future__ import annotations

from gitopslab.controlplane.server.defaults.containers import pull_policy
from gitopslab.machinery.objects import Object

FILE_MODE = 0o644
"""Mode of projected files, 420 in the decimal that JSON shows."""

_WITH_MODE = ("secret", "configMap", "downwardAPI", "projected")
_TOKEN_SECONDS = 3600


def set_volume(volume: Object) -> None:
    """A volume that names no source is an emptyDir; files get mode 0644."""
    if not any(source for source in volume if source != "name"):
        volume["emptyDir"] = {}
    for source in _WITH_MODE:
        if source in volume:
            volume[source].setdefault("defaultMode", FILE_MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    if "downwardAPI" in volume:
        _set_downward(volume["downwardAPI"])
    if "projected" in volume:
        _set_projected(volume["projected"])
    if "ephemeral" in volume:
        claim = (volume["ephemeral"].get("volumeClaimTemplate") or {}).get("spec")
        if claim is not None:
            claim.setdefault("volumeMode", "Filesystem")
    if "image" in volume and not volume["image"].get("pullPolicy"):
        volume["image"]["pullPolicy"] = pull_policy(volume["image"].get("reference") or "")
    if "iscsi" in volume and not volume["iscsi"].get("iscsiInterface"):
        volume["iscsi"]["iscsiInterface"] = "default"


def _set_projected(projected: Object) -> None:
    for source in projected.get("sources") or ():
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", _TOKEN_SECONDS)
        if "downwardAPI" in source:
            _set_downward(source["downwardAPI"])


def _set_downward(source: Object) -> None:
    for item in source.get("items") or ():
        if "fieldRef" in item and not item["fieldRef"].get("apiVersion"):
            item["fieldRef"]["apiVersion"] = "v1"
