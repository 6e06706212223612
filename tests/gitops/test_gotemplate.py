"""Go's templates, as far as commit messages need them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gitopslab.errors import RenderError
from gitopslab.gitops.render.gotemplate import fields, render

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
]


@pytest.mark.parametrize(("template", "text"), ROWS)
def test_a_template_is_filled_in_as_go_does(template: str, text: str) -> None:
    assert render(template, DATA) == text


@pytest.mark.parametrize("template", ["{{ .Name", "{{ end }}", "{{ if .Name }}", "{{ nope .Name }}", "{{ $x }}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(RenderError):
        render(template, DATA)


def test_the_fields_a_template_reads_are_known_before_it_is_run() -> None:
    assert fields("{{ range .Updated.Images }}{{ println . }}{{ end }}{{ .Changed.Objects }}") == {"Updated", "Changed"}
