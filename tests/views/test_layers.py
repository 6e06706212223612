"""An image as a stack of layers: what is told of it, and its twins."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from layer_samples import built, pictured

from gitopslab.images.sizes import bytes_in_words
from gitopslab.images.store import Store
from gitopslab.views.layers import MOST_FILES, layers
from gitopslab.views.layers_svg import layers_svg
from gitopslab.views.layers_text import layers_text


def test_one_image_is_a_stack_of_steps(tmp_path: Path) -> None:
    told = pictured(tmp_path, two=False)
    [stack] = told.stacks
    assert told.summary == f"3 layers from 5 steps, {stack.size} to pull"
    assert [bool(row.digest) for row in stack.rows] == [True, True, True, False, False]
    assert max(row.share for row in stack.rows) == 1.0
    assert [(file.mark, file.path, file.size) for file in stack.rows[2].files] == [
        ("+", "app/app.py", "9B"), ("+", "app/static/", ""), ("+", "app/static/style.css", "800B"),
    ]  # fmt: skip
    assert not any(row.shared for row in stack.rows)
    assert ("Env VERSION", "1") in stack.settings


def test_two_images_share_layers_and_differ_in_the_rest(tmp_path: Path) -> None:
    told = pictured(tmp_path)
    assert [[row.shared for row in stack.rows] for stack in told.stacks] == [[True, True, False, False, False]] * 2
    assert [(file.mark, file.path) for file in told.files] == [("~", "app/app.py"), ("+", "app/needs.txt")]
    assert told.settings == (("Env VERSION", "1", "2"),)
    assert told.summary.startswith("2 layers shared, ")
    assert told.summary.endswith("2 files and 1 setting differ")
    keys = [row.key for stack in told.stacks for row in stack.rows]
    assert len(set(keys)) == len(keys)


def test_one_digest_under_two_names_is_the_same_image(tmp_path: Path) -> None:
    store, folder = Store(tmp_path / "store"), tmp_path / "app"
    image = built(store, folder, "web:dev", **{"a": "A"})
    assert (
        layers(store.content, ("web:dev", image), ("web:prod", image)).summary
        == "the same image: one digest, two names"
    )


def test_many_files_are_counted(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    image = built(store, tmp_path / "app", "web:1", **{f"f{number}": "" for number in range(MOST_FILES + 5)})
    row = layers(store.content, ("web:1", image)).stacks[0].rows[2]
    assert (len(row.files), row.more) == (MOST_FILES, 5)


def test_the_text_tells_all_of_it(tmp_path: Path) -> None:
    text = layers_text(pictured(tmp_path))
    for words in (
        "2 layers shared",
        "web:1   sha256:",
        "WORKDIR /app",
        "Env VERSION: 1 became 2",
        "~ app/app.py",
        "no layer",
    ):
        assert words in text


@pytest.mark.parametrize("two", [False, True])
def test_the_picture_is_svg_that_stands_alone(tmp_path: Path, two: bool) -> None:
    svg = layers_svg(pictured(tmp_path, two=two))
    root = ElementTree.fromstring(svg)
    texts = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "WORKDIR /app" in texts
    assert ("What differs" in texts) is two
    assert "href" not in svg


@pytest.mark.parametrize(("size", "expected"), [(0, "0B"), (999, "999B"), (1820, "1.82kB"), (72_295_909, "72.3MB")])
def test_sizes_read_as_dockers(size: int, expected: str) -> None:
    assert bytes_in_words(size) == expected
