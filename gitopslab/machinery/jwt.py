"""JSON Web Tokens signed with one RSA key (RS256): what service account tokens are.

The API server's authentication signs and verifies with it, the token controller only signs; the daemon keeps the key.
What the claims mean is authentication's. Upstream signs with go-jose, and kubeadm makes RSA keys of 2048 bits; the
compact form is RFC 7519, the key's form on the wire RFC 7517.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cached_property
from typing import Any, Self

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Claims = dict[str, Any]

ALGORITHM = "RS256"
_HOW = (padding.PKCS1v15(), hashes.SHA256())
_BITS, _EXPONENT = 2048, 65537


class SigningKey:
    """A private key that signs tokens and knows its own again.

    Args:
        pem: The key as ``pem`` gives it.

    Raises:
        ValueError: The text is no RSA private key.
    """

    def __init__(self, pem: bytes) -> None:
        key = serialization.load_pem_private_key(pem, None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("a service account key must be an RSA key")
        self._key = key

    @classmethod
    def new(cls) -> Self:
        """A key nobody has seen; it is made when it is first needed, which takes up to a quarter of a second."""
        return cls.__new__(cls)

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(_EXPONENT, _BITS)

    @cached_property
    def id(self) -> str:
        """Which key it is: the SHA-256 of the public one."""
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return _encoded(hashlib.sha256(der).digest())

    @property
    def pem(self) -> bytes:
        """The private key in PKCS#8; a secret."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def signed(self, claims: Claims) -> str:
        """A token that says ``claims``."""
        header = {"alg": ALGORITHM, "kid": self.id}
        text = f"{_encoded(orjson.dumps(header))}.{_encoded(orjson.dumps(claims))}"
        return f"{text}.{_encoded(self._key.sign(text.encode(), *_HOW))}"

    def verified(self, token: str) -> Claims | None:
        """The claims of a token this key has signed; None for any other, however malformed."""
        text, _, signature = token.rpartition(".")
        try:
            header, raw = (orjson.loads(_decoded(part)) for part in text.split(".", 1))
            if header.get("alg") != ALGORITHM:
                return None
            self._key.public_key().verify(_decoded(signature), text.encode(), *_HOW)
        except (ValueError, AttributeError, InvalidSignature):
            return None
        return raw if isinstance(raw, dict) else None

    def public(self) -> dict[str, str]:
        """The public key as a JSON Web Key."""
        numbers = self._key.public_key().public_numbers()
        modulus, exponent = (_encoded(_bytes(number)) for number in (numbers.n, numbers.e))
        return {"use": "sig", "kty": "RSA", "kid": self.id, "alg": ALGORITHM, "n": modulus, "e": exponent}


def _bytes(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
