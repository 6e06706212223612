"""Warnings about Nodes, Secrets, ServiceAccounts and RuntimeClasses."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gitopslab.controlplane.server.warnings import nodelabels
from gitopslab.controlplane.server.warnings.amounts import unusual_range
from gitopslab.machinery.objects import Object, annotations_of

_ENFORCED = "kubernetes.io/enforce-mountable-secrets"
_EDGE = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----")


def of_node(node: Object, before: Object | None) -> Iterable[str]:
    """Fields that nothing reads any more."""
    spec = node.get("spec") or {}
    if spec.get("externalID"):
        yield "spec.externalID: this field is deprecated, and is unused by Kubernetes"
    for index, value in enumerate(spec.get("podCIDRs") or ()):
        yield from unusual_range(value, f"spec.podCIDRs[{index}]")


def of_service_account(account: Object, before: Object | None) -> Iterable[str]:
    """An annotation that is about to go, when it is newly set."""
    if _ENFORCED in annotations_of(account) and _ENFORCED not in annotations_of(before or {}):
        advice = "prefer separate namespaces to isolate access to mounted secrets"
        yield f"metadata.annotations[{_ENFORCED}]: deprecated in v1.32+; {advice}"


def of_runtime_class(runtime_class: Object, before: Object | None) -> Iterable[str]:
    """Node labels of old names."""
    for key in (runtime_class.get("scheduling") or {}).get("nodeSelector") or ():
        if key in nodelabels.OLD:
            yield f"scheduling.nodeSelector: {nodelabels.OLD[key]}"


def of_secret(secret: Object, before: Object | None) -> Iterable[str]:
    """A certificate and a key that do not belong together, in the words of Go's ``tls.X509KeyPair``."""
    if secret.get("type") != "kubernetes.io/tls":
        return
    data = secret.get("data") or {}
    problem = _pair_problem(_decoded(data.get("tls.crt")), _decoded(data.get("tls.key")))
    if problem:
        yield problem


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        return b""  # decoding has refused it already


def _pair_problem(certificate: bytes, key: bytes) -> str:
    problem = _missing_certificate(certificate) or _missing_key(key)
    if problem:
        return problem
    try:
        found = x509.load_pem_x509_certificate(certificate)
    except ValueError:
        return "x509: malformed certificate"
    try:
        private = load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return "tls: failed to parse private key"
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    theirs, ours = found.public_key(), private.public_key()
    if type(theirs) is not type(ours):
        return "tls: private key type does not match public key type"
    is_pair = theirs.public_bytes(*form) == ours.public_bytes(*form)
    return "" if is_pair else "tls: private key does not match public key"


def _blocks(data: bytes) -> list[str]:
    """What PEM blocks there are: each goes from a beginning to the next end, which has to be one of its kind."""
    found, begun = [], b""
    for edge, kind in _EDGE.findall(data):
        if edge == b"BEGIN":
            begun = begun or kind
        else:
            found += [kind.decode()] if kind == begun else []
            begun = b""
    return found


def _missing_certificate(data: bytes) -> str:
    kinds = _blocks(data)
    if "CERTIFICATE" in kinds:
        return ""
    if not kinds:
        return "tls: failed to find any PEM data in certificate input"
    if len(kinds) == 1 and kinds[0].endswith("PRIVATE KEY"):
        return (
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; "
            "PEM inputs may have been switched"
        )
    skipped = f"after skipping PEM blocks of the following types: [{' '.join(kinds)}]"
    return f'tls: failed to find "CERTIFICATE" PEM block in certificate input {skipped}'


def _missing_key(data: bytes) -> str:
    kinds = _blocks(data)
    if any(kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY") for kind in kinds):
        return ""
    if not kinds:
        return "tls: failed to find any PEM data in key input"
    if kinds == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    skipped = f"after skipping PEM blocks of the following types: [{' '.join(kinds)}]"
    return f'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input {skipped}'
