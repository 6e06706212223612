"""Every widget in a real JupyterLab: it renders, follows what changes, keeps the reader's place, and outlives its page
and its kernel.

One notebook with a cell a widget serves all tests; each finds it with every widget live and leaves it so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import nbformat
import pytest
from jupyterlab_in_browser import CHROMIUM, Browser, OpenLab, browser
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, TimeoutError

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]

NOTEBOOK = "every-widget.ipynb"
PLACE = "show"
WEB = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {PLACE}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: {PLACE}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: "nginx:1.27"}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: big, namespace: {PLACE}}}
spec:
  containers: [{{name: main, image: "nginx:1.27", resources: {{requests: {{cpu: "9"}}}}}}]
"""
LATER = f"{PLACE}-later"
WORDS = f"""apiVersion: v1
kind: ConfigMap
metadata:
  name: words
  namespace: {LATER}
data:
  greeting: hello
"""


SHOP = f"{PLACE}-git"
BROUGHT = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: {SHOP}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: shop, namespace: flux-system}}
spec: {{interval: 1h, url: "http://git.gitopslab.svc.cluster.local/show/shop.git", ref: {{branch: main}}}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: shop, namespace: flux-system}}
spec: {{interval: 1h, prune: true, targetNamespace: {SHOP}, sourceRef: {{kind: GitRepository, name: shop}}}}
"""
WEB_IN_GIT = WEB.split("---")[1]
IN_GIT = {"web.yaml": WEB_IN_GIT.replace(f", namespace: {PLACE}", "")}
MORE_IN_GIT = {"words.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {greeting: hello}\n"}

BUILT = {".gitlab-ci.yml": "build: {stage: build, script: [sleep 2]}\ntest: {script: [echo tested]}\n"}

IMAGE = {"Dockerfile": "FROM python\nWORKDIR /app\nCOPY app.py .\n", "app.py": "print('hello')\n"}

FIRST = f"""from pathlib import Path

import gitopslab
from gitopslab.gitops.flux.definitions import definitions

lab, place = gitopslab.open(), {PLACE!r}
lab.apply({WEB!r})
lab.wait("deployment/web", namespace=place)
lab.client.apply({{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "flux-system"}}}})
for definition in definitions():
    lab.client.apply(definition)
lab.client.discovery(fresh=True)
shop = lab.git.clone("show/shop", "shop")
shop.commit("Open the shop", {IN_GIT!r}, push=True)
shop.commit("Say hello", {MORE_IN_GIT!r}, push=True)
for name, text in {IMAGE!r}.items():
    Path("layered", name).parent.mkdir(exist_ok=True)
    Path("layered", name).write_text(text)
