"""Images put where a comment marks the place."""

from __future__ import annotations

import pytest

from gitopslab.gitops.render.setters import Image, changed

IMAGES = {"flux-system:web": Image("localhost:5050/waal/web", "2.0.0", "sha256:abc")}
MARK = '{"$imagepolicy": "flux-system:web%s"}'


def line(text: str, part: str = "") -> str:
    return f"spec:\n  {text} # {MARK % part}\n"


ROWS = [
    ("image: x/y:1", "", "image: localhost:5050/waal/web:2.0.0@sha256:abc"),
    ('image: "x/y:1"', "", 'image: "localhost:5050/waal/web:2.0.0@sha256:abc"'),
    ("tag: 1.0.0", ":tag", "tag: 2.0.0"),
    ("name: x/y", ":name", "name: localhost:5050/waal/web"),
    ("digest: sha256:old", ":digest", "digest: sha256:abc"),
    ("- image: x/y:1", "", "- image: localhost:5050/waal/web:2.0.0@sha256:abc"),
]


@pytest.mark.parametrize(("before", "part", "after"), ROWS)
def test_a_marked_value_is_replaced(before: str, part: str, after: str) -> None:
    text, changes = changed(line(before, part), IMAGES)
    assert text == line(after, part)
    assert len(changes) == 1


def test_everything_else_stays_to_the_letter() -> None:
    before = f"""# a head
apiVersion: apps/v1
kind:   Deployment   # odd spaces
metadata: {{name: web, namespace: shop}}

spec:
    template:
        spec:
            containers:
            - name: web
              image: x/y:1   # {MARK % ""}
              # a comment below
---
kind: Other
"""
    text, ((owner, change),) = changed(before, IMAGES)
    assert text == before.replace("x/y:1", "localhost:5050/waal/web:2.0.0@sha256:abc")
    assert (owner.Kind, owner.Namespace, owner.Name) == ("Deployment", "shop", "web")
    assert (change.OldValue, change.NewValue) == ("x/y:1", "localhost:5050/waal/web:2.0.0@sha256:abc")


def test_a_value_that_yaml_would_read_as_a_number_is_quoted() -> None:
    text, _ = changed(line("tag: old", ":tag"), {"flux-system:web": Image("x", "1.10")})
    assert text == line('tag: "1.10"', ":tag")


@pytest.mark.parametrize(
    "text",
    [
        line("image: x/y:1").replace("flux-system", "other"),
        line("image: localhost:5050/waal/web:2.0.0@sha256:abc"),
        f"image: [unclosed # {MARK % ''}\n",
        "image: x/y:1 # just a comment\n",
    ],
)
def test_what_is_not_for_this_stays(text: str) -> None:
    assert changed(text, IMAGES) == (text, [])
