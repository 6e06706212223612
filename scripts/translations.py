"""Brings ``translations/`` up to date with notebooks, exercises and code; ``--check`` only says what is missing.

What was translated stays; a text that changed keeps its old translation, marked ``fuzzy``, which counts as missing
until somebody has looked at it. Edit a ``.po`` file with any editor for such files, then run this again.
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from gitopslab.course.translation import texts, texts_of_exercise

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "translations"
_WIDTH = 100


def main() -> int:
    """Update every file of every language, or check them; the exit code is 1 when something is missing."""
    only_check = "--check" in sys.argv[1:]
    missing = 0
    for folder in sorted(path for path in TRANSLATIONS.iterdir() if path.is_dir()):
        for name, template in templates().items():
            path = folder / f"{name}.po"
            known = catalog(path, folder.name)
            known.update(template, no_fuzzy_matching=only_check, update_creation_date=False)
            if not only_check:
                with path.open("wb") as file:
                    write_po(file, known, width=_WIDTH, ignore_obsolete=True, omit_header=False)
            lacking = [each for each in known if each.id and (not each.string or each.fuzzy)]
            missing += len(lacking)
            if lacking:
                print(f"{path.relative_to(ROOT)}: {len(lacking)} of {len(template)} texts lack a translation")
    return 1 if missing else 0


def catalog(path: Path, language: str) -> Catalog:
    """What a file holds, or an empty one."""
    if not path.is_file():
        return Catalog(language, project="gitopslab", fuzzy=False, header_comment=f"# gitopslab, language {language}.")
    with path.open("rb") as file:
        return read_po(file, language)


def templates() -> dict[str, Catalog]:
    """All texts there are, by the name of the file that translates them."""
    found = {"lab": _of_code()}
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        told = texts(json.loads(notebook.read_text(encoding="utf-8")))
        for folder in sorted((ROOT / "exercises").glob(f"{notebook.name[:2]}-*")):
            content = yaml.safe_load((folder / "exercise.yaml").read_text(encoding="utf-8"))
            told += texts_of_exercise(folder.name, content, (folder / "task.md").read_text(encoding="utf-8"))
        found[notebook.stem] = made = Catalog(project="gitopslab")
        for text, place in told:
            made.add(text, auto_comments=[place])
    return found


def _of_code() -> Catalog:
    made = Catalog(project="gitopslab")
    for path in sorted((ROOT / "gitopslab").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)) if "machinery.language import" in source else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_"):
                (text,) = node.args
                if isinstance(text, ast.Constant):
                    made.add(text.value, auto_comments=[path.relative_to(ROOT).as_posix()])
    return made


if __name__ == "__main__":
    sys.exit(main())
