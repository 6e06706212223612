"""Variables in manifests, as Flux fills them in."""

from __future__ import annotations

import pytest

from gitopslab.errors import RenderError
from gitopslab.gitops.render.substitution import check_names, expand, is_left_alone, substituted, title

VARIABLES = {"city": "Antwerp", "empty": "", "path": "a/b/c.txt", "other": "book"}

ROWS = [
    ("${city}", "Antwerp"),
    ("in ${city}!", "in Antwerp!"),
    ("${none:-here}", "here"),
    ("${none:=here}", "here"),
    ("${empty:-here}", "here"),
    ("${none:-${city}}", "Antwerp"),
    ("${none:-}", ""),
    ("$${city}", "${city}"),
    ("$city", "$city"),
    ("${#city}", "7"),
    ("${city^^}", "ANTWERP"),
    ("${city,,}", "antwerp"),
    ("${city,}", "antwerp"),
    ("${city:0:3}", "Ant"),
    ("${city:3}", "werp"),
    ("${path#*/}", "b/c.txt"),
    ("${path##*/}", "c.txt"),
    ("${path%/*}", "a/b"),
    ("${path%%/*}", "a"),
    ("${city/werp/on}", "Anton"),
    ("${other//o/0}", "b00k"),
    (r"${path/\//-}", "a-b/c.txt"),
    (r"${path//\//\\}", "a\\b\\c.txt"),
    ("no variables", "no variables"),
]


@pytest.mark.parametrize(("text", "result"), ROWS)
def test_a_form_gives_what_bash_would(text: str, result: str) -> None:
    assert expand(text, VARIABLES) == result


def test_a_variable_that_is_not_set_is_an_error() -> None:
    with pytest.raises(RenderError, match=r'variable not set \(strict mode\): "none"'):
        expand("${none}", VARIABLES)


def test_a_brace_must_be_closed() -> None:
    with pytest.raises(RenderError, match="missing closing brace"):
        expand("${city", VARIABLES)


def test_a_name_must_be_one() -> None:
    with pytest.raises(RenderError, match="'my-var' var name is invalid"):
        check_names(["my-var"])


def test_a_quoted_number_comes_out_as_a_number() -> None:
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replicas": "${n}"}}
    assert substituted(obj, {"n": "3"})["spec"]["replicas"] == 3


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_an_object_can_refuse(where: str) -> None:
    for value, is_refused in (("disabled", True), ("Disabled", False), ("enabled", False)):
        metadata = {"name": "x", where: {"kustomize.toolkit.fluxcd.io/substitute": value}}
        assert is_left_alone({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}) is is_refused
    assert not is_left_alone({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})


def test_errors_name_an_object_as_kustomize_does() -> None:
    metadata = {"name": "web", "namespace": "shop"}
    assert title({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}) == "Deployment.v1.apps/web"
    assert title({"apiVersion": "v1", "kind": "Service", "metadata": metadata}) == "Service.v1.[noGrp]/web"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("${x:+other}", "hello"), ("${none:+other}", "other"), ("$$", "$"), ("$$x", "$x"), ("${x/#h/}", "hello"),
        ("${x: -2}", "hello"), ("${x/l/}", "helo"), ("${none:-${x}}", "hello"), ("${none:-a${x}b}", "ahellob"),
        ("${x#*}", "ello"), ("${x%%l*}", "he"), ("${#umlaut}", "3"), ("${none:?why}", "why"),
    ],
)  # fmt: skip
def test_a_form_gives_what_flux_gives_not_what_a_shell_would(text: str, wanted: str) -> None:
    assert expand(text, {"x": "hello", "umlaut": "öx"}) == wanted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("${x-other}", "missing closing brace"), ("${x", "missing closing brace"), ("${x y}", "missing closing brace"),
        ("${", "unable to parse variable name"), ("${}", "unable to parse variable name"),
        ("${ x }", "unable to parse variable name"), ("${!x}", "unable to parse variable name"),
        ("${1}", 'variable not set (strict mode): "1"'), ("${x/}", "bad substitution"), ("${x//l}", "bad substitution"),
        ("${x:?", "unable to parse substitution within function"),
        ("${x:}", "unable to parse substitution within function"),
        ("${#}", "bad substitution"), ("${none} ${", "unable to parse variable name"),
        ("${#none}", 'variable not set (strict mode): "none"'), ("${none^^}", 'variable not set (strict mode): "none"'),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_in_flux_words(text: str, why: str) -> None:
    with pytest.raises(RenderError) as raised:
        expand(text, {"x": "hello"})
    assert raised.value.message == why


def test_what_breaks_the_yaml_is_told_with_its_line() -> None:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "${x}"}}
    with pytest.raises(
        RenderError, match=r"^YAMLToJSON: yaml: line 3: mapping values are not allowed in this context$"
    ):
        substituted(obj, {"x": "a: b c"})


def test_keys_that_go_takes_for_truth_values_stay_text() -> None:
    found = substituted({"data": {"y": "${city}", "n": "1", "on": "x"}}, VARIABLES)
    assert found == {"data": {"y": "Antwerp", "n": "1", "on": "x"}}
