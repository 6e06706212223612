"""The entries that stand both in ``default`` and in jobs: scripts, images, services, variables, caches, artifacts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from gitopslab.ci.duration import seconds
from gitopslab.ci.entries import checks
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.tree import Map, Seq

_MONTH = 2_592_000
_PULL = ("always", "never", "if-not-present")
_RESULTS = ("on_success", "on_failure", "always")
_ACCESS = ("none", "developer", "maintainer", "all")
_POLICY = re.compile(r"pull-push|push|pull|\$\w{1,255}", re.ASCII)


def commands(node: Node) -> Iterator[Fault]:
    """``script`` and its kin."""
    if not checks.is_nested(node.value, lambda value: isinstance(value, str)):
        yield node.fault("should be a string or a nested array of strings up to 10 levels deep")


def hooks(node: Node) -> Iterator[Fault]:
    """``hooks``."""
    own = [*checks.hash_(node), *checks.keys(node, ("pre_get_sources_script",))]
    yield from own or node.below(pre_get_sources_script=commands)


def image(node: Node, allowed: tuple[str, ...] = keywords("image")) -> Iterator[Fault]:
    """``image``; with more keys also an item of ``services``."""
    own = list(_image(node, allowed))
    yield from own or node.below(pull_policy=_pull_policy)


def _image(node: Node, allowed: tuple[str, ...]) -> Iterator[Fault]:
    value = node.value
    if not isinstance(value, (Map, str)):
        yield node.fault("should be a hash or a string")
    if node.has("ports"):
        yield node.fault("contains disallowed keys: ports", key="ports")
    name = value if isinstance(value, str) else node.get("name")
    if not isinstance(name, str):
        yield node.fault("should be a string", "name")
    if checks.is_blank(name):
        yield node.fault("can't be blank", "name")
    yield from checks.strings(node, "entrypoint")
    yield from checks.keys(node, allowed)


def _pull_policy(node: Node) -> Iterator[Fault]:
    if isinstance(node.value, str):
        if node.value not in _PULL:
            yield node.fault("is not included in the list")
    elif not checks.is_strings(node.value):
        yield node.fault("should be an array of strings or a string")
    elif unknown := [item for item in node.value if item not in _PULL]:
        yield node.fault(f"contains unknown values: {', '.join(unknown)}")
    elif not node.value:
        yield node.fault("can't be blank")


def services(node: Node) -> Iterator[Fault]:
    """``services``."""
    if not isinstance(node.value, Seq):
        yield node.fault("should be an array")
        return
    for item in node.items("service"):
        yield from service(item)


def service(node: Node) -> Iterator[Fault]:
    """An item of ``services``."""
    own = [*_image(node, keywords("service", "image")), *checks.string(node, "alias")]
    yield from own or node.below(pull_policy=_pull_policy, variables=variables, command=commands)


def variables(node: Node, allowed: tuple[str, ...] = ()) -> Iterator[Fault]:
    """``variables``; a map as a value may have the allowed keys, and none is allowed where there are none."""
    yield from (own := list(checks.hash_(node)))
    for name in () if own else node.value:
        yield from _variable(Node(node.value[name], (*node.location, name), node.value.place_of(name)), allowed)


def _variable(node: Node, allowed: tuple[str, ...]) -> Iterator[Fault]:
    if node.value is None:
        node = Node(Map(), node.location, node.place)
    if isinstance(node.value, Map):
        yield from _detailed(node, allowed)
    elif isinstance(node.value, Seq):
        yield Fault("variable definition must be either a string or a hash", node.place)


def _detailed(node: Node, allowed: tuple[str, ...]) -> Iterator[Fault]:
    if isinstance(node.get("value"), (Map, Seq)):
        yield node.fault("must be a scalar", "config_value", "value")
    if isinstance(node.get("description"), (Map, Seq, bool, float)):
        yield node.fault("must be an alphanumeric string", "config_description", "description")
    if node.get("expand") is not None and not isinstance(node.get("expand"), bool):
        yield node.fault("should be a boolean value", "config_expand", "expand")
    options = node.get("options")
    if options is not None and not checks.is_strings(options):
        yield node.fault("should be an array of strings", "config_options", "options")
    extra = [key for key in node.value if key not in allowed]
    if not allowed:
        yield node.fault("must be a string")
    elif extra:
        yield node.fault(f"uses invalid data keys: {', '.join(extra)}", key=extra[0])
    if options and node.get("value") not in options:
        yield node.fault("value must be present in options")


def tags(node: Node) -> Iterator[Fault]:
    """``tags``."""
    if not checks.is_strings(node.value):
        yield node.fault("should be an array of strings")
    elif len(node.value) >= 50:
        yield node.fault("must be less than the limit of 50 tags")


def timeout(node: Node) -> Iterator[Fault]:
    """``timeout``: under a month."""
    yield from checks.duration(node, "config", node.value, _MONTH)


def retry(node: Node) -> Iterator[Fault]:
    """``retry``; GitLab leaves the job out of its location."""
    value, node = node.value, Node(node.value, ("retry",), node.place)
    if checks.is_integer(value):
        yield from checks.between(node, "config", value, 0, 2)
    elif isinstance(value, Map):
        yield from checks.keys(node, ("max", "when", "exit_codes"))
        if value.get("max") is not None:
            yield from checks.between(node, "max", value["max"], 0, 2)
        yield from _retry_when(node, value.get("when"))
        yield from checks.exit_codes(node)
    else:
        yield Fault("retry config has to be either an integer or a hash", node.place)


def _retry_when(node: Node, when: Any) -> Iterator[Fault]:
    yield from checks.strings_or_string(node, "when")
    if isinstance(when, Seq) and (unknown := [str(item) for item in when if item not in keywords("failures")]):
        yield node.fault(f"contains unknown values: {', '.join(unknown)}", "when")
    if isinstance(when, str) and when not in keywords("failures"):
        yield node.fault("is not included in the list", "when")


def flag(node: Node) -> Iterator[Fault]:
    """``interruptible``."""
    if not isinstance(node.value, bool):
        yield node.fault("should be a boolean value")


def paths(node: Node) -> Iterator[Fault]:
    """A list of paths."""
    if not checks.is_strings(node.value):
        yield node.fault("should be an array of strings")


def id_tokens(node: Node) -> Iterator[Fault]:
    """``id_tokens``."""
    yield from (own := list(checks.hash_(node)))
    for name in () if own else node.value:
        token = Node(node.value[name], (*node.location, name), node.value.place_of(name))
        yield from checks.required(token, "aud")
        yield from checks.keys(token, ("aud",))
        yield from checks.strings_or_string(token, "aud")


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
    expire = node.get("expire_in")
    if expire is not None and not (isinstance(expire, str) and (expire.lower() == "never" or seconds(expire))):
        own.append(node.fault("should be a duration", "expire_in"))
    own += checks.one_of(node, "access", _ACCESS)
    yield from own or node.below(reports=_reports)


def _exposed(node: Node) -> Iterator[Fault]:
    where, name = node.get("paths"), node.get("expose_as")
    if checks.is_strings(where) and any("*" in path for path in where):
        yield node.fault("can't contain '*' when used with 'expose_as'", "paths")
    yield from checks.string(node, "expose_as")
    if isinstance(name, str) and len(name) > 100:
        yield node.fault("is too long (maximum is 100 characters)", "expose_as")
    if not isinstance(name, str) or not re.fullmatch(r"\w[-\w ]*", name):
        yield node.fault("can contain only letters, digits, '-', '_' and spaces", "expose_as")


def _reports(node: Node) -> Iterator[Fault]:
    yield from checks.keys(node, keywords("reports"))
    for name in keywords("reports"):
        if name not in ("coverage_report", "codequality"):
            yield from checks.strings_or_string(node, name)


def caches(node: Node) -> Iterator[Fault]:
    """``cache``: one or up to four."""
    if not isinstance(node.value, (Map, Seq)):
        yield node.fault("can only be a hash or an array")
    elif isinstance(node.value, Seq) and len(node.value) > 4:
        yield node.fault("no more than 4 caches can be created")
    else:
        for item in node.items("cache"):
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
    if isinstance(node.value, Seq) and not node.value:
        yield node.fault("requires at least 1 item")
    if isinstance(node.value, Seq) and len(node.value) > 2:
        yield node.fault("has too many items (maximum is 2)")
