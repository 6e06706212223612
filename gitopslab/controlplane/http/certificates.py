"""A certificate authority and a server certificate for loopback, elliptic curve P-256; and whose a client's is.

Called by the daemon when a cluster folder is made; the files are its business. Nothing here is ever trusted by the
machine: only the cluster's own kubeconfig names this authority. ``security`` asks whom a client certificate stands
for; that the authority has signed it is checked by TLS before.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gitopslab.controlplane.server.authorization.attributes import AUTHENTICATED
from gitopslab.controlplane.server.options import Caller

_AUTHORITY = "gitopslab-ca"
_SERVER = "kube-apiserver"
_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_ADDRESSES = ("127.0.0.1", "::1", "10.96.0.1")  # the last is the ClusterIP of the service ``kubernetes``
_LIFE = timedelta(days=3650)
_SKEW = timedelta(minutes=5)  # so that a clock that was just set back does not refuse a new certificate


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


def new_ca() -> KeyPair:
    """A new certificate authority, which can sign and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)  # sign data, certificates, lists
    builder = _builder(_AUTHORITY, _name(_AUTHORITY), key)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return _pair(builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key)


def server_certificate(ca: KeyPair) -> KeyPair:
    """A certificate for the API server on loopback and as services call it inside the cluster."""
    authority = x509.load_pem_x509_certificate(ca.certificate)
    signer = serialization.load_pem_private_key(ca.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey), "new_ca makes no other kind"
    key = ec.generate_private_key(ec.SECP256R1())
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in _NAMES]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    builder = _builder(_SERVER, authority.subject, key)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return _pair(builder.add_extension(identifier, critical=False).sign(signer, hashes.SHA256()), key)


@lru_cache(maxsize=256)
def caller_of(certificate: bytes) -> Caller | None:
    """Whom a client certificate (DER) stands for: its common name, in the groups its organizations name.

    Upstream: ``CommonNameUserConversion`` of ``authentication/request/x509``.
    """
    found = x509.load_der_x509_certificate(certificate)
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not names or not names[0].value:
        return None
    groups = [str(name.value) for name in found.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    if AUTHENTICATED not in groups:
        groups.append(AUTHENTICATED)
    identifier = f"X509SHA256={found.fingerprint(hashes.SHA256()).hex()}"
    extra = (("authentication.kubernetes.io/credential-id", (identifier,)),)
    return Caller(str(names[0].value), tuple(groups), extra=extra)


def _builder(subject: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    return KeyPair(
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
