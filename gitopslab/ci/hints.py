"""What to do about a message of GitLab's, in plain words: ``hints.yaml``, and for YAML the line that is meant."""

from __future__ import annotations

import difflib
import functools
import re
from importlib.resources import files

import yaml

from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.expressions import problem_of
from gitopslab.ci.faults import ConfigurationError
from gitopslab.machinery.messages import sentence


@functools.cache
def _table() -> list[tuple[re.Pattern[str], str]]:
    text = files(__package__).joinpath("hints.yaml").read_text(encoding="utf-8")
    return [(re.compile(row["says"]), row["hint"]) for row in yaml.safe_load(text)]


def hint_for(message: str) -> str:
    """What to do about a message; empty when there is nothing to add."""
    for pattern, hint in _table():
        found = pattern.search(message)
        if found:
            return found.expand(hint)
    return ""


def meant(name: str, *places: str) -> str:
    """The keyword that a name was probably meant to be; empty when it resembles none."""
    known = keywords(*places)
    if name.lower() in known:
        return name.lower() if name not in known else ""
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    return close[0] if close and name not in known else ""


def about_expression(expression: object) -> str:
    """Why an expression is invalid, and what to write instead."""
    problem = problem_of(expression)
    if problem is None:
        return ""
    if not problem.column:
        return sentence(f"{problem.message} of the expression. {problem.hint}").strip()
    return sentence(f"{problem.message} at column {problem.column} of the expression. {problem.hint}").strip()


def about_yaml(error: ConfigurationError, lines: list[str]) -> str:
    """What is probably wrong with the line at which a YAML parser gave up."""
    at = error.place.line
    line = lines[at - 1] if 0 < at <= len(lines) else ""
    before = [one for one in lines[: max(at - 1, 0)] if one.strip() and not one.lstrip().startswith("#")]
    above = before[-1] if before else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or ("cannot start any token" in error.message and "\t" in line):
        return sentence("A tab cannot indent YAML: replace it by spaces.")
    if "did not find expected '-' indicator" in error.message or "while scanning a simple key" in error.message:
        return _lost_line(line.strip(), above.strip())
    if "unknown escape character" in error.message:
        return sentence("In double quotes \\ has a meaning of its own: put the whole value in single quotes.")
    if "mapping values are not allowed" in error.message:
        return sentence(
            "A colon and a space begin a map: put the whole text in single quotes, or check the indentation."
        )
    if re.search(r"""^\s*(?:-\s+)?[\w.-]+:\s+(["']).*?\1\s*\S""", line):
        return sentence("Nothing may follow a closing quote: put single quotes around the whole value.")
    if "alias" in error.message or re.search(r"[\[,-]\s*\*", line):
        return sentence("A text that begins with * needs quotes.")
    if "end of stream" in error.message or "quoted scalar" in error.message:
        return sentence("A quote that opens here or above is never closed.")
    return sentence("Check the indentation, brackets and quotes of this line and of the one above.")


def _lost_line(line: str, above: str) -> str:
    if line.endswith(":") or re.match(r"[\w.-]+:\s", line):
        return sentence(
            f"{line} stands at the indentation of a list: put a - before it, or indent it like its neighbours."
        )
    return sentence(
        f'"{line}" stands on a line of its own and belongs to nothing. '
        f'It was probably meant to end the line above ("{above[:60]}"): write it there, or indent it further.'
    )
