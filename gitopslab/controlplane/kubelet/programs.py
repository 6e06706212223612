"""What the program of a simulated container does: what it prints, when it ends and how.

The simulated runtime asks here once a start. The answer follows from data alone: the pod's annotations, the container's
command and arguments played by ``shell``, what ``images.yaml`` says of the image, else the pod's restart policy.
Leaves to others: probes (``probes``), signals and restarts (``play``), keeping and serving the lines (``logs``).

Simplified: a real container runs its image. Here a command outside of ``shell``'s language, and an image that is not
in the table, is played as a program that serves for ever when the restart policy is Always, and else ends well after a
second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import itemgetter

from gitopslab.controlplane.kubelet.images import Image, parse, table
from gitopslab.controlplane.kubelet.inside.filesystem import FileSystem
from gitopslab.controlplane.kubelet.place import Place
from gitopslab.controlplane.kubelet.playing import Playing
from gitopslab.controlplane.kubelet.session import Change, Printed, newest
from gitopslab.controlplane.kubelet.substitution import substituted
from gitopslab.controlplane.kubelet.words import AttendedError, NotUnderstoodError
from gitopslab.machinery.objects import Object, annotations_of
from gitopslab.machinery.quantity import whole

EXIT_CODE = "gitopslab.dev/exit-code"
"""Annotation: the pod's containers end with this code."""
RUN_SECONDS = "gitopslab.dev/run-seconds"
"""Annotation: after this long; default one second."""

_UNKNOWN_ENDS_AFTER = 1.0
_LEAST_SECONDS = 0.1  # from start to end of a program that does nothing
_FOREVER = 1e8
_MOST_OF_A_LINE = 120  # characters
_INSTANT = 1e-3  # what is done in the very moment that is asked for is done


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a program.

    Attributes:
        after: Seconds since its start.
        code: Its exit code.
        reason: ``Completed``, ``Error``, ``OOMKilled``, ``StartError``, or ``Unknown`` after a loss of power.
        message: What else there is to say.
        hook_failed: Whether it was ended because its ``postStart`` hook failed.
    """

    after: float
    code: int
    reason: str
    message: str = ""
    hook_failed: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A program about to run.

    Attributes:
        words: The command, when the shell understands it.
        name: Of its image.
        banner: Lines printed at the start, with blanks for the time.
        exit: Its end; None when it runs until it is stopped.
        place: What it finds.
        history: What it writes, as far as it was played ahead; of what it wrote earlier the last of each file.
        changes: Of this what it writes since it was played on.
        playing: Itself in the middle, when it is played.
        again: When it is to be played on, in seconds after its start; None when nothing more is to be known.
        interactive: Whether it waits for what somebody types who attaches to it; its end is not known before.
    """

    words: tuple[str, ...] = ()
    name: str = ""
    banner: tuple[str, ...] = ()
    exit: Exit | None = None
    place: Place = field(default_factory=Place)
    history: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    playing: Playing | None = None
    again: float | None = None
    interactive: bool = False

    @property
    def line(self) -> str:
        """Its command line, as ``ps`` shows it; of one that is not played the name of its image."""
        return " ".join(self.words) or self.name

    def further(self, now: float) -> Program:
        """The program when it was played on, as far as can be known now.

        Simplified: of many files in no volume others see those that it wrote last.

        Raises:
            NotUnderstoodError: It comes to something that is outside of the language.
        """
        playing = self.playing
        assert playing is not None, "only a program that is played is played on"
        earlier = {change[1]: change for change in self.history}
        changes = playing.on(now)
        return replace(
            self,
            exit=exit_of(max(playing.at, _LEAST_SECONDS), playing.code) if playing.is_over else None,
            history=(*newest(sorted(earlier.values(), key=itemgetter(0))), *changes),
            changes=changes,
            again=playing.again(now),
            interactive=playing.is_interactive,
        )

    @property
    def may_change(self) -> bool:
        """Whether it goes otherwise when there are other names, or others write into its volumes."""
        return self.playing is not None and self.playing.may_change

    def output(self, started: float) -> Iterator[tuple[float, str | None]]:
        """The lines with the time they are printed, oldest first; may never end. None is a round without a line."""
        for line_of_banner in self.banner:
            yield started, fill(line_of_banner, started)
        if self.interactive:
            return  # whoever attaches makes it speak
        for at, text in self._lines(started):
            if at > (self.exit.after if self.exit else _FOREVER):
                return
            yield started + at, text

    def _lines(self, started: float) -> Iterator[tuple[float, str | None]]:
        """Whole lines. Simplified: one without its end is shown too; the real log waits until it is finished."""
        at, unfinished = 0.0, ""
        for piece in self.place.shell().play(list(self.words)) if self.words else ():
            if not isinstance(piece, Printed):
                continue
            if unfinished and (piece.at > at or piece.text is None):
                yield at, unfinished
                unfinished = ""
            at = piece.at
            if piece.text is None or piece.end:
                yield at, None if piece.text is None else unfinished + piece.text
                unfinished = ""
            else:
                unfinished += piece.text
        if unfinished:
            yield at, unfinished

    def made_by(self, seconds: float) -> dict[str, str | None]:
        """What it has written some time after the start; None for what it has removed."""
        return {path: contents for at, path, contents in self.history if at <= seconds + _INSTANT}

    def files_at(self, seconds: float) -> FileSystem:
        """The files that it sees some time after the start."""
        files = self.place.files_seen(lambda: seconds)
        for path, contents in self.made_by(seconds).items():
            if contents is not None:
                files[path] = contents
            elif path in files:
                del files[path]
        return files


