"""How an object is, in a few words, for messages about waiting and for lists without columns.

Called by ``lab`` when something did not come in time; reads one object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gitopslab.machinery.language import drawn
from gitopslab.machinery.messages import sentence
from gitopslab.machinery.objects import Object
from gitopslab.views.news import when_of
from gitopslab.views.pods import status_of
from gitopslab.views.reasons import sentence_of


def state_words(obj: Object) -> str:
    """What there is to say about an object's state, such as ``2 of 3 replicas ready, 1 up to date``."""
    status = obj.get("status", {})
    if obj.get("kind") == "Pod":
        reason = sentence_of(obj)
        return f"{status_of(obj)}. {drawn(reason)}" if reason else status_of(obj)
    if "replicas" in obj.get("spec", {}):
        wanted, ready = obj["spec"]["replicas"], status.get("readyReplicas") or 0
        updated = status.get("updatedReplicas")
        if updated is None:
            return sentence(f"{ready} of {wanted} replicas ready")
        return sentence(f"{ready} of {wanted} replicas ready, {updated} up to date")
    if "desiredNumberScheduled" in status:
        wanted, ready = status["desiredNumberScheduled"], status.get("numberReady") or 0
        updated = status.get("updatedNumberScheduled") or 0
        return sentence(f"{ready} of {wanted} pods ready, {updated} up to date")
    doubts = [each for each in status.get("conditions") or [] if each.get("status") != "True"]
    if doubts:
        return "; ".join(f"{each['type']} is {each['status']}: {_why(each)}" for each in doubts)
    return str(status.get("phase") or sentence("it exists"))


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 pod``, ``3 pods``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _why(condition: Mapping[str, Any]) -> str:
    return str(condition.get("reason") or sentence("no reason given"))


def newest_event(events: Iterable[Object], names: Iterable[str]) -> str:
    """The newest event about these objects or what they made (named after them), warnings first; empty if none."""
    wanted = tuple(names)
    about = [
        event
        for event in events
        if any(_is_of(event.get("involvedObject", {}).get("name") or "", name) for name in wanted)
    ]
    if not about:
        return ""
    event = max(about, key=lambda each: (each.get("type") == "Warning", when_of(each)))
    whom = event["involvedObject"]
    return f"{whom.get('kind', '').lower()}/{whom.get('name')} {event.get('reason')}: {event.get('message')}"


def _is_of(name: str, owner: str) -> bool:
    return name == owner or name.startswith(owner + "-")
