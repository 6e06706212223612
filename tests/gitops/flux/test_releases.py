"""What a HelmRelease does next, decided from what it wants, what it says and what helm's history holds."""

from __future__ import annotations

from typing import Any

import pytest

from gitopslab.errors import RenderError
from gitopslab.gitops.flux.postrendering import rendered, spec_of
from gitopslab.gitops.flux.release import Decision, Wanted, added, decide, release_name
from gitopslab.gitops.flux.releasevalues import values_of
from gitopslab.gitops.source.charts import Chart
from gitopslab.machinery.objects import Object

WANTED = Wanted(Chart("web", "1.0.0", "", b""), {"a": 1})


def release(spec: Object | None = None, **status: Any) -> Object:
    metadata = {"name": "web", "namespace": "shop"}
    return {"metadata": metadata, "spec": {"interval": "1m", **(spec or {})}, "status": status}


def snapshot(version: int = 1, status: str = "deployed", **more: Any) -> Object:
    return {"version": version, "status": status, "chartName": "web", "chartVersion": "1.0.0",
            "configDigest": WANTED.digest, **more}  # fmt: skip


def revision(number: int = 1, status: str = "deployed") -> Object:
    return {"revision": number, "status": status}


FAILED = {"history": [snapshot(2, "failed"), snapshot(1, "superseded")], "lastAttemptedReleaseAction": "upgrade",
          "upgradeFailures": 1}  # fmt: skip
BROKEN = [revision(1, "superseded"), revision(2, "failed")]
RETRY = {"upgrade": {"remediation": {"retries": 2}}}


@pytest.mark.parametrize(
    ("obj", "history", "decision"),
    [
        pytest.param(release(), [], Decision("install"), id="nothing there"),
        pytest.param(release(history=[snapshot()]), [revision()], Decision(), id="in sync"),
        pytest.param(release(), [revision()], Decision("upgrade"), id="installed by somebody else"),
        pytest.param(release(history=[snapshot(1)]), [revision(2)], Decision("upgrade"), id="changed by somebody else"),
        pytest.param(release(history=[snapshot()]), [], Decision("install"), id="uninstalled by somebody else"),
        pytest.param(release(history=[snapshot(chartVersion="0.9.0")]), [revision()], Decision("upgrade"), id="chart"),
        pytest.param(release(history=[snapshot(configDigest="x")]), [revision()], Decision("upgrade"), id="values"),
        pytest.param(release(history=[snapshot(configDigest="x")], upgradeFailures=1), [revision()],
                     Decision(stalled="Failed to upgrade after 1 attempt(s)"), id="out of tries"),
        pytest.param(release(installFailures=1), [], Decision(stalled="Failed to install after 1 attempt(s)"),
                     id="install out of tries"),
        pytest.param(release({"install": {"remediation": {"retries": -1}}}, installFailures=9), [],
                     Decision("install"), id="install for ever"),
        pytest.param(release(**FAILED), BROKEN, Decision(stalled="Failed to upgrade after 1 attempt(s)"), id="failed"),
        pytest.param(release(RETRY, **FAILED), BROKEN, Decision("rollback"), id="failed, and may be tried again"),
        pytest.param(release({"upgrade": {"remediation": {"retries": 2, "strategy": "uninstall"}}}, **FAILED), BROKEN,
                     Decision("uninstall"), id="failed, and is to be uninstalled"),
        pytest.param(release(RETRY, **{**FAILED, "upgradeFailures": 0}), BROKEN, Decision("upgrade"), id="mended"),
        pytest.param(release(RETRY, **{**FAILED, "history": FAILED["history"][:1]}), BROKEN,
                     Decision(stalled="Failed to perform remediation: missing target release for rollback"),
                     id="nothing to roll back to"),
        pytest.param(release(), [revision(1, "pending-install")], Decision("uninstall"), id="broken off at first"),
        pytest.param(release(history=[snapshot()]), [revision(), revision(2, "pending-upgrade")], Decision("rollback"),
                     id="broken off later"),
        pytest.param(release({"test": {"enable": True}}, history=[snapshot()]), [revision()], Decision("test"),
                     id="not tested"),
        pytest.param(release({"test": {"enable": True}}, history=[snapshot(testHooks={"t": {"phase": "Succeeded"}})]),
                     [revision()], Decision(), id="tested"),
    ],
)  # fmt: skip
def test_the_next_action(obj: Object, history: list[Object], decision: Decision) -> None:
    assert decide(obj, history, WANTED) == decision


