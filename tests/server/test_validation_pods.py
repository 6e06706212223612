"""The rules of pods, with the API's own words."""

from __future__ import annotations

from typing import Any

import pytest
from builders import pod
from validation_tools import NAME, change_problems, ids_of, problems, ready, resource_of

from gitopslab.controlplane.server.local import LocalApi
from gitopslab.controlplane.server.validation import validate
from gitopslab.errors import InvalidError
from gitopslab.machinery.objects import Object


def container(**fields: Any) -> Object:
    return {"name": "c", "image": "nginx:1", **fields}


def with_container(**fields: Any) -> Object:
    return pod("p", spec={"serviceAccountName": "default", "containers": [container(**fields)]})


def with_spec(**fields: Any) -> Object:
    return pod("p", spec={"serviceAccountName": "default", **fields})


C = "spec.containers[0]"
PROCESS = {"windowsOptions": {"hostProcess": True}}
NO_HOST_NETWORK = (
    "spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers"
)
NOT_ALL_PROCESSES = (
    'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be '
    "HostProcess containers"
)


PODS = [
    (with_spec(), []),
    (with_spec(containers=[]), ["spec.containers: Required value"]),
    (with_container(name=""), [f"{C}.name: Required value"]),
    (with_container(name="Web"), [f'{C}.name: Invalid value: "Web": {NAME}']),
    (with_container(name="a.b"), [f'{C}.name: Invalid value: "a.b": must not contain dots']),
    (with_container(image=""), [f"{C}.image: Required value"]),
    (with_container(image=" nginx"),
     [f'{C}.image: Invalid value: " nginx": must not have leading or trailing whitespace']),
    (with_spec(containers=[container(), container()]), ['spec.containers[1].name: Duplicate value: "c"']),
    (with_spec(initContainers=[container()]), ['spec.initContainers[0].name: Duplicate value: "c"']),
    (with_spec(initContainers=[container(name="i", lifecycle={"preStop": {"sleep": {"seconds": 1}}})]),
     ["spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without "
      "restartPolicy=Always"]),
    (with_container(imagePullPolicy="Sometimes"),
     [f'{C}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"']),
    (with_container(ports=[{"containerPort": 99999}]),
     [f"{C}.ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive"]),
    (with_container(ports=[{}]), [f"{C}.ports[0].containerPort: Required value"]),
    (with_spec(securityContext=PROCESS, containers=[container()]), [NO_HOST_NETWORK]),
    (with_spec(hostNetwork=True, securityContext=PROCESS, containers=[container()]), []),
    (with_spec(hostNetwork=True, containers=[container(securityContext=PROCESS), container(name="d")]),
     [NOT_ALL_PROCESSES]),
    (with_spec(hostNetwork=True, securityContext=PROCESS,
               containers=[container(securityContext={"windowsOptions": {"hostProcess": False}})]),
     [f"{C}.securityContext.windowsOptions.hostProcess: Invalid value: false: "
      "pod hostProcess value must be identical if both are specified, was true"]),
    (with_container(ports=[{"containerPort": 1, "protocol": "XYZ"}]),
     [f'{C}.ports[0].protocol: Unsupported value: "XYZ": supported values: "SCTP", "TCP", "UDP"']),
    (with_container(ports=[{"containerPort": 1, "name": "Bad_Name"}]),
     [f'{C}.ports[0].name: Invalid value: "Bad_Name": must contain only alpha-numeric characters (a-z, 0-9), '
      "and hyphens (-)"]),
    (with_container(ports=[{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]),
     [f'{C}.ports[1].name: Duplicate value: "a"']),
    (with_container(ports=[{"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 80}]),
     [f'{C}.ports[1].hostPort: Duplicate value: "TCP//80"']),
    (with_container(env=[{"name": ""}]), [f"{C}.env[0].name: Required value"]),
    (with_container(env=[{"name": "a=b"}]),
     [f'{C}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable '
      "ASCII characters other than '='"]),
    (with_container(env=[{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]),
     [f'{C}.env[0].valueFrom: Invalid value: "": may not be specified when `value` is not empty']),
    (with_container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.bogus"}}}]),
     [f'{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.bogus": error converting fieldPath: '
      "field label not supported: spec.bogus"]),
    (with_container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}]),
     [f"{C}.env[0].valueFrom.secretKeyRef.key: Required value"]),
    (with_container(envFrom=[{}]),
     [f'{C}.envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']),
    (with_container(volumeMounts=[{"name": "data", "mountPath": "/d"}]),
     [f'{C}.volumeMounts[0].name: Not found: "data"']),
    (with_container(resources={"limits": {"cpu": "100m"}, "requests": {"cpu": "1"}}),
     [f'{C}.resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 100m']),
    (with_container(resources={"requests": {"cpu": "-1"}}),
     [f'{C}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0']),
    (with_container(resources={"requests": {"gpu": "1"}}),
     [f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      f'{C}.resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers']),
    (with_container(resources={"requests": {"nvidia.com/gpu": "1"}}),
     [f"{C}.resources.limits: Required value: Limit must be set for non overcommitable resources"]),
    (with_container(livenessProbe={}), [f"{C}.livenessProbe: Required value: must specify a handler type"]),
    (with_container(livenessProbe={"httpGet": {"port": 80}, "exec": {"command": ["a"]}}),
     [f"{C}.livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type"]),
    (with_container(livenessProbe={"tcpSocket": {"port": 0}}),
     [f"{C}.livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    (with_container(livenessProbe={"exec": {}}), [f"{C}.livenessProbe.exec.command: Required value"]),
    (with_container(livenessProbe={"exec": {"command": ["a"]}, "successThreshold": 2}),
     [f"{C}.livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
    (with_container(readinessProbe={"exec": {"command": ["a"]}, "periodSeconds": -1}),
     [f"{C}.readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0"]),
    (with_container(securityContext={"runAsUser": -1}),
     [f"{C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
    (with_spec(restartPolicy="Sometimes"),
     ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"']),
    (with_spec(nodeSelector={"a b": "c"}),
     ['spec.nodeSelector: Invalid value: "a b": name part must consist of alphanumeric characters, \'-\', \'_\' or '
      "'.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
      "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"]),
    (with_spec(tolerations=[{"key": "a", "operator": "Exists", "value": "b"}]),
     ['spec.tolerations[0].operator: Invalid value: "b": value must be empty when `operator` is \'Exists\'']),
    (with_spec(tolerations=[{"key": "a", "operator": "Gt", "value": "5"}]),
     ['spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"']),
    (with_spec(tolerations=[{"key": "a", "operator": "Odd"}]),
     ['spec.tolerations[0].operator: Unsupported value: "Odd": supported values: "Equal", "Exists"']),
    (with_spec(tolerations=[{"key": "a", "effect": "Nope"}]),
     ['spec.tolerations[0].effect: Unsupported value: "Nope": supported values: "NoSchedule", "PreferNoSchedule", '
      '"NoExecute"']),
    (with_spec(topologySpreadConstraints=[{"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "Maybe"}]),
     ["spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
      'spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: "Maybe": supported values: '
      '"DoNotSchedule", "ScheduleAnyway"']),
    (with_spec(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}),
     ["spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: "
      "must have at least one node selector term"]),
    (with_spec(affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z"}]}}),
     []),
    (with_container(restartPolicyRules=[{"action": "Odd", "exitCodes": {"operator": "Is"}}]),
     [f"{C}.restartPolicy: Required value: must specify restartPolicy when restart rules are used",
      f'{C}.restartPolicyRules[0].action: Unsupported value: "Odd": supported values: "Restart", '
      '"RestartAllContainers"',
      f'{C}.restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"']),
    (with_container(env=[{"name": "A", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "p", "key": "k"}}}]),
     [f'{C}.env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"']),
    (with_container(env=[{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v2", "fieldPath": "spec.x"}}}]),
     [f'{C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: unsupported pod '
      "version: v2"]),
    (with_spec(securityContext={"seLinuxChangePolicy": "MountOption"}),
     ['spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"']),
    (with_spec(volumes=[{"name": "v", "fc": {}}]),
     ["spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both"]),
    (with_spec(volumes=[{"name": "v", "iscsi": {"targetPortal": "a", "iqn": "iqn.2001-04.com.example:a", "lun": 256}}]),
     ["spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive"]),
    (with_spec(os={"name": "plan9"}), ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"']),
    (with_spec(os={"name": "windows"}, hostPID=True, securityContext={"fsGroup": 5}),
     ["spec.hostPID: Forbidden: cannot be set for a windows pod",
      "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod"]),
    (with_spec(os={"name": "linux"}, securityContext={"windowsOptions": {"runAsUserName": "me"}}),
     ["spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"]),
    (with_spec(securityContext={"windowsOptions": {"runAsUserName": "a/b"}}),
     ['spec.securityContext.windowsOptions.runAsUserName: Invalid value: "a/b": runAsUserName\'s User cannot contain '
      'the following characters: "/\\:;|=,+*?<>@[]']),
    (with_spec(securityContext={"windowsOptions": {"runAsUserName": "NT AUTHORITY\\SYSTEM"}}), []),
    (with_spec(resourceClaims=[{"name": "a"}, {"name": "a", "resourceClaimName": "x"}]),
     ['spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: '
      "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
      'spec.resourceClaims[1].name: Duplicate value: "a"']),
    (with_container(resources={"claims": [{"name": "x"}]}),
     [f'{C}.resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty']),
    (with_spec(dnsConfig={"searches": [".", "_a.b.", "a b"]}),
     ['spec.dnsConfig.searches[2]: Invalid value: "a b": a lowercase RFC 1123 subdomain must consist of lower case '
      "alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. "
      "'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
      "(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')"]),
    (with_spec(volumes=[{"name": "v", "image": {"pullPolicy": "Always"}}]),
     ["spec.volumes[0].image.reference: Required value"]),
    (with_container(resources={"requests": {"cpu": "1"}, "limits": {"cpu": "1", "hugepages-2Mi": "3Mi"}}),
     [f'{C}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of '
      "hugepages-2Mi",
      f'{C}.resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of '
      "hugepages-2Mi"]),
    (with_spec(resources={"requests": {"cpu": "1", "ephemeral-storage": "1"}}),
     ['spec.resources.requests[ephemeral-storage]: Unsupported value: "ephemeral-storage": supported values: "cpu", '
      '"hugepages-", "memory"']),
    (with_spec(activeDeadlineSeconds=0),
     ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"]),
    (with_spec(dnsPolicy="None"),
     ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
    (with_spec(hostAliases=[{"ip": "1.2.3"}]),
     ['spec.hostAliases[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or '
      "2001:db8::ffff)"]),
    (with_spec(schedulingGates=[{"name": "a"}, {"name": "a"}]),
     ['spec.schedulingGates[1]: Duplicate value: "a"']),
    (with_spec(schedulingGates=[{"name": "a"}], nodeName="n"),
     ["spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"]),
    (with_spec(ephemeralContainers=[container(name="d")]),
     ["spec.ephemeralContainers: Forbidden: cannot be set on create"]),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), PODS, ids=ids_of(PODS))
def test_a_pod_is_refused_in_the_apis_words(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected


V = "spec.volumes[0]"


VOLUMES = [
    ([{"emptyDir": {}}], [f"{V}.name: Required value"]),
    ([{"name": "a"}, {"name": "a"}], ['spec.volumes[1].name: Duplicate value: "a"']),
    ([{"name": "a", "emptyDir": {}, "hostPath": {"path": "/x"}}],
     [f"{V}.hostPath: Forbidden: may not specify more than 1 volume type"]),
    ([{"name": "a", "hostPath": {"path": "/a/../b"}}],
     [f'{V}.hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']),
    ([{"name": "a", "configMap": {}}], [f"{V}.configMap.name: Required value"]),
    ([{"name": "a", "secret": {"secretName": "s", "defaultMode": 512}}],
     [f"{V}.secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"]),
    ([{"name": "a", "configMap": {"name": "c", "items": [{"key": "k", "path": "/abs"}]}}],
     [f'{V}.configMap.items[0].path: Invalid value: "/abs": must be a relative path']),
    ([{"name": "a", "persistentVolumeClaim": {}}], [f"{V}.persistentVolumeClaim.claimName: Required value"]),
    ([{"name": "a", "nfs": {"server": "s", "path": "rel"}}],
     [f'{V}.nfs.path: Invalid value: "rel": must be an absolute path']),
    ([{"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 5}}]}}],
     [f"{V}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 5: "
      "may not specify a duration less than 10 minutes"]),
    ([{"name": "a", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}}],
     [f"{V}.ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value"]),
    ([{"name": "a", "downwardAPI": {"items": [{"path": "x"}]}}],
     [f"{V}.downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]),
]  # fmt: skip


@pytest.mark.parametrize(("volumes", "expected"), VOLUMES, ids=ids_of(VOLUMES))
def test_a_volume_is_refused_in_the_apis_words(volumes: list[Object], expected: list[str]) -> None:
    assert problems(with_spec(volumes=volumes)) == expected


def test_an_image_may_change_and_little_else() -> None:
    assert change_problems(with_spec(), {"spec.containers.0.image": "nginx:2"}) == []
    (refusal,) = change_problems(with_spec(), {"spec.containers.0.command": ["sh"]})
    first, *difference = refusal.split("\n")
    assert first == (
        "spec: Forbidden: pod updates may not change fields other than "
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
    )
    assert difference[1:8] == [
        "   {", '    "Name": "c",', '    "Image": "nginx:1.27",', '-   "Command": null,', '+   "Command": [',
        '+    "sh"', "+   ],",
    ]  # fmt: skip


CHANGES = [
    (with_spec(), {"spec.containers": [container(), container(name="d")]},
     ["spec.containers: Forbidden: pod updates may not add or remove containers"]),
    (with_spec(tolerations=[{"key": "a"}]), {"spec.tolerations": [{"key": "a"}, {"key": "b"}]}, []),
    (with_spec(tolerations=[{"key": "a"}]), {"spec.tolerations": [{"key": "b"}]},
     ["spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds"]),
    (with_spec(activeDeadlineSeconds=10), {"spec.activeDeadlineSeconds": 5}, []),
    (with_spec(activeDeadlineSeconds=10), {"spec.activeDeadlineSeconds": 15},
     ["spec.activeDeadlineSeconds: Invalid value: 15: must be less than or equal to previous value"]),
    (with_spec(activeDeadlineSeconds=10), {"spec.activeDeadlineSeconds": None},
     ["spec.activeDeadlineSeconds: Invalid value: null: must not update from a positive integer to nil value"]),
    (with_spec(schedulingGates=[{"name": "a"}]), {"spec.schedulingGates": [], "spec.nodeSelector": {"a": "b"}}, []),
    (with_spec(), {"spec.schedulingGates": [{"name": "a"}]},
     ["spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'a'"]),
    (with_spec(), {"metadata.labels": {"a": "b"}}, []),
    (with_spec(), {"metadata.annotations": {"controller.kubernetes.io/pod-deletion-cost": "-5"}}, []),
    (with_spec(), {"metadata.annotations": {"controller.kubernetes.io/pod-deletion-cost": "low"}},
     ["metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: "
      'Invalid value: "low": must be a 32bit integer']),
]  # fmt: skip


@pytest.mark.parametrize(("before", "changes", "expected"), CHANGES, ids=ids_of(CHANGES))
def test_what_may_change_in_a_pod(before: Object, changes: dict[str, Any], expected: list[str]) -> None:
    assert change_problems(before, changes) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"hostUsers": False, "hostNetwork": True}, ["spec.hostNetwork: Forbidden: when `hostUsers` is false"]),
        ({"hostUsers": False, "hostPID": True}, ["spec.HostPID: Forbidden: when `hostUsers` is false"]),
        ({"hostUsers": True, "hostNetwork": True}, []),
        ({"hostnameOverride": "db.example"}, []),
        (
            {"hostnameOverride": "db", "hostNetwork": True},
            ["spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true"],
        ),
    ],
)
def test_what_a_pod_may_share_with_its_node(fields: dict[str, Any], expected: list[str]) -> None:
    assert problems(with_spec(**fields)) == expected


_BOUND = with_container(resources={"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}})
RESIZES = [
    (_BOUND, {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"memory": "2Gi"}}, []),
    (_BOUND, {"requests": {"memory": "1Gi"}},
     ["spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
      "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed"]),
    (_BOUND, {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
     ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing']),
    (with_spec(), {"requests": {"cpu": "100m"}},
     ['spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing']),
]  # fmt: skip


@pytest.mark.parametrize(("before", "wished", "expected"), RESIZES, ids=ids_of(RESIZES))
def test_a_resize_keeps_what_a_pod_is_promised(before: Object, wished: Object, expected: list[str]) -> None:
    assert change_problems(before, {"spec.containers.0.resources": wished}, "resize") == expected


def test_a_container_that_ended_for_good_does_not_come_back() -> None:
    ended = {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 0}}}]}
    before = with_spec(restartPolicy="Never")
    running = {"containerStatuses": [{"name": "c", "state": {"running": {}}}]}
    old = ready(before)
    old["status"].update(ended)
    new = {**old, "status": {**old["status"], **running}}
    (cause,) = validate(resource_of(old), new, old, "status")
    assert cause == (
        "status.containerStatuses[0].state",
        "FieldValueForbidden",
        "Forbidden: may not be transitioned to non-terminated state",
    )


def test_quality_of_service_is_not_a_status_anybody_sets() -> None:
    assert change_problems(with_spec(), {"status.qosClass": "Guaranteed"}, "status") == [
        'status.qosClass: Invalid value: "Guaranteed": field is immutable'
    ]


def test_a_kubelet_that_shows_no_resources_cannot_resize(api: LocalApi) -> None:
    api.create(pod("p"))
    running: Object = {"name": "c", "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}
    api.patch("pods", "p", {"status": {"containerStatuses": [running]}}, "default", subresource="status")
    with pytest.raises(InvalidError, match="spec: Forbidden: Pod running on node without support for resize"):
        api.patch("pods", "p", {"metadata": {}}, "default", subresource="resize")
    running["resources"] = {}
    api.patch("pods", "p", {"status": {"containerStatuses": [running]}}, "default", subresource="status")
    assert api.patch("pods", "p", {"metadata": {}}, "default", subresource="resize")


def test_a_resize_is_of_the_containers_that_are_there(api: LocalApi) -> None:
    api.create(pod("p"))
    (container,) = api.get("pods", "p", "default")["spec"]["containers"]
    other = {"spec": {"containers": [{"name": "other", "image": "x"}, container]}}
    with pytest.raises(InvalidError, match=r"spec\.containers: Forbidden: containers may not be added or removed"):
        api.patch("pods", "p", other, "default", subresource="resize")
    renamed = {"spec": {"containers": [{**container, "name": "other"}]}}
    with pytest.raises(InvalidError, match=r"spec\.containers\[0\]\.name: Forbidden: containers may not be renamed"):
        api.patch("pods", "p", renamed, "default", subresource="resize", type="merge")


def test_a_node_is_not_nominated_for_a_pod_that_has_one(api: LocalApi) -> None:
    api.create(pod("p", spec={"nodeName": "n1"}))
    with pytest.raises(InvalidError, match="may not be set on pods that are already bound to a node"):
        api.patch("pods", "p", {"status": {"nominatedNodeName": "n2"}}, "default", subresource="status")


def test_a_debugger_that_is_there_stays_and_the_difference_is_told() -> None:
    debugger = container(name="d", image="busybox")
    before = with_spec(ephemeralContainers=[debugger])
    (refusal,) = change_problems(before, {"spec.ephemeralContainers.0.image": "other"}, "ephemeralcontainers")
    assert 'existing ephemeral containers "d" may not be changed\n@@ -' in refusal
    assert '- "Image": "busybox",\n+ "Image": "other",' in refusal


_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP = "container.seccomp.security.alpha.kubernetes.io/"


def annotated(annotations: dict[str, str], **security: Any) -> Object:
    made = with_container(securityContext=security)
    made["metadata"]["annotations"] = annotations
    return made


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (annotated({f"{_ARMOR}c": "unconfined", f"{_SECCOMP}c": "docker/default"}), []),
        (
            annotated({f"{_ARMOR}other": "odd"}),
            [
                f'metadata.annotations[{_ARMOR}other]: Invalid value: "other": container not found',
                f'metadata.annotations[{_ARMOR}other]: Invalid value: "odd": invalid AppArmor profile name: "odd"',
            ],
        ),
        (
            annotated({f"{_SECCOMP}c": "odd"}),
            [f'metadata.annotations.{_SECCOMP}c: Invalid value: "odd": must be a valid seccomp profile'],
        ),
        (
            annotated({f"{_SECCOMP}c": "localhost//a/../b"}),
            [
                f'metadata.annotations.{_SECCOMP}c: Invalid value: "/a/../b": must be a relative path',
                f"metadata.annotations.{_SECCOMP}c: Invalid value: \"/a/../b\": must not contain '..'",
            ],
        ),
        (
            annotated({f"{_ARMOR}c": "unconfined"}, appArmorProfile={"type": "RuntimeDefault"}),
            [f"{C}.securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match"],
        ),
        (
            annotated({f"{_ARMOR}c": "localhost/a"}, appArmorProfile={"type": "Localhost", "localhostProfile": "b"}),
            [
                f"{C}.securityContext.appArmorProfile.localhostProfile: Forbidden: "
                "apparmor profile in annotation and field must match"
            ],
        ),
        (
            annotated({f"{_SECCOMP}c": "unconfined"}, seccompProfile={"type": "RuntimeDefault"}),
            [f"{C}.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match"],
        ),
    ],
)
def test_annotations_of_profiles(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected


def test_a_profile_in_an_annotation_becomes_a_field_and_stays(api: LocalApi) -> None:
    made = api.create(annotated({f"{_ARMOR}c": "localhost/mine"}))
    field = {"type": "Localhost", "localhostProfile": "mine"}
    assert made["spec"]["containers"][0]["securityContext"]["appArmorProfile"] == field
    path = f"metadata.annotations[{_ARMOR}c]"
    assert change_problems(made, {"metadata.annotations": {}}) == [
        f"{path}: Forbidden: may not remove or update AppArmor annotations"
    ]
    plain = with_container()
    plain["metadata"]["annotations"] = {}
    assert change_problems(plain, {"metadata.annotations": {f"{_ARMOR}c": "unconfined"}}) == [
        f"{path}: Forbidden: may not add AppArmor annotations"
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}}, []),
        (
            {"resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": "800m"}}},
            [
                'spec.resources.requests[cpu]: Invalid value: "500m": '
                "must be greater than or equal to aggregate container requests of 1",
                'spec.resources.containers[0][cpu].limits: Invalid value: "1": '
                "must be less than or equal to pod limits of 800m",
            ],
        ),
        (
            {"resources": {"claims": []}},
            ["spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level"],
        ),
        (
            {"resources": {}, "os": {"name": "windows"}},
            ["spec.resources: Forbidden: may not be set for a windows pod"],
        ),
    ],
)
def test_a_pod_asks_for_no_less_than_its_containers(fields: Object, expected: list[str]) -> None:
    amounts = {"requests": {"cpu": "1"}, "limits": {"cpu": "1"}}
    assert problems(with_spec(containers=[container(resources=amounts)], **fields)) == expected


_AFFINITY = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
_LINE = {"key": "a", "operator": "Exists"}


def narrowed(*terms: Object) -> Object:
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}}


def gated(**fields: Any) -> Object:
    return with_spec(schedulingGates=[{"name": "g"}], **fields)


ONE = narrowed({"matchExpressions": [_LINE]})
WRONG = "only additions are allowed (no mutations or deletions)"


@pytest.mark.parametrize(
    ("before", "affinity", "expected"),
    [
        (gated(), ONE, []),
        (gated(affinity=ONE), narrowed({"matchExpressions": [_LINE, {"key": "b", "operator": "Exists"}]}), []),
        (
            gated(affinity=ONE),
            None,
            [
                f"{_AFFINITY}: Invalid value: null: "
                "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
            ],
        ),
        (
            gated(affinity=ONE),
            narrowed({"matchExpressions": [{"key": "b", "operator": "Exists"}]}),
            [
                f'{_AFFINITY}[0]: Invalid value: {{"MatchExpressions":'
                f'[{{"Key":"b","Operator":"Exists","Values":null}}],"MatchFields":null}}: {WRONG}'
            ],
        ),
    ],
)
def test_where_a_gated_pod_may_run_is_only_narrowed(
    before: Object, affinity: Object | None, expected: list[str]
) -> None:
    assert change_problems(before, {"spec.affinity": affinity}) == expected


def test_a_policy_of_resizing_names_both() -> None:
    assert problems(with_container(resizePolicy=[{"resourceName": "cpu"}])) == [f"{C}.resizePolicy: Required value"]
