"""The loop of image automation: scan, choose, commit, fetch, apply."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flux_cluster import KS, SYSTEM, Flux
from projects import Project
from published import publish
from serving_forge import ServedForge

from gitopslab.machinery.objects import condition_of

REPOSITORIES = "imagerepositories.image.toolkit.fluxcd.io"
POLICIES = "imagepolicies.image.toolkit.fluxcd.io"
AUTOMATIONS = "imageupdateautomations.image.toolkit.fluxcd.io"
IMAGE = "image.toolkit.fluxcd.io/v1"
MARKED = """apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: default} # a comment that stays
data:
  image: HOST/REPO:1.0.0 # {"$imagepolicy": "flux-system:app"}
"""


class Images:
    """An image of the test's own, and Flux's objects about it."""

    def __init__(self, flux: Flux, forge: ServedForge, project: Project) -> None:
        self.flux, self.forge, self.project = flux, forge, project
        self.name = f"{forge.host}/{project.path}"

    def push(self, *tags: str) -> None:
        """Have the registry hold these tags."""
        for tag in tags:
            publish(self.forge, self.project.path, tag)

    def repository(self, **spec: Any) -> None:
        """Create the ImageRepository."""
        self.flux.create(IMAGE, "ImageRepository", "app", {"image": self.name, "interval": "1m"} | spec)

    def policy(self, name: str = "app", **spec: Any) -> None:
        """Create an ImagePolicy; default the highest version."""
        wanted = {"imageRepositoryRef": {"name": "app"}, "policy": {"semver": {"range": ">=1.0.0"}}} | spec
        self.flux.create(IMAGE, "ImagePolicy", name, wanted)

    def automation(self, git: dict[str, Any] | None = None, **spec: Any) -> None:
        """Create the ImageUpdateAutomation, and the source that it pushes to."""
        data = {"username": "git", "password": self.project.token}
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        metadata = {"name": "creds", "namespace": SYSTEM}
        self.flux.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})
        self.flux.repository(self.project.url, interval="1m", secretRef={"name": "creds"})
        commit = {"author": {"email": "flux@example.com"}} | (git or {}).pop("commit", {})
        wanted = {"interval": "30m", "sourceRef": {"kind": "GitRepository", "name": "app"}}
        self.flux.create(
            IMAGE, "ImageUpdateAutomation", "app", wanted | {"git": {"commit": commit, **(git or {})}} | spec
        )

    def marked(self) -> str:
        """A manifest with the image marked."""
        return MARKED.replace("HOST/REPO", self.name)


@pytest.fixture
def images(flux: Flux, forge: ServedForge, project: Project) -> Images:
    """An image that nobody has pushed yet."""
    return Images(flux, forge, project)


def test_a_scan_tells_what_it_found(images: Images, flux: Flux) -> None:
    images.push("1.0.0", "1.1.0", "sha256-abc.sig")
    images.repository()
    status = flux.status(REPOSITORIES)
    assert status["canonicalImageName"] == images.name
    assert status["lastScanResult"]["tagCount"] == 2
    assert status["lastScanResult"]["latestTags"] == ["1.1.0", "1.0.0"]
    ready = flux.condition(REPOSITORIES)
    assert ready is not None
    assert ready[:2] == ("True", "Succeeded")
    assert ready[2] == f"successful scan: found 2 tags with checksum {status['lastScanResult']['revision']}"


def test_of_many_tags_the_last_ten_of_the_alphabet_are_told(images: Images, flux: Flux) -> None:
    images.push(*(f"1.{number}.0" for number in range(12)))
    images.repository()
    result = flux.status(REPOSITORIES)["lastScanResult"]
    wanted = [f"1.{number}.0" for number in (9, 8, 7, 6, 5, 4, 3, 2, 11, 10)]
    assert (result["tagCount"], result["latestTags"], result["scanTime"]) == (12, wanted, "2026-01-01T00:00:00Z")


def test_a_result_by_hand_that_does_not_say_when_is_old(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository()
    known = flux.get(REPOSITORIES)
    flux.api.update({**known, "status": {**known["status"], "lastScanResult": {"tagCount": 7}}}, "status")
    flux.request(REPOSITORIES, "app")
    assert flux.status(REPOSITORIES)["lastScanResult"]["tagCount"] == 1


def test_what_is_suspended_neither_scans_nor_chooses(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository()
    images.policy()
    for resource, name in ((REPOSITORIES, "tagCount"), (POLICIES, "")):
        flux.change(resource, "app", {"suspend": True})
        images.push("1.1.0")
        flux.advance(61)
        assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"
        assert not name or flux.status(resource)["lastScanResult"][name] == 1
    flux.change(REPOSITORIES, "app", {"suspend": None})
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"
    flux.change(POLICIES, "app", {"suspend": None})
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.1.0"


def test_the_options_of_a_push_come_along(images: Images, flux: Flux, project: Project, forge: ServedForge) -> None:
    def pipelines() -> list[dict[str, str]]:
        there = forge.forge.pipelines.runner.history.pipelines.values()
        return [dict(each.event.variables) for each in there if each.event.project.path == project.path]

    project.commit({"web.yaml": images.marked(), ".gitlab-ci.yml": "say: {script: [echo hello]}\n"})
    images.push("1.1.0")
    images.repository()
    images.policy()
    images.automation({"push": {"branch": "main", "options": {"ci.variable": "COLOUR=blue"}}})
    assert pipelines() == [{"COLOUR": "blue"}]
    git = {"commit": {"author": {"email": "flux@example.com"}}, "push": {"branch": "main", "options": {"ci.skip": ""}}}
    flux.change(AUTOMATIONS, "app", {"git": git})
    images.push("1.2.0")
    flux.advance(130)
    assert "1.2.0" in project.read("web.yaml")
    assert len(pipelines()) == 1


def test_an_image_that_is_not_there_fails_and_mends(images: Images, flux: Flux) -> None:
    images.repository()
    ready = flux.condition(REPOSITORIES)
    assert ready is not None
    assert ready[:2] == ("False", "ReadOperationFailed")
    assert ready[2].startswith("scan failed: ")
    images.push("1.0.0")
    flux.advance(60)
    ready = flux.condition(REPOSITORIES)
    assert ready is not None
    assert ready[0] == "True"


def test_an_exclusion_that_is_no_expression_is_told_and_mends(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository(exclusionList=["("])
    ready = flux.condition(REPOSITORIES)
    assert ready is not None
    assert ready[:2] == ("False", "ReadOperationFailed")
    flux.change(REPOSITORIES, "app", {"exclusionList": None})
    assert flux.condition(REPOSITORIES)[0] == "True"  # type: ignore[index]


@pytest.mark.parametrize("image", ["http://localhost:5050/a/b", "localhost:5050/a/b:1.0.0"])
def test_an_image_with_a_scheme_or_a_tag_stalls(flux: Flux, image: str) -> None:
    flux.create(IMAGE, "ImageRepository", "app", {"image": image, "interval": "1m"})
    ready, stalled = flux.condition(REPOSITORIES), flux.condition(REPOSITORIES, kind="Stalled")
    assert ready is not None
    assert stalled is not None
    assert (ready[:2], stalled[:2]) == (("False", "ImageURLInvalid"), ("True", "ImageURLInvalid"))


def test_names_of_docker_hub_are_expanded(flux: Flux) -> None:
    from gitopslab.gitops.source.registry import Image

    assert Image.read("nginx").name == "index.docker.io/library/nginx"
    assert Image.read("docker.io/grafana/grafana").name == "index.docker.io/grafana/grafana"


def test_a_policy_follows_the_scan(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository()
    images.policy()
    assert flux.status(POLICIES)["latestRef"] == {"name": images.name, "tag": "1.0.0"}
    assert flux.condition(POLICIES) == (
        "True", "Succeeded", f"Latest image tag for {images.name} resolved to 1.0.0",
    )  # fmt: skip
    images.push("1.1.0")
    flux.advance(61)
    status = flux.status(POLICIES)
    assert status["latestRef"]["tag"] == "1.1.0"
    assert status["observedPreviousRef"]["tag"] == "1.0.0"
    ready = flux.condition(POLICIES)
    assert ready is not None
    words = f"Latest image tag for {images.name} resolved to 1.1.0 (previously {images.name}:1.0.0)"
    assert ready[2] == words


def test_of_tags_that_extract_the_same_the_first_of_the_alphabet_is_taken(images: Images, flux: Flux) -> None:
    images.push("main-7", "dev-7", "dev-6")
    images.repository()
    images.policy(policy={"numerical": {}}, filterTags={"pattern": "^[a-z]+-([0-9]+)$", "extract": "$1"})
    assert flux.status(REPOSITORIES)["lastScanResult"]["latestTags"] == ["main-7", "dev-7", "dev-6"]
    assert flux.status(POLICIES)["latestRef"]["tag"] == "dev-7"


def test_a_policy_without_tags_waits(images: Images, flux: Flux) -> None:
    images.repository()
    images.policy()
    assert flux.condition(POLICIES) == (
        "False", "DependencyNotReady", "retrying in 30s error: no tags in database",
    )  # fmt: skip
    images.push("1.0.0")
    flux.advance(61)
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"


def test_a_policy_without_a_repository_says_so_and_mends(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.policy()
    status, reason, message = flux.condition(POLICIES) or ("", "", "")
    assert (status, reason) == ("False", "DependencyNotReady")
    assert message.startswith("failed to get the referred ImageRepository: referenced ImageRepository does not exist: ")
    images.repository()
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"


def test_a_policy_of_a_repository_whose_image_is_wrong_stalls_until_that_is_mended(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository(image=f"{images.name}:1.0.0")
    images.policy()
    assert (flux.condition(POLICIES, kind="Stalled") or ("", ""))[:2] == ("True", "ImageURLInvalid")
    flux.change(REPOSITORIES, "app", {"image": images.name})
    flux.advance(61)
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"


def test_a_policy_looks_into_another_namespace_only_where_that_allows_it(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository()
    flux.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team", "labels": {"team": "a"}}})
    reference = {"name": "app", "namespace": SYSTEM}
    spec = {"imageRepositoryRef": reference, "policy": {"semver": {"range": "1.x"}}}
    flux.create(IMAGE, "ImagePolicy", "theirs", spec, "team")

    def told() -> tuple[str, str]:
        found = condition_of(flux.get(POLICIES, "theirs", "team"), "Ready") or {}
        return found["reason"], found["message"].partition("access denied: ")[2]

    denied = "'flux-system/app' can't be accessed due to"
    assert told() == ("AccessDenied", f"{denied} missing ACL labels on 'accessFrom'")
    flux.change(REPOSITORIES, "app", {"accessFrom": {"namespaceSelectors": [{"matchLabels": {"team": "b"}}]}})
    flux.advance(10)  # it is tried again, later and later: what a repository allows is not watched
    assert told() == ("AccessDenied", f"{denied} ACL labels mismatch on namespace 'team'")
    flux.change(REPOSITORIES, "app", {"accessFrom": {"namespaceSelectors": [{"matchLabels": {"team": "a"}}]}})
    flux.advance(30)
    assert told() == ("Succeeded", "")


def test_a_policy_that_is_wrong_stalls_until_it_is_changed(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository()
    images.policy(policy={"semver": {"range": "nope"}})
    stalled = flux.condition(POLICIES, kind="Stalled")
    assert stalled is not None
    assert stalled[:2] == ("True", "InvalidPolicy")
    flux.change(POLICIES, "app", {"policy": {"semver": {"range": "1.x"}}})
    assert flux.condition(POLICIES, kind="Stalled") is None
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"


def test_a_digest_is_reflected_where_it_is_asked_for(images: Images, flux: Flux) -> None:
    digest = publish(images.forge, images.project.path, "1.0.0")
    images.repository()
    images.policy(digestReflectionPolicy="IfNotPresent")
    assert flux.status(POLICIES)["latestRef"]["digest"] == digest


@pytest.mark.parametrize(
    ("spec", "follows"),
    [
        ({"digestReflectionPolicy": "IfNotPresent"}, False),
        ({"digestReflectionPolicy": "Always", "interval": "1m"}, True),
    ],
)
def test_a_tag_that_was_moved_is_followed_only_always(
    images: Images, flux: Flux, spec: dict[str, str], follows: bool
) -> None:
    first = publish(images.forge, images.project.path, "1.0.0")
    images.repository()
    images.policy(**spec)
    message = f"Latest image tag for {images.name} resolved to 1.0.0 with digest {first}"
    assert flux.condition(POLICIES) == ("True", "Succeeded", message)
    second = publish(images.forge, images.project.path, "1.0.0", {"moved": "yes"})
    flux.advance(130)
    assert flux.status(POLICIES)["latestRef"]["digest"] == (second if follows else first)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"policy": {"semver": {"range": ">9.0.0"}}}, "unable to determine latest version from provided list"),
        ({"filterTags": {"pattern": "^z"}}, "version list argument cannot be empty"),
    ],
)
def test_a_policy_that_no_tag_fits_says_so_and_mends(
    images: Images, flux: Flux, spec: dict[str, Any], words: str
) -> None:
    images.push("1.0.0")
    images.repository()
    images.policy(**spec)
    status, _, message = flux.condition(POLICIES) or ("", "", "")
    assert (status, words in message) == ("False", True)
    flux.change(POLICIES, "app", {"policy": {"semver": {"range": "1.x"}}, "filterTags": None})
    assert flux.status(POLICIES)["latestRef"]["tag"] == "1.0.0"


def test_what_was_chosen_before_is_told_with_its_digest(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.repository()
    images.policy(digestReflectionPolicy="IfNotPresent")
    before = flux.status(POLICIES)["latestRef"]["digest"]
    images.push("1.1.0")
    flux.advance(61)
    message = (flux.condition(POLICIES) or ("", "", ""))[2]
    assert message.endswith(f" (previously {images.name}:1.0.0@{before})")


def test_always_reflecting_a_digest_needs_an_interval(images: Images) -> None:
    from gitopslab.errors import InvalidError

    with pytest.raises(InvalidError, match=r"spec\.interval must be set"):
        images.policy(digestReflectionPolicy="Always")


def test_the_whole_loop_ends_in_the_cluster(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    images.project.commit({"web.yaml": images.marked()}, "Start")
    images.repository()
    images.policy()
    images.automation()
    flux.kustomization()
    assert flux.condition(AUTOMATIONS) == ("True", "Succeeded", "repository up-to-date")
    assert "lastPushCommit" not in flux.status(AUTOMATIONS)
    images.push("1.1.0")
    flux.advance(121)
    assert flux.get("configmaps", "web", "default")["data"]["image"] == f"{images.name}:1.1.0"
    assert images.project.read("web.yaml") == images.marked().replace(":1.0.0 ", ":1.1.0 ")
    assert images.project.message() == "Update from image update automation"
    status = flux.status(AUTOMATIONS)
    assert status["observedPolicies"] == {"app": {"name": images.name, "tag": "1.1.0"}}
    pushed = status["lastPushCommit"]
    assert flux.status(KS)["lastAppliedRevision"] == f"main@sha1:{pushed}"
    assert flux.condition(AUTOMATIONS) == ("True", "Succeeded", "repository up-to-date")
    words = f"pushed commit '{pushed[:7]}' to branch 'main'\nUpdate from image update automation"
    assert ("Normal", "Succeeded", words) in flux.events("ImageUpdateAutomation")


def test_a_run_tells_what_it_saw_and_pushed_and_leaves_the_cluster_alone(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    head = images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    flux.advance(60)
    images.automation()
    status = flux.status(AUTOMATIONS)
    assert status["lastAutomationRunTime"] == status["lastPushTime"] == "2026-01-01T00:01:00Z"
    assert status["lastPushCommit"] != head
    assert status["observedSourceRevision"] == f"main@sha1:{status['lastPushCommit']}"
    assert images.project.author() == " <flux@example.com>"
    assert flux.find("configmaps", "web") is None


def test_one_that_is_suspended_pushes_nothing(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation(suspend=True)
    flux.advance(61)
    assert ":1.0.0 " in images.project.read("web.yaml")
    flux.change(AUTOMATIONS, "app", {"suspend": None})
    assert ":1.1.0 " in images.project.read("web.yaml")


def test_only_yaml_and_a_file_called_kustomization_are_looked_at(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    kinds = {"a.yaml": True, "b.yml": True, "c/Kustomization": True, "d.txt": False, "e.json": False}
    images.project.commit(dict.fromkeys(kinds, images.marked()))
    images.repository()
    images.policy()
    images.automation()
    assert {path: ":1.1.0 " in images.project.read(path) for path in kinds} == kinds


def test_a_marker_that_names_a_policy_of_another_namespace_is_left_alone(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked().replace("flux-system:app", "default:theirs")})
    images.repository(accessFrom={"namespaceSelectors": [{}]})
    reference = {"name": "app", "namespace": SYSTEM}
    spec = {"imageRepositoryRef": reference, "policy": {"semver": {"range": "1.x"}}}
    flux.create(IMAGE, "ImagePolicy", "theirs", spec, "default")
    assert flux.get(POLICIES, "theirs", "default")["status"]["latestRef"]["tag"] == "1.1.0"
    images.automation()
    assert flux.condition(AUTOMATIONS) == ("True", "Succeeded", "repository up-to-date")
    assert flux.status(AUTOMATIONS).get("observedPolicies", {}) == {}
    assert ":1.0.0 " in images.project.read("web.yaml")


def test_without_a_change_nothing_is_committed(images: Images, flux: Flux) -> None:
    images.push("1.0.0")
    head = images.project.commit({"web.yaml": images.marked()})
    images.repository(interval="1h")
    images.policy()
    images.automation(interval="5m")
    flux.advance(301)
    assert flux.status("gitrepositories.source.toolkit.fluxcd.io")["artifact"]["revision"] == f"main@sha1:{head}"


def test_the_message_is_a_template_over_what_changed(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    template = """By {{ .AutomationObject }} ({{ .AutomationObject.Name }}) for {{ .Values.team }}
{{ range $resource, $changes := .Changed.Objects -}}
- {{ $resource.Kind }} {{ $resource.Name }}
{{- range $_, $change := $changes }}: {{ $change.OldValue }} -> {{ $change.NewValue }}{{ end }}
{{ end }}"""
    images.automation({"commit": {"messageTemplate": template, "messageTemplateValues": {"team": "waal"}}})
    assert images.project.message() == (
        f"By flux-system/app (app) for waal\n- ConfigMap web: {images.name}:1.0.0 -> {images.name}:1.1.0\n"
    )


def test_the_message_can_tell_files_and_changes(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit(
        {"a/web.yaml": images.marked(), "b/web.yaml": images.marked().replace("name: web", "name: b")}
    )
    images.repository()
    images.policy()
    template = """{{ .AutomationObject.Namespace }}
{{ range $path, $objects := .Changed.FileChanges }}{{ $path }}{{ range $it, $_ := $objects }} {{ $it.Name }}{{ end }}
{{ end }}{{ range .Changed.Changes }}{{ .Setter }}: {{ .NewValue | upper }}
{{ end }}"""
    images.automation({"commit": {"messageTemplate": template}})
    setter, new = "flux-system:app", f"{images.name}:1.1.0".upper()
    assert images.project.message() == f"flux-system\na/web.yaml web\nb/web.yaml b\n{setter}: {new}\n"


@pytest.mark.parametrize("used", [".Updated.Images", ".Changed.ImageResult.Objects"])
def test_the_removed_template_field_stalls(images: Images, flux: Flux, used: str) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation({"commit": {"messageTemplate": "{{ range USED }}{{ println . }}{{ end }}".replace("USED", used)}})
    stalled = flux.condition(AUTOMATIONS, kind="Stalled")
    assert stalled is not None
    assert stalled[:2] == ("True", "RemovedTemplateField")
    assert ":1.0.0 " in images.project.read("web.yaml")


def test_another_push_branch_leaves_the_first_alone(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation({"push": {"branch": "updates"}})
    assert ":1.0.0 " in images.project.read("web.yaml", "main")
    assert ":1.1.0 " in images.project.read("web.yaml", "updates")


def test_another_push_branch_is_made_anew_from_the_checkout_each_time(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked(), "a.txt": "1"})
    images.repository()
    images.policy()
    images.automation({"push": {"branch": "updates"}})
    first = flux.status(AUTOMATIONS)["lastPushCommit"]
    images.project.commit({"a.txt": "2"})
    images.push("1.2.0")
    flux.advance(121)
    assert flux.status(AUTOMATIONS)["lastPushCommit"] != first
    assert images.project.read("a.txt", "updates") == "2"
    assert ":1.2.0 " in images.project.read("web.yaml", "updates")
    assert ":1.0.0 " in images.project.read("web.yaml", "main")


def test_what_is_checked_out_is_where_it_is_pushed_unless_somebody_says_where(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.project.commit({}, branch="prod")
    images.repository()
    images.policy()
    images.automation({"checkout": {"ref": {"branch": "prod"}}})
    assert ":1.1.0 " in images.project.read("web.yaml", "prod")
    assert ":1.0.0 " in images.project.read("web.yaml", "main")


def test_only_the_update_path_is_touched(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"one/web.yaml": images.marked(), "two/web.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation(update={"path": "./two", "strategy": "Setters"})
    assert ":1.0.0 " in images.project.read("one/web.yaml")
    assert ":1.1.0 " in images.project.read("two/web.yaml")


def test_a_policy_that_is_not_selected_is_not_followed(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation(policySelector={"matchLabels": {"app": "other"}})
    assert ":1.0.0 " in images.project.read("web.yaml")


def test_a_token_that_may_not_push_is_a_git_failure(images: Images, flux: Flux) -> None:
    images.push("1.1.0")
    images.project.commit({"web.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation()
    flux.change("gitrepositories.source.toolkit.fluxcd.io", "app", {"secretRef": None})
    images.push("1.2.0")
    flux.advance(61)
    ready = flux.condition(AUTOMATIONS)
    assert ready is not None
    assert ready[:2] == ("False", "GitOperationFailed")


def test_a_refspec_takes_the_commit_too(images: Images, flux: Flux) -> None:
    images.push("1.0.0", "1.1.0")
    images.project.commit({"a.yaml": images.marked()})
    images.repository()
    images.policy()
    images.automation({"push": {"branch": "main", "refspec": "refs/heads/main:refs/heads/review"}})
    commit = flux.status(AUTOMATIONS)["lastPushCommit"]
    assert images.project.read("a.yaml", "review") == images.project.read("a.yaml", "main")
    said = f"pushed commit '{commit[:7]}' to branch 'main' and refspecs 'refs/heads/main:refs/heads/review'\n"
    assert any(message.startswith(said) for _, _, message in flux.events("ImageUpdateAutomation"))
