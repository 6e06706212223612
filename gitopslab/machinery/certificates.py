"""Certificate signing requests (PKCS #10, RFC 2986): reading one, and signing it with a cluster's authority.

The API server reads what a CertificateSigningRequest carries, ``controllers.certificates`` signs it. Upstream:
``pkg/apis/certificates/helpers.go`` and ``pkg/controller/certificates/authority``.
"""

from __future__ import annotations

import base64
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
"""The key of the kind that asks for certificates."""

CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
"""The signer whose certificates the API server takes as proof of who a client is."""

_SUBJECT = (
    NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.LOCALITY_NAME,
    NameOID.STATE_OR_PROVINCE_NAME, NameOID.STREET_ADDRESS, NameOID.POSTAL_CODE, NameOID.COMMON_NAME,
    NameOID.SERIAL_NUMBER,
)  # fmt: skip
"""The parts of a subject that a certificate keeps, in their order (Go's ``pkix.Name.ToRDNSequence``)."""
_BEGINNING = b"-----BEGIN CERTIFICATE REQUEST-----"
_BACKDATE = timedelta(minutes=5)
_SHORT = timedelta(hours=8)
_KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "key encipherment": "key_encipherment",
}
_EXTENDED_USAGES = {"client auth": ExtendedKeyUsageOID.CLIENT_AUTH}


def request_of(text: str) -> x509.CertificateSigningRequest:
    """The request in ``spec.request``: PEM, in base64.

    Raises:
        ValueError: It is none, or its signature is not by the key it names.
    """
    content = base64.b64decode(text)
    if _BEGINNING not in content:
        raise ValueError("PEM block type must be CERTIFICATE REQUEST")
    request = x509.load_pem_x509_csr(content)
    if not request.is_signature_valid:
        raise ValueError(_forged(request))
    return request


def _forged(request: x509.CertificateSigningRequest) -> str:
    """What Go says of a signature that is not by the key."""
    match request.public_key():
        case rsa.RSAPublicKey():
            return "crypto/rsa: verification error"
        case ec.EllipticCurvePublicKey():
            return "x509: ECDSA verification failure"
        case _:
            return "x509: Ed25519 verification failure"


def organizations(request: x509.CertificateSigningRequest) -> list[str]:
    """The groups a client with this certificate would be in."""
    return [str(name.value) for name in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]


def check_certificates(content: bytes) -> None:
    """Check what a signer hands in as ``status.certificate``.

    Raises:
        ValueError: It is not PEM with at least one certificate.
    """
    if b"-----BEGIN CERTIFICATE-----" not in content:
        raise ValueError("must contain at least one CERTIFICATE PEM block")
    x509.load_pem_x509_certificates(content)


class Authority:
    """A cluster's certificate authority.

    Args:
        certificate: PEM.
        key: Its private key on an elliptic curve, PEM.

    Raises:
        ValueError: One of them cannot be read.
    """

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self._certificate = x509.load_pem_x509_certificate(certificate)
        signer = serialization.load_pem_private_key(key, None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise ValueError("the key of a cluster's authority must be on an elliptic curve")
        self._key = signer

    def sign(self, request: x509.CertificateSigningRequest, usages: Collection[str], life: timedelta) -> bytes:
        """A client certificate for the subject and key of a request, PEM.

        It is good from now on the machine's clock, whatever time it is in the cluster: TLS asks that one.

        Args:
            request: What is asked for; its alternative names are taken over.
            usages: As in ``client auth``.
            life: How long it is good; never longer than the authority.
        """
        now = datetime.now(UTC)
        end = now + life if life < _SHORT else now + life - _BACKDATE
        builder = (
            x509.CertificateBuilder()
            .subject_name(_in_order(request.subject))
            .issuer_name(self._certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATE)
            .not_valid_after(min(end, self._certificate.not_valid_after_utc))
        )
        if any(usage in _KEY_USAGES for usage in usages):  # an empty extension would make the certificate invalid
            builder = builder.add_extension(_key_usage(usages), critical=True)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(_extended_usage(usages), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(authority, critical=False)
        for names in (found for found in request.extensions if isinstance(found.value, x509.SubjectAlternativeName)):
            builder = builder.add_extension(names.value, critical=names.critical)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _key_usage(usages: Collection[str]) -> x509.KeyUsage:
    asked = {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}
    return x509.KeyUsage(
        digital_signature="digital_signature" in asked,
        content_commitment=False,
        key_encipherment="key_encipherment" in asked,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _extended_usage(usages: Collection[str]) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([_EXTENDED_USAGES[usage] for usage in usages if usage in _EXTENDED_USAGES])


def _in_order(subject: x509.Name) -> x509.Name:
    """A subject as it is written again: all values of a part together, and of a name or number the last."""
    parts = [subject.get_attributes_for_oid(oid) for oid in _SUBJECT]
    single = (NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER)
    kept = [part[-1:] if oid in single else part for oid, part in zip(_SUBJECT, parts, strict=True)]
    return x509.Name([x509.RelativeDistinguishedName(dict.fromkeys(part)) for part in kept if part])
