"""An image as a stack of layers, each with its instruction, its size and its files; and two images side by side.

``layers`` makes it from what ``images.story`` tells; ``layers_svg`` and ``layers_text`` say it without a browser. The
widget draws the same data. Which image is meant, and where it is kept, is left to whoever calls.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.images.content import Content
from gitopslab.images.image import Image
from gitopslab.images.sizes import bytes_in_words
from gitopslab.images.story import Change, Step, files_between, flat_settings, settings_between, steps_of
from gitopslab.views.message import Message
from gitopslab.views.words import counted

MOST_FILES = 200
"""How many files of one layer are told; more are counted."""

_MARKS = {"added": "+", "changed": "~", "removed": "-"}


@dataclass(frozen=True, slots=True)
class File(Message):
    """A file that a layer or another image has otherwise.

    Attributes:
        mark: ``+`` added, ``~`` changed, ``-`` removed.
        size: In words; empty for what has none.
    """

    mark: str
    path: str
    size: str


@dataclass(frozen=True, slots=True)
class Row(Message):
    """An instruction with its layer.

    Attributes:
        key: Tells it from the other rows of the picture.
        text: The instruction.
        digest: Of the layer; empty for an instruction that only changed settings.
        size: Of the layer, in words.
        share: How big the layer is beside the biggest one shown, from 0 to 1.
        shared: Whether the other image has the very same layer.
        files: What the layer brings.
        more: How many files are not told.
    """

    key: str
    text: str
    digest: str
    size: str
    share: float
    shared: bool
    files: tuple[File, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Stack(Message):
    """One image.

    Attributes:
        name: As people write it.
        digest: Of its manifest.
        size: Bytes to pull, in words.
        platform: What it runs on.
        settings: What containers are started with: names and values.
        rows: The lowest layer first.
    """

    name: str
    digest: str
    size: str
    platform: str
    settings: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Layers(Message):
    """Everything one picture shows.

    Attributes:
        stacks: One image, or two.
        summary: What there is to see, in one sentence.
        files: In which files the second image differs from the first.
        more: How many files are not told.
        settings: In which settings: name, what it was, what it is.
    """

    stacks: tuple[Stack, ...]
    summary: str
    files: tuple[File, ...] = ()
    more: int = 0
    settings: tuple[tuple[str, str, str], ...] = ()


def layers(content: Content, one: tuple[str, Image], other: tuple[str, Image] | None = None) -> Layers:
    """The picture of an image, or of two.

    Args:
        content: Where the layers are.
        one: Name and image.
        other: The one to compare with.

    Raises:
        ImageError: A layer cannot be read.
    """
    shown = [one] if other is None else [one, other]
    sizes = [layer.descriptor.size for _, image in shown for layer in image.layers]
    known = [{layer.diff_id for layer in image.layers} for _, image in shown]
    shared = known[0] & known[-1] if other is not None else set()
    stacks = tuple(
        _stack(at, name, image, steps_of(content, image), max(sizes, default=1), shared)
        for at, (name, image) in enumerate(shown)
    )
    if other is None:
        return Layers(stacks, _alone(stacks[0]))
    files, settings = files_between(content, one[1], other[1]), settings_between(one[1], other[1])
    told = tuple(_file(each) for each in files[:MOST_FILES])
    summary = _together(one[1], other[1], shared, len(files), len(settings))
    return Layers(stacks, summary, told, max(len(files) - MOST_FILES, 0), tuple(settings))


def _stack(at: int, name: str, image: Image, steps: list[Step], biggest: int, shared: set[str]) -> Stack:
    rows = tuple(_row(f"{at}-{number}", step, biggest, shared) for number, step in enumerate(steps))
    settings = tuple(flat_settings(image).items())
    return Stack(name, image.digest, bytes_in_words(image.size), str(image.platform), settings, rows)


def _row(key: str, step: Step, biggest: int, shared: set[str]) -> Row:
    layer = step.layer
    files = tuple(_file(each) for each in step.changes[:MOST_FILES])
    more = max(len(step.changes) - MOST_FILES, 0)
    text = step.text.removesuffix(" # gitopslab").removesuffix(" # buildkit")
    if layer is None:
        return Row(key, text, "", "", 0.0, False, files, more)
    share = round(layer.descriptor.size / biggest, 4)
    size = bytes_in_words(layer.descriptor.size)
    return Row(key, text, layer.descriptor.digest, size, share, layer.diff_id in shared, files, more)


def _file(change: Change) -> File:
    size = "" if change.what == "removed" or change.path.endswith("/") else bytes_in_words(change.size)
    return File(_MARKS[change.what], change.path, size)


def _alone(stack: Stack) -> str:
    count = sum(bool(row.digest) for row in stack.rows)
    return f"{counted(count, 'layer')} from {counted(len(stack.rows), 'step')}, {stack.size} to pull"


def _together(one: Image, other: Image, shared: set[str], files: int, settings: int) -> str:
    if one.digest == other.digest:
        return "the same image: one digest, two names"
    new = sum(layer.descriptor.size for layer in other.layers if layer.diff_id not in shared)
    differences = f"{counted(files, 'file')} and {counted(settings, 'setting')} differ"
    return f"{counted(len(shared), 'layer')} shared, {bytes_in_words(new)} to pull for the second; {differences}"
