"""Bash-like variables in manifests, as Flux fills them in after the build (``spec.postBuild``).

``${var}``, with a default ``${var:=default}`` or ``${var:-default}``, and the string forms ``${#var}``, ``${var^}``,
``${var^^}``, ``${var,}``, ``${var,,}``, ``${var:2:3}``, ``${var#prefix}``, ``${var%suffix}``, ``${var/old/new}``;
``$${var}`` stays ``${var}``, and ``$var`` is left alone (``envsubst``). Source:
``fluxcd/pkg/kustomize/kustomize_varsub.go``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gitopslab.errors import RenderError
from gitopslab.gitops.render.envsubst import expand
from gitopslab.machinery.go_yaml import written
from gitopslab.machinery.manifests import load
from gitopslab.machinery.objects import Object, annotations_of, group_of, labels_of, name_of

_NAME = "^[_[:alpha:]][_[:alpha:][:digit:]]*$"
_IS_NAME = re.compile(r"[_A-Za-z][_A-Za-z0-9]*\Z")
_DISABLED = "kustomize.toolkit.fluxcd.io/substitute"


def check_names(names: Iterable[str]) -> None:
    """Refuse names that no ``${…}`` could spell.

    Raises:
        RenderError: One is not a name.
    """
    for name in names:
        if not _IS_NAME.match(name):
            raise RenderError(f"'{name}' var name is invalid, must match '{_NAME}'")


def substituted(obj: Object, variables: Mapping[str, str]) -> Object:
    """An object with its variables filled in.

    It goes through YAML text, as in Flux: so a value that was quoted may come out as a number.

    Raises:
        RenderError: A variable is not set and has no default, or what comes out is no YAML.
    """
    text = written(obj, folds=False)
    if "$" not in text:
        return obj
    try:
        filled = expand(text, variables)
    except RenderError as error:
        raise RenderError(f"variable substitution failed: {error.message}") from error
    try:
        found, _ = load(filled)
    except ValueError as error:
        raise RenderError(f"YAMLToJSON: {error}") from error
    read: Object = found
    return read


def title(obj: Object) -> str:
    """An object as Flux names it in errors of the build: ``Deployment.v1.apps/web``, ``ConfigMap.v1.[noGrp]/web``."""
    version = str(obj.get("apiVersion", ""))
    group, version = group_of(version), version.rpartition("/")[2]
    return f"{obj.get('kind', '')}.{version}.{group or '[noGrp]'}/{name_of(obj)}"


def is_left_alone(obj: Object) -> bool:
    """Whether an object says that it wants no variables."""
    return any(of.get(_DISABLED) == "disabled" for of in (labels_of(obj), annotations_of(obj)))
