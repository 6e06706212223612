"""What ``flux diff`` says of one object."""

from __future__ import annotations

from gitopslab.machinery.objects import Object
from gitopslab.views import flux


def an_object(kind: str, **rest: object) -> Object:
    return {"kind": kind, "metadata": {"name": "a", "namespace": "shop", "resourceVersion": "1"}, **rest}


def test_only_what_counts_as_drift_is_told() -> None:
    live = an_object("ConfigMap", data={"x": "1"}, status={"seen": 1})
    applied = an_object("ConfigMap", data={"x": "1"})
    applied["metadata"]["resourceVersion"] = "2"
    assert flux.drifted(live, applied) == ""


def test_each_field_that_changes_appears_or_goes_is_told() -> None:
    live = an_object("ConfigMap", data={"x": "1", "old": "1"}, items=[{"a": 1}, {"a": 2}])
    applied = an_object("ConfigMap", data={"x": "2", "new": "1"}, items=[{"a": 1}, {"a": 3}])
    assert flux.drifted(live, applied).splitlines() == [
        "► ConfigMap/shop/a drifted",
        *["", "data.new", "  + value added", "    + 1"],
        *["", "data.old", "  - value removed", "    - 1"],
        *["", "data.x", "  ± value change", "    - 1", "    + 2"],
        *["", "items.1.a", "  ± value change", "    - 2", "    + 3"],
    ]


def test_the_values_of_a_secret_are_not_shown() -> None:
    told = flux.drifted(an_object("Secret", data={"key": "b2xk"}), an_object("Secret", data={"key": "bmV3"}))
    assert "data.key" in told
    assert "b2xk" not in told
    assert "bmV3" not in told
