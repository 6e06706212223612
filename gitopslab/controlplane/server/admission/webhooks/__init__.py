"""Admission webhooks: programs outside that are asked about a write, and may change or refuse it.

The chain calls ``mutate`` after its own plugins and ``check`` after validation. Configurations are read anew each time,
so one counts from the moment it is stored. ``calling`` is one call. Upstream:
``apiserver/pkg/admission/plugin/webhook``.

Simplified: validating webhooks are asked one after the other, not at once; what a webhook changes of a Scale is not
taken over; there is no audit log for their annotations. Webhooks are called on this machine and through Services of
the lab only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.policies import as_sent, matching
from gitopslab.controlplane.server.admission.policies.binding import GROUP
from gitopslab.controlplane.server.admission.policies.evaluating import is_met
from gitopslab.controlplane.server.admission.policies.patching import replace
from gitopslab.controlplane.server.admission.policies.scope import Scope
from gitopslab.controlplane.server.admission.reinvocation import Reinvocation
from gitopslab.controlplane.server.admission.review import unborn
from gitopslab.controlplane.server.admission.webhooks.calling import call
from gitopslab.controlplane.server.equality import same
from gitopslab.controlplane.server.webhookclients import CallError, Client
from gitopslab.errors import ApiError
from gitopslab.machinery.json_patch import json_patch
from gitopslab.machinery.merge import MergeError
from gitopslab.machinery.objects import Object, copy_of, name_of

log = logging.getLogger(__name__)

_MUTATING, _VALIDATING = f"mutatingwebhookconfigurations.{GROUP}", f"validatingwebhookconfigurations.{GROUP}"


class Webhooks:
    """The webhooks of a cluster.

    Args:
        reader: Their configurations, and what these look at.

    Attributes:
        client: Speaks to them; None where nothing can, and then a call fails.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.client: Client | None = None

    def mutate(self, attributes: Attributes, warnings: list[str], again: Reinvocation) -> None:
        """Have the object changed, in place, as those want that it concerns.

        Args:
            attributes: The write.
            warnings: Where to tell what webhooks warn of.
            again: Who is asked in this round.

        Raises:
            ApiError: One refuses, or could not be asked and must be.
        """
        for configuration, webhook in self._of(_MUTATING, attributes):
            who = (name_of(configuration), webhook["name"])
            if self._is_meant(webhook, attributes) and again.is_asked(who):
                operations = self._call(webhook, attributes, warnings, mutating=True)
                changed = _change(webhook, attributes, operations)
                again.told(who, webhook.get("reinvocationPolicy") or "Never", changed=changed)

    def check(self, attributes: Attributes, warnings: list[str]) -> None:
        """Have the write looked at by those that it concerns; all are asked, and the first refusal counts.

        Raises:
            ApiError: One refuses, or could not be asked and must be.
        """
        meant = [one for _, one in self._of(_VALIDATING, attributes) if self._is_meant(one, attributes)]
        refusals = []
        for webhook in meant:
            try:
                self._call(webhook, attributes, warnings, mutating=False)
            except ApiError as error:
                refusals.append(error)
        if refusals:
            raise refusals[0]

    def _of(self, kind: str, attributes: Attributes) -> Iterator[tuple[Object, Object]]:
        """Every webhook, each with its configuration, in the order in which they are asked."""
        if attributes.resource.group == GROUP:
            return  # else one could forbid its own repair
        for configuration in sorted(self._reader.all(kind), key=name_of):
            for webhook in configuration.get("webhooks") or ():
                yield configuration, webhook

    def _is_meant(self, webhook: Object, attributes: Attributes) -> bool:
        rules = webhook.get("rules")
        if not rules or not matching.matches({**webhook, "resourceRules": rules}, attributes, self._reader):
            return False
        try:
            return is_met(webhook.get("matchConditions") or [], Scope(as_sent(attributes), None, None, []))
        except ValueError as error:
            if webhook.get("failurePolicy") == "Ignore":
                return False
            raise attributes.refusal(str(error)) from error

    def _call(self, webhook: Object, attributes: Attributes, warnings: list[str], *, mutating: bool) -> list[Any]:
        sent = as_sent(attributes)
        obj = unborn(sent) if mutating else sent.object
        try:
            return call(webhook, sent, obj, self._reader, self.client, mutating=mutating, warnings=warnings)
        except CallError as error:
            told = f'failed calling webhook "{webhook["name"]}": {error}'
            if webhook.get("failurePolicy") == "Ignore":
                log.warning("%s", told)
                return []
            raise _internal(told) from error


def _change(webhook: Object, attributes: Attributes, operations: list[Any]) -> bool:
    """Change the object as a webhook wants; whether that makes any difference."""
    if not operations or attributes.subresource == "scale":
        return False
    obj = attributes.object
    if obj is None:
        what = "attempted to modify the object, which is not supported for this operation"
        raise _internal(f'admission webhook "{webhook["name"]}" {what}')
    before = copy_of(obj)
    try:
        replace(attributes.resource, obj, json_patch(obj, operations))
    except MergeError as error:
        raise _internal(str(error)) from error
    return not same(before, obj)


def _internal(message: str) -> ApiError:
    """What the real server calls an internal error is mostly the webhook's."""
    return ApiError(
        500, "InternalError", f"Internal error occurred: {message}", details={"causes": [{"message": message}]}
    )
