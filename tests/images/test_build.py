"""Builds: what each instruction does to the image, the same bytes every time, and lines that are named."""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import Build, files_of, write

from gitopslab.errors import DockerfileError, ImageError
from gitopslab.images.build import Builder, Request, Step
from gitopslab.images.image import Image, Platform, host_platform
from gitopslab.images.layers import entries
from gitopslab.images.reference import Reference
from gitopslab.images.store import Store


def headers(store: Store, image: Image) -> dict[str, tarfile.TarInfo]:
    return {header.name: header for layer in image.layers for header, _ in entries(store.content, layer)}


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("ENV A=1 B='x y'", {"Env": ["A=1", "B=x y"]}),
        ("ENV A=1\nENV A=2 B=$A", {"Env": ["A=2", "B=1"]}),
        ("ENV P=/a:/b\nENV P=$P:/c", {"Env": ["P=/a:/b:/c"]}),
        ("ENV A one two", {"Env": ["A=one two"]}),
        ("ARG V=1\nENV A=$V", {"Env": ["A=1"]}),
        ("ENV A=env\nARG A=arg\nENV B=$A", {"Env": ["A=env", "B=env"]}),
        ("ENV A=${NOT_SET:-default}", {"Env": ["A=default"]}),
        ("LABEL a=1 b=\"x y\"\nLABEL a=2", {"Labels": {"a": "2", "b": "x y"}}),
        ("EXPOSE 80 53/udp 90-91", {"ExposedPorts": {p: {} for p in ("80/tcp", "53/udp", "90/tcp", "91/tcp")}}),
        ("ARG P=8000\nEXPOSE $P", {"ExposedPorts": {"8000/tcp": {}}}),
        ("USER 1000:1000", {"User": "1000:1000"}),
        ("ARG U=me\nUSER ${U}", {"User": "me"}),
        ("VOLUME /a /b\nVOLUME [\"/c d\"]", {"Volumes": {"/a": {}, "/b": {}, "/c d": {}}}),
        ("STOPSIGNAL SIGQUIT", {"StopSignal": "SIGQUIT"}),
        ("STOPSIGNAL 9", {"StopSignal": "9"}),
        ("WORKDIR /a\nWORKDIR b\nWORKDIR ../c", {"WorkingDir": "/a/c"}),
        ("WORKDIR a", {"WorkingDir": "/a"}),
        ("CMD [\"python\", \"app.py\"]", {"Cmd": ["python", "app.py"]}),
        ("CMD python app.py $X", {"Cmd": ["/bin/sh", "-c", "python app.py $X"]}),
        ("SHELL [\"/bin/bash\", \"-c\"]\nCMD echo", {"Shell": ["/bin/bash", "-c"], "Cmd": ["/bin/bash", "-c", "echo"]}),
        ("ENTRYPOINT [\"a\"]\nCMD [\"b\"]", {"Entrypoint": ["a"], "Cmd": ["b"]}),
        ("CMD [\"b\"]\nENTRYPOINT [\"a\"]", {"Entrypoint": ["a"], "Cmd": ["b"]}),
        ("HEALTHCHECK NONE", {"Healthcheck": {"Test": ["NONE"]}}),
        (
            "HEALTHCHECK --interval=1m30s --timeout=500ms --retries=3 CMD curl -f http://localhost/",
            {"Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost/"], "Interval": 90 * 10**9,
                             "Timeout": 5 * 10**8, "Retries": 3}},
        ),
        ("HEALTHCHECK CMD [\"true\"]", {"Healthcheck": {"Test": ["CMD", "true"]}}),
        ("ONBUILD COPY . /app", {"OnBuild": ["COPY . /app"]}),
    ],
)  # fmt: skip
def test_settings_are_in_the_images_config(build: Build, instructions: str, expected: dict[str, Any]) -> None:
    image = build(f"FROM scratch\n{instructions}").image
    assert dict(image.settings) == expected


