"""How many frames a second the board draws with 50 nodes and 500 pods while ten changes a second come in.

The widget's own script in headless Chromium, with snapshots as Python would send them: in each, pods become ready or
fail, some go and others come on another node. A learner's eye wants 30 frames a second; a browser draws at most 60.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from board_samples import NOW, crowd, running, waiting
from widget_page import Shown, chromium, header

from gitopslab.machinery.objects import Object, copy_of
from gitopslab.views.board import board
from gitopslab.widgets.board import BoardView

_PLAY = """(seconds) => new Promise((done) => {
  const gaps = [];
  const began = performance.now();
  let last = began;
  let next = 0;
  const change = setInterval(() => model.set("_snapshot", snapshots[next++ % snapshots.length]), 100);
  const frame = (now) => {
    gaps.push(now - last);
    last = now;
    if (now - began < seconds * 1000) return requestAnimationFrame(frame);
    clearInterval(change);
    done([gaps.length / ((now - began) / 1000), Math.max(...gaps.slice(1)), next]);
  };
  requestAnimationFrame(frame);
})"""


def snapshots(nodes: int, pods: int, count: int, changes: int) -> list[Object]:
    """Boards one after the other, each with so many changes."""
    made = []
    all_nodes, known, _ = crowd(nodes, pods)
    for step in range(count):
        for each in range(changes):
            at = (step * changes + each) * 7 % pods
            pod = known[at] = copy_of(known[at])
            if each % 3 == 0:
                pod["metadata"]["uid"] += "x"  # another pod, on another node
                pod["spec"]["nodeName"] = f"lab-worker{1 + (at + step) % (nodes - 1)}"
            else:
                pod["status"] = waiting("CrashLoopBackOff") if each % 3 == 1 else running(ready=False)
        seconds = NOW + step / 10
        made.append({"board": board(all_nodes, known, []).as_dict(), **header(seconds=seconds)})
    return made


def main() -> int:
    """Measure and print; the exit code is 1 when it is less than 30."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--pods", type=int, default=500)
    parser.add_argument("--changes", type=int, default=5, help="in each of ten snapshots a second")
    parser.add_argument("--seconds", type=float, default=6)
    asked = parser.parse_args()
    shown = snapshots(asked.nodes, asked.pods, 30, asked.changes)
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        Shown(page).render(BoardView._esm, BoardView._css, shown[0])
        page.wait_for_timeout(500)
        page.evaluate("(shown) => { window.snapshots = shown; }", shown)
        rate, longest, drawn = page.evaluate(_PLAY, asked.seconds)
    print(f"{asked.nodes} nodes, {asked.pods} pods, {asked.changes * 10} changes a second, {drawn} snapshots")
    print(f"frames a second: {rate:.1f}; the longest frame took {longest:.0f} ms")
    return 0 if rate >= 30 else 1


if __name__ == "__main__":
    sys.exit(main())
