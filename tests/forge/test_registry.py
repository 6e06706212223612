"""The registry, requirement by requirement of the OCI distribution specification 1.1 (section names in the tests)."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from starlette.testclient import TestClient

from gitopslab.forge.app import Forge
from gitopslab.forge.folder import ForgeFolder
from gitopslab.images import oci

REPO = "waal/waal-web"
NOWHERE = f"sha256:{'0' * 64}"
EMPTY = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": oci.digest_of(b"{}"), "size": 2}


@dataclass
class Wire:
    """A registry's clients: one that may push, and one that shows nothing."""

    client: TestClient
    anyone: TestClient
    folder: ForgeFolder

    def begin(self, repo: str = REPO) -> str:
        answer = self.client.post(f"/v2/{repo}/blobs/uploads/")
        assert answer.status_code == 202
        return str(answer.headers["location"])

    def blob(self, data: bytes, repo: str = REPO) -> str:
        digest = oci.digest_of(data)
        answer = self.client.put(self.begin(repo), params={"digest": digest}, content=data)
        assert answer.status_code == 201, answer.text
        return digest

    def image(self, tag: str, layer: bytes = b"layer", repo: str = REPO, **more: Any) -> str:
        config = {"mediaType": oci.CONFIG, "digest": self.blob(b"{}", repo), "size": 2}
        layers = [{"mediaType": oci.LAYER, "digest": self.blob(layer, repo), "size": len(layer)}]
        return self.manifest(tag, {"config": config, "layers": layers} | more, repo)

    def manifest(self, tag: str, told: dict[str, Any], repo: str = REPO, media_type: str = oci.MANIFEST) -> str:
        data = json.dumps({"schemaVersion": 2, "mediaType": media_type} | told).encode()
        reference = tag or oci.digest_of(data)
        answer = self.client.put(
            f"/v2/{repo}/manifests/{reference}", content=data, headers={"content-type": media_type}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.headers["docker-content-digest"])


def wired(path: Path) -> Wire:
    folder = ForgeFolder(path)
    app = Forge(folder, "localhost:5050").app
    base = "http://localhost:5050"
    known = TestClient(app, base, headers={"authorization": f"Bearer {folder.token}"}, follow_redirects=False)
    return Wire(known, TestClient(app, base, follow_redirects=False), folder)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    """An empty registry."""
    made = wired(tmp_path / "forge")
    with made.client, made.anyone:
        yield made


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


# ---- pull ----


def test_pulling_by_tag_and_by_digest_gives_the_same_bytes_and_their_type(wire: Wire) -> None:
    digest = wire.image("v1")
    by_tag = wire.anyone.get(f"/v2/{REPO}/manifests/v1")
    by_digest = wire.anyone.get(f"/v2/{REPO}/manifests/{digest}")
    assert by_tag.content == by_digest.content
    assert oci.digest_of(by_tag.content) == digest == by_tag.headers["docker-content-digest"]
    assert by_tag.headers["content-type"] == oci.MANIFEST
    head = wire.anyone.head(f"/v2/{REPO}/manifests/v1")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(by_tag.content)))


