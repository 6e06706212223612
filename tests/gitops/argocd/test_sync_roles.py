"""Roles and bindings are reconciled before they are applied. Seen with Argo CD v3.5.1 on Kubernetes 1.36.3."""

from __future__ import annotations

from typing import Any

from argocd_syncs import Syncs

from gitopslab.machinery.objects import Object

VERSION, GROUP = "rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io"
SPOKEN = "role.rbac.authorization.k8s.io/r"
ACCOUNT = {"kind": "ServiceAccount", "name": "sa", "namespace": "x"}


def role(*verbs: str, resources: tuple[str, ...] = ("pods",), **metadata: Any) -> Object:
    rule = {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}
    named = {"name": "r", "namespace": "default", **metadata}
    return {"apiVersion": VERSION, "kind": "Role", "metadata": named, "rules": [rule]}


def binding(to: str, *subjects: Object) -> Object:
    named = {"name": "b", "namespace": "default"}
    reference = {"apiGroup": GROUP, "kind": "Role", "name": to}
    return {
        "apiVersion": VERSION,
        "kind": "RoleBinding",
        "metadata": named,
        "roleRef": reference,
        "subjects": [*subjects],
    }


def said(syncs: Syncs, obj: Object, **sync: Any) -> str:
    syncs.git = [obj]
    assert syncs.sync(**sync)[0] == "Succeeded"
    return syncs.results[obj["metadata"]["name"]][2]


def test_a_new_role_is_reconciled_and_then_applied(syncs: Syncs) -> None:
    told = said(syncs, role("get", "list"))
    lacked = "{Verbs:[get list] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}"
    begin = (
        f"{SPOKEN} reconciled. reconciliation required create\n\tmissing rules added:\n\t\t{lacked}{SPOKEN} configured."
    )
    assert told.startswith(
        f"{begin} Warning: resource roles/r is missing the kubectl.kubernetes.io/last-applied-config"
    )
    assert said(syncs, role("get", "list")) == f"{SPOKEN} reconciled{SPOKEN} unchanged"


def test_a_dry_run_tells_it_and_makes_nothing(syncs: Syncs) -> None:
    told = said(syncs, role("get"), dryRun=True)
    assert told.startswith(f"{SPOKEN} reconciled (dry run). reconciliation required create\n")
    assert told.endswith(f"{SPOKEN} created (dry run)")
    assert syncs.get("roles.rbac.authorization.k8s.io", "r") is None


def test_what_a_role_lacks_is_told_part_by_part(syncs: Syncs) -> None:
    syncs.have(role("get"))
    told = said(syncs, role("get", "watch", resources=("pods", "secrets")))
    parts = [("watch", "pods"), ("get", "secrets"), ("watch", "secrets")]
    rest = "APIGroups:[] Resources:[{}] ResourceNames:[] NonResourceURLs:[]"
    lines = [f"\t\t{{Verbs:[{verb}] {rest.format(resource)}}}" for verb, resource in parts]
    update = "reconciliation required update\n\tmissing rules added:\n" + "\n".join(lines)
    assert told == f"{SPOKEN} reconciled. {update}{SPOKEN} configured"


def test_what_a_role_has_too_much_is_left_to_the_apply(syncs: Syncs) -> None:
    syncs.have(role("get", "list"))
    assert said(syncs, role("get")) == f"{SPOKEN} reconciled{SPOKEN} configured"
    assert (syncs.get("roles.rbac.authorization.k8s.io", "r") or {})["rules"][0]["verbs"] == ["get"]


def test_a_label_alone_is_an_update_without_rules(syncs: Syncs) -> None:
    syncs.have(role("get"))
    told = said(syncs, role("get", labels={"l": "1"}))
    assert told == f"{SPOKEN} reconciled. reconciliation required update{SPOKEN} configured"


def test_a_binding_tells_whom_it_lacked_and_is_made_anew_for_another_role(syncs: Syncs) -> None:
    spoken, jane = "rolebinding.rbac.authorization.k8s.io/b", {"kind": "User", "apiGroup": GROUP, "name": "jane"}
    syncs.have(binding("r", ACCOUNT))
    missing = "{Kind:User APIGroup:rbac.authorization.k8s.io Name:jane Namespace:}"
    update = f"reconciliation required update\n\tmissing subjects added:\n\t\t{missing}"
    assert said(syncs, binding("r", ACCOUNT, jane)) == f"{spoken} reconciled. {update}{spoken} configured"
    told = said(syncs, binding("other", ACCOUNT))
    assert told.startswith(f"{spoken} reconciled. reconciliation required recreate{spoken} configured. Warning:")
    assert (syncs.get("rolebindings.rbac.authorization.k8s.io", "b") or {})["roleRef"]["name"] == "other"


def test_without_its_namespace_a_role_is_not_reconciled(syncs: Syncs) -> None:
    syncs.git = [role("get", namespace="gone")]
    assert syncs.sync()[0] == "Failed"
    why = 'error getting namespace gone: namespaces "gone" not found'
    assert syncs.results["r"][2] == f"error running kubectl auth reconcile: {why}"
