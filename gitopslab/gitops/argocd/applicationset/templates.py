"""Templates of ApplicationSets: texts in an Application, and in nested generators, are filled in with parameters. Pure.

There are two languages: ``{{name}}``, which is replaced where a parameter has that name and else left as it stands, and
Go's (``goTemplate: true``). Source: ``applicationset/utils/utils.go``, ``applicationset/controllers/template``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitopslab.errors import RenderError
from gitopslab.gitops.argocd.kinds import GROUP, RESOURCES_FINALIZER
from gitopslab.gitops.render.gotemplate import MissingKeyError, RunError, TemplateError, render
from gitopslab.machinery.manifests import load
from gitopslab.machinery.merge import merge_patch
from gitopslab.machinery.objects import Object, copy_of

Parameters = dict[str, Any]
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STRICT = "missingkey=error"


@dataclass(frozen=True, slots=True)
class Language:
    """How templates are read.

    Attributes:
        go: As Go's templates.
        options: ``goTemplateOptions``, as in ``missingkey=error``.
    """

    go: bool = False
    options: tuple[str, ...] = ()

    @classmethod
    def of(cls, appset: Object) -> Language:
        """That of an ApplicationSet."""
        spec = appset["spec"]
        return cls(bool(spec.get("goTemplate")), tuple(spec.get("goTemplateOptions") or ()))

    def filled(self, text: str, parameters: Mapping[str, Any]) -> str:
        """A text with parameters in it.

        Raises:
            RenderError: It cannot be filled in; the message is Argo CD's.
        """
        if not self.go:
            return _simple(text, parameters)
        if "{{" not in text:
            return text
        try:
            return render(text, parameters, strict=_STRICT in self.options)
        except TemplateError as error:
            words = f"failed to parse template {text}: template: base:1: {error.message}"
            raise TemplateError(words, error.hint) from error
        except RunError as error:
            where = f'template: base:{_place(text, error.at)}: executing "base" at <{error.at}>'
            raise type(error)(f"failed to execute go template {text}: {where}: {error.message}", error.at) from error

    def deep(self, value: Any, parameters: Mapping[str, Any]) -> Any:
        """A value with every text in it filled in, names of fields as well.

        Raises:
            RenderError: One of them cannot be filled in.
        """
        if isinstance(value, str):
            return self.filled(value, parameters)
        if isinstance(value, dict):
            return {self.filled(key, parameters): self.deep(item, parameters) for key, item in value.items()}
        if isinstance(value, list):
            return [self.deep(item, parameters) for item in value]
        return value

    def generator(self, generator: Object, parameters: Parameters) -> Object:
        """A nested generator with the parameters of the one before it.

        Its ``values`` may name what it gives itself, so one that cannot be filled in yet stays as it is.

        Raises:
            RenderError: Something else cannot be filled in.
        """
        if not parameters:
            return generator
        try:
            return {name: self._part(part, parameters) for name, part in generator.items()}
        except RenderError as error:
            raise RenderError(f"failed to replace parameters in generator: {error.message}", error.hint) from error

    def _part(self, part: Any, parameters: Parameters) -> Any:
        if not isinstance(part, dict) or not isinstance(part.get("values"), dict):
            return self.deep(part, parameters)
        rest = {name: item for name, item in part.items() if name != "values"}
        strict = Language(self.go, (*self.options, _STRICT))
        values = {name: _early(strict, name, text, parameters) for name, text in part["values"].items()}
        return {**self.deep(rest, parameters), "values": values}


def application(appset: Object, template: Object, parameters: Parameters) -> Object:
    """The Application that a template and one set of parameters make.

    Args:
        appset: The ApplicationSet.
        template: Its template, or a generator's own.
        parameters: To be filled in; none leave the template as it is.

    Raises:
        RenderError: It cannot be made.
    """
    language, spec = Language.of(appset), appset["spec"]
    filled = language.deep(template, parameters) if parameters else copy_of(template)
    metadata = {**(filled.get("metadata") or {}), "namespace": appset["metadata"]["namespace"]}
    keeps = (spec.get("syncPolicy") or {}).get("preserveResourcesOnDeletion")
    if parameters and not keeps and not metadata.get("finalizers"):
        metadata["finalizers"] = [RESOURCES_FINALIZER]
    app = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "Application",
        "metadata": metadata,
        "spec": filled.get("spec") or {},
    }
    patch = spec.get("templatePatch")
    return _patched(app, language, patch, parameters) if patch else app


def with_defaults(own: Any, usual: Any) -> Any:
    """A generator's own template, with the ApplicationSet's wherever it says nothing."""
    if not isinstance(own, dict) or not isinstance(usual, dict):
        return own if own not in (None, "", 0, False, [], {}) else copy_of(usual)
    return {key: with_defaults(own.get(key), usual.get(key)) for key in {**usual, **own}}


def flat(parameters: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Nested parameters as texts with dotted names: ``a.b``, ``list.0``."""
    items = enumerate(parameters) if isinstance(parameters, list) else parameters.items()
    for key, value in items:
        if isinstance(value, dict | list) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", plain(value)


