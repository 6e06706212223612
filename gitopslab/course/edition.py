"""What ships, in a learner's language: notebooks and tasks made from the English ones and their translations.

``gitopslab lab`` and ``gitopslab run`` fill folders from it; ``catalogue`` reads exercises through it. Nothing that is
translated is kept beside the English, so nothing can be stale: the files are made when they are asked for.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gitopslab.course import translation
from gitopslab.course.content import exercises, language_of, notebooks, shipped
from gitopslab.course.translation import Translate
from gitopslab.machinery.language import ENGLISH, languages, speak, words


def speak_as(folder: Path) -> None:
    """Speak the language that a learner's folder is in, if it says which."""
    if (language := language_of(folder)) in languages():
        speak(language)


@contextmanager
def edition(language: str) -> Iterator[dict[str, Path]]:
    """As ``shipped``, in a language; what is translated lies in a folder that goes with the block."""
    found = shipped()
    if language == ENGLISH:
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="gitopslab-edition-") as scratch:
        for name, text in _translated(found, language):
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            found[name] = path
        yield found


def _translated(found: Mapping[str, Path], language: str) -> Iterator[tuple[str, str]]:
    for name, path in found.items():
        if name.endswith(".ipynb"):
            made = translation.notebook(json.loads(path.read_bytes()), _by(words(path.stem, language)), language)
            yield name, json.dumps(made, indent=1, ensure_ascii=False) + "\n"
        elif path.name == "task.md" and path.is_relative_to(exercises()):
            translate = translation_of(path.parent.name, language)
            yield name, translation.markdown(path.read_text(encoding="utf-8"), translate) + "\n"


def translation_of(exercise: str, language: str) -> Translate:
    """Translates the texts of an exercise, which stand with those of its notebook."""
    found = next((path.stem for path in notebooks().glob(f"{exercise.partition('-')[0]}-*.ipynb")), "")
    return _by(words(found, language))


def _by(known: Mapping[str, str]) -> Translate:
    return lambda text: known.get(text, text)
