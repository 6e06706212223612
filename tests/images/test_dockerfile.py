"""Dockerfiles: what is read, and what is refused on which line. Facts: the Dockerfile reference, BuildKit."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitopslab.errors import DockerfileError
from gitopslab.images.dockerfile import Instruction, read
from gitopslab.images.dockerfile.expansion import expand, split_words


def only(text: str) -> Instruction:
    """The one instruction of a Dockerfile that begins FROM scratch on its first line."""
    [found] = read(f"FROM scratch\n{text}").stages[0].instructions
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COPY a b /dst/", {"words": ("a", "b", "/dst/")}),
        ('COPY ["a b", "/dst/"]', {"words": ("a b", "/dst/"), "is_json": True}),
        ("copy a b", {"keyword": "COPY", "words": ("a", "b")}),
        ("  COPY a b", {"words": ("a", "b"), "line": 2}),
        ("COPY --from=build --chown=1:2 a b", {"flags": (("from", "build"), ("chown", "1:2")), "words": ("a", "b")}),
        ("COPY --link a b", {"flags": (("link", "true"),)}),
        ("COPY a \\\n  b \\\n  c", {"words": ("a", "b", "c"), "line": 2}),
        ("COPY a \\\n# a comment\n\n  b", {"words": ("a", "b")}),
        ("COPY a \\   \n b", {"words": ("a", "b")}),
        ("\n\n# a comment\nCOPY a b", {"line": 5}),
        ("CMD echo hi", {"words": ("echo hi",), "is_json": False}),
        ('CMD ["echo", "hi"]', {"words": ("echo", "hi"), "is_json": True}),
        ("CMD ['echo']", {"words": ("['echo']",), "is_json": False}),
        ("CMD []", {"words": (), "is_json": True}),
        ('ENTRYPOINT ["python", "-m", "app"]', {"words": ("python", "-m", "app"), "is_json": True}),
        ("ENV A=1 B='x y' C=\"z\"", {"pairs": (("A", "1"), ("B", "'x y'"), ("C", '"z"'))}),
        ("ENV A=x\\ y", {"pairs": (("A", "x\\ y"),)}),
        ("ENV A the rest of it", {"pairs": (("A", "the rest of it"),)}),
        ("ENV A=", {"pairs": (("A", ""),)}),
        ('LABEL "a.b"="c d"', {"pairs": (('"a.b"', '"c d"'),)}),
        ("ARG V", {"pairs": (("V", None),)}),
        ("ARG V=1 W", {"pairs": (("V", "1"), ("W", None))}),
        ("EXPOSE 80 8000/udp", {"words": ("80", "8000/udp")}),
        ("VOLUME /a /b", {"words": ("/a", "/b")}),
        ("WORKDIR /a b", {"words": ("/a b",)}),
        ("USER 1000:1000", {"words": ("1000:1000",)}),
        ("STOPSIGNAL SIGINT", {"words": ("SIGINT",)}),
        ('SHELL ["/bin/bash", "-c"]', {"words": ("/bin/bash", "-c")}),
        ("HEALTHCHECK NONE", {"words": ("NONE",)}),
        ("HEALTHCHECK --interval=5s CMD curl x", {"words": ("CMD-SHELL", "curl x"), "flags": (("interval", "5s"),)}),
        ('HEALTHCHECK CMD ["true"]', {"words": ("CMD", "true"), "is_json": True}),
        ("ONBUILD COPY . .", {"words": ("COPY . .",)}),
        ("MAINTAINER someone", {"words": ("someone",)}),
        ("RUN --mount=type=cache,target=/x make", {"words": ("make",), "flags": (("mount", "type=cache,target=/x"),)}),
        ("RUN a && \\\n    b", {"words": ("a &&     b",)}),
        ("RUN echo 'a # b'", {"words": ("echo 'a # b'",)}),
    ],
)
def test_an_instruction_is_split_into_its_parts(text: str, expected: dict[str, Any]) -> None:
    found = only(text)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "file with no instructions"),
        ("# only a comment\n", 1, "file with no instructions"),
        ("ARG A=1", 1, "file with no instructions"),
        ("COPY a b\nFROM scratch", 1, "no build stage in current context"),
        ("FROM scratch\n\nRUNN make", 3, "unknown instruction: RUNN (did you mean RUN?)"),
        ("FROM scratch\nCOPPY a b", 2, "unknown instruction: COPPY (did you mean COPY?)"),
        ("FROM scratch\nworkdirr /a", 2, "unknown instruction: workdirr (did you mean WORKDIR?)"),
        ("FROM scratch\nservices: x", 2, "unknown instruction: services:"),
        ("FROM scratch\nCOPY a \\\n  b\nFOO", 4, "unknown instruction: FOO"),
        ("FORM scratch", 1, "unknown instruction: FORM (did you mean FROM?)"),
        ("FROM", 1, "FROM requires either one or three arguments"),
        ("FROM a b", 1, "FROM requires either one or three arguments"),
        ("FROM a ASS b", 1, "FROM requires either one or three arguments"),
        ("FROM a AS 1b", 1, 'invalid name for build stage: "1b"'),
        ("FROM scratch\nCOPY", 2, "COPY requires at least two arguments"),
        ("FROM scratch\nCOPY a", 2, "but only one was provided. Destination could not be determined."),
        ("FROM scratch\nADD a", 2, "ADD requires at least two arguments, but only one"),
        ("FROM scratch\nCOPY --chwn=1 a b", 2, "unknown flag: --chwn (did you mean chown?)"),
        ("FROM scratch\nADD --from=x a b", 2, "unknown flag: --from"),
        ("FROM scratch\nENV", 2, "ENV requires at least one argument"),
        ("FROM scratch\nENV A", 2, "ENV must have two arguments"),
        ("FROM scratch\nENV A=1 B", 2, 'can\'t find = in "B". Must be of the form: name=value'),
        ("FROM scratch\nENV =1", 2, "ENV names can not be blank"),
        ("FROM scratch\nARG =1", 2, "ARG names can not be blank"),
        ("FROM scratch\nARG", 2, "ARG requires at least one argument"),
        ("FROM scratch\nWORKDIR", 2, "WORKDIR requires exactly one argument"),
        ("FROM scratch\nUSER ", 2, "USER requires exactly one argument"),
        ("FROM scratch\nEXPOSE", 2, "EXPOSE requires at least one argument"),
        ("FROM scratch\nVOLUME", 2, "VOLUME requires at least one argument"),
        ("FROM scratch\nRUN", 2, "RUN requires at least one argument"),
        ("FROM scratch\nSHELL /bin/sh -c", 2, "SHELL requires the arguments to be in JSON form"),
        ("FROM scratch\nHEALTHCHECK", 2, "HEALTHCHECK requires at least one argument"),
        ("FROM scratch\nHEALTHCHECK curl x", 2, 'Unknown type "curl" in HEALTHCHECK (try CMD)'),
        ("FROM scratch\nHEALTHCHECK CMD", 2, "Missing command after HEALTHCHECK CMD"),
        ("FROM scratch\nHEALTHCHECK NONE x", 2, "HEALTHCHECK NONE takes no arguments"),
        ("FROM scratch\nONBUILD ONBUILD COPY a b", 2, "Chaining ONBUILD"),
        ("FROM scratch\nONBUILD FROM x", 2, "FROM isn't allowed as an ONBUILD trigger"),
        ("FROM scratch\nONBUILD COPPY a b", 2, "unknown instruction: COPPY"),
        ("FROM scratch\nRUN <<EOF\necho", 2, "unterminated heredoc"),
        ("# escape=x\nFROM scratch", 1, "invalid escape token 'x' does not match ` or \\"),
        ("# escape=`\n# escape=`\nFROM scratch", 2, "only one escape parser directive can be used"),
    ],
)
def test_what_cannot_be_read_names_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        read(text, "app/Dockerfile")
    error = caught.value
    assert (error.line, problem in error.problem) == (line, True), error.problem
    assert error.message.startswith(f"app/Dockerfile, line {line}: ")
    assert error.hint


def test_the_error_shows_the_line_itself() -> None:
    with pytest.raises(DockerfileError, match=r"\n  3 \| RUNN make") as caught:
        read("FROM scratch\n\nRUNN make\n")
    assert caught.value.hint == "Write RUN."


def test_stages_have_bases_names_and_platforms() -> None:
    found = read("ARG V=3.12\nFROM --platform=linux/amd64 python:$V AS Build\nCOPY a b\nFROM scratch\nFROM build")
    assert [(each.base, each.name, each.platform, each.line) for each in found.stages] == [
        ("python:$V", "build", "linux/amd64", 2),
        ("scratch", "", "", 4),
        ("build", "", "", 5),
    ]
    assert [pair for each in found.args for pair in each.pairs] == [("V", "3.12")]
    assert [found.stage(name) for name in ("build", "BUILD", "1", "7", "")] == [0, 0, 1, None, None]


def test_a_backtick_continues_lines_where_the_directive_says_so() -> None:
    found = read("# escape=`\nFROM scratch\nCOPY a `\n  c:\\\nEXPOSE 80")
    assert [each.words for each in found.stages[0].instructions] == [("a", "c:\\"), ("80",)]


def test_a_directive_below_a_comment_is_a_comment() -> None:
    assert read("# hello\n# escape=`\nFROM scratch").escape == "\\"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN <<EOF\necho a\necho $b\nEOF", [("EOF", "echo a\necho $b\n", True)]),
        ("RUN <<'EOF'\n$b\nEOF", [("EOF", "$b\n", False)]),
        ('RUN <<"EOF"\n$b\nEOF', [("EOF", "$b\n", False)]),
        ("RUN <<-EOF\n\ta\n\tEOF", [("EOF", "a\n", True)]),
        ("RUN cat <<EOF > /x\n# kept\n\nEOF", [("EOF", "# kept\n\n", True)]),
        ("COPY <<a <<b /dst/\n1\na\n2\nb", [("a", "1\n", True), ("b", "2\n", True)]),
        ('RUN echo "a <<b"', []),
        ("RUN echo $((1<<2))", []),
        ("ENV A=<<EOF", []),
        ("RUN echo don't <<EOF\nx\nEOF", [("EOF", "x\n", True)]),
    ],
)
def test_heredocs_are_taken_in(text: str, expected: list[tuple[str, str, bool]]) -> None:
    assert [(each.name, each.text, each.expand) for each in only(text).heredocs] == expected


def test_lines_are_counted_over_continuations_and_heredocs() -> None:
    found = read("FROM scratch\nCOPY <<EOF /a\n1\n2\nEOF\nCOPY a \\\n  b\nUSER me")
    assert [each.line for each in found.stages[0].instructions] == [2, 6, 8]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ('CMD ["a"]', []),
        ("CMD a b", [(2, "JSONArgsRecommended")]),
        ("ENTRYPOINT ['a']", [(2, "JSONArgsRecommended")]),
        ("ENV A b", [(2, "LegacyKeyValueFormat")]),
        ("ENV A=b", []),
        ("MAINTAINER me", [(2, "MaintainerDeprecated")]),
    ],
)
def test_what_is_probably_not_meant_is_warned_of(text: str, rules: list[tuple[int, str]]) -> None:
    assert [(each.line, each.rule) for each in read(f"FROM scratch\n{text}").warnings] == rules


VARIABLES = {"A": "one", "EMPTY": "", "PATH": "/usr/bin:/bin", "F": "foo.tar.gz"}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("$A", "one"), ("${A}", "one"), ("x${A}y", "xoney"), ("$A$A", "oneone"), ("$AB", ""), ("${UNSET}", ""),
        ("$", "$"), ("a$", "a$"), ("\\$A", "$A"), ("'$A'", "$A"), ('"$A b"', "one b"), ('"\\$A"', "$A"),
        ('"\\n"', "\\n"), ("a\\ b", "a b"), ('a"b c"d', "ab cd"), ("'it''s'", "its"), ('""', ""),
        ("${A:-x}", "one"), ("${EMPTY:-x}", "x"), ("${EMPTY-x}", ""), ("${UNSET-x}", "x"), ("${UNSET:-$A}", "one"),
        ("${A:+x}", "x"), ("${EMPTY:+x}", ""), ("${EMPTY+x}", "x"), ("${UNSET+x}", ""), ("${A:?no}", "one"),
        ("${UNSET:-${A}2}", "one2"), ("$PATH:/x", "/usr/bin:/bin:/x"),
        ("${F%.gz}", "foo.tar"), ("${F%%.*}", "foo"), ("${F#*.}", "tar.gz"), ("${F##*.}", "gz"),
        ("${F/o/0}", "f0o.tar.gz"), ("${F//o/0}", "f00.tar.gz"), ("${F/.*}", "foo"),
    ],
)  # fmt: skip
def test_variables_are_filled_in_as_buildkit_does(word: str, expected: str) -> None:
    assert expand(word, VARIABLES) == expected


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("'a", "looking for matching single-quote"),
        ('"a', "looking for matching double-quote"),
        ("${A", "missing '}'"),
        ("${}", "bad substitution"),
        ("${A!}", "unsupported modifier"),
        ("${UNSET:?is needed}", "UNSET: is needed"),
        ("${UNSET?}", "UNSET: not allowed to be unset"),
    ],
)
def test_what_cannot_be_filled_in_says_why(word: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        expand(word, VARIABLES)


def test_words_are_split_outside_quotes() -> None:
    assert split_words("a  'b c' \"d e\"f g\\ h ") == ["a", "'b c'", '"d e"f', "g\\ h"]


@given(st.text(alphabet="FROMCPYEN $\\{}'\"<`#=[]-\n\tab", max_size=60))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    with suppress(DockerfileError):
        assert read(f"FROM scratch\n{text}").stages[0].base == "scratch"


@given(st.text(alphabet="$\\{}'\"ab:-+?#%/", max_size=30))
def test_any_word_is_filled_in_or_refused(word: str) -> None:
    with suppress(ValueError):
        assert isinstance(expand(word, VARIABLES), str)
