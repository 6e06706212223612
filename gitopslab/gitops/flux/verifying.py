"""``spec.verify`` of a source: only what somebody has signed is stored.

Simplified: no signature is checked, so nothing is stored where one is asked for; a signature that is there is said to
be of none of the keys. Source: ``source-controller``'s ``verifySignature`` and ``fluxcd/pkg/git/signature``.
"""

from __future__ import annotations

from collections.abc import Collection

from gitopslab.controlplane.runtime.api import Api
from gitopslab.errors import ApiError, LabError
from gitopslab.gitops.git.remote import Checkout
from gitopslab.machinery.objects import Object, namespace_of

_SSH, _PGP = ".sshpub", ".asc"
_KINDS = {
    "-----BEGIN PGP SIGNATURE-----": "openpgp",
    "-----BEGIN PGP MESSAGE-----": "openpgp",
    "-----BEGIN SSH SIGNATURE-----": "ssh",
    "-----BEGIN SIGNED MESSAGE-----": "x509",
}


class VerifyError(LabError):
    """A source is not verified.

    Attributes:
        reason: Of ``SourceVerified``.
        is_stalled: Whether only a change of the object can mend it.
    """

    def __init__(self, reason: str, message: str, *, is_stalled: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.is_stalled = is_stalled


def keys_of(api: Api, obj: Object) -> Collection[str] | VerifyError:
    """The names of the public keys that ``spec.verify`` of a GitRepository leads to, or why there are none."""
    verify = obj["spec"].get("verify")
    if not verify:
        return ()
    try:
        return tuple(api.get("secrets", verify["secretRef"]["name"], namespace_of(obj)).get("data") or ())
    except ApiError as error:
        return VerifyError("VerificationError", f"public keys secret error: {error.message}")


def check(spec: Object, found: Checkout, keys: Collection[str] | VerifyError) -> None:
    """Refuse a commit whose signature is asked for.

    Args:
        spec: Of the GitRepository.
        found: The commit.
        keys: As ``keys_of`` gives them.

    Raises:
        VerifyError: It is asked for.
    """
    mode = (spec.get("verify") or {}).get("mode", "")
    if not mode:
        return
    if isinstance(keys, VerifyError):
        raise keys
    ref = spec.get("ref") or {}
    if mode.startswith("Tag"):
        tag = "" if ref.get("commit") or ref.get("name") else ref.get("tag") or ref.get("semver")
        if not tag:
            why = "cannot verify tag object's signature if a tag reference is not specified"
            raise VerifyError("InvalidVerificationMode", why, is_stalled=True)
        raise VerifyError("InvalidGitObject", f"cannot verify signature of tag '{tag}' since it is not signed")
    why = f"signature verification of commit '{found.commit}' failed: {_fault(found.signature, keys)}"
    raise VerifyError("InvalidCommitSignature", why)


def _fault(signature: str, keys: Collection[str]) -> str:
    text = signature.strip()
    kind = next((kind for start, kind in _KINDS.items() if text.startswith(start)), "unknown" if text else "empty")
    ssh = [key for key in keys if key.endswith(_SSH)]
    if kind == "openpgp":
        if len(ssh) == len(keys):
            return f"PGP signature detected but no PGP public keys found in secret (keys with {_PGP} suffix)"
        why = "unable to verify payload with any of the given key rings: no matching key"
        return f"unable to verify Git commit: {why}"
    if kind == "ssh":
        if not ssh:
            return f"SSH signature detected but no SSH public keys found in secret (keys with {_SSH} suffix)"
        why = "unable to verify payload with any of the given authorized keys: no matching key"
        return f"unable to verify Git commit SSH signature: {why}"
    return f"unsupported signature type: {kind}"
