"""Progressive syncs: with ``strategy.type: RollingSync`` Applications are synced step by step. Pure.

Every Application has a row in ``status.applicationStatus``: it is ``Waiting`` when Git or its spec has changed,
``Pending`` when its step has come, ``Progressing`` once it syncs, and ``Healthy`` at the end; the next step comes when
all of this one are. Source: ``applicationset/progressivesync/progressive_sync.go``, which tells an Application to sync
again whenever it looks before the Application was compared; that depends on chance, and is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitopslab.machinery.clock import seconds_of, timestamp
from gitopslab.machinery.objects import Object, copy_of, labels_of, name_of

WAITING, PENDING, PROGRESSING, HEALTHY = "Waiting", "Pending", "Progressing", "Healthy"

_USER = "applicationset-controller"
_REASON = "ApplicationSet RollingSync triggered a sync of this Application resource"
_RETRIES = 5
_OF_SPEC = ("InvalidSpecError", "UnknownError")
_SUCCEEDED, _COMPLETED = "Succeeded", ("Succeeded", "Failed", "Error")


def is_rolling(appset: Object) -> bool:
    """Whether an ApplicationSet asks for progressive syncs."""
    strategy = appset["spec"].get("strategy") or {}
    return strategy.get("type") == "RollingSync" and strategy.get("rollingSync") is not None


def is_reversed(appset: Object) -> bool:
    """Whether Applications are deleted step by step, the last step first."""
    return bool(_steps(appset)) and str(appset["spec"]["strategy"].get("deletionOrder", "")).lower() == "reverse"


@dataclass(frozen=True, slots=True)
class Live:
    """An Application as it is.

    Attributes:
        app: The object.
        differs: Whether its spec is not the one that is wanted.
    """

    app: Object
    differs: bool


@dataclass(frozen=True, slots=True)
class Rollout:
    """Where a rollout stands.

    Attributes:
        rows: ``status.applicationStatus``, by name.
        pending: The Applications that are to sync now.
        condition: ``RolloutProgressing``.
        has_steps: Whether there are steps at all; without, Applications sync as they like.
    """

    rows: list[Object]
    pending: frozenset[str]
    condition: Object
    has_steps: bool


def rollout(appset: Object, wanted: Sequence[Object], there: Iterable[Live], now: float) -> Rollout:
    """Where a rollout stands now.

    Args:
        appset: The ApplicationSet, with the rows of the last time.
        wanted: The Applications as they are generated.
        there: Those that there are.
        now: Seconds since the epoch.
    """
    steps = grouped(appset, wanted)
    step_of = {name: at for at, names in reversed(list(enumerate(steps))) for name in names}
    known = {row["application"]: row for row in (appset.get("status") or {}).get("applicationStatus") or ()}
    live = sorted(there, key=lambda each: name_of(each.app))
    rows = {name_of(one.app): _seen(one, known.get(name_of(one.app)), step_of, now) for one in live}
    allowed = _allowed(steps, rows)
    if steps:
        _begin(appset, rows, step_of, allowed, now)
    due = (each.app for each in live if name_of(each.app) in allowed)
    pending = frozenset(name_of(app) for app in due if _is_due(app, rows[name_of(app)]))
    return Rollout(list(rows.values()), pending, _condition(len(steps), rows.values()), bool(steps))


def grouped(appset: Object, apps: Iterable[Object]) -> list[list[str]]:
    """The names of the Applications of each step; one may be in several, or in none."""
    steps = _steps(appset)
    found: list[list[str]] = [[] for _ in steps]
    for app in apps:
        for names, step in zip(found, steps, strict=True):
            if all(_matches(labels_of(app), rule) for rule in step.get("matchExpressions") or ()):
                names.append(name_of(app))
    return found


def prepared(app: Object, *, syncs: bool) -> Object:
    """An Application as it is written: it never syncs by itself, but with the operation that its step begins."""
    made: Object = copy_of(app)
    policy = made["spec"].get("syncPolicy") or {}
    automated = policy.get("automated")
    prunes = automated is not None and automated.get("enabled") is not False and bool(automated.get("prune"))
    if automated is not None:
        policy["automated"] = {**automated, "enabled": False}
    if syncs:
        made["operation"] = _operation(policy, prunes=prunes)
    return made


def last_first(appset: Object, apps: Sequence[Object]) -> list[str]:
    """The names of Applications in the order in which they are deleted."""
    steps = grouped(appset, apps)
    return [name for names in reversed(steps) for name in dict.fromkeys(names)]


def _steps(appset: Object) -> list[Object]:
    return list(appset["spec"]["strategy"]["rollingSync"].get("steps") or ()) if is_rolling(appset) else []


def _matches(labels: dict[str, str], rule: Object) -> bool:
    value, operator = labels.get(rule.get("key", "")), rule.get("operator")
    if value is None:
        return bool(operator != "In")
    is_listed = value in (rule.get("values") or ())
    return is_listed if operator == "In" else operator == "NotIn" and not is_listed


def _seen(live: Live, known: Object | None, step_of: dict[str, int], now: float) -> Object:
    """The row of an Application, as far as the Application itself decides."""
    name, status, revisions = name_of(live.app), live.app.get("status") or {}, _revisions(live.app)
    row = dict(known) if known is not None else _row(name, revisions, now)
    row["step"] = str(step_of.get(name, -2) + 1)
    moved = row.get("targetRevisions") != revisions
    if moved or live.differs:
        what = " (revision and spec differ)" if moved and live.differs else "" if moved else " (spec differs)"
        row["targetRevisions"] = revisions
        _move(row, WAITING, f"Application has pending changes{what}, setting status to Waiting", now)
    is_well = (status.get("health") or {}).get("status") == HEALTHY
    is_synced = (status.get("sync") or {}).get("status") == "Synced"
    if row["status"] == WAITING and is_synced:
        to = HEALTHY if is_well else PROGRESSING
        _move(row, to, f"Application resource has synced, updating status to {to}", now)
    elif row["status"] == PENDING and (why := _why_progressing(status, seconds_of(row["lastTransitionTime"]))):
        _move(row, PROGRESSING, why, now)
    elif row["status"] == PROGRESSING and is_well and is_synced:
        _move(row, HEALTHY, "Application resource became Healthy, updating status from Progressing to Healthy", now)
    return row


def _row(name: str, revisions: list[str], now: float) -> Object:
    row: Object = {"application": name, "targetRevisions": revisions}
    _move(row, WAITING, "No Application status found, defaulting status to Waiting", now)
    return row


def _move(row: Object, status: str, message: str, now: float) -> None:
    row |= {"status": status, "message": message, "lastTransitionTime": timestamp(now)}


def _revisions(app: Object) -> list[str]:
    sync = (app.get("status") or {}).get("sync") or {}
    return list(sync.get("revisions") or filter(None, [sync.get("revision")]))


def _is_due(app: Object, row: Object) -> bool:
    """Whether an Application is to be told to sync: once, and then it is looked at what becomes of it."""
    begun = app.get("operation") or _begun(app.get("status") or {}, seconds_of(row["lastTransitionTime"]))
    return bool(row["status"] == PENDING and not begun)


def _begun(status: Object, since: float) -> Object | None:
    """The operation that an Application has begun since then; within that second only a rollout's own counts."""
    state: Object | None = status.get("operationState")
    if state is None or (started := seconds_of(state["startedAt"])) < since:
        return None
    who = (state.get("operation") or {}).get("initiatedBy") or {}
    return state if started > since or who.get("username") == _USER else None


