"""A manifest explained: each key with its meaning, each mistake at its line, in the server's words with a hint."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import orjson
import pytest

from gitopslab import errors
from gitopslab.controlplane.daemon.assembly import ControlPlane
from gitopslab.controlplane.http.openapi import openapi_document
from gitopslab.machinery import manifests
from gitopslab.machinery.kinds import Catalog
from gitopslab.views.fields import Fields
from gitopslab.views.sheet import Problem, Sheet, sheet, sheet_message, sheet_svg, sheet_text

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: waal-web   # as in the talk
spec:
  replicas: 1
  selector:
    matchLabels: {app: waal-web}
  template:
    metadata:
      labels: {app: waal-web}
    spec:
      containers:
        - name: waal-web
          image: "waal:fd318bc"
"""


def explain(api_version: str, kind: str) -> Fields:
    group, _, version = api_version.rpartition("/")
    document = openapi_document(Catalog(), group, version)
    return Fields(orjson.loads(document) if document else {}, api_version, kind)


def invalid(field: str, message: str) -> errors.LabError:
    return errors.invalid("Deployment", "apps", "waal-web", [(field, "FieldValueInvalid", message)])


def problems(of: Sheet) -> list[Problem]:
    return [problem for line in of.lines for problem in line.problems]


def refused(text: str, error: errors.LabError) -> list[Problem]:
    return problems(sheet(text, explain, {0: error}, checked=True))


def test_every_key_is_explained_and_the_text_stays_as_it_is() -> None:
    of = sheet(DEPLOYMENT, explain)
    assert "\n".join("".join(span.text for span in line.spans) for line in of.lines) + "\n" == DEPLOYMENT
    keys = [span.text for line in of.lines for span in line.spans if span.look == "key"]
    assert keys[:5] == ["apiVersion", "kind", "metadata", "name", "spec"]
    paths = [of.fields[span.field].path for line in of.lines for span in line.spans if span.look == "key"]
    assert paths[-2:] == ["spec.template.spec.containers.name", "spec.template.spec.containers.image"]
    assert of.title == "Deployment waal-web"


@pytest.mark.parametrize(
    ("number", "looks"),
    [
        (4, ["plain", "key", "plain", "text", "plain", "comment"]),
        (6, ["plain", "key", "plain", "number"]),
        (8, ["plain", "key", "plain", "key", "plain", "text", "plain"]),
    ],
    ids=["a comment", "a number", "a flow map"],
)
def test_a_line_is_told_in_pieces(number: int, looks: list[str]) -> None:
    assert [span.look for span in sheet(DEPLOYMENT, explain).lines[number - 1].spans] == looks


def test_a_hash_inside_a_text_is_no_comment() -> None:
    of = sheet('apiVersion: v1\nkind: ConfigMap\ndata: {colour: "#ff0000", url: a#b}\n', explain)
    assert not [span for line in of.lines for span in line.spans if span.look == "comment"]


@pytest.mark.parametrize(
    ("error", "line", "text"),
    [
        (
            invalid("spec.replicas", "Invalid value: -1: must be greater than or equal to 0"),
            6,
            "spec.replicas: Invalid",
        ),
        (
            invalid("spec.template.spec.containers[0].ports", "Required value"),
            14,
            "spec.template.spec.containers[0].ports",
        ),
        (errors.not_found("namespaces", "waal"), 3, 'namespaces "waal" not found'),
        (errors.bad_request("it is Tuesday"), 1, "it is Tuesday"),
    ],
    ids=["a field", "a field that is missing", "the namespace", "anything else"],
)
def test_what_the_server_says_is_at_its_line(error: errors.LabError, line: int, text: str) -> None:
    found = refused(DEPLOYMENT, error)
    assert found[0].line == line
    assert found[0].text.startswith(text)


def test_an_unknown_field_comes_with_what_was_meant_and_the_others_too() -> None:
    text = DEPLOYMENT.replace("replicas", "replica").replace("image:", "imag:")
    said = errors.bad_request('strict decoding error: unknown field "spec.replica"')
    assert refused(text, said) == [
        Problem(6, 'unknown field "spec.replica"', "did you mean replicas?"),
        Problem(15, 'unknown field "spec.template.spec.containers[0].imag"', "did you mean image?"),
    ]


def test_an_apply_that_stops_at_the_first_is_understood_too() -> None:
    said = errors.bad_request("failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
                              ".spec.replica: field not declared in schema")  # fmt: skip
    found = refused(DEPLOYMENT.replace("replicas", "replica"), said)
    assert found == [Problem(6, "spec.replica: field not declared in schema", "did you mean replicas?")]


def test_of_a_wrong_shape_the_plain_words_come_first() -> None:
    text = DEPLOYMENT.replace("{app: waal-web}\n  template", "waal-web\n  template")
    field = "LabelSelector.spec.selector.matchLabels of type map[string]string"
    go = f"json: cannot unmarshal string into Go struct field {field}"
    found = refused(text, errors.bad_request(f'Deployment in version "v1" cannot be handled as a Deployment: {go}'))
    assert [(each.line, each.text) for each in found] == [
        (8, "spec.selector.matchLabels must be a map (key: value, indented)")
    ]
    assert "cannot unmarshal string" in found[0].hint


def test_what_the_server_accepts_is_never_called_wrong() -> None:
    of = sheet(DEPLOYMENT.replace("replicas", "replica"), explain, checked=True)
    assert (of.is_sound, of.verdict) == (True, "The API server would accept it.")


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: [1,2\nb: 3\n", 2), ("apiVersion: v1\nkind: Pod\n\tspec: 1\n", 3), ("apiVersion: v1\nname: x\n", 1)],
    ids=["a bracket", "a tab", "no kind"],
)
def test_a_text_that_cannot_be_read_is_wrong_at_its_line(text: str, line: int) -> None:
    of = sheet(text, explain)
    assert [problem.line for problem in problems(of)] == [line]
    assert problems(of)[0].hint


def test_the_real_servers_answers_are_understood(plane: ControlPlane) -> None:
    """Every word of the hints above is of no use if the server says something else."""
    text = DEPLOYMENT.replace("replicas: 1", "replicas: -1").replace(
        "metadata:\n  name", "metadata:\n  namespace: default\n  name", 1
    )
    with pytest.raises(errors.InvalidError) as raised:
        plane.api.create(manifests.objects(text)[0])
    assert [problem.line for problem in refused(text, raised.value)] == [7]


def test_the_text_has_each_problem_below_its_line_and_then_the_fields() -> None:
    of = sheet(DEPLOYMENT, explain, {0: invalid("spec.replicas", "Invalid value: -1")}, checked=True)
    lines = sheet_text(of).splitlines()
    assert lines[0] == "✕ One thing is wrong: line 6. Nothing was applied."
    assert lines[6:8] == ["✕  6 │   replicas: 1", "     └ spec.replicas: Invalid value: -1"]
    assert any(line.startswith("spec.replicas <integer>  Number of desired pods") for line in lines)


def test_the_picture_is_sound_and_its_text_large_enough() -> None:
    picture = sheet_svg(sheet(DEPLOYMENT, explain, checked=True))
    sizes = [
        float(each.attrib["font-size"])
        for each in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert min(sizes) >= 12


def test_the_message_says_each_field_in_short_and_in_full() -> None:
    message = sheet_message(sheet(DEPLOYMENT, explain))
    field = next(each for each in message["fields"] if each["path"] == "spec.replicas")
    assert field["words"] == "integer"
    assert field["description"].startswith(field["sentence"])
