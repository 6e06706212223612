"""The log of a job for readers: without the marks of sections that GitLab's page folds, with colours or without."""

from __future__ import annotations

import re

_SECTION = re.compile(r"section_(?:start|end):\d+:[^\r\n]*\r?(?:\x1b\[0K)?")
_ERASE = re.compile(r"\x1b\[0K")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def plain_log(text: str) -> str:
    """What a reader sees of a log; of a line that was overwritten, what stood there last."""
    bare = _ESCAPE.sub("", _SECTION.sub("", text)).replace("\r\n", "\n")
    return "\n".join(line.rpartition("\r")[2] for line in bare.split("\n"))


def coloured_log(line: str) -> str:
    """A line of a log as a terminal and a notebook show it best; empty when it holds nothing but marks."""
    bare = _ERASE.sub("", _SECTION.sub("", line))
    return bare if bare.strip() or line == bare else ""
