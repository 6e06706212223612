"""Rules of CustomResourceDefinitions: the door to them.

The rules themselves are in ``custom.definitions``, because they need what custom resources are made of. They are
imported when the first definition is written: with them comes a CEL library that most clusters never use.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object


def check_definition(causes: Causes, definition: Object) -> None:
    """A new definition."""
    from gitopslab.controlplane.server.custom.definitions import check

    check(causes, definition)


def check_definition_change(causes: Causes, definition: Object, before: Object, subresource: str) -> None:
    """A changed definition; of one whose status changes only that is checked."""
    from gitopslab.controlplane.server.custom.definitions import check_change

    check_change(causes, definition, before, status_only=subresource == "status")
