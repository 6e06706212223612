"""What ``flux diff`` says of one object, and what ``flux get`` shows of several."""

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


COMMIT = "0123456789abcdef0123456789abcdef01234567"
READY = {"type": "Ready", "status": "True", "message": f"Applied revision: main@sha1:{COMMIT}"}


def test_a_table_has_the_columns_of_the_command_and_short_revisions() -> None:
    applied = an_object(
        "Kustomization", spec={}, status={"lastAppliedRevision": f"main@sha1:{COMMIT}", "conditions": [READY]}
    )
    grid = flux.rows("Kustomization", [applied])
    assert [column.upper() for column in grid.columns] == ["NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE"]
    short = "main@sha1:01234567"
    assert list(grid.rows) == [("a", short, "False", "True", f"Applied revision: {short}")]


def test_what_nobody_has_looked_at_is_waiting_to_be_reconciled() -> None:
    new = an_object("GitRepository", spec={"suspend": True}, status={"observedGeneration": -1})
    assert list(flux.rows("GitRepository", [new]).rows) == [("a", "", "True", "False", "waiting to be reconciled")]


def test_a_policy_is_shown_by_its_image_and_tag() -> None:
    policy = an_object(
        "ImagePolicy", spec={}, status={"latestRef": {"name": "host/web", "tag": "1.2.0"}, "conditions": [READY]}
    )
    grid = flux.rows("ImagePolicy", [policy])
    assert [column.upper() for column in grid.columns] == ["NAME", "IMAGE", "TAG", "READY", "MESSAGE"]
    assert grid.rows[0][:4] == ("a", "host/web", "1.2.0", "True")
