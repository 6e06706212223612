"""An Application that is synced without Git: a test says what Git would say, and does the controller's part itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builders import merged

from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.server.decoding import DecodingApi
from gitopslab.controlplane.server.options import Caller
from gitopslab.errors import NotFoundError
from gitopslab.gitops.argocd import hooks
from gitopslab.gitops.argocd.kinds import (
    DELETION_APPROVED,
    FIELD_MANAGER,
    HOOK,
    HOOK_DELETE_POLICY,
    SYNC_OPTIONS,
    SYNC_WAVE,
)
from gitopslab.gitops.argocd.state import Comparison, Key, Managed, key_of
from gitopslab.gitops.argocd.sync.operation import Operations
from gitopslab.gitops.argocd.sync.plan import Refusal
from gitopslab.gitops.argocd.sync.step import Circumstances, Compare, Step
from gitopslab.gitops.argocd.sync.writer import Writer
from gitopslab.machinery.clock import JumpableClock, timestamp
from gitopslab.machinery.objects import Object, copy_of

CONTROLLER = Caller("system:serviceaccount:argocd:argocd-application-controller", ("system:masters",), FIELD_MANAGER)
REVISION = "a" * 40
SOURCE = {"repoURL": "http://git/app.git", "path": ".", "targetRevision": "main"}


class Syncs:
    """An Application and the cluster it is in.

    Attributes:
        app: As the controller would read it.
        git: What Git says; a test changes it.
        api: The controller's.
        given: What an operation depends on.
        revision: Of what Git says.
        conditions: That a comparison finds.
        foreign: Names of objects that only carry a copied tracking id.
    """

    def __init__(self, plane: ControlPlane, clock: JumpableClock) -> None:
        self.plane, self.clock = plane, clock
        self.api = DecodingApi(plane.verbs, CONTROLLER)
        self.git: list[Object] = []
        self.revision = REVISION
        self.conditions: list[Object] = []
        self.app: Object = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "app", "namespace": "argocd", "uid": "1"},
            "spec": {"source": SOURCE, "destination": {"namespace": "default"}},
            "status": {},
        }
        self.operations = Operations(self.api, plane.verbs.catalog, clock)
        self.given = Circumstances(self.compare, lambda obj, namespaced: "")
        self.foreign: set[str] = set()
        self._known: dict[Key, Object] = {}

    # -- what the controller does -------------------------------------------------------------------------------------

    def compare(self, place: Object) -> Comparison:
        """What there is against what Git says: something is different once it was changed here or there."""
        rows, seen = [], set()
        for target in self.git:
            key = key_of(target)
            seen.add(key)
            self._known[key] = target
            hook = hooks.is_hook(target)
            live = self.find(target)
            status = "" if hook else "Synced" if live is not None and _is_as_said(target, live) else "OutOfSync"
            rows.append(Managed(key, _version(target), target, live, status, hook=hook))
        for key, known in self._known.items():
            live = self.find(known)
            if key not in seen and live is not None:
                hook = hooks.is_hook(live)
                own = key.name not in self.foreign
                status = "OutOfSync" if own and not hook else ""
                rows.append(Managed(key, _version(live), None, live, status, hook, requires_pruning=own))
        status = "OutOfSync" if any(row.status == "OutOfSync" for row in rows) else "Synced"
        return Comparison(self.revision, place["source"], "Directory", tuple(rows), status, tuple(self.conditions))

    def step(self) -> Step:
        """One step to its end, however slow the machine is; then the cluster acts."""
        before = self.app["status"].get("operationState")
        step = self.slice()
        while step.after == 0.0 and step.state == before:
            step = self.slice()
        return step

    def slice(self) -> Step:
        """Until a step gives way to others or ends, written down as the controller does; then the cluster acts."""
        step = self.operations.advance(copy_of(self.app), self.given)
        status = self.app["status"]
        status["operationState"] = copy_of(step.state)
        if step.history is not None:
            status["history"] = step.history
        if step.is_over:
            del self.app["operation"]
        for row in (row for row in self.rows if "hookType" in row):
            # One with generateName has a name only now.
            key = Key(row["group"], row["kind"], row["namespace"], row["name"])
            version = f"{row['group']}/{row['version']}" if row["group"] else row["version"]
            metadata = {"name": row["name"], "namespace": row["namespace"]}
            self._known.setdefault(key, {"apiVersion": version, "kind": row["kind"], "metadata": metadata})
        self.plane.settle()
        return step

    def go(self) -> tuple[str, str]:
        """Steps until the sync waits for something, or is over; phase and message."""
        for _ in range(100):
            step = self.step()
            if step.is_over or step.after is None or step.after > 2.0:
                return self.outcome
            self.plane.advance(step.after)
        raise AssertionError(f"it never waits: {self.outcome}")

    def sync(self, **sync: Any) -> tuple[str, str]:
        """Begin a sync, and go on until it waits or is over; phase and message."""
        self.begin(**sync)
        return self.go()

    def begin(self, *, retry: Object | None = None, automated: bool = False, **sync: Any) -> None:
        """Ask for a sync."""
        who = {"automated": True} if automated else {"username": "admin"}
        self.app["operation"] = {"sync": sync, "initiatedBy": who, **({"retry": retry} if retry else {})}

    def terminate(self) -> tuple[str, str]:
        """Ask for the end of a sync, and go on."""
        self.app["status"]["operationState"]["phase"] = "Terminating"
        return self.go()

    def windows(self, *windows: Object) -> None:
        """Have the project these sync windows."""
        self.given = replace(self.given, windows=windows)

    def into(self, namespace: str) -> None:
        """Have the Application go to another namespace."""
        self.app["spec"]["destination"] = {"namespace": namespace}

    def compares(self, compare: Compare) -> None:
        """Compare in another way."""
        self.given = replace(self.given, compare=compare)

    def lose_project(self, why: str) -> None:
        """Have no project any more."""
        self.given = replace(self.given, project_error=why)

    def forbid(self, refusal: Refusal) -> None:
        """Have the project forbid something."""
        self.given = replace(self.given, refusal=refusal)

    def approve(self) -> None:
        """Approve what is to be deleted."""
        self.app["metadata"]["annotations"] = {DELETION_APPROVED: timestamp(self.clock.now())}

    # -- what a test looks at -----------------------------------------------------------------------------------------

    @property
    def state(self) -> Object:
        """``status.operationState``."""
        found: Object = self.app["status"]["operationState"]
        return found

    @property
    def outcome(self) -> tuple[str, str]:
        """Phase and message of the operation."""
        return self.state["phase"], self.state.get("message", "")

    @property
    def results(self) -> dict[str, tuple[str, str, str]]:
        """Result code, phase and message of each object, by name, in the order they were done."""
        return {
            row["name"]: (row.get("status", ""), row.get("hookPhase", ""), row.get("message", "")) for row in self.rows
        }

    @property
    def rows(self) -> list[Object]:
        """``syncResult.resources``."""
        found: list[Object] = self.state.get("syncResult", {}).get("resources") or []
        return found

    def version(self, resource: str, name: str) -> str:
        """The resourceVersion of an object."""
        found: str = self.api.get(resource, name, "default")["metadata"]["resourceVersion"]
        return found

    def finalizers(self, name: str) -> list[str]:
        """The finalizers of a Job."""
        return self.api.get("jobs.batch", name, "default")["metadata"].get("finalizers") or []

    def uid(self, name: str) -> str:
        """Which Job it is."""
        found: str = self.api.get("jobs.batch", name, "default")["metadata"]["uid"]
        return found

    @property
    def done(self) -> list[str]:
        """The names of what was done, in order."""
        return list(self.results)

    def find(self, obj: Object) -> Object | None:
        """An object as it is."""
        return Writer(self.api, self.plane.verbs.catalog, self.clock).get(obj)

    def get(self, resource: str, name: str, namespace: str = "default") -> Object | None:
        """An object as it is."""
        try:
            return self.api.get(resource, name, namespace)
        except NotFoundError:
            return None

    def have(self, *objects: Object) -> None:
        """Have objects in the cluster that an earlier sync applied."""
        self.git, before = list(objects), self.git
        assert self.sync()[0] == "Succeeded"
        self.git = before
        self.app["status"] = {}

    def finish(self, name: str, kind: str = "Complete") -> None:
        """Have a Job end, with a condition of this type."""
        said = {"status": "True", "message": f"{name} {kind}", "reason": "Told"}
        targets = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}
        conditions = [{"type": targets[kind], **said}, {"type": kind, **said}]
        now = timestamp(self.clock.now())
        status = {"conditions": conditions, "startTime": now, **({"completionTime": now} if kind == "Complete" else {})}
        self.api.patch("jobs.batch", name, {"status": status}, "default", subresource="status")


def job(name: str, hook: str = "", policy: str = "", wave: str = "", **overrides: Any) -> Object:
    """A Job that never runs by itself, so that a test decides its health; a hook when it says of which phases."""
    base = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default", "annotations": {}},
        "spec": {
            "suspend": True,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1"}]}},
        },
    }
    notes = {HOOK: hook, HOOK_DELETE_POLICY: policy, SYNC_WAVE: wave}
    base["metadata"]["annotations"] = {key: value for key, value in notes.items() if value}  # type: ignore[index]
    return merged(base, overrides)


def note(obj: Object, wave: str = "", options: str = "", **annotations: str) -> Object:
    """An object with a wave, with sync options, or with other annotations."""
    notes = {SYNC_WAVE: wave, SYNC_OPTIONS: options, **annotations}
    return merged(obj, {"metadata": {"annotations": {key: value for key, value in notes.items() if value}}})


def _is_as_said(target: Object, live: Object) -> bool:
    """Whether a live object has all that a target says."""
    return all(
        _is_as_said(value, live[key])
        if isinstance(value, dict) and isinstance(live.get(key), dict)
        else live.get(key) == value or not value or isinstance(value, list)
        for key, value in target.items()
    )


def _version(obj: Object) -> str:
    return str(obj["apiVersion"]).rpartition("/")[2]
