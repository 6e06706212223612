"""From Git to pods: who stands where, with health and sync as each tool answers them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from builders import deployment
from delivery_samples import ARGO_PLACE, FLUX_PLACE, NEW, Delivered

from gitopslab.machinery.objects import Object
from gitopslab.views.drift import drift
from gitopslab.views.reconciler import live_objects, reconciler
from gitopslab.views.tree import Card, Tree, tree, tree_svg, tree_text
from gitopslab.views.tree.text import card_words

BROKEN = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:no-such"}]}}}}


@pytest.fixture
def shop() -> Iterator[Delivered]:
    made = Delivered()
    yield made
    made.lab.plane.close()


def of_flux(shop: Delivered, *, git: list[Object] | None = None, compared: bool = True, **status: object) -> Tree:
    objects = shop.objects(shop.source(), shop.kustomization(**status))
    one = reconciler(objects, "Kustomization", "flux-system", "shop")
    assert one is not None
    told = drift(one, shop.git(FLUX_PLACE) if git is None else git, live_objects(objects), NEW) if compared else None
    return tree(objects, one, told)


def of_argo(shop: Delivered, **status: object) -> Tree:
    objects = shop.objects(shop.application(**status))
    one = reconciler(objects, "Application", "argocd", "shop")
    assert one is not None
    return tree(objects, one)


def card(found: Tree, kind: str, start: str = "") -> Card:
    return next(each for each in found.cards if each.kind == kind and each.name.startswith(start))


def lines(found: Tree) -> list[str]:
    """Each card below what it hangs on, without the hashes of names."""
    return [f"{'  ' * each.depth}{each.kind} {each.name.partition('-')[0]}" for each in found.shown]


def test_flux_is_source_kustomization_objects_and_what_they_own(shop: Delivered) -> None:
    found = of_flux(shop)
    assert lines(found) == [
        "GitRepository shop",
        "  Kustomization shop",
        "    ConfigMap words",
        "    Deployment web",
        "      ReplicaSet web",
        "        Pod web",
        "        Pod web",
    ]
    assert card_words(card(found, "Deployment")) == "Deployment web 2/2 · ✓ Current · ✓ as in Git"
    assert card_words(card(found, "GitRepository")) == "GitRepository shop 8c4e02d1 · ✓ Current · main"
    assert card(found, "Pod").sync.word == "", "a pod is in no commit"


def test_argo_cd_is_repository_application_objects_and_what_they_own(shop: Delivered) -> None:
    found = of_argo(shop)
    assert lines(found)[:4] == [
        "Git repository shop",
        "  Application shop",
        "    ConfigMap words",
        "    Deployment web",
    ]
    assert card_words(card(found, "Application")) == "Application shop 8c4e02d1 · ✓ Healthy · ✓ Synced"
    assert card_words(card(found, "ConfigMap")) == "ConfigMap words · ✓ Synced", "a ConfigMap has no health"
    assert card_words(card(found, "Pod")).endswith("1/1 · ✓ Healthy")


def test_rows_and_columns_are_places(shop: Delivered) -> None:
    found = of_flux(shop)
    assert [(each.depth, each.row) for each in found.shown] == [(0, 0), (1, 0), (2, 0), (2, 1), (3, 1), (4, 1), (4, 2)]


def test_health_and_sync_are_two_marks(shop: Delivered) -> None:
    shop.scale(FLUX_PLACE, 3)
    shop.lab.advance(30)
    drifted = card(of_flux(shop), "Deployment")
    assert (drifted.health.state, drifted.sync.state) == ("ready", "notready")
    assert drifted.differs == ("spec.replicas: 2 → 3",)
    assert drifted.sync.why == "put back at its next reconcile, within 10m0s"
    git = shop.git(FLUX_PLACE)
    git[1] = deployment("web", FLUX_PLACE, replicas=2, **BROKEN)
    git[1]["metadata"]["labels"] = git[0]["metadata"]["labels"]
    shop.write("kustomize-controller", git[1], type="apply")
    shop.lab.advance(60)
    broken = card(of_flux(shop, git=git), "Deployment")
    assert (broken.health.word, broken.sync.word) == ("InProgress", "as in Git")


def test_without_git_flux_tells_only_that_it_was_applied(shop: Delivered) -> None:
    found = of_flux(shop, compared=False)
    assert card(found, "Deployment").sync.word == "applied"
    assert card(found, "Kustomization").sync.word == ""


def test_an_object_that_is_gone_is_missing(shop: Delivered) -> None:
    for place in (FLUX_PLACE, ARGO_PLACE):
        shop.lab.api.delete("configmaps", "words", place)
    assert card(of_flux(shop), "ConfigMap").health.word == "NotFound"
    assert card(of_argo(shop), "ConfigMap").health.word == "Missing"


def test_old_replica_sets_are_folded(shop: Delivered) -> None:
    git = shop.git(FLUX_PLACE)
    git[1]["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:1.28"
    shop.write("kustomize-controller", git[1], type="apply")
    shop.lab.advance(60)
    found = of_flux(shop, git=git)
    sets = [each for each in found.shown if each.kind == "ReplicaSet"]
    assert [(each.is_fold, each.count) for each in sets] == [(False, "Rev:2 2/2"), (True, "")]
    assert card_words(sets[1]) == "1 old ReplicaSet · ■ scaled to 0"
    assert [each.count for each in found.cards if each.fold == sets[1].key] == ["Rev:1 0/0"]


def test_many_of_a_kind_are_folded_and_broken_ones_show(shop: Delivered) -> None:
    shop.scale(FLUX_PLACE, 12)
    shop.lab.advance(60)
    pods = [each for each in of_flux(shop).shown if each.kind == "Pod"]
    assert [each.is_fold for each in pods] == [False] * 5 + [True]
    assert card_words(pods[-1]) == "7 more Pods · ✓ all are well"


def test_where_there_is_much_less_of_each_kind_shows(shop: Delivered) -> None:
    names = [f"words-{number}" for number in range(30)]
    for name in names:
        made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": FLUX_PLACE}}
        shop.as_manager("kustomize-controller").create(made)
    entries = [{"id": f"{FLUX_PLACE}_{name}__ConfigMap", "v": "v1"} for name in [*names, "gone"]]
    found = of_flux(shop, compared=False, inventory={"entries": entries})
    assert [each.name for each in found.shown if each.kind == "ConfigMap"] == ["words-0", "gone", "29 more ConfigMaps"]


def test_a_kustomization_among_the_objects_brings_its_own(shop: Delivered) -> None:
    entries = [{"id": "flux-system_shop_kustomize.toolkit.fluxcd.io_Kustomization", "v": "v1"}]
    outer = shop.kustomization(inventory={"entries": entries})
    outer["metadata"]["name"] = "cluster"
    objects = shop.objects(shop.source(), shop.kustomization(), outer)
    one = reconciler(objects, "Kustomization", "flux-system", "cluster")
    assert one is not None
    assert lines(tree(objects, one))[1:4] == [
        "  Kustomization cluster",
        "    Kustomization shop",
        "      ConfigMap words",
    ]


def test_a_source_that_comes_from_itself_is_drawn_once(shop: Delivered) -> None:
    ids = ("source.toolkit.fluxcd.io_GitRepository", "kustomize.toolkit.fluxcd.io_Kustomization")
    entries = [{"id": f"flux-system_shop_{each}", "v": "v1"} for each in ids]
    found = of_flux(shop, compared=False, inventory={"entries": entries})
    assert lines(found) == ["GitRepository shop", "  Kustomization shop"]


def test_the_twins_say_the_same(shop: Delivered) -> None:
    shop.scale(ARGO_PLACE, 3)
    resources = [{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": ARGO_PLACE, "name": "web",
                  "status": "OutOfSync"}]  # fmt: skip
    found = of_argo(shop, resources=resources)
    told = tree_text(found).splitlines()
    assert told[0] == "Application argocd/shop (Argo CD): 5 objects, 1 not as in Git"
    assert told[3] == "    Deployment web 2/3 · ◔ Progressing · ◔ OutOfSync"
    assert tree_svg(found).count("gls-owns") == 1 + len(found.shown) - 1
