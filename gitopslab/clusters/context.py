"""A cluster that is there already, named by a context of the user's kubeconfig.

The lab never guesses which: the context is always named, the current one is never taken. Only that context is copied,
into a kubeconfig of the lab's own; the user's file is read and never written. And since others may work on such a
cluster, the lab removes nothing there but namespaces that carry its own label.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

from gitopslab.background.files import write_private
from gitopslab.clusters.base import DEFAULT, Capability, Options, Progress, State, Status, Way, silent
from gitopslab.clusters.failures import readable
from gitopslab.clusters.forge import Forge
from gitopslab.clusters.kubectl import Kubectl
from gitopslab.clusters.neighbours import is_this_machine, shared_way
from gitopslab.clusters.state import Folder, Record, exclusive, folder
from gitopslab.clusters.tool import Answer, ToolTimeout, run
from gitopslab.errors import SetupError
from gitopslab.gitops.place import OWNED
from gitopslab.machinery.kubectl import executable

_SELECTOR = ",".join(f"{key}={value}" for key, value in OWNED.items())
_TIMEOUT = 30.0


class ContextCluster:
    """The cluster behind a named context.

    Args:
        context: The context's name in the user's kubeconfig.
        environment: Its ``KUBECONFIG`` says where the user's kubeconfig is, as for kubectl.
    """

    kind = "context"
    capabilities: frozenset[Capability] = frozenset()

    def __init__(self, context: str, environment: Mapping[str, str] = os.environ) -> None:
        if not context:
            raise SetupError("No context is named", "Write --cluster context:NAME. " + _choices(environment))
        self.name = context
        self._slug = _slug(context)
        self._folder: Folder = folder(self.kind, self._slug)
        self._environment = environment
        self.kubeconfig = self._folder.kubeconfig

    def up(self, progress: Progress = silent, options: Options = DEFAULT) -> None:
        """Copy the context into the lab's own kubeconfig and see whether its cluster answers.

        Raises:
            SetupError: There is no such context, or its cluster does not answer.
        """
        if options != DEFAULT:
            raise SetupError(
                f"The cluster of context {self.name} is not the lab's to shape",
                "Leave out --workers, --config, --bare and --port",
            )
        with exclusive(self.kind, self._slug, progress):
            config = self._extracted()
            known = self._folder.read()
            self._folder.write(known or Record(self.name, self.kind, phase="ready", context=self.name))
            write_private(self.kubeconfig, config)
            try:
                self._must_answer()
            except BaseException:
                if known is None:
                    self._folder.remove()
                raise
            progress(f"the cluster of context {self.name} answers; the lab makes namespaces of its own there")
            Forge.of(self).resume(progress)

    def down(self, progress: Progress = silent, *, delete: bool = False) -> None:
        """Forget the cluster with ``delete``; it is never stopped, because the lab did not start it."""
        with exclusive(self.kind, self._slug, progress):
            Forge.of(self).down(progress, delete=delete)
            if self._folder.read() is None:
                progress(f"the lab does not use context {self.name}")
            elif delete:
                self._folder.remove()
                progress(f"context {self.name} is forgotten; the cluster itself was not touched")
            else:
                progress(f"the lab did not start the cluster of context {self.name}, so it does not stop it")

    def reset(self, progress: Progress = silent) -> None:
        """Delete the namespaces that the lab made there, and nothing else.

        Raises:
            SetupError: The context is not in use, or kubectl was refused.
        """
        if self._folder.read() is None:
            raise SetupError(f"The lab does not use context {self.name}", f"gitopslab up --cluster context:{self.name}")
        with exclusive(self.kind, self._slug, progress):
            found = self._kubectl().must(["get", "namespaces", "-l", _SELECTOR, "-o", "name"]).split()
            if found:
                progress(f"deleting {', '.join(found)}")
                self._kubectl().must(["delete", *found, "--wait", "--ignore-not-found"], timeout=180)
            Forge.of(self).reset(progress)
            progress(f"{len(found)} namespaces of the lab deleted; everything else was left alone")

    def status(self) -> Status:
        """Whether its API answers."""
        if self._folder.read() is None:
            return Status(self.name, self.kind, State.ABSENT, self.kubeconfig)
        answers = self._kubectl().nodes() is not None
        return Status(self.name, self.kind, State.RUNNING if answers else State.STOPPED, self.kubeconfig)

    def load_image(self, image: str, progress: Progress = silent) -> None:
        """Refused: the lab does not change the nodes of a cluster that is not its own.

        Raises:
            SetupError: Always.
        """
        raise SetupError(
            f"The lab loads no images ({image}) onto the nodes of context {self.name}",
            f"Push it to a registry that cluster can reach: docker push {image}",
        )

    def connect(self, port: int, progress: Progress = silent) -> Way:
        """By a network that this machine and all nodes stand on; how nodes find images there is theirs to be told.

        Raises:
            SetupError: There is no such network.
        """
        nodes = self._kubectl().nodes() or ()
        way = shared_way(nodes)
        if way is None:
            raise SetupError(
                f"The cluster of context {self.name} cannot reach the lab's Git server: no network of this machine "
                "has all of its nodes in it",
                "Name a repository it can reach in its GitRepository or Application, or use --cluster kind or embedded",
            )
        if not all(map(is_this_machine, nodes)):
            server = f"http://{way.address}:{port}"
            progress(
                f"its nodes find images of localhost:{port} once their containerd is told of {server}: docs/forge.md"
            )
        return way

    def _kubectl(self) -> Kubectl:
        return Kubectl(self.kubeconfig, self._environment)

    def _extracted(self) -> str:
        answer = _config(self._environment, "view", "--flatten", "--minify", "--context", self.name, "-o", "yaml")
        if answer.ok:
            return answer.out
        if self.name in _names(self._environment):
            why = readable(answer.err)
            raise SetupError(f"Context {self.name} cannot be used: {why}", "Mend it with `kubectl config`")
        raise SetupError(f"There is no context {self.name} in your kubeconfig", _choices(self._environment))

    def _must_answer(self) -> None:
        """Ask for what every authenticated user may see; the version is public, so a wrong token would not show."""
        hint = f"Look at it yourself: kubectl --context {self.name} get nodes"
        try:
            answer = self._kubectl().run(["get", "--raw", "/api", "--request-timeout=10s"], timeout=_TIMEOUT)
        except ToolTimeout as error:
            raise SetupError(f"The cluster of context {self.name} did not answer within {error}", hint) from error
        if not answer.ok:
            raise SetupError(f"The cluster of context {self.name} does not answer: {readable(answer.err)}", hint)
        if '"APIVersions"' not in answer.out:
            raise SetupError(f"What answers at the address of context {self.name} is not a Kubernetes API", hint)


def _config(environment: Mapping[str, str], *arguments: str) -> Answer:
    return run([executable(environment), "config", *arguments], environment=environment, timeout=_TIMEOUT)


def _names(environment: Mapping[str, str]) -> list[str]:
    answer = _config(environment, "get-contexts", "-o", "name")
    if not answer.ok:
        raise SetupError(f"Your kubeconfig cannot be read: {readable(answer.err)}", "Mend the file, or set KUBECONFIG")
    return answer.out.splitlines()


def _choices(environment: Mapping[str, str]) -> str:
    names = _names(environment)
    if not names:
        return "Your kubeconfig holds no context; the embedded cluster needs none: --cluster embedded"
    return "Choose one of: " + ", ".join(names)


def _slug(context: str) -> str:
    """A folder's name for a context: readable, and different for different contexts."""
    readable = re.sub(r"[^a-z0-9]+", "-", context.lower()).strip("-")[:20].strip("-")
    digest = hashlib.sha256(context.encode()).hexdigest()[:8]
    return f"{readable}-{digest}" if readable else digest
