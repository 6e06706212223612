"""How a definition converts between its versions: not at all, or with a webhook.

Upstream: ``validateCustomResourceConversion`` and ``apiserver/pkg/util/webhook/validation.go``. A ``caBundle`` is taken
as it is, because nobody calls the webhook.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from gitopslab.controlplane.server.validation import formats
from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.machinery.objects import Object

_FORM = "; desired format: https://host[/path]"
_PORTS = range(1, 65536)


def check(causes: Causes, conversion: Object | None, path: str) -> None:
    """Report a conversion that could not be carried out."""
    if conversion is None:
        return
    strategy, webhook = conversion.get("strategy") or "", conversion.get("webhook") or {}
    if not strategy:
        causes.required(f"{path}.strategy")
    elif strategy not in ("None", "Webhook"):
        causes.unsupported(f"{path}.strategy", strategy, ("None", "Webhook"))
    client, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or []
    if strategy == "Webhook":
        _check_client(causes, client, f"{path}.webhookClientConfig")
        _check_reviews(causes, reviews, f"{path}.conversionReviewVersions")
        return
    for field, value in (("webhookClientConfig", client), ("conversionReviewVersions", reviews)):
        if value:
            causes.forbidden(f"{path}.{field}", "should not be set when strategy is not set to Webhook")


def _check_client(causes: Causes, client: Object | None, path: str) -> None:
    if client is None:
        causes.required(path, "required when strategy is set to Webhook")
    elif (client.get("url") is None) == (client.get("service") is None):
        causes.required(path, "exactly one of url or service is required")
    elif client.get("url") is not None:
        _check_url(causes, client["url"], f"{path}.url")
    else:
        _check_service(causes, client["service"], f"{path}.service")


def _check_url(causes: Causes, url: str, path: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        causes.required(path, f"url must be a valid URL: {error}{_FORM}")
        return
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


def _check_service(causes: Causes, service: Object, path: str) -> None:
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


def _check_reviews(causes: Causes, versions: list[str], path: str) -> None:
    if not versions:
        causes.required(path)
        return
    for index, version in enumerate(versions):
        if version in versions[:index]:
            causes.invalid(f"{path}[{index}]", version, "duplicate version")
        else:
            causes.each(f"{path}[{index}]", version, formats.problems_of_1035_label(version))
    if not {"v1", "v1beta1"} & set(versions):
        causes.invalid(path, versions, "must include at least one of v1, v1beta1")
