"""What the API server says of custom resources and definitions before it looks at them closely.

A definition that is being deleted takes no new objects, or it would never be empty; and formats in a schema that
nobody knows are accepted with a warning.
"""

from __future__ import annotations

from gitopslab.controlplane.server.admission.attributes import Attributes
from gitopslab.controlplane.server.custom.formats import unrecognized
from gitopslab.controlplane.server.custom.version import CustomResource
from gitopslab.machinery.objects import Object


def check_not_terminating(attributes: Attributes) -> None:
    """Refuse a create of a custom resource whose definition is going."""
    resource = attributes.resource
    if attributes.operation == "CREATE" and isinstance(resource, CustomResource) and resource.is_terminating:
        raise attributes.refusal("create not allowed while custom resource definition is terminating")


def format_warnings(attributes: Attributes) -> list[str]:
    """Warn of the unknown formats in a new definition, or of those an update adds."""
    known = set(_formats(attributes.before)) if attributes.before is not None else set()
    return [f'unrecognized format "{name}"' for name in _formats(attributes.wished()) if name not in known]


def _formats(definition: Object) -> list[str]:
    schemas = [version.get("schema") or {} for version in definition["spec"].get("versions") or ()]
    return [name for schema in schemas for name in unrecognized(schema.get("openAPIV3Schema") or {})]
