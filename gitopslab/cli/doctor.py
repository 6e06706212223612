"""The command ``doctor``: what ``course.prerequisites`` finds, for people and for programs."""

from __future__ import annotations

import sys

import typer

from gitopslab.cli.console import answer_json, note, say
from gitopslab.cli.options import JsonOption
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told


def doctor(as_json: JsonOption = False) -> None:
    """Check this machine, and print the one command that mends each problem.

    Ends with exit code 1 only when something stops the lab.

    For example:

      gitopslab doctor

      gitopslab doctor --json
    """
    from gitopslab.course.prerequisites import Finding, Verdict, examine

    signs = {
        Verdict.OK: ("ok", "green"),
        Verdict.ABSENT: ("--", "bright_black"),
        Verdict.WARNING: ("!!", "yellow"),
        Verdict.PROBLEM: ("XX", "red"),
    }

    def show(finding: Finding) -> None:
        sign, colour = signs[finding.verdict]
        text = typer.style(f"[{sign}]", fg=colour) if sys.stdout.isatty() else f"[{sign}]"
        say(f"{text} {told(finding.name) + ':':<13} {told(finding.message)}")
        if finding.fix:
            why = _("to have it") if finding.verdict is Verdict.ABSENT else _("to mend it")
            say(f"{'':<18} {why}: {told(finding.fix)}")

    findings = examine()
    problems = [finding for finding in findings if finding.verdict is Verdict.PROBLEM]
    if as_json:
        rows = [
            {"name": one.name, "verdict": one.verdict.value, "message": one.message, "fix": one.fix} for one in findings
        ]
        answer_json({"ok": not problems, "findings": rows})
    else:
        for finding in findings:
            show(finding)
        note("The lab can run here." if not problems else f"{len(problems)} problem(s) stop the lab; see above.")
    if problems:
        raise typer.Exit(1)
