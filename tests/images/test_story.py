"""What an image is made of, and how two differ."""

from __future__ import annotations

from pathlib import Path

from image_samples import Build, write

from gitopslab.images.store import Store
from gitopslab.images.story import Change, files_between, settings_between, steps_of

TEXT = 'FROM python\nWORKDIR /app\nCOPY . .\nENV A=1\nLABEL l=1\nCMD ["python"]'


def test_each_step_has_its_layer_and_its_files(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A", ".dockerignore": "Dockerfile\n.dockerignore\n"})
    steps = steps_of(store.content, build(f"{TEXT}\nCOPY a.txt /app/").image)
    assert [step.text.partition(" #")[0] for step in steps] == [
        "gitopslab base python", "WORKDIR /app", "COPY . .", "ENV A=1", "LABEL l=1", 'CMD ["python"]',
        "COPY a.txt /app/",
    ]  # fmt: skip
    assert [step.layer is not None for step in steps] == [True, True, True, False, False, False, True]
    assert steps[1].changes == (Change("app/", "added", 0),)
    assert steps[2].changes == (Change("app/a.txt", "added", 1),)
    assert steps[-1].changes == (Change("app/a.txt", "changed", 1),)


def test_two_images_differ_in_files_and_settings(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"same.txt": "S", "a.txt": "A", "gone.txt": "G", ".dockerignore": "Dockerfile\n.dockerignore\n"})
    one = build(TEXT).image
    write(folder, {"a.txt": "2", "new.txt": "NEW"})
    (folder / "gone.txt").unlink()
    other = build(TEXT.replace("A=1", "B=2").replace("l=1", "l=2")).image
    assert files_between(store.content, one, other) == [
        Change("app/a.txt", "changed", 1),
        Change("app/gone.txt", "removed", 0),
        Change("app/new.txt", "added", 3),
    ]
    assert settings_between(one, other) == [("Env A", "1", ""), ("Env B", "", "2"), ("Label l", "1", "2")]
    assert files_between(store.content, one, one) == settings_between(one, one) == []


def test_the_same_files_in_other_layers_do_not_differ(build: Build, folder: Path, store: Store) -> None:
    write(folder, {"a.txt": "A", "b.txt": "B"})
    one = build("FROM scratch\nCOPY a.txt b.txt /").image
    other = build("FROM scratch\nCOPY a.txt /\nCOPY b.txt /").image
    assert one.digest != other.digest
    assert files_between(store.content, one, other) == []
