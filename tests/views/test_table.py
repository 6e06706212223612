"""A live table: kubectl's columns, a state a row, ages on the reader's clock, and no secret's values."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from gitopslab.machinery.clock import timestamp
from gitopslab.machinery.objects import Object
from gitopslab.views.table import Table, seconds_of_age, shown, table, table_svg, table_text

NOW = 1767225600.0


def printed(*rows: tuple[str, str, str], created: float = NOW - 61) -> Object:
    """A server's table of pods: name, status and age."""
    columns = [
        {"name": "Name", "format": "name", "description": "Unique.", "priority": 0},
        {"name": "Status", "description": "In one word.", "priority": 0},
        {"name": "Age", "description": "Since it was made.", "priority": 0},
        {"name": "Node", "description": "Where.", "priority": 1},
    ]
    metadata = {"namespace": "demo", "creationTimestamp": timestamp(created)}
    return {
        "columnDefinitions": columns,
        "rows": [{"cells": [*cells, "n1"], "object": {"metadata": {"name": cells[0], **metadata}}} for cells in rows],
    }


def drawn(answer: Object, namespace: str | None = "demo", objects: tuple[Object, ...] = ()) -> Table:
    return table(answer, objects, kind="Pod", plural="pods", namespace=namespace, now=NOW)


def test_columns_are_the_servers_and_know_what_they_are() -> None:
    columns = drawn(printed(("web", "Running", "61s"))).columns
    assert [(each.name, each.wide, each.is_name, each.is_age) for each in columns] == [
        ("Name", False, True, False),
        ("Status", False, False, False),
        ("Age", False, False, True),
        ("Node", True, False, False),
    ]
    assert columns[1].description == "In one word."


def test_of_all_namespaces_the_first_column_tells_which() -> None:
    of = drawn(printed(("web", "Running", "61s")), namespace="")
    assert (of.columns[0].name, of.rows[0].cells[0], of.scope) == ("Namespace", "demo", "all namespaces")


def test_a_row_has_the_state_of_its_object() -> None:
    failed = {"metadata": {"name": "web", "namespace": "demo"}, "status": {"phase": "Failed"}}
    of = drawn(printed(("web", "Error", "61s"), ("other", "Running", "61s")), objects=(failed,))
    assert [(row.name, row.state) for row in of.rows] == [("web", "failed"), ("other", "")]


@pytest.mark.parametrize(
    ("age", "created", "born"),
    [
        ("61s", NOW - 61, NOW - 61),
        ("2m", NOW - 130, NOW - 130),
        ("60m", NOW, NOW - 3600),
        ("61s", NOW + 3600, NOW - 61),
    ],
    ids=["same clock", "coarse", "cluster ahead an hour", "object from the future"],
)
def test_an_age_is_that_of_the_clusters_clock(age: str, created: float, born: float) -> None:
    assert drawn(printed(("web", "Running", age), created=created)).rows[0].born == born


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("5m30s", 330),
        ("3h5m", 11100),
        ("2d3h", 183600),
        ("2y35d", 66096000),
        ("<unknown>", None),
        ("", None),
    ],
)
def test_kubectls_ages_can_be_read(text: str, seconds: float | None) -> None:
    assert seconds_of_age(text) == seconds


def test_the_values_of_a_secret_are_not_shown() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
    assert shown(secret)["data"] == {"password": "(7 bytes, not shown)"}
    assert secret["data"] == {"password": "aHVudGVyMg=="}, "the object itself is left as it is"


def test_other_objects_are_shown_as_they_are() -> None:
    config = {"kind": "ConfigMap", "data": {"a": "b"}}
    assert shown(config) is config


def test_the_text_is_what_kubectl_prints() -> None:
    assert table_text(drawn(printed(("web", "Running", "61s")))) == "NAME   STATUS    AGE\nweb    Running   61s"
    assert table_text(drawn({})) == "No pods: namespace demo."
    assert table_text(drawn({}, namespace=None)) == "No pods: cluster-wide."


def test_the_picture_is_sound_and_says_how_many_it_leaves_out() -> None:
    picture = table_svg(drawn(printed(*((f"web-{number}", "Running", "61s") for number in range(60)))))
    root = ElementTree.fromstring(picture)
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "and 20 more" in texts
    sizes = [float(each.attrib["font-size"]) for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert min(sizes) >= 12
