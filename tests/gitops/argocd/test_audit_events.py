"""What is said about an Application is said each time anew, with where it goes to."""

from __future__ import annotations

from argocd_cluster import Argo, config_map
from projects import Project

from gitopslab.gitops.argocd.kinds import IN_CLUSTER, NAMESPACE
from gitopslab.machinery.objects import Object


def events(argo: Argo, reason: str) -> list[Object]:
    """The events about the Application with this reason."""
    return [event for event in argo.api.list("events", NAMESPACE) if event["reason"] == reason]


def test_the_same_outcome_twice_is_two_events(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    for _ in range(3):
        argo.sync()
    found = events(argo, "OperationCompleted")
    assert [event["count"] for event in found] == [1, 1, 1]
    assert len({event["message"] for event in found}) == 1


def test_an_event_tells_the_destination_and_who_says_it(argo: Argo, project: Project) -> None:
    project.commit({"a.yaml": config_map("a")})
    argo.application(project.url)
    argo.sync()
    (event,) = events(argo, "OperationCompleted")
    assert event["metadata"]["annotations"] == {"dest-namespace": "default", "dest-server": IN_CLUSTER}
    assert event["source"] == {"component": "argocd-application-controller"}
    assert event["involvedObject"]["uid"] == argo.get()["metadata"]["uid"]


def test_a_long_message_is_not_cut(argo: Argo, project: Project) -> None:
    name = f"{'x' * 1100}_"
    project.commit({"a.yaml": config_map(name)})
    argo.application(project.url)
    argo.sync()
    (event,) = events(argo, "OperationCompleted")
    assert name in event["message"]
