"""The commands of the tiny shell that stand in pipes: they read lines and print others.

``commands`` lists them. The words are busybox's.

Simplified: the usual options only; a script with others is not understood. All but ``tee`` and ``tr`` print when their
input has ended.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from itertools import groupby

from gitopslab.controlplane.kubelet.files import text_of
from gitopslab.controlplane.kubelet.session import PER_ITEM, Play, Printed, Session, Wanted, bounded, number
from gitopslab.controlplane.kubelet.words import NotUnderstoodError
from gitopslab.machinery.regexes import PatternError, compiled

_TEXT = r"(?:\\.|(?!(?P=sign)).)*"
_SUBSTITUTION = re.compile(rf"s(?P<sign>[/|#,])(?P<old>{_TEXT})(?P=sign)(?P<new>{_TEXT})(?P=sign)(?P<all>g?)")
_RANGE = re.compile(r"(.)-(.)")

Lines = Generator[Printed | Wanted, str | None, list[str]]


def sort(session: Session, arguments: list[str]) -> Play:
    """``sort``, also ``-r``, ``-n`` and ``-u``."""
    options, names = _options("sort", arguments, "rnu")
    found = yield from _lines(session, "sort", names)
    ordered = sorted(found, key=(lambda line: (_leading(line), line)) if "n" in options else None)
    ordered = list(dict.fromkeys(ordered)) if "u" in options else ordered
    for line in reversed(ordered) if "r" in options else ordered:
        yield session.say(line)


def _leading(line: str) -> int:
    match = re.match(r"\s*(-?\d{1,18})", line)
    return int(match[1]) if match else 0


def uniq(session: Session, arguments: list[str]) -> Play:
    """``uniq``, also ``-c``."""
    options, names = _options("uniq", arguments, "c")
    found = yield from _lines(session, "uniq", names)
    for line, same in groupby(found):
        yield session.say(f"{len(list(same)):>7} {line}" if "c" in options else line)


def rev(session: Session, arguments: list[str]) -> Play:
    """``rev``: every line from its end to its beginning."""
    _, names = _options("rev", arguments, "")
    for line in (yield from _lines(session, "rev", names)):
        yield session.say(line[::-1])


def tee(session: Session, arguments: list[str]) -> Play:
    """``tee``, also ``-a``: what comes is printed and kept, as it comes."""
    options, names = _options("tee", arguments, "a")
    paths = [name for name in names if name]
    for path in paths if "a" not in options else ():
        yield from _kept(session, path, "")
    while (line := (yield Wanted.LINE)) is not None:
        yield session.say(line, end="")
        for path in paths:
            yield from _kept(session, path, session.files.get(session.path(path), "") + line)


def _kept(session: Session, path: str, text: str) -> Play:
    try:
        session.write(path, text)
    except OSError as error:
        yield session.complain(f"tee: {path}: {error.strerror}")


def cut(session: Session, arguments: list[str]) -> Play:
    """``cut -d SIGN -f N``, also with several fields."""
    words = [word for one in arguments for word in ([one[:2], one[2:]] if re.match(r"-[df].", one) else [one])]
    given = {sign: words[words.index(sign) + 1] for sign in ("-d", "-f") if sign in words[:-1]}
    sign, fields = given.get("-d", "\t"), given.get("-f", "")
    if len(sign) != 1 or not re.fullmatch(r"\d{1,6}(,\d{1,6})*", fields):
        raise NotUnderstoodError("cut " + " ".join(arguments))
    used = {at for one in given for at in (words.index(one), words.index(one) + 1)}
    wanted = sorted({int(one) for one in fields.split(",")})
    for line in (yield from _lines(session, "cut", [word for at, word in enumerate(words) if at not in used] or [""])):
        parts = line.split(sign)
        yield session.say(sign.join(parts[one - 1] for one in wanted if one <= len(parts)) if sign in line else line)


def tr(session: Session, arguments: list[str]) -> Play:
    """``tr FROM TO`` and ``tr -d SIGNS``, of signs and ranges of them."""
    removes, words = arguments[:1] == ["-d"], [_signs(one) for one in arguments if one != "-d"]
    if len(words) != (1 if removes else 2) or not words[-1]:
        raise NotUnderstoodError("tr " + " ".join(arguments))
    last = words[-1].ljust(len(words[0]), words[-1][-1])
    table = str.maketrans("", "", words[0]) if removes else str.maketrans(words[0], last[: len(words[0])])
    while (piece := (yield Wanted.PIECE)) is not None:
        yield session.say(piece.translate(table), end="")


def _signs(text: str) -> str:
    text = text.replace("[:upper:]", "A-Z").replace("[:lower:]", "a-z").replace("[:digit:]", "0-9")
    text = text.replace("\\n", "\n").replace("\\t", "\t")
    return _RANGE.sub(lambda match: _between(ord(match[1]), ord(match[2])), text)


def _between(first: int, last: int) -> str:
    return "".join(map(chr, range(first, min(last, first + 128) + 1)))


def sed(session: Session, arguments: list[str]) -> Play:
    """``sed s/OLD/NEW/``, also with ``g``."""
    words = [word for word in arguments if word not in ("-e", "-E")]
    match = _SUBSTITUTION.fullmatch(words[0]) if words else None
    if match is None or any(word.startswith("-") for word in words):
        raise NotUnderstoodError("sed " + " ".join(arguments))
    try:
        pattern = compiled(bounded(match["old"]))
    except PatternError as error:
        raise NotUnderstoodError(words[0]) from error
    new, count = match["new"].replace("\\" + match["sign"], match["sign"]), 0 if match["all"] else 1
    if re.search(r"[\\&]", new):
        raise NotUnderstoodError(words[0])
    for line in (yield from _lines(session, "sed", words[1:] or [""])):
        yield session.say(pattern.sub(lambda _: new, line, count=count))


def awk(session: Session, arguments: list[str]) -> Play:
    """``awk '{print $1, $2}'``, also with ``-F SIGN``; a blank stands for any of them, as it does without."""
    words = [word for one in arguments for word in (["-F", one[2:]] if re.match(r"-F.", one) else [one])]
    sign = words[1] if words[:1] == ["-F"] and len(words) > 1 else " "
    words = words[2:] if words[:1] == ["-F"] else words
    match = re.fullmatch(r"\s*\{\s*print((?:[\s,]*\$\d{1,4})+)\s*\}\s*", words[0]) if words else None
    if match is None or len(sign) != 1:
        raise NotUnderstoodError("awk " + " ".join(arguments))
    groups = [re.findall(r"\d+", group) for group in match[1].split(",")]
    for line in (yield from _lines(session, "awk", words[1:] or [""])):
        parts = [line, *line.split(None if sign == " " else sign)]
        shown = ("".join(parts[number(one)] for one in group if number(one) < len(parts)) for group in groups)
        yield session.say(" ".join(shown))


def _options(command: str, arguments: list[str], known: str) -> tuple[str, list[str]]:
    options = "".join(word[1:] for word in arguments if word.startswith("-"))
    if not set(options) <= set(known):
        raise NotUnderstoodError(f"{command} -{options}")
    return options, [word for word in arguments if not word.startswith("-")] or [""]


def _lines(session: Session, command: str, names: list[str]) -> Lines:
    """The lines of files, or of the input."""
    found: list[str] = []
    for name in names:
        text = yield from text_of(session, command, name)
        found += (text or "").splitlines()
    session.worked += len(found) * PER_ITEM
    return found
