"""What the ``argocd`` command shows, made of objects alone: a list, an application, its resources, its history.

Called by ``lab.argocd``; good on any cluster. Words, columns and labels are those of the real command line. An
Application does not hold the health of its resources (since Argo CD 3.0); whoever asks brings it along.
"""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from gitopslab.gitops.argocd.state import Key
from gitopslab.machinery.clock import seconds_of
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views.grid import Grid

_SHORT = 7
_HIDDEN = "++++++++"
_COLUMNS = ("Name", "Cluster", "Namespace", "Project", "Status", "Health", "SyncPolicy", "Conditions")
_WIDE = ("Repo", "Path", "Target")
_SHA = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True, slots=True)
class State:
    """How a resource of an application is, and what the last sync did with it: a line of ``argocd app get``.

    Attributes:
        key: Which one.
        status: Synced or OutOfSync; of a hook its phase.
        health: Of its kind's rule; of a hook the result's code.
        hook: When it runs, for a hook.
        message: Of the last sync.
    """

    key: Key
    status: str
    health: str
    hook: str
    message: str

    @property
    def cells(self) -> tuple[str, ...]:
        """Group, kind, namespace, name, status, health, hook and message."""
        return (*self.key, self.status, self.health, self.hook, self.message)


def apps(objects: Sequence[Object], *, wide: bool = False) -> Grid:
    """``argocd app list``: a row an application."""
    columns = (*_COLUMNS, *_WIDE) if wide else _COLUMNS
    return Grid(columns, tuple(_app(obj)[: len(columns)] for obj in objects))


def details(app: Object, health: Mapping[Key, str], window: str = "Sync Allowed") -> str:
    """``argocd app get``: what it is, what is wrong with it, and its resources.

    Args:
        app: The Application.
        health: Of its resources, as far as they have any.
        window: Whether its project's sync windows let it be synced.
    """
    lines = [_summary(app, window)]
    conditions = (app.get("status") or {}).get("conditions") or []
    if conditions:
        rows = [(each["type"], each["message"], moment(each.get("lastTransitionTime"))) for each in conditions]
        lines += ["", table(("CONDITION", "MESSAGE", "LAST TRANSITION"), rows), ""]
    found = states(app, health)
    return "\n".join([*lines, "", resources(found)] if found else lines)


def resources(found: Iterable[State]) -> str:
    """The resources of an application, a line each."""
    head = ("GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE")
    return table(head, [state.cells for state in found])


def states(app: Object, health: Mapping[Key, str]) -> list[State]:
    """The resources of the last sync in its order, and after them the others by name."""
    status = app.get("status") or {}
    there = {_key(each): each for each in status.get("resources") or []}
    result = (status.get("operationState") or {}).get("syncResult") or {}
    found = [_synced(each, there, health) for each in result.get("resources") or []]
    others = sorted(there.keys() - {state.key for state in found}, key=str)
    return found + [State(key, there[key].get("status", ""), health.get(key, ""), "", "") for key in others]


def operation(app: Object, now: float) -> str:
    """What the last operation did: the block below ``argocd app sync``; empty when there was none."""
    state = (app.get("status") or {}).get("operationState")
    if not state:
        return ""
    lines = []
    if state.get("syncResult"):
        lines += [("Operation:", "Sync"), ("Sync Revision:", state["syncResult"].get("revision", ""))]
    began, ended = state.get("startedAt"), state.get("finishedAt")
    lasted = (seconds_of(ended) if ended else now) - seconds_of(began) if began else 0.0
    lines += [("Phase:", state.get("phase", "")), ("Start:", moment(began)), ("Finished:", moment(ended))]
    lines += [("Duration:", duration(lasted))]
    return _labelled([*lines, *([("Message:", state["message"])] if state.get("message") else [])])


def tree(nodes: Sequence[Object], found: Iterable[State]) -> str:
    """``argocd app get -o tree``: what is managed, and what comes of it.

    Args:
        nodes: Of the ``ApplicationTree``.
        found: The resources of the application.
    """
    children: dict[str, list[Object]] = {}
    for node in nodes:
        parents = node.get("parentRefs") or [{}]
        children.setdefault(parents[0].get("uid", ""), []).append(node)
    whole = _Tree(children, {(state.key.kind, state.key.name): state for state in found})
    rows = [row for root in children.get("", ()) for row in whole.rows(root)]
    return table(("KIND/NAME", "STATUS", "HEALTH", "MESSAGE"), rows)


