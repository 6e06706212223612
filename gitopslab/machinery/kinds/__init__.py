"""What kinds there are: their group, version, plural, short names, scope, verbs and subresources.

The rows of ``builtin`` are the facts an API server tells in discovery. ``Catalog`` answers every spelling kubectl
accepts. Custom resources join a catalog at run time; the built-in rows never change.
"""

from __future__ import annotations

from gitopslab.machinery.kinds.builtin import BUILT_IN, NODE_METRICS, POD_METRICS
from gitopslab.machinery.kinds.catalog import Catalog
from gitopslab.machinery.kinds.resource import Resource, Subresource

__all__ = ["BUILT_IN", "NODE_METRICS", "POD_METRICS", "Catalog", "Resource", "Subresource"]
