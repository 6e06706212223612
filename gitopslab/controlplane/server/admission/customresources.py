"""A definition that is being deleted takes no new objects, or it would never be empty."""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.controlplane.server.custom.version import CustomResource


def check_not_terminating(attributes: Attributes) -> None:
    """Refuse a create of a custom resource whose definition is going."""
    resource = attributes.resource
    if attributes.operation == "CREATE" and isinstance(resource, CustomResource) and resource.is_terminating:
        raise attributes.refusal("create not allowed while custom resource definition is terminating")
