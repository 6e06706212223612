"""What a learner reads: a verdict, a hint, the solution, the progress; as text, and as HTML with the same words.

``desk`` returns these. States are told by a sign and a word, never by colour alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gitopslab.course.checking import Finding, Verdict
from gitopslab.course.exercise import Exercise
from gitopslab.course.progress import Entries, Entry
from gitopslab.course.voice import Voice
from gitopslab.machinery.language import _
from gitopslab.views.grid import Grid

if TYPE_CHECKING:
    from gitopslab.course.importing import Imported
    from gitopslab.course.parcel import About

_SIGN = {True: "✓", False: "✗"}


class Report:
    """Something to read that shows itself in a cell and prints in a terminal.

    Attributes:
        text: As plain lines.
        html: The same for a notebook.
    """

    def __init__(self, text: str, html: str = "") -> None:
        self.text = text
        self.html = html or f"<pre>{escape(text)}</pre>"

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.html


class Checked(Report):
    """The answer of a check.

    Attributes:
        passed: Whether the exercise is done.
    """

    def __init__(self, text: str, html: str = "", *, passed: bool) -> None:
        super().__init__(text, html)
        self.passed = passed

    def __bool__(self) -> bool:
        return self.passed


def not_begun(exercise: Exercise, voice: Voice) -> Checked:
    """The answer when there is nothing to look at."""
    return Checked(
        f"{_heading(exercise)}: {_('not begun on this cluster')}.\n{_('Next')}: {voice.verb('start', exercise)}",
        passed=False,
    )


def of_verdict(verdict: Verdict, voice: Voice) -> Checked:
    """How far an exercise is: every check with its sign, the first that does not hold in full."""
    exercise, failing = verdict.exercise, verdict.failing
    held = sum(finding.holds for finding in verdict.findings)
    lines = _lines(verdict)
    if failing is None:
        head = f"{_('Done')}: {exercise.goal}"
        return Checked("\n".join([head, *lines]), _html(head, verdict, []), passed=True)
    counted = _("{held} of {all} checks hold").format(held=held, all=len(verdict.findings))
    head = f"{_('Not yet')}: {_heading(exercise)}, {counted}"
    details = _details(failing, exercise, voice)
    at = lines.index(_line(failing, failing)) + 1
    lines[at:at] = [f"    {name:<9} {text}" if name else f"    {text}" for name, text in details]
    hint = f"{_('Hint')}: {voice.verb('hint', exercise)}"
    return Checked("\n".join([head, *lines, hint]), _html(head, verdict, details, hint), passed=False)


def _lines(verdict: Verdict) -> list[str]:
    """A line a check; those that look at one place are one, since the learner sees one place."""
    failing = verdict.failing
    shown: dict[str, None] = {}
    for finding in verdict.findings:
        if failing is None or finding is failing or finding.place != failing.place:
            shown[_line(finding, failing)] = None
    return list(shown)


def _line(finding: Finding, failing: Finding | None) -> str:
    if finding.holds:
        return f"{_SIGN[True]} {finding.place}: {finding.found}"
    return f"{_SIGN[False] if finding is failing else '·'} {finding.place}"


def _details(finding: Finding, exercise: Exercise, voice: Voice) -> list[tuple[str, str]]:
    because = [("", finding.because)] if finding.because else []
    found = [(_("found"), finding.found), (_("expected"), finding.expected)]
    return [*found, *because, (_("look"), voice.command(finding.check.look, exercise))]


def _html(head: str, verdict: Verdict, details: Sequence[tuple[str, str]], hint: str = "") -> str:
    rows = []
    for line in _lines(verdict):
        rows.append(f"<li>{escape(line)}</li>")
        if line.startswith(_SIGN[False]):
            rows.append(f"<li><table>{''.join(_row(*detail) for detail in details)}</table></li>")
    style = "list-style:none;padding-left:0.5em"
    below = f"<p>{escape(hint)}</p>" if hint else ""
    return f"<p><strong>{escape(head)}</strong></p><ul style='{style}'>{''.join(rows)}</ul>{below}"


def _row(name: str, text: str) -> str:
    shown = f"<code>{escape(text)}</code>" if name == _("look") else escape(text)
    cell = "text-align:left;vertical-align:top"
    return f"<tr><th scope='row' style='{cell}'>{name}</th><td style='{cell}'>{shown}</td></tr>"


def of_hint(verdict: Verdict, which: int, voice: Voice) -> Report:
    """One of the hints, for what is wrong now."""
    exercise, failing = verdict.exercise, verdict.failing
    if failing is None:
        return Report(f"{_('No hint needed, it is done')}: {_heading(exercise)}. {exercise.goal}")
    text = failing.filled(exercise.hints[which - 1].text(failing.check.id))
    more = len(exercise.hints) - which
    after = _("{count} more").format(count=more) if more else _("All there is")
    head = _("Hint {which} of {all}. Now: {place} is {found}.").format(
        which=which, all=len(exercise.hints), place=failing.place, found=failing.state
    )
    verb = voice.verb("hint" if more else "solution", exercise)
    html = f"<p><strong>{escape(head)}</strong></p><p>{escape(text)}</p><p>{after}: <code>{escape(verb)}</code></p>"
    return Report(f"{head}\n{text}\n{after}: {verb}", html)


def of_solution(exercise: Exercise, differences: str, voice: Voice) -> Report:
    """One right way, and how the cluster differs from what it would make."""
    route = exercise.routes[0]
    parts = [f"{_('One way')}: {route.name}.", "", voice.steps(route.steps, exercise)]
    if differences:
        parts += ["", _("Where the cluster differs from it now (- is there, + would be):"), differences.rstrip()]
    others = [other.name for other in exercise.routes[1:]]
    parts += ["", f"{_('Another way')}: {_('; or ').join(others)}."] if others else []
    return Report("\n".join(parts))


def of_progress(exercises: Sequence[Exercise], entries: Entries) -> Report:
    """A row an exercise."""
    rows = tuple((each.number, each.title, *_stand(entries.get(each.id))) for each in exercises)
    grid = Grid((_("Exercise"), _("About"), _("State"), _("Tries"), _("Hints")), rows)
    done = sum(entries.get(each.id, Entry()).passed is not None for each in exercises)
    head = _("{done} of {all} exercises done").format(done=done, all=len(exercises))
    return Report(f"{head}\n{grid.text()}", f"<p><strong>{head}</strong></p>{grid.html()}")


def of_export(about: About, path: Path) -> Report:
    """What is in a file of exported work, and a link that downloads it."""
    when = time.strftime("%H:%M", time.localtime(about.made))
    lines = [_("{path}: your work as of {when}; lab.load(FILE) brings it back.").format(path=path, when=when)]
    lines += [f"{_('Not in it')}: {what}." for what in about.left_out]
    lines.append(
        _("A notebook is in it as it was saved last (Ctrl-S). Keep the file to yourself: it holds your Secrets.")
    )
    # the attribute has JupyterLab leave the click to the browser
    text = escape(f"{_('Download')} {path.name}")
    link = f'<p><a href="{escape(quote(path.as_posix()))}" download><strong>{text}</strong></a></p>'
    return Report("\n".join(lines), link + "".join(f"<p>{escape(line)}</p>" for line in lines))


def of_import(done: Imported) -> Report:
    """What came back, and where two versions stand beside each other."""
    counted = _("{files} file(s) and the progress of {exercises} exercise(s) are back.")
    lines = [counted.format(files=len(done.written), exercises=done.exercises)]
    lines += [f"{name}: {_('the older one of two versions')}." for name in done.older]
    lines += [f"{_('Not in the file')}: {what}." for what in done.about.left_out]
    lines += [f"{_('What the cluster held before is in')} {done.before}."] if done.before else []
    lines.append(_("Notebooks that are open show it after File, Reload Notebook from Disk."))
    return Report("\n".join(lines))


def _heading(exercise: Exercise) -> str:
    return f"{exercise.number} {exercise.title}"


def _stand(entry: Entry | None) -> tuple[str, str, str]:
    if entry is None:
        return "·", "", ""
    state = f"✓ {_('done')}" if entry.passed else f"… {_('begun')}"
    return (
        state + (f", {_('solution seen')}" if entry.solution else ""),
        str(entry.attempts or ""),
        str(entry.hints or ""),
    )