def test_a_blob_comes_whole_or_in_the_range_that_was_asked_for(wire: Wire) -> None:
    digest = wire.blob(b"0123456789")
    whole = wire.anyone.get(f"/v2/{REPO}/blobs/{digest}")
    assert (whole.content, whole.headers["docker-content-digest"]) == (b"0123456789", digest)
    part = wire.anyone.get(f"/v2/{REPO}/blobs/{digest}", headers={"range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    for nowhere in ("bytes=8-2", "bytes=10-20"):
        assert wire.anyone.get(f"/v2/{REPO}/blobs/{digest}", headers={"range": nowhere}).status_code == 416
    assert wire.anyone.head(f"/v2/{REPO}/blobs/{digest}").headers["content-length"] == "10"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{REPO}/manifests/none", (404, "MANIFEST_UNKNOWN")),
        ("GET", f"{REPO}/manifests/{NOWHERE}", (404, "MANIFEST_UNKNOWN")),
        ("GET", "waal/other/manifests/v1", (404, "NAME_UNKNOWN")),
        ("GET", f"{REPO}/blobs/{NOWHERE}", (404, "BLOB_UNKNOWN")),
        ("GET", f"{REPO}/blobs/sha256:short", (400, "DIGEST_INVALID")),
        ("GET", "Waal/Web/manifests/v1", (400, "NAME_INVALID")),
        ("GET", "waal/other/tags/list", (404, "NAME_UNKNOWN")),
        ("GET", f"{REPO}/tags/list?n=many", (400, "UNSUPPORTED")),
        ("GET", f"{REPO}/referrers/latest", (400, "DIGEST_INVALID")),
        ("GET", f"{REPO}/blobs/uploads/none", (401, "UNAUTHORIZED")),
        ("POST", f"{REPO}/manifests/v1", (405, "UNSUPPORTED")),
        ("GET", "", (401, "UNAUTHORIZED")),
        ("GET", "nothing/here/at/all", (404, "NAME_UNKNOWN")),
    ],
    ids=str,
)
def test_what_is_not_there_is_told_with_the_codes_of_the_specification(
    wire: Wire, method: str, path: str, expected: tuple[int, str]
) -> None:
    wire.image("v1")
    answer = wire.anyone.request(method, f"/v2/{path}")
    assert code(answer) == expected
    assert answer.headers["docker-distribution-api-version"] == "registry/2.0"


# ---- push ----


def test_a_blob_is_pushed_in_one_request_in_two_or_in_pieces(wire: Wire) -> None:
    data = b"one two three"
    digest = oci.digest_of(data)
    single = wire.client.post(f"/v2/{REPO}/blobs/uploads/", params={"digest": digest}, content=data)
    assert (single.status_code, single.headers["docker-content-digest"]) == (201, digest)
    assert wire.blob(b"post then put") == oci.digest_of(b"post then put")
    where = wire.begin("waal/pieces")
    for start, end in ((0, 3), (4, 7)):
        piece = data[start : end + 1]
        headers = {"content-range": f"{start}-{end}", "content-length": str(len(piece))}
        answer = wire.client.patch(where, content=piece, headers=headers)
        assert (answer.status_code, answer.headers["range"]) == (202, f"0-{end}")
        where = answer.headers["location"]
    assert wire.client.get(where).headers["range"] == "0-7"
    done = wire.client.put(where, params={"digest": digest}, content=data[8:], headers={"content-range": "8-12"})
    assert done.status_code == 201
    assert wire.anyone.get(done.headers["location"]).content == data


def test_digests_may_be_made_by_sha512(wire: Wire) -> None:
    data = b"a layer"
    config = oci.digest_of(b"{}", oci.SHA512)
    layer = oci.digest_of(data, oci.SHA512)
    for digest, content in ((config, b"{}"), (layer, data)):
        place = wire.client.post(f"/v2/{REPO}/blobs/uploads/").headers["location"]
        assert wire.client.put(f"{place}?digest={digest}", content=content).status_code == 201
    assert wire.anyone.get(f"/v2/{REPO}/blobs/{layer}").content == data
    place = wire.client.post(f"/v2/{REPO}/blobs/uploads/").headers["location"]
    assert code(wire.client.put(f"{place}?digest={layer}", content=b"another")) == (400, "DIGEST_INVALID")
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": oci.MANIFEST,
        "config": {"mediaType": oci.CONFIG, "digest": config, "size": 2},
        "layers": [{"mediaType": oci.LAYER, "digest": layer, "size": len(data)}],
    }).encode()  # fmt: skip
    named = oci.digest_of(manifest, oci.SHA512)
    put = wire.client.put(f"/v2/{REPO}/manifests/{named}", content=manifest, headers={"content-type": oci.MANIFEST})
    assert (put.status_code, put.headers["docker-content-digest"]) == (201, named)
    assert wire.anyone.get(f"/v2/{REPO}/manifests/{named}").content == manifest