def program_of(pod: Object, container: Object, place: Place, now: float = 0.0) -> Program:
    """What a container's program will do, as far as that is known.

    Args:
        pod: Its pod.
        container: Its entry in the pod's spec.
        place: What it found when it started.
        now: The time, in epoch seconds.
    """
    image = parse(container.get("image", ""))
    variables = place.variables
    words = [substituted(word, variables) for word in [*container.get("command", ()), *container.get("args", ())]]
    base = Program(place=place, name=image.short if image else "")
    end = _annotated(pod) or _out_of_memory(container, words)
    if end is not None:
        return replace(base, banner=_banner(image), exit=end)
    if container.get("command") or (words and not (image and image.server)):
        attended = bool(container.get("stdin"))
        played = _played(base, words, now, attended=attended)
        return played or _default(pod, container, image, replace(base, banner=_pretended(words, image)))
    if container.get("stdin") and image and image.short in table()["shells"]:
        return replace(base, words=(table()["shells"][image.short],), interactive=True)
    return _default(pod, container, image, base)


def fill(text: str, moment: float) -> str:
    """A log line of the table with the time in its blanks."""
    if "{" not in text:
        return text
    at = datetime.fromtimestamp(moment, UTC)
    blanks = {
        "{day}": f"{at:%Y/%m/%d}",
        "{clock}": f"{at:%H:%M:%S}",
        "{stamp}": f"{at:%d-%b-%Y %H:%M:%S}",
        "{iso}": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "{klog}": f"{at:%m%d %H:%M:%S.%f}",
    }
    for blank, value in blanks.items():
        text = text.replace(blank, value)
    return text


def access_line(client: str, method: str, path: str, status: int, agent: str, moment: float) -> str:
    """A request as web servers log it (the combined log format)."""
    at = datetime.fromtimestamp(moment, UTC)
    size = 615 if status == 200 else 153
    return f'{client} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "{method} {path} HTTP/1.1" {status} {size} "-" "{agent}" "-"'


def _annotated(pod: Object) -> Exit | None:
    annotations = annotations_of(pod)
    code, seconds = annotations.get(EXIT_CODE, ""), annotations.get(RUN_SECONDS, "")
    if not code and not seconds:
        return None
    after = float(seconds) if re.fullmatch(r"\d{1,9}(\.\d+)?", seconds) else _UNKNOWN_ENDS_AFTER
    return exit_of(after, int(code) % 256 if re.fullmatch(r"\d{1,9}", code) else 0)


def _out_of_memory(container: Object, words: list[str]) -> Exit | None:
    """``stress --vm-bytes 250M`` under a limit of 100Mi, the classic example."""
    memory = table()["memory"]
    limit = container.get("resources", {}).get("limits", {}).get("memory")
    flat = " ".join(words).replace("=", " ").split()
    if limit is None or memory["option"] not in flat[:-1]:
        return None
    if not any(word.rpartition("/")[2] in memory["programs"] for word in flat):
        return None
    asked = flat[flat.index(memory["option"]) + 1]
    match = re.fullmatch(r"(\d+)([kKmMgG]?)[bB]?", asked)
    if match is None or int(match[1]) * 1024 ** " kmg".index(match[2].lower() or " ") <= whole(limit):
        return None
    return Exit(0.5, 137, "OOMKilled")


def _played(base: Program, words: list[str], now: float, *, attended: bool) -> Program | None:
    """The program when the shell understands it, played ahead to learn whether and how it ends.

    Simplified: a program that waits for what others write into its volumes is played again from its start whenever they
    do, and after 50,000 commands counts as one that never ends.
    """
    playing = Playing(base.place, words, attended=attended)
    try:
        return replace(base, words=tuple(words), playing=playing).further(now)
    except AttendedError:
        return replace(base, words=tuple(words), interactive=True) if attended else None
    except NotUnderstoodError:
        return None


def _pretended(words: list[str], image: Image | None) -> tuple[str, ...]:
    """What is to be read in the log of a container whose command cannot be played; servers have their own lines."""
    line = " ".join(words).replace("\n", " ")
    line = line if len(line) <= _MOST_OF_A_LINE else f"{line[:_MOST_OF_A_LINE]}…"
    return (
        () if image and image.server else (f"gitopslab: the lab cannot play this command, it only pretends to: {line}",)
    )


def _default(pod: Object, container: Object, image: Image | None, base: Program) -> Program:
    serves = bool(image and image.server) and not container.get("command")
    forever = serves or pod.get("spec", {}).get("restartPolicy", "Always") == "Always"
    forever = forever or container.get("restartPolicy") == "Always"
    if _is_init(pod, container) and container.get("restartPolicy") != "Always":
        forever = False
    end = None if forever else exit_of(_UNKNOWN_ENDS_AFTER, 0)
    return replace(base, banner=base.banner or _banner(image), exit=end)


def _is_init(pod: Object, container: Object) -> bool:
    return any(init is container for init in pod.get("spec", {}).get("initContainers") or ())


def _banner(image: Image | None) -> tuple[str, ...]:
    return tuple(image.server.get("logs", ())) if image else ()


def exit_of(after: float, code: int) -> Exit:
    """An end by the program's own will."""
    return Exit(after, code, "Error" if code else "Completed")
