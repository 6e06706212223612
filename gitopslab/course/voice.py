"""How the course tells a learner what to type: as a cell in a notebook, or as a line in a terminal.

Used by ``report``. Exercises name commands as for a terminal; this says them so that a learner can paste them where he
is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gitopslab.course.commands import DIGEST, REGISTRY, call_of, located
from gitopslab.course.exercise import Exercise, Push, Step


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
        if command.startswith("git "):
            _, verb, copy = command.split()
            return f'lab.git.open("{exercise.place}/{copy}").{verb}()'
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
            filled = '.replace("REGISTRY", f"{lab.registry}")' if REGISTRY.search(step.manifest) else ""
            return f'lab.apply("""\n{step.manifest.strip()}\n"""{filled})'
        if step.push:
            lines = _pushed(step.push, f"{exercise.place}/{step.push.copy}")
            wait = [f'lab.pipelines("{step.push.project}").latest.wait()'] if exercise.has_pipelines else []
            return "\n".join([*lines, *wait])
        path = f'Path("{exercise.place}/{step.file}")'
        text = f'r"""{step.text}"""' if "\n" in step.text else repr(step.text)
        if step.replaces:
            return f"path = {path}\npath.write_text(path.read_text().replace({step.replaces!r}, {text}))"
        return f"{path}.write_text({text})"


def _pushed(push: Push, folder: str) -> list[str]:
    """A push from a working copy, in Python."""
    name = re.sub(r"\W", "_", push.copy)
    lines = [f'{name} = lab.git.open("{folder}")', f"{name}.pull()"]
    lines += [f'{name}.branch("{push.branch}")'] if push.branch else []
    for path, edit in push.files.items():
        if edit.text is None:
            lines.append(f'{name}.remove("{path}")')
        elif edit.replaces:
            change = f"{name}.read({path!r}).replace({edit.replaces!r}, {edit.text!r})"
            lines.append(f"{name}.write({path!r}, {change})")
        else:
            lines.append(f'{name}.write({path!r}, r"""{edit.text}""")')
    lines += [f"{name}.commit({push.message!r})"] if push.files else []
    lines += [f"{name}.revert()"] if push.reverts else []
    lines += [f'{name}.tag("{push.tag}")'] if push.tag else []
    return [*lines, f"{name}.push()"]


def _quoted(text: str) -> str:
    """A text as it is written in Python, with the lab's registry filled in."""
    if REGISTRY.search(text):
        filled = REGISTRY.sub("{lab.registry}", DIGEST.sub(r"{lab.registry.digest('\1')}", text))
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
        if command.startswith("git "):
            _, verb, copy = command.split()
            return f"git -C {exercise.place}/{copy} {verb}"
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
        return REGISTRY.sub(lambda _: self.registry(), DIGEST.sub("sha256:…", command))

    def _step(self, step: Step, exercise: Exercise) -> str:
        if step.command:
            return self.command(step.command, exercise)
        if step.manifest:
            manifest = self._filled(step.manifest.strip())
            return f"{self.command('kubectl apply -f -', exercise)} <<'END'\n{manifest}\nEND"
        if step.push:
            return "\n".join(_typed(step.push, f"{exercise.place}/{step.push.copy}"))
        return _written(f"{exercise.place}/{step.file}", step.text, step.replaces)


def _typed(push: Push, folder: str) -> list[str]:
    """A push from a working copy, for a shell."""
    git = f"git -C {folder}"
    lines = [f"{git} pull"]
    lines += [f"{git} switch --create {push.branch}"] if push.branch else []
    for path, edit in push.files.items():
        if edit.text is None:
            lines.append(f"{git} rm {path}")
        else:
            lines.append(_written(f"{folder}/{path}", edit.text, edit.replaces))
    lines += [f"{git} add --all", f"{git} commit --message {shlex.quote(push.message)}"] if push.files else []
    lines += [f"{git} revert --no-edit HEAD"] if push.reverts else []
    lines += [f"{git} tag {push.tag}"] if push.tag else []
    target = f" origin {push.branch or 'main'}" if push.branch or push.tag else ""
    return [*lines, f"{git} push{target}{f' {push.tag}' if push.tag else ''}"]


def _written(path: str, text: str, replaces: str) -> str:
    if replaces:
        return f"# in {path}, write\n{text.rstrip()}\n# instead of\n{replaces.rstrip()}"
    return f"cat > {path} <<'END'\n{text.rstrip()}\nEND"
