"""The arithmetic of a Deployment's rollout: which ReplicaSet is the new one, and how large each should be.

Pure functions over a Deployment and its ReplicaSets; ``deployment`` fetches those and carries the answers out,
``progress`` turns them into status. Sizes are ``spec.replicas``: what was asked for, not what is there yet.

Upstream: ``pkg/controller/deployment/{rolling,sync}.go`` and ``util/deployment_util.go``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gitopslab.controlplane.controllers.percentage import scaled
from gitopslab.controlplane.controllers.replicaset import replicas_of
from gitopslab.machinery.objects import Object, annotations_of, copy_of, name_of, uid_of

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"

NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
        "deprecated.deployment.rollback.to",
    }
)
"""Annotations of a Deployment that its ReplicaSets do not take over."""

_LONGEST_HISTORY = 2000  # characters of the revision-history annotation

Scaling = tuple[Object, int]
"""A ReplicaSet and the size it should get."""


@dataclass(slots=True)
class Rollout:
    """A Deployment with its ReplicaSets told apart: the one that has its template, and the earlier ones."""

    deployment: Object
    olds: list[Object]
    new: Object | None

    @property
    def sets(self) -> list[Object]:
        """All ReplicaSets, the new one last."""
        return [*self.olds, self.new] if self.new is not None else list(self.olds)


def told_apart(deployment: Object, replica_sets: list[Object]) -> Rollout:
    """Find the new ReplicaSet: the oldest one with the Deployment's template."""
    template = deployment["spec"]["template"]
    new = next((found for found in sorted(replica_sets, key=age_key) if same_template(found, template)), None)
    olds = [found for found in replica_sets if new is None or uid_of(found) != uid_of(new)]
    return Rollout(deployment, olds, new)


def age_key(replica_set: Object) -> tuple[str, str]:
    """Sorts ReplicaSets from the oldest to the newest."""
    return replica_set["metadata"].get("creationTimestamp") or "", name_of(replica_set)


def same_template(replica_set: Object, template: Object) -> bool:
    """Whether a ReplicaSet was made from this pod template; the hash label, which only the ReplicaSet has, aside."""
    return _without_hash(replica_set["spec"]["template"]) == _without_hash(template)


def _without_hash(template: Object) -> Object:
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != HASH_LABEL}
    plain = {key: value for key, value in {**metadata, "labels": labels}.items() if value}
    return {**template, "metadata": plain}


def active(replica_sets: Iterable[Object]) -> list[Object]:
    """The ReplicaSets that should have pods."""
    return [found for found in replica_sets if replicas_of(found) > 0]


def total(replica_sets: Iterable[Object]) -> int:
    """How many pods these ReplicaSets should have together."""
    return sum(replicas_of(found) for found in replica_sets)


def counted(replica_sets: Iterable[Object], field: str) -> int:
    """The sum of one count over the statuses, as in ``readyReplicas``."""
    return sum(found.get("status", {}).get(field) or 0 for found in replica_sets)


def is_rolling(deployment: Object) -> bool:
    """Whether the strategy is RollingUpdate."""
    strategy: Object = deployment["spec"].get("strategy") or {}
    return bool(strategy.get("type", "RollingUpdate") == "RollingUpdate")


def fenceposts(deployment: Object) -> tuple[int, int]:
    """``maxSurge`` and ``maxUnavailable`` as numbers.

    Surge is rounded up and unavailability down. When both come to nothing one pod may be unavailable, for else no pod
    could ever be replaced.
    """
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    replicas = replicas_of(deployment)
    surge = scaled(rolling.get("maxSurge", 0), replicas, up=True)
    unavailable = scaled(rolling.get("maxUnavailable", 0), replicas, up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def max_surge(deployment: Object) -> int:
    """How many pods there may be on top of the wanted ones; none with Recreate."""
    return fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Object) -> int:
    """How many of the wanted pods may be missing during a rolling update."""
    replicas = replicas_of(deployment)
    if not is_rolling(deployment) or replicas == 0:
        return 0
    return min(fenceposts(deployment)[1], replicas)


