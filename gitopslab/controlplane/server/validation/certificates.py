"""Rules of CertificateSigningRequest.

Upstream: ``pkg/apis/certificates/validation`` and, for names of signers, ``pkg/apis/core/validation/names.go``.

Simplified: what is wrong inside of a request or certificate is told in the words of Python's library, not of Go's.
"""

from __future__ import annotations

import base64
from typing import Any

from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.certificates import check_certificates, request_of
from gitopslab.machinery.objects import Object

_USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
_SHORTEST = 600
_DECIDED = ("Approved", "Denied")
_FINAL = (*_DECIDED, "Failed")
_STATUSES = ("False", "True", "Unknown")
_CONDITIONS = "status.conditions"
_LONGEST_DOMAIN, _LONGEST_SIGNER = 253, 571


def check_request(causes: Causes, obj: Object) -> None:
    """A new or changed request."""
    spec = obj.get("spec", {})
    _check_content(causes, spec.get("request") or "")
    _check_usages(causes, spec.get("usages") or ())
    signer = spec.get("signerName") or ""
    if signer == _LEGACY_SIGNER:
        causes.invalid("spec.signerName", signer, "the legacy signerName is not allowed via this API version")
    else:
        check_signer_name(causes, signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < _SHORTEST:
        why = "may not specify a duration less than 600 seconds (10 minutes)"
        causes.invalid("spec.expirationSeconds", seconds, why)
    _check_conditions(causes, obj)
    _check_certificate(causes, obj)


def check_request_change(causes: Causes, obj: Object, before: Object, subresource: str) -> None:
    """Who decides writes conditions, who signs writes the certificate, and neither takes anything back."""
    check_request(causes, obj)
    for kind in _FINAL:
        if len(_of_type(obj, kind)) < len(_of_type(before, kind)):
            causes.forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"')
    if subresource != "approval":
        _check_undecided(causes, obj, before)
    old, new = _certificate(before), _certificate(obj)
    if old == new:
        return
    if subresource != "status":
        causes.forbidden("status.certificate", "updates may not set certificate content")
    elif old:
        causes.forbidden("status.certificate", "updates may not modify existing certificate content")


def _check_undecided(causes: Causes, obj: Object, before: Object) -> None:
    """Only through ``/approval`` a request is approved or denied."""
    for kind in _DECIDED:
        old, new = _of_type(before, kind), _of_type(obj, kind)
        if len(new) > len(old):
            causes.forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"')
        elif len(new) == len(old) and not same(new, old):
            causes.forbidden(_CONDITIONS, f'updates may not modify a condition of type "{kind}"')


def check_signer_name(causes: Causes, name: str, path: str) -> None:
    """``example.com/path``, of which both parts are made of DNS names."""
    if not name:
        causes.required(path)
        return
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        causes.invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")
        return
    if len(domain) > _LONGEST_DOMAIN:
        causes.too_long(path, _LONGEST_DOMAIN)
    _check_labels(causes, path, domain, formats.problems_of_label)
    if "." not in domain:
        causes.invalid(path, domain, "should be a domain with at least two segments separated by dots")
    _check_labels(causes, path, rest, formats.problems_of_subdomain)
    if len(name) > _LONGEST_SIGNER:
        causes.too_long(path, _LONGEST_SIGNER)


def _check_labels(causes: Causes, path: str, part: str, problems: formats.Check) -> None:
    """The first label that is wrong speaks for all."""
    for label in part.split("."):
        if found := list(problems(label)):
            causes.each(path, part, (f'validating label "{label}": {problem}' for problem in found))
            return


def _check_content(causes: Causes, text: str) -> None:
    try:
        request_of(text)
    except ValueError as error:
        causes.invalid("spec.request", text, str(error))


def _check_usages(causes: Causes, usages: Any) -> None:
    if not usages:
        causes.required("spec.usages")
    for index, usage in enumerate(usages):
        if usage not in _USAGES:
            causes.unsupported(f"spec.usages[{index}]", usage, _USAGES)
    for index, usage in enumerate(usages):
        if usage in usages[:index]:
            causes.duplicate(f"spec.usages[{index}]", usage)


def _check_conditions(causes: Causes, obj: Object) -> None:
    seen: list[str] = []
    for index, condition in enumerate((obj.get("status") or {}).get("conditions") or ()):
        path, kind, status = f"{_CONDITIONS}[{index}]", condition.get("type") or "", condition.get("status")
        if not kind:
            causes.required(f"{path}.type")
        supported = ("True",) if kind in _FINAL else _STATUSES
        if not status:
            causes.required(f"{path}.status")
        elif status not in supported:
            causes.unsupported(f"{path}.status", status, supported)
        if kind in _DECIDED and any(other in seen for other in _DECIDED if other != kind):
            causes.invalid(_CONDITIONS, kind, "Approved and Denied conditions are mutually exclusive")
        if kind in seen:
            causes.duplicate(f"{path}.type", kind)
        seen.append(kind)


def _check_certificate(causes: Causes, obj: Object) -> None:
    if not (text := _certificate(obj)):
        return
    try:
        check_certificates(base64.b64decode(text))
    except ValueError as error:
        causes.invalid("status.certificate", "<certificate data>", str(error))


def _certificate(obj: Object) -> str:
    return (obj.get("status") or {}).get("certificate") or ""


def _of_type(obj: Object, kind: str) -> list[Object]:
    return [one for one in (obj.get("status") or {}).get("conditions") or () if one.get("type") == kind]
