"""Options as the Docker command line takes them, and how it words a mistake.

``commands`` describes each command's options; ``parse`` reads what was typed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class Usage(Exception):
    """What was typed cannot be understood; the text is Docker's."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A command's options.

    Attributes:
        name: As in ``build``.
        usage: The words behind it in its usage line.
        about: What it does.
        least: How many arguments it needs.
        most: How many it takes; None for any number.
        flags: Options without a value, short names by long ones.
        values: Options with one.
        passes_on: Whether what follows the first argument is for another program.
    """

    name: str
    usage: str
    about: str
    least: int = 0
    most: int | None = 0
    flags: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    passes_on: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed, understood.

    Attributes:
        arguments: Without options.
        options: The values of each option that is there, by its long name.
    """

    arguments: Sequence[str]
    options: Mapping[str, Sequence[str]]

    def has(self, name: str) -> bool:
        """Whether an option is there and not switched off."""
        return self.options.get(name, ["false"])[-1] != "false"

    def last(self, name: str) -> str:
        """The value that counts; empty when there is none."""
        return self.options[name][-1] if name in self.options else ""

    def all(self, name: str) -> Sequence[str]:
        """All values of an option that may be repeated."""
        return self.options.get(name, [])


def parse(spec: Spec, words: Sequence[str]) -> Given:
    """Read what was typed behind a command.

    Raises:
        Usage: An option is not known or lacks its value, or there are too few or too many arguments.
    """
    arguments: list[str] = []
    options: dict[str, list[str]] = {}
    left = list(words)
    while left:
        word = left.pop(0)
        if word == "--":
            arguments += left
            break
        if word.startswith("--"):
            _long(spec, word[2:], left, options)
        elif word.startswith("-") and word != "-":
            _short(spec, word[1:], left, options)
        else:
            arguments.append(word)
            if spec.passes_on:
                arguments += left
                break
    _check_count(spec, len(arguments))
    return Given(arguments, options)


def _long(spec: Spec, word: str, left: list[str], options: dict[str, list[str]]) -> None:
    name, sign, value = word.partition("=")
    if name in spec.flags:
        options.setdefault(name, []).append(value if sign else "true")
    elif name in spec.values:
        if not sign and not left:
            raise Usage(f"flag needs an argument: --{name}\nSee 'docker {spec.name} --help'.")
        options.setdefault(name, []).append(value if sign else left.pop(0))
    else:
        raise Usage(f"unknown flag: --{name}\nSee 'docker {spec.name} --help'.")


def _short(spec: Spec, letters: str, left: list[str], options: dict[str, list[str]]) -> None:
    """``-it``, ``-t NAME``, ``-tNAME``, ``-t=NAME``."""
    for at, letter in enumerate(letters):
        flag = next((name for name, short in spec.flags.items() if short == letter), "")
        if flag:
            options.setdefault(flag, []).append("true")
            continue
        name = next((name for name, short in spec.values.items() if short == letter), "")
        if not name:
            raise Usage(f"unknown shorthand flag: '{letter}' in -{letters}\nSee 'docker {spec.name} --help'.")
        rest = letters[at + 1 :].removeprefix("=")
        if not rest and not left:
            raise Usage(f"flag needs an argument: '{letter}' in -{letters}\nSee 'docker {spec.name} --help'.")
        options.setdefault(name, []).append(rest or left.pop(0))
        return


def _check_count(spec: Spec, count: int) -> None:
    if count >= spec.least and (spec.most is None or count <= spec.most):
        return
    how_many = "at least" if spec.most is None else "exactly" if spec.most == spec.least else "at most"
    number = spec.least if how_many != "at most" else spec.most
    plural = "" if number == 1 else "s"
    # docker build has been docker buildx build for years, and says so
    name = f"buildx {spec.name}" if spec.name == "build" else spec.name
    needs = f"{how_many} {number} argument{plural}" if number else "no arguments"
    verb = "accepts" if not number else "requires"
    start = "ERROR: " if spec.name == "build" else ""
    raise Usage(
        f"{start}\"docker {name}\" {verb} {needs}.\nSee 'docker {name} --help'.\n\n"
        f"Usage:  docker {name} {spec.usage}\n\n{spec.about}"
    )
