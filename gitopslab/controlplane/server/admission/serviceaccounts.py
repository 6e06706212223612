"""ServiceAccount: every pod runs as one, and finds its token, the cluster's CA and its namespace in a volume."""

from __future__ import annotations

from random import Random

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.mountablesecrets import fault
from gitopslab.machinery.names import random_suffix
from gitopslab.machinery.objects import Object, annotations_of

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_MIRROR = "kubernetes.io/config.mirror"
_TOKEN_SECONDS = 3607
"""A little over the hour, so that the server can tell these tokens from ones asked for with the default."""


def add_account(attributes: Attributes, reader: Reader, chance: Random) -> None:
    """Give a new pod its ServiceAccount, the account's pull secrets and the token volume."""
    if attributes.operation != "CREATE":
        return
    pod = attributes.wished()
    if _MIRROR in annotations_of(pod):
        return
    spec = pod["spec"]
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account = reader.find("serviceaccounts", attributes.namespace, name)
    if account is None:
        raise attributes.refusal(
            f'error looking up service account {attributes.namespace}/{name}: serviceaccount "{name}" not found'
        )
    if _wants_token(spec, account):
        _mount_token(spec, chance)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(reference) for reference in account["imagePullSecrets"]]
    if why := fault(account, spec):
        raise attributes.refusal(why)


def _wants_token(spec: Object, account: Object) -> bool:
    wished = spec.get("automountServiceAccountToken")
    if wished is None:
        wished = account.get("automountServiceAccountToken")
    return wished is not False


def _mount_token(spec: Object, chance: Random) -> None:
    volumes = spec.get("volumes") or []
    present = next((item["name"] for item in volumes if item.get("name", "").startswith("kube-api-access-")), None)
    name = present or f"kube-api-access-{random_suffix(chance)}"
    needed = False
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            mounts = container.get("volumeMounts") or []
            if not any(mount.get("mountPath") == MOUNT_PATH for mount in mounts):
                container["volumeMounts"] = [*mounts, {"name": name, "readOnly": True, "mountPath": MOUNT_PATH}]
                needed = True
    if needed and not present:
        spec["volumes"] = [*volumes, _token_volume(name)]


def _token_volume(name: str) -> Object:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    authority = {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": _TOKEN_SECONDS, "path": "token"}},
        {"configMap": authority},
        {"downwardAPI": {"items": [namespace]}},
    ]
    return {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
