"""The roles and bindings that every API server makes for itself (``rbac/bootstrappolicy``).

The daemon stores them in every cluster, bare or not; without them nobody but ``system:masters`` could do anything. One
row of a table is one rule: verbs, groups (``core`` is the nameless one), resources, and names where it is about single
objects. Pure.

Simplified: of the roles of single controllers only the two that matter here are made, since controllers inside the
process are not asked for rights; the real server makes some forty more, ``system:controller:NAME``.
"""

from __future__ import annotations

from collections.abc import Iterable

from gitopslab.controlplane.server.authorization.attributes import AUTHENTICATED, MASTERS, RBAC, UNAUTHENTICATED
from gitopslab.machinery import serviceaccounts
from gitopslab.machinery.objects import Object

Row = tuple[str, ...]

_LABEL = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATION = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"

_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"
_BOTH = f"{_READ} {_WRITE}"
_CHANGE = "get list patch update watch"
_EVENTS = ("create patch update", "core events.k8s.io", "events")
_REVIEWS = (
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "subjectaccessreviews"),
)
_OLD = "daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale"
_STREAMS = "pods/attach pods/exec pods/portforward pods/proxy"

_VIEW: tuple[Row, ...] = (
    (_READ, "core", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
     "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"),
    (_READ, "core", "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
     "resourcequotas resourcequotas/status"),
    (_READ, "core", "namespaces"),
    (_READ, "core events.k8s.io", "events"),
    (_READ, "discovery.k8s.io", "endpointslices"),
    (_READ, "apps", "controllerrevisions daemonsets daemonsets/status deployments deployments/scale "
     "deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale "
     "statefulsets/status"),
    (_READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    (_READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    (_READ, "extensions", f"{_OLD} daemonsets/status deployments/status ingresses/status replicasets/status "
     "replicationcontrollers/scale"),
    (_READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    (_READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    (_READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
)  # fmt: skip

_EDIT: tuple[Row, ...] = (
    (_READ, "core", f"{_STREAMS} secrets services/proxy"),
    ("impersonate", "core", "serviceaccounts"),
    (_WRITE, "core", f"pods {_STREAMS}"),
    ("create", "core", "pods/eviction"),
    (_WRITE, "core", "configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
     "serviceaccounts services services/proxy"),
    ("create", "core", "serviceaccounts/token"),
    (_WRITE, "core events.k8s.io", "events"),
    (_WRITE, "apps", "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale "
     "statefulsets statefulsets/scale"),
    (_WRITE, "autoscaling", "horizontalpodautoscalers"),
    (_WRITE, "batch", "cronjobs jobs"),
    (_WRITE, "extensions", f"{_OLD} deployments/rollback replicationcontrollers/scale"),
    (_WRITE, "policy", "poddisruptionbudgets"),
    (_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    (_BOTH, "coordination.k8s.io", "leases"),
    (_WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
)  # fmt: skip

_NODE: tuple[Row, ...] = (
    _REVIEWS[0],
    ("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
    (_READ, "core", "services"),
    ("create get list watch", "core", "nodes"),
    ("patch update", "core", "nodes/status"),
    ("patch update", "core", "nodes"),
    _EVENTS,
    (_READ, "core", "pods"),
    ("create delete", "core", "pods"),
    ("patch update", "core", "pods/status"),
    ("create", "core", "pods/eviction"),
    (_READ, "core", "configmaps secrets"),
    ("get", "core", "persistentvolumeclaims persistentvolumes"),
    ("get", "core", "endpoints"),
    ("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    ("create delete get patch update", "coordination.k8s.io", "leases"),
    ("get", "storage.k8s.io", "volumeattachments"),
    ("create", "core", "serviceaccounts/token"),
    ("get patch update", "core", "persistentvolumeclaims/status"),
    (_READ, "storage.k8s.io", "csidrivers"),
    ("create delete get patch update", "storage.k8s.io", "csinodes"),
    (_READ, "node.k8s.io", "runtimeclasses"),
    ("get", "resource.k8s.io", "resourceclaims"),
    ("deletecollection", "resource.k8s.io", "resourceslices"),
    ("get", "core", "serviceaccounts"),
)

_SCHEDULER: tuple[Row, ...] = (
    _EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get list update watch", "coordination.k8s.io", "leases", "kube-scheduler"),
    (_BOTH, "coordination.k8s.io", "leasecandidates"),
    (_READ, "core", "nodes"),
    ("delete get list watch", "core", "pods"),
    ("create", "core", "bindings pods/binding"),
    ("patch update", "core", "pods/status"),
    (_READ, "core", "replicationcontrollers services"),
    (_READ, "apps extensions", "replicasets"),
    (_READ, "apps", "statefulsets"),
    (_READ, "policy", "poddisruptionbudgets"),
    (_READ, "core", "persistentvolumeclaims persistentvolumes"),
    *_REVIEWS,
    (_READ, "storage.k8s.io", "csinodes"),
    (_READ, "storage.k8s.io", "volumeattachments"),
    (_READ, "core", "namespaces"),
    (_READ, "storage.k8s.io", "csidrivers"),
    (_READ, "storage.k8s.io", "csistoragecapacities"),
    (_READ, "resource.k8s.io", "deviceclasses"),
    (_CHANGE, "resource.k8s.io", "resourceclaims"),
    (_CHANGE, "resource.k8s.io", "resourceclaims/status"),
    ("update", "core", "pods/finalizers"),
    (_READ, "resource.k8s.io", "resourceslices"),
    ("create delete", "resource.k8s.io", "resourceclaims"),
    ("patch update", "resource.k8s.io", "resourceclaims/binding"),
)

_CONTROLLER_MANAGER: tuple[Row, ...] = (
    _EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
    ("create", "core", "secrets serviceaccounts"),
    ("delete", "core", "secrets"),
    ("get", "core", "configmaps namespaces secrets serviceaccounts"),
    ("update", "core", "secrets serviceaccounts"),
    *_REVIEWS,
    ("list watch", "*", "*"),
    ("create", "core", "serviceaccounts/token"),
)

_CSR = "certificates.k8s.io"
_ROLES: dict[str, tuple[Row, ...]] = {
    "cluster-admin": (("*", "*", "*"), ("*", "/", "*")),
    "system:discovery": (
        ("get", "/", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"),
    ),
    "system:monitoring": (
        ("get", "/", "/flagz /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* /statusz"),
        ("get", "core", "nodes/metrics"),
    ),
    "system:basic-user": (
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
        ("create", "authentication.k8s.io", "selfsubjectreviews"),
    ),
    "system:public-info-viewer": (("get", "/", "/healthz /livez /readyz /version /version/"),),
    "system:aggregate-to-admin": (
        ("create", "authorization.k8s.io", "localsubjectaccessreviews"),
        (_BOTH, RBAC, "rolebindings roles"),
    ),
    "system:aggregate-to-edit": _EDIT,
    "system:aggregate-to-view": _VIEW,
    "system:heapster": ((_READ, "core", "events namespaces nodes pods"), (_READ, "extensions", "deployments")),
    "system:node": _NODE,
    "system:node-problem-detector": (("get", "core", "nodes"), ("patch", "core", "nodes/status"), _EVENTS),
    "system:node-bootstrapper": (("create get list watch", _CSR, "certificatesigningrequests"),),
    "system:auth-delegator": _REVIEWS,
    "system:kube-aggregator": ((_READ, "core", "endpoints services"),),
    "system:kube-controller-manager": _CONTROLLER_MANAGER,
    "system:kube-dns": (("list watch", "core", "endpoints services"),),
    "system:persistent-volume-provisioner": (
        ("create delete get list watch", "core", "persistentvolumes"),
        ("get list update watch", "core", "persistentvolumeclaims"),
        (_READ, "storage.k8s.io", "storageclasses"),
        ("watch", "core", "events"),
        _EVENTS,
    ),
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": (
        ("create", _CSR, "certificatesigningrequests/nodeclient"),
    ),
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": (
        ("create", _CSR, "certificatesigningrequests/selfnodeclient"),
    ),
    "system:volume-scheduler": (
        (_CHANGE, "core", "persistentvolumes"),
        (_READ, "storage.k8s.io", "storageclasses"),
        (_CHANGE, "core", "persistentvolumeclaims"),
    ),
    **{
        f"system:certificates.k8s.io:{signer}-approver": (("approve", _CSR, "signers", f"kubernetes.io/{signer}"),)
        for signer in ("legacy-unknown", "kubelet-serving", "kube-apiserver-client", "kube-apiserver-client-kubelet")
    },
    "system:service-account-issuer-discovery": (
        ("get", "/", "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks "
         "/openid/v1/jwks/"),
    ),
    "system:kubelet-api-admin": (
        (_READ, "core", "nodes"),
        ("proxy", "core", "nodes"),
        ("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
        ("*", "core", "nodes/configz nodes/healthz nodes/pods"),
    ),
    "system:node-proxier": (
        ("list watch", "core", "endpoints services"),
        (_READ, "core", "nodes"),
        _EVENTS,
        ("list watch", "networking.k8s.io", "servicecidrs"),
        ("list watch", "discovery.k8s.io", "endpointslices"),
    ),
    "system:kube-scheduler": _SCHEDULER,
    "system:controller:clusterrole-aggregation-controller": (
        ("escalate get list patch update watch", RBAC, "clusterroles"),
    ),
    "system:controller:certificate-controller": (
        ("delete get list watch", _CSR, "certificatesigningrequests"),
        ("update", _CSR, "certificatesigningrequests/approval certificatesigningrequests/status"),
        ("approve", _CSR, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
        ("sign", _CSR, "signers", "kubernetes.io/legacy-unknown kubernetes.io/kube-apiserver-client "
         "kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving"),
        ("create", "authorization.k8s.io", "subjectaccessreviews"),
        _EVENTS,
    ),
}  # fmt: skip

_BINDINGS = (
    ("cluster-admin", "Group", MASTERS),
    ("system:monitoring", "Group", "system:monitoring"),
    ("system:discovery", "Group", AUTHENTICATED),
    ("system:basic-user", "Group", AUTHENTICATED),
    ("system:public-info-viewer", "Group", AUTHENTICATED, UNAUTHENTICATED),
    ("system:node-proxier", "User", "system:kube-proxy"),
    ("system:kube-controller-manager", "User", "system:kube-controller-manager"),
    ("system:kube-dns", "ServiceAccount", "kube-dns"),
    ("system:kube-scheduler", "User", "system:kube-scheduler"),
    ("system:volume-scheduler", "User", "system:kube-scheduler"),
    ("system:node", "Group"),
    ("system:service-account-issuer-discovery", "Group", serviceaccounts.GROUP),
    ("system:controller:clusterrole-aggregation-controller", "ServiceAccount", "clusterrole-aggregation-controller"),
    ("system:controller:certificate-controller", "ServiceAccount", "certificate-controller"),
)


def default_policy() -> list[Object]:
    """The ClusterRoles and ClusterRoleBindings of a new cluster.

    ``admin``, ``edit`` and ``view`` come without rules: the aggregation controller gathers them.
    """
    roles = [_role(name, rules=_rules(rows), labels=_aggregated_to(name)) for name, rows in _ROLES.items()]
    for name, wider in (("admin", ""), ("edit", "admin"), ("view", "edit")):
        selectors = [{"matchLabels": {f"{_AGGREGATE}{name}": "true"}}]
        labels = {f"{_AGGREGATE}{wider}": "true"} if wider else {}
        roles.append(_role(name, labels=labels, aggregationRule={"clusterRoleSelectors": selectors}, rules=None))
    return [*roles, *(_binding(*row) for row in _BINDINGS)]


def _aggregated_to(name: str) -> dict[str, str]:
    prefix = "system:aggregate-to-"
    return {f"{_AGGREGATE}{name.removeprefix(prefix)}": "true"} if name.startswith(prefix) else {}


def _rules(rows: Iterable[Row]) -> list[Object]:
    return [_rule(*row) for row in rows]


def _rule(verbs: str, groups: str, resources: str, names: str = "") -> Object:
    """One rule, its values in the order upstream's builder sorts them into."""
    if groups == "/":
        return {"verbs": sorted(verbs.split()), "nonResourceURLs": resources.split()}
    spelled = sorted("" if group == "core" else group for group in groups.split())
    rule = {"verbs": sorted(verbs.split()), "apiGroups": spelled, "resources": sorted(resources.split())}
    return {**rule, "resourceNames": names.split()} if names else rule


def _metadata(name: str, labels: dict[str, str]) -> Object:
    return {"name": name, "labels": {**_LABEL, **labels}, "annotations": dict(_ANNOTATION)}


def _role(name: str, *, labels: dict[str, str], **fields: object) -> Object:
    return {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": _metadata(name, labels), **fields}


def _binding(role: str, kind: str, *names: str) -> Object:
    if kind == "ServiceAccount":
        subjects: list[Object] = [{"kind": kind, "name": name, "namespace": "kube-system"} for name in names]
    else:
        subjects = [{"apiGroup": RBAC, "kind": kind, "name": name} for name in names]
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": _metadata(role, {}),
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        **({"subjects": subjects} if subjects else {}),
    }
