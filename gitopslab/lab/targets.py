"""What a learner means: ``"deployment/web"``, ``"pods"`` with labels, a manifest as text, a file, a folder.

Used by the facade; asks the cluster only for its kinds and for lists. Reading YAML is left to ``machinery.manifests``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitopslab import errors
from gitopslab.clusters.client import Client
from gitopslab.machinery import manifests
from gitopslab.machinery.kinds import Resource as ResourceType
from gitopslab.machinery.objects import Object, name_of, namespace_of

Source = str | Path | Object | Sequence[Object]
"""Manifests: text, a file or a folder of files, an object, or several."""

_FILES = (".yaml", ".yml", ".json")


def spoken(kind: ResourceType) -> str:
    """A type as kubectl says it in its lines: ``pod``, ``deployment.apps``."""
    return f"{kind.kind.lower()}.{kind.group}" if kind.group else kind.kind.lower()


@dataclass(frozen=True, slots=True)
class Target:
    """A type with the name of one object, or (empty) all of the type."""

    kind: ResourceType
    name: str
    namespace: str

    def __str__(self) -> str:
        return f"{spoken(self.kind)}/{self.name}" if self.name else self.kind.plural


def objects(source: Source) -> list[Object]:
    """The objects of manifests, in their order.

    Raises:
        ManifestError: A file is missing or something in it cannot be read.
    """
    if isinstance(source, Path) or (isinstance(source, str) and is_path(source)):
        return [obj for file in files(Path(source)) for obj in _read(file)]
    if isinstance(source, str):
        return manifests.objects(source)
    several = [source] if isinstance(source, Mapping) else list(source)
    for at, obj in enumerate(several, 1):
        fault = manifests.fault_of(obj)
        if fault:
            raise errors.ManifestError(f"object {at} of {len(several)}: {fault[0]}", fault[1])
    return [dict(obj) for obj in several]


def is_path(text: str) -> bool:
    """Whether a text names a file or folder of manifests rather than being one."""
    # os.path, because a long line of JSON is no path at all, which pathlib takes for an error
    return "\n" not in text and (text.endswith((*_FILES, "/")) or os.path.isdir(text))


def is_manifest(source: Source) -> bool:
    """Whether this is manifests rather than the name of an object."""
    return not isinstance(source, str) or "\n" in source or is_path(source)


def one(client: Client, what: str | Object, name: str, namespace: str) -> Target:
    """The object that ``"pod/web"``, ``("pod", "web")`` or an object stands for.

    Raises:
        LabError: It names none, or two.
        NotFoundError: There is no such kind.
    """
    if not isinstance(what, str):
        return Target(client.resource(what), name_of(what), namespace_of(what) or namespace)
    kind, _, rest = what.partition("/")
    if rest and name:
        raise errors.LabError(f"{what!r} names an object already, and so does {name!r}", "leave one of them out")
    if "/" in rest:
        raise errors.LabError(f"{what!r} names more than one object", f'write "{kind}/NAME"')
    if not (rest or name):
        raise _nameless(client, what)
    return Target(client.resource(kind), rest or name, namespace)


def _nameless(client: Client, what: str) -> errors.LabError:
    """What there is to say about a text that should name an object: the kind is missing, or the name, or the slash."""
    kind, *rest = what.split() or [""]
    try:
        client.resource(kind)
    except errors.NotFoundError:
        return errors.LabError(f"{what!r} does not tell of which kind it is", f'write KIND/NAME, such as "pod/{kind}"')
    if rest:
        return errors.LabError(f"{what!r} has a space between kind and name", f'write "{kind}/{rest[0]}"')
    return errors.LabError(f"{what!r} is a kind of object; which one is meant?", f'write "{kind}/NAME"')


def one_or_all(client: Client, what: str | Object, namespace: str) -> Target:
    """As ``one``, where a kind alone stands for all its objects."""
    if isinstance(what, str) and "/" not in what:
        return Target(client.resource(what), "", namespace)
    return one(client, what, "", namespace)


def meant(client: Client, what: Source, name: str, labels: str, namespace: str) -> Iterator[Target]:
    """Every object a command speaks of: those of manifests, those with some labels, or the one that is named."""
    if is_manifest(what):
        for obj in objects(what):
            yield one(client, obj, "", namespace)
        return
    assert isinstance(what, str)
    if not labels:
        yield one(client, what, name, namespace)
        return
    kind = client.resource(what)
    for obj in client.list(kind.key, namespace, labels=labels):
        yield Target(kind, name_of(obj), namespace_of(obj) or namespace)


def pods_of(client: Client, what: str, namespace: str) -> list[str]:
    """The pods whose logs are meant: one by name, or those a workload's selector finds.

    Raises:
        LabError: The workload has none.
    """
    if "/" not in what:
        return [what]
    target = one(client, what, "", namespace)
    if target.kind.kind == "Pod":
        return [target.name]
    spec = client.get(target.kind.key, target.name, namespace).get("spec", {})
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = client.list("pods", namespace, labels=selector) if selector else []
    if not pods:
        raise errors.LabError(f"{target} has no pods, so there are no logs", f'lab.kubectl("describe {what}")')
    return [name_of(pod) for pod in pods]


def files(path: Path) -> list[Path]:
    """The manifests of a folder in the order of their names, or the one file.

    Raises:
        ManifestError: The folder holds none.
    """
    if path.is_dir():
        found = sorted(file for file in path.iterdir() if file.suffix in _FILES)
        if not found:
            raise errors.ManifestError(
                f"the folder {path} holds no {', '.join(_FILES)} file", f"you are in {Path.cwd()}"
            )
        return found
    return [path]


def _read(file: Path) -> list[Object]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise errors.ManifestError(f"{file} cannot be read: {why}", f"you are in {Path.cwd()}") from error
    return manifests.objects(text, str(file))