def _why_progressing(status: Object, since: float) -> str:
    """What has become of an Application that was told to sync; empty for nothing yet."""
    if status.get("reconciledAt") and seconds_of(status["reconciledAt"]) < since:
        return ""
    state = _begun(status, since)
    if state is not None:
        phase = state.get("phase")
        if phase in _COMPLETED:
            how = " successfully" if phase == _SUCCEEDED else ""
            return f"Application resource completed a sync{how}, updating status from Pending to Progressing"
        return "Application resource became Progressing, updating status from Pending to Progressing"
    if any(condition["type"] in _OF_SPEC for condition in status.get("conditions") or ()):
        return "Application resource has error and cannot sync, updating status to Progressing"
    return ""


def _allowed(steps: list[list[str]], rows: dict[str, Object]) -> list[str]:
    """The Applications of the first step that is not done, and of all before it."""
    found: list[str] = []
    for names in steps:
        found += names
        if any(rows.get(name, {}).get("status") != HEALTHY for name in names):
            break
    return found


def _begin(appset: Object, rows: dict[str, Object], step_of: dict[str, int], allowed: list[str], now: float) -> None:
    """Have as many wait for their sync as may at once."""
    steps = _steps(appset)
    counted = Counter(step_of.get(name, 0) for name in rows)
    busy = Counter(step_of.get(name, 0) for name, row in rows.items() if row["status"] in (PENDING, PROGRESSING))
    for name, row in rows.items():
        step = step_of.get(name, 0)
        most = _most(steps[step].get("maxUpdate"), counted[step])
        if row["status"] == WAITING and name in allowed and (most is None or busy[step] < most):
            what = "Application moved to Pending status, watching for the Application resource to start Progressing"
            _move(row, PENDING, what, now)
            busy[step] += 1


def _most(said: object, count: int) -> int | None:
    """How many of a step may be updated at once; None for all. A percentage other than 0% is at least one."""
    if said is None:
        return None
    if not isinstance(said, str):
        return int(str(said))
    number = said.removesuffix("%")
    if number == said or not number.isdecimal():
        return 1  # Argo CD only warns of it, and goes on with one
    return max(int(number) * count // 100, 1 if said != "0%" else 0)


def _condition(steps: int, rows: Iterable[Object]) -> Object:
    undone = {row["step"] for row in rows if row["status"] != HEALTHY}
    step = next((str(at) for at in range(1, steps + 1) if str(at) in undone), "")
    progressing = {
        "reason": "ApplicationSetModified",
        "message": f"ApplicationSet is performing rollout of step {step}",
    }
    done = {"reason": "ApplicationSetRolloutComplete", "message": "ApplicationSet Rollout has completed"}
    return {"type": "RolloutProgressing", "status": str(bool(step)), **(progressing if step else done)}


def _operation(policy: Object, *, prunes: bool) -> Object:
    options = policy.get("syncOptions")
    sync = {**({"prune": True} if prunes else {}), **({"syncOptions": options} if options else {})}
    return {
        "info": [{"name": "Reason", "value": _REASON}],
        "initiatedBy": {"automated": True, "username": _USER},
        "retry": policy.get("retry") or {"limit": _RETRIES},
        "sync": sync,
    }