def history(app: Object) -> str:
    """``argocd app history``: what was deployed, oldest first, by repository."""
    by_url: dict[str, list[tuple[str, str, str]]] = {}
    for entry in (app.get("status") or {}).get("history") or []:
        source, revision = entry.get("source") or {}, entry.get("revision", "")
        target = source.get("targetRevision", "")
        shown = f"{target} ({revision[:_SHORT]})" if len(revision) >= _SHORT else target
        row = (str(entry.get("id", 0)), moment(entry.get("deployedAt")), shown)
        by_url.setdefault(source.get("repoURL", ""), []).append(row)
    return "\n\n".join(table(("ID", "DATE", "REVISION"), rows, f"SOURCE  {url}") for url, rows in by_url.items())


PROGRESS_HEAD = "{:<20}  {:>5}  {:>10}  {:>10}  {:>20}  {:>9}  {:>7}  {:>8}  {}".format(
    "TIMESTAMP", "GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE"
)
"""The columns of ``progress``."""


def progress(at: str, state: State) -> str:
    """A line of ``argocd app sync`` while it goes on."""
    *cells, message = state.cells
    widths = (5, 10, 10, 20, 9, 7, 8)
    padded = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
    return f"{at:<20}  {padded}  {message}".rstrip()


def short_status(app: Object) -> str:
    """How an application is, in half a sentence."""
    status = app.get("status") or {}
    sync, health = (status.get("sync") or {}).get("status", ""), (status.get("health") or {}).get("status", "")
    conditions = "".join(f"; {each['type']}: {each['message']}" for each in status.get("conditions") or [])
    return f"is {sync or 'not compared yet'}{f' and {health}' if health else ''}{conditions}"


def change(key: Key, live: Object | None, wanted: Object | None) -> str:
    """``argocd app diff`` of one object: the lines of ``diff LIVE WANTED``; the values of a Secret are not shown.

    Args:
        key: Which one.
        live: As it is; None when it is not there.
        wanted: As a sync would leave it; None when it would be pruned.
    """
    if key.kind == "Secret" and not key.group:
        live, wanted = _veiled(live, wanted)
    before, after = (_lines(obj) for obj in (live, wanted))
    title = f"===== {key.group}/{key.kind} {key.namespace}/{key.name} ======"
    return "\n".join([title, *_differing(before, after)])


def is_automated(app: Object) -> bool:
    """Whether an application syncs by itself."""
    automated = (app["spec"].get("syncPolicy") or {}).get("automated")
    return automated is not None and automated.get("enabled") is not False


def moment(timestamp: str | None) -> str:
    """A time as Go prints it."""
    if not timestamp:
        return "<nil>"
    return datetime.datetime.fromtimestamp(seconds_of(timestamp), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")


def duration(seconds: float) -> str:
    """A span of whole seconds as Go prints it: ``1h2m3s``."""
    whole = max(0, int(seconds))
    hours, minutes = whole // 3600, whole // 60 % 60
    parts = [f"{hours}h" if hours else "", f"{minutes}m" if whole >= 60 else "", f"{whole % 60}s"]
    return "".join(parts)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], title: str = "") -> str:
    """Columns two spaces apart, as the command prints them."""
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    text = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)
    return "\n".join([title, *text] if title else text)


@dataclass(frozen=True, slots=True)
class _Tree:
    """Nodes by their parent's uid, and what is known of those that are managed."""

    children: Mapping[str, Sequence[Object]]
    known: Mapping[tuple[str, str], State]

    def rows(self, node: Object, lead: str = "", below: str = "") -> Iterator[tuple[str, ...]]:
        """A node and all below it.

        Args:
            node: Which one.
            lead: What stands before its name.
            below: What stands before its children's branches.
        """
        state = self.known.get((node["kind"], node["name"]))
        told = ("", (node.get("health") or {}).get("status", ""), "")
        told = (state.status, state.health, state.message) if state else told
        yield (f"{lead}{node['kind']}/{node['name']}", *told)
        mine = self.children.get(node.get("uid") or "-", ())
        for child in mine[:-1]:
            yield from self.rows(child, f"{below}├─", f"{below}│ ")
        for child in mine[-1:]:
            yield from self.rows(child, f"{below}└─", f"{below}  ")


def _lines(obj: Object | None) -> list[str]:
    return [] if obj is None else yaml.safe_dump(obj, sort_keys=True, allow_unicode=True).splitlines()


def _differing(before: list[str], after: list[str]) -> Iterator[str]:
    """The difference as the program ``diff`` prints it."""
    codes = {"replace": "c", "delete": "d", "insert": "a"}
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for tag, first, last, begin, end in matcher.get_opcodes():
        if tag == "equal":
            continue
        yield f"{_span(first, last)}{codes[tag]}{_span(begin, end)}"
        yield from (f"< {line}" for line in before[first:last])
        if tag == "replace":
            yield "---"
        yield from (f"> {line}" for line in after[begin:end])


