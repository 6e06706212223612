"""The shape of a configuration, keyword by keyword, with GitLab's messages (``lib/gitlab/ci/config/entry``).

``lint`` calls ``root``. An entry is a function from a ``Node`` to its faults: first its own, and only when it has none
those of the entries below it, as GitLab composes them; so a message appears here exactly when it appears there. What
jobs mean to each other (stages, needs, circles) is left to ``logic``.
"""

from gitopslab.ci.entries.node import Fault, Node
from gitopslab.ci.entries.root import include_rules, is_hidden, is_visible, job_faults, job_names, root

__all__ = ["Fault", "Node", "include_rules", "is_hidden", "is_visible", "job_faults", "job_names", "root"]
