"""The grammar of each instruction: its flags, the forms its arguments may have, and what is refused.

Called by ``reading`` with one logical line at a time; gives an ``Instruction`` whose parts are split, variables not yet
filled in. What an instruction does is left to the builder.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from gitopslab.images.dockerfile.expansion import split_words
from gitopslab.images.dockerfile.lines import Fault, Heredoc, Line

_KEYWORD = re.compile(r"(\S+)\s*(.*)", re.DOTALL)
_FLAG = re.compile(r"--([a-zA-Z][a-zA-Z0-9-]*)(?:=(.*))?", re.DOTALL)

FLAGS: dict[str, tuple[str, ...]] = {
    "ADD": ("chown", "chmod", "link", "checksum", "keep-git-dir", "exclude", "unpack"),
    "ARG": (),
    "CMD": (),
    "COPY": ("from", "chown", "chmod", "link", "parents", "exclude"),
    "ENTRYPOINT": (),
    "ENV": (),
    "EXPOSE": (),
    "FROM": ("platform",),
    "HEALTHCHECK": ("interval", "timeout", "start-period", "start-interval", "retries"),
    "LABEL": (),
    "MAINTAINER": (),
    "ONBUILD": (),
    "RUN": ("mount", "network", "security", "device"),
    "SHELL": (),
    "STOPSIGNAL": (),
    "USER": (),
    "VOLUME": (),
    "WORKDIR": (),
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, split into its parts.

    Attributes:
        keyword: In capitals.
        line: Where it begins, from one.
        text: What follows the keyword, in one line, for the image's history.
        flags: What stood before the arguments, without ``--``; a flag without a value is ``true``.
        words: The arguments; for the shell form the whole command as one.
        is_json: Whether they were written as a JSON array (the exec form).
        pairs: The names with their values, of ``ENV``, ``LABEL`` and ``ARG``; None for an ``ARG`` without a default.
        heredocs: The texts that follow it.
    """

    keyword: str
    line: int
    text: str
    flags: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    is_json: bool = False
    pairs: tuple[tuple[str, str | None], ...] = ()
    heredocs: tuple[Heredoc, ...] = ()

    def flag(self, name: str) -> str:
        """The value of a flag; empty when it is not there."""
        return next((value for flag, value in self.flags if flag == name), "")


def instruction_of(line: Line, escape: str) -> Instruction:
    """The instruction on a line.

    Raises:
        Fault: It is none, or its arguments are not as it needs them.
    """
    match = _KEYWORD.fullmatch(line.text)
    assert match is not None  # a logical line is never empty
    keyword, rest = match[1].upper(), match[2]
    if keyword not in FLAGS:
        raise _unknown(line.number, f"unknown instruction: {match[1]}", keyword, list(FLAGS))
    flags, rest = _flags(keyword, rest, line.number, escape)
    text = " ".join(part.strip() for part in rest.split("\n"))
    given = Instruction(keyword, line.number, text, flags, heredocs=line.heredocs)
    return _READERS[keyword](given, rest, escape)