def size_of_new(rollout: Rollout, current: int) -> int:
    """How large the new ReplicaSet, now of size ``current``, may be (``NewRSNewReplicas``)."""
    replicas = replicas_of(rollout.deployment)
    if not is_rolling(rollout.deployment) or current > replicas:
        return replicas
    room = replicas + max_surge(rollout.deployment) - total(rollout.olds) - current
    return current + max(0, min(room, replicas - current))


def shrinking(rollout: Rollout) -> list[Scaling]:
    """The next steps down of the old ReplicaSets in a rolling update.

    Unhealthy old pods go first, since they serve nobody. Then available ones go, as far as the new ReplicaSet's
    available pods make up for them. New pods that are not available count as lost already, so a broken image stops the
    rollout.
    """
    new = rollout.new
    olds = sorted(active(rollout.olds), key=age_key)
    if new is None or not olds:
        return []
    least = replicas_of(rollout.deployment) - max_unavailable(rollout.deployment)
    new_unavailable = replicas_of(new) - _available(new)
    most = total(rollout.sets) - least - new_unavailable
    if most <= 0:
        return []
    steps, sizes = _drop_unhealthy(olds, most)
    spare = sum(map(_available, [*olds, new])) - least
    for old in olds:
        step = min(sizes[uid_of(old)], spare)
        if step > 0:
            spare -= step
            steps.append((old, sizes[uid_of(old)] - step))
    return steps


def _drop_unhealthy(olds: list[Object], most: int) -> tuple[list[Scaling], dict[str, int]]:
    steps: list[Scaling] = []
    sizes = {uid_of(old): replicas_of(old) for old in olds}
    for old in olds:
        step = min(most, replicas_of(old) - _available(old))
        if step > 0:
            most -= step
            sizes[uid_of(old)] -= step
            steps.append((old, sizes[uid_of(old)]))
    return steps, sizes


def _available(replica_set: Object) -> int:
    """Its available pods, less those it is about to delete: the status may be from before it was made smaller."""
    return min(counted([replica_set], "availableReplicas"), replicas_of(replica_set))


def is_saturated(rollout: Rollout) -> bool:
    """Whether the new ReplicaSet alone provides every wanted pod."""
    replicas = replicas_of(rollout.deployment)
    new = rollout.new
    return (
        new is not None
        and replicas_of(new) == replicas
        and _remembered(new, DESIRED_REPLICAS) == replicas
        and counted([new], "availableReplicas") == replicas
    )


def is_scaling(rollout: Rollout) -> bool:
    """Whether the Deployment's replicas changed since its ReplicaSets were sized."""
    wanted = replicas_of(rollout.deployment)
    return any(_remembered(found, DESIRED_REPLICAS) not in (None, wanted) for found in active(rollout.sets))


def _remembered(replica_set: Object, annotation: str) -> int | None:
    """A size that a ReplicaSet's annotation holds; None when somebody took it away or made it unreadable."""
    text = annotations_of(replica_set).get(annotation, "")
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) and int(text) < 2**31 else None


def rescaling(rollout: Rollout) -> list[Scaling]:
    """How a change of ``spec.replicas`` is shared out.

    One active ReplicaSet takes all of it. In the middle of a rolling update each takes its proportion, and what
    rounding leaves over goes to the largest, so that a rollout keeps the state it had reached.
    """
    busy = active(rollout.sets)
    if len(busy) <= 1:
        only = busy[0] if busy else rollout.new or max(rollout.olds, key=age_key, default=None)
        return [(only, replicas_of(rollout.deployment))] if only is not None else []
    if is_saturated(rollout):
        return [(old, 0) for old in active(rollout.olds)]
    return _proportional(rollout.deployment, busy) if is_rolling(rollout.deployment) else []


def is_shared_out(rollout: Rollout) -> bool:
    """Whether ``rescaling`` gives several ReplicaSets their proportions, which each then remembers."""
    return len(active(rollout.sets)) > 1 and not is_saturated(rollout)


