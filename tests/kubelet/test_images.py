"""Image references."""

from __future__ import annotations

import pytest

from gitopslab.controlplane.kubelet.images import parse, same


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        pytest.param("nginx", "docker.io/library/nginx:latest", id="short"),
        pytest.param("nginx:1.27", "docker.io/library/nginx:1.27", id="tag"),
        pytest.param("bitnami/redis:7", "docker.io/bitnami/redis:7", id="owner"),
        pytest.param("registry.k8s.io/pause:3.10", "registry.k8s.io/pause:3.10", id="registry"),
        pytest.param("localhost:5000/app", "localhost:5000/app:latest", id="port"),
        pytest.param("nginx@sha256:" + "a" * 64, "docker.io/library/nginx@sha256:" + "a" * 64, id="digest"),
    ],
)
def test_reference_is_completed(reference: str, name: str) -> None:
    image = parse(reference)
    assert image is not None
    assert image.name == name


@pytest.mark.parametrize(
    "reference", ["", "Nginx", "nginx:", "nginx:a b", "a//b", "https://nginx", "nginx:1:2", "User/app"]
)
def test_malformed_reference_is_none(reference: str) -> None:
    assert parse(reference) is None


@pytest.mark.parametrize("reference", ["nginx:doesnotexist", "nope/app:1", "example.com/typo", "web:does-not-exist"])
def test_listed_words_are_missing_in_every_registry(reference: str) -> None:
    image = parse(reference)
    assert image is not None
    assert not image.exists


def test_other_images_exist_with_a_size_and_an_id_of_their_own() -> None:
    one, other = parse("example.com/app:1"), parse("example.com/app:2")
    assert one is not None
    assert other is not None
    assert one.exists
    assert one.id != other.id
    assert 20 * 2**20 <= one.size < 150 * 2**20


def test_spelling_does_not_matter() -> None:
    assert same("nginx", "docker.io/library/nginx:latest")
    assert not same("nginx", "nginx:1.27")
