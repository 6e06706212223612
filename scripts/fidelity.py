"""Writes ``docs/fidelity.md`` from the marks in the code: ``python scripts/fidelity.py [--check]``.

Every place where the lab does less than the real thing says ``Simplified:`` at the spot. This collects them, so that
the list a learner reads can never differ from the code. ``--check`` only compares, and ends with 1 when they differ.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
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
    parts = [f"## {room}\n\n" + "\n".join(lines) + "\n" for room, lines in rooms.items() if lines]
    return "\n".join([HEAD, *parts])


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
