"""What PodSecurity says when the labels of a namespace change: they must be a policy, and pods there should keep it."""

from __future__ import annotations

from itertools import groupby

from gitopslab.controlplane.server.admission.attributes import Attributes, Reader
from gitopslab.controlplane.server.admission.podsecurity.checks import violations
from gitopslab.controlplane.server.admission.podsecurity.levels import LEVELS, Fault, Level, policy_of
from gitopslab.errors import InvalidError, invalid
from gitopslab.machinery.objects import labels_of, name_of


def check(attributes: Attributes, reader: Reader) -> list[str]:
    """Refuse labels that are no policy; warn of pods that break one that has become stricter."""
    policy, faults = policy_of(labels_of(attributes.wished()))
    if attributes.before is None:
        if faults:
            raise _refusal(attributes, faults)
        return []
    old, old_faults = policy_of(labels_of(attributes.before))
    if faults and faults != old_faults:
        raise _refusal(attributes, faults)
    return _existing(attributes, reader, policy.enforce) if _is_stricter(policy.enforce, old.enforce) else []


def _is_stricter(new: Level, old: Level) -> bool:
    if new == old or new.name == "privileged":
        return False
    return new.version != old.version or LEVELS.index(new.name) > LEVELS.index(old.name)


def _existing(attributes: Attributes, reader: Reader, enforce: Level) -> list[str]:
    broken = sorted(
        (", ".join(reason for reason, _ in found), name_of(pod))
        for pod in reader.all("pods", attributes.name)
        if (found := violations(enforce, pod["metadata"], pod["spec"]))
    )
    if not broken:
        return []
    told = [_together(why, [name for _, name in pods]) for why, pods in groupby(broken, key=lambda one: one[0])]
    head = f'existing pods in namespace "{attributes.name}" violate the new PodSecurity enforce level "{enforce}"'
    return [head, *sorted(told)]


def _together(why: str, names: list[str]) -> str:
    others = len(names) - 1
    beside = f" (and {others} other pod{'s' if others > 1 else ''})" if others else ""
    return f"{names[0]}{beside}: {why}"


def _refusal(attributes: Attributes, faults: list[Fault]) -> InvalidError:
    causes = [
        (f"metadata.labels[{label}]", "FieldValueInvalid", f'Invalid value: "{value}": {why}')
        for label, value, why in faults
    ]
    return invalid("Namespace", "", attributes.name, causes)
