"""Writes ``docs/fidelity.md`` from the marks in the code: ``python scripts/fidelity.py [--check]``.

Every place where the lab does less than the real thing says ``Simplified:`` at the spot. This collects them, so that
the list a learner reads can never differ from the code. ``--check`` only compares, and ends with 1 when they differ.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CONFORMANCE = ROOT / "tests" / "conformance"
TARGET = ROOT / "docs" / "fidelity.md"
MARK = re.compile(r"Simplified: (.*)")
HEAD = """# Where the lab does less than the real thing

Made from the marks in the code by `scripts/fidelity.py`; each says what the lab does and what the real thing does more.
The embedded cluster answers what a real control plane answered (`tests/conformance`); this is what it leaves out. On
kind, k3d, kwok or a cluster of yours none of this applies.
"""


def main() -> int:
    """Write the page, or with ``--check`` compare."""
    page = written()
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text(encoding="utf-8") == page
        print("docs/fidelity.md is up to date" if same else "run: python scripts/fidelity.py", file=sys.stderr)
        return 0 if same else 1
    TARGET.write_text(page, encoding="utf-8")
    return 0


def written() -> str:
    """The whole page: a heading a room, a line a mark."""
    rooms: dict[str, list[str]] = {}
    for path in sorted((ROOT / "gitopslab").rglob("*")):
        if path.suffix in (".py", ".yaml", ".js"):
            name = path.relative_to(ROOT / "gitopslab").as_posix()
            room = name.rpartition("/")[0].replace("/", ".") or "the package itself"
            rooms.setdefault(room, []).extend(
                f"- {text} (`{name}`)" for text in marks(path.read_text(encoding="utf-8"))
            )
    parts = [answers(), *(f"## {room}\n\n" + "\n".join(lines) + "\n" for room, lines in rooms.items() if lines)]
    return "\n".join([HEAD, *parts])


def answers() -> str:
    """How many answers of the recorded scenarios are the real control plane's; the tests fail when fewer are."""
    counts = {
        path.stem: len(json.loads(path.read_text())) for path in sorted((CONFORMANCE / "recorded").glob("*.json"))
    }
    different = yaml.safe_load((CONFORMANCE / "differences.yaml").read_text())
    total, differing = sum(counts.values()), sum(found["answers"] for found in different.values())
    rows = [
        f"- {name}: {found['answers']} of {counts[name]} answers may differ: {found['why']}."
        for name, found in different.items()
    ]
    told = (
        f"{len(counts)} scenarios were played with kubectl on a real Kubernetes 1.36 control plane, and all it said "
        f"and stored was written down. Played again on the embedded cluster, at every change of the lab, "
        f"{total - differing} of {total} answers are the same. A few scenarios look at what is under way; they "
        f"are compared where kubectl is about as quick as it was then."
    )
    return "\n".join(["## What it answers as the real one does", "", told, "", *rows, ""])


def marks(source: str) -> list[str]:
    """The text of each mark, with the lines it goes on over."""
    lines = source.splitlines()
    return [_whole(lines, i) for i, line in enumerate(lines) if MARK.search(line)]


def _whole(lines: list[str], start: int) -> str:
    words = [MARK.search(lines[start]).group(1)]  # type: ignore[union-attr]
    is_comment = lines[start].lstrip().startswith(("#", "//")) or re.search(r"\s#\s.*Simplified:", lines[start])
    for line in lines[start + 1 :]:
        if words[-1].rstrip().endswith('"""'):
            break
        text = line.strip()
        if is_comment and not text.startswith(("#", "//")):
            break
        text = text.lstrip("#/ ")
        if not text or text.startswith(('"""', "Args:", "Returns:", "Raises:", "Simplified:")):
            break
        words.append(text)
    return " ".join(words).replace('"""', "").strip()


if __name__ == "__main__":
    sys.exit(main())
