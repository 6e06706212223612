"""A terminal's line discipline: keys into lines, with their echo.

``processes`` puts one between a client's keys and what reads them when a process runs on a terminal. All pure: keys go
in, and out come the echo, finished lines, and the two keys that are no text (Ctrl-C, Ctrl-D).

Simplified: canonical mode only. Cursor keys are swallowed and there is no history; a real shell switches its terminal
to raw mode and edits lines itself.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

_SEQUENCE = re.compile(r"\x1b(?:[\[O][0-9;?]*[ -/]*[@-~]|[^\[O])")
_ERASE, _RUBBED_OUT = ("\x7f", "\b"), "\b \b"
_INTERRUPT, _END, _KILL = "\x03", "\x04", "\x15"
_LONGEST_LINE = 4_095  # as Linux has it


@dataclass(slots=True)
class Typed:
    """What some keys came to.

    Attributes:
        echo: What the terminal shows of them.
        lines: Finished lines with their ends; None is an end of input (Ctrl-D on an empty line).
        interrupts: Whether Ctrl-C was pressed; what was typed before it is void.
    """

    echo: str = ""
    lines: list[str | None] = field(default_factory=list)
    interrupts: bool = False


class LineDiscipline:
    """One terminal."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = ""

    def type(self, keys: bytes) -> Typed:
        """Take keys as they come."""
        typed = Typed()
        for key in _SEQUENCE.sub("", self._decoder.decode(keys)):
            if key in "\r\n":
                typed.echo += "\r\n"
                typed.lines.append(self._line + "\n")
                self._line = ""
            elif key in _ERASE:
                typed.echo += _RUBBED_OUT if self._line else ""
                self._line = self._line[:-1]
            elif key == _KILL:
                typed.echo += _RUBBED_OUT * len(self._line)
                self._line = ""
            elif key == _INTERRUPT:
                typed.echo += "^C\r\n"
                typed.lines, typed.interrupts, self._line = [], True, ""
            elif key == _END:
                typed.lines.append(self._line or None)
                self._line = ""
            elif key.isprintable() and len(self._line) < _LONGEST_LINE:
                typed.echo += key
                self._line += key
        return typed
