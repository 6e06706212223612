"""The rules of Services, Ingresses, storage, configuration and what a cluster is made of."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from builders import merged
from validation_tools import change_problems, ids_of, problems

from gitopslab.machinery.objects import Object


def made(kind: str, api_version: str = "v1", **fields: Any) -> Object:
    return merged({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}, fields)


def service(**spec: Any) -> Object:
    return made("Service", spec={"ports": [{"port": 80}], **spec})


def ingress(*paths: Object, host: str = "") -> Object:
    rule: Object = {"http": {"paths": list(paths)}}
    return made("Ingress", "networking.k8s.io/v1", spec={"rules": [{**rule, **({"host": host} if host else {})}]})


def path(text: str = "/", kind: str | None = "Prefix", **service_fields: Any) -> Object:
    backend = {"service": {"name": "web", "port": {"number": 80}, **service_fields}}
    return {"path": text, "backend": backend, **({"pathType": kind} if kind else {})}


def volume(**spec: Any) -> Object:
    base = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}}
    return made("PersistentVolume", spec={**base, **spec})


def claim(**spec: Any) -> Object:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return made("PersistentVolumeClaim", spec={**base, **spec})


def storage_class(**fields: Any) -> Object:
    return made("StorageClass", "storage.k8s.io/v1", **{"provisioner": "example.com/p", **fields})


def attachment(**spec: Any) -> Object:
    base = {"attacher": "example.com", "nodeName": "n", "source": {"persistentVolumeName": "pv"}}
    return made("VolumeAttachment", "storage.k8s.io/v1", spec={**base, **spec})


def csi_node(*drivers: Object) -> Object:
    return made("CSINode", "storage.k8s.io/v1", spec={"drivers": list(drivers)})


def node(**spec: Any) -> Object:
    return made("Node", spec=spec)


def secret(kind: str, **data: str) -> Object:
    encoded = {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return made("Secret", type=kind, data=encoded)


SERVICES: list[tuple[Object, list[str]]] = [
    (service(), []),
    (made("Service", spec={}), ["spec.ports: Required value"]),
    (made("Service", spec={"clusterIP": "None", "clusterIPs": ["None"]}), []),
    (service(ports=[{"port": 0}]),
     ["spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
      "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    (service(ports=[{"port": 80}, {"port": 81}]),
     ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
    (service(ports=[{"name": "a", "port": 80}, {"name": "a", "port": 81}]),
     ['spec.ports[1].name: Duplicate value: "a"']),
    (service(ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}]),
     ['spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
      '"NodePort":0}']),
    (service(ports=[{"port": 80, "nodePort": 30000}]),
     ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
    (service(type="Magic"),
     ['spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", '
      '"NodePort"']),
    (service(clusterIP="1.2", clusterIPs=["1.2"]),
     ['spec.clusterIPs[0]: Invalid value: "1.2": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
    (service(type="NodePort", clusterIP="None", clusterIPs=["None"]),
     ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services']),
    (made("Service", spec={"type": "ExternalName"}), ["spec.externalName: Required value"]),
    (service(externalIPs=["127.0.0.1"]),
     ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']),
    (service(sessionAffinity="Sticky"),
     ['spec.sessionAffinity: Unsupported value: "Sticky": supported values: "ClientIP", "None"']),
    (made("Service", metadata={"name": "1st"}, spec={"ports": [{"port": 80}]}), []),
    (made("Service", metadata={"name": "a.b"}, spec={"ports": [{"port": 80}]}),
     ['metadata.name: Invalid value: "a.b": must not contain dots']),
]  # fmt: skip

DRIVERS: list[tuple[Object, list[str]]] = [
    (made("CSIDriver", "storage.k8s.io/v1", spec={
        "fsGroupPolicy": "Odd", "tokenRequests": [{"audience": "a", "expirationSeconds": 5}, {"audience": "a"}],
        "volumeLifecycleModes": ["Odd"]}),
     ['spec.fsGroupPolicy: Unsupported value: "Odd": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      "spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes",
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.volumeLifecycleModes: Unsupported value: "Odd": supported values: "Persistent", "Ephemeral"']),
    (made("CSIStorageCapacity", "storage.k8s.io/v1", storageClassName="a", capacity="-1"),
     ['capacity: Invalid value: "-1": must be greater than or equal to 0']),
    (made("StatefulSet", "apps/v1", metadata={"name": "a.b"}, spec={
        "serviceName": "x", "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}}),
     ['metadata.name: Invalid value: "a.b": must not contain dots']),
    (made("Node", spec={"podCIDRs": ["10.1.0.0/24", "10.2.0.0/24"]}),
     ['spec.podCIDRs: Invalid value: ["10.1.0.0/24","10.2.0.0/24"]: may specify no more than one CIDR for each IP '
      "family"]),
]  # fmt: skip

NETWORKING: list[tuple[Object, list[str]]] = [
    (ingress(path(), host="foto.example.com"), []),
    (ingress(path(), host="*.example.com"), []),
    (made("Ingress", "networking.k8s.io/v1", spec={}),
     ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
    (ingress(path(), host="10.0.0.1"),
     ['spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']),
    (ingress(path(kind=None)), ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"]),
    (ingress(path(kind="Regex")),
     ['spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: "Exact", '
      '"ImplementationSpecific", "Prefix"']),
    (ingress(path("/a//b")), ['spec.rules[0].http.paths[0].path: Invalid value: "/a//b": must not contain \'//\'']),
    (ingress(path(port={"number": 80, "name": "http"})),
     ['spec.rules[0].http.paths[0].backend: Invalid value: "": cannot set both port name & port number']),
    (ingress({"path": "/", "pathType": "Prefix", "backend": {}}),
     ['spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required']),
    (made("IngressClass", "networking.k8s.io/v1", spec={}), ["spec.controller: Required value"]),
    (made("NetworkPolicy", "networking.k8s.io/v1", spec={"ingress": [
        {"from": [{"ipBlock": {"cidr": "10.0.0.1/24", "except": ["8.0.0.0/8"]}}]}]}),
     ['spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix '
      "length",
      'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "8.0.0.0/8": must be a strict subset of `cidr`']),
    (made("NetworkPolicy", "networking.k8s.io/v1", spec={"ingress": [{"from": [{}]}]}),
     ["spec.ingress[0].from[0]: Required value: must specify a peer"]),
    (made("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv4", endpoints=[{"addresses": []}]),
     ["endpoints[0].addresses: Required value: must contain at least 1 address"]),
    (made("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv6", endpoints=[{"addresses": ["2001:DB8::0:1"]}]),
     ['endpoints[0].addresses[0]: Invalid value: "2001:DB8::0:1": must be in canonical form ("2001:db8::1")']),
    (made("EndpointSlice", "discovery.k8s.io/v1", addressType="IPv4", endpoints=[
        {"addresses": ["192.0.2.1"], "hints": {"forZones": [{"name": "z"}] * 2, "forNodes": [{"name": "n"}] * 9}}]),
     ['endpoints[0].hints.forZones[1].name: Duplicate value: "z"',
      "endpoints[0].hints.forNodes: Too many: 9: must have at most 8 items"]),
    (made("EndpointSlice", "discovery.k8s.io/v1", endpoints=[]), ["addressType: Required value"]),
]  # fmt: skip

STORAGE: list[tuple[Object, list[str]]] = [
    (volume(), []),
    (volume(accessModes=[]), ["spec.accessModes: Required value"]),
    (volume(accessModes=["Anyhow"]),
     ['spec.accessModes: Unsupported value: "Anyhow": supported values: "ReadOnlyMany", "ReadWriteMany", '
      '"ReadWriteOnce", "ReadWriteOncePod"']),
    (volume(capacity={}),
     ["spec.capacity: Required value", 'spec.capacity: Unsupported value: null: supported values: "storage"']),
    (volume(capacity={"storage": "0"}),
     ['spec.capacity[storage]: Invalid value: "0": must be greater than zero']),
    (volume(nfs={"server": "s", "path": "/"}), ["spec.nfs: Forbidden: may not specify more than 1 volume type"]),
    (volume(persistentVolumeReclaimPolicy="Forget"),
     ['spec.persistentVolumeReclaimPolicy: Unsupported value: "Forget": supported values: "Delete", "Recycle", '
      '"Retain"']),
    (claim(), []),
    (claim(accessModes=[]), ["spec.accessModes: Required value: at least 1 access mode is required"]),
    (claim(resources={}), ["spec.resources[storage]: Required value"]),
    (claim(resources={"requests": {"storage": "-1"}}),
     ['spec.resources[storage]: Invalid value: "-1": must be greater than zero']),
    (claim(accessModes=["ReadWriteOncePod", "ReadWriteOnce"]),
     ["spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
    (storage_class(), []),
    (storage_class(provisioner=""), ["provisioner: Required value"]),
    (storage_class(provisioner="A B"),
     ["provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and "
      "must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
      "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]),
    (storage_class(volumeBindingMode="Later"),
     ['volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"']),
]  # fmt: skip

OTHERS: list[tuple[Object, list[str]]] = [
    (made("ConfigMap", data={"app.conf": "a"}), []),
    (made("ConfigMap", data={"bad key": "1"}),
     ['data[bad key]: Invalid value: "bad key": a valid config key must consist of alphanumeric characters, \'-\', '
      "'_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
      "'[-._a-zA-Z0-9]+')"]),
    (made("ConfigMap", data={"..": "1"}), ["data[..]: Invalid value: \"..\": must not be '..'"]),
    (made("ConfigMap", data={"a": "1"}, binaryData={"a": "MQ=="}),
     ['data[a]: Invalid value: "a": duplicate of key present in binaryData']),
    (made("ConfigMap", data={"a": "x" * 1048577}), ["[]: Too long: may not be more than 1048576 bytes"]),
    (secret("Opaque", a="b"), []),
    (secret("kubernetes.io/tls", tls_crt="c"), ["data[tls.key]: Required value"]),
    (secret("kubernetes.io/basic-auth"), ["data[username]: Required value", "data[password]: Required value"]),
    (secret("kubernetes.io/dockerconfigjson"), ["data[.dockerconfigjson]: Required value"]),
    (secret("kubernetes.io/service-account-token"),
     ["metadata.annotations[kubernetes.io/service-account.name]: Required value"]),
    (node(taints=[{"key": "a", "effect": "NoSchedule"}]), []),
    (node(taints=[{"key": "a", "effect": "Nope"}]),
     ['metadata.taints[0].effect: Unsupported value: "Nope": supported values: "NoSchedule", "PreferNoSchedule", '
      '"NoExecute"']),
    (node(taints=[{"key": "a", "effect": "NoSchedule"}, {"key": "a", "value": "b", "effect": "NoSchedule"}]),
     ['metadata.taints[1]: Duplicate value: {"Key":"a","Value":"b","Effect":"NoSchedule","TimeAdded":null}: '
      "taints must be unique by key and effect pair"]),
    (made("Event", involvedObject={"namespace": "other"}),
     ['involvedObject.namespace: Invalid value: "other": does not match event.namespace']),
    (made("Lease", "coordination.k8s.io/v1", spec={"leaseDurationSeconds": 0}),
     ["spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]),
    (made("ResourceQuota", spec={"hard": {"pods": "1.5"}}),
     ['spec.hard[pods]: Invalid value: "1.5": must be an integer']),
    (made("ResourceQuota", spec={"hard": {"count/deployments.apps": "2", "requests.cpu": "1"}}), []),
    (made("LimitRange", spec={"limits": [{"max": {"cpu": "1"}}]}),
     ['spec.limits[0].type: Invalid value: "": name part must be non-empty',
      'spec.limits[0].type: Invalid value: "": name part must consist of alphanumeric characters, \'-\', \'_\' or '
      "'.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
      "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]),
    (made("LimitRange", spec={"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}),
     ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1']),
    (made("LimitRange", spec={"limits": [{"type": "Container", "default": {"example.com/x": "2", "cpu": "2"},
                                          "defaultRequest": {"example.com/x": "1", "cpu": "1"}}]}),
     ['spec.limits[0].defaultRequest[example.com/x]: Invalid value: "1": default value 2 must equal to '
      "defaultRequest value 1 in example.com/x"]),
    (made("HorizontalPodAutoscaler", "autoscaling/v2", spec={"minReplicas": 5, "maxReplicas": 3}),
     ["spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`",
      "spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value",
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group']),
    (made("PriorityClass", "scheduling.k8s.io/v1", value=1000000001),
     ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    (made("Role", "rbac.authorization.k8s.io/v1", rules=[{"apiGroups": [""], "resources": ["pods"]}]),
     ["rules[0].verbs: Required value: verbs must contain at least one value"]),
    (made("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role"}, subjects=[{"kind": "Robot"}]),
     ["roleRef.name: Required value", "subjects[0].name: Required value",
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"']),
]  # fmt: skip

ONE_OF = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
NOT_WITHIN = "Forbidden: may not be specified in the context of inline volumes"
CSI = {"driver": "d.example.com", "volumeHandle": "h"}
WITHIN = "spec.source.inlineVolumeSpec"
CSI_NODES: list[tuple[Object, list[str]]] = [
    (csi_node({"name": "d.io", "nodeID": "n", "topologyKeys": ["a", "b"]}), []),
    (csi_node({"name": "", "nodeID": "n" * 257}, {"name": "d.io", "nodeID": "", "allocatable": {"count": -1}},
              {"name": "d.io", "nodeID": "n", "topologyKeys": ["a", "a"]}),
     ["spec.drivers[0].name: Required value",
      f'spec.drivers[0].nodeID: Invalid value: "{"n" * 257}": must be 256 characters or less',
      "spec.drivers[1].nodeID: Required value",
      "spec.drivers[1].allocatable.count: Invalid value: -1: must be greater than or equal to 0",
      'spec.drivers[2].name: Duplicate value: "d.io"', 'spec.drivers[2]: Duplicate value: "a"']),
]  # fmt: skip
ATTACHMENTS: list[tuple[Object, list[str]]] = [
    (attachment(), []),
    (attachment(attacher="", nodeName="", source={}),
     ["spec.attacher: Required value", f"spec.source: Required value: {ONE_OF}",
      "spec.nodeName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
      "characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
      "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"]),
    (attachment(attacher="Example.COM"), []),
    (attachment(source={"persistentVolumeName": "pv", "inlineVolumeSpec": {}}), [f"spec.source: Forbidden: {ONE_OF}"]),
    (attachment(source={"inlineVolumeSpec": {"csi": CSI, "accessModes": ["ReadWriteOnce"]}}), []),
    (attachment(source={"inlineVolumeSpec": {
        "csi": CSI, "accessModes": ["X"], "capacity": {"storage": "1Gi"}, "claimRef": {"name": "x"},
        "persistentVolumeReclaimPolicy": "Delete", "storageClassName": "s", "volumeMode": "Block", "nodeAffinity": {},
        "volumeAttributesClassName": ""}}),
     [f"{WITHIN}.claimRef: {NOT_WITHIN}", f"{WITHIN}.capacity: {NOT_WITHIN}",
      f'{WITHIN}.accessModes: Unsupported value: "X": supported values: "ReadOnlyMany", "ReadWriteMany", '
      '"ReadWriteOnce", "ReadWriteOncePod"',
      f"{WITHIN}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes",
      f"{WITHIN}.nodeAffinity: {NOT_WITHIN}", f"{WITHIN}.storageClassName: {NOT_WITHIN}",
      f"{WITHIN}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline "
      "volumes"]),
]  # fmt: skip

ROWS = [*SERVICES, *ATTACHMENTS, *CSI_NODES, *DRIVERS, *NETWORKING, *STORAGE, *OTHERS]


@pytest.mark.parametrize(("obj", "expected"), ROWS, ids=ids_of(ROWS))
def test_an_object_is_refused_in_the_apis_words(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected


LOCKED = "field is immutable when `immutable` is set"
CHANGES: list[tuple[Object, dict[str, Any], str, list[str]]] = [
    (made("ConfigMap", data={"a": "1"}), {"data": {"a": "2"}}, "", []),
    (made("ConfigMap", data={"a": "1"}, immutable=True), {"data": {"a": "2"}}, "", [f"data: Forbidden: {LOCKED}"]),
    (made("ConfigMap", data={"a": "1"}, immutable=True), {"immutable": False}, "", [f"immutable: Forbidden: {LOCKED}"]),
    (made("ConfigMap", data={"a": "1"}, immutable=True), {"metadata.labels": {"a": "b"}}, "", []),
    (secret("Opaque", a="b"), {"type": "other"}, "", ['type: Invalid value: "other": field is immutable']),
    (made("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "a"}), {"roleRef.name": "b"},
     "", ['roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"b"}: '
          "cannot change roleRef"]),
    (made("RoleBinding", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "a"}), {"roleRef.name": ""},
     "", ["roleRef.name: Required value",
          'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":""}: '
          "cannot change roleRef"]),
    (storage_class(), {"provisioner": "other.com/p"}, "",
     ['provisioner: Invalid value: "other.com/p": field is immutable']),
    (storage_class(), {"allowVolumeExpansion": True}, "", []),
    (made("RuntimeClass", "node.k8s.io/v1", handler="h"), {"handler": "H"}, "",
     ["handler: Invalid value: \"H\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
      "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
      "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      'handler: Invalid value: "H": field is immutable']),
    (made("ResourceQuota", spec={"hard": {"pods": "1"}, "scopes": ["BestEffort"]}), {"spec.scopes": None}, "",
     ["spec.scopes: Invalid value: null: field is immutable"]),
    (volume(), {"spec.hostPath": {"path": "/other", "type": ""}}, "",
     ["spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n"
      '@@ -2,7 +2,7 @@\n  "GCEPersistentDisk": null,\n  "AWSElasticBlockStore": null,\n  "HostPath": {\n'
      '-  "Path": "/data",\n+  "Path": "/other",\n   "Type": ""\n  },\n  "Glusterfs": null,\n']),
    (volume(), {"spec.claimRef": {"name": "c"}, "spec.persistentVolumeReclaimPolicy": "Delete"}, "", []),
    (claim(), {"spec.volumeName": "v"}, "", []),
    (node(podCIDRs=["10.0.0.0/24"]), {"spec.podCIDR": "10.0.1.0/24"}, "",
     ['spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid']),
    (node(), {"spec.unschedulable": True, "spec.taints": [{"key": "a", "effect": "NoExecute"}]}, "", []),
    (made("Namespace"), {"status.phase": "Terminating"}, "status",
     ['status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty']),
    (made("PriorityClass", "scheduling.k8s.io/v1", value=1), {"value": 2}, "",
     ["value: Forbidden: may not be changed in an update."]),
    (csi_node({"name": "d.io", "nodeID": "n"}), {"spec.drivers": [{"name": "d.io", "nodeID": "m"}]}, "",
     ['spec.drivers: Invalid value: {"Name":"d.io","NodeID":"m","TopologyKeys":null,"Allocatable":null}: '
      "field is immutable"]),
    (csi_node({"name": "d.io", "nodeID": "n"}),
     {"spec.drivers": [{"name": "d.io", "nodeID": "n", "allocatable": {"count": 5}}]}, "", []),
    (attachment(), {"spec.attacher": ""}, "",
     ["spec.attacher: Required value",
      'spec: Invalid value: {"Attacher":"","Source":{"PersistentVolumeName":"pv","InlineVolumeSpec":null},'
      '"NodeName":"n"}: field is immutable']),
    (attachment(), {"status.attachError": {"message": "m" * 1025, "errorCode": -1}}, "status",
     ["status.attachError.message: Too long: may not be more than 262144 bytes",
      "status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
    (made("PersistentVolume", spec={"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "csi": CSI,
                                    "volumeAttributesClassName": "gold"}), {"spec.volumeAttributesClassName": None}, "",
     ["spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden"]),
    (made("ResourceQuota", spec={"hard": {"pods": "1"}}), {"spec.scopes": ["BestEffort"]}, "",
     ['spec.scopes: Invalid value: ["BestEffort"]: field is immutable']),
]  # fmt: skip


@pytest.mark.parametrize(("before", "changes", "subresource", "expected"), CHANGES, ids=ids_of(CHANGES))
def test_what_may_change(before: Object, changes: dict[str, Any], subresource: str, expected: list[str]) -> None:
    assert change_problems(before, changes, subresource) == expected


def test_a_claims_refused_change_is_shown_as_a_difference() -> None:
    changed = change_problems(claim(), {"spec.resources": {"requests": {"storage": "2Gi"}}})
    assert changed == [
        "spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
        "bound claims\n"
        '@@ -6,7 +6,7 @@\n  "Resources": {\n   "Limits": null,\n   "Requests": {\n-   "storage": "1Gi"\n'
        '+   "storage": "2Gi"\n   }\n  },\n  "VolumeName": "",\n'
    ]


def test_a_changed_storage_class_must_make_sense_besides() -> None:
    assert change_problems(storage_class(), {"volumeBindingMode": "Odd"}) == [
        'volumeBindingMode: Unsupported value: "Odd": supported values: "Immediate", "WaitForFirstConsumer"',
        'volumeBindingMode: Invalid value: "Odd": field is immutable',
    ]


_MODE, _HINTS = "service.kubernetes.io/topology-mode", "service.kubernetes.io/topology-aware-hints"
_OPTIONS = "volume.beta.kubernetes.io/mount-options"


@pytest.mark.parametrize(
    ("obj", "annotations", "expected"),
    [
        (service(), {_MODE: "Auto", _HINTS: "Auto"}, []),
        (
            service(),
            {_MODE: "Auto", _HINTS: "auto"},
            [
                f'metadata.annotations[{_MODE}]: Invalid value: "Auto": '
                f"must match annotations[{_HINTS}] when both are specified"
            ],
        ),
        (volume(hostPath=None, nfs={"server": "s", "path": "/p"}), {_OPTIONS: "ro"}, []),
        (
            volume(),
            {_OPTIONS: "ro"},
            [f"metadata.annotations.{_OPTIONS}: Forbidden: may not specify mount options for this volume type"],
        ),
    ],
)
def test_annotations_that_do_not_go_with_the_rest(
    obj: Object, annotations: dict[str, str], expected: list[str]
) -> None:
    spec = {key: value for key, value in obj["spec"].items() if value is not None}
    assert problems({**obj, "metadata": {"annotations": annotations}, "spec": spec}) == expected


def test_what_a_node_was_called_elsewhere_stays() -> None:
    found = change_problems(made("Node", spec={}), {"spec.externalID": "x"})
    assert found == ["spec.externalID: Forbidden: may not be updated"]
