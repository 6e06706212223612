"""What kinds there are: their group, version, plural, short names, scope, verbs and subresources.

The rows below are the facts an API server tells in discovery. ``Catalog`` answers every spelling kubectl accepts.
Custom resources join a catalog at run time; the built-in rows never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gitopslab.machinery.objects import Object, group_of

CRUD = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
_WRITE_STATUS = ("get", "patch", "update")
_PROXY = ("create", "delete", "get", "patch", "update")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A path below an object, such as ``status`` or ``scale``.

    ``group``, ``version`` and ``kind`` name the type that goes over the wire there, where it differs from the parent's.
    """

    name: str
    verbs: tuple[str, ...] = _WRITE_STATUS
    group: str = ""
    version: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type of the API.

    Attributes:
        singular: The singular name where it is not the kind in lower case.
        listed_as: The kind of a list of them where it is not ``KINDList``.
        stored_as: The key of the resource whose objects it shows in a form of its own; empty when it keeps its own.
        custom: Whether a CustomResourceDefinition brought it.
        tracks_generation: Whether ``metadata.generation`` counts changes of the spec.
        stored: False for kinds that are answered and never kept, such as ``SubjectAccessReview``.
        deprecated: What every request for it is warned of; empty for nothing.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = CRUD
    subresources: tuple[Subresource, ...] = ()
    tracks_generation: bool = False
    singular: str = ""
    stored: bool = True
    custom: bool = field(default=False, compare=False)
    listed_as: str = ""
    deprecated: str = ""
    stored_as: str = ""

    @property
    def list_kind(self) -> str:
        """The kind of a list of them, by default ``KINDList``."""
        return self.listed_as or f"{self.kind}List"

    @property
    def api_version(self) -> str:
        """``apps/v1``, or ``v1`` for core."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def key(self) -> str:
        """The plural with its group (``schema.GroupResource``): ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified(self) -> str:
        """The plural with version and group, as kubectl takes it: ``deployments.v1.apps``, ``pods.v1.``."""
        return f"{self.plural}.{self.version}.{self.group}"

    @property
    def storage_key(self) -> str:
        """The key under which its objects are kept."""
        return self.stored_as or self.key

    @property
    def keeps_objects(self) -> bool:
        """Whether it has objects of its own, and does not only answer or show those of another."""
        return self.stored and not self.stored_as

    @property
    def single(self) -> str:
        """The singular name, by default the kind in lower case."""
        return self.singular or self.kind.lower()

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource, and only there."""
        return self.subresource("status") is not None

    def subresource(self, name: str) -> Subresource | None:
        """The subresource with this name, or None."""
        return next((sub for sub in self.subresources if sub.name == name), None)


_STATUS = Subresource("status")
_SCALE = Subresource("scale", _WRITE_STATUS, "autoscaling", "v1", "Scale")
_REVIEW = ("create",)
_ALL = ("all",)
_POD_SUBRESOURCES = (
    Subresource("attach", ("create", "get"), kind="PodAttachOptions"),
    Subresource("binding", ("create",), kind="Binding"),
    Subresource("ephemeralcontainers"),
    Subresource("eviction", ("create",), "policy", "v1", "Eviction"),
    Subresource("exec", ("create", "get"), kind="PodExecOptions"),
    Subresource("log", ("get",)),
    Subresource("portforward", ("create", "get"), kind="PodPortForwardOptions"),
    Subresource("proxy", _PROXY, kind="PodProxyOptions"),
    Subresource("resize"),
    _STATUS,
)

BUILT_IN: tuple[Resource, ...] = (
    Resource("", "v1", "Binding", "bindings", verbs=("create",), stored=False),
    Resource("", "v1", "ConfigMap", "configmaps", short_names=("cm",)),
    Resource(
        "",
        "v1",
        "Endpoints",
        "endpoints",
        True,
        ("ep",),
        deprecated="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ),
    Resource("", "v1", "Event", "events", short_names=("ev",)),
    Resource("", "v1", "LimitRange", "limitranges", short_names=("limits",)),
    Resource(
        "",
        "v1",
        "Namespace",
        "namespaces",
        False,
        ("ns",),
        verbs=tuple(v for v in CRUD if v != "deletecollection"),
        subresources=(Subresource("finalize", ("update",)), _STATUS),
    ),
    Resource(
        "",
        "v1",
        "Node",
        "nodes",
        False,
        ("no",),
        subresources=(Subresource("proxy", _PROXY, kind="NodeProxyOptions"), _STATUS),
    ),
    Resource("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", True, ("pvc",), subresources=(_STATUS,)),
    Resource("", "v1", "PersistentVolume", "persistentvolumes", False, ("pv",), subresources=(_STATUS,)),
    Resource("", "v1", "Pod", "pods", True, ("po",), _ALL, subresources=_POD_SUBRESOURCES, tracks_generation=True),
    Resource(
        "",
        "v1",
        "ReplicationController",
        "replicationcontrollers",
        True,
        ("rc",),
        _ALL,
        subresources=(_SCALE, _STATUS),
        tracks_generation=True,
    ),
    Resource("", "v1", "ResourceQuota", "resourcequotas", True, ("quota",), subresources=(_STATUS,)),
    Resource("", "v1", "Secret", "secrets"),
    Resource(
        "",
        "v1",
        "ServiceAccount",
        "serviceaccounts",
        True,
        ("sa",),
        subresources=(Subresource("token", ("create",), "authentication.k8s.io", "v1", "TokenRequest"),),
    ),
    Resource(
        "",
        "v1",
        "Service",
        "services",
        True,
        ("svc",),
        _ALL,
        subresources=(Subresource("proxy", _PROXY, kind="ServiceProxyOptions"), _STATUS),
    ),
    Resource(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        False,
        ("crd", "crds"),
        ("api-extensions",),
        subresources=(_STATUS,),
        tracks_generation=True,
    ),
    Resource("apps", "v1", "ControllerRevision", "controllerrevisions"),
    Resource(
        "apps", "v1", "DaemonSet", "daemonsets", True, ("ds",), _ALL, subresources=(_STATUS,), tracks_generation=True
    ),
    Resource(
        "apps",
        "v1",
        "Deployment",
        "deployments",
        True,
        ("deploy",),
        _ALL,
        subresources=(_SCALE, _STATUS),
        tracks_generation=True,
    ),
    Resource(
        "apps",
        "v1",
        "ReplicaSet",
        "replicasets",
        True,
        ("rs",),
        _ALL,
        subresources=(_SCALE, _STATUS),
        tracks_generation=True,
    ),
    Resource(
        "apps",
        "v1",
        "StatefulSet",
        "statefulsets",
        True,
        ("sts",),
        _ALL,
        subresources=(_SCALE, _STATUS),
        tracks_generation=True,
    ),
    Resource(
        "authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=_REVIEW, stored=False
    ),
    Resource("authentication.k8s.io", "v1", "TokenReview", "tokenreviews", False, verbs=_REVIEW, stored=False),
    Resource(
        "authorization.k8s.io",
        "v1",
        "LocalSubjectAccessReview",
        "localsubjectaccessreviews",
        verbs=_REVIEW,
        stored=False,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
        False,
        verbs=_REVIEW,
        stored=False,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "SelfSubjectRulesReview",
        "selfsubjectrulesreviews",
        False,
        verbs=_REVIEW,
        stored=False,
    ),
    Resource(
        "authorization.k8s.io",
        "v1",
        "SubjectAccessReview",
        "subjectaccessreviews",
        False,
        verbs=_REVIEW,
        stored=False,
    ),
    Resource(
        "autoscaling",
        "v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        True,
        ("hpa",),
        _ALL,
        subresources=(_STATUS,),
    ),
    Resource(
        "autoscaling",
        "v1",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        True,
        ("hpa",),
        _ALL,
        subresources=(_STATUS,),
        stored_as="horizontalpodautoscalers.autoscaling",
    ),
    Resource(
        "batch", "v1", "CronJob", "cronjobs", True, ("cj",), _ALL, subresources=(_STATUS,), tracks_generation=True
    ),
    Resource("batch", "v1", "Job", "jobs", True, (), _ALL, subresources=(_STATUS,), tracks_generation=True),
    Resource("coordination.k8s.io", "v1", "Lease", "leases"),
    Resource("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", tracks_generation=True),
    Resource("events.k8s.io", "v1", "Event", "events", short_names=("ev",), stored_as="events"),
    Resource("networking.k8s.io", "v1", "IngressClass", "ingressclasses", False, tracks_generation=True),
    Resource(
        "networking.k8s.io",
        "v1",
        "Ingress",
        "ingresses",
        True,
        ("ing",),
        subresources=(_STATUS,),
        tracks_generation=True,
    ),
    Resource("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", True, ("netpol",), tracks_generation=True),
    Resource("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", False),
    Resource(
        "policy",
        "v1",
        "PodDisruptionBudget",
        "poddisruptionbudgets",
        True,
        ("pdb",),
        subresources=(_STATUS,),
        tracks_generation=True,
    ),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings", False),
    Resource("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", False),
    Resource("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"),
    Resource("rbac.authorization.k8s.io", "v1", "Role", "roles"),
    Resource("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", False, ("pc",), tracks_generation=True),
    Resource("storage.k8s.io", "v1", "CSIDriver", "csidrivers", False, tracks_generation=True),
    Resource("storage.k8s.io", "v1", "CSINode", "csinodes", False),
    Resource("storage.k8s.io", "v1", "CSIStorageCapacity", "csistoragecapacities"),
    Resource("storage.k8s.io", "v1", "StorageClass", "storageclasses", False, ("sc",)),
    Resource("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments", False, subresources=(_STATUS,)),
)

_COMPUTED = ("get", "list")

NODE_METRICS = Resource("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", False, verbs=_COMPUTED, stored=False)
POD_METRICS = Resource("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", verbs=_COMPUTED, stored=False)
"""What metrics-server adds to a cluster that has one: answered from what kubelets report, never kept."""


class Catalog:
    """The resource types an API server serves, found by any name.

    Args:
        resources: The types to begin with; default the built-in ones.
    """

    def __init__(self, resources: Iterable[Resource] = BUILT_IN) -> None:
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[tuple[str, str], Resource] = {}
        self._by_key: dict[str, Resource] = {}
        for resource in resources:
            self.add(resource)

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_path.values())

    def add(self, resource: Resource, *, served: bool = True) -> None:
        """Serve a resource type; ``remove`` an earlier one of the same group, version and plural first.

        Args:
            resource: The type.
            served: False for a version that objects are only stored in: known by its key alone.
        """
        if not served:
            self._by_key.setdefault(resource.key, resource)
            return
        self._by_path[resource.group, resource.version, resource.plural] = resource
        self._by_kind[resource.api_version, resource.kind] = resource
        self._by_key.setdefault(resource.key, resource)
        self._by_key[resource.qualified] = resource

    def remove(self, resource: Resource) -> None:
        """Stop serving a resource type."""
        self._by_path.pop((resource.group, resource.version, resource.plural), None)
        self._by_kind.pop((resource.api_version, resource.kind), None)
        for key in (resource.key, resource.qualified):
            if self._by_key.get(key) == resource:
                del self._by_key[key]

    def at(self, group: str, version: str, plural: str) -> Resource | None:
        """The type served at ``/apis/GROUP/VERSION/PLURAL``."""
        return self._by_path.get((group, version, plural))

    def by_key(self, key: str) -> Resource | None:
        """The type called ``deployments.apps`` or ``pods``, or of one version ``deployments.v1.apps``."""
        return self._by_key.get(key)

    def by_kind(self, api_version: str, kind: str) -> Resource | None:
        """The type with this ``apiVersion`` and ``kind``."""
        return self._by_kind.get((api_version, kind))

    def of(self, obj: Object) -> Resource | None:
        """The type of an object, by its ``apiVersion`` and ``kind``."""
        return self.by_kind(str(obj.get("apiVersion", "")), str(obj.get("kind", "")))

    def of_reference(self, reference: Object) -> Resource | None:
        """The type an owner reference names; any served version of the group will do, as in garbage collection."""
        group = group_of(str(reference.get("apiVersion", "")))
        kind = reference.get("kind")
        return next((found for found in self if found.group == group and found.kind == kind), None)

    def lookup(self, word: str) -> Resource | None:
        """The type by any spelling kubectl takes: ``pods``, ``po``, ``Pod``, ``deploy``, ``deployments.v1.apps``.

        Core wins over a group, as discovery lists it first.
        """
        wanted, _, suffix = word.lower().partition(".")
        for resource in self:
            names = (resource.plural, resource.single, resource.kind.lower(), *resource.short_names)
            groups = ("", resource.group, f"{resource.version}.{resource.group}", resource.version)
            if wanted in names and suffix in groups:
                return resource
        return None
