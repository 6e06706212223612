"""Secrets stay out of logs, however they arrive."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gitopslab.ci.runner.masking import Masking
from gitopslab.ci.runner.trace import LARGEST, Trace

SECRET = "s3cr3t-s3cr3t-value"


@given(
    st.lists(st.sampled_from([SECRET, "s3cr3t-", "x", "\n", "s3cr3t-s3cr3t-valu", SECRET[:8]]), max_size=12),
    st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=20),
)
def test_a_secret_never_passes_however_the_output_is_cut(words: list[str], cuts: list[int]) -> None:
    text = "".join(words).encode()
    masking, out, rest, at = Masking([SECRET]), b"", text, 0
    while rest:
        size = cuts[at % len(cuts)]
        out, rest, at = out + masking.feed(rest[:size]), rest[size:], at + 1
    out += masking.end()
    assert SECRET.encode() not in out
    assert out == text.replace(SECRET.encode(), b"[MASKED]")


def test_short_values_are_left_as_they_are() -> None:
    masking = Masking(["short", ""])
    assert masking.feed(b"a short word") + masking.end() == b"a short word"


def test_each_line_of_a_value_is_a_secret() -> None:
    masking = Masking(["first line\nsecond line"])
    assert masking.feed(b"> second line <") + masking.end() == b"> [MASKED] <"


def test_a_log_without_end_is_cut_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "1.log"
    with Trace(path) as trace:
        for _ in range(LARGEST // 100_000 + 20):
            trace.output(b"x" * 100_000)
    assert path.stat().st_size < LARGEST + 1000
    assert path.read_bytes().rstrip().endswith(b"will be collected.\x1b[0;m")