def plain(value: Any) -> str:
    """A value as Go's ``%v`` prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, dict | list):
        return "map[]" if isinstance(value, dict) else "[]"
    return str(value)


def with_values(language: Language, values: Mapping[str, str] | None, parameters: Parameters) -> Parameters:
    """Parameters with a generator's ``values``, which may name the parameters but not each other.

    Raises:
        RenderError: One cannot be filled in.
    """
    filled = {key: language.filled(text, parameters) for key, text in (values or {}).items()}
    if language.go:
        return {**parameters, **({"values": filled} if filled else {})}
    return {**parameters, **{f"values.{key}": text for key, text in filled.items()}}


def _simple(text: str, parameters: Mapping[str, Any]) -> str:
    """The simple language; a text without a whole tag is none of it."""
    if not _TAG.search(text):
        return text
    rest = _TAG.split(text)[-1]
    if "{{" in rest:
        start = rest[rest.index("{{") :]
        raise RenderError(
            f'invalid template: Cannot find end tag="}}}}" in the template="{text}" starting from "{start}"'
        )
    return _TAG.sub(lambda tag: _tag(tag, parameters), text)


def _place(text: str, part: str) -> str:
    """Line and column of a part of a template, as Go counts them: of a chain of fields, those of the second."""
    at = max(text.find(part.split(" ", 1)[0]), 0)
    if part.startswith(".") and "." in part[1:]:
        at += part.index(".", 1)
    before = text[:at]
    return f"{before.count(chr(10)) + 1}:{at - (before.rfind(chr(10)) + 1)}"


def _tag(tag: re.Match[str], parameters: Mapping[str, Any]) -> str:
    name = tag[1].strip()
    value = parameters.get(name) if name else None
    return value if isinstance(value, str) else tag[0]


def _early(language: Language, key: str, text: str, parameters: Parameters) -> str:
    try:
        return language.filled(text, parameters)
    except RenderError as error:
        if isinstance(error, MissingKeyError) or "can't evaluate field" in error.message:
            return text
        raise RenderError(f'failed to pre-resolve Values key "{key}": {error.message}') from error


def _patched(app: Object, language: Language, patch: str, parameters: Parameters) -> Object:
    """An Application with ``templatePatch`` in it; the project stays the template's."""
    try:
        text = language.filled(patch, parameters)
    except RenderError as error:
        raise RenderError(f"error replacing values in templatePatch: {error.message}", error.hint) from error
    try:
        change, _ = load(text.encode())
    except ValueError as error:
        raise RenderError(f"error while converting template to json {text!r}: {error}") from error
    if change is None:
        return app
    if not isinstance(change, dict):
        raise RenderError(f"invalid templatePatch {text!r}: an object is needed")
    made: Object = merge_patch(app, change)
    made["spec"]["project"] = app["spec"].get("project", "")
    return made
