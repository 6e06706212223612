"""The entries about what is kept: ``artifacts`` of a job, and ``cache`` from one pipeline to the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from gitopslab.ci.entries import checks
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.entries.parts import flag
from gitopslab.ci.scalars import inspected
from gitopslab.ci.tree import Map, Seq

_RESULTS = ("on_success", "on_failure", "always")
_ACCESS = ("none", "developer", "maintainer", "all")
_COVERAGE = ("cobertura", "jacoco")
_POLICY = re.compile(r"pull-push|push|pull|\$\w{1,255}", re.ASCII)


def artifacts(node: Node) -> Iterator[Fault]:
    """``artifacts``."""
    own = [*checks.hash_(node), *checks.keys(node, keywords("artifacts"))]
    exposed = node.get("expose_as") is not None
    if exposed:
        own += checks.present(node, "paths")
    own += checks.exclusive(node, "access", "public")
    own += checks.string(node, "name")
    own += [fault for name in ("public", "untracked") for fault in checks.boolean(node, name)]
    own += checks.strings(node, "paths")
    if exposed:
        own += _exposed(node)
    own += checks.strings(node, "exclude")
    if node.get("reports") is not None and not isinstance(node.get("reports"), Map):
        own.append(node.fault("should be a hash", "reports"))
    own += checks.one_of(node, "when", _RESULTS)
    own += checks.expiry(node, "expire_in")
    own += checks.one_of(node, "access", _ACCESS)
    yield from own or node.below(reports=_reports)


def _exposed(node: Node) -> Iterator[Fault]:
    where, name = node.get("paths"), node.get("expose_as")
    if checks.is_strings(where) and any("*" in path for path in where):
        yield node.fault("can't contain '*' when used with 'expose_as'", "paths")
    yield from checks.string(node, "expose_as")
    if isinstance(name, str) and len(name) > 100:
        yield node.fault("is too long (maximum is 100 characters)", "expose_as")
    if not re.fullmatch(r"\w[-\w ]*", inspected(name) if not isinstance(name, str) else name):
        yield node.fault("can contain only letters, digits, '-', '_' and spaces", "expose_as")


def _reports(node: Node) -> Iterator[Fault]:
    yield from checks.keys(node, keywords("reports"))
    for name in keywords("reports"):
        if name not in ("coverage_report", "codequality"):
            yield from checks.strings_or_string(node, name)
    yield from node.below(coverage_report=_coverage_report)


def _coverage_report(node: Node) -> Iterator[Fault]:
    yield from checks.hash_(node)
    yield from checks.keys(node, ("coverage_format", "path"))
    yield from checks.present(node, "coverage_format")
    if node.get("coverage_format") not in _COVERAGE:
        yield node.fault(f"must be one of supported formats: {', '.join(_COVERAGE)}.", "coverage_format")
    yield from checks.present(node, "path")
    if not isinstance(node.get("path"), str):
        yield node.fault("should be a string", "path")


def caches(node: Node) -> Iterator[Fault]:
    """``cache``: one or up to four. GitLab calls the whole ``caches``, and each of them by the keyword alone."""
    whole = Node(node.value, (*node.location[:-1], "caches"), node.place)
    if not isinstance(node.value, (Map, Seq)):
        yield whole.fault("can only be a hash or an array")
    elif isinstance(node.value, Seq) and len(node.value) > 4:
        yield whole.fault("no more than 4 caches can be created")
    else:
        for item in Node(node.value, node.location[:-1], node.place).items("cache"):
            yield from _cache(item)


def _cache(node: Node) -> Iterator[Fault]:
    own = [*checks.hash_(node), *checks.keys(node, keywords("cache"))]
    policy = node.get("policy")
    if not checks.is_blank(policy):
        own += checks.string(node, "policy")
        if not _POLICY.search(str(policy)):
            own.append(node.fault("should be a variable or one of: pull-push, push, pull", "policy"))
    own += checks.one_of(node, "when", _RESULTS)
    own += checks.at_most(node, "fallback_keys", node.get("fallback_keys"), 5, "to")
    yield from own or node.below(key=_key, unprotect=flag, untracked=flag, paths=paths, fallback_keys=paths)


def _key(node: Node) -> Iterator[Fault]:
    value = node.value
    if isinstance(value, str):
        yield from _key_text(node)
    elif not isinstance(value, Map):
        yield Fault(f"{':'.join(node.location)} should be a hash, a string or a symbol", node.place)
    else:
        own = list(checks.keys(node, ("files", "files_commits", "prefix")))
        if sum(name in value for name in ("files", "files_commits")) != 1:
            own.append(node.fault("must use exactly one of these keys: files, files_commits"))
        yield from own or node.below(files=_key_files, files_commits=_key_files, prefix=_key_text)


def _key_text(node: Node) -> Iterator[Fault]:
    if not isinstance(node.value, str):
        yield node.fault("should be a string or symbol")
    elif "/" in (path := unquote(node.value)):
        yield node.fault('cannot contain the "/" character')
    elif path in (".", ".."):
        yield node.fault('cannot be "." or ".."')


def _key_files(node: Node) -> Iterator[Fault]:
    yield from paths(node)
    if not checks.length(node.value):
        yield node.fault("requires at least 1 item")
    if checks.length(node.value) > 2:
        yield node.fault("has too many items (maximum is 2)")


def paths(node: Node) -> Iterator[Fault]:
    """A list of paths."""
    if not checks.is_strings(node.value):
        yield node.fault("should be an array of strings")
