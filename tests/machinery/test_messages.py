"""Sentences with names in them, in the language that is spoken: every error, hint and line of progress."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from gitopslab.errors import LabError, SetupError
from gitopslab.machinery.language import speak, words
from gitopslab.machinery.messages import told

PLACE = re.compile(r"\{(\w+)\}")


@pytest.fixture(autouse=True)
def _dutch() -> Iterator[None]:
    speak("nl")
    yield
    speak("en")


def test_an_error_with_its_hint() -> None:
    error = SetupError("Port 8001 on 127.0.0.1 is in use by nginx", "Restart Docker Desktop")
    said = "Poort 8001 op 127.0.0.1 is in gebruik door nginx\n  Volgende stap: Herstart Docker Desktop"
    assert told(str(error)) == said
    speak("en")
    assert told(str(error)) == str(error)


def test_each_sentence_is_recognised_with_its_names_filled_in() -> None:
    for text, said in words("messages", "nl").items():
        names = {name: f"<{name}>" for name in PLACE.findall(text)}
        assert set(PLACE.findall(said)) == set(names), text
        assert told(_filled(text, names)) == _filled(said, names)


def _filled(text: str, names: dict[str, str]) -> str:
    return PLACE.sub(lambda place: names[place[1]], text)


def test_the_sentence_that_says_most_is_the_one_that_is_meant() -> None:
    assert told("There is no pipeline of waal/waal-web yet") == "Er is nog geen pipeline van waal/waal-web"
    assert told("There is no pipeline 12") == "Er is geen pipeline 12"


def test_a_sentence_within_a_sentence_and_after_a_colon() -> None:
    assert told("deployment.apps/web is ready after 1.4 s") == "deployment.apps/web is ready na 1.4 s"
    assert told("pods are gone after 2.0 s") == "pods zijn weg na 2.0 s"
    assert told("Docker is not running (kind: ERROR: boom)") == "Docker draait niet (kind: ERROR: boom)"


def test_names_and_the_words_of_others_stay() -> None:
    for text in (
        "no",
        "nothing",
        'deployments.apps "web" not found',
        "deployment.apps/nothing created",
        "► is none of ours",
        "x" * 100_000,
    ):
        assert told(text) == (text if text != "nothing" else "niets")
    assert told("there is no node 'nothing'") == "er is geen node 'nothing'", "what is called so stays"


def test_a_sentence_may_begin_with_a_capital_or_without() -> None:
    assert told("Cluster lab is already up") == "Cluster lab draait al"


def test_lines_are_told_each_for_itself() -> None:
    both = LabError("there is no node 'a'\n  Last seen: Pending")
    assert told(str(both)) == "er is geen node 'a'\n  Laatst gezien: Pending"
