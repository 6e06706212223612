"""Takes the documentation's pictures: ``python scripts/screenshots.py [DIR]``.

Every widget in headless Chromium, light and dark, at 1280 by 720 pixels, in scenes that are the same every time
(``tests/widget_scenes.py``); and notebook 00 in a real JupyterLab. Needs Chromium and the test extra. Writes
``docs/images/`` unless told otherwise.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from jupyterlab_in_browser import browser, open_lab  # noqa: E402
from widget_page import Shown, chromium  # noqa: E402
from widget_scenes import scenes  # noqa: E402

SIZE = {"width": 1280, "height": 720}
_PAGE = """(dark) => {
  document.body.style = `margin: 0; padding: 12px 16px; background: ${dark ? "#111" : "#fff"}`;
  return document.documentElement.scrollHeight;
}"""


def main() -> None:
    """Take all pictures."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    target.mkdir(parents=True, exist_ok=True)
    widgets(target)
    notebook(target / "notebook-00.png")


def widgets(target: Path) -> None:
    """A picture of each widget in each theme; says when one does not fit."""
    known = scenes()
    with chromium() as opened:
        for scheme in ("light", "dark"):
            page = opened.new_page(viewport=SIZE, color_scheme=scheme, reduced_motion="reduce")
            for name, scene in known.items():
                scene.show(Shown(page))
                height = page.evaluate(_PAGE, scheme == "dark")
                page.wait_for_timeout(400)
                file = target / f"{name}{'-dark' if scheme == 'dark' else ''}.png"
                page.screenshot(path=file)
                cut = f", cut: it is {height} high" if height > SIZE["height"] else ""
                print(file.name + cut)


def notebook(file: Path) -> None:
    """The notebook with the board in it, in JupyterLab."""
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder)) as lab, browser(**SIZE) as shown:
        lab.gitopslab("kubectl", "create", "deployment", "waal-web", "--image=nginx:1.27", "--replicas=5")
        lab.gitopslab("kubectl", "rollout", "status", "deployment/waal-web")
        shown.open(lab.address("00-start-here.ipynb"))
        shown.run_until("open-lab")
        shown.page.wait_for_selector(".gl-board .gl-pod", timeout=60_000)
        shown.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
        shown.page.wait_for_timeout(1500)  # tiles slide to their nodes
        shown.page.locator(".gl-board").first.scroll_into_view_if_needed()
        shown.page.screenshot(path=file)
        print(file.name)


if __name__ == "__main__":
    main()
