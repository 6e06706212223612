"""Secrets that are encrypted in Git with SOPS.

Simplified: nothing is decrypted. Where Flux would, the lab says what Flux says of keys that do not fit. Source:
``kustomize-controller``'s ``internal/decryptor``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, NotFoundError, RenderError
from gitopslab.gitops.flux.kinds import KUSTOMIZE
from gitopslab.gitops.flux.marks import spoken
from gitopslab.gitops.render.substitution import title
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of

_NO_KEY = """Failed to get the data key required to decrypt the SOPS file.

Group 0: FAILED

Recovery failed because no master key was able to decrypt the file. In
order for SOPS to recover the file, at least one key has to be successful,
but none were."""
_AGE = ("AGE-PLUGIN-", "AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1")
_DECRYPT = f"{KUSTOMIZE}/decrypt"


def check_keys(api: Api, kustomization: Object) -> None:
    """Make sure that the Secret with the keys is there, where a Kustomization names one, and that they may be keys.

    Raises:
        RenderError: It is not, or one of age's is none.
    """
    name = ((kustomization["spec"].get("decryption") or {}).get("secretRef") or {}).get("name")
    if not name:
        return
    where = f"{namespace_of(kustomization)}/{name}"
    try:
        data = api.get("secrets", name, namespace_of(kustomization)).get("data") or {}
    except NotFoundError as error:
        raise RenderError(error.message) from error
    except ApiError as error:
        raise RenderError(f"cannot get sops decryption Secret '{where}': {error.message}") from error

    for key, value in data.items():
        if key.endswith(".agekey") and not _are_identities(base64.b64decode(value).decode(errors="replace")):
            doing = f"failed to import '{key}' data from sops decryption Secret '{where}'"
            raise RenderError(f"{doing}: failed to parse and add to age identities: unknown identity type")


def _are_identities(text: str) -> bool:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return all(line.startswith(_AGE) for line in lines)


def check_readable(obj: Object, spec: Object) -> None:
    """Refuse what a Kustomization is to decrypt.

    Raises:
        RenderError: The object is encrypted.
    """
    sops = obj.get("sops")
    if spec.get("decryption") and isinstance(sops, dict) and sops.get("mac") and not _is_to_stay(obj):
        why = f"cannot get sops data key: {_NO_KEY}"
        if obj.get("kind") == "Secret":
            why = f"failed to decrypt and format '{namespace_of(obj)}/{name_of(obj)}' Secret data: {why}"
        raise RenderError(f"decryption failed for '{title(obj)}': {why}")


def check_plain(objects: Iterable[Object]) -> None:
    """Refuse Secrets that only somebody with their key can read, unless they are to stay so.

    Raises:
        RenderError: There is one.
    """
    for obj in objects:
        if (obj.get("apiVersion"), obj.get("kind")) == ("v1", "Secret") and "sops" in obj and not _is_to_stay(obj):
            why = "is SOPS encrypted, configuring decryption is required for this secret to be reconciled"
            raise RenderError(f"{spoken(obj)} {why}")


def _is_to_stay(obj: Object) -> bool:
    """Whether an object says that it is to be applied as it is."""
    return annotations_of(obj).get(_DECRYPT, "").lower() == "disabled"
