"""Names of images: what Docker makes of them. Facts: the test tables of ``distribution/reference``."""

from __future__ import annotations

import pytest

from gitopslab.errors import ImageError
from gitopslab.images.reference import Reference, is_digest, is_repository, is_tag

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("nginx:1.27-alpine", "docker.io/library/nginx:1.27-alpine", "nginx:1.27-alpine"),
        ("docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("docker.io/library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("waal/web", "docker.io/waal/web:latest", "waal/web:latest"),
        ("library/nginx", "docker.io/library/nginx:latest", "nginx:latest"),
        ("registry.gitlab.com/me/waal/web:dev-7-1a2b", "registry.gitlab.com/me/waal/web:dev-7-1a2b", None),
        ("localhost/web", "localhost/web:latest", None),
        ("localhost:5050/waal/web:dev", "localhost:5050/waal/web:dev", None),
        ("127.0.0.1:5050/web", "127.0.0.1:5050/web:latest", None),
        ("[::1]:5050/web:x", "[::1]:5050/web:x", None),
        ("Registry/web", "Registry/web:latest", None),
        ("host:5050/web", "host:5050/web:latest", None),
        ("a__b/c-d/e.f", "docker.io/a__b/c-d/e.f:latest", "a__b/c-d/e.f:latest"),
        (f"nginx@{DIGEST}", f"docker.io/library/nginx@{DIGEST}", f"nginx@{DIGEST}"),
        (f"nginx:1.27@{DIGEST}", f"docker.io/library/nginx:1.27@{DIGEST}", f"nginx:1.27@{DIGEST}"),
        (f"host/{HEX}", f"docker.io/host/{HEX}:latest", f"host/{HEX}:latest"),
        ("web:" + "t" * 128, "docker.io/library/web:" + "t" * 128, "web:" + "t" * 128),
    ],
)
def test_a_reference_is_filled_in_as_docker_does(text: str, full: str, familiar: str | None) -> None:
    reference = Reference.parse(text)
    assert (str(reference), reference.familiar) == (full, familiar or full)
    assert Reference.parse(str(reference)) == reference == Reference.parse(reference.familiar)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "NAME_INVALID", "it has no name"),
        (":dev", "NAME_INVALID", "it has no name"),
        ("Web", "NAME_INVALID", "repository name (library/Web) must be lowercase"),
        ("localhost:5050/waal/Web:dev", "NAME_INVALID", "repository name (waal/Web) must be lowercase"),
        ("web:", "TAG_INVALID", "'' is not a tag"),
        ("web:-dev", "TAG_INVALID", "'-dev' is not a tag"),
        ("web:de v", "TAG_INVALID", "'de v' is not a tag"),
        ("web:" + "t" * 129, "TAG_INVALID", "is not a tag"),
        ("web@", "DIGEST_INVALID", "'' is not a digest"),
        ("web@sha256:abc", "DIGEST_INVALID", "'sha256:abc' is not a digest"),
        (f"web@sha256:{HEX.upper()}", "DIGEST_INVALID", "is not a digest"),
        (f"web@md5:{HEX[:32]}", "DIGEST_INVALID", "is not a digest"),
        (HEX, "NAME_INVALID", "an image's ID"),
        ("https://host/web", "NAME_INVALID", "address of a registry"),
        ("-host.nl/web", "NAME_INVALID", "address of a registry"),
        ("web/", "NAME_INVALID", "is not a repository name"),
        ("/web", "NAME_INVALID", "is not a repository name"),
        ("waal//web", "NAME_INVALID", "is not a repository name"),
        ("../web", "NAME_INVALID", "is not"),
        ("waal/../web", "NAME_INVALID", "is not a repository name"),
        ("a___b", "NAME_INVALID", "is not a repository name"),
        ("-web", "NAME_INVALID", "is not a repository name"),
        ("web\n", "NAME_INVALID", "is not a repository name"),
        ("wéb", "NAME_INVALID", "is not a repository name"),
        ("a" * 256, "NAME_INVALID", "is not a repository name"),
        ("a" * 5000, "NAME_INVALID", "it has 5000 characters"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_reason(text: str, code: str, words: str) -> None:
    with pytest.raises(ImageError, match="invalid reference format") as caught:
        Reference.parse(text)
    assert caught.value.code == code
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True), ("localhost:5050", True), ("127.0.0.1:80", True), ("127.1.2.3", True),
        ("[::1]:5050", True), ("docker.io", False), ("localhost.example.org", False), ("10.0.0.1:5050", False),
        ("127.0.0.1.nl", False),
    ],
)  # fmt: skip
def test_a_registry_on_this_machine_is_known_by_its_address(host: str, expected: bool) -> None:
    assert Reference(host, "web", "dev").is_loopback is expected


def test_a_digest_wins_over_the_tag_beside_it() -> None:
    both = Reference.parse(f"web:dev@{DIGEST}")
    assert (both.version, both.tag) == (DIGEST, "dev")
    assert both.at(tag="prod").version == "prod"


def test_parts_of_a_reference_are_checked_alone_too() -> None:
    assert is_digest(DIGEST)
    assert not is_digest(DIGEST + "\n")
    assert is_tag("v1.2.3")
    assert not is_tag("")
    assert is_repository("waal/waal-web")
    assert not is_repository("waal:web")
