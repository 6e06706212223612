"""The log of a job as plain text: without the marks of sections and the colours that GitLab's page makes of them."""

from __future__ import annotations

import re

_SECTION = re.compile(r"section_(?:start|end):\d+:[^\r\n]*\r?(?:\x1b\[0K)?")
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def plain_log(text: str) -> str:
    """What a reader sees of a log; of a line that was overwritten, what stood there last."""
    bare = _ESCAPE.sub("", _SECTION.sub("", text)).replace("\r\n", "\n")
    return "\n".join(line.rpartition("\r")[2] for line in bare.split("\n"))
