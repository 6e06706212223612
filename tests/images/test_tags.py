"""Which names point at which manifests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitopslab.errors import ImageError
from gitopslab.images.oci import MANIFEST, Descriptor
from gitopslab.images.tags import Tags


def manifest(number: int) -> Descriptor:
    return Descriptor(MANIFEST, f"sha256:{number:064x}", 100 + number)


@pytest.fixture
def tags(tmp_path: Path) -> Tags:
    return Tags(tmp_path)


def test_a_manifest_is_found_by_tag_and_by_digest(tags: Tags) -> None:
    tags.put("waal/web", manifest(1), tag="dev")
    assert tags.resolve("waal/web", "dev") == tags.resolve("waal/web", manifest(1).digest) == manifest(1)


def test_a_tag_moves_and_the_manifest_it_leaves_stays(tags: Tags) -> None:
    tags.put("web", manifest(1), tag="dev")
    tags.put("web", manifest(2), tag="dev")
    assert tags.resolve("web", "dev") == manifest(2)
    assert tags.resolve("web", manifest(1).digest) == manifest(1)
    assert tags.manifests("web") == [manifest(1), manifest(2)]


def test_tags_are_listed_by_name_page_by_page(tags: Tags) -> None:
    for tag in ("b", "a", "C", "v1.10", "v1.9"):
        tags.put("web", manifest(1), tag=tag)
    assert tags.tags("web") == ["C", "a", "b", "v1.10", "v1.9"]
    assert tags.tags("web", most=2) == ["C", "a"]
    assert tags.tags("web", after="a", most=2) == ["b", "v1.10"]
    assert tags.tags("web", most=0) == []


def test_repositories_are_listed_page_by_page(tags: Tags) -> None:
    for name in ("waal/web", "oer/api", "oer/db"):
        tags.put(name, manifest(1))
    assert tags.repositories() == ["oer/api", "oer/db", "waal/web"]
    assert tags.repositories(after="oer/api", most=1) == ["oer/db"]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda tags: tags.resolve("web", "prod"), "MANIFEST_UNKNOWN"),
        (lambda tags: tags.resolve("web", manifest(9).digest), "MANIFEST_UNKNOWN"),
        (lambda tags: tags.resolve("other", "dev"), "NAME_UNKNOWN"),
        (lambda tags: tags.tags("other"), "NAME_UNKNOWN"),
        (lambda tags: tags.untag("web", "prod"), "MANIFEST_UNKNOWN"),
        (lambda tags: tags.delete("web", manifest(9).digest), "MANIFEST_UNKNOWN"),
    ],
)
def test_what_is_not_there_is_named_in_ocis_words(tags: Tags, ask: Callable[[Tags], object], code: str) -> None:
    tags.put("web", manifest(1), tag="dev")
    with pytest.raises(ImageError) as caught:
        ask(tags)
    assert caught.value.code == code


def test_a_deleted_manifest_takes_its_tags_with_it(tags: Tags) -> None:
    for tag in ("dev", "prod"):
        tags.put("web", manifest(1), tag=tag)
    tags.put("web", manifest(2), tag="other")
    tags.delete("web", manifest(1).digest)
    assert tags.tags("web") == ["other"]


def test_a_deleted_tag_leaves_the_manifest(tags: Tags) -> None:
    tags.put("web", manifest(1), tag="dev")
    tags.untag("web", "dev")
    assert tags.resolve("web", manifest(1).digest) == manifest(1)


def test_referrers_are_found_by_their_subject(tags: Tags) -> None:
    tags.put("web", manifest(1), tag="dev")
    tags.put("web", manifest(2), subject=manifest(1).digest)
    assert tags.referrers("web", manifest(1).digest) == [manifest(2)]
    assert tags.referrers("web", manifest(2).digest) == tags.referrers("other", manifest(1).digest) == []


def test_a_blob_belongs_to_the_repositories_it_was_linked_to(tags: Tags) -> None:
    digest = manifest(7).digest
    tags.link("web", digest)
    tags.link("api", digest)
    assert tags.unlink("web", digest)
    assert not tags.unlink("web", digest)
    assert (tags.holds("web", digest), tags.holds("api", digest), tags.is_linked(digest)) == (False, True, True)
    tags.unlink("api", digest)
    assert not tags.is_linked(digest)


def test_what_was_put_is_there_for_another_process(tags: Tags, tmp_path: Path) -> None:
    tags.put("web", manifest(1), tag="dev")
    assert Tags(tmp_path).tags("web") == ["dev"]
    [(repository, tag, found, _)] = Tags(tmp_path).tagged()
    assert (repository, tag, found) == ("web", "dev", manifest(1))
