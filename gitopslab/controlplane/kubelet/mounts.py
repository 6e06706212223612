"""Which volumes a container can write: what tells each from all others, and which part of it is mounted where.

The kubelet puts it into a run's ``Task``, and the runtimes keep files by it. Leaves to others: the files that
ConfigMaps and the like bring (``config``), and what lies in a volume (the runtimes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from posixpath import normpath

from gitopslab.controlplane.kubelet.config import Lookup
from gitopslab.controlplane.kubelet.substitution import substituted
from gitopslab.machinery.objects import Object, annotations_of, namespace_of, uid_of

_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"


@dataclass(frozen=True, slots=True)
class Mounted:
    """What is mounted somewhere of a volume that containers can write.

    Attributes:
        volume: What tells the volume from all others: ``pod UID/NAME``, ``node NAME``, ``volume UID``.
        within: The path in it; empty for all of it.
    """

    volume: str
    within: str = ""

    def holds(self, path: str) -> bool:
        """Whether a path of the volume lies in it."""
        return path.startswith(f"{self.within}/")


def identities(
    pod: Object, container: Object, variables: Callable[[], Mapping[str, str]], lookup: Lookup
) -> dict[str, Mounted]:
    """Mount path to what is mounted there, of the volumes that containers can write.

    Args:
        pod: The pod.
        container: Its container.
        variables: Gives the container's, for a ``subPathExpr``.
        lookup: Finds claims and volumes.
    """
    volumes = {volume["name"]: volume for volume in pod.get("spec", {}).get("volumes") or ()}
    found: dict[str, Mounted] = {}
    for mount in container.get("volumeMounts") or ():
        one = _identity(pod, volumes.get(mount["name"], {}), lookup)
        if one is not None:
            inner = _within(_sub_path(mount, variables))
            found[mount["mountPath"].rstrip("/")] = Mounted(one.volume, one.within + inner)
    return found


def _sub_path(mount: Object, variables: Callable[[], Mapping[str, str]]) -> str:
    """The path in its volume that is mounted."""
    expression = mount.get("subPathExpr")
    return substituted(expression, variables()) if expression else str(mount.get("subPath", ""))


def _identity(pod: Object, volume: Object, lookup: Lookup) -> Mounted | None:
    if "emptyDir" in volume or "ephemeral" in volume:
        return Mounted(f"pod {uid_of(pod)}/{volume['name']}")
    if "persistentVolumeClaim" in volume:
        claim = lookup("persistentvolumeclaims", namespace_of(pod), volume["persistentVolumeClaim"]["claimName"])
        bound = claim and lookup("persistentvolumes", "", claim["spec"].get("volumeName", ""))
        if bound and _PROVISIONED_BY not in annotations_of(bound):  # a directory of the node, whatever claims it
            volume = bound["spec"]
            volume = {"hostPath": volume["local"]} if "local" in volume else volume
        if "hostPath" not in volume:
            return Mounted(f"volume {uid_of(bound or claim)}") if claim else None
    if "hostPath" in volume:
        return Mounted(f"node {pod['spec'].get('nodeName', '')}", _within(volume["hostPath"].get("path", "")))
    return None


def _within(path: str) -> str:
    """A path as ``Mounted`` has it, however it is written; ``normpath`` leaves two slashes at the start."""
    return normpath("/" + path.strip("/")).rstrip("/")
