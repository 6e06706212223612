"""The ApplicationSet controller: parameters are generated, and Applications made of them are kept as they should be.

Source: ``applicationset/controllers/applicationset_controller.go``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gitopslab.controlplane.runtime.api import WatchEvent
from gitopslab.controlplane.runtime.reconcile import DONE, Request, Result, Source
from gitopslab.controlplane.runtime.recorder import Recorder
from gitopslab.errors import LabError, RenderError
from gitopslab.gitops.argocd.applicationset import conditions
from gitopslab.gitops.argocd.applicationset.generators import Generators, requeue_after
from gitopslab.gitops.argocd.applicationset.rollout import (
    Live,
    Rollout,
    is_reversed,
    is_rolling,
    last_first,
    prepared,
    rollout,
)
from gitopslab.gitops.argocd.applicationset.templates import Parameters, application
from gitopslab.gitops.argocd.applicationset.writing import Writer, differs, policy
from gitopslab.gitops.argocd.clusters import Cluster, DestinationError, clusters, destination
from gitopslab.gitops.argocd.kinds import (
    APP_PROJECTS,
    APPLICATION_SETS,
    APPLICATIONS,
    NAMESPACE,
    RESOURCES_FINALIZER,
    SECRET_TYPE,
)
from gitopslab.gitops.argocd.project import project_of
from gitopslab.gitops.argocd.revision import is_commit, resolve
from gitopslab.gitops.argocd.settings import Settings
from gitopslab.gitops.argocd.sources import credentials_of
from gitopslab.gitops.git import remote
from gitopslab.gitops.git.remote import File
from gitopslab.gitops.git.speaking import Address
from gitopslab.gitops.surroundings import Surroundings
from gitopslab.machinery.merge import same
from gitopslab.machinery.objects import (
    Object,
    annotations_of,
    controller_of,
    is_controlled_by,
    is_terminating,
    labels_of,
    name_of,
    uid_of,
)

REFRESH = "argocd.argoproj.io/application-set-refresh"
"""The annotation that asks for a look at Git now; it goes when that is done."""

_LOOK_AGAIN = 180.0
_BETWEEN_DELETIONS = 10.0
_IN_TEMPLATE, _IN_PARAMETERS = "RenderTemplateParamsError", "ApplicationGenerationFromParamsError"
_INTERNAL = "rpc error: code = Internal desc = "


class ApplicationSetController:
    """Reconciles ApplicationSets.

    Args:
        given: What every controller works with.
    """

    name = "argocd-applicationset-controller"

    def __init__(self, given: Surroundings) -> None:
        self._given = given
        self._appsets = given.manager.informer(APPLICATION_SETS)
        self._projects = given.manager.informer(APP_PROJECTS)
        self._secrets = given.manager.informer("secrets")
        self._settings = Settings(given.manager.informer("configmaps"))
        self._api = given.api_for(self.name)
        self._writer = Writer(self._api, Recorder(self._api, given.clock, "applicationset-controller"))
        self._repositories = _Repositories(given, self.name)
        self._known: dict[str, Object] = {}
        self.sources: tuple[Source, ...] = (
            Source(APPLICATION_SETS),
            Source(APPLICATIONS, self._of_application),
            Source("secrets", self._of_secret, previous=True),
        )

    def reconcile(self, request: Request) -> Result:
        """Bring the Applications of an ApplicationSet to what its generators say."""
        appset = self._appsets.get(request.name, request.namespace)
        if appset is None or request.namespace != NAMESPACE:
            self._repositories.forget(request)
            return DONE
        if is_terminating(appset):
            return self._end(appset)
        try:
            return self._follow(request, appset)
        except _WaitingError:
            return DONE

    def _follow(self, request: Request, appset: Object) -> Result:
        again = requeue_after(appset["spec"]["generators"])
        self._repositories.begin(request, again or _LOOK_AGAIN, anew=REFRESH in annotations_of(appset))
        known = clusters(self._secrets.list(NAMESPACE))
        try:
            wanted = list(self._generated(request, appset, known))
        except LabError as error:
            reason = _IN_TEMPLATE if isinstance(error, _TemplateError) else _IN_PARAMETERS
            self._tell(appset, conditions.failed(reason, error.message, generated=False), look=False)
            self._end_look(request, appset)
            return Result(_LOOK_AGAIN)
        wrong = dict(self._invalid(appset, wanted, known))
        going = self._rollout(appset, wanted)
        valid = [app for app in wanted if name_of(app) not in wrong]
        if going is not None and going.has_steps:
            valid = [prepared(app, syncs=name_of(app) in going.pending) for app in valid]
        trouble = self._written(appset, valid, wanted)
        if trouble is not None:
            self._tell(appset, conditions.failed(*trouble, generated=True), going)
        elif wrong:
            self._tell(appset, conditions.failed("ApplicationValidationError", _spoken(wrong), generated=True), going)
        else:
            self._tell(appset, conditions.well(), going)
        self._end_look(request, appset)
        return Result(again or _LOOK_AGAIN) if again or wrong or trouble else DONE

    def _generated(self, request: Request, appset: Object, known: list[Cluster]) -> Iterator[Object]:
        def content(url: str, revision: str) -> Mapping[str, File]:
            user, password = credentials_of(url, self._secrets.list(NAMESPACE))
            return self._repositories.files(request, url, revision, user, password)

        generators = Generators(appset, known, content)
        for generator in appset["spec"]["generators"]:
            for made in generators.made(generator, appset["spec"]["template"]):
                yield from (_application(appset, made.template, parameters) for parameters in made.parameters)

    def _invalid(self, appset: Object, wanted: list[Object], known: list[Cluster]) -> Iterator[tuple[str, str]]:
        """What is wrong with single Applications, by name; all of that name are left as they are."""
        names: set[str] = set()
        for name, app in ((name_of(app), app) for app in wanted):
            if name in names:
                yield name, f"ApplicationSet {name_of(appset)} contains applications with duplicate name: {name}"
                continue
            names.add(name)
            if self._projects.get(project_of(app), NAMESPACE) is None:
                yield name, f"application references project {project_of(app)} which does not exist"
                continue
            try:
                destination(app["spec"].get("destination") or {}, known)
            except DestinationError as error:
                yield name, f"application destination spec is invalid: {error.message}"

    def _written(self, appset: Object, valid: list[Object], wanted: list[Object]) -> tuple[str, str] | None:
        """Write what may be written; reason and message when something was refused."""
        updates, deletes = policy(appset)
        there = {name_of(app): app for app in self._api.list(APPLICATIONS, NAMESPACE)}
        new = valid if updates else [app for app in valid if name_of(app) not in there]
        trouble = self._writer.write(appset, new, there)
        if trouble is not None:
            return ("UpdateApplicationError" if updates else "CreateApplicationError"), trouble.message
        if deletes:
            names = {name_of(app) for app in wanted}
            gone = [app for app in self._owned(appset) if name_of(app) not in names and not is_terminating(app)]
            failed = self._writer.delete(appset, gone)
            if failed is not None:
                return "DeleteApplicationError", failed.message
        return None

    def _owned(self, appset: Object) -> list[Object]:
        return [app for app in self._api.list(APPLICATIONS, NAMESPACE) if is_controlled_by(app, appset)]

    def _rollout(self, appset: Object, wanted: list[Object]) -> Rollout | None:
        """Where the rollout stands; None for an ApplicationSet that has none."""
        if not (self._settings.syncs_progressively and is_rolling(appset)):
            return None
        new = {name_of(app): prepared(app, syncs=False) for app in wanted}
        there = [
            Live(app, name_of(app) in new and differs(appset, new[name_of(app)], app)) for app in self._owned(appset)
        ]
        return rollout(appset, wanted, there, self._given.clock.now())

    def _tell(self, appset: Object, said: list[Object], going: Rollout | None = None, *, look: bool = True) -> None:
        before = {key: value for key, value in (appset.get("status") or {}).items() if key != "applicationStatus"}
        if going is not None:
            said, before = [*said, going.condition], {**before, "applicationStatus": going.rows}
        apps = (
            [app for app in self._api.list(APPLICATIONS, NAMESPACE) if is_controlled_by(app, appset)] if look else None
        )
        after = conditions.status(before, said, apps, self._given.clock.now())
        told = appset.get("status") or {}
        if not same(told, after):
            change = {**{key: None for key in told if key not in after}, **after}
            self._api.patch(APPLICATION_SETS, name_of(appset), {"status": change}, NAMESPACE, subresource="status")

    def _end_look(self, request: Request, appset: Object) -> None:
        self._repositories.end(request)
        if REFRESH in annotations_of(appset):
            gone = {"metadata": {"annotations": {REFRESH: None}}}
            self._api.patch(APPLICATION_SETS, name_of(appset), gone, NAMESPACE)

    def _end(self, appset: Object) -> Result:
        """The Applications go with it, by their owner reference, unless its policy says that none is deleted."""
        if not policy(appset)[1]:
            self._writer.release(self._owned(appset))
        finalizers = appset["metadata"].get("finalizers") or []
        if self._settings.syncs_progressively and is_reversed(appset) and self._goes_backwards(appset):
            return Result(_BETWEEN_DELETIONS)
        kept = [each for each in finalizers if each != RESOURCES_FINALIZER]
        if kept != finalizers:
            self._api.patch(APPLICATION_SETS, name_of(appset), {"metadata": {"finalizers": kept or None}}, NAMESPACE)
        return DONE

    def _goes_backwards(self, appset: Object) -> bool:
        """Delete the Application that is to go next; False when none is left."""
        owned = {name_of(app): app for app in self._owned(appset)}
        name = next((name for name in last_first(appset, list(owned.values())) if name in owned), None)
        if name is not None and not is_terminating(owned[name]):
            self._api.delete(APPLICATIONS, name, NAMESPACE)
        return name is not None

    def _of_application(self, event: WatchEvent) -> Iterable[Request]:
        """What is changed in an Application concerns its ApplicationSet; how it fares only during a rollout."""
        owner, uid, is_gone = controller_of(event.object), uid_of(event.object), event.type == "DELETED"
        if owner is None or owner.get("kind") != "ApplicationSet":
            return ()
        now = {**_decided(event.object), **(_faring(event.object) if self._settings.syncs_progressively else {})}
        before = self._known.pop(uid, now)
        if not is_gone:
            self._known[uid] = now
        return (Request(NAMESPACE, owner["name"]),) if is_gone or before != now else ()

    def _of_secret(self, event: WatchEvent) -> Iterable[Request]:
        """A cluster that comes, goes or changes concerns every ApplicationSet."""
        if labels_of(event.object).get(SECRET_TYPE) == "cluster":
            for appset in self._appsets.list(NAMESPACE):
                yield Request(NAMESPACE, name_of(appset))


class _TemplateError(LabError):
    """A template cannot be filled in."""


def _application(appset: Object, template: Object, parameters: Parameters) -> Object:
    try:
        return application(appset, template, parameters)
    except RenderError as error:
        raise _TemplateError(error.message, error.hint) from error


class _WaitingError(Exception):
    """A repository is being looked at; the reconciler is asked again when that is done."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """What a look at a repository gave, and when."""

    at: float
    files: Mapping[str, File]
    error: LabError | None = None


class _Repositories:
    """What ApplicationSets find in repositories, kept until it is time to look again.

    Args:
        given: What every controller works with.
        who: The reconciler.
    """

    def __init__(self, given: Surroundings, who: str) -> None:
        self._given = given
        self._who = who
        self._kept: dict[Request, dict[tuple[str, str], _Looked]] = {}
        self._looking: set[Request] = set()
        self._patience: dict[Request, float] = {}

    def begin(self, request: Request, patience: float, *, anew: bool) -> None:
        """A reconcile begins; one may take several turns.

        Args:
            request: Whose.
            patience: Seconds for which a look is good.
            anew: Look at everything again.
        """
        self._patience[request] = patience
        if anew and request not in self._looking:
            self._looking.add(request)
            self._kept.pop(request, None)

    def files(self, request: Request, url: str, revision: str, user: str, password: str) -> Mapping[str, File]:
        """The files of a repository at a revision.

        Raises:
            _WaitingError: They are being fetched.
            LabError: They cannot be had; the message is Argo CD's.
        """
        kept, now = self._kept.setdefault(request, {}), self._given.clock.now()
        known = kept.get((url, revision))
        if known is None or now - known.at >= self._patience[request]:
            address = Address(self._given.url(url), user, password)
            outcome = self._given.work.ask(
                self._who, request, (address, revision, now if known else 0.0), lambda: _fetched(address, url, revision)
            )
            if outcome is None:
                raise _WaitingError
            known = kept[url, revision] = _Looked(now, outcome.value or {}, outcome.error)
        if known.error is not None:
            raise known.error
        return known.files

    def end(self, request: Request) -> None:
        """A reconcile is done."""
        self._looking.discard(request)

    def forget(self, request: Request) -> None:
        """The ApplicationSet is gone."""
        self.end(request)
        self._kept.pop(request, None)
        self._patience.pop(request, None)


def _fetched(address: Address, url: str, revision: str) -> Mapping[str, File]:
    """In another thread."""
    try:
        return remote.checkout(address, _commit_of(address, revision)).files
    except LabError as error:
        why = error.message.replace(address.url, url)
        # Argo CD leaves a gap where the revision should be.
        raise LabError(f"{_INTERNAL}unable to resolve git revision : {why}", error.hint) from error


def _commit_of(address: Address, revision: str) -> str:
    if is_commit(revision):
        return revision
    try:
        refs = remote.refs_and_head(address)
    except LabError as error:
        raise LabError(f"failed to list refs: {error.message}", error.hint) from error
    return resolve(revision, refs)


def _decided(app: Object) -> Object:
    """What an ApplicationSet decides of an Application."""
    fields = ("annotations", "labels", "finalizers")
    return {"spec": app["spec"], **{field: app["metadata"].get(field) or None for field in fields}}


def _faring(app: Object) -> Object:
    """What a rollout waits for."""
    status = app.get("status") or {}
    state = status.get("operationState") or {}
    parts = {part: (status.get(part) or {}).get("status") for part in ("health", "sync")}
    looked = {"revisions": status.get("sync"), "looked": status.get("reconciledAt")}
    return {**parts, **looked, "phase": state.get("phase"), "started": state.get("startedAt")}


def _spoken(wrong: Mapping[str, str]) -> str:
    """The message of the last application by name, and how many more have one."""
    last = max(wrong)
    return wrong[last] if len(wrong) == 1 else f"{wrong[last]} (and {len(wrong) - 1} more)"
