"""Objects print as kubectl prints them, and stay dictionaries."""

from __future__ import annotations

import yaml

from gitopslab.machinery.objects import Object
from gitopslab.views.grid import Grid, grid
from gitopslab.views.resource import Printed, Resource, Resources

TABLE: Object = {
    "columnDefinitions": [
        {"name": "Name", "priority": 0},
        {"name": "Ready", "priority": 0},
        {"name": "Node", "priority": 1},
    ],
    "rows": [
        {"cells": ["web", "1/1", "lab-worker"], "object": {"metadata": {"name": "web", "namespace": "demo"}}},
        {"cells": ["db", "0/1", None], "object": {"metadata": {"name": "db", "namespace": "prod"}}},
    ],
}
OBJECT: Object = {"kind": "Pod", "metadata": {"name": "<web>", "managedFields": [{"manager": "kubectl"}]}}


def test_columns_line_up_and_wide_ones_are_left_out() -> None:
    assert grid(TABLE).text() == "NAME   READY\nweb    1/1\ndb     0/1"


def test_wide_shows_all_columns_and_what_is_missing() -> None:
    assert grid(TABLE, wide=True).rows[1] == ("db", "0/1", "<none>")


def test_namespaces_come_first_when_all_are_listed() -> None:
    assert grid(TABLE, namespaces=True).rows[0] == ("demo", "web", "1/1")


def test_a_page_shows_names_as_text() -> None:
    assert "&lt;web&gt;" in Grid(("Name",), (("<web>",),)).html()


def test_a_resource_is_its_dictionary_and_prints_as_its_row() -> None:
    resource = Resource(OBJECT, Grid(("Name",), (("web",),)))
    assert resource["metadata"]["name"] == "<web>"
    assert isinstance(resource, dict)
    assert repr(resource) == "NAME\nweb"


def test_its_yaml_leaves_out_the_bookkeeping_and_the_object_keeps_it() -> None:
    resource = Resource(OBJECT, Grid((), ()))
    assert yaml.safe_load(resource.yaml) == {"kind": "Pod", "metadata": {"name": "<web>"}}
    assert "managedFields" in resource["metadata"]


def test_resources_can_be_put_in_another_order_with_their_rows() -> None:
    rows = Grid(("Name",), (("b",), ("a",)))
    items = [Resource({"metadata": {"name": name}}, rows.only(at)) for at, name in enumerate("ba")]
    ordered = Resources(items, rows, "none").sorted(lambda obj: obj["metadata"]["name"])
    assert [each["metadata"]["name"] for each in ordered] == ["a", "b"]
    assert repr(ordered) == "NAME\na\nb"


def test_no_resources_say_so() -> None:
    assert repr(Resources([], Grid((), ()), "No resources found in demo namespace.")).startswith("No resources")


def test_a_log_reads_as_its_lines() -> None:
    assert repr(Printed("one\ntwo")) == "one\ntwo"
