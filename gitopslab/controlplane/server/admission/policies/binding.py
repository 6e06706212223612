"""What both kinds of admission policies share: which of them are bound, and whose namespace expressions see."""

from __future__ import annotations

from collections.abc import Iterator

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.machinery.objects import Object

GROUP = "admissionregistration.k8s.io"
"""Nothing of this group is asked about, or a policy could forbid its own repair."""


def bound(reader: Reader, policies: str, bindings: str) -> Iterator[tuple[Object, list[Object]]]:
    """The policies of a kind that some binding of another kind puts into effect, by name."""
    found: dict[str, list[Object]] = {}
    for binding in reader.all(bindings):
        found.setdefault(binding["spec"]["policyName"], []).append(binding)
    for name in sorted(found):
        policy = reader.find(policies, "", name)
        if policy is not None:
            yield policy, found[name]


def namespace_of_write(attributes: Attributes, reader: Reader) -> Object | None:
    """The namespace that a write is in; None outside of any."""
    return reader.find("namespaces", "", attributes.namespace) if attributes.namespace else None
