"""The roles and bindings that every API server makes for itself (``rbac/bootstrappolicy``).

The daemon stores them in every cluster, bare or not; without them nobody but ``system:masters`` could do anything. The
roles of single controllers are in ``controllerroles``, those of one namespace in ``systemroles``. Pure.
"""

from __future__ import annotations

from gitopslab.controlplane.server.authorization.attributes import AUTHENTICATED, MASTERS, RBAC, UNAUTHENTICATED
from gitopslab.controlplane.server.authorization.controllerroles import controller_policy
from gitopslab.controlplane.server.authorization.rows import EVENTS, READ, Row, bound, made, rules_of, subject
from gitopslab.controlplane.server.authorization.systemroles import system_policy
from gitopslab.machinery import serviceaccounts
from gitopslab.machinery.objects import Object

_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"

_WRITE = "create delete deletecollection patch update"
_BOTH = f"{READ} {_WRITE}"
_CHANGE = "get list patch update watch"
_REVIEWS = (
    ("create", "authentication.k8s.io", "tokenreviews"),
    ("create", "authorization.k8s.io", "subjectaccessreviews"),
)
_OLD = "daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale"
_STREAMS = "pods/attach pods/exec pods/portforward pods/proxy"

_VIEW: tuple[Row, ...] = (
    (READ, "core", "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
     "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"),
    (READ, "core", "bindings limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
     "resourcequotas resourcequotas/status"),
    (READ, "core", "namespaces"),
    (READ, "core events.k8s.io", "events"),
    (READ, "discovery.k8s.io", "endpointslices"),
    (READ, "apps", "controllerrevisions daemonsets daemonsets/status deployments deployments/scale "
     "deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale "
     "statefulsets/status"),
    (READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    (READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    (READ, "extensions", f"{_OLD} daemonsets/status deployments/status ingresses/status replicasets/status "
     "replicationcontrollers/scale"),
    (READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    (READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    (READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
)  # fmt: skip

_EDIT: tuple[Row, ...] = (
    (READ, "core", f"{_STREAMS} secrets services/proxy"),
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
    (READ, "core", "services"),
    ("create get list watch", "core", "nodes"),
    ("patch update", "core", "nodes/status"),
    ("patch update", "core", "nodes"),
    EVENTS,
    (READ, "core", "pods"),
    ("create delete", "core", "pods"),
    ("patch update", "core", "pods/status"),
    ("create", "core", "pods/eviction"),
    (READ, "core", "configmaps secrets"),
    ("get", "core", "persistentvolumeclaims persistentvolumes"),
    ("get", "core", "endpoints"),
    ("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    ("create delete get patch update", "coordination.k8s.io", "leases"),
    ("get", "storage.k8s.io", "volumeattachments"),
    ("create", "core", "serviceaccounts/token"),
    ("get patch update", "core", "persistentvolumeclaims/status"),
    (READ, "storage.k8s.io", "csidrivers"),
    ("create delete get patch update", "storage.k8s.io", "csinodes"),
    (READ, "node.k8s.io", "runtimeclasses"),
    ("get", "resource.k8s.io", "resourceclaims"),
    ("deletecollection", "resource.k8s.io", "resourceslices"),
    ("get", "core", "serviceaccounts"),
)

_SCHEDULER: tuple[Row, ...] = (
    EVENTS,
    ("create", "coordination.k8s.io", "leases"),
    ("get list update watch", "coordination.k8s.io", "leases", "kube-scheduler"),
    (_BOTH, "coordination.k8s.io", "leasecandidates"),
    (READ, "core", "nodes"),
    ("delete get list watch", "core", "pods"),
    ("create", "core", "bindings pods/binding"),
    ("patch update", "core", "pods/status"),
    (READ, "core", "replicationcontrollers services"),
    (READ, "apps extensions", "replicasets"),
    (READ, "apps", "statefulsets"),
    (READ, "policy", "poddisruptionbudgets"),
    (READ, "core", "persistentvolumeclaims persistentvolumes"),
    *_REVIEWS,
    (READ, "storage.k8s.io", "csinodes"),
    (READ, "storage.k8s.io", "volumeattachments"),
    (READ, "core", "namespaces"),
    (READ, "storage.k8s.io", "csidrivers"),
    (READ, "storage.k8s.io", "csistoragecapacities"),
    (READ, "resource.k8s.io", "deviceclasses"),
    (_CHANGE, "resource.k8s.io", "resourceclaims"),
    (_CHANGE, "resource.k8s.io", "resourceclaims/status"),
    ("update", "core", "pods/finalizers"),
    (READ, "resource.k8s.io", "resourceslices"),
    ("create delete", "resource.k8s.io", "resourceclaims"),
    ("patch update", "resource.k8s.io", "resourceclaims/binding"),
)

_CONTROLLER_MANAGER: tuple[Row, ...] = (
    EVENTS,
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
    "system:heapster": ((READ, "core", "events namespaces nodes pods"), (READ, "extensions", "deployments")),
    "system:node": _NODE,
    "system:node-problem-detector": (("get", "core", "nodes"), ("patch", "core", "nodes/status"), EVENTS),
    "system:node-bootstrapper": (("create get list watch", _CSR, "certificatesigningrequests"),),
    "system:auth-delegator": _REVIEWS,
    "system:kube-aggregator": ((READ, "core", "endpoints services"),),
    "system:kube-controller-manager": _CONTROLLER_MANAGER,
    "system:kube-dns": (("list watch", "core", "endpoints services"),),
    "system:persistent-volume-provisioner": (
        ("create delete get list watch", "core", "persistentvolumes"),
        ("get list update watch", "core", "persistentvolumeclaims"),
        (READ, "storage.k8s.io", "storageclasses"),
        ("watch", "core", "events"),
        EVENTS,
    ),
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": (
        ("create", _CSR, "certificatesigningrequests/nodeclient"),
    ),
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": (
        ("create", _CSR, "certificatesigningrequests/selfnodeclient"),
    ),
    "system:volume-scheduler": (
        (_CHANGE, "core", "persistentvolumes"),
        (READ, "storage.k8s.io", "storageclasses"),
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
        (READ, "core", "nodes"),
        ("proxy", "core", "nodes"),
        ("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats"),
        ("*", "core", "nodes/configz nodes/healthz nodes/pods"),
    ),
    "system:node-proxier": (
        ("list watch", "core", "endpoints services"),
        (READ, "core", "nodes"),
        EVENTS,
        ("list watch", "networking.k8s.io", "servicecidrs"),
        ("list watch", "discovery.k8s.io", "endpointslices"),
    ),
    "system:kube-scheduler": _SCHEDULER,
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
)


def default_policy() -> list[Object]:
    """The roles and bindings of a new cluster.

    ``admin``, ``edit`` and ``view`` come without rules: the aggregation controller gathers them.
    """
    roles = [
        made("ClusterRole", name, labels=_aggregated_to(name), rules=rules_of(rows)) for name, rows in _ROLES.items()
    ]
    for name, wider in (("admin", ""), ("edit", "admin"), ("view", "edit")):
        selectors = [{"matchLabels": {f"{_AGGREGATE}{name}": "true"}}]
        labels = {f"{_AGGREGATE}{wider}": "true"} if wider else {}
        rule = {"clusterRoleSelectors": selectors}
        roles.append(made("ClusterRole", name, labels=labels, aggregationRule=rule, rules=None))
    bindings = [bound("ClusterRole", role, [subject(kind, name) for name in names]) for role, kind, *names in _BINDINGS]
    return [*roles, *bindings, *controller_policy(), *system_policy()]


def _aggregated_to(name: str) -> dict[str, str]:
    prefix = "system:aggregate-to-"
    return {f"{_AGGREGATE}{name.removeprefix(prefix)}": "true"} if name.startswith(prefix) else {}
