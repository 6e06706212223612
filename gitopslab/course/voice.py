"""How the course tells a learner what to type: as a cell in a notebook, or as a line in a terminal.

Used by ``report``. Exercises name commands as for a terminal; this says them so that a learner can paste them where he
is.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gitopslab.course.commands import DIGEST, REGISTRY, call_of, located
from gitopslab.course.exercise import Exercise, Step


def _usual_registry() -> str:
    return "localhost:5050"


class Voice(Protocol):
    """Says commands as they are typed in one place."""

    def command(self, command: str, exercise: Exercise) -> str:
        """``kubectl …`` in the exercise's namespace, or ``gitopslab …`` with the exercise's files."""
        ...

    def verb(self, verb: str, exercise: Exercise) -> str:
        """A verb of the course, such as ``hint``, for the exercise."""
        ...

    def again(self, exercise: Exercise) -> str:
        """Beginning the exercise anew."""
        ...

    def steps(self, steps: tuple[Step, ...], exercise: Exercise) -> str:
        """What is done, ready to be pasted; without what the API is meant to refuse."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """A notebook, whose commands go to the exercise's namespace since it began."""

    def command(self, command: str, exercise: Exercise) -> str:
        """``lab.kubectl("get pods")``, ``lab.lint("exercises/02-1-capitals/gitlab-ci.yml")``."""
        if command.startswith("kubectl "):
            return f"lab.kubectl({_quoted(command.removeprefix('kubectl '))})"
        call = call_of(command)
        given = [_quoted(located(word, exercise)) for word in call.words]
        given += [f"{name}={_quoted(located(value, exercise))}" for name, value in call.options.items()]
        return f"lab.{call.verb}({', '.join(given)})"

    def verb(self, verb: str, exercise: Exercise) -> str:
        """``lab.hint("06-2")``."""
        return f'lab.{verb}("{exercise.number}")'

    def again(self, exercise: Exercise) -> str:
        """``lab.start("06-2", again=True)``."""
        return f'lab.start("{exercise.number}", again=True)'

    def steps(self, steps: tuple[Step, ...], exercise: Exercise) -> str:
        """Python."""
        done = [self._step(step, exercise) for step in steps if not step.is_refused]
        imports = ["from pathlib import Path", ""] if any(step.file for step in steps) else []
        return "\n".join([*imports, *done])

    def _step(self, step: Step, exercise: Exercise) -> str:
        if step.command:
            return self.command(step.command, exercise)
        if step.manifest:
            return f'lab.apply("""\n{step.manifest.strip()}\n""")'
        path = f'Path("{exercise.place}/{step.file}")'
        text = f'r"""{step.text}"""' if "\n" in step.text else repr(step.text)
        if step.replaces:
            return f"path = {path}\npath.write_text(path.read_text().replace({step.replaces!r}, {text}))"
        return f"{path}.write_text({text})"


def _quoted(text: str) -> str:
    """A text as it is written in Python, with the lab's registry filled in."""
    if REGISTRY in text:
        filled = DIGEST.sub(r"{lab.registry.digest('\1')}", text).replace(REGISTRY, "{lab.registry}")
        return f'f"{filled}"'
    return repr(text) if '"' in text else f'"{text}"'


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal, whose commands name the namespace.

    Attributes:
        options: Those that say which cluster is meant; empty for the default one.
        registry: Asked for the host of the lab's registry, when a command names it.
    """

    options: str = ""
    registry: Callable[[], str] = _usual_registry

    def command(self, command: str, exercise: Exercise) -> str:
        """``gitopslab kubectl -n exercise-06-2 get pods``, ``gitopslab ci lint exercises/02-1-…/gitlab-ci.yml``."""
        if not command.startswith("kubectl "):
            return self._filled(shlex.join(located(word, exercise) for word in shlex.split(command)))
        command = self._filled(command)
        words = ["gitopslab", "kubectl", self.options, "-n", exercise.namespace, command.removeprefix("kubectl ")]
        return " ".join(filter(None, words))

    def verb(self, verb: str, exercise: Exercise) -> str:
        """``gitopslab hint 06-2``."""
        return " ".join(filter(None, ["gitopslab", verb, self.options, exercise.number]))

    def again(self, exercise: Exercise) -> str:
        """``gitopslab start 06-2 --again``."""
        return self.verb("start", exercise) + " --again"

    def steps(self, steps: tuple[Step, ...], exercise: Exercise) -> str:
        """Lines for a shell."""
        return "\n".join(self._step(step, exercise) for step in steps if not step.is_refused)

    def _filled(self, command: str) -> str:
        """With the registry's host; a digest is left to be looked up."""
        return DIGEST.sub("sha256:…", command).replace(REGISTRY, self.registry()) if REGISTRY in command else command

    def _step(self, step: Step, exercise: Exercise) -> str:
        if step.command:
            return self.command(step.command, exercise)
        if step.manifest:
            return f"{self.command('kubectl apply -f -', exercise)} <<'END'\n{step.manifest.strip()}\nEND"
        path = f"{exercise.place}/{step.file}"
        if step.replaces:
            return f"# in {path}, write\n{step.text.rstrip()}\n# instead of\n{step.replaces.rstrip()}"
        return f"cat > {path} <<'END'\n{step.text.rstrip()}\nEND"
