"""The commands of the tiny shell that change what is in a line: ``tr``, ``sed`` and ``awk``.

``commands`` lists them. The words are busybox's.

Simplified: of ``sed`` and ``awk`` one kind of script each, the substitution and the print of fields; other ones, and
other options, are not understood.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from typing import Any

from gitopslab.controlplane.kubelet.files import extended
from gitopslab.controlplane.kubelet.filters import lines_of
from gitopslab.controlplane.kubelet.session import Play, Session, Wanted, bounded, number
from gitopslab.controlplane.kubelet.words import NotUnderstoodError
from gitopslab.machinery.regexes import PatternError, compiled

_TEXT = r"(?:\\.|(?!(?P=sign)).)*"
_SUBSTITUTION = re.compile(rf"s(?P<sign>[/|#,])(?P<old>{_TEXT})(?P=sign)(?P<new>{_TEXT})(?P=sign)(?P<all>g?)")
_RANGE = re.compile(r"(.)-(.)")
_CLASS = re.compile(r"\[:(\w+):\]")
_CLASSES = {
    "alnum": "A-Za-z0-9", "alpha": "A-Za-z", "blank": " \t", "digit": "0-9", "lower": "a-z",
    "punct": string.punctuation, "space": " \t\n\v\f\r", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_SETS = {"": (2,), "d": (1,), "s": (1, 2), "ds": (2,)}
"""How many sets of signs ``tr`` takes with its options."""

Rewrite = Callable[[str], str]


def tr(session: Session, arguments: list[str]) -> Play:
    """``tr FROM TO``, also ``-d``, ``-s`` and ``-c``, of signs and ranges of them."""
    at = next((at for at, word in enumerate(arguments) if not re.match("-.", word)), len(arguments))
    options, sets = {sign for word in arguments[:at] for sign in word[1:]}, [_signs(word) for word in arguments[at:]]
    others = bool(options & {"c", "C"})
    kind = "".join(sorted(options - {"c", "C"}))
    if len(sets) not in _SETS.get(kind, ()) or not all(sets):
        raise NotUnderstoodError("tr " + " ".join(arguments))
    inverted = others and len(sets) == 1
    squeezes = (lambda sign: (sign in sets[-1]) != inverted) if "s" in options else (lambda sign: False)
    yield from _rewritten(session, _rewrite(sets, others=others, removes="d" in options), squeezes)


def _rewritten(session: Session, rewrite: Rewrite, squeezes: Callable[[str], bool]) -> Play:
    last = ""
    while (piece := (yield Wanted.PIECE)) is not None:
        kept = []
        for sign in map(rewrite, piece):
            if sign and not (sign == last and squeezes(sign)):
                kept.append(sign)
                last = sign
        yield session.say("".join(kept), end="")


def _rewrite(sets: list[str], *, others: bool, removes: bool) -> Rewrite:
    """What becomes of a sign."""
    chosen, goal = sets[0], sets[-1]
    if removes:
        return lambda sign: "" if (sign in chosen) != others else sign
    if len(sets) == 1:
        return lambda sign: sign
    if others:
        return lambda sign: sign if sign in chosen else goal[-1]
    table = dict(zip(chosen, goal.ljust(len(chosen), goal[-1]), strict=False))
    return lambda sign: table.get(sign, sign)


def _signs(text: str) -> str:
    """The signs of a set.

    Raises:
        NotUnderstoodError: It names a class or a sign that nobody knows.
    """
    try:
        text = re.sub(r"\\(.)", lambda match: _ESCAPED[match[1]], text)
        text = _CLASS.sub(lambda match: _CLASSES[match[1]], text)
    except KeyError as error:
        raise NotUnderstoodError(f"tr {text}") from error
    return _RANGE.sub(lambda match: _between(ord(match[1]), ord(match[2])), text)


def _between(first: int, last: int) -> str:
    return "".join(map(chr, range(first, min(last, first + 128) + 1)))


def sed(session: Session, arguments: list[str]) -> Play:
    """``sed s/OLD/NEW/``, also with ``g``, with ``-E``, and several of them with ``-e``."""
    scripts: list[str] = []
    names: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "-e":
            scripts.append(next(words, ""))
        elif word not in ("-E", "-r"):
            names.append(word)
    scripts, names = (scripts, names) if scripts else (names[:1], names[1:])
    if not scripts or any(re.match("-.", name) for name in names):
        raise NotUnderstoodError("sed " + " ".join(arguments))
    substitutions = [_substitution(script, is_basic=not {"-E", "-r"} & set(arguments)) for script in scripts]
    for line in (yield from lines_of(session, "sed", names or [""])):
        for substitution in substitutions:
            line = substitution(line)
        yield session.say(line)


def _substitution(script: str, *, is_basic: bool) -> Rewrite:
    """What ``s/OLD/NEW/`` makes of a line.

    Raises:
        NotUnderstoodError: It is something else.
    """
    match = _SUBSTITUTION.fullmatch(script)
    if match is None:
        raise NotUnderstoodError(f"sed {script}")
    old, new = (match[part].replace("\\" + match["sign"], match["sign"]) for part in ("old", "new"))
    if re.search(r"[\\&]", new):
        raise NotUnderstoodError(f"sed {script}")
    try:
        pattern: Any = compiled(bounded(extended(old) if is_basic else old))
    except PatternError as error:
        raise NotUnderstoodError(f"sed {script}") from error
    count = 0 if match["all"] else 1
    return lambda line: str(pattern.sub(lambda _: new, line, count=count))


def awk(session: Session, arguments: list[str]) -> Play:
    """``awk '{print $1, $2}'``, also with ``-F SIGN``; a blank stands for any of them, as it does without."""
    words = [word for one in arguments for word in (["-F", one[2:]] if re.match(r"-F.", one) else [one])]
    sign = words[1].replace("\\t", "\t") if words[:1] == ["-F"] and len(words) > 1 else " "
    words = words[2:] if words[:1] == ["-F"] else words
    match = re.fullmatch(r"\s*\{\s*print((?:[\s,]*\$\d{1,4})+)\s*\}\s*", words[0]) if words else None
    if match is None or len(sign) != 1:
        raise NotUnderstoodError("awk " + " ".join(arguments))
    groups = [re.findall(r"\d+", group) for group in match[1].split(",")]
    for line in (yield from lines_of(session, "awk", words[1:] or [""])):
        parts = [line, *line.split(None if sign == " " else sign)]
        shown = ("".join(parts[number(one)] for one in group if number(one) < len(parts)) for group in groups)
        yield session.say(" ".join(shown))
