"""The keywords of a job turned into the values that the runner works with.

``pipeline`` calls ``details``. The configuration has been checked, so what is here can rely on its shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gitopslab.ci.duration import seconds
from gitopslab.ci.job import Artifacts, Cache, Environment, Image, Retry, Service, Strings
from gitopslab.ci.scalars import as_text
from gitopslab.ci.tree import Map, Seq
from gitopslab.ci.variables import Variable, expand


def details(config: Map, expanded: Callable[[], Mapping[str, str]]) -> dict[str, Any]:
    """The fields of a ``Job`` that depend on nothing but its keywords.

    Args:
        config: The keywords, with those of ``default``.
        expanded: The values of its variables, for the texts that GitLab expands itself.
    """
    return {
        "before_script": strings(config.get("before_script")),
        "script": strings(config.get("script")),
        "after_script": strings(config.get("after_script")),
        "image": _image(config.get("image")),
        "services": tuple(map(_service, _listed(config.get("services")))),
        "artifacts": _artifacts(config.get("artifacts")),
        "cache": tuple(map(_cache, _listed(config.get("cache")))),
        "environment": environment(config.get("environment"), expanded),
        "retry": _retry(config.get("retry")),
        "timeout": seconds(config["timeout"]) if config.get("timeout") else None,
        "tags": tuple(expand(tag, expanded()) if "$" in tag else tag for tag in config.get("tags") or ()),
        "coverage": (config.get("coverage") or "")[1:-1],
        "resource_group": config.get("resource_group") or "",
        "trigger": _trigger(config.get("trigger")),
    }


def strings(value: Any) -> Strings:
    """A text or a nested list of texts as one flat tuple."""
    if isinstance(value, Seq):
        return tuple(one for item in value for one in strings(item))
    return () if value is None else (str(value),)


def _listed(value: Any) -> list[Any]:
    """The entries of a keyword that takes one or several, in lists or lists of lists."""
    if isinstance(value, Seq):
        return [one for item in value for one in _listed(item) if one is not None]
    return [] if value is None else [value]


def definitions(value: Any, origin: str) -> list[Variable]:
    """The keyword ``variables``."""
    found = []
    for name, given in (value or {}).items():
        is_map = isinstance(given, Map)
        raw = is_map and given.get("expand") is False
        found.append(Variable(name, as_text(given.get("value") if is_map else given), origin, raw=raw))
    return found


def _image(value: Any) -> Image | None:
    if value is None:
        return None
    given = Map([("name", value)]) if isinstance(value, str) else value
    entrypoint = given.get("entrypoint")
    return Image(given["name"], None if entrypoint is None else strings(entrypoint), strings(given.get("pull_policy")))


def _service(value: Any) -> Service:
    if isinstance(value, str):
        return Service(value)
    return Service(
        name=value["name"],
        alias=value.get("alias") or "",
        command=strings(value["command"]) if value.get("command") is not None else None,
        entrypoint=strings(value["entrypoint"]) if value.get("entrypoint") is not None else None,
        variables={one.name: one.value for one in definitions(value.get("variables"), "service")},
    )


def _artifacts(value: Any) -> Artifacts | None:
    if value is None:
        return None
    return Artifacts(
        paths=strings(value.get("paths")),
        exclude=strings(value.get("exclude")),
        untracked=value.get("untracked") is True,
        when=value.get("when") or "on_success",
        name=value.get("name") or "artifacts",
        expire_in=value.get("expire_in") or "",
        reports={
            name: strings(given.get("path") if isinstance(given, Map) else given)
            for name, given in (value.get("reports") or {}).items()
        },
    )


def _cache(value: Any) -> Cache:
    key = value.get("key")
    by_files = key if isinstance(key, Map) else Map()
    return Cache(
        key="" if by_files else key or "default",
        key_files=strings(by_files.get("files") or by_files.get("files_commits")),
        prefix=by_files.get("prefix") or "",
        paths=strings(value.get("paths")),
        untracked=value.get("untracked") is True,
        policy=value.get("policy") or "pull-push",
        when=value.get("when") or "on_success",
        fallback_keys=strings(value.get("fallback_keys")),
    )


def environment(value: Any, expanded: Callable[[], Mapping[str, str]]) -> Environment | None:
    """The keyword ``environment``, its name and URL expanded."""
    if value is None:
        return None
    given = Map([("name", value)]) if isinstance(value, str) else value
    return Environment(
        name=expand(given["name"], expanded()),
        url=expand(given.get("url") or "", expanded()),
        action=given.get("action") or "start",
        on_stop=given.get("on_stop") or "",
        auto_stop_in=given.get("auto_stop_in") or "",
        tier=given.get("deployment_tier") or "",
    )


def _retry(value: Any) -> Retry:
    if not isinstance(value, Map):
        return Retry(value or 0)
    codes = value.get("exit_codes")
    return Retry(
        value.get("max") or 0,
        strings(value.get("when")) or (() if codes is not None else ("always",)),
        tuple(codes) if isinstance(codes, Seq) else () if codes is None else (codes,),
    )


def _trigger(value: Any) -> Mapping[str, Any] | None:
    if value is None:
        return None
    return {"project": value} if isinstance(value, str) else dict(value)
