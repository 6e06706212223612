"""Sentences of the lab in the language that is spoken, names filled in already: errors and hints, progress, findings.

Whoever makes one writes English and knows of no language: many come from another process, which serves learners of
several languages. Whoever shows one asks ``told``. ``scripts/messages.py`` finds the sentences in the code; each is in
``translations/LANGUAGE/messages.po`` with ``{name}`` where a name stands, so that a translation may order them anew.

What Kubernetes, Flux, Argo CD, docker, Git or GitLab says has itself for its translation, or none: it stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from gitopslab.errors import NEXT
from gitopslab.machinery.language import _, language, words

_FILE = "messages"
_PLACE = re.compile(r"\{(\w+)\}")
_JOINT = re.compile(r"[:;,] | \(")
_LONGEST = 4000
"""What is longer is the output of a tool."""


def told(text: str) -> str:
    """A sentence in the language that is spoken; an error with its hint, or lines, each for itself.

    Args:
        text: In English, as ``str`` of an error gives it for example. What is not known stays as it is.
    """
    known = words(_FILE)
    if not known or len(text) > _LONGEST:
        return text
    what, is_error, hint = text.partition(NEXT)
    if is_error:
        return f"{told(what)}\n  {_('Next')}: {told(hint)}"
    said = _sentence(text, known)
    return said if said is not None else "\n".join(_line(line, known) for line in text.split("\n"))


def sentence(text: str) -> str:
    """Marks a sentence where it is made, when it is shown elsewhere in a way that cannot be seen from there."""
    return text


def _line(text: str, known: Mapping[str, str]) -> str:
    """A line that is a sentence, or begins or ends with one: ``Docker is not running (kind: ERROR: …)``."""
    if (said := _sentence(text, known)) is not None:
        return said
    if not (joint := _JOINT.search(text)):
        return text
    head, tail = text[: joint.start()], text[joint.end() :]
    return (_sentence(head, known) or head) + joint[0] + _line(tail, known)


def _sentence(text: str, known: Mapping[str, str]) -> str | None:
    """A translation, or None when the sentence is none of the lab's; with a capital it is the same sentence."""
    if text in known:
        return known[text]
    for sentence in _sentences(language()):
        if (found := sentence.parts(text)) is not None:
            return sentence.filled({name: _part(value, known) for name, value in found.items()})
    if text[:1].isupper() and (said := _sentence(text[0].lower() + text[1:], known)):
        return said[0].upper() + said[1:]
    return None


def _part(text: str, known: Mapping[str, str]) -> str:
    """What was filled in: a sentence itself, such as why something failed. A single word is a name and stays."""
    return _line(text, known) if " " in text else text


class _Sentence:
    """A sentence in which names are filled in.

    Args:
        text: In English, with ``{name}`` where a name stands.
        said: Its translation, with the same names.
    """

    def __init__(self, text: str, said: str) -> None:
        self._said = said
        self._names = _PLACE.findall(text)
        self._fixed = _PLACE.split(text)[::2]
        self._has_lines = "\n" in text
        self.fixed = sum(map(len, self._fixed))

    def parts(self, text: str) -> dict[str, str] | None:
        """What stands at the places, if the text is this sentence."""
        if not all(piece in text for piece in self._fixed):
            return None  # nearly always: a pattern is made only for what looks like it
        pattern = "(.+?)".join(map(re.escape, self._fixed))
        found = re.fullmatch(pattern, text, re.DOTALL if self._has_lines else 0)
        return dict(zip(self._names, found.groups(), strict=True)) if found else None

    def filled(self, parts: Mapping[str, str]) -> str:
        """The translation with its names."""
        return _PLACE.sub(lambda place: parts.get(place[1], place[0]), self._said)


@lru_cache(maxsize=8)
def _sentences(spoken: str) -> list[_Sentence]:
    """Those with places; the one that says most of itself first, because it is the one that is meant."""
    found = [_Sentence(text, said) for text, said in words(_FILE, spoken).items() if _PLACE.search(text)]
    return sorted(found, key=lambda sentence: -sentence.fixed)
