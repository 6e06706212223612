"""Tokens say what was signed, and nothing else passes for one."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gitopslab.machinery.jwt import SigningKey

KEY = SigningKey.new()
CLAIMS = {"sub": "somebody", "exp": 5}


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_says_what_was_signed() -> None:
    token = KEY.signed(CLAIMS)
    assert KEY.verified(token) == CLAIMS
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": "RS256", "kid": KEY.id}


def test_a_key_is_the_same_after_it_was_kept() -> None:
    again = SigningKey(KEY.pem)
    assert again.id == KEY.id
    assert again.verified(KEY.signed(CLAIMS)) == CLAIMS


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: "",
        lambda token: "nonsense",
        lambda token: "a.b.c",
        lambda token: token + "A",
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: ".".join([token.split(".")[0], part({"sub": "root"}), token.split(".")[2]]),
        lambda token: f"{part({'alg': 'none'})}.{part(CLAIMS)}.",
        lambda token: f"{part([])}.{part(CLAIMS)}.{token.split('.')[2]}",
        lambda token: SigningKey.new().signed(CLAIMS),
    ],
    ids=["empty", "a word", "three words", "longer", "unsigned", "other claims", "none", "no header", "another key"],
)
def test_anything_else_is_no_token(spoil: object) -> None:
    assert KEY.verified(spoil(KEY.signed(CLAIMS))) is None  # type: ignore[operator]


def test_the_public_key_lets_others_check_a_token() -> None:
    public = KEY.public()
    assert (public["kty"], public["e"], public["alg"], public["kid"]) == ("RSA", "AQAB", "RS256", KEY.id)
    assert "d" not in public


def test_only_keys_of_our_kind_are_taken() -> None:
    none = serialization.NoEncryption()
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(ValueError, match="RSA"):
        SigningKey(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none))
