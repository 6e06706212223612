"""A release of Helm: what is to be done with it next, and how the ``helm`` program does it.

``decide`` is pure: from what the HelmRelease wants and says and what helm's history holds to one action. ``Helm`` runs
it against the cluster, so that ``helm ls`` shows what Flux has installed. Source: ``helm-controller``'s
``internal/reconcile/state.go`` and ``atomic_release.go``.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from gitopslab.errors import RenderError
from gitopslab.gitops.flux import postrendering
from gitopslab.gitops.flux.durations import spoken
from gitopslab.gitops.flux.kinds import FORCED_AT, requested_at
from gitopslab.gitops.flux.postrendering import spec_of
from gitopslab.gitops.render import helm
from gitopslab.gitops.source.charts import Chart
from gitopslab.machinery.manifests import objects
from gitopslab.machinery.objects import Object, annotations_of, name_of, namespace_of

INSTALL, UPGRADE, ROLLBACK, UNINSTALL, TEST = "install", "upgrade", "rollback", "uninstall", "test"
_PLUGINS_ONLY = 4  # from this version on helm takes only its own plugins for post-renderers
_SLACK = 30.0  # seconds that helm gets on top of its own timeout
_FAILED_WORDS = ("INSTALLATION FAILED: ", "UPGRADE FAILED: ", "release: ")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a HelmRelease asks for.

    Attributes:
        chart: Which chart.
        values: Of it.
    """

    chart: Chart
    values: Object

    @property
    def digest(self) -> str:
        """Of the values: by it a change is noticed."""
        return _digest(self.values)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done next.

    Attributes:
        action: One of the words above; empty for nothing.
        stalled: Why nothing will be done until something changes; empty otherwise.
    """

    action: str = ""
    stalled: str = ""


def release_name(obj: Object) -> str:
    """The name of a release: as the spec says, else that of the HelmRelease, with its target before it."""
    target = obj["spec"].get("targetNamespace")
    name = obj["spec"].get("releaseName") or (f"{target}-{name_of(obj)}" if target else name_of(obj))
    return name if len(name) <= 53 else f"{name[:40]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def release_namespace(obj: Object) -> str:
    """Where a release goes."""
    return str(obj["spec"].get("targetNamespace") or namespace_of(obj))


def decide(obj: Object, history: Sequence[Object], wanted: Wanted) -> Decision:
    """What is to be done next.

    Args:
        obj: The HelmRelease.
        history: What ``helm history`` tells, the oldest first.
        wanted: What it asks for.
    """
    status = obj.get("status") or {}
    latest = history[-1] if history else None
    if is_asked(obj, FORCED_AT, "lastHandledForceAt"):
        return Decision(INSTALL if latest is None or latest["status"] == "uninstalled" else UPGRADE)
    if latest is None or latest["status"] == "uninstalled":
        return _unless_exhausted(obj, INSTALL)
    snapshots = status.get("history") or []
    if latest["status"].startswith("pending"):  # whoever began that did not end it
        return Decision(UNINSTALL if latest["status"] == "pending-install" or len(history) < 2 else ROLLBACK)
    if not snapshots or snapshots[0]["version"] != latest["revision"]:
        return Decision(UPGRADE)
    current = snapshots[0]
    if latest["status"] == "failed" or _has_failed_test(obj, current):
        return _remedy(obj, snapshots)
    if is_added_anew(obj):
        return _unless_exhausted(obj, UPGRADE)
    held = (current["chartName"], current["chartVersion"], current["configDigest"])
    if held != (wanted.chart.name, wanted.chart.version, wanted.digest):
        return _unless_exhausted(obj, UPGRADE)
    is_tested = "testHooks" in current
    return Decision(TEST) if (obj["spec"].get("test") or {}).get("enable") and not is_tested else Decision()


def added(obj: Object) -> dict[str, str]:
    """Digests of what is added to the chart's objects, as the status keeps them."""
    fields = {"postRenderers": "observedPostRenderersDigest", "commonMetadata": "observedCommonMetadataDigest"}
    found = {told: obj["spec"].get(field) for field, told in fields.items()}
    return {told: _digest(value) for told, value in found.items() if value}


def is_added_anew(obj: Object) -> bool:
    """Whether a new generation adds something else than the release was made with."""
    status = obj.get("status") or {}
    told = {
        key: status[key] for key in ("observedPostRenderersDigest", "observedCommonMetadataDigest") if key in status
    }
    return bool(status.get("observedGeneration") != obj["metadata"].get("generation") and told != added(obj))


def is_asked(obj: Object, annotation: str, handled: str) -> bool:
    """Whether a request for a reconcile asks for more than that, and this was not done yet."""
    token = annotations_of(obj).get(annotation, "")
    return bool(token) and token == requested_at(obj) and token != (obj.get("status") or {}).get(handled)


def failures(obj: Object, action: str) -> int:
    """How often an action has failed since something changed."""
    return int((obj.get("status") or {}).get(f"{action}Failures") or 0)


def timeout_of(obj: Object, action: str) -> str:
    """How long an action may take."""
    spec = obj["spec"]
    return str((spec.get(action) or {}).get("timeout") or spec.get("timeout") or "5m0s")


