"""A manifest's bytes as a JSON object, and the error for one that is not as the OCI image specification wants it."""

from __future__ import annotations

import json
from typing import Any

from gitopslab.errors import ImageError


def parsed(data: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ImageError: ``MANIFEST_INVALID``: it is none.
    """
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise invalid(f"it is not JSON ({error})") from error
    if not isinstance(found, dict):
        raise invalid("it is not a JSON object")
    return found


def invalid(why: str) -> ImageError:
    """The error of a manifest that cannot be used."""
    return ImageError(f"manifest invalid: {why}", "Have the image built and pushed again.", code="MANIFEST_INVALID")