def test_a_piece_out_of_order_is_refused_and_the_upload_goes_on(wire: Wire) -> None:
    where = wire.begin()
    wire.client.patch(where, content=b"0123", headers={"content-range": "0-3"})
    for wrong in ("0-3", "6-9", "x-y"):
        answer = wire.client.patch(where, content=b"4567", headers={"content-range": wrong})
        assert (answer.status_code, answer.headers["range"]) == (416, "0-3")
    assert wire.client.patch(where, content=b"4567", headers={"content-range": "4-7"}).status_code == 202
    assert wire.client.put(where, params={"digest": oci.digest_of(b"01234567")}).status_code == 201


def test_an_upload_goes_on_after_the_forge_was_killed(wire: Wire, tmp_path: Path) -> None:
    where = wire.begin()
    wire.client.patch(where, content=b"first ")
    where = where.rsplit("/", 1)[1]
    # another process on the same folder: what the first had in memory is gone, what was on disk is not
    again = wired(wire.folder.path)
    with again.client:
        place = f"/v2/{REPO}/blobs/uploads/{where}"
        assert again.client.get(place).headers["range"] == "0-5"
        digest = oci.digest_of(b"first second")
        assert again.client.put(place, params={"digest": digest}, content=b"second").status_code == 201
        assert again.anyone.get(f"/v2/{REPO}/blobs/{digest}").content == b"first second"


def test_bytes_that_are_not_what_was_announced_are_not_kept(wire: Wire) -> None:
    answer = wire.client.put(wire.begin(), params={"digest": NOWHERE}, content=b"something else")
    assert code(answer) == (400, "DIGEST_INVALID")
    assert code(wire.client.put(wire.begin(), content=b"no digest")) == (400, "DIGEST_INVALID")
    assert list((wire.folder.registry / "blobs" / "sha256").iterdir()) == []


def test_an_upload_that_is_cancelled_or_unknown_is_gone(wire: Wire) -> None:
    where = wire.begin()
    assert wire.client.delete(where).status_code == 204
    assert code(wire.client.patch(where, content=b"x")) == (404, "BLOB_UPLOAD_UNKNOWN")
    assert code(wire.client.put(f"/v2/{REPO}/blobs/uploads/../../token")) == (404, "NAME_UNKNOWN")
    assert list((wire.folder.registry / "uploads").iterdir()) == []


def test_a_blob_is_mounted_from_another_repository_without_its_bytes(wire: Wire) -> None:
    digest = wire.blob(b"shared", "waal/base")
    mounted = wire.client.post("/v2/waal/app/blobs/uploads/", params={"mount": digest, "from": "waal/base"})
    assert (mounted.status_code, mounted.headers["location"]) == (201, f"/v2/waal/app/blobs/{digest}")
    assert wire.anyone.get(f"/v2/waal/app/blobs/{digest}").content == b"shared"
    assert wire.client.post("/v2/waal/third/blobs/uploads/", params={"mount": digest}).status_code == 201
    for elsewhere in ({"mount": digest, "from": "waal/nowhere"}, {"mount": NOWHERE, "from": "waal/base"}):
        assert wire.client.post("/v2/waal/fourth/blobs/uploads/", params=elsewhere).status_code == 202
    assert code(wire.anyone.get(f"/v2/waal/fourth/blobs/{digest}")) == (404, "BLOB_UNKNOWN")


