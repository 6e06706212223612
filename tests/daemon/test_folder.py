"""The folder of a cluster: what stands in it from the first start on, and what a later version does with it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gitopslab.controlplane.daemon.folder import ClusterFolder


def test_credentials_stay_over_a_restart(tmp_path: Path) -> None:
    first, second = (ClusterFolder(tmp_path).credentials() for _ in range(2))
    assert first.token == second.token
    assert first.accounts.id == second.accounts.id


def test_a_key_of_the_first_versions_gives_way_and_the_learners_token_stays(tmp_path: Path) -> None:
    first = ClusterFolder(tmp_path).credentials()
    old = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "sa.key").write_bytes(old)
    second = ClusterFolder(tmp_path).credentials()
    assert second.accounts.verified(second.accounts.signed({"sub": "somebody"})) == {"sub": "somebody"}
    assert second.token == first.token
