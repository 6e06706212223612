"""GitLab CI without a GitLab: ``.gitlab-ci.yml`` read, checked, explained and turned into pipelines.

The command line, the lab and the forge call ``read``, ``lint``, ``make`` and ``explain``. Everything here is pure: no
network, no process, and of the disk only the files that are handed in. Running jobs is ``runner``'s business.
"""

from gitopslab.ci.configuration import Configuration, read
from gitopslab.ci.event import KINDS as EVENTS
from gitopslab.ci.event import Commit, Event, Project
from gitopslab.ci.explain import Explanation, explain, explained
from gitopslab.ci.expressions import ExpressionError, evaluate
from gitopslab.ci.faults import ConfigurationError, Finding
from gitopslab.ci.files import Files, Folder, Texts, text_of
from gitopslab.ci.job import Job
from gitopslab.ci.lint import Report, lint
from gitopslab.ci.normal import Need
from gitopslab.ci.pipeline import Pipeline, make

__all__ = [
    "EVENTS",
    "Commit",
    "Configuration",
    "ConfigurationError",
    "Event",
    "Explanation",
    "ExpressionError",
    "Files",
    "Finding",
    "Folder",
    "Job",
    "Need",
    "Pipeline",
    "Project",
    "Report",
    "Texts",
    "evaluate",
    "explain",
    "explained",
    "lint",
    "make",
    "read",
    "text_of",
]