class Helm:
    """The ``helm`` program on one release.

    Args:
        kubeconfig: Leads to the cluster.
        obj: The HelmRelease.
    """

    def __init__(self, kubeconfig: Path, obj: Object) -> None:
        self._environment = {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._obj = obj
        self._name = release_name(obj)
        account = obj["spec"].get("serviceAccountName")
        user = f"system:serviceaccount:{namespace_of(obj)}:{account}"
        self._where = ["--namespace", obj["spec"].get("storageNamespace") or release_namespace(obj)]
        self._where += ["--kube-as-user", user] if account else []

    def history(self) -> list[Object]:
        """The release's revisions, the oldest first; none when it is not there.

        Raises:
            RenderError: With helm's own words.
        """
        try:
            told = self._run(["history", self._name, "--output", "json", "--max", "20"])
        except RenderError as error:
            if "not found" in error.message:
                return []
            raise
        found: list[Object] = json.loads(told)
        return found

    def manifest(self) -> list[Object]:
        """What the release holds."""
        return objects(self._run(["get", "manifest", self._name]), "helm get manifest")

    def act(self, action: str, wanted: Wanted, timeout: float, target: int = 0) -> str:
        """Do something; why it failed, empty when it did not.

        Args:
            action: One of the words above.
            wanted: The chart and its values.
            timeout: Seconds.
            target: The revision to roll back to.
        """
        with tempfile.TemporaryDirectory(prefix="release-") as place:
            folder = Path(place)
            (folder / "chart.tgz").write_bytes(wanted.chart.content)
            (folder / "values.yaml").write_text(yaml.safe_dump(wanted.values), encoding="utf-8")
            (folder / "after.json").write_text(json.dumps(spec_of(self._obj)), encoding="utf-8")
            try:
                self._run([*self._words(action, folder, target), "--timeout", spoken(timeout)], timeout + _SLACK)
            except helm.NoHelmError:
                raise
            except RenderError as error:
                text = error.message
                for words in _FAILED_WORDS:
                    text = text.removeprefix(words)
                return text
        return ""

    def _words(self, action: str, folder: Path, target: int) -> list[str]:
        spec = self._obj["spec"].get(action) or {}
        chart = [self._name, str(folder / "chart.tgz"), "--values", str(folder / "values.yaml")]
        flags = [] if spec.get("disableWait") else ["--wait"]
        flags += ["--no-hooks"] if spec.get("disableHooks") and action != TEST else []
        crds = ["--skip-crds"] if spec.get("crds") == "Skip" or spec.get("skipCRDs") else []
        jobs = [] if spec.get("disableWait") or spec.get("disableWaitForJobs") else ["--wait-for-jobs"]
        if action in (INSTALL, UPGRADE) and helm.major() < _PLUGINS_ONLY:
            after = ["-m", postrendering.__name__, str(folder / "after.json")]
            chart += ["--post-renderer", sys.executable]
            chart += [f"--post-renderer-args={word}" for word in after]
        if action == INSTALL:
            more = ["--create-namespace"] if spec.get("createNamespace") else []
            more += ["--replace"] if spec.get("replace") else []
            return ["install", *chart, *flags, *jobs, *crds, *more]
        if action == UPGRADE:
            more = ["--cleanup-on-fail"] if spec.get("cleanupOnFail") else []
            more += ["--force"] if spec.get("force") else []
            more += ["--reuse-values"] if spec.get("preserveValues") else []
            most = str(self._obj["spec"].get("maxHistory", 5))
            return ["upgrade", *chart, *flags, *jobs, "--history-max", most, *more]
        if action == ROLLBACK:
            return ["rollback", self._name, str(target), *flags, *jobs]
        if action == UNINSTALL:
            kept = ["--keep-history"] if spec.get("keepHistory") else []
            return ["uninstall", self._name, *flags, "--ignore-not-found", *kept]
        return ["test", self._name]

    def _run(self, words: Sequence[str], timeout: float = 60.0) -> str:
        return helm.run([*words, *self._where], timeout=timeout, environment=self._environment)


def _digest(value: Any) -> str:
    return f"sha256:{hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()}"


def _unless_exhausted(obj: Object, action: str) -> Decision:
    retries = int(_remediation(obj, action).get("retries") or 0)
    count = failures(obj, action)
    return _given_up(action, count) if retries >= 0 and count > retries else Decision(action)


def _remedy(obj: Object, snapshots: Sequence[Object]) -> Decision:
    """What follows a failure: a rollback or an uninstall where the spec allows another try, else nothing."""
    action = (obj.get("status") or {}).get("lastAttemptedReleaseAction") or UPGRADE
    count, remediation = failures(obj, action), _remediation(obj, action)
    if count <= 0:
        return Decision(UPGRADE)
    retries = int(remediation.get("retries") or 0)
    is_last = bool(remediation.get("remediateLastFailure", action == UPGRADE and retries != 0))
    if retries >= 0 and count > retries and not is_last:
        return _given_up(action, count)
    if action == UPGRADE and remediation.get("strategy", ROLLBACK) == ROLLBACK:
        if rollback_target(snapshots) is None:
            return Decision(stalled="Failed to perform remediation: missing target release for rollback")
        return Decision(ROLLBACK)
    return Decision(UNINSTALL)


def rollback_target(snapshots: Sequence[Object]) -> Object | None:
    """The newest release before this one that worked."""
    return next((each for each in snapshots[1:] if each["status"] in ("deployed", "superseded")), None)


def _has_failed_test(obj: Object, snapshot: Object) -> bool:
    if (obj["spec"].get("test") or {}).get("ignoreFailures"):
        return False
    return any(hook.get("phase") == "Failed" for hook in (snapshot.get("testHooks") or {}).values())


def _remediation(obj: Object, action: str) -> Object:
    found: Object = (obj["spec"].get(action) or {}).get("remediation") or {}
    return found


def _given_up(action: str, count: int) -> Decision:
    return Decision(stalled=f"Failed to {action} after {count} attempt(s)")