FILES = {"a.txt": "A", "b.txt": "B", "src/main.py": "main", "src/lib/x.py": "x", "src/lib/y.pyc": "y", "empty/": ""}


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("COPY a.txt /", {"a.txt": "A"}),
        ("COPY a.txt /dst", {"dst": "A"}),
        ("COPY a.txt /dst/", {"dst/": "", "dst/a.txt": "A"}),
        ("COPY a.txt b.txt /dst/", {"dst/": "", "dst/a.txt": "A", "dst/b.txt": "B"}),
        ("COPY *.txt /dst/", {"dst/": "", "dst/a.txt": "A", "dst/b.txt": "B"}),
        ("COPY [\"a.txt\", \"/d t/\"]", {"d t/": "", "d t/a.txt": "A"}),
        ("COPY src /d", {"d/": "", "d/main.py": "main", "d/lib/": "", "d/lib/x.py": "x", "d/lib/y.pyc": "y"}),
        ("COPY src/lib /dst/", {"dst/": "", "dst/x.py": "x", "dst/y.pyc": "y"}),
        ("COPY src/*/x.py /", {"x.py": "x"}),
        ("COPY /a.txt ./b/c", {"b/": "", "b/c": "A"}),
        ("COPY ../a.txt /", {"a.txt": "A"}),
        ("COPY empty /e", {"e/": ""}),
        ("COPY --exclude=**/*.pyc src/lib /l", {"l/": "", "l/x.py": "x"}),
        ("WORKDIR /w\nCOPY a.txt .", {"w/": "", "w/a.txt": "A"}),
        ("WORKDIR /w\nCOPY a.txt sub/", {"w/": "", "w/sub/": "", "w/sub/a.txt": "A"}),
        ("WORKDIR /w\nCOPY a.txt /w", {"w/": "", "w/a.txt": "A"}),
        ("ARG F=a\nCOPY $F.txt /${F}", {"a": "A"}),
        ("COPY <<EOF /hello\nhi\nEOF", {"hello": "hi\n"}),
        ("ARG X=there\nCOPY <<EOF /h\n\"hi\" $X it's\nEOF", {"h": "\"hi\" there it's\n"}),
        ("ARG X=there\nCOPY <<'EOF' /h\nhi $X\nEOF", {"h": "hi $X\n"}),
        ("COPY <<one <<two a.txt /d/\n1\none\n2\ntwo", {"d/": "", "d/one": "1\n", "d/two": "2\n", "d/a.txt": "A"}),
        ("ADD a.txt /dst/", {"dst/": "", "dst/a.txt": "A"}),
        ("WORKDIR /a/b", {"a/": "", "a/b/": ""}),
    ],
)  # fmt: skip
def test_files_are_where_they_were_copied_to(
    build: Build, folder: Path, store: Store, instructions: str, expected: dict[str, str]
) -> None:
    write(folder, FILES)
    assert files_of(store, build(f"FROM scratch\n{instructions}").image) == expected


