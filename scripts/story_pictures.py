"""Takes the pictures of path, timeline, anatomy and graph: ``python scripts/story_pictures.py [DIR]``.

Their own scripts in headless Chromium, on a control plane in memory whose clock is held, so that every run gives the
same pictures in half a minute. Needs Chromium and the test extra. Writes ``docs/images/`` unless told otherwise.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from graph_samples import BROKEN, SHOP, apply, objects_of  # noqa: E402
from held_lab import Lab  # noqa: E402
from widget_page import Shown, chromium, header  # noqa: E402

from gitopslab.controlplane.daemon.assembly import ControlPlane  # noqa: E402
from gitopslab.machinery.clock import JumpableClock  # noqa: E402
from gitopslab.machinery.objects import Object  # noqa: E402
from gitopslab.views.anatomy import KINDS as PARTS  # noqa: E402
from gitopslab.views.anatomy import SIZES, anatomy  # noqa: E402
from gitopslab.views.graph import graph, graph_message  # noqa: E402
from gitopslab.views.path import kinds_for, path  # noqa: E402
from gitopslab.views.timeline import KINDS, SPANS, timeline  # noqa: E402
from gitopslab.widgets.anatomy import AnatomyView  # noqa: E402
from gitopslab.widgets.graph import GraphView  # noqa: E402
from gitopslab.widgets.path import PathView  # noqa: E402
from gitopslab.widgets.timeline import TimelineView  # noqa: E402


def main() -> None:
    """Take all pictures, light and dark."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    target.mkdir(parents=True, exist_ok=True)
    scenes = {**story(), "graph": shop()}
    with chromium() as browser:
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1280, "height": 720}, color_scheme=scheme)
            for name, (widget, snapshot, options) in scenes.items():
                Shown(page).render(widget._esm, widget._css, snapshot, options)
                page.wait_for_timeout(300)
                page.locator(".gl-view").screenshot(path=target / f"{name}{'-dark' if scheme == 'dark' else ''}.png")


def story() -> dict[str, tuple[type, Object, Object]]:
    """A web shop runs, a report asks for too much, a node loses its power, and the scheduler is stopped."""
    lab = Lab(bare=False)
    lab.advance(30)
    lab.deploy("waal-web", replicas=3)
    lab.advance(40)
    lab.deploy("report", replicas=2, cpu="9")
    lab.advance(30)
    lab.controls.switch_node("lab-worker3", power=False)
    lab.advance(70)
    lab.controls.switch("scheduler", False)
    lab.deploy("shop", replicas=2)
    lab.advance(5)
    now = header(seconds=lab.clock.now())
    way = path(lab.objects(kinds_for("Deployment", "")), "Deployment", "shop", "default", now=lab.clock.now())
    lives = timeline(lab.objects(KINDS), now=lab.clock.now())
    parts = anatomy(lab.objects(PARTS))
    lab.plane.close()
    return {
        "path": (PathView, {"path": way.as_dict(), "clock": {"held": False}, **now}, {}),
        "timeline": (
            TimelineView,
            {"timeline": lives.as_dict(), "speed": 0, "past": None, **now},
            {"spans": list(SPANS), "past": True},
        ),
        "anatomy": (AnatomyView, {"anatomy": parts.as_dict(), **now}, {"sizes": list(SIZES), "power": True}),
    }


def shop() -> tuple[type, Object, Object]:
    """A namespace with all fifteen kinds, some of which point at nothing."""
    plane = ControlPlane(JumpableClock())
    plane.settle()
    apply(plane, SHOP)
    apply(plane, BROKEN)
    plane.advance(75)
    drawn = graph(objects_of(plane), namespace="shop")
    plane.close()
    return GraphView, {"graph": graph_message(drawn), **header(seconds=plane.clock.now())}, {}


if __name__ == "__main__":
    main()
