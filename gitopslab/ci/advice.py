"""What GitLab swallows without a word, though hardly anybody means it; and which keyword was probably meant.

``lint`` calls ``notes`` for what is resolved and ``spelling`` for a message about an unknown word. What scripts say to
the shell is looked at in ``advice_scripts``, what conditions leave open in ``advice_conditions``.
"""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.ci import advice_conditions, advice_scripts
from gitopslab.ci.configuration import Loaded
from gitopslab.ci.entries import Fault, is_hidden
from gitopslab.ci.entries.keywords import keywords
from gitopslab.ci.faults import Finding
from gitopslab.ci.hints import meant
from gitopslab.ci.reading import Oddity
from gitopslab.ci.scalars import as_text
from gitopslab.ci.tree import Map, Place, Seq
from gitopslab.machinery.messages import sentence

_JOB = ("job", "common", "bridge")


def notes(loaded: Loaded, lines: list[str]) -> list[Finding]:
    """Everything there is to say about a resolved file."""
    found = [*map(_about_oddity, (one for one in loaded.oddities if one.what != "scalar"))]
    found += _capitals(loaded.root)
    found += _scalars(loaded)
    found += advice_scripts.notes(loaded.root, lines)
    found += advice_conditions.notes(loaded.root)
    return found


def _note(message: str, place: Place, hint: str) -> Finding:
    return Finding("note", message, place, hint)


def _about_oddity(oddity: Oddity) -> Finding:
    text, place = oddity.text, oddity.place
    if oddity.what == "repeated":
        message = f"{text} is there twice, here and on line {oddity.earlier}: GitLab takes only the last one"
        return _note(message, place, f"Keep one {text} and join what belongs together.")
    if oddity.what == "merge":
        message = f"<< below it replaces this {text}: GitLab's YAML reader goes from top to bottom"
        return _note(message, Place(oddity.earlier, 1, place.file), "Put << above the keys that shall win.")
    if oddity.what == "rest":
        hint = "Check the indentation: what belongs together begins in the same column, jobs at the left margin."
        return _note("from here on the file is not read: what stands above is a whole of its own", place, hint)
    hint = "Put the whole value in single quotes."
    return _note(f"{text} is taken for a YAML tag and disappears from the value", place, hint)


def _capitals(root: Map) -> Iterator[Finding]:
    for name, value in root.items():
        place = root.place_of(name)
        if meant(name, "root") and not isinstance(value, (str, int)) and name.lower() in keywords("root"):
            yield _capital(name, place)
        elif isinstance(value, Map) and name not in keywords("root"):
            yield from (_capital(key, value.place_of(key)) for key in value if _is_capital(key, *_JOB))
            yield from _capitals_in_rules(value)


def _capitals_in_rules(job: Map) -> Iterator[Finding]:
    rules = job.get("rules") or job.get("Rules")
    for rule in rules if isinstance(rules, Seq) else ():
        for key in rule if isinstance(rule, Map) else ():
            if _is_capital(key, "job_rule"):
                yield _capital(key, rule.place_of(key))


def _is_capital(key: str, *places: str) -> bool:
    return key != key.lower() and key.lower() in keywords(*places)


def _capital(key: str, place: Place) -> Finding:
    message = f'"{key}" is written with a capital: GitLab knows only "{key.lower()}"'
    hint = f"Write {key.lower()}: instead. GitLab's own messages are in lower case throughout, which hides this."
    return _note(message, place, hint)


def _scalars(loaded: Loaded) -> Iterator[Finding]:
    """Values of variables that YAML reads as something else than they look like."""
    odd = {one.place: one for one in loaded.oddities if one.what == "scalar"}
    found = [loaded.root, *(value for value in loaded.root.values() if isinstance(value, Map))]
    maps: list[Map] = [below for one in found if isinstance(below := one.get("variables"), Map)]
    for variables in maps:
        for name, value in variables.items():
            place = variables.place_of(name)
            same = [one for at, one in odd.items() if (at.line, at.file) == (place.line, place.file)]
            one = next((one for one in same if one.place.column > place.column and one.became == as_text(value)), None)
            if one:
                message = f"the value of {name} is written {one.text} and read as {one.became}"
                yield _note(message, place, f'Put it in quotes: {name}: "{one.text}".')


def spelling(fault: Fault, root: Map) -> str:
    """What was probably meant by the word that a message is about; empty when nobody can tell."""
    for key, holder in _keys_at(root, fault.place):
        if "should implement the script" in fault.message:
            return _about_job(key, holder.get(key))
        if "contains unknown keys" in fault.message:
            places = ("job_rule",) if "rule config" in fault.message else _places(fault.message)
            word = meant(key, *places)
            if word:
                if word == key.lower():
                    return sentence(
                        f'Write "{word}" instead of "{key}" in lower case: GitLab\'s message hides the capital.'
                    )
                return sentence(f'Write "{word}" instead of "{key}".')
    return ""


def _places(message: str) -> tuple[str, ...]:
    for word in ("image", "service", "artifacts", "cache", "environment", "release"):
        if f":{word} config" in message or message.startswith(f"{word} config"):
            return (word, "image") if word == "service" else (word,)
    return ("default",) if message.startswith("default config") else _JOB


def _keys_at(value: object, place: Place) -> Iterator[tuple[str, Map]]:
    if isinstance(value, Map):
        for key, below in value.items():
            if value.place_of(key) == place:
                yield key, value
            yield from _keys_at(below, place)
    elif isinstance(value, Seq):
        for item in value:
            yield from _keys_at(item, place)


def _about_job(name: str, job: object) -> str:
    keyword = meant(name, "root")
    if keyword:
        return sentence(
            f'"{name}" was probably meant to be the keyword "{keyword}"; anything else at the left margin is a job.'
        )
    keys = list(job) if isinstance(job, Map) else []
    wrong = [(key, meant(key, *_JOB)) for key in keys]
    said = [sentence(f'"{key}" must be "{word}"') for key, word in wrong if word]
    return sentence(f"In {name}: {', '.join(said)}.") if said else ""


def without_capitals(root: Map) -> Map:
    """The file with the capitals of its keywords mended, to see what GitLab would say then."""
    made = Map(place=root.place)
    for name, value in root.items():
        is_keyword = not is_hidden(name) and name.lower() in keywords("root")
        below = _lowered(value) if isinstance(value, Map) and not is_keyword else value
        made.put(name.lower() if is_keyword else name, below, root.place_of(name))
    return made


def _lowered(job: Map) -> Map:
    made = Map(place=job.place)
    for key, value in job.items():
        made.put(key.lower() if _is_capital(key, *_JOB) else key, value, job.place_of(key))
    return made