def _flags(keyword: str, rest: str, number: int, escape: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """The flags in front, and what comes after them."""
    found: list[tuple[str, str]] = []
    while rest.startswith("--"):
        word = split_words(rest, escape)[0]
        rest = rest[len(word) :].lstrip()
        match = _FLAG.fullmatch(word)
        if match is None:  # a lone -- ends the flags
            break
        if match[1] not in FLAGS[keyword]:
            raise _unknown(number, f"unknown flag: --{match[1]}", match[1], list(FLAGS[keyword]))
        found.append((match[1], match[2] if match[2] is not None else "true"))
    return tuple(found), rest


def _unknown(number: int, problem: str, word: str, known: list[str]) -> Fault:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return Fault(number, f"{problem} (did you mean {close[0]}?)", f"Write {close[0]}.")
    return Fault(number, problem, f"Known here: {', '.join(known)}." if known else "Leave it out.")


# ---- the forms arguments may have ----


def _json(text: str) -> tuple[str, ...] | None:
    """The items of a JSON array of texts; None for anything else, which is then the shell form."""
    if not text.lstrip().startswith("["):
        return None
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(items) if isinstance(items, list) and all(isinstance(each, str) for each in items) else None


def _command(given: Instruction, rest: str, escape: str) -> Instruction:
    """``CMD``, ``ENTRYPOINT``, ``RUN``: a JSON array, or a command for the shell."""
    items = _json(rest)
    if items is not None:
        return _with(given, words=items, is_json=True)
    if given.keyword == "RUN" and not rest.strip():
        raise Fault(given.line, "RUN requires at least one argument", "Write the command behind it.")
    return _with(given, words=(rest,) if rest else ())


def _paths(given: Instruction, rest: str, escape: str) -> Instruction:
    """``COPY``, ``ADD``, ``VOLUME``: a JSON array, or words."""
    items = _json(rest)
    words = tuple(rest.split()) if items is None else items
    found = _with(given, words=words, is_json=items is not None)
    if given.keyword == "VOLUME":
        return _least(found, 1)
    if len(words) == 1:
        only = "but only one was provided. Destination could not be determined."
        problem = f"{given.keyword} requires at least two arguments, {only}"
        raise Fault(given.line, problem, f"Say where to, such as: {given.keyword} {words[0]} ./")
    return _least(found, 2)


def _pairs(given: Instruction, rest: str, escape: str) -> Instruction:
    """``ENV`` and ``LABEL``: ``name=value`` words, or the old form of one name and the rest of the line."""
    words = split_words(rest, escape)
    if not words:
        raise Fault(given.line, f"{given.keyword} requires at least one argument", "Write NAME=VALUE.")
    if "=" not in words[0]:
        name, _, value = rest.strip().partition(" ")
        if not value.strip():
            raise Fault(given.line, f"{given.keyword} must have two arguments", f"Write {name}=VALUE.")
        return _with(given, pairs=((name, value.strip()),))
    pairs = []
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            problem = f'Syntax error - can\'t find = in "{word}". Must be of the form: name=value'
            raise Fault(given.line, problem, 'Quote a value that has spaces: NAME="a b".')
        if not name:
            raise Fault(given.line, f"{given.keyword} names can not be blank", "Write a name before the =.")
        pairs.append((name, value))
    return _with(given, pairs=tuple(pairs))


def _arg(given: Instruction, rest: str, escape: str) -> Instruction:
    pairs = []
    for word in split_words(rest, escape):
        name, sign, value = word.partition("=")
        if not name:
            raise Fault(given.line, "ARG names can not be blank", "Write a name before the =.")
        pairs.append((name, value if sign else None))
    if not pairs:
        raise Fault(given.line, "ARG requires at least one argument", "Write ARG NAME or ARG NAME=DEFAULT.")
    return _with(given, pairs=tuple(pairs))


def _words(given: Instruction, rest: str, escape: str) -> Instruction:
    return _least(_with(given, words=tuple(rest.split())), 1)


def _text(given: Instruction, rest: str, escape: str) -> Instruction:
    """``USER``, ``WORKDIR``, ``STOPSIGNAL``, ``MAINTAINER``: the rest of the line."""
    if not rest.strip():
        raise Fault(given.line, f"{given.keyword} requires exactly one argument", "Write it behind the keyword.")
    return _with(given, words=(rest.strip(),))


def _from(given: Instruction, rest: str, escape: str) -> Instruction:
    words = tuple(rest.split())
    if len(words) not in (1, 3) or (len(words) == 3 and words[1].upper() != "AS"):
        problem = "FROM requires either one or three arguments"
        raise Fault(given.line, problem, "Write FROM IMAGE, or FROM IMAGE AS NAME.")
    if len(words) == 3 and not re.fullmatch(r"[a-z][a-z0-9-_.]*", words[2].lower()):
        problem = f'invalid name for build stage: "{words[2]}", name can\'t start with a number or contain symbols'
        raise Fault(given.line, problem, "Name it with letters, such as AS build.")
    return _with(given, words=words)


def _shell(given: Instruction, rest: str, escape: str) -> Instruction:
    items = _json(rest)
    if not items:
        problem = "SHELL requires the arguments to be in JSON form"
        raise Fault(given.line, problem, 'Write SHELL ["/bin/bash", "-c"], with double quotes.')
    return _with(given, words=items, is_json=True)


def _healthcheck(given: Instruction, rest: str, escape: str) -> Instruction:
    kind, _, command = rest.strip().partition(" ")
    if not kind:
        raise Fault(given.line, "HEALTHCHECK requires at least one argument", "Write HEALTHCHECK CMD COMMAND, or NONE.")
    if kind.upper() == "NONE":
        if command.strip():
            raise Fault(given.line, "HEALTHCHECK NONE takes no arguments", "Delete what is behind NONE.")
        return _with(given, words=("NONE",))
    if kind.upper() != "CMD":
        problem = f'Unknown type "{kind}" in HEALTHCHECK (try CMD)'
        raise Fault(given.line, problem, "Write HEALTHCHECK CMD COMMAND.")
    if not command.strip():
        raise Fault(given.line, "Missing command after HEALTHCHECK CMD", "Write the command that tells health.")
    items = _json(command)
    return _with(given, words=("CMD", *items) if items else ("CMD-SHELL", command.strip()), is_json=bool(items))


def _onbuild(given: Instruction, rest: str, escape: str) -> Instruction:
    if not rest.strip():
        raise Fault(given.line, "ONBUILD requires at least one argument", "Write the instruction behind it.")
    trigger = instruction_of(Line(given.line, given.line, rest.strip(), given.heredocs), escape)
    if trigger.keyword == "ONBUILD":
        problem = "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
        raise Fault(given.line, problem, "Write ONBUILD once.")
    if trigger.keyword in ("FROM", "MAINTAINER"):
        raise Fault(given.line, f"{trigger.keyword} isn't allowed as an ONBUILD trigger", "Use another instruction.")
    return _with(given, words=(rest.strip(),))


def _least(given: Instruction, count: int) -> Instruction:
    if len(given.words) < count:
        what = "one argument" if count == 1 else "two arguments"
        raise Fault(given.line, f"{given.keyword} requires at least {what}", "Write them behind the keyword.")
    return given


def _with(
    given: Instruction,
    *,
    words: tuple[str, ...] = (),
    is_json: bool = False,
    pairs: tuple[tuple[str, str | None], ...] = (),
) -> Instruction:
    return Instruction(given.keyword, given.line, given.text, given.flags, words, is_json, pairs, given.heredocs)


_READERS: dict[str, Callable[[Instruction, str, str], Instruction]] = {
    "ADD": _paths,
    "ARG": _arg,
    "CMD": _command,
    "COPY": _paths,
    "ENTRYPOINT": _command,
    "ENV": _pairs,
    "EXPOSE": _words,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _pairs,
    "MAINTAINER": _text,
    "ONBUILD": _onbuild,
    "RUN": _command,
    "SHELL": _shell,
    "STOPSIGNAL": _text,
    "USER": _text,
    "VOLUME": _paths,
    "WORKDIR": _text,
}
