"""Secrets that the pods of a ServiceAccount may use, where its annotation keeps them to those that it names.

Called by ``serviceaccounts``. Upstream: ``plugin/pkg/admission/serviceaccount`` (``limitSecretReferences``).
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.machinery.golang import is_true
from gitopslab.machinery.objects import Object, annotations_of, name_of

_ENFORCED = "kubernetes.io/enforce-mountable-secrets"
_KINDS = {"initContainers": "init container", "containers": "container"}


def fault(account: Object, spec: Object) -> str:
    """Why a pod with this spec may not run as an account; empty when it may."""
    if not is_true(annotations_of(account).get(_ENFORCED, "")):
        return ""
    known = {reference.get("name") for reference in account.get("secrets") or ()}
    for user, secret in _used(spec):
        if secret not in known:
            what = f'{user}secret.secretName="{secret}"'
            return f"{what} is not allowed because service account {name_of(account)} does not reference that secret"
    pulling = {reference.get("name") for reference in account.get("imagePullSecrets") or ()}
    for index, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if reference.get("name") not in pulling:
            what = f'imagePullSecrets[{index}].name="{reference.get("name", "")}" is not allowed'
            return f"{what} because service account {name_of(account)} does not reference that imagePullSecret"
    return ""


def _used(spec: Object) -> Iterator[tuple[str, str]]:
    """The secrets that a pod uses, each with the words for what uses it."""
    for volume in spec.get("volumes") or ():
        if volume.get("secret") is not None:
            yield "volume with ", volume["secret"].get("secretName", "")
    for field, kind in _KINDS.items():
        for container in spec.get(field) or ():
            named = f"{kind} {container.get('name', '')} with"
            for variable in container.get("env") or ():
                source = (variable.get("valueFrom") or {}).get("secretKeyRef")
                if source is not None:
                    yield f"{named} envVar {variable.get('name', '')} referencing ", source.get("name", "")
            for source in container.get("envFrom") or ():
                if source.get("secretRef") is not None:
                    yield f"{named} envFrom referencing ", source["secretRef"].get("name", "")
