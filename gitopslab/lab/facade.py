"""``Lab``: a cluster, and what a learner does with it.

One short method a verb; each finds out what is meant (``targets``), asks the cluster (``clusters.client``) and prints
or returns the answer (``answers``). A cell may be run again at any time: every method copes with what is there already.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from typing import Any

from gitopslab import errors
from gitopslab.clusters import Cluster
from gitopslab.clusters.client import Client
from gitopslab.clusters.state import command
from gitopslab.clusters.terminal import kubectl
from gitopslab.clusters.waiting import Predicate
from gitopslab.gitops.place import OWNED
from gitopslab.lab import targets
from gitopslab.lab.answers import Done, Ran, resources, say, show
from gitopslab.lab.curling import Curling
from gitopslab.lab.delivering import Delivering
from gitopslab.lab.images import Imaging
from gitopslab.lab.learning import Learning
from gitopslab.lab.pictures import Pictures
from gitopslab.lab.planning import Planning
from gitopslab.lab.presenting import Presenting
from gitopslab.lab.stories import Stories
from gitopslab.lab.targets import Source, spoken
from gitopslab.lab.waiting import wait_for
from gitopslab.machinery.language import _
from gitopslab.machinery.messages import told
from gitopslab.machinery.objects import Object, is_condition_true, labels_of, name_of
from gitopslab.views.grid import grid
from gitopslab.views.news import in_order
from gitopslab.views.resource import Printed, Resource, Resources


class Lab(Delivering, Learning, Pictures, Stories, Curling, Imaging, Planning, Presenting):
    """The lab on one cluster; ``gitopslab.open()`` gives it.

    Kinds may be written as kubectl takes them (``pods``, ``po``, ``Pod``, ``deploy``), objects as ``"deployment/web"``.
    Where ``namespace`` is not given it is ``current_namespace``; an empty one means all.

    Args:
        cluster: The cluster; it must be up.
        still: Show pictures instead of live widgets.

    Attributes:
        cluster: For starting, stopping and resetting it.
        client: Its API, for everything this class has no method for.
        current_namespace: Where commands go.
        is_closed: Whether ``close`` was called.
    """

    def __init__(self, cluster: Cluster, *, still: bool = False) -> None:
        self.cluster = cluster
        self.client = Client(cluster.kubeconfig, on_warning=lambda text: say(f"Warning: {text}"))
        self.current_namespace = "default"
        self.is_closed = False
        self._still = still
        self._credentials = cluster.kubeconfig.read_bytes()

    def __repr__(self) -> str:
        return f'{self.cluster.kind} cluster "{self.cluster.name}" at {self.client.server}'

    @property
    def is_current(self) -> bool:
        """Whether the cluster's address and credentials are still those this lab was opened with."""
        path = self.cluster.kubeconfig
        return path.is_file() and path.read_bytes() == self._credentials

    def describe(self) -> str:
        """One line: which cluster this is, and how its nodes are."""
        nodes = self.client.list("nodes")
        ready = sum(is_condition_true(node, "Ready") for node in nodes)
        kind, name = self.cluster.kind, self.cluster.name
        words = _('{kind} cluster "{name}": {ready} of {all} nodes Ready at {server}')
        return words.format(kind=kind, name=name, ready=ready, all=len(nodes), server=self.client.server)

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
        for obj in targets.objects(source):
            try:
                applied = self.client.apply(obj, self._where(namespace), force=force)
            except errors.ApiError as error:
                # As kubectl: one bad document does not keep the others back.
                troubles.append(error)
                continue
            done.append(applied.object)
            say(f"{spoken(self.client.resource(obj))}/{name_of(applied.object)} {applied.outcome}")
        if troubles:
            raise troubles[0] if len(troubles) == 1 else errors.LabError("\n".join(each.message for each in troubles))
        if not done:
            say("no objects passed to apply")
        return done

    def delete(
        self, what: Source, name: str = "", *, namespace: str | None = None, labels: str = "", wait: bool = True
    ) -> None:
        """Delete an object, those with some labels, or all that manifests name; waits until they are gone.

        Example:
            >>> lab.delete("deployment/web")
            deployment.apps "web" deleted from default namespace
        """
        meant = list(targets.meant(self.client, what, name, labels, self._where(namespace)))
        for target in meant:
            self.client.delete(target.kind.key, target.name, target.namespace)
            place = f" from {target.namespace} namespace" if target.kind.namespaced else ""
            say(f'{spoken(target.kind)} "{target.name}" deleted{place}')
        for target in meant if wait else ():
            wait_for(self.client, target, "delete", timeout=60)

    def scale(self, what: str, replicas: int, *, namespace: str | None = None) -> None:
        """Ask for another number of replicas.

        Raises:
            LabError: It is no whole number.

        Example:
            >>> lab.scale("deployment/web", 5)
            deployment.apps/web scaled
        """
        target = targets.one(self.client, what, "", self._where(namespace))
        if type(replicas) is not int:
            raise errors.LabError(f"{replicas!r} is not a number of replicas", f'lab.scale("{what}", 5)')
        patch = {"spec": {"replicas": replicas}}
        self.client.patch(target.kind.key, target.name, patch, target.namespace, subresource="scale")
        say(f"{target} scaled")

    def kubectl(self, arguments: str | Sequence[str], *, given: str | None = None) -> Ran:
        """Run kubectl against this cluster, and no other; what it prints is shown as it comes.

        Args:
            arguments: As typed in a terminal, or as a list; the word ``kubectl`` may be there. No shell looks at them.
            given: Text for its standard input, for ``apply -f -``.

        Raises:
            SetupError: The cluster is stopped, or an option would choose another.

        Example:
            >>> lab.kubectl("get pods -o wide")
        """
        if self.client.connection.is_refused():
            raise self._stopped()
        words = _words(arguments) if isinstance(arguments, str) else list(arguments)
        words = words[1:] if words[:1] == ["kubectl"] else words
        if self.current_namespace != "default":
            words = [f"--namespace={self.current_namespace}", *words]
        answer = kubectl(words, self.cluster.kubeconfig, show, given=given)
        return Ran(answer.code, answer.out, answer.err)

    def namespace(self, name: str, *, delete: bool = False) -> Namespace:
        """Send commands to a namespace, which is made if it is not there; with ``with`` only inside the block.

        Args:
            name: Of the namespace.
            delete: Delete it at the end of the block; one that the lab did not make is kept.

        Example:
            >>> with lab.namespace("demo"):
            ...     lab.apply("web.yaml")
        """
        before = self.current_namespace
        wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": dict(OWNED)}}
        try:
            found = self.client.create(wanted)
            say(f"namespace/{name} created")
        except errors.AlreadyExistsError:
            found = self.client.get("namespaces", name)
        self.current_namespace = name
        is_ours = OWNED.items() <= labels_of(found).items()
        return Namespace(self, name, before=before, delete=delete, is_ours=is_ours)

    def reset(self) -> None:
        """Back to a clean cluster: what was made since it was set up is gone."""
        self.cluster.reset(say)
        self.client.discovery(fresh=True)
        self.current_namespace = "default"

    # ---- looking ----

    def get(
        self, kind: str, name: str = "", *, namespace: str | None = None, labels: str = "", wide: bool = False
    ) -> Any:
        """One object (``lab.get("pod/web")``) or all of a kind (``lab.get("pods")``), printed as kubectl prints them.

        Returns:
            A ``Resource`` or ``Resources``: in every other respect a plain dictionary, or a list of them.

        Raises:
            NotFoundError: There is no object of that name, or no such kind.

        Example:
            >>> lab.get("deployment/web")["status"]["readyReplicas"]
            3
        """
        if not name and "/" not in kind:
            return self.list(kind, namespace=namespace, labels=labels, wide=wide)
        target = targets.one(self.client, kind, name, self._where(namespace))
        table = self.client.table(target.kind.key, target.namespace, name=target.name)
        return Resource(table["rows"][0]["object"], grid(table, wide=wide))

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str = "", fields: str = "", wide: bool = False
    ) -> Resources:
        """All objects of a kind; ``labels`` and ``fields`` are selectors, as in ``kubectl get -l``.

        Example:
            >>> [pod["metadata"]["name"] for pod in lab.list("pods", labels="app=web")]
            ['web-7c5ddbdf54-x7k2p']
        """
        found = self.client.resource(kind)
        where = self._where(namespace) if found.namespaced else ""
        table = self.client.table(found.key, where, labels=labels, fields=fields)
        nothing = f"No resources found in {where} namespace." if where else "No resources found"
        return resources(table, wide=wide, namespaces=found.namespaced and not where, nothing=nothing)

    def nodes(self) -> Resources:
        """The nodes of the cluster, as ``kubectl get nodes``."""
        return self.list("nodes")

    def events(self, what: str = "", *, namespace: str | None = None) -> Resources:
        """What happened, oldest first: every event, or those about one object.

        Example:
            >>> lab.events("pod/web")
        """
        fields = ""
        if what:
            target = targets.one(self.client, what, "", self._where(namespace))
            fields = f"involvedObject.kind={target.kind.kind},involvedObject.name={target.name}"
        return self.list("events", namespace=namespace, fields=fields).sorted(in_order)

    def logs(
        self,
        what: str,
        *,
        namespace: str | None = None,
        container: str = "",
        tail: int | None = None,
        previous: bool = False,
    ) -> Printed:
        """What a pod has printed, or every pod of a workload.

        Example:
            >>> lab.logs("deployment/web", tail=5)
        """
        where = self._where(namespace)
        texts = {
            pod: self.client.logs(pod, where, container=container, tail=tail, previous=previous)
            for pod in targets.pods_of(self.client, what, where)
        }
        if len(texts) == 1:
            return Printed("".join(texts.values()).rstrip("\n"))
        return Printed("\n".join(f"[pod/{pod}] {line}" for pod, text in texts.items() for line in text.splitlines()))

    def wait(
        self,
        what: str | Object,
        for_: str | Predicate = "ready",
        *,
        namespace: str | None = None,
        labels: str = "",
        timeout: float = 60,
    ) -> None:
        """Wait until something is as it should be; Ctrl-C stops at once.

        Args:
            what: ``"deployment/web"``, or a kind: all of it, or those with ``labels``.
            for_: ``ready`` (the rollout complete, the pod ready, the job done), ``condition=NAME``, ``delete``,
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
        target = targets.one_or_all(self.client, what, self._where(namespace))
        began = time.monotonic()
        reached = wait_for(self.client, target, for_, labels=labels, timeout=timeout)
        say(f"{reached} after {time.monotonic() - began:.1f} s")

    # ---- the rest ----

    def _stopped(self) -> errors.SetupError:
        kind, name = self.cluster.kind, self.cluster.name
        return errors.SetupError(
            f'The {kind} cluster "{name}" is stopped: nothing listens at {self.client.server}',
            f"run the cell with `lab = gitopslab.open()` again, or in a terminal: {command('up', kind, name)}",
        )

    def close(self) -> None:
        """Stop what is live; the cluster itself goes on, and ``gitopslab.open()`` opens the lab again."""
        self._end_live()
        self.client.close()
        self.is_closed = True


class Namespace:
    """The namespace commands go to, from now on or (with ``with``) for a block."""

    def __init__(self, lab: Lab, name: str, *, before: str, delete: bool, is_ours: bool) -> None:
        self.name = name
        self._lab = lab
        self._before = before
        self._delete = delete
        self._is_ours = is_ours

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, *_: object) -> None:
        self._lab.current_namespace = self._before
        if self._delete and self._is_ours:
            self._lab.delete("namespace", self.name)
        elif self._delete:
            say(f"namespace/{self.name} kept: the lab did not make it")

    def __repr__(self) -> str:
        return told(f"commands go to namespace {self.name}")


def _words(line: str) -> list[str]:
    """The words of a line as a terminal would split them."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise errors.LabError(f"{line!r} cannot be split into words: {error}", "close the quote") from error
