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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("a: {b: x:1} # MARK", None, id="within braces"),
        pytest.param("a: [x:1] # MARK", None, id="within brackets"),
        pytest.param("- {image: x, tag: old} # MARK:tag", None, id="an item within braces"),
        pytest.param("a: # MARK", None, id="nothing"),
        pytest.param("a: null # MARK", None, id="null"),
        pytest.param("a: &it x:1 # MARK\nb: *it", "a: &it HERE # MARK\nb: *it", id="with an anchor"),
        pytest.param("a: !!str x:1 # MARK", "a: !!str HERE # MARK", id="with a tag"),
        pytest.param("a: 1 # MARK:tag", "a: !!int 1.2.3 # MARK:tag", id="a number"),
        pytest.param("a: n # MARK:tag", "a: 1.2.3 # MARK:tag", id="a truth value of old"),
        pytest.param("a: true # MARK:tag", "a: !!bool 1.2.3 # MARK:tag", id="a truth value"),
        pytest.param("a: '1' # MARK:tag", "a: '1.2.3' # MARK:tag", id="a number in quotes"),
        pytest.param("a: sha # MARK:digest", 'a: "" # MARK:digest', id="a digest that is not reflected"),
        pytest.param('a: "" # MARK:digest', None, id="no digest as before"),
        pytest.param("a: x # MARK:nonsense", None, id="a part that there is not"),
    ],
)
def test_what_stands_before_the_mark_decides(before: str, after: str | None) -> None:
    def marked(text: str) -> str:
        for part in (":tag", ":digest", ":nonsense", ""):
            text = text.replace(f"MARK{part}\n", f'{{"$imagepolicy": "ns:it{part}"}}\n')
        return text.replace("HERE", "r.io/x:1.2.3")

    wanted = before if after is None else after
    images = {"ns:it": Image("r.io/x", "1.2.3")}
    text, changes = changed(marked(f"{before}\n"), images)
    assert text == marked(f"{wanted}\n")
    assert bool(changes) == (after is not None)
