"""What is wrong with a configuration, in GitLab's words and ours.

``lint`` collects findings; the steps before it raise a ``ConfigurationError`` where GitLab itself stops reading.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitopslab.ci.tree import NOWHERE, Place
from gitopslab.errors import LabError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or that hardly anybody means.

    Attributes:
        level: ``error`` (GitLab refuses the file), ``warning`` (GitLab warns) or ``note`` (GitLab is silent about it,
            or would say it only after the errors are mended).
        message: GitLab's own text for an error or a warning.
        place: Where.
        hint: In plain words, what to do.
    """

    level: str
    message: str
    place: Place = NOWHERE
    hint: str = ""


class ConfigurationError(LabError):
    """GitLab reads no further.

    Attributes:
        place: Where in which file.
    """

    def __init__(self, message: str, place: Place = NOWHERE, hint: str = "") -> None:
        super().__init__(message, hint)
        self.place = place
