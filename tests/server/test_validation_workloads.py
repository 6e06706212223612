"""The rules of Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

import pytest
from builders import deployment, merged
from validation_tools import change_problems, ids_of, problems

from gitopslab.machinery.objects import Object

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
MISMATCH = "`selector` does not match template `labels`"
TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}
BATCH = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i:1"}]}}


def rolling(**fields: Any) -> Object:
    return {"strategy": {"type": "RollingUpdate", "rollingUpdate": fields}}


def workload(kind: str, **spec: Any) -> Object:
    base = {"selector": {"matchLabels": {"app": "x"}}, "template": TEMPLATE}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "x"}, "spec": merged(base, spec)}


def job(**spec: Any) -> Object:
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"}, "spec": {"template": BATCH, **spec}}


def cron_job(schedule: str, name: str = "x", **spec: Any) -> Object:
    fields = {"schedule": schedule, "jobTemplate": {"spec": {"template": BATCH}}, **spec}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": name}, "spec": fields}


ROWS: list[tuple[Object, list[str]]] = [
    (deployment("d"), []),
    (deployment("d", spec={"selector": {"matchLabels": {"app": "other"}}}),
     [f'spec.template.metadata.labels: Invalid value: {{"app":"d"}}: {MISMATCH}']),
    (deployment("d", spec={"selector": None}),
     ["spec.selector: Required value", f'spec.template.metadata.labels: Invalid value: {{"app":"d"}}: {MISMATCH}']),
    (deployment("d", spec={"selector": {"matchExpressions": [{"key": "app", "operator": "Is"}]}}),
     ['spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
      'spec.selector: Invalid value: {"matchLabels":{"app":"d"},"matchExpressions":[{"key":"app","operator":"Is"}]}: '
      "invalid label selector"]),
    (workload("Deployment", selector={"matchLabels": {"app": "b c"}},
              template={"metadata": {"labels": {"app": "b c"}}}),
     [f'spec.selector.matchLabels: Invalid value: "b c": {VALUE}',
      'spec.selector: Invalid value: {"matchLabels":{"app":"b c"}}: invalid label selector']),
    (workload("StatefulSet", selector={"matchLabels": {"app": "b c"}},
              template={"metadata": {"labels": {"app": "b c"}}, "spec": {"restartPolicy": "Never"}}),
     [f'spec.selector.matchLabels: Invalid value: "b c": {VALUE}',
      'spec.selector: Invalid value: {"matchLabels":{"app":"b c"}}',
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']),
    ({**deployment("d"), "spec": {**deployment("d")["spec"], "selector": {}}},
     ["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
    (deployment("d", replicas=-1), ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    (deployment("d", spec={"template": {"spec": {"restartPolicy": "Never"}}}),
     ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']),
    (deployment("d", spec={"strategy": {"type": "Recreate", "rollingUpdate": {}}}),
     ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]),
    (deployment("d", spec={"strategy": {"type": "Slowly"}}),
     ['spec.strategy: Unsupported value: {"Type":"Slowly","RollingUpdate":null}: supported values: "Recreate", '
      '"RollingUpdate"']),
    (deployment("d", spec={"strategy": {"type": "Odd", "rollingUpdate": {"maxSurge": "1%", "maxUnavailable": "2%"}}}),
     ['spec.strategy: Unsupported value: {"Type":"Odd","RollingUpdate":{"MaxUnavailable":"2%","MaxSurge":"1%"}}: '
      'supported values: "Recreate", "RollingUpdate"']),
    (deployment("d", spec=rolling(maxUnavailable=0, maxSurge=0)),
     ["spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0"]),
    (deployment("d", spec=rolling(maxUnavailable="101%")),
     ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
    (deployment("d", spec=rolling(maxSurge="many")),
     ['spec.strategy.rollingUpdate.maxSurge: Invalid value: "many": a valid percent string must be a numeric string '
      "followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"]),
    (deployment("d", spec={"minReadySeconds": 600}),
     ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"]),
    (deployment("d", spec={"template": {"metadata": {"labels": {"bad": "-"}}}}),
     ['spec.template.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric '
      "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
      "'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]),
    (workload("ReplicaSet"), []),
    (workload("ReplicaSet", selector={"matchLabels": {"app": "y"}}),
     [f'spec.template.metadata.labels: Invalid value: {{"app":"x"}}: {MISMATCH}']),
    (workload("DaemonSet"), []),
    (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": 0}}),
     ["spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]),
    (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}),
     ["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]),
    (workload("StatefulSet", serviceName="x"), []),
    (workload("StatefulSet", serviceName="A"),
     [f"spec.serviceName: Invalid value: \"A\": {LABEL}"]),
    (workload("StatefulSet", template={**TEMPLATE, "spec": {"containers": [{"name": "c"}]}}),
     ["spec.template.spec.containers[0].image: Required value"]),
    (workload("StatefulSet", updateStrategy={"type": "Odd"}),
     ['spec.updateStrategy: Invalid value: {"Type":"Odd","RollingUpdate":null}: '
      "must be 'RollingUpdate' or 'OnDelete'"]),
    (workload("StatefulSet", podManagementPolicy="Random"),
     ['spec.podManagementPolicy: Invalid value: "Random": must be \'OrderedReady\' or \'Parallel\'']),
    (workload("StatefulSet", updateStrategy={"rollingUpdate": {"partition": -1}}),
     ["spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"]),
    (job(maxFailedIndexes=1),
     ["spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
      "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode"]),
    (job(selector={"matchExpressions": [{"key": "x", "operator": "Is"}]}),
     ['spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator']),
    (job(managedBy="me"),
     ['spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")']),
    (job(podReplacementPolicy="TerminatingOrFailed",
         podFailurePolicy={"rules": [{"action": "Explode"}, {"action": "FailIndex", "onExitCodes": {
             "containerName": "z", "operator": "In", "values": [0, 4, 3]}}]}),
     ['spec.podFailurePolicy.rules[0].action: Unsupported value: "Explode": supported values: "Count", "FailIndex", '
      '"FailJob", "Ignore"',
      "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
      'spec.podFailurePolicy.rules[1].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
      'spec.podFailurePolicy.rules[1].onExitCodes.containerName: Invalid value: "z": must be one of the container or '
      "initContainer names in the pod template",
      "spec.podFailurePolicy.rules[1].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator",
      "spec.podFailurePolicy.rules[1].onExitCodes.values: Invalid value: [0,4,3]: must be ordered",
      'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"']),
    (job(completions=3, completionMode="Indexed",
         successPolicy={"rules": [
             {}, {"succeededIndexes": "0,2-1"}, {"succeededIndexes": "0-1", "succeededCount": 4}]}),
     ["spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be "
      "specified",
      'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "0,2-1": error parsing succeededIndexes: '
      "non-increasing order, previous: 2, current: 1",
      "spec.successPolicy.rules[2].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of "
      "specified completions)",
      "spec.successPolicy.rules[2].succeededCount: Invalid value: 4: must be less than or equal to 2 (the number of "
      "indexes in the specified succeededIndexes field)"]),
    (job(), []),
    (job(template={"spec": {"containers": [{"name": "c", "image": "i:1"}]}}),
     ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
    (job(parallelism=-1), ["spec.parallelism: Invalid value: -1: must be greater than or equal to 0"]),
    (job(completionMode="Indexed", parallelism=1),
     ["spec.completions: Required value: when completion mode is Indexed"]),
    (job(template={**BATCH, "metadata": {"labels": {"job-name": "other"}}}),
     ['spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"u-1",'
      '"batch.kubernetes.io/job-name":"x","controller-uid":"u-1","job-name":"other"}: must be \'x\'']),
    (cron_job("*/5 * * * *"), []),
    (cron_job("@daily", timeZone="Europe/Amsterdam"), []),
    (cron_job(""), ["spec.schedule: Required value"]),
    (cron_job("61 * * * *"),
     ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61']),
    (cron_job("* * *"), ['spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]']),
    (cron_job("a * * * *"),
     ['spec.schedule: Invalid value: "a * * * *": failed to parse int from a: strconv.Atoi: parsing "a": '
      "invalid syntax"]),
    (cron_job("TZ=UTC * * * * *"),
     ['spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field '
      "instead"]),
    (cron_job("@daily", timeZone="Mars/Base"),
     ['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']),
    (cron_job("@daily", concurrencyPolicy="Maybe"),
     ['spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", "Forbid", "Replace"']),
    (cron_job("@daily", name="x" * 53),
     [f'metadata.name: Invalid value: "{"x" * 53}": must be no more than 52 characters']),
]  # fmt: skip


@pytest.mark.parametrize(("obj", "expected"), ROWS, ids=ids_of(ROWS))
def test_a_workload_is_refused_in_the_apis_words(obj: Object, expected: list[str]) -> None:
    assert problems(obj) == expected


IMMUTABLE = 'spec.selector: Invalid value: {"matchLabels":{"app":"y"}}: field is immutable'
RELABELLED = {"spec.selector": {"matchLabels": {"app": "y"}}, "spec.template.metadata.labels": {"app": "y"}}
STATEFUL = (
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' "
    "are forbidden"
)
CHANGES: list[tuple[Object, dict[str, Any], str, list[str]]] = [
    (deployment("d"), {"spec.replicas": 5}, "", []),
    (deployment("d"), RELABELLED, "", [IMMUTABLE]),
    (workload("ReplicaSet"), RELABELLED, "", [IMMUTABLE]),
    (workload("DaemonSet"), RELABELLED, "", [IMMUTABLE]),
    (workload("DaemonSet"), {**RELABELLED, "spec.minReadySeconds": -1}, "",
     [IMMUTABLE, "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
    (workload("StatefulSet"), {"spec.replicas": 5, "spec.minReadySeconds": 3}, "", []),
    (workload("StatefulSet"), {"spec.serviceName": "other"}, "", [STATEFUL]),
    (job(), {"spec.parallelism": 3, "spec.suspend": True}, "", []),
    (job(completionMode="Indexed", completions=3), {"spec.successPolicy": {"rules": [{"succeededCount": 1}]}}, "",
     ['spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: field is '
      "immutable"]),
    (job(podReplacementPolicy="Failed"), {"spec.podFailurePolicy": {"rules": []}}, "",
     ['spec.podFailurePolicy: Invalid value: {"Rules":[]}: field is immutable']),
    (job(), {"spec.completions": 3}, "", ["spec.completions: Invalid value: 3: field is immutable"]),
    (deployment("d"), {"status.replicas": 1, "status.readyReplicas": 2}, "status",
     ["status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"]),
    (workload("ReplicaSet"), {"status.availableReplicas": -1}, "status",
     ["status.availableReplicas: Invalid value: -1: must be greater than or equal to 0"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "changes", "subresource", "expected"), CHANGES, ids=ids_of(CHANGES))
def test_what_may_change_in_a_workload(
    before: Object, changes: dict[str, Any], subresource: str, expected: list[str]
) -> None:
    assert change_problems(before, changes, subresource) == expected


def test_a_selector_is_shown_in_the_order_of_its_fields() -> None:
    kept = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]}
    before = workload("ReplicaSet")
    before["spec"]["selector"] = kept
    (told,) = change_problems(before, {"spec.selector": {**kept, "matchLabels": {"app": "x"}}})
    assert told.startswith('spec.selector: Invalid value: {"matchLabels":{"app":"x"},"matchExpressions":[{"key":"app",')


def test_a_jobs_template_stays() -> None:
    (problem,) = change_problems(job(), {"spec.template.spec.containers.0.image": "other"})
    assert problem.startswith('spec.template: Invalid value: {"labels":{')
    assert '"Image":"other","Command":null' in problem
    assert problem.endswith(": field is immutable")


def test_where_a_suspended_jobs_pods_go_may_still_change() -> None:
    changes = {"spec.template.spec.nodeSelector": {"disk": "ssd"}}
    assert change_problems(job(suspend=True), changes) == []
    assert len(change_problems(job(), changes)) == 1
