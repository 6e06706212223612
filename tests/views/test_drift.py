"""Git against live, field by field: what differs, who set it, and what the two tools make of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from delivery_samples import ARGO_PLACE, FLUX_PLACE, NEW, Delivered

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import Drift, Known, Row, drift
from gitopslab.views.reconciler import live_objects, reconciler

HEALS = {"prune": True, "selfHeal": True}


@pytest.fixture
def shop() -> Iterator[Delivered]:
    made = Delivered()
    yield made
    made.lab.plane.close()


def of_flux(shop: Delivered, git: list[Object] | None = None, *, commit: str = NEW, **spec: object) -> Drift:
    objects = shop.objects(shop.source(), shop.kustomization(spec))
    found = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert found is not None
    return drift(found, shop.git(FLUX_PLACE) if git is None else git, live_objects(objects), commit)


def of_argo(shop: Delivered, git: list[Object] | None = None, automated: Object | None = None) -> Drift:
    objects = shop.objects(shop.application(automated))
    found = reconciler(objects, "Application", "argocd", "shop")
    assert found is not None
    return drift(found, shop.git(ARGO_PLACE) if git is None else git, live_objects(objects), NEW)


def differences(found: Drift) -> list[Row]:
    return [row for each in found.objects for row in each.differences]


def test_what_was_just_applied_does_not_differ(shop: Delivered) -> None:
    for found in (of_flux(shop), of_argo(shop)):
        assert differences(found) == []
        assert (found.sentence, found.state) == ("The cluster is as Git says.", "ready")


def test_every_field_of_git_has_its_owner(shop: Delivered) -> None:
    (web,) = [each for each in of_flux(shop).objects if each.kind == "Deployment"]
    owners = {row.path: row.owners for row in web.rows}
    assert owners["spec.replicas"] == ("kustomize-controller",)
    assert owners["spec.template.spec.containers[name=c].image"] == ("kustomize-controller",)
    assert "spec.template.spec.containers[name=c].terminationMessagePath" not in owners, "defaults are in no manifest"


def test_a_scaled_deployment_differs_in_one_field_that_kubectl_owns(shop: Delivered) -> None:
    shop.scale(FLUX_PLACE, 5)
    (row,) = differences(of_flux(shop))
    assert (row.path, row.state, row.git, row.live, row.owners) == (
        "spec.replicas", "differs", "2", "5", ("kubectl (scale)",),
    )  # fmt: skip
    assert (row.fate, row.why) == ("back", "at its next reconcile, within 10m0s")


def test_a_suspended_kustomization_leaves_it(shop: Delivered) -> None:
    shop.scale(FLUX_PLACE, 5)
    (row,) = differences(of_flux(shop, suspend=True))
    assert (row.fate, row.why) == ("stays", "it is suspended")


@pytest.mark.parametrize(
    ("automated", "fate", "why"),
    [
        (None, "stays", "syncs are manual"),
        ({"prune": True}, "stays", "selfHeal is off"),
        (HEALS, "back", "at once (selfHeal is on)"),
    ],
    ids=["manual", "automated", "heals"],
)
def test_argo_cd_puts_it_back_only_when_told_to(shop: Delivered, automated: Object | None, fate: str, why: str) -> None:
    shop.scale(ARGO_PLACE, 5)
    (row,) = differences(of_argo(shop, automated=automated))
    assert (row.fate, row.why) == (fate, why)


def test_a_label_that_kubectl_added_is_drift_for_flux_and_none_of_argo_cds_business(shop: Delivered) -> None:
    for place in (FLUX_PLACE, ARGO_PLACE):
        change = {"kind": "ConfigMap", "metadata": {"name": "words", "namespace": place, "labels": {"mine": "yes"}}}
        shop.write("kubectl-label", change)
    (flux,), (argo,) = differences(of_flux(shop)), differences(of_argo(shop, automated=HEALS))
    assert (flux.path, flux.state, flux.fate) == ("metadata.labels.mine", "extra", "removed")
    assert flux.why == "Flux takes over what kubectl-label set, at its next reconcile, within 10m0s"
    assert (argo.fate, argo.owners) == ("left", ("kubectl-label",))
    assert of_argo(shop, automated=HEALS).sentence == "The cluster is as Git says."


def test_what_an_operator_added_stays_with_both(shop: Delivered) -> None:
    for place in (FLUX_PLACE, ARGO_PLACE):
        change = {"kind": "ConfigMap", "metadata": {"name": "words", "namespace": place}, "data": {"more": "1"}}
        shop.write("my-operator", change)
    assert [row.fate for row in differences(of_flux(shop)) + differences(of_argo(shop, automated=HEALS))] == [
        "left"
    ] * 2


def test_what_is_to_be_ignored_is_left_alone(shop: Delivered) -> None:
    for place in (FLUX_PLACE, ARGO_PLACE):
        shop.scale(place, 5)
    target = {"kind": "Deployment"}
    (flux,) = differences(of_flux(shop, ignore=[{"paths": ["/spec/replicas"], "target": target}]))
    assert (flux.fate, flux.why) == ("left", "spec.ignore names it")
    rules = [
        {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]},
        {"group": "apps", "kind": "Deployment", "managedFieldsManagers": ["kubectl"]},
    ]
    for rule in rules:
        objects = shop.objects(shop.application(HEALS))
        objects["applications.argoproj.io"][0]["spec"]["ignoreDifferences"] = [rule]
        one = reconciler(objects, "Application", "argocd", "shop")
        assert one is not None
        found = drift(one, shop.git(ARGO_PLACE), live_objects(objects), NEW)
        assert [(row.path, row.fate) for row in differences(found)] == [("spec.replicas", "left")]


def test_a_field_that_left_git_is_removed_by_both(shop: Delivered) -> None:
    for found in (
        of_flux(shop, _without_greeting(shop.git(FLUX_PLACE))),
        of_argo(shop, _without_greeting(shop.git(ARGO_PLACE)), HEALS),
    ):
        (row,) = differences(found)
        assert (row.path, row.state, row.fate) == ("data.greeting", "extra", "removed")


def test_flux_owns_none_of_what_fills_the_empty_structs_it_writes(shop: Delivered) -> None:
    web = next(obj for obj in shop.git(FLUX_PLACE) if obj["kind"] == "Deployment")
    container = {**web["spec"]["template"]["spec"]["containers"][0], "resources": {}}
    template = {**web["spec"]["template"], "spec": {"containers": [container]}}
    spec = {**web["spec"], "strategy": {}, "template": template}
    shop.write("kustomize-controller", {**web, "spec": spec}, type="apply")
    assert differences(of_flux(shop)) == []
    quick = {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 3}}}}
    shop.write("kubectl-patch", {**web, **quick}, type="strategic")
    assert [row.path for row in differences(of_flux(shop))] == ["spec.strategy.rollingUpdate.maxSurge"]


def test_an_object_that_is_gone_is_made_again(shop: Delivered) -> None:
    shop.lab.api.delete("configmaps", "words", FLUX_PLACE)
    (row,) = differences(of_flux(shop))
    assert (row.path, row.state, row.fate) == ("", "missing", "back")


def test_an_object_that_left_git_is_pruned_or_not(shop: Delivered) -> None:
    kept = shop.git(FLUX_PLACE)[1:]
    assert [row.fate for row in differences(of_flux(shop, kept))] == ["removed"]
    assert [row.fate for row in differences(of_flux(shop, kept, prune=False))] == ["stays"]


def test_a_commit_that_is_not_there_yet_is_no_drift(shop: Delivered) -> None:
    git = shop.git(FLUX_PLACE)
    git[1]["spec"]["replicas"] = 4
    found = of_flux(shop, git, commit="f" * 40)
    assert [row.fate for row in differences(found)] == ["coming"]
    assert found.sentence == "1 field of 1 object differs: commit ffffffff is not there yet."
    assert found.state == "running"


def test_amounts_are_compared_as_amounts(shop: Delivered) -> None:
    git = shop.git(FLUX_PLACE)
    container = git[1]["spec"]["template"]["spec"]["containers"][0]
    container["resources"] = {"requests": {"cpu": "1000m"}}
    shop.write("kustomize-controller", git[1], type="apply")
    container["resources"] = {"requests": {"cpu": 1}}
    assert differences(of_flux(shop, git)) == []


def test_the_values_of_a_secret_are_not_shown(shop: Delivered) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key", "namespace": FLUX_PLACE}}
    shop.as_manager("kustomize-controller").create({**secret, "data": {"key": "b2xk"}})
    objects = shop.objects(shop.source(), shop.kustomization())
    objects["secrets"] = [shop.lab.api.get("secrets", "key", FLUX_PLACE)]
    found = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert found is not None
    told = drift(found, [*shop.git(FLUX_PLACE), {**secret, "stringData": {"key": "new"}}], live_objects(objects), NEW)
    (row,) = differences(told)
    assert (row.path, row.git, row.live) == ("data.key", "***", "***")


def test_why_git_cannot_be_read_is_told(shop: Delivered) -> None:
    objects = shop.objects(shop.source(), shop.kustomization())
    found = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert found is not None
    told = drift(found, [], {}, "", "repository not found")
    assert (told.sentence, told.state) == ("Git cannot be compared: repository not found", "failed")


def _without_greeting(git: list[Object]) -> list[Object]:
    git[0]["data"] = {}
    return git


def test_what_is_applied_and_not_yet_healthy_is_there(shop: Delivered) -> None:
    shop.scale(FLUX_PLACE, 5)
    ready = {"type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": "health check failed"}
    failing = shop.kustomization({"wait": True}, lastAppliedRevision="main@sha1:" + "0" * 40, conditions=[ready])
    objects = shop.objects(shop.source(), failing)
    found = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert found is not None
    (row,) = differences(drift(found, shop.git(FLUX_PLACE), live_objects(objects), NEW))
    assert row.fate == "back", "it drifted; no commit is on its way"


def test_what_is_known_is_compared_again_when_a_side_changes(shop: Delivered) -> None:
    known, git = Known(), shop.git(FLUX_PLACE)

    def found(**spec: object) -> list[Row]:
        objects = shop.objects(shop.source(), shop.kustomization(spec))
        one = reconciler(objects, "Kustomization", "flux-system", "shop")
        assert one is not None
        return differences(drift(one, git, live_objects(objects), NEW, known=known))

    assert found() == found() == []
    shop.scale(FLUX_PLACE, 5)
    assert [row.fate for row in found()] == ["back"]
    assert [row.fate for row in found(suspend=True)] == ["stays"]
