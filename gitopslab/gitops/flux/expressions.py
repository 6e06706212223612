"""The CEL of a Kustomization: ``dependsOn[].readyExpr`` and ``healthCheckExprs``, in the environment Flux gives it.

Source: ``fluxcd/pkg/runtime/cel``. Errors are worded as ``cel-go`` words them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_optional

from gitopslab.errors import LabError

_EXTENSIONS = """
name: flux
extensions:
- name: sets
- name: encoders
- name: strings
  version: 2
"""
_CODE = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_WORDS = (
    (re.compile(r'Key not found in map : "?(.*?)"?$'), r"no such key: \1"),
    (re.compile(r'No value with name "(.*?)" found in Activation'), r"no such attribute(s): \1"),
    (re.compile(r"No matching overloads found.*"), "no such overload"),
)


class ExpressionError(LabError):
    """An expression is not CEL, or not of the type that is wanted: only a change of the object mends that."""


class NoValueError(LabError):
    """An expression has no value for these objects."""


@lru_cache(maxsize=256)
def compiled(expression: str, variables: tuple[str, ...] = ()) -> Any:
    """An expression, ready for ``holds``.

    Args:
        expression: In CEL.
        variables: What it may name; then it is checked, and must give a truth value. Without any, it may name whatever
            the object has.

    Raises:
        ExpressionError: It is none.
    """
    try:
        program = _environment(variables).compile(expression, disable_check=not variables)
    except RuntimeError as error:
        raise ExpressionError(f"failed to parse the CEL expression '{expression}': {_text(error)}") from error
    given = str(program.return_type().name()).lower() if variables else "bool"
    if given != "bool":
        raise ExpressionError(f"CEL expression output type mismatch: expected bool, got {given}")
    return program


def holds(expression: str, values: Mapping[str, Any], variables: tuple[str, ...] = ()) -> bool:
    """Whether an expression is true.

    Raises:
        ExpressionError: It is none.
        NoValueError: It has no truth value here.
    """
    result = compiled(expression, variables).eval(data=dict(values))
    if result.type() == cel.Type.ERROR:
        said = _text(result.plain_value())
        raise NoValueError(f"failed to evaluate the CEL expression '{expression}': {said}")
    value = result.plain_value()
    if not isinstance(value, bool):
        raise NoValueError(f"failed to evaluate CEL expression as boolean: '{expression}'")
    return value


@cache
def _environment(variables: tuple[str, ...]) -> cel.Env:
    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml(_EXTENSIONS),
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[ext_optional.ExtOptional()],
    )


def _text(error: object) -> str:
    text = _CODE.sub("", str(error))
    for pattern, words in _WORDS:
        text = pattern.sub(words, text)
    return text