def test_who_forces_it_has_helm_upgrade_whatever_there_is() -> None:
    asked = {"reconcile.fluxcd.io/requestedAt": "now", "reconcile.fluxcd.io/forceAt": "now"}
    obj = release(history=[snapshot()], upgradeFailures=9)
    obj["metadata"]["annotations"] = asked
    assert decide(obj, [revision()], WANTED) == Decision("upgrade")
    assert decide(obj, [], WANTED) == Decision("install")
    obj["status"]["lastHandledForceAt"] = "now"
    assert decide(obj, [revision()], WANTED) == Decision()


def test_a_release_is_called_as_the_spec_says() -> None:
    assert release_name(release()) == "web"
    assert release_name(release({"targetNamespace": "prod"})) == "prod-web"
    assert release_name(release({"targetNamespace": "prod", "releaseName": "mine"})) == "mine"
    assert len(release_name(release({"targetNamespace": "p" * 60}))) == 53


class Maps:
    """Reads ConfigMaps that are given."""

    def __init__(self, **maps: Object) -> None:
        self._maps = maps

    def get(self, resource: str, name: str, namespace: str, /) -> Object:
        return {"data": self._maps[name]}


def test_values_are_merged_in_their_order() -> None:
    api = Maps(
        one={"values.yaml": "a: 1\nb: {p: 1, q: 1}\n"}, two={"extra": "b: {q: 2}\n"}, tag={"values.yaml": "1.20"}
    )
    found = values_of(api, release({
        "valuesFrom": [{"kind": "ConfigMap", "name": "one"}, {"kind": "ConfigMap", "name": "two", "valuesKey": "extra"},
                       {"kind": "ConfigMap", "name": "tag", "targetPath": "image.tag", "literal": True}],
        "values": {"b": {"r": 3}},
    }))  # fmt: skip
    assert found == {"a": 1, "b": {"p": 1, "q": 2, "r": 3}, "image": {"tag": "1.20"}}


def test_what_is_added_after_helm_reaches_every_object() -> None:
    spec = {
        "postRenderers": [{"kustomize": {"images": [{"name": "nginx", "newTag": "2"}]}}],
        "commonMetadata": {"labels": {"team": "waal"}, "annotations": {"a": "b"}},
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"app": "web"}},
           "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}  # fmt: skip
    (found,) = rendered([pod], spec_of(release(spec)))
    assert found["spec"]["containers"][0]["image"] == "nginx:2"
    assert found["metadata"]["annotations"] == {"a": "b"}
    assert found["metadata"]["labels"] == {"app": "web", "team": "waal", "helm.toolkit.fluxcd.io/name": "web",
                                           "helm.toolkit.fluxcd.io/namespace": "shop"}  # fmt: skip


def test_a_patch_that_does_not_fit_is_told_in_kustomizes_words() -> None:
    patch = {"patch": "- {op: remove, path: /spec/nope}", "target": {"kind": "ConfigMap"}}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}
    with pytest.raises(RenderError, match="nope"):
        rendered([config_map], spec_of(release({"postRenderers": [{"kustomize": {"patches": [patch]}}]})))


def test_other_metadata_is_a_reason_to_upgrade_once() -> None:
    obj = release({"commonMetadata": {"labels": {"team": "waal"}}}, history=[snapshot()], observedGeneration=1)
    obj["metadata"]["generation"] = 2
    assert decide(obj, [revision()], WANTED) == Decision("upgrade")
    obj["status"] |= added(obj)
    assert decide(obj, [revision()], WANTED) == Decision()