def _span(first: int, last: int) -> str:
    """Lines as ``diff`` names them; nothing between two lines is named by the line before."""
    return f"{first + 1},{last}" if last - first > 1 else str(first + (last > first))


def _veiled(live: Object | None, wanted: Object | None) -> tuple[Object | None, Object | None]:
    """Two sides of a Secret with plus signs for values: the same number for the same value."""
    old, new = ((obj or {}).get("data") or {} for obj in (live, wanted))
    hidden_old = dict.fromkeys(old, _HIDDEN)
    hidden_new = {key: _HIDDEN if old.get(key, value) == value else f"{_HIDDEN}+" for key, value in new.items()}
    sides = ((live, hidden_old), (wanted, hidden_new))
    before, after = (None if obj is None else {**obj, "data": hidden} for obj, hidden in sides)
    return before, after


def _summary(app: Object, window: str) -> str:
    spec, status = app["spec"], app.get("status") or {}
    destination = spec.get("destination") or {}
    automated = (spec.get("syncPolicy") or {}).get("automated") or {}
    policy = f"Automated{' (Prune)' if automated.get('prune') else ''}" if is_automated(app) else "Manual"
    lines = [
        ("Name:", f"{app['metadata'].get('namespace', '')}/{name_of(app)}"),
        ("Project:", spec.get("project") or "default"),
        ("Server:", destination.get("server") or destination.get("name", "")),
        ("Namespace:", destination.get("namespace", "")),
        ("Sources:" if spec.get("sources") else "Source:", ""),
        *(line for source in _sources(app) for line in _source(source)),
        ("SyncWindow:", window),
        ("Sync Policy:", policy),
        ("Sync Status:", _sync_status(app)),
        ("Health Status:", (status.get("health") or {}).get("status", "")),
    ]
    return _labelled(lines)


def _source(source: Object) -> list[tuple[str, str]]:
    lines = [("- Repo:", source.get("repoURL", "")), ("  Target:", source.get("targetRevision", ""))]
    if source.get("path"):
        lines.append(("  Path:", source["path"]))
    if (source.get("helm") or {}).get("valueFiles"):
        lines.append(("  Helm Values:", ",".join(source["helm"]["valueFiles"])))
    if (source.get("kustomize") or {}).get("namePrefix"):
        lines.append(("  Name Prefix:", source["kustomize"]["namePrefix"]))
    return lines


def _sync_status(app: Object) -> str:
    sync, target = (app.get("status") or {}).get("sync") or {}, _sources(app)[0].get("targetRevision", "")
    status, revision = sync.get("status", ""), sync.get("revision", "")
    words = {"Synced": f"Synced to {target}", "OutOfSync": f"OutOfSync from {target}"}.get(status, status)
    return words if _SHA.fullmatch(target) or len(revision) <= _SHORT else f"{words} ({revision[:_SHORT]})"


def _app(app: Object) -> tuple[str, ...]:
    spec, status = app["spec"], app.get("status") or {}
    destination, source = spec.get("destination") or {}, _sources(app)[0]
    automated = (spec.get("syncPolicy") or {}).get("automated") or {}
    return (
        f"{app['metadata'].get('namespace', '')}/{name_of(app)}",
        destination.get("server") or destination.get("name", ""),
        destination.get("namespace", ""),
        spec.get("project") or "default",
        (status.get("sync") or {}).get("status", ""),
        (status.get("health") or {}).get("status", ""),
        ("Auto-Prune" if automated.get("prune") else "Auto") if is_automated(app) else "Manual",
        _conditions(status.get("conditions") or []),
        source.get("repoURL", ""),
        source.get("path", ""),
        source.get("targetRevision", ""),
    )


def _conditions(conditions: Sequence[Object]) -> str:
    kinds = [condition["type"] for condition in conditions]
    counted = [f"{kind}({kinds.count(kind)})" if kinds.count(kind) > 1 else kind for kind in sorted(set(kinds))]
    return ",".join(counted) or "<none>"


def _synced(result: Object, there: Mapping[Key, Object], health: Mapping[Key, str]) -> State:
    key, hook = _key(result), result.get("hookType", "")
    if key in there and not hook:
        return State(key, there[key].get("status", ""), health.get(key, ""), "", result.get("message", ""))
    return State(key, result.get("hookPhase", ""), result.get("status", ""), hook, result.get("message", ""))


def _key(entry: Any) -> Key:
    return Key(*(entry.get(word, "") for word in Key._fields))


def _sources(app: Object) -> list[Object]:
    return app["spec"].get("sources") or [app["spec"].get("source") or {}]


def _labelled(lines: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label:<20}{text}".rstrip() for label, text in lines)
