"""All benchmarks in one run, on an embedded cluster of its own and, turn by turn, on another one beside it.

``python benchmarks/all.py --beside KUBECONFIG --beside-start COMMAND --write`` renews the table in
``docs/performance.md``. A machine's speed drifts, so both clusters are measured in turns, figures are medians, and what
to compare is the ratio. The cluster beside needs fifty nodes for 500 pods. Start-up is measured of another one, which
the command starts from nothing, as ``start.py`` says.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import api
import load
from connection import Connection
from rollout import rollout
from watchers import fan_out

import start

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
_MARKS = ("<!-- figures -->\n", "<!-- end of figures -->")
TARGETS = {
    "up to four Ready nodes, s": "under 1.5",
    "memory of an idle cluster, MB": "under 120",
    "create, ms": "under 1.5",
    "get, ms": "under 0.8",
    "patch, ms": "under 1.8",
    "list of 5000 ConfigMaps, ms": "under 50",
    "100 watchers, 500 events a second: written, 1/s": "500",
    "100 watchers, 500 events a second: lost": "0",
    "500 pods Running, s": "under 8",
}
RATES = (500, 1500)  # events a second: what is promised, and more than can be reached

Figures = dict[str, float]


def main() -> None:
    """Measure, print, and write when asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beside", type=Path, help="kubeconfig of a second cluster")
    parser.add_argument("--beside-start", metavar="COMMAND", help="starts another one from nothing, for start-up")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=200, help="requests of each kind a turn")
    parser.add_argument("--write", action="store_true", help="renew the table in docs/performance.md")
    options = parser.parse_args()
    ours, other = started(options.turns, options.beside_start)
    with load.own_cluster() as kubeconfig:
        clusters = [kubeconfig, *([options.beside] if options.beside else [])]
        measured = [in_turns([lambda f=f: requests(f, options.rounds) for f in clusters], options.turns)]
        measured.append(in_turns([lambda f=f: loads(f) for f in clusters], 1))
        for figures in measured:
            ours |= figures[0]
            other |= figures[1] if options.beside else {}
    lines = table(ours, other)
    print("\n".join(lines))
    if options.write:
        write([f"{when()} on {machine()}.", "", *lines])


def started(turns: int, beside: str | None) -> tuple[Figures, Figures]:
    """How long ``gitopslab up`` takes and what the idle cluster then holds; how long the command beside takes."""
    name = "up to four Ready nodes, s"

    def once() -> Figures:
        with tempfile.TemporaryDirectory() as home:
            seconds, memory = start.once(Path(home), "--bare")
        return {name: seconds, "memory of an idle cluster, MB": memory}

    ours, *others = in_turns([once, *([lambda: {name: start.once_beside(beside)}] if beside else [])], turns)
    return ours, others[0] if others else {}


def in_turns(measures: list[Callable[[], Figures]], turns: int) -> list[Figures]:
    """The medians of each, measured one after the other again and again."""
    found: list[list[Figures]] = [[] for _ in measures]
    for _ in range(turns):
        for runs, measure in zip(found, measures, strict=True):
            runs.append(measure())
    return [{name: statistics.median(run[name] for run in runs) for name in runs[0]} for runs in found]


def requests(kubeconfig: Path, rounds: int) -> Figures:
    """Milliseconds of single requests."""
    namespace = f"{api.NAMESPACE}-{os.urandom(3).hex()}"  # the last turn's is still being emptied
    return {f"{name}, ms": value for name, value in api.measure(kubeconfig, rounds, namespace).items()}


def loads(kubeconfig: Path) -> Figures:
    """A long list, many watchers, many pods."""
    figures = {"list of 5000 ConfigMaps, ms": load.listing(kubeconfig, 5000)}
    for rate in RATES:
        with load.own_namespace(kubeconfig, f"{load.NAMESPACE}-fan-{rate}") as namespace:
            found = fan_out(kubeconfig, namespace, watchers=100, rate=rate, seconds=10)
        about = f"100 watchers, {rate} events a second"
        figures[f"{about}: written, 1/s"] = found.rate
        figures[f"{about}: lag of half of them, ms"] = found.median
        figures[f"{about}: lag of 99 %, ms"] = found.p99
        figures[f"{about}: lost"] = found.lost
    room = sum(int(node["status"]["allocatable"]["pods"]) for node in _nodes(kubeconfig))
    for pods in (300, 500):
        if pods < room - 110:  # the control plane's node takes none
            figures[f"{pods} pods Running, s"] = rollout(kubeconfig, pods)
    return figures


def _nodes(kubeconfig: Path) -> list[dict[str, dict[str, dict[str, str]]]]:
    found: list[dict[str, dict[str, dict[str, str]]]] = Connection(kubeconfig).request("GET", "/api/v1/nodes")["items"]
    return found


def table(ours: Figures, other: Figures) -> list[str]:
    """The figures as a table in Markdown."""
    lines = ["| | target | embedded | beside it | ratio |", "|---|---|---|---|---|"]
    for name, value in ours.items():
        target = TARGETS.get(name, "")
        beside = other.get(name)
        shown = f"{beside:.2f} | {value / beside:.2f}" if beside else " | "
        lines.append(f"| {name} | {target} | {value:.2f} | {shown} |")
    return lines


def when() -> str:
    """Today."""
    return f"Measured {datetime.date.today().isoformat()}"


def machine() -> str:
    """What it was measured on."""
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, load average {busy:.1f}"


def write(lines: list[str]) -> None:
    """Put the figures where the page has its marks."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_MARKS[0])
    _, _, after = rest.partition(_MARKS[1])
    PAGE.write_text(f"{before}{_MARKS[0]}\n" + "\n".join(lines) + f"\n\n{_MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
