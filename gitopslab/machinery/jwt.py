"""JSON Web Tokens signed with one elliptic-curve key (ES256): what service account tokens are.

The API server's authentication signs and verifies with it, the token controller only signs; the daemon keeps the key.
What the claims mean is authentication's. Upstream signs with go-jose; the compact form is RFC 7519, the key's form on
the wire RFC 7517.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

Claims = dict[str, Any]

ALGORITHM = "ES256"
_HASH = ec.ECDSA(hashes.SHA256())
_SIZE = 32  # bytes of each of the two numbers of a P-256 signature, and of a coordinate


class SigningKey:
    """A private key that signs tokens and knows its own again.

    Args:
        pem: The key as ``pem`` gives it.

    Raises:
        ValueError: The text is no P-256 private key.
    """

    def __init__(self, pem: bytes) -> None:
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("a service account key must be an elliptic-curve key on P-256")
        self._key = key
        self._public = key.public_key()
        self.id = _encoded(hashlib.sha256(_der(self._public)).digest())

    @classmethod
    def new(cls) -> SigningKey:
        """A key nobody has seen."""
        return cls(_pem(ec.generate_private_key(ec.SECP256R1())))

    @property
    def pem(self) -> bytes:
        """The private key in PKCS#8; a secret."""
        return _pem(self._key)

    def signed(self, claims: Claims) -> str:
        """A token that says ``claims``."""
        header = {"alg": ALGORITHM, "kid": self.id}
        text = f"{_encoded(orjson.dumps(header))}.{_encoded(orjson.dumps(claims))}"
        numbers = decode_dss_signature(self._key.sign(text.encode(), _HASH))
        return f"{text}.{_encoded(b''.join(number.to_bytes(_SIZE, 'big') for number in numbers))}"

    def verified(self, token: str) -> Claims | None:
        """The claims of a token this key has signed; None for any other, however malformed."""
        text, _, signature = token.rpartition(".")
        try:
            header, raw = (orjson.loads(_decoded(part)) for part in text.split(".", 1))
            numbers = _decoded(signature)
            if header.get("alg") != ALGORITHM or len(numbers) != 2 * _SIZE:
                return None
            pair = int.from_bytes(numbers[:_SIZE], "big"), int.from_bytes(numbers[_SIZE:], "big")
            self._public.verify(encode_dss_signature(*pair), text.encode(), _HASH)
        except (ValueError, AttributeError, InvalidSignature):
            return None
        return raw if isinstance(raw, dict) else None

    def public(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self._public.public_numbers()
        x, y = (_encoded(number.to_bytes(_SIZE, "big")) for number in (numbers.x, numbers.y))
        return {"use": "sig", "kty": "EC", "kid": self.id, "crv": "P-256", "alg": ALGORITHM, "x": x, "y": y}


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _der(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
