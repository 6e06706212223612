"""The Api protocol for whoever brings objects that no program has made: each is read as if it came over the wire.

``daemon`` hands one to Argo CD, which applies what people have written; a text where a number belongs is refused in the
API server's words.
"""

from __future__ import annotations

from gitopslab.controlplane.server.decode import check
from gitopslab.controlplane.server.local import LocalApi
from gitopslab.machinery.objects import Object


class DecodingApi(LocalApi):
    """The Api for one identity, which takes nothing for granted."""

    def create(self, obj: Object) -> Object:
        """Store a new object."""
        return super().create(self._read(obj))

    def update(self, obj: Object, subresource: str = "") -> Object:
        """Replace an object, or only a part."""
        return super().update(self._read(obj), subresource)

    def _read(self, obj: Object) -> Object:
        return check(self._resource_of(obj), obj, "Warn")[0]
