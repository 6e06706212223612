"""ImageUpdateAutomation: what policies have chosen is committed to Git, and nothing in the cluster is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError
from gitopslab.gitops.flux.automation import Plan, Ran, RemovedFieldError, RunError, run
from gitopslab.gitops.flux.conditions import READY
from gitopslab.gitops.flux.credentials import check, check_signing, credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.kinds import GIT_REPOSITORIES, IMAGE_AUTOMATIONS, IMAGE_POLICIES
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.git.remote import HEAD, HEADS
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.render.setters import Image
from gitopslab.gitops.source.reference import DEFAULT_BRANCH
from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object, is_condition_true, labels_of, name_of, namespace_of
from gitopslab.machinery.selectors import EVERYTHING, from_label_selector, refusal

COMPONENT = "image-automation-controller"
_UP_TO_DATE, _UNCHANGED = "repository up-to-date", "no change since last reconciliation"


class ImageUpdateAutomationController:
    """Reconciles ImageUpdateAutomations.

    Args:
        given: What every controller works with.
    """

    name = "imageupdateautomation-controller"

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._loop = Loop(given, COMPONENT, IMAGE_AUTOMATIONS)
        self._policies = given.manager.informer(IMAGE_POLICIES)
        self._repositories = given.manager.informer(GIT_REPOSITORIES)
        self.sources: tuple[Source, ...] = (
            Source(IMAGE_AUTOMATIONS),
            Source(IMAGE_POLICIES, self._beside),
            Source(GIT_REPOSITORIES, self._users),
        )

    def reconcile(self, request: Request) -> Result:
        """Run when a policy has chosen anew, the source has a new commit, or it is time."""
        obj = self._loop.objects.get(request.name, request.namespace)
        wrong = _wrong(obj["spec"]) if obj is not None else None
        images = self._images(obj) if obj is not None and wrong is None else {}
        source = self._source(obj) if obj is not None else None
        revision = (((source or {}).get("status") or {}).get("artifact") or {}).get("revision")
        turn = self._loop.turn(request, tuple(images.items()), revision)
        if isinstance(turn, Result):
            return turn
        turn = self._loop.begin(turn)
        if wrong is not None:
            return self._stalled(turn, *wrong)
        try:
            plan = self._plan(turn.obj, source, images)
        except GitError as error:
            return self._failed(turn, "SourceManagerFailed", f"failed configuring source manager: {error.message}")
        return self._run(turn, plan)

    def _run(self, turn: Turn, plan: Plan) -> Result:
        what = (turn.cause, plan.address, plan.branch)
        outcome = self._given.work.ask(self.name, turn.request, what, lambda: run(plan))
        if outcome is None:
            return DONE
        try:
            ran = outcome.get()
        except RemovedFieldError as error:
            return self._stalled(turn, "RemovedTemplateField", error.message)
        except RunError as error:
            return self._failed(turn, error.reason, error.message.replace(plan.address.url, plan.url))
        self._tell(turn, plan, ran)
        return self._loop.schedule.done(turn.request, turn.cause, seconds(turn.obj["spec"]["interval"]))

    def _plan(self, obj: Object, source: Object | None, images: dict[str, Image]) -> Plan:
        git, name = obj["spec"]["git"], obj["spec"]["sourceRef"]["name"]
        if source is None:
            why = f'GitRepository.source.toolkit.fluxcd.io "{name}" not found'
            raise GitError(f"referenced git repository does not exist: {why}")
        said = (git.get("checkout") or {}).get("ref") or source["spec"].get("ref") or {}
        branch = (git.get("push") or {}).get("branch") or said.get("branch")
        if not branch:
            where = ".spec.git.checkout.ref or GitRepository .spec.ref"
            raise GitError(f"push spec not provided, and cannot be inferred from {where}")
        ref = said or {"branch": DEFAULT_BRANCH}
        credentials = credentials_of(self._loop.api, source)
        check(credentials, source["spec"]["url"])
        check_signing(self._loop.api, obj)
        timeout = seconds(source["spec"].get("timeout"), 60.0)
        address = Address(self._given.url(source["spec"]["url"]), credentials.user, credentials.password, timeout)
        also = _other_ref((git.get("push") or {}).get("refspec") or "", branch)
        return Plan(address, obj, ref, branch, images, self._given.clock.now(), also, source["spec"]["url"])

    def _tell(self, turn: Turn, plan: Plan, ran: Ran) -> None:
        was_ready, also = is_condition_true(turn.obj, READY), (turn.obj["spec"]["git"].get("push") or {}).get("refspec")
        now = timestamp(self._given.clock.now())
        status: Object = {**(turn.obj.get("status") or {}), **self._run_now()}
        seen = {
            policy.partition(":")[2]: {key: value for key, value in asdict(image).items() if value}
            for policy, image in plan.images.items()
        }
        is_same = (
            seen == (status.get("observedPolicies") or {}) and status.get("observedSourceRevision") == ran.revision
        )
        status["observedSourceRevision"] = ran.revision
        status.pop("observedPolicies", None)
        if seen:
            status["observedPolicies"] = seen
        if ran.commit:
            status["lastPushCommit"], status["lastPushTime"] = ran.commit, now
        self._loop.succeeded(turn, status, _UP_TO_DATE)
        if ran.commit:
            more = f" and refspecs '{also}'" if also else ""
            words = f"pushed commit '{ran.commit[:7]}' to branch '{plan.branch}'{more}\n{ran.message}"
            self._loop.event(turn.obj, "Normal", "Succeeded", words)
        elif not was_ready:
            self._loop.event(turn.obj, "Normal", "Succeeded", _UP_TO_DATE)
        elif is_same and not also and plan.branch == plan.ref.get("branch", plan.branch):
            self._loop.event(turn.obj, "Normal", "Succeeded", _UNCHANGED)

    def _stalled(self, turn: Turn, reason: str, message: str) -> Result:
        self._loop.failed(turn, reason, message, is_stalled=True, told=self._run_now())
        return self._loop.schedule.idle(turn.request, turn.cause)

    def _run_now(self) -> dict[str, str]:
        return {"lastAutomationRunTime": timestamp(self._given.clock.now())}

    def _failed(self, turn: Turn, reason: str, message: str) -> Result:
        self._loop.failed(turn, reason, message, told=self._run_now())
        return self._loop.schedule.failed(turn.request, turn.cause)

    def _images(self, obj: Object) -> dict[str, Image]:
        """What the policies beside it have chosen, by ``namespace:policy``."""
        namespace = namespace_of(obj)
        selector = from_label_selector(obj["spec"].get("policySelector")) or EVERYTHING
        found = {}
        for policy in sorted(self._policies.list(namespace), key=name_of):
            latest = (policy.get("status") or {}).get("latestRef")
            if latest and selector.matches(labels_of(policy)):
                found[f"{namespace}:{name_of(policy)}"] = Image(latest["name"], latest["tag"], latest.get("digest", ""))
        return found

    def _source(self, obj: Object) -> Object | None:
        reference = obj["spec"]["sourceRef"]
        return self._repositories.get(reference["name"], reference.get("namespace") or namespace_of(obj))

    def _beside(self, event: WatchEvent) -> Iterable[Request]:
        return [Request(*_key(each)) for each in self._loop.objects.list(namespace_of(event.object))]

    def _users(self, event: WatchEvent) -> Iterable[Request]:
        name = name_of(event.object)
        return [Request(*_key(each)) for each in self._loop.objects if each["spec"]["sourceRef"]["name"] == name]


def _other_ref(refspec: str, branch: str) -> str:
    """The ref that a refspec moves besides a branch; empty where it moves none, as one of another branch."""
    source, _, target = refspec.partition(":")
    return target if source in (branch, f"{HEADS}{branch}", HEAD) else ""


def _wrong(spec: Object) -> tuple[str, str] | None:
    """What only a change of the spec can mend: reason and message."""
    if why := refusal(spec.get("policySelector")):
        return "InvalidPolicySelector", f"failed to parse policy selector: {why}"
    if "git" not in spec:
        words = "source kind 'GitRepository' necessitates field .spec.git: invalid source configuration"
        return "InvalidSourceConfiguration", words
    return None


def _key(obj: Object) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)
