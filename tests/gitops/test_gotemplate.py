"""Go's templates, as far as commit messages need them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gitopslab.errors import RenderError
from gitopslab.gitops.render.gotemplate import MissingKeyError, paths, render

CHANGE = SimpleNamespace(Old="1", New="2")
DATA = {"Name": "app", "List": ["a", "b"], "Map": {"x": 1, "y": 2}, "Empty": [], "Obj": CHANGE}

ROWS = [
    ("Hello {{ .Name }}!", "Hello app!"),
    ("{{ .Obj.Old }} -> {{ .Obj.New }}", "1 -> 2"),
    ("{{ range .List }}[{{ . }}]{{ end }}", "[a][b]"),
    ("{{ range $i, $e := .List }}{{ $i }}{{ $e }} {{ end }}", "0a 1b "),
    ("{{ range $k, $v := .Map }}{{ $k }}={{ $v }};{{ end }}", "x=1;y=2;"),
    ("{{ range .Empty }}x{{ else }}none{{ end }}", "none"),
    ("{{ if .Empty }}yes{{ else }}no{{ end }}", "no"),
    ("{{ with .Obj }}{{ .New }}{{ end }}", "2"),
    ("a\n{{- range .List }}\n- {{ . }}\n{{- end }}\nb", "a\n- a\n- b\nb"),
    ("{{/* a comment */}}x", "x"),
    ('{{ println "hi" }}', "hi\n"),
    ("{{ .Name | upper | quote }}", '"APP"'),
    ("{{ $n := .Name }}{{ $n }}", "app"),
    ("{{ $.Name }}{{ range .List }}{{ $.Name }}{{ end }}", "appappapp"),
    ("{{ len .List }}", "2"),
    ('{{ if eq .Name "app" }}it is{{ end }}', "it is"),
    ("{{ .Missing }}", "<no value>"),
    ("no template", "no template"),
    ("{{ if .Empty }}a{{ else if .Name }}b{{ else }}c{{ end }}!", "b!"),
    ('{{ index .List 1 }}{{ index .Map "x" }}', "b1"),
    ("{{ (index .List 0) | upper }}", "A"),
    ('{{ if and (eq .Name "app") (not .Empty) }}yes{{ end }}', "yes"),
    ('{{ printf "%s-%d" .Name 3 }}', "app-3"),
    ('{{ .Missing | default "none" }}', "none"),
    ('{{ splitList "," "a,b" | join "+" }}', "a+b"),
    ('{{ normalize "Feature/New_Thing" }} {{ slugify 8 "a-long-name" }}', "feature-new-thing a-long"),
    ('{{ ternary "yes" "no" true }} {{ "x" | quote }}', 'yes "x"'),
    ("{{ toYaml .Map }}", "x: 1\ny: 2"),
    ('{{ trunc 2 .Name }}{{ .Name | trimPrefix "a" }}', "appp"),
    ("{{ .List }} {{ .Map }} {{ true }}", "[a b] map[x:1 y:2] true"),
]


@pytest.mark.parametrize(("template", "text"), ROWS)
def test_a_template_is_filled_in_as_go_does(template: str, text: str) -> None:
    assert render(template, DATA) == text


@pytest.mark.parametrize(
    "template",
    [
        "{{ .Name",
        "{{ end }}",
        "{{ if .Name }}",
        "{{ nope .Name }}",
        "{{ $x }}",
        "{{ (.Name }}",
        "{{ .Name) }}",
        "{{ index .List 9 }}",
        "{{ .Obj.__class__ }}",
        "{{ .Name.X }}",
        '{{ repeat 9999999 "x" }}',
        '{{ printf "%99999d" 1 }}',
    ],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(RenderError):
        render(template, DATA)


def test_a_missing_key_is_an_error_when_asked_for() -> None:
    with pytest.raises(MissingKeyError, match='map has no entry for key "Missing"'):
        render("{{ .Missing }}", DATA, strict=True)


def test_the_paths_a_template_reads_are_known_before_it_is_run() -> None:
    text = "{{ range .Updated.Images }}{{ println . }}{{ end }}{{ $.Changed.Objects }}"
    assert paths(text) == {".Updated.Images", ".Changed.Objects"}
