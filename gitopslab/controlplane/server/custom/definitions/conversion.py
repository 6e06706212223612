"""How a definition converts between its versions: not at all, or with a webhook.

Upstream: ``validateCustomResourceConversion`` and ``apiserver/pkg/util/webhook/validation.go``.
"""

from __future__ import annotations

from gitopslab.controlplane.server.validation.causes import Causes
from gitopslab.controlplane.server.validation.webhookclients import check_client, check_reviews
from gitopslab.machinery.objects import Object


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
        if not reviews:
            causes.required(f"{path}.conversionReviewVersions")
        else:
            check_reviews(causes, reviews, f"{path}.conversionReviewVersions")
        return
    for field, value in (("webhookClientConfig", client), ("conversionReviewVersions", reviews)):
        if value:
            causes.forbidden(f"{path}.{field}", "should not be set when strategy is not set to Webhook")


def _check_client(causes: Causes, client: Object | None, path: str) -> None:
    if client is None:
        causes.required(path, "required when strategy is set to Webhook")
    else:
        check_client(causes, client, path)
