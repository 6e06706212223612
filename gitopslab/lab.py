"""The facade notebooks use: ``lab = gitopslab.open()`` and then the verbs of kubectl, as methods.

Called by notebook cells; it calls ``clusters`` for the cluster and its API, ``views`` for how things print, ``widgets`` for
what is live. It alone reads the environment (which cluster, live or still) and prints.
A cell may be run again at any time, and a whole notebook too: every method copes with what is there already.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gitopslab import errors
from gitopslab.clusters import Capability, Cluster, State
from gitopslab.clusters import cluster as cluster_named
from gitopslab.clusters.client import Client
from gitopslab.clusters.context import OWNED
from gitopslab.clusters.mirror import Mirror
from gitopslab.clusters.terminal import kubectl
from gitopslab.clusters.tool import Answer
from gitopslab.clusters.waiting import Predicate, wait_until
from gitopslab.course.prerequisites import Verdict, examine
from gitopslab.machinery import manifests
from gitopslab.machinery.kinds import Resource as ResourceType
from gitopslab.machinery.objects import Object, condition_of, is_condition_true, labels_of, name_of, namespace_of
from gitopslab.views.board import when_of
from gitopslab.views.grid import Grid, grid
from gitopslab.views.resource import Printed, Resource, Resources
from gitopslab.views.words import newest_event, state_words
from gitopslab.widgets.notebook import show_readable_errors

Source = str | Path | Object | Iterable[Object]
"""Manifests: text, a file or a folder of files, an object, or several."""

_MANIFEST_FILES = (".yaml", ".yml", ".json")
_opened: dict[tuple[str, str], Lab] = {}


def open(cluster: str | None = None, name: str | None = None) -> Lab:
    """The lab on a cluster, which is started if it is down; says in one line which cluster, and why.

    Args:
        cluster: ``embedded``, ``kind``, ``k3d``, ``kwok`` or ``context:NAME``; default ``$GITOPSLAB_CLUSTER``, else
            embedded.
        name: Which one of that kind; default ``$GITOPSLAB_NAME``, else ``lab``.

    Example:
        >>> lab = gitopslab.open()
        embedded cluster "lab": 4 of 4 nodes Ready at https://127.0.0.1:37565 (the default; it was running)
    """
    show_readable_errors()
    chosen = cluster or os.environ.get("GITOPSLAB_CLUSTER") or "embedded"
    called = name or os.environ.get("GITOPSLAB_NAME") or "lab"
    why = "as you asked" if cluster else ("$GITOPSLAB_CLUSTER says so" if "GITOPSLAB_CLUSTER" in os.environ else "the default")
    made = cluster_named(chosen, called)
    ran = made.status().state is State.RUNNING
    began = time.monotonic()
    # The tools behind kind and k3d take long and must be seen to work; the embedded cluster is there in a moment.
    made.up(_quiet if made.kind == "embedded" or ran else _say)
    lab = _opened.get((chosen, called))
    if lab is None or not lab.is_current:
        if lab is not None:
            lab.close()
        lab = _opened[chosen, called] = Lab(made)
    how = "it was running" if ran else f"started in {time.monotonic() - began:.1f} s"
    _say(f"{lab.describe()} ({why}; {how})")
    return lab


def check_machine() -> None:
    """Say whether this machine has what the lab needs, and what to do about what it lacks."""
    troubles = [one for one in examine() if one.verdict in (Verdict.WARNING, Verdict.PROBLEM)]
    for one in troubles:
        _say(f"{one.name}: {one.message}" + (f"\n  Next: {one.fix}" if one.fix else ""))
    stops = any(one.verdict is Verdict.PROBLEM for one in troubles)
    _say("The lab cannot run here until this is mended." if stops else "This machine has what the lab needs.")


class Done(list[Resource]):
    """What a command made or changed; its lines were printed already, so a cell shows nothing more."""

    def _ipython_display_(self) -> None:
        """Nothing: the lines are on screen."""


class Ran(Answer):
    """What kubectl printed, which is on screen already, and its exit code."""

    def __str__(self) -> str:
        return self.out

    def _ipython_display_(self) -> None:
        """Nothing: the output is on screen."""


class Namespace:
    """The namespace commands go to, from now on or (with ``with``) for a block."""

    def __init__(self, lab: Lab, name: str, *, before: str, delete: bool) -> None:
        self.name = name
        self._lab = lab
        self._before = before
        self._delete = delete

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self._lab.current_namespace = self._before
        if self._delete:
            self._lab.delete("namespace", self.name)

    def __repr__(self) -> str:
        return f"namespace {self.name}"


class Lab:
    """A cluster, and what a learner does with it.

    Kinds may be written as kubectl takes them (``pods``, ``po``, ``Pod``, ``deploy``), objects as ``deployment/web`` or
    as two words. Where ``namespace`` is not given it is ``current_namespace``; an empty one means all.

    Attributes:
        cluster: The cluster, for starting and stopping it.
        client: Its API, for everything this class has no method for.
        current_namespace: Where commands go.
    """

    def __init__(self, cluster: Cluster, *, still: bool | None = None) -> None:
        self.cluster = cluster
        self.client = Client(cluster.kubeconfig, on_warning=lambda text: _say(f"Warning: {text}"))
        self.current_namespace = "default"
        self._still = bool(os.environ.get("GITOPSLAB_STATIC")) if still is None else still
        self._credentials = cluster.kubeconfig.read_bytes()

    def __repr__(self) -> str:
        return f"{self.cluster.kind} cluster {self.cluster.name!r} at {self.client.server}"

    @property
    def is_current(self) -> bool:
        """Whether the cluster's address and credentials are still those this lab was opened with."""
        path = self.cluster.kubeconfig
        return path.is_file() and path.read_bytes() == self._credentials

    def describe(self) -> str:
        """One line: which cluster this is and how its nodes are."""
        nodes = self.client.list("nodes")
        ready = sum(is_condition_true(node, "Ready") for node in nodes)
        kind, name = self.cluster.kind, self.cluster.name
        return f'{kind} cluster "{name}": {ready} of {len(nodes)} nodes Ready at {self.client.server}'

    # ---- changing ----

    def apply(self, source: Source, *, namespace: str | None = None, force: bool = True) -> Done:
        """Make the cluster hold what the manifests say, and print a line an object, as kubectl does.

        Args:
            source: YAML text, a file, a folder, an object or several.
            namespace: For objects that name none.
            force: Take over fields that others set; without it that is a ``ConflictError``.

        Example:
            >>> lab.apply("pod.yaml")
            pod/hello created
        """
        done, troubles = Done(), []
        for obj in _objects(source):
            try:
                applied = self.client.apply(obj, namespace or self.current_namespace, force=force)
            except errors.ApiError as error:
                # As kubectl: one bad document does not keep the others back.
                troubles.append(error)
                continue
            kind = self.client.resource(obj)
            done.append(self._one(kind, applied.object))
            _say(f"{_spoken(kind)}/{name_of(applied.object)} {applied.outcome}")
        if len(troubles) == 1:
            raise troubles[0]
        if troubles:
            raise errors.LabError("\n".join(error.message for error in troubles))
        if not done:
            _say("no objects passed to apply")
        return done

    def delete(
        self,
        what: Source,
        name: str = "",
        *,
        namespace: str | None = None,
        labels: str = "",
        wait: bool = True,
        timeout: float = 60,
    ) -> None:
        """Delete an object (``"pod/web"``), those with some labels, or all that manifests name; waits until they are gone.

        Example:
            >>> lab.delete("deployment", "web")
            deployment.apps "web" deleted from default namespace
        """
        for kind, where, each in list(self._meant(what, name, namespace, labels)):
            self.client.delete(kind.key, each, where)
            place = f" from {where} namespace" if kind.namespaced else ""
            _say(f'{_spoken(kind)} "{each}" deleted{place}')
            if wait:
                self._wait(kind, each, where, "", "delete", timeout)

    def scale(self, what: str, replicas: int, *, namespace: str | None = None) -> None:
        """Ask for another number of replicas.

        Example:
            >>> lab.scale("deployment/web", 5)
            deployment.apps/web scaled
        """
        kind, name = self._target(what)
        where = self._where(namespace)
        self.client.patch(kind.key, name, {"spec": {"replicas": replicas}}, where, subresource="scale")
        _say(f"{_spoken(kind)}/{name} scaled")

    def kubectl(self, arguments: str | Sequence[str], *, given: str | None = None) -> Ran:
        """Run kubectl against this cluster, and no other; what it prints is shown as it comes.

        Args:
            arguments: As typed in a terminal, or as a list; the word ``kubectl`` may be there. No shell looks at them.
            given: Text for its standard input, for ``apply -f -``.

        Example:
            >>> lab.kubectl("get pods -o wide")
        """
        words = shlex.split(arguments) if isinstance(arguments, str) else list(arguments)
        words = words[1:] if words[:1] == ["kubectl"] else words
        if self.current_namespace != "default":
            words = [f"--namespace={self.current_namespace}", *words]
        answer = kubectl(words, self.cluster.kubeconfig, _show, given=given)
        return Ran(answer.code, answer.out, answer.err)

    def namespace(self, name: str, *, delete: bool = False) -> Namespace:
        """Send commands to a namespace, made if it is not there; with ``with`` only inside the block.

        Args:
            name: Of the namespace.
            delete: Delete it at the end of the block.

        Example:
            >>> with lab.namespace("demo"):
            ...     lab.apply("web.yaml")
        """
        before = self.current_namespace
        try:
            self.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": OWNED}})
            _say(f"namespace/{name} created")
        except errors.AlreadyExistsError:
            pass
        self.current_namespace = name
        return Namespace(self, name, before=before, delete=delete)

    def reset(self) -> None:
        """Back to a clean cluster: everything made since it was set up is gone."""
        self.cluster.reset(_say)
        self.client.discovery(fresh=True)
        self.current_namespace = "default"

    # ---- looking ----

    def get(
        self, kind: str, name: str = "", *, namespace: str | None = None, labels: str = "", wide: bool = False
    ) -> Any:
        """One object (``lab.get("pod", "web")``, ``lab.get("pod/web")``) or all of a kind, printed as kubectl prints them.

        Returns:
            A ``Resource`` or ``Resources``: a plain dictionary, or a list of them, in every other respect.

        Raises:
            NotFoundError: There is no object of that name, or no such kind.
        """
        if not name and "/" not in kind:
            return self.list(kind, namespace=namespace, labels=labels, wide=wide)
        found, name = self._target(kind, name)
        table = self.client.table(found.key, self._where(namespace), name=name)
        return Resource(table["rows"][0]["object"], grid(table, wide=wide))

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str = "", fields: str = "", wide: bool = False
    ) -> Resources:
        """All objects of a kind; ``labels`` and ``fields`` are selectors, as in ``kubectl get -l``."""
        found = self.client.resource(kind)
        where = self._where(namespace) if found.namespaced else ""
        table = self.client.table(found.key, where, labels=labels, fields=fields)
        place = f" in {where} namespace" if where else ""
        return _resources(table, wide=wide, namespaces=found.namespaced and not where, nothing=f"No resources found{place}.")

    def nodes(self) -> Resources:
        """The nodes of the cluster."""
        return self.list("nodes", wide=True)

    def events(self, what: str = "", *, namespace: str | None = None) -> Resources:
        """What happened, oldest first: all events, or those about one object (``lab.events("pod/web")``)."""
        fields = ""
        if what:
            kind, name = self._target(what)
            fields = f"involvedObject.kind={kind.kind},involvedObject.name={name}"
        found = self.list("events", namespace=namespace, fields=fields)
        order = sorted(range(len(found)), key=lambda at: when_of(found[at]))
        rows = tuple(found.grid.rows[at] for at in order)
        return Resources([found[at] for at in order], Grid(found.grid.columns, rows), found.nothing)

    def logs(
        self,
        what: str,
        *,
        namespace: str | None = None,
        container: str = "",
        tail: int | None = None,
        previous: bool = False,
    ) -> Printed:
        """What a pod has printed, or every pod of a Deployment (``lab.logs("deployment/web")``)."""
        where = self._where(namespace)
        pods = self._pods_of(what, where)
        texts = {
            pod: self.client.logs(pod, where, container=container, tail=tail, previous=previous).rstrip("\n") for pod in pods
        }
        if len(pods) == 1:
            return Printed(texts[pods[0]])
        lines = [f"[pod/{pod}] {line}" for pod, text in texts.items() for line in text.splitlines()]
        return Printed("\n".join(lines))

    def wait(
        self,
        what: str | Object,
        for_: str | Predicate = "ready",
        *,
        namespace: str | None = None,
        labels: str = "",
        timeout: float = 60,
    ) -> None:
        """Wait until something is as it should be.

        Args:
            what: ``"deployment/web"``, or a kind, for all of it or those with ``labels``.
            for_: ``ready`` (the rollout is complete, the pod is ready, the job is done), ``condition=NAME``, ``delete``,
                ``create``, or a function that is true of the object once it is as wanted.
            namespace: Where.
            labels: A selector.
            timeout: In seconds.

        Raises:
            WaitTimeoutError: It did not come in time; the message holds the last state and the newest event.

        Example:
            >>> lab.wait("deployment/web")
            deployment.apps/web is ready after 1.4 s
        """
        kind, name = self._target(what) if not isinstance(what, str) or "/" in what else (self.client.resource(what), "")
        began = time.monotonic()
        self._wait(kind, name, self._where(namespace), labels, for_, timeout)
        whom = f"{_spoken(kind)}/{name}" if name else kind.plural
        _say(f"{whom} {_reached(for_, plural=not name)} after {time.monotonic() - began:.1f} s")

    def board(self, *, namespace: str = "", system: bool = False) -> Any:
        """The nodes with their pods, live. Show it as the last line of a cell.

        Args:
            namespace: Which namespace to begin with; the board can show others.
            system: Show the pods of the cluster itself as tiles, not only as glyphs.
        """
        from gitopslab.widgets.base import live
        from gitopslab.widgets.board import KINDS, BoardView

        def make() -> BoardView:
            return BoardView(
                lambda: Mirror(self.client, KINDS),
                cluster=(self.cluster.name, self.cluster.kind),
                namespace=namespace,
                system=system,
                still=self._still,
            )

        return make() if self._still else live(("board", repr(self), namespace, str(system)), make)

    # ---- the rest ----

    @property
    def embedded(self) -> Cluster:
        """What only the embedded cluster can do.

        Raises:
            SetupError: This lab runs on another kind of cluster.
        """
        if Capability.CLOCK not in self.cluster.capabilities:
            raise errors.SetupError(
                f"only the embedded cluster can {Capability.CLOCK.value}, and this lab runs on {self.cluster.kind}",
                'gitopslab.open("embedded") opens one beside it',
            )
        return self.cluster

    def close(self) -> None:
        """Stop what is live; the cluster goes on, and ``gitopslab.open`` opens the lab again."""
        from gitopslab.widgets.base import close_all

        close_all(repr(self))
        self.client.close()
        for key in [key for key, lab in _opened.items() if lab is self]:
            del _opened[key]

    def _where(self, namespace: str | None) -> str:
        return self.current_namespace if namespace is None else namespace

    def _target(self, what: str | Object, name: str = "") -> tuple[ResourceType, str]:
        if not isinstance(what, str):
            return self.client.resource(what), name_of(what)
        kind, slash, rest = what.partition("/")
        if slash and name:
            raise errors.LabError(f"{what!r} names an object already, and so does {name!r}", "leave one of them out")
        if not (name or rest):
            raise errors.LabError(f"{what!r} is a kind; which one is meant?", f'write "{kind}/NAME"')
        return self.client.resource(kind), name or rest

    def _meant(
        self, what: Source, name: str, namespace: str | None, labels: str
    ) -> Iterator[tuple[ResourceType, str, str]]:
        """The type, namespace and name of every object a ``delete`` speaks of."""
        where = self._where(namespace)
        if isinstance(what, str) and not _is_manifest(what):
            if labels and not name and "/" not in what:
                kind = self.client.resource(what)
                for obj in self.client.list(kind.key, where, labels=labels):
                    yield kind, namespace_of(obj) or where, name_of(obj)
            else:
                kind, found = self._target(what, name)
                yield kind, where, found
        else:
            for obj in _objects(what):
                yield self.client.resource(obj), namespace_of(obj) or where, name_of(obj)

    def _wait(
        self, kind: ResourceType, name: str, where: str, labels: str, wish: str | Predicate, timeout: float
    ) -> None:
        def read() -> list[Object]:
            if not name:
                return self.client.list(kind.key, where, labels=labels)
            try:
                return [self.client.get(kind.key, name, where)]
            except errors.NotFoundError:
                return []

        done, last = wait_until(read, wish, timeout)
        if not done:
            raise self._too_late(kind, name, where, wish, last, timeout)

    def _too_late(
        self, kind: ResourceType, name: str, where: str, wish: str | Predicate, last: list[Object], timeout: float
    ) -> errors.WaitTimeoutError:
        whom = f"{_spoken(kind)}/{name}" if name else kind.plural
        states = [f"{name_of(obj)}: {state_words(obj)}" if not name else state_words(obj) for obj in last[:5]]
        seen = "\n  ".join(states) or "it does not exist"
        names = [name] if name else [name_of(obj) for obj in last]
        news = newest_event(self.client.list("events", where if kind.namespaced else ""), names)
        wanted = "is still there" if wish == "delete" else f"{_reached(wish, plural=False).replace('is ', 'is not ', 1)}"
        message = f"{whom} {wanted} after {timeout:g} s\n  Last seen: {seen}" + (f"\n  Newest event: {news}" if news else "")
        hint = f'lab.kubectl("describe {kind.single} {name}") tells more' if name else ""
        return errors.WaitTimeoutError(message, hint)

    def _pods_of(self, what: str, where: str) -> list[str]:
        kind, slash, name = what.partition("/")
        if not slash:
            return [what]
        found = self.client.resource(kind)
        if found.kind == "Pod":
            return [name]
        labels = self.client.get(found.key, name, where).get("spec", {}).get("selector", {}).get("matchLabels", {})
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        pods = self.client.list("pods", where, labels=selector) if selector else []
        if not pods:
            raise errors.LabError(f"{what} has no pods, so there are no logs", f'lab.kubectl("describe {kind} {name}")')
        return [name_of(pod) for pod in pods]

    def _one(self, kind: ResourceType, obj: Object) -> Resource:
        return Resource(obj, Grid(("Name",), ((f"{_spoken(kind)}/{name_of(obj)}",),)))
