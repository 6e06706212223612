"""ValidatingAdmissionPolicy: rules in CEL that a write must keep, where a binding says so.

``mutating`` has the policies that change a write.

The chain calls ``check`` for every write that passed validation. Policies and bindings are read anew each time, so a
policy counts from the moment it is stored. ``matching`` says which writes a policy is about, ``params`` finds what it
is configured by, ``evaluating`` has the expressions evaluated. Upstream:
``apiserver/pkg/admission/plugin/policy/validating``.

Simplified: there is no audit log, so ``Audit`` and audit annotations lead nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.policies import evaluating, matching
from gitopslab.controlplane.server.admission.policies.binding import GROUP, bound, namespace_of_write
from gitopslab.controlplane.server.admission.policies.faults import Fault
from gitopslab.controlplane.server.admission.policies.params import params_of
from gitopslab.controlplane.server.scaling import scale_of
from gitopslab.errors import ApiError
from gitopslab.machinery.kinds import Catalog
from gitopslab.machinery.objects import Object, name_of

POLICIES, BINDINGS = f"validatingadmissionpolicies.{GROUP}", f"validatingadmissionpolicybindings.{GROUP}"
_CODES = {"Forbidden": 403, "RequestEntityTooLarge": 413}
_INVALID = 422


@dataclass(frozen=True, slots=True)
class Denial:
    """One thing a policy has against a write, by way of a binding."""

    policy: str
    binding: str
    fault: Fault

    @property
    def message(self) -> str:
        """What the client is told when the write is refused."""
        return f"{self._whose} denied request: {self.fault.message}"

    @property
    def warning(self) -> str:
        """What the client is told when it is let pass."""
        return f"Validation failed for {self._whose}: {self.fault.message}"

    @property
    def _whose(self) -> str:
        return f"ValidatingAdmissionPolicy '{self.policy}' with binding '{self.binding}'"


def check(attributes: Attributes, reader: Reader, catalog: Catalog, warnings: list[str]) -> None:
    """Refuse what a policy denies.

    Args:
        attributes: The write.
        reader: Policies, bindings, parameters and namespaces.
        catalog: Of which kinds parameters may be.
        warnings: Where to tell what bindings only warn of, whether the write is refused or not.

    Raises:
        ApiError: 422, or what the policy's ``reason`` stands for.
    """
    if attributes.resource.group == GROUP:
        return  # else a policy could forbid its own repair
    attributes = as_sent(attributes)
    denials: list[Denial] = []
    for policy, bindings in bound(reader, POLICIES, BINDINGS):
        if not matching.matches(policy["spec"].get("matchConstraints"), attributes, reader):
            continue
        for binding in bindings:
            if matching.matches(binding["spec"].get("matchResources"), attributes, reader):
                _judge(policy, binding, attributes, reader, catalog, denials, warnings)
    if denials:
        raise _refusal(attributes, denials[0])


def as_sent(attributes: Attributes) -> Attributes:
    """The write with what went over the wire: a Scale, where somebody only scales."""
    if attributes.subresource != "scale":
        return attributes
    objects = (attributes.object, attributes.before)
    wished, before = (scale_of(attributes.resource, obj) if obj is not None else None for obj in objects)
    return replace(attributes, object=wished, before=before)


def _judge(
    policy: Object,
    binding: Object,
    attributes: Attributes,
    reader: Reader,
    catalog: Catalog,
    denials: list[Denial],
    warnings: list[str],
) -> None:
    """Evaluate a policy for one binding and do with what is wrong as the binding says."""
    actions = binding["spec"]["validationActions"]
    try:
        params = params_of(policy, binding, attributes.namespace, reader, catalog)
    except ValueError as error:
        if policy["spec"].get("failurePolicy") != "Ignore":
            fault = Fault(f"failed to configure binding: {error}")
            denials.append(Denial(name_of(policy), name_of(binding), fault))
        return
    namespace = namespace_of_write(attributes, reader)
    for param in params:
        for fault in evaluating.faults_of(policy, attributes, param, namespace):
            denial = Denial(name_of(policy), name_of(binding), fault)
            if "Deny" in actions or fault.is_final:
                denials.append(denial)
            if "Warn" in actions and not fault.is_final:
                warnings.append(denial.warning)


def _refusal(attributes: Attributes, denial: Denial) -> ApiError:
    error = attributes.refusal(denial.message, [{"message": denial.message}])
    return ApiError(
        _CODES.get(denial.fault.reason, _INVALID), denial.fault.reason, error.message, details=error.details
    )
