"""From generators to sets of parameters, and from a template to an Application: with no cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gitopslab.errors import LabError
from gitopslab.gitops.argocd.applicationset.generators import Generators, requeue_after
from gitopslab.gitops.argocd.applicationset.templates import application
from gitopslab.gitops.argocd.clusters import OWN, Cluster
from gitopslab.gitops.git.remote import File
from gitopslab.machinery.objects import Object

URL = "http://git.example.org/infra.git"
FILES = {
    path: File(text.encode(), 0o100644)
    for path, text in {
        "apps/web/deployment.yaml": "", "apps/Shop_2/base/x.yaml": "", "apps/.hidden/x.yaml": "", "README.md": "",
        "env/dev/config.json": '{"cluster": {"owner": "team-a", "size": 3}, "on": true}',
        "env/prod/config.yaml": "- {name: a}\n- {name: b}\n",
        "env/broken.txt": "{",
    }.items()
}  # fmt: skip
EDGE = Cluster("https://edge", "edge", {"env": "prod"}, {"owner": "ops"})


def appset(**spec: Any) -> Object:
    return {"metadata": {"name": "set", "namespace": "argocd"}, "spec": {"template": {}, "generators": [], **spec}}


def content(url: str, revision: str) -> Mapping[str, File]:
    if revision == "nope":
        raise LabError("unable to resolve git revision nope")
    return FILES


def made(generator: Object, *, go: bool = False, known: tuple[Cluster, ...] = (OWN,), **spec: Any) -> list[Object]:
    (found,) = Generators(appset(goTemplate=go, **spec), known, content).made(generator, {})
    return found.parameters


def elements(*names: str, **more: str) -> Object:
    return {"list": {"elements": [{"name": name, **more} for name in names]}}


def git(**part: Any) -> Object:
    return {"git": {"repoURL": URL, "revision": "main", **part}}


def test_a_list_gives_its_elements() -> None:
    values = {"list": {"elements": [{"name": "a", "values": {"x": "1"}}]}}
    assert made(values) == [{"name": "a", "values.x": "1"}]
    assert made(values, go=True) == [{"name": "a", "values": {"x": "1"}}]
    assert made({"list": {"elementsYaml": "- name: a\n- name: b\n"}}, go=True) == [{"name": "a"}, {"name": "b"}]


def test_a_list_of_the_simple_language_holds_texts_alone() -> None:
    with pytest.raises(LabError, match="error parsing value as string"):
        made({"list": {"elements": [{"name": 1}]}})


def test_clusters_are_those_with_a_secret_and_the_own_one() -> None:
    found = made({"clusters": {"values": {"where": "{{name}}.example"}}}, known=(EDGE, OWN))
    assert found == [
        {
            "name": "edge", "nameNormalized": "edge", "server": "https://edge", "project": "",
            "metadata.labels.env": "prod", "metadata.annotations.owner": "ops", "values.where": "edge.example",
        },
        {
            "name": "in-cluster", "nameNormalized": "in-cluster", "server": "https://kubernetes.default.svc",
            "project": "", "values.where": "in-cluster.example",
        },
    ]  # fmt: skip


def test_where_labels_are_asked_for_the_own_cluster_is_left_out() -> None:
    selector = {"selector": {"matchLabels": {"env": "prod"}}}
    (found,) = made({"clusters": selector}, go=True, known=(EDGE, OWN))
    assert found["metadata"] == {"labels": {"env": "prod"}, "annotations": {"owner": "ops"}}


def test_folders_give_their_path_in_several_forms() -> None:
    folders = git(directories=[{"path": "apps/*"}])
    assert [each["path"] for each in made(folders)] == ["apps/Shop_2", "apps/web"]
    assert made(folders)[0] == {
        "path": "apps/Shop_2", "path.basename": "Shop_2", "path.basenameNormalized": "shop-2",
        "path[0]": "apps", "path[1]": "Shop_2",
    }  # fmt: skip
    assert made(folders, go=True)[1] == {
        "path": {"path": "apps/web", "basename": "web", "basenameNormalized": "web", "segments": ["apps", "web"]}
    }
    prefixed = made(git(directories=[{"path": "apps/web"}], pathParamPrefix="app"))
    assert prefixed[0]["app.path.basename"] == "web"


def test_a_folder_that_is_excluded_is_left_out_whatever_else_names_it() -> None:
    found = made(git(directories=[{"path": "apps/*"}, {"path": "apps/web", "exclude": True}]))
    assert [each["path"] for each in found] == ["apps/Shop_2"]


def test_files_give_what_is_in_them() -> None:
    dev = git(files=[{"path": "env/dev/*.json"}])
    (found,) = made(dev)
    assert found["cluster.owner"] == "team-a"
    assert (found["cluster.size"], found["on"], found["path.filename"]) == ("3", "true", "config.json")
    (nested,) = made(dev, go=True)
    assert nested["cluster"] == {"owner": "team-a", "size": 3}
    assert nested["path"]["filenameNormalized"] == "config.json"


def test_a_star_in_a_files_pattern_crosses_folders_and_a_list_gives_several_sets() -> None:
    found = made(git(files=[{"path": "env/*.yaml"}]))
    assert [each["name"] for each in found] == ["a", "b"]
    both = git(files=[{"path": "env/*.*"}, {"path": "env/broken.txt", "exclude": True}])
    assert [each["path"] for each in made(both)] == ["env/dev", "env/prod", "env/prod"]


def test_a_file_that_cannot_be_read_is_named() -> None:
    file = f"file 'env/broken.txt' from repository '{URL}'"
    with pytest.raises(LabError, match=f"from git: unable to process {file}: unable to parse file: "):
        made(git(files=[{"path": "env/broken.txt"}]))


def test_a_revision_that_is_not_there_is_said() -> None:
    words = "error generating params from git: error getting directories from repo: error retrieving Git Directories: "
    with pytest.raises(LabError, match=words):
        made(git(directories=[{"path": "*"}], revision="nope"))


def test_a_matrix_is_each_with_each() -> None:
    generators = [elements("a", "b"), {"list": {"elements": [{"env": "dev"}, {"env": "prod"}]}}]
    found = made({"matrix": {"generators": generators}})
    assert [(each["name"], each["env"]) for each in found] == [("a", "dev"), ("a", "prod"), ("b", "dev"), ("b", "prod")]


def test_the_second_of_a_matrix_may_name_what_the_first_gave() -> None:
    folders = git(directories=[{"path": "apps/{{name}}"}])
    found = made({"matrix": {"generators": [elements("web"), folders]}})
    assert [(each["name"], each["path"]) for each in found] == [("web", "apps/web")]
    values = git(directories=[{"path": "apps/{{.name}}"}], values={"given": "{{.name}}", "own": "{{.path.path}}"})
    (one,) = made({"matrix": {"generators": [elements("web"), values]}}, go=True)
    assert one["values"] == {"given": "web", "own": "apps/web"}


def test_a_matrix_of_one_name_with_two_values_is_refused() -> None:
    with pytest.raises(LabError, match="found duplicate key name with different value, a: a ,b: b"):
        made({"matrix": {"generators": [elements("a"), elements("b")]}})


def test_in_a_matrix_of_gos_language_what_the_first_says_counts() -> None:
    first, second = ({"on": False, "deep": {"a": 1}}, {"on": True, "deep": {"b": 2}})
    generators = [{"list": {"elements": [one]}} for one in (first, second)]
    assert made({"matrix": {"generators": generators}}, go=True) == [{"on": False, "deep": {"a": 1, "b": 2}}]


def test_a_matrix_has_two_generators() -> None:
    with pytest.raises(LabError, match="found less than two generators, Matrix support only two"):
        made({"matrix": {"generators": [elements("a")]}})


def test_a_merge_writes_over_the_sets_of_the_first_by_key() -> None:
    over = {"list": {"elements": [{"name": "b", "size": "9"}, {"name": "z", "size": "1"}]}}
    generators = [elements("a", "b", size="1"), over]
    found = made({"merge": {"mergeKeys": ["name"], "generators": generators}})
    assert found == [{"name": "a", "size": "1"}, {"name": "b", "size": "9"}]


def test_a_merge_needs_keys_that_tell_sets_apart() -> None:
    words = 'Merge requires all param sets to be unique. Duplicate key was {"name":"a"}'
    with pytest.raises(LabError, match=words):
        made({"merge": {"mergeKeys": ["name"], "generators": [elements("a", "a"), elements("b")]}})


def test_a_selector_keeps_the_sets_that_fit() -> None:
    found = made({**elements("a", "b"), "selector": {"matchLabels": {"name": "b"}}})
    assert found == [{"name": "b"}]


_A_MAP = "into Go value of type map[string]interface {}"
_NO_OPERATOR = {"matchExpressions": [{"key": "name", "operator": "Is"}]}


@pytest.mark.parametrize(("generator", "words"), [
    ({"list": {"elements": ["a"]}}, f"error unmarshling list element json: cannot unmarshal string {_A_MAP}"),
    ({"list": {"elementsYaml": "- [1]"}},
     "error unmarshling decoded ElementsYaml error unmarshaling JSON: while decoding JSON: "
     f"json: cannot unmarshal array {_A_MAP}"),
    ({"list": {"elementsYaml": "a: b"}},
     "error unmarshling decoded ElementsYaml error unmarshaling JSON: while decoding JSON: "
     "json: cannot unmarshal object into Go value of type []map[string]interface {}"),
    ({"list": {"elements": []}, "selector": _NO_OPERATOR},
     'error parsing label selector: "Is" is not a valid label selector operator'),
    ({"clusters": {"selector": _NO_OPERATOR}}, '"Is" is not a valid label selector operator'),
])  # fmt: skip
def test_what_cannot_be_read_is_said(generator: Object, words: str) -> None:
    with pytest.raises(LabError) as raised:
        made(generator)
    assert raised.value.message == words


def test_a_generator_that_the_lab_does_not_have_is_said() -> None:
    with pytest.raises(LabError, match="the lab has no generator pullRequest"):
        made({"pullRequest": {}})


def test_a_repository_is_looked_at_every_three_minutes_or_as_said() -> None:
    assert requeue_after([elements("a")]) is None
    assert requeue_after([git(directories=[])]) == 180
    assert requeue_after([{"matrix": {"generators": [elements("a"), git(requeueAfterSeconds=30)]}}]) == 30


TEMPLATE = {
    "metadata": {"name": "{{name}}", "labels": {"{{name}}": "{{other}}"}},
    "spec": {"project": "default", "source": {"path": "apps/{{ name }}"}},
}


def test_a_template_is_filled_in_and_what_is_not_known_stays() -> None:
    app = application(appset(), TEMPLATE, {"name": "web"})
    assert app["metadata"] == {
        "name": "web", "namespace": "argocd", "labels": {"web": "{{other}}"},
        "finalizers": ["resources-finalizer.argocd.argoproj.io"],
    }  # fmt: skip
    assert app["spec"]["source"] == {"path": "apps/web"}


def test_resources_are_preserved_when_asked() -> None:
    app = application(appset(syncPolicy={"preserveResourcesOnDeletion": True}), TEMPLATE, {"name": "web"})
    assert "finalizers" not in app["metadata"]


def test_gos_templates_may_be_told_to_miss_nothing() -> None:
    template = {"metadata": {"name": "{{.name}}-{{.missing}}"}, "spec": {}}
    assert application(appset(goTemplate=True), template, {"name": "a"})["metadata"]["name"] == "a-<no value>"
    strict = appset(goTemplate=True, goTemplateOptions=["missingkey=error"])
    with pytest.raises(LabError, match='map has no entry for key "missing"'):
        application(strict, template, {"name": "a"})


def test_a_template_patch_changes_all_but_the_project() -> None:
    patch = "spec:\n  project: other\n  syncPolicy:\n    automated: {prune: {{ .prune }}}\n"
    template = {"metadata": {"name": "{{ .name }}"}, "spec": {"project": "default"}}
    app = application(appset(goTemplate=True, templatePatch=patch), template, {"name": "a", "prune": True})
    assert app["spec"]["syncPolicy"] == {"automated": {"prune": True}}
    assert app["spec"]["project"] == "default"


def test_a_generators_own_template_counts_where_it_says_something() -> None:
    own = {"list": {"elements": [{"name": "a"}], "template": {"metadata": {}, "spec": {"project": "team"}}}}
    (found,) = Generators(appset(), [OWN], content).made(own, TEMPLATE)
    assert found.template["spec"] == {"project": "team", "source": {"path": "apps/{{ name }}"}}
    assert found.template["metadata"]["name"] == "{{name}}"
