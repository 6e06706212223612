"""How long after its write a new pod is on the board, in a real JupyterLab in headless Chromium."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from connection import Connection
from jupyterlab_in_browser import Browser, browser, open_lab

_WATCH = """() => {
  window.shownAt = {};
  const look = () => {
    for (const tile of document.querySelectorAll('.gl-board .gl-pod')) {
      const name = tile.querySelector('.gl-name')?.textContent ?? '';
      window.shownAt[name] ??= Date.now() / 1000;
    }
  };
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
  look();
}"""


def lag(shown: Browser, api: Connection, name: str) -> float:
    """Milliseconds from the moment the pod is sent until its tile is in the page."""
    pod = {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}
    sent = time.time()
    api.request("POST", "/api/v1/namespaces/default/pods", pod)
    shown.page.wait_for_function("name => window.shownAt[name]", arg=name, timeout=10_000)
    return (float(shown.page.evaluate("name => window.shownAt[name]", name)) - sent) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=20)
    count = parser.parse_args().pods
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder)) as lab, browser() as shown:
        shown.open(lab.address("00-start-here.ipynb"))
        shown.run_until("open-lab")
        shown.page.wait_for_selector(".gl-board .gl-node", timeout=60_000)
        shown.page.evaluate(_WATCH)
        api = Connection(Path(lab.gitopslab("kubeconfig").strip()))
        lags = [lag(shown, api, f"bench{i}") for i in range(count)]
    print(f"write to tile, milliseconds: median {statistics.median(lags):.0f}, largest {max(lags):.0f} of {count}")


if __name__ == "__main__":
    main()
