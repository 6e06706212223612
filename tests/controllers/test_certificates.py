"""Certificate requests: asked for, decided, signed by the cluster's authority, and thrown away."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gitopslab.controlplane.controllers.certificates import CertificateCleaner, CertificateSigner
from gitopslab.controlplane.http.certificates import KeyPair, caller_of, new_ca
from gitopslab.controlplane.runtime.manager import Manager
from gitopslab.controlplane.server.authorization.policy import default_policy
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.controlplane.server.store import Store
from gitopslab.controlplane.server.verbs import Verbs
from gitopslab.errors import ApiError, InvalidError, NotFoundError
from gitopslab.machinery.certificates import CLIENT_SIGNER, REQUESTS, Authority
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.objects import Object, condition_of

_ADMIN = Caller("admin", ("system:masters", "system:authenticated"), "test")
_ANNA = Caller("anna", ("developers", "system:authenticated"), "test", uid="7", extra=(("team", ("shop",)),))
_CONTROLLER = Caller("system:serviceaccount:kube-system:certificate-controller", ("system:authenticated",), "kcm")


def pem(name: str, *groups: str) -> bytes:
    """A signing request as ``openssl req -new`` makes one."""
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject = x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, name)])
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def request(content: bytes, **spec: object) -> Object:
    asked = {"signerName": CLIENT_SIGNER, "usages": ["client auth"], "request": base64.b64encode(content).decode()}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": "anna"},
        "spec": {**asked, **spec},
    }


def decide(api: LocalApi, kind: str = "Approved", name: str = "anna") -> Object:
    """As ``kubectl certificate approve`` does."""
    found = api.get(REQUESTS, name)
    found["status"]["conditions"] = [{"type": kind, "status": "True", "reason": "KubectlApprove", "message": "ok"}]
    return api.update(found, "approval")


class Plane:
    """An API server with the two controllers of certificates."""

    def __init__(self, clock: JumpableClock) -> None:
        self.ca: KeyPair = new_ca()
        self.verbs = Verbs(Store(), clock)
        self.api = LocalApi(self.verbs, _ADMIN)
        for name in ("kube-system", "kube-public"):
            self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for obj in default_policy():
            self.api.create(obj)
        self.manager = Manager(self.api, clock)
        controller = LocalApi(self.verbs, _CONTROLLER)
        authority = Authority(self.ca.certificate, self.ca.key)
        self.manager.add(CertificateSigner(controller, self.manager, clock, authority))
        self.manager.add(CertificateCleaner(controller, self.manager, clock))

    def of(self, who: Caller) -> LocalApi:
        return LocalApi(self.verbs, who)


@pytest.fixture
def plane(clock: JumpableClock) -> Plane:
    return Plane(clock)


def issued(plane: Plane) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(plane.api.get(REQUESTS, "anna")["status"]["certificate"]))


def test_an_approved_request_becomes_a_certificate_of_the_clusters_authority(plane: Plane) -> None:
    plane.api.create(request(pem("anna", "developers"), usages=["digital signature", "client auth"]))
    plane.manager.settle()
    assert "certificate" not in plane.api.get(REQUESTS, "anna")["status"]
    decide(plane.api)
    plane.manager.settle()
    certificate = issued(plane)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(plane.ca.certificate))
    who = caller_of(certificate.public_bytes(serialization.Encoding.DER))
    assert who is not None
    assert (who.user, who.groups) == ("anna", ("developers", "system:authenticated"))
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature


@pytest.mark.parametrize(
    ("asked", "hours"), [(None, 365 * 24), (3600, 1), (700, 700 / 3600), (10**9, 365 * 24)], ids=str
)
def test_a_certificate_is_good_for_as_long_as_was_asked_and_a_year_at_most(
    plane: Plane, asked: int | None, hours: float
) -> None:
    plane.api.create(request(pem("anna"), **({"expirationSeconds": asked} if asked else {})))
    decide(plane.api)
    plane.manager.settle()
    left = issued(plane).not_valid_after_utc - datetime.now(UTC)
    assert timedelta(hours=hours) - timedelta(minutes=6) < left <= timedelta(hours=hours)


def test_no_usage_of_the_key_is_named_when_none_was_asked_for(plane: Plane) -> None:
    plane.api.create(request(pem("anna")))
    decide(plane.api)
    plane.manager.settle()
    with pytest.raises(x509.ExtensionNotFound):  # an empty one would be refused by every TLS library
        issued(plane).extensions.get_extension_for_class(x509.KeyUsage)


def test_who_is_denied_gets_nothing(plane: Plane) -> None:
    plane.api.create(request(pem("anna")))
    decide(plane.api, "Denied")
    plane.manager.settle()
    assert "certificate" not in plane.api.get(REQUESTS, "anna")["status"]


@pytest.mark.parametrize(
    ("usages", "why"),
    [
        (["client auth", "server auth"], "invalid usage for client certificate: server auth"),
        (["digital signature"], "missing required usage for client certificate: client auth"),
    ],
)
def test_a_usage_that_no_client_needs_fails_the_request(plane: Plane, usages: list[str], why: str) -> None:
    plane.api.create(request(pem("anna"), usages=usages))
    decide(plane.api)
    plane.manager.settle()
    found = plane.api.get(REQUESTS, "anna")
    failed = condition_of(found, "Failed")
    assert failed is not None
    assert (failed["reason"], failed["message"]) == ("SignerValidationFailure", why)
    assert "certificate" not in found["status"]


def test_a_subject_is_written_in_the_order_of_its_parts(plane: Plane) -> None:
    names = ((NameOID.COMMON_NAME, "anna"), (NameOID.ORGANIZATION_NAME, "devs"), (NameOID.ORGANIZATION_NAME, "ops"))
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    key = ec.generate_private_key(ec.SECP256R1())
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    plane.api.create(request(asked.public_bytes(serialization.Encoding.PEM)))
    decide(plane.api)
    plane.manager.settle()
    signed = base64.b64decode(plane.api.get(REQUESTS, "anna")["status"]["certificate"])
    groups, name = x509.load_pem_x509_certificate(signed).subject.rdns
    assert [part.value for part in name] == ["anna"]
    assert {part.value for part in groups} == {"devs", "ops"}


def test_another_signers_requests_are_left_to_it(plane: Plane) -> None:
    plane.api.create(request(pem("anna"), signerName="example.com/vault"))
    decide(plane.api)
    plane.manager.settle()
    assert "certificate" not in plane.api.get(REQUESTS, "anna")["status"]


@pytest.mark.parametrize(("kind", "hours"), [("Approved", 1), ("Denied", 1), ("", 24)])
def test_a_request_is_thrown_away_an_hour_after_it_was_settled_or_after_a_day(
    plane: Plane, clock: JumpableClock, kind: str, hours: int
) -> None:
    plane.api.create(request(pem("anna")))
    if kind:
        decide(plane.api, kind)
    plane.manager.settle()
    plane.manager.advance(hours * 3600 - 60)
    assert plane.api.get(REQUESTS, "anna")
    plane.manager.advance(61)
    with pytest.raises(NotFoundError):
        plane.api.get(REQUESTS, "anna")


# -- the API server's part --------------------------------------------------------------------------------------------


def test_the_server_writes_down_who_asks_whatever_the_request_says(plane: Plane) -> None:
    made = plane.of(_ANNA).create(request(pem("anna"), username="root", groups=["system:masters"]))
    asked = {key: made["spec"].get(key) for key in ("username", "uid", "groups", "extra")}
    groups = ["developers", "system:authenticated"]
    assert asked == {"username": "anna", "uid": "7", "groups": groups, "extra": {"team": ["shop"]}}


def test_nobody_gets_a_certificate_for_the_group_that_may_everything(plane: Plane) -> None:
    with pytest.raises(ApiError) as refused:
        plane.api.create(request(pem("anna", "system:masters")))
    assert refused.value.code == 403
    assert refused.value.message == (
        'certificatesigningrequests.certificates.k8s.io "anna" is forbidden: use of kubernetes.io/kube-apiserver-client'
        " signer with system:masters group is not allowed"
    )


def test_a_request_never_changes_and_an_update_decides_nothing(plane: Plane) -> None:
    before = plane.api.create(request(pem("anna")))
    changed = {**before, "spec": {**before["spec"], "usages": ["server auth"]}}
    changed["metadata"] = {**before["metadata"], "labels": {"a": "b"}}
    changed["status"] = {"conditions": [{"type": "Approved", "status": "True"}]}
    after = plane.api.update(changed)
    assert (after["spec"], after["status"]) == (before["spec"], {})
    assert after["metadata"]["labels"] == {"a": "b"}


def test_a_decision_is_stamped_and_stays(plane: Plane, clock: JumpableClock) -> None:
    plane.api.create(request(pem("anna"), signerName="example.com/vault"))
    first = decide(plane.api)["status"]["conditions"][0]
    assert first["lastUpdateTime"] == first["lastTransitionTime"]
    found = plane.api.get(REQUESTS, "anna")
    found["status"]["conditions"] = []
    with pytest.raises(InvalidError, match='updates may not remove a condition of type "Approved"'):
        plane.api.update(found, "approval")
    found["status"]["conditions"] = [first, {**first, "type": "Denied"}]
    with pytest.raises(InvalidError, match="Approved and Denied conditions are mutually exclusive"):
        plane.api.update(found, "approval")


def test_status_signs_and_does_not_decide(plane: Plane) -> None:
    found = plane.api.create(request(pem("anna"), signerName="example.com/vault"))
    found["status"]["conditions"] = [{"type": "Approved", "status": "True"}]
    with pytest.raises(InvalidError, match='updates may not add a condition of type "Approved"'):
        plane.api.update(found, "status")
    found["status"] = {"certificate": base64.b64encode(plane.ca.certificate).decode()}
    assert plane.api.update(dict(found), "status")["status"]["certificate"]
    found["metadata"].pop("resourceVersion")
    found["status"] = {"certificate": base64.b64encode(new_ca().certificate).decode()}
    with pytest.raises(InvalidError, match="updates may not modify existing certificate content"):
        plane.api.update(found, "status")


@pytest.mark.parametrize(("subresource", "verb"), [("approval", "approve"), ("status", "sign")])
def test_who_decides_or_signs_needs_the_right_for_that_signer(plane: Plane, subresource: str, verb: str) -> None:
    plane.api.create(request(pem("anna"), signerName="example.com/vault"))
    found = plane.api.get(REQUESTS, "anna")
    kind = "Approved" if verb == "approve" else "Failed"
    found["status"]["conditions"] = [{"type": kind, "status": "True"}]
    words = f'user not permitted to {verb} requests with signerName "example.com/vault"'
    with pytest.raises(ApiError, match=re.escape(words)):
        plane.of(_ANNA).update(dict(found), subresource)
    rule = {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": [verb]}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "signing"}}
    plane.api.create({**rbac, "kind": "ClusterRole", "rules": [{**rule, "resourceNames": ["example.com/*"]}]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "signing"}
    plane.api.create(
        {**rbac, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [{"kind": "User", "name": "anna"}]}
    )
    assert plane.of(_ANNA).update(found, subresource)["status"]["conditions"][0]["type"] == kind


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"request": ""}, "spec.request: Invalid value: \"\": PEM block type must be CERTIFICATE REQUEST"),
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["client auth", "client auth"]}, 'spec.usages[1]: Duplicate value: "client auth"'),
        ({"usages": ["baking"]}, 'spec.usages[0]: Unsupported value: "baking": supported values: "any", "cert sign"'),
        ({"signerName": ""}, "spec.signerName: Required value"),
        ({"signerName": "vault"}, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
        ({"signerName": "vault/x"}, 'Invalid value: "vault": should be a domain with at least two segments separated'),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "the legacy signerName is not allowed via this API version"),
        ({"signerName": "Ex.com/x"}, 'spec.signerName: Invalid value: "Ex.com": validating label "Ex":'),
        ({"expirationSeconds": 599}, "may not specify a duration less than 600 seconds (10 minutes)"),
    ],
)  # fmt: skip
def test_what_no_request_may_say(plane: Plane, spec: Object, message: str) -> None:
    with pytest.raises(InvalidError, match=re.escape(message)):
        plane.api.create(request(pem("anna"), **spec))


def test_a_request_signed_by_another_key_is_refused(plane: Plane) -> None:
    content = x509.load_pem_x509_csr(pem("anna")).public_bytes(serialization.Encoding.DER)
    forged = base64.encodebytes(content[:-1] + bytes([content[-1] ^ 1]))
    text = b"-----BEGIN CERTIFICATE REQUEST-----\n" + forged + b"-----END CERTIFICATE REQUEST-----\n"
    with pytest.raises(InvalidError, match=r"spec\.request: Invalid value"):
        plane.api.create(request(text))


def test_requests_are_found_by_their_signer(plane: Plane) -> None:
    plane.api.create(request(pem("anna")))
    assert plane.api.list(REQUESTS, fields=f"spec.signerName={CLIENT_SIGNER}")
    assert not plane.api.list(REQUESTS, fields="spec.signerName=example.com/vault")
