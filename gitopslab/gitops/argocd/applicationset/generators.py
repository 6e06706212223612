"""Generators: from a list, the known clusters, a repository, or two of these together, to sets of parameters. Pure.

Source: ``applicationset/generators``.

Simplified: no generators that ask a forge or a plugin (``scmProvider``, ``pullRequest``, ``plugin``), and no
``clusterDecisionResource``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.argocd.applicationset import repository
from gitopslab.gitops.argocd.applicationset.templates import Language, Parameters, flat, with_defaults, with_values
from gitopslab.gitops.argocd.clusters import OWN, Cluster
from gitopslab.gitops.argocd.kinds import IN_CLUSTER
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.render.gofunctions import normalized
from gitopslab.machinery.golang import go_kind
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object
from gitopslab.machinery.selectors import from_label_selector, refusal

Content = Callable[[str, str], Mapping[str, File]]
"""Gives the files of a repository (its URL) at a revision."""

_DEFAULT_REQUEUE = 180.0
_PAIR = 2


@dataclass(frozen=True, slots=True)
class Made:
    """What a generator made.

    Attributes:
        template: Its own, with the ApplicationSet's wherever it says nothing.
        parameters: The sets, one an Application.
    """

    template: Object
    parameters: list[Parameters]


@dataclass(frozen=True, slots=True)
class Generators:
    """Makes parameters for one ApplicationSet.

    Attributes:
        appset: The ApplicationSet.
        clusters: Those with a Secret, and Argo CD's own.
        content: Gives what is in a repository.
        language: Of its templates.
    """

    appset: Object
    clusters: Sequence[Cluster]
    content: Content
    language: Language = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "language", Language.of(self.appset))

    def made(self, generator: Object, usual: Object, given: Parameters | None = None) -> list[Made]:
        """What each generator of an entry makes.

        Args:
            generator: An entry of ``generators``.
            usual: The template around it.
            given: Parameters of the generator before it, in a matrix.

        Raises:
            LabError: One of them fails; the message is Argo CD's.
        """
        if why := refusal(generator.get("selector")):
            raise RenderError(f"error parsing label selector: {why}")
        selector = from_label_selector(generator["selector"]) if "selector" in generator else None
        filled = self.language.generator(generator, given or {})
        found = []
        for kind, part in generator.items():
            if kind == "selector" or part is None:
                continue
            make = _KINDS.get(kind)
            if make is None:
                raise LabError(f"the lab has no generator {kind}", f"There are: {', '.join(_KINDS)}")
            template = with_defaults(part.get("template") or {}, usual)
            sets = make(self, filled[kind])
            found.append(Made(template, [one for one in sets if selector is None or selector.matches(dict(flat(one)))]))
        return found

    def _list(self, part: Object) -> list[Parameters]:
        elements = part.get("elements") or []
        if why := _not_objects(elements):
            raise RenderError(f"error unmarshling list element {why}")
        found = list(elements) if self.language.go else [_texts(element) for element in elements]
        if part.get("elementsYaml"):
            try:
                more, _ = load(str(part["elementsYaml"]).encode())
            except ValueError as error:
                raise RenderError(f"error unmarshling decoded ElementsYaml {error}") from error
            if why := _not_objects([] if more is None else more):
                words = f"error unmarshaling JSON: while decoding JSON: {why}"
                raise RenderError(f"error unmarshling decoded ElementsYaml {words}")
            found += more or []
        return found

    def _clusters(self, part: Object) -> list[Parameters]:
        """Clusters with a Secret, by its labels; Argo CD's own has none, and is left out where labels are asked for."""
        wanted = part.get("selector") or {}
        if why := refusal(wanted):
            raise RenderError(why)
        selector = from_label_selector(wanted)
        selects = bool(wanted.get("matchLabels") or wanted.get("matchExpressions"))
        told = [one for one in self.clusters if one is not OWN]
        found = [_cluster(one, self.language) for one in told if selector is None or selector.matches(one.labels)]
        if not selects and not any(one.server == IN_CLUSTER for one in told):
            own = {"name": OWN.name, "nameNormalized": OWN.name, "server": OWN.server, "project": ""}
            found.append(own)
        sets = [with_values(self.language, part.get("values"), one) for one in found]
        return [{"clusters": sets}] if part.get("flatList") else sets

    def _git(self, part: Object) -> list[Parameters]:
        if not part.get("directories") and not part.get("files"):
            raise LabError("ApplicationSet is empty")
        reads_folders = bool(part.get("directories"))
        try:
            files = self.content(part["repoURL"], part.get("revision") or "")
        except LabError as error:
            doing = "error getting directories from repo: error retrieving Git Directories"
            words = doing if reads_folders else "error retrieving Git files"
            raise LabError(f"error generating params from git: {words}: {error.message}") from error
        read = repository.from_folders if reads_folders else repository.from_files
        try:
            return read(part, files, self.language)
        except RenderError as error:
            raise RenderError(f"error generating params from git: {error.message}") from error

    def _matrix(self, part: Object) -> list[Parameters]:
        """Each set of the first generator with each of the second, which may name the first's parameters."""
        nested = part.get("generators") or []
        if len(nested) != _PAIR:
            count = "less" if len(nested) < _PAIR else "more"
            raise LabError(f"found {count} than two generators, Matrix support only two")
        found = []
        for one in self._nested(nested[0], "error failed to get params for first generator in matrix generator"):
            words = "failed to get params for second generator in the matrix generator"
            for other in self._nested(nested[1], words, one):
                found.append(_deep(other, one) if self.language.go else _combined(one, other))
        return found

    def _merge(self, part: Object) -> list[Parameters]:
        """The sets of the first generator, with those of the others that have the same keys written over them."""
        nested = part.get("generators") or []
        if len(nested) < _PAIR:
            raise LabError("found less than two generators, Merge requires two or more")
        words = "error getting param sets from generators: error getting params from generator"
        all_sets = [self._nested(each, f"{words} {at} of {len(nested)}") for at, each in enumerate(nested, 1)]
        base, *others = (_by_keys(part.get("mergeKeys") or [], sets) for sets in all_sets)
        for sets in others:
            for key in base.keys() & sets.keys():
                base[key] = _deep(base[key], sets[key]) if self.language.go else {**base[key], **sets[key]}
        return list(base.values())

    def _nested(self, generator: Object, words: str, given: Parameters | None = None) -> list[Parameters]:
        try:
            made = self.made(generator, {}, given)
        except LabError as error:
            why = f"child generator returned an error on parameter generation: {error.message}"
            raise LabError(f"{words}: {why}", error.hint) from error
        if not made:
            raise LabError(f"{words}: child generator generated no parameters")
        if len(made) > 1:
            raise LabError(f"{words}: found more than one generator in matrix.Generators")
        return made[0].parameters