lab.build("layered", "show/layered:1", engine="lab")
app = lab.git.clone("show/app", "app")
app.commit("Build it", {BUILT!r}, push=True)
lab.flux.url("show/shop")
lab.apply({BROUGHT!r})
lab.wait("kustomization/shop", "condition=Ready", namespace="flux-system")
"""
MOST_TABS = 12
_FOCUS = "['uid', 'node', 'at'].map((name) => document.activeElement.dataset[name])"
_SCROLLED = "Math.round(root.getBoundingClientRect().top)"


def scale(stage: Stage, _root: Locator) -> None:
    """Ask for one pod more, in a terminal."""
    stage.pods += 1
    stage.lab.gitopslab("kubectl", "scale", "deployment/web", f"--replicas={stage.pods}", "-n", PLACE)


def scale_shop(stage: Stage, _root: Locator) -> None:
    """Ask for one pod more than Git does, in a terminal."""
    stage.shop += 1
    stage.lab.gitopslab("kubectl", "scale", "deployment/web", f"--replicas={stage.shop}", "-n", SHOP)


def run_again(_stage: Stage, root: Locator) -> None:
    """Run the first job again, or cancel it while it runs, by its button."""
    if root.locator(".gl-pl-details").is_hidden():
        root.locator(".gl-pl-job").first.evaluate("(job) => job.click()")
    root.locator(".gl-pl-actions button").first.evaluate("(button) => button.click()")


def think_smaller(stage: Stage, root: Locator) -> None:
    """Ask the decision what it would be for another request than before."""
    stage.pods += 1
    root.get_by_label("CPU it asks for").evaluate(
        "(input, cpu) => { input.value = cpu; input.form.requestSubmit(); }", f"{stage.pods}0m"
    )


def make_namespace(stage: Stage, root: Locator) -> None:
    """Make the namespace that the manifest misses, or take it away, and have it checked again."""
    there = stage.lab.gitopslab("kubectl", "get", "namespace", LATER, "--ignore-not-found").strip()
    stage.lab.gitopslab("kubectl", "delete" if there else "create", "namespace", LATER)
    root.get_by_text("check again").evaluate("(button) => button.click()")


@dataclass(frozen=True)
class Case:
    """One widget and what a test may do with it.

    Attributes:
        name: What it is called; its class in CSS is ``gl-NAME``.
        code: The cell that shows it.
        thing: What its arrows go from and to.
        sign: JavaScript on ``root`` that tells another state of the cluster.
        key: Goes from its first thing to another one.
        choose: JavaScript on ``root`` that chooses a place in it.
        place: JavaScript on ``root`` that tells the place.
        change: What makes ``sign`` another.
    """

    name: str
    code: str
    thing: str
    sign: str
    key: str = "ArrowDown"
    choose: str = ""
    place: str = "''"
    change: Callable[[Stage, Locator], None] = scale

    def __str__(self) -> str:
        return self.name


CASES = [
    Case(
        "board",
        "lab.board(namespace=place)",
        ".gl-pod",
        key="ArrowRight",
        sign="root.querySelectorAll('.gl-node .gl-pods .gl-pod').length",
        choose="""const menu = root.querySelector('select[aria-label^=Whose]');
          menu.value = [...menu.options].find((each) => each.textContent.includes('web')).value;
          menu.dispatchEvent(new Event('change'));""",
        place="root.querySelector('select[aria-label^=Whose]').value",
    ),
    Case(
        "decision",
        'lab.explain("pod/big", namespace=place)',
        "tbody tr",
        "root.querySelector('.gl-dc-changes').textContent",
        place="root.querySelector('details').open",
        choose="root.querySelector('details').open = true;",
        change=think_smaller,
    ),
    Case("graph", "lab.graph(place)", ".gl-item", "root.querySelectorAll('.gl-item[data-kind=Pod]').length"),
    Case(
        "path",
        'lab.path("deployment/web", namespace=place)',
        ".gl-step-title",
        "root.querySelector('.gl-verdict').textContent + root.querySelector('.gl-steps').textContent",
        key="ArrowUp",
        choose="root.querySelector('.gl-step-title').click();",
        place="root.querySelector('.gl-step-title[aria-current] span').textContent",
    ),
    Case(
        "timeline",
        "lab.timeline(namespace=place)",
        ".gl-lanes :is(.gl-life, .gl-mark)",
        "root.querySelector('.gl-size').textContent",
        choose="""const menu = root.querySelector('select');
          menu.value = '900';
          menu.dispatchEvent(new Event('change'));""",
        place="root.querySelector('select').value",
    ),
    Case(
        "table",
        'lab.table("pods", namespace=place)',
        ".gl-row-name",
        "root.querySelectorAll('tr[data-key]').length",
        choose="root.querySelector('tr[data-key$=big]').click();",
        place="root.querySelector('.gl-opened').dataset.key",
    ),
    Case(
        "anatomy",
        "lab.anatomy()",
        ".gl-organ",
        "root.textContent.match(/and \\d+ other/g).join()",
        choose="root.querySelector('.gl-member').click();",
        place="root.querySelector('.gl-outcome').textContent",
    ),
    Case(
        "manifest",
        f"lab.manifest({WORDS!r})",
        ".gl-field",
        "root.querySelector('.gl-verdict').textContent",
        change=make_namespace,
    ),
    Case(
        "pipeline",
        'lab.pipelines("show/app").latest.show()',
        ".gl-pl-job",
        "[...root.querySelectorAll('.gl-pl-job')].map((job) => job.textContent).join()",
        choose="root.querySelector('.gl-pl-job').click();",
        place="root.querySelector('.gl-pl-details strong').textContent.split(':')[0]",
        change=run_again,
    ),
    Case(
        "commit-lanes",
        'lab.lanes("show/shop")',
        ".gl-ln-commit",
        "root.querySelector('.gl-ln-drift').textContent",
        key="ArrowRight",
        choose="root.querySelectorAll('.gl-ln-commit')[1].click();",
        place="root.querySelector('.gl-ln-commit[aria-pressed=true]').dataset.at",
        change=scale_shop,
    ),
    Case(
        "tree",
        'lab.tree("kustomization/shop")',
        ".gl-tr-card",
        "root.querySelector('.gl-tr-card[data-kind=Deployment]').ariaLabel",
        key="ArrowRight",
        change=scale_shop,
    ),
    Case(
        "drift",
        'lab.drift("kustomization/shop")',
        ".gl-df-row",
        "root.querySelector('.gl-df-rows').textContent",
        choose="root.querySelector('.gl-toggle').click();",
        place="root.querySelector('.gl-toggle').ariaPressed",
        change=scale_shop,
    ),
]
LAYERS = Case("layers", 'lab.layers("show/layered:1")', ".gl-stack button", "''")
"""What it shows never changes, so it follows nothing."""

every = pytest.mark.parametrize("case", CASES, ids=str)
all_ = pytest.mark.parametrize("case", [*CASES, LAYERS], ids=str)


@dataclass
class Stage:
    """The notebook with every widget in it."""

    lab: OpenLab
    shown: Browser
    pods: int = 2
    shop: int = 2

    @property
    def page(self) -> Page:
        return self.shown.page

    def root(self, case: Case) -> Locator:
        return self.page.locator(f".jp-Notebook .gl-{case.name}")

    def ask(self, case: Case, expression: str) -> object:
        return self.root(case).evaluate(f"(root) => {expression}")

    def change(self, *cases: Case) -> None:
        """Change what these widgets show, and wait until they show it."""
        before = {case: self.ask(case, case.sign) for case in cases}
        for change in {case.change: case for case in cases}.values():
            change.change(self, self.root(change))
        for case in cases:
            changed = f"([root, before]) => JSON.stringify({case.sign}) !== JSON.stringify(before)"
            try:
                self.page.wait_for_function(changed, arg=[self.root(case).element_handle(), before[case]])
            except TimeoutError as error:
                raise AssertionError(f"{case} still shows {before[case]}") from error

    def run(self) -> None:
        """Run the notebook and wait until every widget is there and follows."""
        failed = [cell["id"] for cell in self.shown.run_all() if cell["error"]]
        assert failed == []
        self.wait_live()

    def wait_live(self) -> None:
        for case in (*CASES, LAYERS):
            self.root(case).locator(case.thing).first.wait_for(state="attached", timeout=60_000)
        self.page.wait_for_function(
            "() => !document.querySelector('.gl-live:is([data-live=lost], [data-live=closed])')"
        )


@pytest.fixture(scope="module")
def stage(lab: OpenLab) -> Iterator[Stage]:
    cells = [new_code_cell(FIRST), *(new_code_cell(case.code) for case in (*CASES, LAYERS))]
    # Without a kernel's name JupyterLab would ask for one.
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), lab.folder / NOTEBOOK)
    with browser() as shown:
        made = Stage(lab, shown)
        shown.open(lab.address(NOTEBOOK))
        made.run()
        yield made


@all_
def test_it_renders(stage: Stage, case: Case) -> None:
    root = stage.root(case)
    assert root.count() == 1
    assert root.locator(case.thing).first.is_visible()
    assert root.locator(".gl-error").is_hidden()
    assert stage.shown.hosts - {""} == {"127.0.0.1"}
    assert stage.shown.errors == []


@all_
def test_it_is_reached_and_used_by_keyboard(stage: Stage, case: Case) -> None:
    cells = stage.page.locator(".jp-Notebook .jp-Cell")
    count = cells.count()
    stage.root(case).evaluate("(root) => root.closest('.jp-Cell').focus()")
    on_a_thing = f"document.activeElement.matches('.gl-{case.name} :is({case.thing})')"
    for _ in range(MOST_TABS):
        stage.page.keyboard.press("Tab")
        if stage.page.evaluate(on_a_thing):
            break
    assert stage.page.evaluate(on_a_thing), f"not reached with {MOST_TABS} times Tab"
    before = stage.page.evaluate_handle("document.activeElement")
    stage.page.keyboard.press(case.key)
    assert stage.page.evaluate(f"(before) => {on_a_thing} && document.activeElement !== before", before)
    stage.page.keyboard.press("Enter")
    stage.page.keyboard.press("Escape")
    for shortcut in "abdd":
        stage.page.keyboard.press(shortcut)
    assert cells.count() == count, "keys in a widget are not commands of the notebook"


@every
def test_it_follows_a_change_and_keeps_its_place(stage: Stage, case: Case) -> None:
    root = stage.root(case)
    root.evaluate(f"(root) => {{ {case.choose} }}")
    root.locator(case.thing).nth(1).evaluate("(thing) => thing.focus()")
    place = f"[{case.place}, {_FOCUS}, {_SCROLLED}]"
    before = stage.ask(case, place)
    stage.change(case)
    assert stage.ask(case, place) == before


def test_all_of_them_survive_a_reload_of_the_page(stage: Stage) -> None:
    stage.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    stage.shown.open(stage.lab.address(NOTEBOOK))
    stage.wait_live()
    stage.change(*CASES)


def test_all_of_them_survive_a_restart_of_the_kernel(stage: Stage) -> None:
    stage.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    ended = "(count) => document.querySelectorAll('.gl-live[data-live=closed]').length === count"
    stage.page.wait_for_function(ended, arg=len((*CASES, LAYERS)))
    blank = [case.name for case in (*CASES, LAYERS) if not stage.root(case).locator(case.thing).count()]
    assert blank == [], "the last picture stays"
    stage.run()
    stage.change(*CASES)
