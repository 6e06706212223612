"""``docker tag``, ``images``, ``rmi`` and ``inspect``: the names of the store, and what is behind them."""

from __future__ import annotations

import datetime
import fnmatch
import json
from collections.abc import Sequence
from typing import Any

from gitopslab.errors import ImageError
from gitopslab.images.docker.desk import Desk, Refusal, ago, filled, reference_of, said_by_daemon, short
from gitopslab.images.docker.options import Given, Spec
from gitopslab.images.image import Image
from gitopslab.images.reference import Reference
from gitopslab.images.sizes import bytes_in_words
from gitopslab.images.store import Kept

TAG = Spec(
    "tag",
    "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    least=2,
    most=2,
)
IMAGES = Spec(
    "images",
    "[OPTIONS] [REPOSITORY[:TAG]]",
    "List images",
    most=1,
    flags={"all": "a", "quiet": "q", "no-trunc": "", "digests": ""},
    values={"format": "", "filter": "f"},
)
RMI = Spec("rmi", "[OPTIONS] IMAGE [IMAGE...]", "Remove one or more images", least=1, most=None, flags={"force": "f"})
INSPECT = Spec(
    "inspect",
    "[OPTIONS] NAME|ID [NAME|ID...]",
    "Return low-level information on Docker objects",
    least=1,
    most=None,
    values={"format": "f", "type": ""},
)


def tag(desk: Desk, given: Given) -> None:
    """Give an image another name."""
    source, target = given.arguments
    try:
        reference = Reference.parse(target)
    except ImageError as error:
        problem = f'"{target}" is not a valid repository/tag: {error.message}'
        raise Refusal(f"Error parsing reference: {problem}\n  Next: {error.hint}") from error
    try:
        image = desk.store.need(source)
    except ImageError as error:
        raise said_by_daemon(error) from error
    if reference.digest:
        raise Refusal("Error response from daemon: refusing to create a tag with a digest reference")
    desk.store.keep(reference, image.manifest)


def images(desk: Desk, given: Given) -> None:
    """A line a name."""
    wanted = [*given.arguments, *(text.removeprefix("reference=") for text in given.all("filter"))]
    found = [kept for kept in desk.store.kept() if all(_matches(kept, pattern) for pattern in wanted)]
    whole = given.has("no-trunc")
    if given.has("quiet"):
        for each in dict.fromkeys(kept.image.id if whole else short(kept.image.id) for kept in found):
            desk.say(each)
        return
    rows = [_row(kept, whole=whole) for kept in found]
    if given.last("format") and given.last("format") != "table":
        for row in rows:
            desk.say(filled(given.last("format"), row))
        return
    columns = ["Repository", "Tag", *(["Digest"] if given.has("digests") else []), "ID", "CreatedSince", "Size"]
    heads = {"ID": "IMAGE ID", "CreatedSince": "CREATED"}
    table = [[heads.get(name, name.upper()) for name in columns], *([row[name] for name in columns] for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(columns))]
    for line in table:
        desk.say("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _matches(kept: Kept, pattern: str) -> bool:
    name, version = kept.reference.familiar_name, kept.reference.familiar
    return any(fnmatch.fnmatchcase(text, pattern) for text in (name, version, str(kept.reference)))


def _row(kept: Kept, *, whole: bool) -> dict[str, str]:
    image = kept.image
    return {
        "Repository": kept.reference.familiar_name,
        "Tag": kept.reference.tag,
        "Digest": image.digest,
        "ID": image.id if whole else short(image.id),
        "CreatedSince": ago(str(image.config.get("created") or ""), datetime.datetime.now(datetime.UTC)),
        "Size": bytes_in_words(image.size),
    }


def rmi(desk: Desk, given: Given) -> None:
    """Take names away, and images that have none left."""
    for text in given.arguments:
        try:
            image = desk.store.need(text)
        except ImageError as error:
            raise said_by_daemon(error) from error
        names = [kept for kept in desk.store.kept() if kept.image.id == image.id]
        is_id = image.id.removeprefix("sha256:").startswith(text.removeprefix("sha256:"))
        going = names if is_id else [kept for kept in names if kept.reference == reference_of(text)]
        if is_id and len(names) > 1 and not given.has("force"):
            more = "image is referenced in multiple repositories"
            raise Refusal(f"Error response from daemon: conflict: unable to delete {text} (must be forced) - {more}")
        for kept in going:
            desk.store.tags.untag(kept.reference.name, kept.reference.tag)
            desk.say(f"Untagged: {kept.reference.familiar}")
        if len(going) == len(names):
            desk.store.forget(image)
            desk.say(f"Deleted: {image.id}")


def inspect(desk: Desk, given: Given) -> None:
    """Everything about images, as JSON or through a template."""
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    for text in given.arguments:
        try:
            found.append(_described(desk.store.need(text), desk.store.kept()))
        except ImageError:
            missing.append(text)
    if given.last("format"):
        for each in found:
            desk.say(filled(given.last("format"), each))
    else:
        desk.say(json.dumps(found, indent=4))
    if missing:
        raise Refusal("\n".join(f"Error: No such object: {text}" for text in missing))


_UNSET = {"Env": None, "Cmd": None, "Entrypoint": None, "WorkingDir": "", "User": "", "Labels": None}


def _described(image: Image, every: Sequence[Kept]) -> dict[str, Any]:
    names = [kept.reference for kept in every if kept.image.id == image.id]
    return {
        "Id": image.id,
        "RepoTags": [reference.familiar for reference in names],
        "RepoDigests": sorted({f"{reference.familiar_name}@{image.digest}" for reference in names}),
        "Created": image.config.get("created") or "",
        "Author": image.config.get("author") or "",
        "Config": {**_UNSET, **image.settings},
        "Architecture": image.platform.architecture,
        "Os": image.platform.os,
        "Size": image.size,
        "RootFS": {"Type": "layers", "Layers": [layer.diff_id for layer in image.layers]},
    }
