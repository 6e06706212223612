"""A scene a widget: its snapshot on a control plane in memory whose clock is held, so that every run shows the same.

Shared by the test of accessibility and by ``scripts/screenshots.py``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from board_samples import NOW, believable
from decision_samples import a_choice
from delivery_samples import Delivered, drawn_drift, drawn_lanes, drawn_tree
from graph_samples import BROKEN, SHOP, apply, objects_of
from held_lab import Lab
from layer_samples import pictured
from pipeline_samples import plan
from widget_page import Shown, header

from gitopslab import errors
from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.http import tables
from gitopslab.controlplane.http.openapi import openapi_document
from gitopslab.controlplane.server.records import Record
from gitopslab.machinery.clock import JumpableClock
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, name_of
from gitopslab.views import anatomy as parts
from gitopslab.views import timeline as lives
from gitopslab.views.board import board
from gitopslab.views.decision_text import GLYPHS
from gitopslab.views.drift.model import FATES, STATES
from gitopslab.views.fields import Fields
from gitopslab.views.graph import graph, graph_message
from gitopslab.views.lanes.model import OUTCOMES
from gitopslab.views.path import kinds_for, path
from gitopslab.views.pipeline import STATUSES
from gitopslab.views.resource import yaml_of
from gitopslab.views.sheet import sheet, sheet_message
from gitopslab.views.table import shown, table
from gitopslab.views.tree.model import COLUMNS
from gitopslab.widgets.anatomy import AnatomyView
from gitopslab.widgets.base import View
from gitopslab.widgets.board import BoardView
from gitopslab.widgets.decision import DecisionView
from gitopslab.widgets.drift import DriftView
from gitopslab.widgets.graph import GraphView
from gitopslab.widgets.lanes import LanesView
from gitopslab.widgets.layers import LayersView
from gitopslab.widgets.manifest import ManifestView
from gitopslab.widgets.path import PathView
from gitopslab.widgets.pipeline import EVENTS, PipelineView
from gitopslab.widgets.table import TableView
from gitopslab.widgets.timeline import TimelineView
from gitopslab.widgets.tree import TreeView

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: waal-web
  labels:
    app: waal-web
spec:
  replica: 3
  selector:
    matchLabels:
      app: waal-web
  template:
    metadata:
      labels:
        app: waal-web
    spec:
      containers:
        - name: web
          image: nginx:1.27
          ports:
            - containerPort: 80
"""


LEFT_OUT = ("kind: DaemonSet", "kind: CronJob")  # so that the graph fits a screen


@dataclass(frozen=True)
class Scene:
    """What a widget is given.

    Attributes:
        widget: Its class.
        snapshot: What Python has sent.
        options: What the browser begins with.
        act: What the reader has done, in JavaScript.
        answer: What Python answered to that.
    """

    widget: type[View]
    snapshot: Object
    options: Mapping[str, Any] = field(default_factory=dict)
    act: str = ""
    answer: Object | None = None

    def show(self, page: Shown, **options: Any) -> None:
        """Draw it on an empty page."""
        page.render(self.widget._esm, self.widget._css, self.snapshot, {**self.options, **options})
        page.page.evaluate(f"() => {{ {self.act} }}")
        if self.answer:
            page.page.evaluate("(answer) => model.set('_answer', answer)", self.answer)


def scenes() -> dict[str, Scene]:
    """One scene a widget, by the widget's name."""
    lab = story()
    now = header(seconds=lab.clock.now())
    way = path(lab.objects(kinds_for("Deployment", "")), "Deployment", "shop", "default", now=lab.clock.now())
    line = lives.timeline(lab.objects(lives.KINDS), now=lab.clock.now())
    body = parts.anatomy(lab.objects(parts.KINDS))
    made = {
        "board": Scene(BoardView, {"board": board(*believable()).as_dict(), **header(seconds=NOW)}),
        "decision": Scene(
            DecisionView, {"decision": a_choice().as_dict(), **header(seconds=0, live="static")}, {"glyphs": GLYPHS}
        ),
        "graph": shop(),
        "path": Scene(PathView, {"path": way.as_dict(), "clock": {"held": False}, **now}),
        "timeline": Scene(
            TimelineView,
            {"timeline": line.as_dict(), "speed": 0, "past": None, **now},
            {"spans": list(lives.SPANS), "past": True},
        ),
        "anatomy": Scene(AnatomyView, {"anatomy": body.as_dict(), **now}, {"sizes": list(parts.SIZES), "power": True}),
        "table": rows(lab),
        "manifest": manifest(),
        "pipeline": pipeline(),
        "layers": two_images(),
        "lanes": two_lanes(),
        "tree": whole_tree(),
        "drift": fields(),
    }
    lab.plane.close()
    return made


