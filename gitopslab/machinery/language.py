"""The language the lab speaks, and its words in it: English in the code, other languages in gettext's ``.po`` files.

Whoever opens a working folder says which language it is in (``speak``); everybody else asks for words: ``_("done")``. A
text without a translation stays English, so that nothing is ever missing. ``scripts/translations.py`` finds what is to
be translated and keeps the files up to date.

::

    translations/<language>/lab.po          the words of commands and reports
    translations/<language>/messages.po     whole sentences with names in them (``machinery.messages``)
    translations/<language>/widgets.po      the words that are drawn, with # for a number and * for a name
    translations/<language>/NN-slug.po      a notebook and its exercises
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

from gitopslab.errors import SetupError

ENGLISH = "en"
VARIABLE = "GITOPSLAB_LANG"
"""The environment variable that kernels and terminals of a working folder are started with."""

_WORDS, _DRAWN = "lab", "widgets"
_PLACE = re.compile(r"[*#]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:[KMGT]i)?")
_spoken: list[str] = []


def languages() -> list[str]:
    """The languages there are, English first."""
    return [ENGLISH, *sorted(path.name for path in _folder().iterdir() if path.is_dir())]


def speak(language: str) -> None:
    """Speak a language from now on, in this process.

    Raises:
        SetupError: There is no such language.
    """
    if language not in languages():
        raise SetupError(f"The lab does not speak {language!r}", f"Choose one of: {', '.join(languages())}")
    _spoken[:] = [language]


def language() -> str:
    """What is spoken: what was chosen, else what the environment says, else English."""
    if _spoken:
        return _spoken[0]
    asked = os.environ.get(VARIABLE, ENGLISH)
    return asked if asked in languages() else ENGLISH


def _(text: str) -> str:
    """A text of the lab's own in the language that is spoken."""
    return words(_WORDS).get(text, text)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text where it is written, in a table for example; ``_`` translates it where it is said."""
    return text


def drawn(text: str) -> str:
    """A text that is drawn, in the language that is spoken: part by part, and with its numbers, as widgets do it."""
    known = words(_DRAWN)
    return " · ".join(_drawn_part(part, known) for part in text.split(" · ")) if known else text


def _drawn_part(text: str, known: Mapping[str, str]) -> str:
    numbers = iter(_NUMBER.findall(text))
    said = known.get(text) or known.get(_NUMBER.sub("#", text))
    if said:
        return re.sub("#", lambda _: next(numbers, "#"), said)
    for pattern, sentence in _sentences(language()):
        if found := pattern.fullmatch(text):
            names = [_drawn_name(name, known) for name in found.groups()]
            return "".join(part + name for part, name in zip(_PLACE.split(sentence), [*names, ""], strict=True))
    return text


def _drawn_name(name: str, known: Mapping[str, str]) -> str:
    """What stands at a place of a sentence: a text of its own, or several with commas or semicolons between them."""
    said = _drawn_part(name, known)
    joint = next((joint for joint in ("; ", ", ") if joint in name), "")
    if said != name or not joint:
        return said
    return joint.join(_drawn_name(one, known) for one in name.split(joint))


@lru_cache(maxsize=8)
def _sentences(spoken: str) -> list[tuple[re.Pattern[str], str]]:
    """Those texts that have a ``*`` where a name stands, as patterns."""
    known = words(_DRAWN, spoken)
    return [(_pattern(text), said) for text, said in known.items() if "*" in text]


def _pattern(text: str) -> re.Pattern[str]:
    places = (f"({_NUMBER.pattern})" if place == "#" else "(.+?)" for place in _PLACE.findall(text))
    parts = map(re.escape, _PLACE.split(text))
    return re.compile("".join(part + place for part, place in zip(parts, [*places, ""], strict=True)))


def words(name: str, wanted: str = "") -> Mapping[str, str]:
    """What one file of a language translates; nothing in English, and nothing where there is no such file.

    Args:
        name: ``lab``, or a notebook's name.
        wanted: The language; default what is spoken.
    """
    chosen = wanted or language()
    return {} if chosen == ENGLISH else _read(_folder() / chosen / f"{name}.po")


@lru_cache(maxsize=64)
def _read(path: Path) -> Mapping[str, str]:
    from babel.messages.pofile import read_po

    if not path.is_file():
        return {}
    with path.open("rb") as file:
        catalog = read_po(file)
    # a fuzzy one was the translation of a text that is another by now
    return {str(each.id): str(each.string) for each in catalog if each.id and each.string and not each.fuzzy}


def _folder() -> Path:
    package = Path(str(files("gitopslab")))
    inside = package / "_content" / "translations"
    return inside if inside.is_dir() else package.parent / "translations"
