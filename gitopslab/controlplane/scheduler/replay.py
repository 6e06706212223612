"""Replays recorded decisions of a real kube-scheduler and tells where ours differs.

``python -m gitopslab.controlplane.scheduler.replay FILE``; CI runs it on ``tests/scheduler/recorded/cases.json``.
FILE holds a list of cases: ``nodes``, ``pods`` that are on them, the incoming ``pod``, and what happened: ``node``
(null when none), ``message`` (null when there is a node), ``scores`` and ``plugin_scores`` of each feasible node (empty
when at most one was feasible). ``others`` may hold further objects, such as Namespaces and Services.

Compared are the feasible nodes, every score to the point, the message, and whether the recorded node is among those we
find best; among equals both schedulers choose at random.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gitopslab.controlplane.scheduler.decision import Decision
from gitopslab.controlplane.scheduler.explain import explain
from gitopslab.machinery.pod_defaults import complete

Case = Mapping[str, Any]
_FIELDS = {"nodes", "pods", "pod", "node", "message", "scores", "plugin_scores"}


def decide(case: Case) -> Decision:
    """What our scheduler decides for the incoming pod of a case."""
    pods = [complete(pod) for pod in case["pods"]]
    return explain(complete(case["pod"]), case["nodes"], pods, case.get("others") or ())


def differences(case: Case, decision: Decision) -> Iterator[str]:
    """What was recorded and came out otherwise, a line each."""
    yield from _unequal("feasible nodes", _feasible(case), sorted(decision.feasible))
    yield from _unequal("message", case["message"], decision.message or None)
    scores = {verdict.node: verdict.scores for verdict in decision.verdicts if verdict.scores}
    totals = {node: sum(parts.values()) for node, parts in scores.items()}
    for node in sorted({*case["scores"], *totals}):
        yield from _unequal(f"score of {node}", case["scores"].get(node), totals.get(node))
        recorded, found = case["plugin_scores"].get(node, {}), scores.get(node, {})
        for plugin in sorted({*recorded, *found}):
            yield from _unequal(f"{plugin} score of {node}", recorded.get(plugin), found.get(plugin))
    best = _best(decision, totals)
    if case["node"] is not None and case["node"] not in best:
        yield f"node: recorded {case['node']}, ours is one of {', '.join(sorted(best)) or 'none'}"


def replay(cases: list[Case]) -> Iterator[tuple[str, list[str]]]:
    """Each case's name with what differs, nothing when all agrees."""
    for number, case in enumerate(cases, 1):
        name = (case["pod"].get("metadata") or {}).get("name") or "pod"
        try:
            yield f"case {number} ({name})", list(differences(case, decide(case)))
        # One case that makes us stumble must not hide how the others went.
        except Exception as problem:
            yield f"case {number} ({name})", [f"cannot be decided: {type(problem).__name__}: {problem}"]


def main(arguments: list[str]) -> int:
    """Replay a file; 0 when every case agrees, 1 when one differs, 2 when the file is no such file."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        sys.stdout.write(f"{__doc__}")
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    cases = _read(Path(arguments[0]))
    if isinstance(cases, str):
        sys.stderr.write(f"{arguments[0]} cannot be replayed: {cases}\n")
        return 2
    agreeing = 0
    for name, found in replay(cases):
        agreeing += not found
        sys.stdout.writelines(f"{name}: {line}\n" for line in found)
    sys.stdout.write(f"{agreeing}/{len(cases)} cases agree\n")
    return 0 if agreeing == len(cases) else 1


def _feasible(case: Case) -> list[str]:
    return sorted(case["scores"] or ([case["node"]] if case["node"] else []))


def _best(decision: Decision, totals: Mapping[str, int]) -> set[str]:
    if not totals:
        return {decision.node} if decision.node else set()
    return {node for node, total in totals.items() if total == max(totals.values())}


def _unequal(what: str, recorded: Any, found: Any) -> Iterator[str]:
    if recorded != found:
        yield f"{what}: recorded {json.dumps(recorded)}, ours {json.dumps(found)}"


def _read(path: Path) -> list[Case] | str:
    """The cases of a file, or what is wrong with it."""
    try:
        cases = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return (error.strerror or str(error)) if isinstance(error, OSError) else "it is not text in UTF-8"
    except ValueError as error:
        return f"it is not JSON ({error})"
    wanted = {"nodes", "pods", "pod", "node", "message", "scores", "plugin_scores"}
    if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
        return "it holds no list of cases"
    lacking = next(
        ((number, wanted - case.keys()) for number, case in enumerate(cases, 1) if wanted - case.keys()), None
    )
    return f"case {lacking[0]} has no {', '.join(sorted(lacking[1]))}" if lacking else cases


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
