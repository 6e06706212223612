"""The table in the README that opens each notebook on Binder, in both languages; ``--check`` only compares.

``python scripts/links.py OWNER/REPOSITORY`` writes it for the repository's public address; without one for the address
that stands in the README now.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- Binder links: scripts/links.py -->", "<!-- end of Binder links -->"
_ADDRESS = re.compile(r"mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/HEAD")
FOLDERS = {"English": "course", "Nederlands": "cursus"}


def link(repository: str, folder: str, notebook: str) -> str:
    """The address that opens a notebook: Binder's, with JupyterLab's path in it, encoded once."""
    path = f"lab/tree/{folder}/{notebook}"
    return f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath={quote(path, safe='')}"


def table(repository: str) -> str:
    """The rows, with the question that each notebook answers."""
    lines = [BEGIN, "", f"| | notebook | {' | '.join(FOLDERS)} |", "|---|---|---|---|"]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        question = first.splitlines()[0].removeprefix("# ")
        links = [f"[open]({link(repository, folder, path.name)})" for folder in FOLDERS.values()]
        lines.append(f"| {path.name[:2]} | {question} | {' | '.join(links)} |")
    return "\n".join([*lines, "", END])


def main() -> int:
    """Write the table; with ``--check`` the exit code is 1 when it is another."""
    text = README.read_text(encoding="utf-8")
    asked = [word for word in sys.argv[1:] if not word.startswith("-")]
    repository = asked[0] if asked else _ADDRESS.findall(text)[0]
    before = text[text.index(BEGIN) : text.index(END) + len(END)]
    wanted = table(repository)
    if "--check" in sys.argv[1:]:
        if before != wanted:
            print("the links in README.md are not those of the notebooks: python scripts/links.py")
        return int(before != wanted)
    README.write_text(text.replace(before, wanted), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
