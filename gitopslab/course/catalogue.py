"""The exercises that ship with the package, and the one a learner means.

Called by ``desk`` and the command line; ``content`` says where they are, ``reading`` reads each.
"""

from __future__ import annotations

import difflib
from functools import lru_cache
from pathlib import Path

from gitopslab.course import content
from gitopslab.course.edition import translation_of
from gitopslab.course.exercise import Exercise
from gitopslab.course.reading import read
from gitopslab.errors import LabError
from gitopslab.machinery.language import language


def ids() -> list[str]:
    """The ids of all exercises, in order."""
    return sorted(path.parent.name for path in content.exercises().glob("*/exercise.yaml"))


def exercise(word: str) -> Exercise:
    """The exercise that an id, or the beginning of one, means: ``06-2`` is ``06-2-unbound-claim``.

    Raises:
        LabError: None begins so, or several do.
    """
    known = ids()
    found = [one for one in known if one == word or one.startswith(f"{word}-")]
    if len(found) != 1:
        raise _not_one(word, found, known)
    return _read(content.exercises() / found[0], language())


@lru_cache(maxsize=256)
def _read(folder: Path, spoken: str) -> Exercise:
    return read(folder, translation_of(folder.name, spoken))


def _not_one(word: str, found: list[str], known: list[str]) -> LabError:
    if found:
        return LabError(f"{word} is the beginning of several exercises", f"choose one: {', '.join(found)}")
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.4) or known
    return LabError(f"there is no exercise {word!r}", f"choose one, such as {', '.join(close[:3])}")
