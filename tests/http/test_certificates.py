from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from client_certificates import client_certificate
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gitopslab.controlplane.http.certificates import KeyPair, caller_of, new_ca, server_certificate


@pytest.fixture(scope="module")
def ca() -> KeyPair:
    return new_ca()


@pytest.fixture(scope="module")
def server(ca: KeyPair) -> KeyPair:
    return server_certificate(ca)


def read(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_the_server_is_certified_by_the_authority_and_by_no_other(ca: KeyPair, server: KeyPair) -> None:
    read(server).verify_directly_issued_by(read(ca))
    with pytest.raises(InvalidSignature):
        read(server).verify_directly_issued_by(read(new_ca()))


def test_keys_are_on_the_p256_curve(ca: KeyPair, server: KeyPair) -> None:
    for pair in (ca, server):
        key = read(pair).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"


def test_the_server_is_known_on_loopback_and_inside_the_cluster(server: KeyPair) -> None:
    names = read(server).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"localhost", "kubernetes.default", "kubernetes.default.svc"} <= set(names.get_values_for_type(x509.DNSName))
    assert {str(address) for address in names.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1", "10.96.0.1"}


def test_the_authority_may_only_sign_and_the_server_only_serve(ca: KeyPair, server: KeyPair) -> None:
    assert read(ca).extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not read(server).extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = read(server).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_python_loads_the_pair(server: KeyPair, tmp_path: Path) -> None:
    (tmp_path / "crt").write_bytes(server.certificate)
    (tmp_path / "key").write_bytes(server.key)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "crt", tmp_path / "key")


def test_a_client_certificate_names_a_user_and_groups(ca: KeyPair) -> None:
    der = ssl.PEM_cert_to_DER_cert(client_certificate(ca, "jane", "dev", "ops").certificate.decode())
    found = caller_of(der)
    assert found is not None
    assert (found.user, found.groups) == ("jane", ("dev", "ops", "system:authenticated"))
    ((key, (value,)),) = found.extra
    assert key == "authentication.kubernetes.io/credential-id"
    assert value.startswith("X509SHA256=")


def test_a_certificate_without_a_name_stands_for_nobody(ca: KeyPair) -> None:
    der = ssl.PEM_cert_to_DER_cert(client_certificate(ca, "", "dev").certificate.decode())
    assert caller_of(der) is None