@pytest.mark.parametrize(
    ("data", "media_type", "expected"),
    [
        (b"{", oci.MANIFEST, (400, "MANIFEST_INVALID")),
        (b"[]", oci.MANIFEST, (400, "MANIFEST_INVALID")),
        (b'{"schemaVersion": 1}', oci.MANIFEST, (400, "MANIFEST_INVALID")),
        (b'{"schemaVersion": 2}', oci.MANIFEST, (400, "MANIFEST_INVALID")),
        (b'{"schemaVersion": 2}', "text/plain", (400, "MANIFEST_INVALID")),
        (b'{"schemaVersion": 2, "mediaType": "a/b"}', oci.MANIFEST, (400, "MANIFEST_INVALID")),
        (b'{"schemaVersion": 2, "config": {"digest": 5}, "layers": []}', oci.MANIFEST, (400, "MANIFEST_INVALID")),
        (
            json.dumps({"schemaVersion": 2, "config": EMPTY | {"digest": NOWHERE}, "layers": []}).encode(),
            oci.MANIFEST,
            (404, "MANIFEST_BLOB_UNKNOWN"),
        ),
        (
            json.dumps({"schemaVersion": 2, "manifests": [EMPTY | {"digest": NOWHERE}]}).encode(),
            oci.INDEX,
            (404, "MANIFEST_BLOB_UNKNOWN"),
        ),
        (b" " * (oci.LARGEST_MANIFEST + 1), oci.MANIFEST, (413, "SIZE_INVALID")),
        (b"[" * 100_000, oci.MANIFEST, (400, "MANIFEST_INVALID")),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_manifest_that_is_none_or_lacks_a_part_is_refused(
    wire: Wire, data: bytes, media_type: str, expected: tuple[int, str]
) -> None:
    answer = wire.client.put(f"/v2/{REPO}/manifests/v1", content=data, headers={"content-type": media_type})
    assert code(answer) == expected
    assert wire.anyone.get(f"/v2/{REPO}/manifests/v1").status_code == 404


def test_a_manifest_under_a_digest_that_is_not_its_own_or_a_bad_tag_is_refused(wire: Wire) -> None:
    headers = {"content-type": oci.MANIFEST}
    data = json.dumps({"schemaVersion": 2, "config": EMPTY | {"digest": wire.blob(b"{}")}, "layers": []}).encode()
    for reference, expected in ((NOWHERE, "DIGEST_INVALID"), (".v1", "MANIFEST_INVALID")):
        answer = wire.client.put(f"/v2/{REPO}/manifests/{reference}", content=data, headers=headers)
        assert code(answer) == (400, expected)


def test_a_tag_moves_and_the_old_manifest_stays_under_its_digest(wire: Wire) -> None:
    first = wire.image("v1", b"old")
    second = wire.image("v1", b"new")
    assert wire.anyone.get(f"/v2/{REPO}/manifests/v1").headers["docker-content-digest"] == second != first
    assert wire.anyone.get(f"/v2/{REPO}/manifests/{first}").status_code == 200


def test_an_index_holds_images_for_several_platforms(wire: Wire) -> None:
    digest = wire.image("")
    entry = {"mediaType": oci.MANIFEST, "digest": digest, "size": 1, "platform": {"os": "linux", "architecture": "arm"}}
    wire.manifest("multi", {"manifests": [entry]}, media_type=oci.INDEX)
    assert wire.anyone.get(f"/v2/{REPO}/manifests/multi").json()["manifests"] == [entry]


# ---- content discovery ----


def test_tags_and_repositories_are_listed_in_order_page_by_page(wire: Wire) -> None:
    for tag in ("v10", "v1", "V2", "dev-7-1a2b3c4d"):
        wire.image(tag)
    wire.image("x", repo="waal/api")
    assert wire.anyone.get(f"/v2/{REPO}/tags/list").json() == {
        "name": REPO,
        "tags": ["V2", "dev-7-1a2b3c4d", "v1", "v10"],
    }
    seen, page = [], f"/v2/{REPO}/tags/list?n=3"
    while page:
        answer = wire.anyone.get(page)
        seen.append(answer.json()["tags"])
        page = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    assert seen == [["V2", "dev-7-1a2b3c4d", "v1"], ["v10"]]
    assert wire.anyone.get(f"/v2/{REPO}/tags/list?n=0").json()["tags"] == []
    assert wire.anyone.get("/v2/_catalog?n=1&last=waal/api").json() == {"repositories": [REPO]}


def test_referrers_are_what_says_it_is_about_an_image(wire: Wire) -> None:
    digest = wire.image("v1")
    subject = {"mediaType": oci.MANIFEST, "digest": digest, "size": 1}
    config = EMPTY | {"digest": wire.blob(b"{}")}
    about = {"subject": subject, "layers": [], "annotations": {"by": "learner"}}
    sbom = wire.manifest("", {"config": config, "artifactType": "application/spdx+json"} | about)
    wire.manifest("", {"config": config | {"mediaType": "application/vnd.signature"}} | about)
    answer = wire.anyone.get(f"/v2/{REPO}/referrers/{digest}")
    assert answer.headers["content-type"] == oci.INDEX
    found = {each["artifactType"]: each for each in answer.json()["manifests"]}
    assert sorted(found) == ["application/spdx+json", "application/vnd.signature"]
    assert found["application/spdx+json"]["digest"] == sbom
    assert found["application/spdx+json"]["annotations"] == {"by": "learner"}
    only = wire.anyone.get(f"/v2/{REPO}/referrers/{digest}", params={"artifactType": "application/spdx+json"})
    assert [each["digest"] for each in only.json()["manifests"]] == [sbom]
    assert only.headers["oci-filters-applied"] == "artifactType"
    assert wire.anyone.get(f"/v2/{REPO}/referrers/{NOWHERE}").json()["manifests"] == []


def test_the_answer_to_a_manifest_about_another_names_it(wire: Wire) -> None:
    digest = wire.image("v1")
    told = {"schemaVersion": 2, "config": EMPTY | {"digest": wire.blob(b"{}")}, "layers": []}
    told["subject"] = {"mediaType": oci.MANIFEST, "digest": digest, "size": 1}
    answer = wire.client.put(
        f"/v2/{REPO}/manifests/about", content=json.dumps(told).encode(), headers={"content-type": oci.MANIFEST}
    )
    assert answer.headers["oci-subject"] == digest


# ---- content management ----


def test_deleting_a_tag_keeps_the_manifest_and_deleting_the_manifest_takes_its_tags(wire: Wire) -> None:
    digest = wire.image("v1")
    wire.image("v2")
    assert wire.client.delete(f"/v2/{REPO}/manifests/v1").status_code == 202
    assert wire.anyone.get(f"/v2/{REPO}/manifests/{digest}").status_code == 200
    assert wire.client.delete(f"/v2/{REPO}/manifests/{digest}").status_code == 202
    assert code(wire.anyone.get(f"/v2/{REPO}/manifests/v2")) == (404, "MANIFEST_UNKNOWN")
    assert code(wire.client.delete(f"/v2/{REPO}/manifests/{digest}")) == (404, "MANIFEST_UNKNOWN")


def test_a_deleted_blob_goes_with_the_last_repository_that_had_it(wire: Wire) -> None:
    digest = wire.blob(b"shared", "waal/a")
    wire.blob(b"shared", "waal/b")
    file = wire.folder.registry / "blobs" / "sha256" / digest.removeprefix("sha256:")
    assert wire.client.delete(f"/v2/waal/a/blobs/{digest}").status_code == 202
    assert file.exists()
    assert code(wire.anyone.get(f"/v2/waal/a/blobs/{digest}")) == (404, "BLOB_UNKNOWN")
    assert wire.client.delete(f"/v2/waal/b/blobs/{digest}").status_code == 202
    assert not file.exists()


# ---- who may ----


def test_credentials_are_swapped_for_a_token_that_pushes(wire: Wire) -> None:
    challenge = wire.anyone.get("/v2/").headers["www-authenticate"]
    assert challenge == 'Bearer realm="http://localhost:5050/jwt/auth",service="container_registry"'
    token = wire.anyone.get("/jwt/auth", auth=("learner", wire.folder.token)).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert wire.anyone.get("/v2/", headers=headers).status_code == 200
    assert wire.anyone.post(f"/v2/{REPO}/blobs/uploads/", headers=headers).status_code == 202
    assert wire.folder.token not in token


def test_without_credentials_a_token_reads_and_does_not_write(wire: Wire) -> None:
    wire.image("v1")
    token = wire.anyone.get("/jwt/auth").json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert wire.anyone.get(f"/v2/{REPO}/manifests/v1", headers=headers).status_code == 200
    refused = wire.anyone.post(f"/v2/{REPO}/blobs/uploads/", headers=headers)
    assert code(refused) == (401, "UNAUTHORIZED")
    assert f'scope="repository:{REPO}:pull,push"' in refused.headers["www-authenticate"]


@pytest.mark.parametrize("shown", ["Basic bGVhcm5lcjp3cm9uZw==", "Basic %%%", "Bearer wrong", "Digest x"])
def test_wrong_credentials_are_refused_even_for_reading(wire: Wire, shown: str) -> None:
    wire.image("v1")
    for path in ("/v2/", f"/v2/{REPO}/manifests/v1", "/jwt/auth"):
        assert code(wire.anyone.get(path, headers={"authorization": shown})) == (401, "UNAUTHORIZED")


def test_a_job_pushes_to_its_own_project_only_and_only_while_it_runs(tmp_path: Path) -> None:
    forge = Forge(ForgeFolder(tmp_path / "forge"), "localhost:5050")
    client = TestClient(forge.app, "http://localhost:5050")
    with forge.entrance.job_token(REPO) as token:
        auth = ("gitlab-ci-token", token)
        assert client.post(f"/v2/{REPO}/blobs/uploads/", auth=auth).status_code == 202
        assert client.post(f"/v2/{REPO}/nested/blobs/uploads/", auth=auth).status_code == 202
        assert code(client.post("/v2/waal/other/blobs/uploads/", auth=auth)) == (403, "DENIED")
        assert code(client.post(f"/v2/{REPO}-2/blobs/uploads/", auth=auth)) == (403, "DENIED")
    assert code(client.post(f"/v2/{REPO}/blobs/uploads/", auth=auth)) == (401, "UNAUTHORIZED")


# ---- when things go wrong ----


def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    if os.name == "nt" or os.getuid() != 0:
        pytest.skip("only root mounts a small file system")
    small = tmp_path / "small"
    small.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(small)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        wire = wired(small / "forge")
        with wire.client:
            digest = wire.image("v1", b"x" * 1000)
            answer = wire.client.put(wire.begin(), params={"digest": NOWHERE}, content=b"y" * 2_000_000)
            assert code(answer) == (507, "UNAVAILABLE")
            assert "full" in answer.text
            assert wire.client.get(f"/v2/{REPO}/manifests/v1").headers["docker-content-digest"] == digest
            assert wire.image("v2", b"z" * 1000)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_uploads_that_are_begun_and_left_cost_no_file_each(wire: Wire) -> None:
    places = [wire.begin() for _ in range(100)]
    ours = str(wire.folder.registry / "uploads")  # other tests of this process may have some open, too
    open_files = [each for each in psutil.Process().open_files() if each.path.startswith(ours)]
    assert len(open_files) <= 65
    wire.client.patch(places[0], content=b"late")  # the first goes on nevertheless
    assert wire.client.put(places[0], params={"digest": oci.digest_of(b"late")}).status_code == 201


def test_pushes_at_the_same_time_do_not_mix(wire: Wire) -> None:
    blobs = [bytes([number]) * 200_000 for number in range(8)]
    threads = [threading.Thread(target=wire.blob, args=(blob,)) for blob in blobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for blob in blobs:
        got = wire.anyone.get(f"/v2/{REPO}/blobs/{oci.digest_of(blob)}").content
        assert hashlib.sha256(got).digest() == hashlib.sha256(blob).digest()
