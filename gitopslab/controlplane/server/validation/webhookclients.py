"""Where a webhook is and which versions of reviews it takes, in an admission configuration or a definition.

Upstream: ``apiserver/pkg/util/webhook/validation.go``.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_FORM = "; desired format: https://host[/path]"
_PORTS = range(1, 65536)
_REVIEWS = ("v1", "v1beta1")


def check_client(causes: Causes, client: Object, path: str) -> None:
    """Where a webhook is: by its URL, or by its Service."""
    if (client.get("url") is None) == (client.get("service") is None):
        causes.required(path, "exactly one of url or service is required")
    elif client.get("url") is not None:
        _check_url(causes, client["url"], f"{path}.url")
    else:
        _check_service(causes, client["service"], f"{path}.service")


def _check_url(causes: Causes, url: str, path: str) -> None:
    """The URL of a webhook."""
    if fault := _fault(url):
        causes.required(path, f"url must be a valid URL: parse {json.dumps(url)}: {fault}{_FORM}")
        return
    parts = urlsplit(url)
    if parts.scheme != "https":
        causes.invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not parts.netloc:
        causes.invalid(path, "", f"host must be specified{_FORM}")
    if "@" in parts.netloc:
        causes.invalid(path, parts.netloc.rpartition("@")[0], "user information is not permitted in the URL")
    if parts.fragment:
        causes.invalid(path, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        causes.invalid(path, parts.query, "query parameters are not permitted in the URL")


def _fault(url: str) -> str:
    """Why Go's ``url.Parse`` takes no URL of this; empty when it does."""
    host = re.match(r"[a-zA-Z][\w+.-]*://(?:[^/?#@]*@)?([^/?#]*)", url)
    if host and (odd := re.search(r'[ "<>\\^`{|}]', host[1])):
        return f"invalid character {json.dumps(odd[0])} in host name"
    if host and (port := re.search(r":[^:\]]*$", host[1])) and not re.fullmatch(r":\d*", port[0]):
        return f"invalid port {json.dumps(port[0])} after host"
    if escape := re.search(r"%(?![0-9a-fA-F]{2}).{0,2}", url):
        return f"invalid URL escape {json.dumps(escape[0])}"
    return "" if not re.match(r":", url) else "missing protocol scheme"


def _check_service(causes: Causes, service: Object, path: str) -> None:
    """The Service of a webhook."""
    # The real server calls its check with the two the wrong way round.
    for field, value in (("name", service.get("namespace")), ("namespace", service.get("name"))):
        if not value:
            causes.required(f"{path}.{field}")
    if service.get("port", 443) not in _PORTS:
        causes.invalid(f"{path}.port", service["port"], "port is not valid: must be between 1 and 65535, inclusive")
    where = service.get("path") or "/"
    if where == "/":
        return
    if where == "//":
        causes.invalid(f"{path}.path", where, "segment[0] may not be empty")
        return
    if not where.startswith("/"):
        causes.invalid(f"{path}.path", where, "must start with a '/'")
    for index, step in enumerate(where[1:].removesuffix("/").split("/")):
        for problem in formats.problems_of_subdomain(step) if step else ():
            causes.invalid(f"{path}.path", where, f"segment[{index}]: {problem}")
        if not step:
            causes.invalid(f"{path}.path", where, f"segment[{index}] may not be empty")


def check_reviews(causes: Causes, versions: list[str], path: str, *, recognized: bool = True) -> None:
    """The versions of reviews that a webhook takes; there are some."""
    for index, version in enumerate(versions):
        if version in versions[:index]:
            causes.invalid(f"{path}[{index}]", version, "duplicate version")
        else:
            causes.each(f"{path}[{index}]", version, formats.problems_of_1035_label(version))
    if recognized and not set(_REVIEWS) & set(versions):
        causes.invalid(path, versions, "must include at least one of v1, v1beta1")
