"""The table in the README that opens each notebook on Binder, in both languages; ``--check`` only compares.

Binder builds from a public repository, and until this one has been published its address is not known: ``OWNER``
stands in the links. Whoever publishes it fills that in once, with ``python scripts/links.py --owner NAME``, and
commits. Without the option the links are written anew for the address that stands in the README now.
"""

from __future__ import annotations

import argparse
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


def _repository(owner: str) -> str:
    """``NAME`` or ``NAME/REPOSITORY`` as ``NAME/REPOSITORY``."""
    repository = owner if "/" in owner else f"{owner}/gitopslab"
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        sys.exit(f"{owner!r} is not an owner on GitHub: --owner NAME, or --owner NAME/REPOSITORY")
    return repository


def main() -> int:
    """Write the table; with ``--check`` the exit code is 1 when it is another."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--owner", help="whose repository it is, on GitHub; with /NAME if that is not gitopslab")
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    text = README.read_text(encoding="utf-8")
    repository = _repository(options.owner) if options.owner else _ADDRESS.findall(text)[0]
    before = text[text.index(BEGIN) : text.index(END) + len(END)]
    wanted = table(repository)
    if options.check:
        if before != wanted:
            print("the links in README.md are not those of the notebooks: python scripts/links.py")
        return int(before != wanted)
    README.write_text(text.replace(before, wanted), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
