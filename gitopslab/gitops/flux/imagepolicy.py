"""ImagePolicy: of the tags that a scan found, the one that a policy takes.

Simplified: that a policy has chosen the same as before is no event.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.errors import GitError
from gitopslab.gitops.flux.credentials import NoSecretError, pull_credentials_of
from gitopslab.gitops.flux.durations import seconds
from gitopslab.gitops.flux.imagerepository import COMPONENT, Tags, reader
from gitopslab.gitops.flux.kinds import IMAGE_POLICIES, IMAGE_REPOSITORIES
from gitopslab.gitops.flux.loop import Loop, Turn
from gitopslab.gitops.flux.policies import InvalidPolicyError, NoTagError, chooser, latest
from gitopslab.gitops.flux.surroundings import Surroundings
from gitopslab.gitops.source.registry import Image, RegistryError
from gitopslab.machinery.objects import Object, labels_of, name_of, namespace_of, uid_of
from gitopslab.machinery.selectors import from_label_selector

_DEPENDENCY_DELAY = 30.0
_NO_REPOSITORY = "failed to get the referred ImageRepository"


class ImagePolicyController:
    """Reconciles ImagePolicies.

    Args:
        given: What every controller works with.
        tags: What scans found.
    """

    name = "imagepolicy-controller"

    def __init__(self, given: Surroundings, tags: Tags) -> None:
        self._given = given
        self._tags = tags
        self._loop = Loop(given, COMPONENT, IMAGE_POLICIES)
        self._repositories = given.manager.informer(IMAGE_REPOSITORIES)
        self.sources: tuple[Source, ...] = (Source(IMAGE_POLICIES), Source(IMAGE_REPOSITORIES, self._users))

    def reconcile(self, request: Request) -> Result:
        """Choose anew when a scan found something new, or the policy changed."""
        obj = self._loop.objects.get(request.name, request.namespace)
        source = _repository(obj) if obj is not None else request
        repository = self._repositories.get(source.name, source.namespace)
        turn = self._loop.turn(request, self._tags.get(source), uid_of(repository) if repository is not None else None)
        if isinstance(turn, Result):
            return turn
        turn = self._loop.begin(turn)
        if repository is None:
            message = f'ImageRepository.image.toolkit.fluxcd.io "{source.name}" not found'
            return self._wait(turn, f"{_NO_REPOSITORY}: referenced ImageRepository does not exist: {message}")
        denied = self._denied(turn.obj, repository)
        if denied:
            self._loop.failed(turn, "AccessDenied", f"{_NO_REPOSITORY}: access denied: {denied}")
            return self._loop.schedule.failed(turn.request, turn.cause)
        try:
            Image.read(repository["spec"]["image"])
            chooser(turn.obj["spec"]["policy"])
        except RegistryError as error:
            return self._stalled(turn, "ImageURLInvalid", error.message)
        except InvalidPolicyError as error:
            return self._stalled(turn, "InvalidPolicy", error.message)
        if not self._tags.get(source):
            return self._wait(turn, "retrying in 30s error: no tags in database")
        return self._choose(turn, repository, self._tags[source])

    def _choose(self, turn: Turn, repository: Object, tags: tuple[str, ...]) -> Result:
        try:
            tag = latest(turn.obj["spec"], tags)
        except InvalidPolicyError as error:
            return self._stalled(turn, "InvalidPolicy", error.message)
        except NoTagError as error:
            self._loop.failed(turn, "Failure", error.message)
            return self._loop.schedule.failed(turn.request, turn.cause)
        which = f"{repository['spec']['image']}:{tag}"
        try:
            reference = self._with_digest(turn, repository, tag)
        except RegistryError as error:
            return self._undigested(turn, which, f'failed fetching descriptor for "{which}": {error.message}')
        except GitError as error:
            why = error.why if isinstance(error, NoSecretError) else error.message
            return self._undigested(turn, which, f"failed to configure authentication options: {why}")
        if reference is None:
            return DONE
        self._tell(turn, reference)
        interval = turn.obj["spec"].get("interval")
        if interval:
            return self._loop.schedule.done(turn.request, turn.cause, seconds(interval))
        return self._loop.schedule.idle(turn.request, turn.cause)

    def _undigested(self, turn: Turn, which: str, why: str) -> Result:
        self._loop.failed(turn, "Failed", f"failed fetching digest of {which}: {why}")
        return self._loop.schedule.failed(turn.request, turn.cause)

    def _with_digest(self, turn: Turn, repository: Object, tag: str) -> Object | None:
        """The image with its digest where the policy wants one; None while it is being asked for."""
        found = {"name": repository["spec"]["image"], "tag": tag}
        policy = turn.obj["spec"].get("digestReflectionPolicy", "Never")
        known = (turn.obj.get("status") or {}).get("latestRef") or {}
        if policy == "Never":
            return found
        is_known = all(known.get(key) == value for key, value in found.items())
        if policy == "IfNotPresent" and is_known and known.get("digest"):
            return {**found, "digest": known["digest"]}
        image = Image.read(repository["spec"]["image"])
        credentials = pull_credentials_of(self._loop.api, repository, image.host)
        asked = reader(self._given, image, credentials, repository["spec"])
        outcome = self._given.work.ask(self.name, turn.request, (turn.cause, tag), lambda: asked.digest(tag))
        return None if outcome is None else {**found, "digest": outcome.get()}

    def _tell(self, turn: Turn, reference: Object) -> None:
        status: Object = dict(turn.obj.get("status") or {})
        before = status.get("latestRef")
        if before is not None and before != reference:
            status["observedPreviousRef"] = before
        status["latestRef"] = reference
        message = f"Latest image tag for {reference['name']} resolved to {reference['tag']}"
        if reference.get("digest"):
            message += f" with digest {reference['digest']}"
        previous = status.get("observedPreviousRef")
        if previous is not None and previous != reference:
            digest = f"@{previous['digest']}" if previous.get("digest") else ""
            message += f" (previously {previous['name']}:{previous['tag']}{digest})"
        self._loop.succeeded(turn, status, message)
        if before != reference:
            self._loop.event(turn.obj, "Normal", "Succeeded", message)

    def _denied(self, obj: Object, repository: Object) -> str:
        """Why a policy may not look at a repository of another namespace; empty when it may."""
        own, other = namespace_of(obj), namespace_of(repository)
        if own == other:
            return ""
        access = repository["spec"].get("accessFrom")
        if access is None:
            return f"'{other}/{name_of(repository)}' can't be accessed due to missing ACL labels on 'accessFrom'"
        labels = labels_of(self._loop.api.get("namespaces", own))
        selectors = [from_label_selector(each) for each in access.get("namespaceSelectors") or ()]
        if any(selector is not None and selector.matches(labels) for selector in selectors):
            return ""
        return f"'{other}/{name_of(repository)}' can't be accessed due to ACL labels mismatch on namespace '{own}'"

    def _stalled(self, turn: Turn, reason: str, message: str) -> Result:
        self._loop.failed(turn, reason, message, is_stalled=True)
        return self._loop.schedule.idle(turn.request, turn.cause)

    def _wait(self, turn: Turn, message: str) -> Result:
        self._loop.failed(turn, "DependencyNotReady", message)
        return self._loop.schedule.done(turn.request, turn.cause, _DEPENDENCY_DELAY)

    def _users(self, event: WatchEvent) -> Iterable[Request]:
        told = Request(namespace_of(event.object), name_of(event.object))
        return [Request(namespace_of(each), name_of(each)) for each in self._loop.objects if _repository(each) == told]


def _repository(policy: Object) -> Request:
    reference = policy["spec"]["imageRepositoryRef"]
    return Request(reference.get("namespace") or namespace_of(policy), reference["name"])