def requeue_after(generators: Sequence[Object]) -> float | None:
    """Seconds after which a repository is looked at again; None when none is looked at."""
    found: list[float] = []
    for generator in generators:
        git = generator.get("git")
        if git is not None:
            found.append(float(git.get("requeueAfterSeconds") or _DEFAULT_REQUEUE))
        for kind in ("matrix", "merge"):
            inner = requeue_after((generator.get(kind) or {}).get("generators") or ())
            found += [inner] if inner is not None else []
    return min(found, default=None)


_KINDS: dict[str, Callable[[Generators, Object], list[Parameters]]] = {
    "list": Generators._list,
    "clusters": Generators._clusters,
    "git": Generators._git,
    "matrix": Generators._matrix,
    "merge": Generators._merge,
}


def _not_objects(elements: Any) -> str:
    """Why something is no list of objects; empty when it is one."""
    map_type = "map[string]interface {}"
    if not isinstance(elements, list):
        return f"json: cannot unmarshal {go_kind(elements)} into Go value of type []{map_type}"
    odd = [go_kind(element) for element in elements if not isinstance(element, dict)]
    return f"json: cannot unmarshal {odd[0]} into Go value of type {map_type}" if odd else ""


def _texts(element: Object) -> Parameters:
    """An element of a list, whose values are all texts; those below ``values`` have dotted names."""
    found: Parameters = {}
    for key, value in element.items():
        if key == "values" and isinstance(value, dict):
            found |= {f"values.{name}": text for name, text in value.items()}
        elif key == "values":
            raise RenderError("error parsing values map")
        else:
            found[key] = value
    if not all(isinstance(value, str) for value in found.values()):
        raise RenderError("error parsing value as string %!w(<nil>)")
    return found


def _cluster(cluster: Cluster, language: Language) -> Parameters:
    told: Parameters = {"name": cluster.name, "nameNormalized": normalized(cluster.name), "server": cluster.server}
    told["project"] = cluster.project
    parts = {"annotations": cluster.annotations, "labels": cluster.labels}
    if language.go:
        return {**told, "metadata": {key: dict(part) for key, part in parts.items() if part}}
    dotted = {f"metadata.{key}.{name}": text for key, part in parts.items() for name, text in part.items()}
    return {**told, **dotted}


def _combined(one: Parameters, other: Parameters) -> Parameters:
    found = {key: str(value) for key, value in one.items()}
    for key, value in other.items():
        if key in found and found[key] != str(value):
            words = f"found duplicate key {key} with different value, a: {found[key]} ,b: {value}"
            raise LabError(f"failed to combine string maps with merging params for the matrix generator: {words}")
        found[key] = str(value)
    return found


def _deep(base: Any, over: Any) -> Any:
    """Two mappings as one; what the second has counts, but for an empty list."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {key: _deep(base.get(key), over[key]) if key in over else base[key] for key in {**base, **over}}
    return base if over == [] and isinstance(base, list) else over


def _by_keys(keys: Sequence[str], sets: Sequence[Parameters]) -> dict[str, Parameters]:
    words = "error getting param sets by merge key"
    if not keys:
        raise LabError(f"{words}: no merge keys were specified, Merge requires at least one")
    found: dict[str, Parameters] = {}
    for one in sets:
        key = json.dumps({name: one.get(name) for name in keys}, sort_keys=True, separators=(",", ":"))
        if key in found:
            why = "the parameters from a generator were not unique by the given mergeKeys, Merge requires all param"
            raise LabError(f"{words}: {why} sets to be unique. Duplicate key was {key}")
        found[key] = one
    return found