def pipeline() -> Scene:
    """A push, with the rules and commands of one of its jobs."""
    asked = {"pipeline": plan().as_dict(), "event": {"kind": "push", "ref": "main"}}
    options = {"statuses": STATUSES, "events": list(EVENTS)}
    told = header(seconds=0, live="static", cluster=".gitlab-ci.yml", kind="")
    return Scene(PipelineView, {**asked, **told}, options, act="document.querySelector('.gl-pl-job').click();")


def two_images() -> Scene:
    """An app before and after a change, with one of the layers that both have."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = pictured(Path(folder))
    told = header(live="", seconds=NOW, cluster=drawn.stacks[0].name, kind="image")
    return Scene(LayersView, {"layers": drawn.as_dict(), **told})


def two_lanes() -> Scene:
    """A commit that both tools brought, and what was scaled since."""
    shop = Delivered()
    drawn, now = drawn_lanes(shop), shop.lab.clock.now()
    shop.lab.plane.close()
    options = {"outcomes": OUTCOMES, "actions": ["drift", "prune", "revert"]}
    return Scene(LanesView, {"lanes": drawn.as_dict(), **header(seconds=now)}, options)


def whole_tree() -> Scene:
    """From Git to pods, after a rollout; somebody has scaled since."""
    shop = Delivered()
    drawn, now = drawn_tree(shop), shop.lab.clock.now()
    shop.lab.plane.close()
    return Scene(TreeView, {"tree": drawn.as_dict(), **header(seconds=now)}, {"columns": COLUMNS})


def fields() -> Scene:
    """Git against the cluster, after kubectl and an operator have been there."""
    shop = Delivered()
    drawn, now = drawn_drift(shop), shop.lab.clock.now()
    shop.lab.plane.close()
    return Scene(DriftView, {"drift": drawn.as_dict(), **header(seconds=now)}, {"states": STATES, "fates": FATES})


def story() -> Lab:
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
    return lab


def shop() -> Scene:
    """A shop with most of the fifteen kinds, two of which point at nothing."""
    plane = ControlPlane(JumpableClock())
    plane.settle()
    parts = [part for part in SHOP.split("---") if not any(kind in part for kind in LEFT_OUT)]
    apply(plane, "---".join(parts).replace("replicas: 3", "replicas: 2"))
    apply(plane, BROKEN)
    plane.advance(75)
    drawn = graph(objects_of(plane), namespace="shop")
    plane.close()
    return Scene(GraphView, {"graph": graph_message(drawn), **header(seconds=plane.clock.now())})


def rows(lab: Lab) -> Scene:
    """The pods of the story, one of them open."""
    pods = sorted(lab.objects(["pods"])["pods"], key=name_of)
    here = [pod for pod in pods if pod["metadata"]["namespace"] == "default"]
    resource = Catalog().lookup("pods")
    assert resource is not None
    records = [Record.of(pod) for pod in here]
    printed = orjson.loads(tables.render(resource, records, {}, version="v1", include="Metadata", now=lab.clock.now()))
    drawn = table(printed, here, kind="Pod", plural="pods", namespace="default", now=lab.clock.now())
    key = f"default/{name_of(here[-1])}"
    return Scene(
        TableView,
        {"table": drawn.as_dict(), **header(seconds=lab.clock.now())},
        act=f"document.querySelector('.gl-row-name[data-uid=\"{key}\"]').click();",
        answer={"key": key, "sheet": sheet_message(sheet(yaml_of(shown(here[-1])), explain))},
    )


def manifest() -> Scene:
    """A Deployment with a slip of the pen."""
    said = {0: errors.bad_request('strict decoding error: unknown field "spec.replica"')}
    told = sheet_message(sheet(MANIFEST, explain, said, checked=True))
    return Scene(ManifestView, {"sheet": told, **header(live="", seconds=NOW)})


def explain(api_version: str, kind: str) -> Fields:
    """The fields of a kind, as the API server describes them."""
    group, _, version = api_version.rpartition("/")
    document = openapi_document(Catalog(), group, version)
    return Fields(orjson.loads(document or b"{}"), api_version, kind)
