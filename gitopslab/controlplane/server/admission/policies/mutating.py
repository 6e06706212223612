"""MutatingAdmissionPolicy: changes to a write that CEL expressions describe, where a binding says so.

The chain calls ``mutate`` after its own plugins and before webhooks. ``matching``, ``params`` and ``evaluating`` do for
these what they do for policies that refuse; ``patching`` makes the changes. Upstream:
``apiserver/pkg/admission/plugin/policy/mutating`` and ``generic/policy_dispatcher.go``.

Simplified: Scales are not changed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.policies import matching, patching
from gitopslab.controlplane.server.admission.policies.binding import GROUP, bound, namespace_of_write
from gitopslab.controlplane.server.admission.policies.evaluating import is_met
from gitopslab.controlplane.server.admission.policies.params import params_of
from gitopslab.controlplane.server.admission.policies.scope import Scope
from gitopslab.controlplane.server.admission.reinvocation import Reinvocation
from gitopslab.controlplane.server.admission.review import unborn
from gitopslab.controlplane.server.equality import same
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, copy_of, name_of, namespace_of

_KINDS = f"mutatingadmissionpolicies.{GROUP}", f"mutatingadmissionpolicybindings.{GROUP}"


def mutate(attributes: Attributes, reader: Reader, catalog: Catalog, again: Reinvocation) -> None:
    """Change the object, in place, as policies want.

    Args:
        attributes: The write.
        reader: Policies, bindings, parameters and namespaces.
        catalog: Of which kinds parameters may be.
        again: Which of them are asked in this round.

    Raises:
        ApiError: A policy that must be followed cannot be.
    """
    if attributes.resource.group == GROUP or attributes.object is None or attributes.subresource == "scale":
        return
    faults: list[tuple[str, str]] = []
    for policy, binding, param, fault in list(_invoked(attributes, reader, catalog)):
        found = [fault] if fault else []
        who = (name_of(policy), name_of(binding), param and (namespace_of(param), name_of(param)))
        if not fault and again.is_asked(who):
            found = _follow(policy, attributes, param, reader, again, who)
        if policy["spec"].get("failurePolicy") != "Ignore":
            reason = "Forbidden" if fault else "Invalid"
            whose = f"policy '{name_of(policy)}' with binding '{name_of(binding)}'"
            faults += [(f"{whose} denied request: {one}", reason) for one in found]
    if faults:
        raise _refusal(attributes, faults)


def _invoked(
    attributes: Attributes, reader: Reader, catalog: Catalog
) -> Iterator[tuple[Object, Object, Object | None, str]]:
    """Every policy that is to be followed, with its binding and a parameter, or with why that cannot be."""
    for policy, bindings in bound(reader, *_KINDS):
        if not matching.matches(policy["spec"].get("matchConstraints"), attributes, reader):
            continue
        for binding in bindings:
            if not matching.matches(binding["spec"].get("matchResources"), attributes, reader):
                continue
            try:
                for param in params_of(policy, binding, attributes.namespace, reader, catalog):
                    yield policy, binding, param, ""
            except ValueError as error:
                yield policy, binding, None, f"failed to configure binding: {error}"


def _follow(
    policy: Object, attributes: Attributes, param: Object | None, reader: Reader, again: Reinvocation, who: Hashable
) -> list[str]:
    """Make the changes of one policy, in order; what is wrong with some does not keep the others from being made."""
    spec, obj, faults = policy["spec"], attributes.wished(), []
    namespace, before = namespace_of_write(attributes, reader), copy_of(attributes.wished())
    try:
        if not is_met(spec.get("matchConditions") or [], Scope(attributes, param, None, [], unborn(attributes))):
            return []
    except ValueError as error:
        return [str(error)]
    for mutation in spec["mutations"]:
        scope = Scope(attributes, param, namespace, spec.get("variables") or [], unborn(attributes))
        try:
            patching.apply(mutation, attributes.resource, obj, scope)
        except ValueError as error:
            faults.append(str(error))
    again.told(who, spec.get("reinvocationPolicy") or "Never", changed=not same(before, obj))
    return faults


def _refusal(attributes: Attributes, faults: list[tuple[str, str]]) -> ApiError:
    error = attributes.refusal("", [{"message": message} for message, _ in faults])
    message, reason = faults[0]
    return ApiError(error.code, reason, message, details=error.details)
