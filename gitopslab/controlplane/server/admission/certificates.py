"""CertificateSigningRequests: who asks, and for whom nobody may ask.

Upstream: ``pkg/registry/certificates/certificates`` (the requester) and the plugin CertificateSubjectRestriction. Who
may approve and sign is ``authorization.signers``'.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.controlplane.server.authorization.attributes import MASTERS
from gitopslab.machinery.certificates import CLIENT_SIGNER, organizations, request_of


def record_requester(attributes: Attributes) -> None:
    """Write down who sent a new request, whatever it says itself."""
    if attributes.operation != "CREATE":
        return
    spec = attributes.wished()["spec"]
    found = {
        "username": attributes.user,
        "uid": attributes.uid,
        "groups": list(attributes.groups),
        "extra": {key: list(values) for key, values in attributes.extra},
    }
    for field, value in found.items():
        spec.pop(field, None)
        if value:
            spec[field] = value


def check_subject(attributes: Attributes) -> None:
    """No certificate makes anybody all-powerful.

    Raises:
        ApiError: 403.
    """
    spec = attributes.wished()["spec"]
    if attributes.operation != "CREATE" or spec["signerName"] != CLIENT_SIGNER:
        return
    if MASTERS in organizations(request_of(spec["request"])):
        raise attributes.refusal(f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed")
