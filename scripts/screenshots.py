"""Takes the documentation's pictures from a real JupyterLab: ``python scripts/screenshots.py [DIR]``.

Needs Chromium and the test extra. Writes ``docs/images/`` unless told otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from jupyterlab_in_browser import Browser, OpenLab, browser, open_lab  # noqa: E402

STORY = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: waal-web}
spec:
  replicas: 5
  selector: {matchLabels: {app: waal-web}}
  template:
    metadata: {labels: {app: waal-web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.27", resources: {requests: {cpu: 600m, memory: 512Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: report}
spec:
  replicas: 2
  selector: {matchLabels: {app: report}}
  template:
    metadata: {labels: {app: report}}
    spec:
      containers:
      - {name: report, image: "python:3.12-slim", resources: {requests: {cpu: "3", memory: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: typo}
spec:
  containers: [{name: web, image: "nginx:does-not-exist"}]
"""


def main() -> None:
    """Take all pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder)) as lab:
        tell_story(lab, Path(folder))
        for dark in (False, True):
            with browser(width=1520, height=1400, dark=dark) as shown:
                board(shown, lab, target / f"board{'-dark' if dark else ''}.png", dark=dark)
        with browser(width=1400, height=1000) as shown:
            notebook(shown, lab, target / "notebook-00.png")


def tell_story(lab: OpenLab, folder: Path) -> None:
    """Put pods on the nodes: running ones, one that fits nowhere, one whose image does not exist."""
    manifest = folder / "story.yaml"
    manifest.write_text(STORY)
    lab.gitopslab("kubectl", "apply", "-f", str(manifest))
    lab.gitopslab("kubectl", "rollout", "status", "deployment/waal-web")


def board(shown: Browser, lab: OpenLab, file: Path, *, dark: bool) -> None:
    """The board alone, as the notebook shows it."""
    shown.open(lab.address("00-start-here.ipynb"))
    if dark:
        use_theme(shown, "JupyterLab Dark")
    run_until_board(shown)
    shown.page.locator(".gl-board").first.screenshot(path=file)
    if dark:
        use_theme(shown, "JupyterLab Light")


def use_theme(shown: Browser, name: str) -> None:
    """Switch JupyterLab's theme, which the board follows."""
    shown.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", name)


def notebook(shown: Browser, lab: OpenLab, file: Path) -> None:
    """The notebook with the board in it, in JupyterLab."""
    shown.open(lab.address("00-start-here.ipynb"))
    run_until_board(shown)
    shown.page.locator(".gl-board").first.scroll_into_view_if_needed()
    shown.page.screenshot(path=file)


def run_until_board(shown: Browser) -> None:
    """Run the cells up to the one that shows the board, and no further."""
    shown.run_until("open-lab")
    shown.page.wait_for_selector(".gl-board .gl-pod", timeout=60_000)
    shown.page.wait_for_timeout(1500)  # tiles slide to their nodes


if __name__ == "__main__":
    main()
