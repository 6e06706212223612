"""How the API server prints its internal structs, where an error shows one.

Some errors carry a difference of two specs, or a spec as a value, printed with Go's field names, in Go's order, with
every unset field. ``_FIELDS`` names the fields of the structs that appear there (``pkg/apis/core/types.go``); parts
of a spec without a row are printed with the fields they have.

Called by the modules that refuse a change.
"""

from __future__ import annotations

import difflib
import json
import re
from functools import lru_cache
from typing import Any

from gitopslab.controlplane.server.validation.causes import Struct
from gitopslab.machinery.objects import Object

_FIELDS = {
    "PersistentVolumeClaimSpec": (
        "AccessModes Selector Resources=VolumeResources VolumeName:s StorageClassName VolumeMode "
        "DataSource=*DataSource DataSourceRef=*DataSourceReference VolumeAttributesClassName"
    ),
    "VolumeResources": "Limits Requests",
    "PersistentVolumeSource": (
        "GCEPersistentDisk AWSElasticBlockStore HostPath=*HostPath Glusterfs NFS=*NFS RBD Quobyte ISCSI FlexVolume "
        "Cinder CephFS FC Flocker AzureFile VsphereVolume AzureDisk PhotonPersistentDisk PortworxVolume ScaleIO "
        "Local=*Local StorageOS CSI=*PersistentCSI"
    ),
    "VolumeAttachmentSpec": "Attacher:s Source=VolumeAttachmentSource NodeName:s",
    "VolumeAttachmentSource": "PersistentVolumeName InlineVolumeSpec=*PersistentVolumeSpec",
    "CSINodeDriver": "Name:s NodeID:s TopologyKeys Allocatable",
    "NFS": "Server:s Path:s ReadOnly:b",
    "Local": "Path:s FSType",
    "PersistentCSI": (
        "Driver:s VolumeHandle:s ReadOnly:b FSType:s VolumeAttributes ControllerPublishSecretRef NodeStageSecretRef "
        "NodePublishSecretRef ControllerExpandSecretRef NodeExpandSecretRef"
    ),
    "ResourceClaimSpec": "Devices=DeviceClaim",
    "DeviceClaim": ("Requests=[]DeviceRequest Constraints=[]DeviceConstraint Config=[]DeviceConfiguration"),
    "DeviceRequest": "Name:s Exactly=*DeviceWish FirstAvailable=[]DeviceAlternative",
    "DeviceWish": (
        "DeviceClassName:s Selectors=[]DeviceSelector AllocationMode:s Count:n AdminAccess Tolerations Capacity"
    ),
    "DeviceAlternative": (
        "Name:s DeviceClassName:s Selectors=[]DeviceSelector AllocationMode:s Count:n Tolerations Capacity"
    ),
    "DeviceSelector": "CEL=*DeviceExpression",
    "DeviceExpression": "Expression:s",
    "DeviceAttribute": ("IntValue BoolValue StringValue VersionValue IntValues BoolValues StringValues VersionValues"),
    "DeviceConstraint": "Requests MatchAttribute DistinctAttribute",
    "DeviceConfiguration": "Requests Opaque=*OpaqueConfiguration",
    "OpaqueConfiguration": "Driver:s Parameters",
    "PodFailurePolicyRule": "Action:s OnExitCodes=*FailureExitCodes OnPodConditions=[]FailureCondition",
    "FailureExitCodes": "ContainerName Operator:s Values",
    "FailureCondition": "Type:s Status:s",
    "DataSource": "APIGroup Kind:s Name:s",
    "DataSourceReference": "APIGroup Kind:s Name:s Namespace",
    "PodResourceClaim": "Name:s ResourceClaimName ResourceClaimTemplateName",
    "ParentReference": "Group:s Resource:s Namespace:s Name:s",
    "FlowSchemaSpec": (
        "PriorityLevelConfiguration=LevelReference MatchingPrecedence DistinguisherMethod=*FlowMethod Rules=[]FlowRules"
    ),
    "LevelReference": "Name:s",
    "FlowMethod": "Type:s",
    "FlowRules": "Subjects=[]FlowSubject ResourceRules=[]FlowResources NonResourceRules=[]FlowPaths",
    "FlowSubject": "Kind:s User=*LevelReference Group=*LevelReference ServiceAccount=*FlowAccount",
    "FlowAccount": "Namespace:s Name:s",
    "FlowResources": "Verbs APIGroups Resources ClusterScope:b Namespaces",
    "FlowPaths": "Verbs NonResourceURLs",
    "PriorityLevelConfigurationSpec": "Type:s Limited=*LimitedLevel Exempt=*ExemptLevel",
    "LimitedLevel": "NominalConcurrencyShares LimitResponse=LimitResponse LendablePercent BorrowingLimitPercent",
    "LimitResponse": "Type:s Queuing=*Queuing",
    "Queuing": "Queues HandSize QueueLengthLimit",
    "ExemptLevel": "NominalConcurrencyShares LendablePercent",
    "PodSpec": (
        "Volumes=[]Volume InitContainers=[]Container Containers=[]Container EphemeralContainers=[]EphemeralContainer "
        "RestartPolicy:s TerminationGracePeriodSeconds ActiveDeadlineSeconds DNSPolicy:s NodeSelector "
        "ServiceAccountName:s AutomountServiceAccountToken NodeName:s SecurityContext=*PodSecurityContext "
        "ImagePullSecrets=[]Reference Hostname:s Subdomain:s SetHostnameAsFQDN Affinity=*Affinity "
        "SchedulerName:s Tolerations=[]Toleration HostAliases=[]HostAlias PriorityClassName:s Priority "
        "PreemptionPolicy DNSConfig=*DNSConfig ReadinessGates=[]ReadinessGate RuntimeClassName Overhead "
        "EnableServiceLinks TopologySpreadConstraints=[]Spread OS=*Reference SchedulingGates=[]Reference "
        "ResourceClaims Resources=*Resources HostnameOverride SchedulingGroup"
    ),
    "PodSecurityContext": (
        "HostNetwork:b HostPID:b HostIPC:b ShareProcessNamespace HostUsers SELinuxOptions=*SELinuxOptions "
        "WindowsOptions RunAsUser RunAsGroup RunAsNonRoot SupplementalGroups SupplementalGroupsPolicy FSGroup "
        "FSGroupChangePolicy Sysctls=[]Named SeccompProfile=*Profile AppArmorProfile=*Profile SELinuxChangePolicy"
    ),
    "SELinuxOptions": "User:s Role:s Type:s Level:s",
    "Named": "Name:s Value:s",
    "Profile": "Type:s LocalhostProfile",
    "Affinity": "NodeAffinity=*NodeAffinity PodAffinity=*PodAffinity PodAntiAffinity=*PodAffinity",
    "NodeAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution=*NodeSelector "
        "PreferredDuringSchedulingIgnoredDuringExecution=[]PreferredNode"
    ),
    "NodeSelector": "NodeSelectorTerms=[]NodeTerm",
    "NodeTerm": "MatchExpressions=[]Requirement MatchFields=[]Requirement",
    "Requirement": "Key:s Operator:s Values",
    "PreferredNode": "Weight:n Preference=NodeTerm",
    "PodAffinity": (
        "RequiredDuringSchedulingIgnoredDuringExecution=[]PodTerm "
        "PreferredDuringSchedulingIgnoredDuringExecution=[]PreferredPod"
    ),
    "PodTerm": "LabelSelector Namespaces TopologyKey:s NamespaceSelector MatchLabelKeys MismatchLabelKeys",
    "PreferredPod": "Weight:n PodAffinityTerm=PodTerm",
    "Spread": (
        "MaxSkew:n TopologyKey:s WhenUnsatisfiable:s LabelSelector MinDomains NodeAffinityPolicy NodeTaintsPolicy "
        "MatchLabelKeys"
    ),
    "HostAlias": "IP:s Hostnames",
    "DNSConfig": "Nameservers Searches Options=[]DNSOption",
    "DNSOption": "Name:s Value",
    "ReadinessGate": "ConditionType:s",
    "Reference": "Name:s",
    "Toleration": "Key:s Operator:s Value:s Effect:s TolerationSeconds",
    "Container": (
        "Name:s Image:s Command Args WorkingDir:s Ports=[]Port EnvFrom=[]Environment Env=[]Variable "
        "Resources=Resources ResizePolicy=[]Resize RestartPolicy RestartPolicyRules VolumeMounts=[]Mount "
        "VolumeDevices=[]Device LivenessProbe=*Probe ReadinessProbe=*Probe StartupProbe=*Probe Lifecycle=*Lifecycle "
        "TerminationMessagePath:s TerminationMessagePolicy:s ImagePullPolicy:s SecurityContext=*SecurityContext "
        "Stdin:b StdinOnce:b TTY:b"
    ),
    "Port": "Name:s HostPort:n ContainerPort:n Protocol:s HostIP:s",
    "Variable": "Name:s Value:s ValueFrom=*VariableSource",
    "VariableSource": (
        "FieldRef=*FieldReference ResourceFieldRef=*ResourceReference ConfigMapKeyRef=*KeyReference "
        "SecretKeyRef=*KeyReference FileKeyRef"
    ),
    "ResourceReference": "ContainerName:s Resource:s Divisor",
    "KeyReference": "Name:s Key:s Optional",
    "Environment": "Prefix:s ConfigMapRef=*Origin SecretRef=*Origin",
    "Origin": "Name:s Optional",
    "Resize": "ResourceName:s RestartPolicy:s",
    "Device": "Name:s DevicePath:s",
    "FieldReference": "APIVersion:s FieldPath:s",
    "Resources": "Limits Requests Claims",
    "Mount": "Name:s ReadOnly:b RecursiveReadOnly MountPath:s SubPath:s MountPropagation SubPathExpr:s",
    "Probe": (
        "Exec=*Exec HTTPGet=*HTTPGet TCPSocket=*TCPSocket GRPC=*GRPC InitialDelaySeconds:n TimeoutSeconds:n "
        "PeriodSeconds:n SuccessThreshold:n FailureThreshold:n TerminationGracePeriodSeconds"
    ),
    "Exec": "Command",
    "HTTPGet": "Path:s Port Host:s Scheme:s HTTPHeaders=[]Named",
    "TCPSocket": "Port Host:s",
    "GRPC": "Port:n Service",
    "Lifecycle": "PostStart=*Handler PreStop=*Handler StopSignal",
    "Handler": "Exec=*Exec HTTPGet=*HTTPGet TCPSocket=*TCPSocket Sleep=*Sleep",
    "Sleep": "Seconds:n",
    "SecurityContext": (
        "Capabilities=*Capabilities Privileged SELinuxOptions=*SELinuxOptions WindowsOptions RunAsUser RunAsGroup "
        "RunAsNonRoot ReadOnlyRootFilesystem AllowPrivilegeEscalation ProcMount SeccompProfile=*Profile "
        "AppArmorProfile=*Profile"
    ),
    "Capabilities": "Add Drop",
    "Volume": (
        "Name:s HostPath=*HostPath EmptyDir=*EmptyDir GCEPersistentDisk AWSElasticBlockStore GitRepo "
        "Secret=*Files NFS=*NFS ISCSI Glusterfs PersistentVolumeClaim=*Claim RBD Quobyte FlexVolume Cinder CephFS "
        "Flocker DownwardAPI=*DownwardVolume FC AzureFile ConfigMap=*ConfigFiles VsphereVolume AzureDisk "
        "PhotonPersistentDisk Projected=*Projected PortworxVolume ScaleIO StorageOS CSI Ephemeral Image"
    ),
    "HostPath": "Path:s Type",
    "EmptyDir": "Medium:s SizeLimit",
    "Files": "SecretName:s Items=[]File DefaultMode Optional",
    "ConfigFiles": "Name:s Items=[]File DefaultMode Optional",
    "File": "Key:s Path:s Mode",
    "Claim": "ClaimName:s ReadOnly:b",
    "Projected": "Sources=[]Projection DefaultMode",
    "Projection": (
        "Secret=*Projection1 DownwardAPI=*DownwardFiles ConfigMap=*Projection1 ServiceAccountToken=*Token "
        "ClusterTrustBundle PodCertificate"
    ),
    "Projection1": "Name:s Items=[]File Optional",
    "DownwardFiles": "Items=[]DownwardFile",
    "DownwardVolume": "Items=[]DownwardFile DefaultMode",
    "DownwardFile": "Path:s FieldRef=*FieldReference ResourceFieldRef=*ResourceReference Mode",
    "Token": "Audience:s ExpirationSeconds:n Path:s",
}
_FIELDS["PersistentVolumeSpec"] = (
    f"Capacity {_FIELDS['PersistentVolumeSource']} AccessModes ClaimRef PersistentVolumeReclaimPolicy:s "
    "StorageClassName:s MountOptions VolumeMode NodeAffinity VolumeAttributesClassName"
)
_FIELDS["EphemeralContainer"] = f"{_FIELDS['Container']} TargetContainerName:s"
_ZERO: dict[str, Any] = {"s": "", "n": 0, "b": False}
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_FIELD = re.compile(r"(?P<name>\w+)(?::(?P<zero>\w)|=(?P<shape>[\[\]*]*)(?P<struct>\w+))?")


