"""The commands ``gitopslab image build``, ``push``, ``pull``, ``inspect`` and ``ls``: images, with or without Docker.

Each asks one thing of ``clusters.images`` and prints what came of it, in the words that ``lab`` has for a cell.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gitopslab.cli.console import answer_json, note, progress, say, table
from gitopslab.cli.listing import Listing
from gitopslab.cli.options import ClusterOption, JsonOption, NameOption
from gitopslab.errors import LabError

if TYPE_CHECKING:
    from gitopslab.clusters.images import Images

app = typer.Typer(
    cls=Listing,
    help="Container images: built, pushed, pulled and looked into, with or without Docker.",
    no_args_is_help=True,
)

ImageArgument = Annotated[str, typer.Argument(metavar="IMAGE", help="A name such as localhost:5050/waal/waal-web:dev.")]


@app.command("build")
def build(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The build context: the folder with the files.")],
    tag: Annotated[
        list[str] | None, typer.Option("--tag", "-t", metavar="NAME", help="A name; may be repeated.")
    ] = None,
    file: Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="Default: Dockerfile in the folder.")] = "",
    build_arg: Annotated[list[str] | None, typer.Option("--build-arg", metavar="K=V", help="A value for ARG.")] = None,
    target: Annotated[str, typer.Option("--target", metavar="STAGE", help="Stop at this stage.")] = "",
    platform: Annotated[str, typer.Option("--platform", metavar="OS/ARCH", help="Default: this machine's.")] = "",
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Make every layer anew.")] = False,
    engine: Annotated[
        str, typer.Option("--engine", metavar="E", help="auto, lab, docker, podman or buildah: who builds.")
    ] = "auto",
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
) -> None:
    """Build an image from a Dockerfile; the digest is printed last, alone on its line.

    The lab builds it itself. What it cannot do (RUN, base images of others) goes to Docker, Podman or Buildah when one
    answers; otherwise the line is named.

    For example:

      gitopslab image build app -t localhost:5050/waal/waal-web:dev

      gitopslab image build . --build-arg VERSION=1.2.3 --target test
    """
    from gitopslab.clusters.images import Reference, Request
    from gitopslab.images.image import Platform
    from gitopslab.lab.images import built_words, step_words

    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    request = Request(
        folder,
        dockerfile=str(Path(file).absolute()) if file else "Dockerfile",
        tags=tuple(Reference.parse(each) for each in tag or []),
        args=dict(_pair(each) for each in build_arg or []),
        target=target,
        platform=Platform.parse(platform) if platform else None,
        epoch=int(epoch) if epoch.isdigit() else 0,
        use_cache=not no_cache,
        engine=engine,
    )
    built = _images(spec, name).build(request, lambda step: note(step_words(step)))
    note(built_words(built))
    say(built.image.digest)


@app.command("push")
def push(image: ImageArgument, spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """Send an image to the registry that its name begins with; the lab's own is started when it does not run.

    For example:

      gitopslab image push localhost:5050/waal/waal-web:dev
    """
    from gitopslab.clusters.images import Reference

    reference = Reference.parse(image)
    with progress("pushing") as step:
        pushed = _images(spec, name).push(reference, lambda moved: step(_words(moved)))
    say(f"{reference.tag}: digest: {pushed.digest}")


@app.command("tag")
def tag(
    image: ImageArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The further name.")],
    spec: ClusterOption = "embedded",
    cluster: NameOption = "lab",
) -> None:
    """Give an image of this machine another name; the image, and its digest, stay what they are.

    For example:

      gitopslab image tag localhost:5050/waal/waal-web:dev localhost:5050/waal/waal-web:prod-v1.2.3
    """
    from gitopslab.clusters.images import Reference

    store = _images(spec, cluster).store
    store.keep(Reference.parse(name), store.need(image).manifest)


@app.command("pull")
def pull(image: ImageArgument, spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """Get an image by tag or digest from the registry that its name begins with.

    For example:

      gitopslab image pull localhost:5050/waal/waal-web:dev
    """
    from gitopslab.clusters.images import Reference

    with progress("pulling") as step:
        pulled = _images(spec, name).pull(Reference.parse(image), lambda moved: step(_words(moved)))
    say(f"Digest: {pulled.digest}")


@app.command("inspect")
def inspect(
    image: ImageArgument,
    other: Annotated[str, typer.Argument(metavar="[OTHER]", help="Another image, to see what differs.")] = "",
    as_json: JsonOption = False,
    spec: ClusterOption = "embedded",
    name: NameOption = "lab",
) -> None:
    """The layers of an image with their sizes and instructions; with another image, what both share and what differs.

    For example:

      gitopslab image inspect waal-web:dev

      gitopslab image inspect waal-web:1 waal-web:2
    """
    from gitopslab.views.layers import layers
    from gitopslab.views.layers_text import layers_text

    store = _images(spec, name).store
    found = store.need(image)
    if as_json and not other:
        answer_json({"digest": found.digest, "id": found.id, "size": found.size, "config": found.config})
        return
    drawn = layers(store.content, (image, found), (other, store.need(other)) if other else None)
    say(json.dumps(drawn.as_dict(), indent=2) if as_json else layers_text(drawn))


@app.command("ls")
def ls(as_json: JsonOption = False, spec: ClusterOption = "embedded", name: NameOption = "lab") -> None:
    """The images of this machine.

    For example:

      gitopslab image ls
    """
    from gitopslab.lab.images import images_grid

    images = _images(spec, name)
    if as_json:
        answer_json(
            [
                {"name": kept.reference.familiar, "digest": kept.image.digest, "size": kept.image.size}
                for kept in images.store.kept()
            ]
        )
        return
    grid = images_grid(images)
    table(grid.columns, grid.rows)


def _images(spec: str, name: str) -> Images:
    from gitopslab.clusters import cluster
    from gitopslab.clusters.forge import Forge
    from gitopslab.clusters.images import REAL_NODES, Images

    found = cluster(spec, name)
    return Images(Forge.of(found), note, real_nodes=found.kind in REAL_NODES)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not name:
        raise LabError(f"--build-arg {text!r} has no name", "Write --build-arg NAME=VALUE.")
    return name, value if sign else os.environ.get(name, "")


def _words(moved: object) -> str:
    from gitopslab.clusters.images import Moved
    from gitopslab.lab.images import moved_words

    assert isinstance(moved, Moved)
    return moved_words(moved)
