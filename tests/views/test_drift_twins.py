"""A drift as text and as a still picture."""

from __future__ import annotations

from delivery_samples import Delivered, drawn_drift

from gitopslab.views.drift import drift_svg, drift_text


def test_the_twins_tell_each_field_with_its_owner_and_its_outlook() -> None:
    shop = Delivered()
    found = drawn_drift(shop)
    shop.lab.plane.close()
    assert drift_text(found).splitlines() == [
        "Kustomization flux-system/shop (Flux) at 8c4e02d1: 3 fields of 2 objects differ from Git.",
        "◔ ConfigMap/shop-flux/words: 2 fields as in Git",
        "    ◔ metadata.labels.mine: nothing in Git, yes live, set by kubectl-label"
        " · removed: Flux takes over what kubectl-label set, at its next reconcile, within 10m0s",
        "    ✕ data.greeting: hello in Git, good day live, set by kubectl-edit"
        " · put back at its next reconcile, within 10m0s",
        "    ◔ data.checksum: nothing in Git, 1a2b3c live, set by my-operator"
        " · left alone: Git does not name it, and Flux leaves my-operator its fields",
        "◔ Deployment/shop-flux/web: 6 fields as in Git",
        "    ✕ spec.replicas: 2 in Git, 5 live, set by kubectl (scale) · put back at its next reconcile, within 10m0s",
    ]
    picture = drift_svg(found)
    assert ">metadata.labels.mine<" in picture
    assert ">kubectl (scale)<" in picture