def difference(struct: str, old: Object, new: Object) -> str:
    """A unified difference of two values of a struct (``apimachinery/pkg/util/diff``)."""
    lines = [json.dumps(printed(struct, value), indent=1, ensure_ascii=False).split("\n") for value in (old, new)]
    before, after = ([f"{line}\n" for line in text] for text in lines)
    found = list(difflib.unified_diff(before, after, n=3))
    return "".join(found[2:])  # the two lines that name the files are not printed


def printed(struct: str, value: Object) -> Object:
    """A value with Go's names, order and zero values."""
    source = _with_host_fields(value) if struct == "PodSpec" else value
    rows = _rows(struct)
    return Struct({name: _field(zero, shape, inner, source.get(key)) for name, key, zero, shape, inner in rows})


def _with_host_fields(spec: Object) -> Object:
    """Inside the API server the host flags are part of the security context."""
    moved = {field: spec[field] for field in _HOST_FIELDS if field in spec}
    context = spec.get("securityContext")
    return {**spec, "securityContext": {**context, **moved}} if context is not None else spec


def _field(zero: str, shape: str, inner: str, value: Any) -> Any:
    if not inner:
        if value in (None, {}, []) or value is None:
            return _ZERO.get(zero)
        return _exported(value)
    if shape == "[]":
        return [printed(inner, item) for item in value] if value else None
    if shape == "*":
        return printed(inner, value) if value is not None else None
    return printed(inner, value or {})


def _exported(value: Any) -> Any:
    """A part without a row: most are maps of labels and amounts, and Go sorts the keys of a map."""
    if isinstance(value, dict):
        return {key: _exported(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_exported(item) for item in value]
    return value


@lru_cache(maxsize=64)
def _rows(struct: str) -> tuple[tuple[str, str, str, str, str], ...]:
    matches = (_FIELD.fullmatch(word) for word in _FIELDS[struct].split())
    return tuple(
        (match["name"], _json_name(match["name"]), match["zero"] or "", match["shape"] or "", match["struct"] or "")
        for match in matches
        if match is not None
    )


def _json_name(name: str) -> str:
    """``DNSPolicy`` is ``dnsPolicy`` in JSON, ``TTY`` is ``tty``."""
    run = re.match(r"[A-Z]+(?![a-z])|[A-Z]", name)
    head = run.group() if run else ""
    return head.lower() + name[len(head) :]
