"""Whether a live object is what Git says, by Argo CD's rules.

Three sides are compared: what was applied last, what Git says, and what is there. Fields that only the live object has
are no difference. With server-side apply the API server is asked what an apply would make of the object. Source:
``gitops-engine/pkg/diff/diff.go``.

Simplified: Argo CD knows the defaults of built-in kinds from their Go types; here a dry run of the change tells them.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any, Protocol

from gitopslab.controlplane.runtime.api import PatchType
from gitopslab.controlplane.runtime.correlator import Recent
from gitopslab.errors import ApiError, LabError
from gitopslab.gitops.argocd.ignoring import Rules, without_fields_of
from gitopslab.gitops.argocd.normalizing import drop_place, lasting, normal, typed
from gitopslab.machinery.kinds import Catalog, Resource
from gitopslab.machinery.merge import MergeError, merge_difference, same
from gitopslab.machinery.objects import Object, name_of, namespace_of, uid_of
from gitopslab.machinery.schema import struct_of
from gitopslab.machinery.three_way import last_applied, three_way

_MOST_SEEN = 10_000
_UNREADABLE = re.compile(r"failed to create typed patch object \(.*?\): ")


class Way(enum.Enum):
    """How two sides are compared."""

    THREE_WAYS = "as a client-side apply would leave them"
    MERGED = "as a server-side apply would leave them, reckoned by Argo CD itself"
    ASKED = "as the server says in a dry run that it would leave them"


class Asked(Protocol):
    """What is asked of an API: an object in another version, and to change one, dry."""

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """The object as it is."""
        ...

    def patch(
        self, resource: str, name: str, patch: Any, namespace: str = "", *, type: PatchType, dry_run: bool
    ) -> Object:
        """The object as it would be."""
        ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """A comparison that was made: while both sides and the rules are what they were, so is its outcome."""

    version: str
    target: Object
    how: tuple[str, Way]
    differs: bool


class Differ:
    """Compares objects, and remembers how it went.

    Args:
        api: With Argo CD's field manager; only dry runs are asked of it.
        catalog: Which kinds there are.
    """

    def __init__(self, api: Asked, catalog: Catalog) -> None:
        self._api = api
        self._catalog = catalog
        self._seen: Recent[str, _Seen] = Recent(_MOST_SEEN)

    def differs(self, target: Object, live: Object, rules: Rules, way: Way) -> bool:
        """Whether applying a target would change a live object.

        Args:
            target: What Git says, with its tracking id.
            live: What is there.
            rules: What is left out.
            way: How they are compared.

        Raises:
            LabError: They cannot be compared.
        """
        version, how = live["metadata"].get("resourceVersion", ""), (rules.text, way)
        seen = self._seen.get(uid_of(live))
        if seen is not None and (seen.version, seen.how) == (version, how) and seen.target == target:
            return seen.differs
        there = self._converted(live, target)
        if way is Way.THREE_WAYS:
            differs = self._by_three_ways(target, there, rules)
        else:
            differs = self._by_server(target, there, rules, way)
        self._seen.put(uid_of(live), _Seen(version, target, how, differs))
        return differs

    def sides(self, target: Object, live: Object, rules: Rules, way: Way) -> tuple[Object, Object]:
        """What is there, and what applying the target would make of it, without what is not compared.

        Args:
            target: What Git says, with its tracking id.
            live: What is there.
            rules: What is left out.
            way: How they are compared.

        Raises:
            LabError: The cluster would refuse it, or they cannot be compared.
        """
        live = self._converted(live, target)
        resource = self._catalog.of(live)
        if way is not Way.THREE_WAYS:
            there, result = normal(live, rules), self._patch(resource, live, rules.without(target), "apply")
        else:
            before, wanted, there = _aligned(target, live, rules)
            predicted = _predicted(before, wanted, there, target)
            change = _custom_change(before, wanted, there) if predicted is None else merge_difference(there, predicted)
            result = self._patch(resource, there, change, "merge")
        return lasting(there), lasting(normal(result, rules))

    def _converted(self, live: Object, target: Object) -> Object:
        """A live object in the version that Git has it in, where the cluster serves that."""
        resource = self._catalog.of(target)
        if target["apiVersion"] == live["apiVersion"] or resource is None:
            return live
        return self._api.get(resource.qualified, name_of(live), namespace_of(live))

    def _by_three_ways(self, target: Object, live: Object, rules: Rules) -> bool:
        before, wanted, there = _aligned(target, live, rules)
        predicted = _predicted(before, wanted, there, target)
        if predicted is None:
            return _custom_differs(before, wanted, there)
        return not same(predicted, there) and self._differs_with_defaults(predicted, there, rules)

    def _differs_with_defaults(self, predicted: Object, there: Object, rules: Rules) -> bool:
        """Whether a change is one once the server has filled in its defaults; one that is refused is."""
        resource = self._catalog.of(there)
        change = merge_difference(there, predicted)
        try:
            result = self._patch(resource, there, change, "merge")
        except ApiError:
            return True
        after = normal(result, rules)
        return _is_dropped(change, after) or not same(lasting(after), lasting(there))

    def _by_server(self, target: Object, live: Object, rules: Rules, way: Way) -> bool:
        wanted = rules.without(target)
        try:
            result = self._patch(self._catalog.of(target), live, wanted, "apply")
        except ApiError as error:
            if why := _incomparable(target, error.message, way):
                raise LabError(f"failed to calculate diff: {why}") from error
            return True
        return not same(lasting(normal(result, rules)), lasting(normal(live, rules)))

    def _patch(self, resource: Resource | None, live: Object, patch: Object, how: Any) -> Object:
        assert resource is not None, "what is there has a kind"
        return self._api.patch(resource.qualified, name_of(live), patch, namespace_of(live), type=how, dry_run=True)


def _incomparable(target: Object, message: str, way: Way) -> str:
    """Why a target that the server refuses cannot be compared; empty where it only differs."""
    if way is Way.ASKED:
        who = f"{target['kind']}/{name_of(target)}"
        begin = (
            "error calculating server side diff: serverSideDiff error: error running server side apply in dryrun mode"
        )
        return f"{begin} for resource {who}: {message}"
    refusal = _UNREADABLE.match(message)
    begin = "error calculating structured merge diff: error building typed value from config resource"
    return f"{begin}: {message[refusal.end() :]}" if refusal else ""


def compared(obj: Object, rules: Rules) -> Object:
    """An object without what is not compared: its status, its bookkeeping, and what rules leave out."""
    return lasting(normal(obj, rules))


def _aligned(target: Object, live: Object, rules: Rules) -> tuple[Object, Object, Object]:
    """What was applied last, what Git says and what is there, as they are compared."""
    there, wanted = normal(live, rules), normal(typed(target), rules)
    if trusted := rules.trusted(live):
        there, wanted = without_fields_of(trusted, there, wanted)
    applied = last_applied(live)
    before = wanted if applied is None else normal(applied, rules)
    for side in (before, wanted):
        drop_place(side)
    return before, wanted, there


def _predicted(before: Object, wanted: Object, there: Object, target: Object) -> Object | None:
    """What a client-side apply would make of what is there; None for kinds whose fields are not known.

    Raises:
        LabError: They cannot be merged.
    """
    kind = struct_of(target["apiVersion"], target["kind"])
    if kind is None:
        return None
    try:
        return three_way(before, wanted, there, kind)
    except MergeError as error:
        raise LabError(str(error)) from error


def _custom_differs(before: Object, wanted: Object, there: Object) -> bool:
    """Whether a JSON merge of three sides changes something; what only the live object has in a list is no change."""
    return _adds(wanted, _only(before, there)) or _removes(before, wanted, there)


def _custom_change(before: Any, wanted: Any, there: Any) -> Object:
    """The merge patch of such a merge: what Git says otherwise, and what it no longer says."""
    change: Object = {name: None for name in before if name in there and name not in wanted}
    for name, value in wanted.items():
        if isinstance(value, dict) and isinstance(there.get(name), dict):
            known = before.get(name)
            if inner := _custom_change(known if isinstance(known, dict) else {}, value, there[name]):
                change[name] = inner
        elif not same(value, there.get(name)):
            change[name] = value
    return change


def _adds(wanted: Any, there: Any) -> bool:
    if isinstance(wanted, dict) and isinstance(there, dict):
        return any(value is not None and _adds(value, there.get(name)) for name, value in wanted.items())
    return not same(wanted, there)


def _removes(before: Any, wanted: Any, there: Any) -> bool:
    if not all(isinstance(side, dict) for side in (before, wanted, there)):
        return False
    # What was null before and is null again takes nothing away.
    known = {name: value for name, value in before.items() if name in there}
    gone = any(wanted.get(name) is None and (name not in wanted or value is not None) for name, value in known.items())
    return gone or any(_removes(before[name], wanted[name], there.get(name)) for name in before if name in wanted)


def _only(shape: Any, value: Any) -> Any:
    """A value without the fields that a shape of it does not have; items of lists are taken one by one."""
    if isinstance(shape, dict) and isinstance(value, dict):
        return {name: _only(below, value[name]) for name, below in shape.items() if name in value}
    if isinstance(shape, list) and isinstance(value, list):
        return [_only(shape[at], item) if at < len(shape) else item for at, item in enumerate(value)]
    return value


def _is_dropped(change: Any, result: Any) -> bool:
    """Whether the server did not take something: fields it does not know differ for ever."""
    if not isinstance(change, dict):
        return False
    if not isinstance(result, dict):
        return True
    return any(value and (name not in result or _is_dropped(value, result[name])) for name, value in change.items())
