"""CertificateSigningRequests in a table."""

from __future__ import annotations

from gitopslab.controlplane.http.tables.printer import AGE, NAME, NONE, Cells, Column, Printer, age, duration
from gitopslab.machinery.objects import Object, condition_of, name_of


def _request(obj: Object, now: float) -> Cells:
    spec = obj.get("spec", {})
    seconds = spec.get("expirationSeconds")
    return [
        name_of(obj),
        age(obj, now),
        spec.get("signerName") or NONE,
        spec.get("username", ""),
        NONE if seconds is None else duration(seconds),
        _state(obj),
    ]


def _state(obj: Object) -> str:
    """What was decided, and what came of it: ``Approved,Issued``."""
    decided = next((kind for kind in ("Denied", "Approved") if condition_of(obj, kind)), "Pending")
    issued = (obj.get("status") or {}).get("certificate")
    followed = (("Failed", condition_of(obj, "Failed")), ("Issued", issued))
    return ",".join([decided, *(word for word, is_so in followed if is_so)])


PRINTERS = {
    "certificatesigningrequests.certificates.k8s.io": Printer(
        (
            NAME,
            AGE,
            Column("SignerName", "Who is to sign."),
            Column("Requestor", "Who asks."),
            Column("RequestedDuration", "How long the certificate is to be good."),
            Column("Condition", "What was decided, and what came of it."),
        ),
        _request,
    ),
}