def _proportional(deployment: Object, busy: list[Object]) -> list[Scaling]:
    replicas = replicas_of(deployment)
    allowed = replicas + max_surge(deployment) if replicas else 0
    to_add = allowed - total(busy)
    # Largest first; of equal ones the newest when growing and the oldest when shrinking.
    busy = sorted(sorted(busy, key=age_key, reverse=to_add > 0), key=replicas_of, reverse=True)
    sizes, added = [], 0
    for found in busy:
        share = _share(found, deployment, to_add, added)
        added += share
        sizes.append(replicas_of(found) + share)
    sizes[0] = max(0, sizes[0] + to_add - added)
    return list(zip(busy, sizes, strict=True))


def _share(replica_set: Object, deployment: Object, to_add: int, added: int) -> int:
    if to_add == added:
        return 0
    fraction = _fraction(replica_set, deployment)
    return min(fraction, to_add - added) if to_add > 0 else max(fraction, to_add - added)


def _fraction(replica_set: Object, deployment: Object) -> int:
    size, replicas = replicas_of(replica_set), replicas_of(deployment)
    if replicas == 0:
        return -size
    before = _remembered(replica_set, MAX_REPLICAS) or deployment.get("status", {}).get("replicas", 0)
    if not before:
        return 0
    return math.floor(size * (replicas + max_surge(deployment)) / before + 0.5) - size


def revision_of(replica_set: Object) -> int:
    """The revision a ReplicaSet stands for; 0 when it has none."""
    text = annotations_of(replica_set).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def next_revision(rollout: Rollout) -> int:
    """The revision of the new ReplicaSet: one more than any old one has."""
    return max((revision_of(old) for old in rollout.olds), default=0) + 1


def replica_annotations(deployment: Object) -> dict[str, str]:
    """What a ReplicaSet remembers of the size its Deployment had."""
    replicas = replicas_of(deployment)
    return {DESIRED_REPLICAS: str(replicas), MAX_REPLICAS: str(replicas + max_surge(deployment))}


def new_annotations(rollout: Rollout, known: dict[str, str]) -> dict[str, str]:
    """The annotations of the new ReplicaSet, which has ``known`` ones: its Deployment's, and the next revision.

    A ReplicaSet that a rollback brought back notes the revision it had.
    """
    copied = {key: value for key, value in annotations_of(rollout.deployment).items() if key not in NOT_COPIED}
    found = {**known, **copied}
    had = known.get(REVISION)
    revision = next_revision(rollout)
    if had is None or (had.isdigit() and int(had) < revision):
        found[REVISION] = str(revision)
        if had is not None:
            found[REVISION_HISTORY] = _history(known.get(REVISION_HISTORY, ""), had)
    return found


def _history(history: str, revision: str) -> str:
    revisions = [*filter(None, history.split(",")), revision]
    while len(",".join(revisions)) > _LONGEST_HISTORY:
        revisions.pop(0)
    return ",".join(revisions)


def outdated(rollout: Rollout) -> list[Object]:
    """The old ReplicaSets beyond ``revisionHistoryLimit`` that can be deleted, lowest revision first."""
    limit = rollout.deployment["spec"].get("revisionHistoryLimit")
    if limit is None or limit == 2**31 - 1:
        return []
    alive = [old for old in rollout.olds if not old["metadata"].get("deletionTimestamp")]
    alive.sort(key=lambda old: (revision_of(old), age_key(old)))
    return [old for old in alive[: max(0, len(alive) - limit)] if _is_idle(old)]


def _is_idle(replica_set: Object) -> bool:
    status = replica_set.get("status", {})
    observed = status.get("observedGeneration", 0) >= replica_set["metadata"].get("generation", 0)
    return replicas_of(replica_set) == 0 and not status.get("replicas") and observed


def labelled(template: Object, template_hash: str) -> Object:
    """The pod template with its hash among the labels, as ReplicaSets carry it."""
    found: Object = copy_of(template)
    metadata = found["metadata"] = found.get("metadata") or {}
    metadata["labels"] = {**(metadata.get("labels") or {}), HASH_LABEL: template_hash}
    return found