@pytest.mark.parametrize(
    ("instructions", "line", "problem", "hint"),
    [
        ("COPY nope.txt /", 2, '"/nope.txt": not found in the build context', "build context"),
        ("COPY A.txt /", 2, '"/A.txt": not found', "Did you mean a.txt?"),
        ("COPY ignored.log /", 2, ".dockerignore, line 1 leaves it out: *.log", "ignore file"),
        ("COPY *.nope /", 2, "not found", ""),
        ("COPY a.txt b.txt /dst", 2, "the destination must be a directory and end with a /", "/dst/"),
        ("COPY a.txt /x\nCOPY src /x", 3, "cannot copy to non-directory: /x", ""),
        ("COPY --chown=me a.txt /", 2, "unable to find user me", "1000:1000"),
        ("COPY --chown=1:us a.txt /", 2, "unable to find group us", ""),
        ("COPY --chmod=u+x a.txt /", 2, "invalid chmod parameter: 'u+x'", "755"),
        ("COPY --from=0 a.txt /", 2, "there is no earlier stage 0", ""),
        ("COPY --from=7 a.txt /", 2, "there is no earlier stage 7", ""),
        ("EXPOSE http", 2, "invalid containerPort: http", "8000"),
        ("EXPOSE 70000", 2, "invalid containerPort: 70000", ""),
        ("EXPOSE 80/http", 2, "invalid proto: http", ""),
        ("STOPSIGNAL SIGNOPE", 2, "invalid signal: SIGNOPE", ""),
        ("HEALTHCHECK --interval=soon CMD x", 2, 'invalid duration "soon"', "30s"),
        ("VOLUME [\"\"]", 2, "VOLUME specified can not be an empty string", ""),
        ("ENV A='x", 2, "matching single-quote", ""),
        ("ENV A=\"${B:?is needed}\"", 2, "B: is needed", ""),
        ("RUN make", 2, "RUN needs a container engine, and none answers", "Docker"),
        ("ADD https://example.org/x /", 2, "ADD from an address", "Download"),
        ("COPY --parents a.txt /", 2, "--parents needs a container engine", ""),
        ("FROM debian-of-others:12", 2, "the lab has no base image debian-of-others:12", "scratch, python"),
        ("FROM Upper/case:x:y", 2, "failed to parse stage name", ""),
        ("FROM $EMPTY", 2, "failed to parse stage name ''", "ARG NAME=DEFAULT"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_names_its_line(
    build: Build, folder: Path, instructions: str, line: int, problem: str, hint: str
) -> None:
    write(folder, {**FILES, "ignored.log": "", ".dockerignore": "*.log\n"})
    with pytest.raises(DockerfileError) as caught:
        build(f"FROM scratch\n{instructions}")
    error = caught.value
    assert (error.line, problem in error.problem, hint in error.hint) == (line, True, True), str(error)
    assert f"Dockerfile, line {line}: " in error.message


def test_a_stage_hands_files_to_the_next(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A", "deep/b.txt": "B"})
    image = build(
        "FROM scratch AS first\nCOPY --chown=7:8 . /x/\nENV GONE=1\n"
        "FROM scratch\nCOPY --from=first /x/deep /y/\nCOPY --from=0 /x/a.txt /"
    ).image
    assert files_of(store, image) == {"y/": "", "y/b.txt": "B", "a.txt": "A"}
    assert "Env" not in image.settings
    found = headers(store, image)["a.txt"]
    assert (found.uid, found.gid) == (7, 8)


@pytest.mark.parametrize(
    ("copy", "expected"),
    [
        ("/x/*.txt /y/", {"y/": "", "y/a.txt": "A", "y/b.txt": "B"}),
        ("/x/d*/ /y/", {"y/": "", "y/c.txt": "C"}),
        ("/x/a.txt /x/deep /y/", {"y/": "", "y/a.txt": "A", "y/c.txt": "C"}),
        ("/ /y", {"y/": "", "y/x/": "", "y/x/a.txt": "A", "y/x/b.txt": "B", "y/x/deep/": "", "y/x/deep/c.txt": "C"}),
    ],
)
def test_sources_in_another_stage_may_have_wildcards(
    build: Build, folder: Path, store: Store, copy: str, expected: dict[str, str]
) -> None:
    write(folder, {"a.txt": "A", "b.txt": "B", "deep/c.txt": "C", ".dockerignore": "Dockerfile\n.dockerignore"})
    image = build(f"FROM scratch AS first\nCOPY . /x/\nFROM scratch\nCOPY --from=first {copy}").image
    assert files_of(store, image) == expected
    with pytest.raises(DockerfileError, match="not found in first"):
        build("FROM scratch AS first\nCOPY . /x/\nFROM scratch\nCOPY --from=first /x/*.nope /")


def test_only_the_stages_that_are_needed_are_built(build: Build, folder: Path) -> None:
    write(folder, {"a.txt": "A"})
    text = "FROM scratch AS a\nCOPY a.txt /\nFROM scratch AS b\nRUN make\nFROM a AS c\nENV C=1"
    assert build(text).image.settings == {"Env": ["C=1"]}
    assert build(text, target="a").image.settings == {}
    with pytest.raises(DockerfileError, match="RUN needs a container engine"):
        build(text, target="b")
    with pytest.raises(DockerfileError, match='target stage "d" could not be found'):
        build(text, target="d")


def test_arguments_before_from_reach_a_stage_that_asks_for_them(build: Build) -> None:
    text = "ARG V=3.12\nARG W=w\nFROM python:$V\nARG V\nENV V=$V W=$W\nARG TARGETARCH\nENV ARCH=$TARGETARCH"
    env = build(text, args={"V": "3.13"}).image.settings["Env"]
    assert ["V=3.13", "W=", f"ARCH={host_platform().architecture}"] == env[-3:]


def test_build_arguments_that_nobody_declares_are_warned_of(build: Build) -> None:
    built = build("FROM scratch\nARG A\nENV A=$A", args={"A": "1", "B": "2"})
    assert built.image.settings["Env"] == ["A=1"]
    assert built.warnings == ("One or more build-args [B] were not consumed",)


def test_owners_and_modes_are_as_asked(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A", "run.sh": "#!/bin/sh"})
    (folder / "run.sh").chmod(0o755)
    image = build(
        "FROM nginx\nCOPY . /d/\nCOPY --chown=nginx --chmod=640 a.txt /e/\nCOPY --chown=1:nginx a.txt /f"
    ).image
    found = headers(store, image)
    told = {
        name: (found[name].uid, found[name].gid, oct(found[name].mode))
        for name in ("d/a.txt", "d/run.sh", "e/a.txt", "f")
    }
    assert told == {
        "d/a.txt": (0, 0, "0o644"),
        "d/run.sh": (0, 0, "0o755"),
        "e/a.txt": (101, 101, "0o640"),
        "f": (1, 101, "0o644"),
    }


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_stay_links_inside_folders_and_cannot_lead_out(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"src/a.txt": "A", "target.txt": "T"})
    (folder / "src" / "link").symlink_to("a.txt")
    (folder / "inside").symlink_to("target.txt")
    (folder / "outside").symlink_to("/etc/passwd")
    image = build("FROM scratch\nCOPY src /s/\nCOPY inside /t").image
    assert files_of(store, image) == {"s/": "", "s/a.txt": "A", "s/link": "-> a.txt", "t": "T"}
    with pytest.raises(ImageError, match="points outside the build context"):
        build("FROM scratch\nCOPY outside /t")


def test_a_destination_follows_the_links_of_the_image(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"root/real/x": "x", "a.txt": "A"})
    (folder / "root" / "alias").symlink_to("/real")
    image = build("FROM scratch\nCOPY root /\nCOPY a.txt /alias/\nCOPY a.txt /alias").image
    assert [files_of(store, image, layer=number) for number in (1, 2)] == [{"real/a.txt": "A"}] * 2


def test_add_unpacks_an_archive_and_nothing_leads_out_of_it(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"x": "X"})
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        archive.add(folder / "x", "deep/x")
        archive.add(folder / "x", "../../escaped")
    image = build("FROM scratch\nADD a.tar.gz /d/\nCOPY a.tar.gz /kept").image
    assert files_of(store, image, layer=0) == {"d/": "", "d/deep/": "", "d/deep/x": "X", "d/escaped": "X"}
    assert "kept" in headers(store, image)


def test_the_same_input_gives_the_same_digests(build: Build, folder: Path, store: Store) -> None:
    write(folder, FILES)
    text = 'FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nENV A=1\nCMD ["python", "src/main.py"]'
    first = build(text, use_cache=False).image
    for path in folder.rglob("*"):
        os.utime(path, (1, 1))
    (folder / "a.txt").chmod(0o664)
    again = build(text, use_cache=False).image
    assert again.digest == first.digest
    assert first.config["created"] == "1970-01-01T00:00:00Z"
    later = build(text, epoch=1_700_000_000).image
    assert later.config["created"] == "2023-11-14T22:13:20Z"
    assert {header.mtime for header in headers(store, later).values()} == {1_700_000_000}


def test_every_digest_is_what_sha256sum_says(build: Build, folder: Path, store: Store) -> None:
    write(folder, FILES)
    image = build('FROM scratch\nCOPY . /\nCMD ["x"]').image
    for blob in [image.manifest, *image.blobs]:
        data = store.content.path(blob.digest).read_bytes()
        assert (f"sha256:{hashlib.sha256(data).hexdigest()}", len(data)) == (blob.digest, blob.size)
    manifest = json.loads(store.content.path(image.digest).read_bytes())
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert image.config["rootfs"] == {"type": "layers", "diff_ids": [layer.diff_id for layer in image.layers]}
    assert [bool(entry.get("empty_layer")) for entry in image.history] == [False, True]


def test_a_second_build_takes_layers_from_the_cache_until_their_input_changes(build: Build, folder: Path) -> None:
    write(folder, {"needs.txt": "1", "app.py": "1"})
    text = "FROM python\nWORKDIR /app\nCOPY needs.txt .\nCOPY app.py .\nFROM scratch\nCOPY --from=0 /app /"
    steps: list[Step] = []

    def cached() -> list[bool]:
        steps.clear()
        build(text, tell=steps.append)
        return [step.cached for step in steps if not step.text.startswith("FROM")]

    assert cached() == [False, False, False, False]
    assert cached() == [True, True, True, True]
    assert [step.place for step in steps] == [*(f"stage-0 {n}/4" for n in (1, 2, 3, 4)), "stage-1 1/2", "stage-1 2/2"]
    write(folder, {"app.py": "2"})
    assert cached() == [True, True, False, False]
    write(folder, {"needs.txt": "2"})
    assert cached() == [True, False, False, False]
    build(text, tell=steps.append, use_cache=False)
    assert not steps[-1].cached


def test_a_layer_that_was_deleted_is_made_again(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A"})
    first = build("FROM scratch\nCOPY a.txt /").image
    store.content.remove(first.layers[0].descriptor.digest)
    again = build("FROM scratch\nCOPY a.txt /").image
    assert again.digest == first.digest
    assert files_of(store, again) == {"a.txt": "A"}


def test_an_image_is_found_by_its_name_and_by_its_id(build: Build, store: Store) -> None:
    image = build("FROM scratch\nENV A=1", tag="localhost:5050/waal/web:dev").image
    assert store.find(Reference.parse("localhost:5050/waal/web:dev")) == image
    assert store.need(image.id.removeprefix("sha256:")[:12]) == store.need(image.digest) == image
    with pytest.raises(ImageError, match="No such image: web:prod"):
        store.need("web:prod")
    [kept] = store.kept()
    assert str(kept.reference) == "localhost:5050/waal/web:dev"


def test_an_image_that_is_forgotten_takes_with_it_what_only_it_had(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A", "b.txt": "B"})
    one = build("FROM scratch\nCOPY a.txt /", tag="one").image
    two = build("FROM scratch\nCOPY a.txt /\nCOPY b.txt /", tag="two").image
    fresh = build("FROM scratch\nCOPY b.txt /", tag="fresh").image
    for blob in (*two.blobs, two.manifest):
        os.utime(store.content.path(blob.digest), (1, 1))
    store.forget(two)
    store.forget(fresh)
    assert [store.content.has(layer.descriptor.digest) for layer in two.layers] == [True, False]
    assert not store.content.has(two.digest)
    assert store.content.has(fresh.digest)  # another process may be about to use what is new
    assert files_of(store, one) == {"a.txt": "A"}


def test_an_image_that_was_built_is_a_base_for_the_next_and_hands_its_triggers_over(
    build: Build, folder: Path, store: Store
) -> None:
    write(folder, {"a.txt": "A"})
    build('FROM scratch\nENV A=1\nCMD ["base"]\nONBUILD COPY a.txt /onbuild/', tag="base")
    image = build('FROM base\nENTRYPOINT ["mine"]').image
    assert dict(image.settings) == {"Env": ["A=1"], "Entrypoint": ["mine"]}
    assert files_of(store, image) == {"onbuild/": "", "onbuild/a.txt": "A"}


def test_a_base_for_another_architecture_is_refused_on_its_line(build: Build) -> None:
    other = Platform("linux", "arm64" if host_platform().architecture != "arm64" else "amd64")
    build("FROM scratch\nENV A=1", tag="base", platform=other)
    with pytest.raises(DockerfileError) as caught:
        build("FROM scratch\nFROM base")
    assert caught.value.line == 2
    assert f"base is an image for {other}, not for {host_platform()}" in caught.value.problem
    assert f"--platform {other}" in caught.value.hint
    assert build("FROM base", platform=other).image.platform == other


def test_a_stage_may_be_for_another_platform_than_the_image(build: Build) -> None:
    text = "FROM --platform=$BUILDPLATFORM python AS tools\nFROM --platform=linux/$ARCH scratch\nENV A=1"
    assert str(build(f"ARG ARCH=arm64\n{text}").image.platform) == "linux/arm64"
    assert build(f"ARG ARCH=arm64\n{text}", target="tools").image.platform == host_platform()
    with pytest.raises(DockerfileError, match="'linux/' is not a platform") as caught:
        build(f"ARG ARCH\n{text}")
    assert caught.value.line == 3


def test_a_base_of_the_registry_is_fetched(build: Build, store: Store) -> None:
    asked: list[str] = []
    image = build("FROM scratch\nENV A=1").image

    def fetch(reference: Reference, _: Platform) -> Image:
        asked.append(str(reference))
        return image

    assert build("FROM localhost:5050/base:1", builder=Builder(store, fetch)).image.settings == {"Env": ["A=1"]}
    assert asked == ["localhost:5050/base:1"]


@pytest.mark.parametrize(
    "name", ["python:3.12-slim", "docker.io/library/python", "php:8.3-fpm", "nginx:alpine", "mysql:8.4", "postgres"]
)
def test_the_seeds_bases_are_there(build: Build, store: Store, name: str) -> None:
    image = build(f"FROM {name}\nWORKDIR /app").image
    labels = image.settings["Labels"]
    assert set(labels) <= {"gitopslab.host-interpreter", "gitopslab.simulated"}
    assert labels.get("gitopslab.host-interpreter") == ("python3" if "python" in name else None)
    assert "etc/passwd" in files_of(store, image)


def test_labels_and_names_may_come_with_the_request(build: Build, store: Store) -> None:
    image = build("FROM scratch\nLABEL a=file", labels={"a": "asked", "b": "1"}).image
    assert image.settings["Labels"] == {"a": "asked", "b": "1"}


def test_the_ignore_file_decides_what_is_in_the_context(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A", ".git/config": "x", "n/m/x.log": "", "n/keep.log": "K", "secret.env": "s"})
    write(folder, {".dockerignore": "# comment\n.git\n**/*.log\n!n/keep.log\n*.env\nDockerfile\n.dockerignore\n"})
    assert files_of(store, build("FROM scratch\nCOPY . /").image) == {
        "a.txt": "A", "n/": "", "n/m/": "", "n/keep.log": "K"
    }  # fmt: skip


def test_a_folder_without_a_dockerfile_says_so(store: Store, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DockerfileError, match="failed to read dockerfile") as caught:
        Builder(store).build(Request(folder))
    assert str(folder / "Dockerfile") in caught.value.hint
    (folder / "Dockerfile").write_bytes(b"FROM scratch\nENV A=\xff\n")
    with pytest.raises(DockerfileError, match="line 2: this is not UTF-8"):
        Builder(store).build(Request(folder))


WORDS = st.sampled_from(
    ["a.txt", "src", "/", ".", "..", "/x/", "*", "$A", "${A:-b}", '"', "'", "\\\\", "[", "]", '["a.txt", "/b"]', "A=1",
     "=", "80", "80/tcp", "--from=0", "--from=s", "--chown=1:2", "--chmod=7", "--platform=a/b", "AS", "s", "scratch",
     "python", "<<E", "CMD", "NONE", "--interval=1s", "COPY", "\n", "#", "é", "//", "-"]
)  # fmt: skip
KEYWORDS = st.sampled_from(
    ["FROM", "COPY", "ADD", "ENV", "ARG", "WORKDIR", "LABEL", "EXPOSE", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK",
     "ENTRYPOINT", "CMD", "ONBUILD", "SHELL", "MAINTAINER"]
)  # fmt: skip
LINES = st.builds(lambda keyword, words: " ".join([keyword, *words]), KEYWORDS, st.lists(WORDS, max_size=4))


@given(st.lists(LINES, max_size=6))
@settings(max_examples=40)
def test_any_dockerfile_is_built_or_refused(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "app"
        write(folder, {**FILES, "Dockerfile": "\n".join(["FROM scratch AS s", *lines])})
        with suppress(ImageError):
            built = Builder(Store(Path(root) / "store")).build(Request(folder, engine="lab"))
            assert built.image.config["rootfs"]["type"] == "layers"
