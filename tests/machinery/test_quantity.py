from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitopslab.machinery import quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", Decimal(1)),
        ("250m", Decimal("0.25")),
        ("1.5", Decimal("1.5")),
        (".5", Decimal("0.5")),
        ("64Mi", Decimal(64 * 2**20)),
        ("2e3", Decimal(2000)),
        ("2E3", Decimal(2000)),
        ("2E", Decimal(2 * 10**18)),
        ("-1k", Decimal(-1000)),
        ("100n", Decimal("1e-7")),
        (3, Decimal(3)),
    ],
)
def test_a_quantity_is_read_exactly(text: str | int, value: Decimal) -> None:
    assert quantity.parse(text) == value


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1gi", "1.2.3", "0x10", "1KiB", "--1", "1\n", "\u0661"])
def test_what_is_no_quantity_is_refused_in_the_servers_words(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        quantity.parse(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1024Mi", "1Gi"),
        ("1500Mi", "1500Mi"),
        ("2000", "2k"),
        ("1.5Gi", "1536Mi"),
        ("0", "0"),
        ("0Gi", "0"),
        ("1e3", "1e3"),
        ("1.5e3", "1500"),
        ("25e5", "2500e3"),
        ("5e-3", "5e-3"),
        ("50e-2", "500e-3"),
        ("100", "100"),
        ("1000Ki", "1000Ki"),
    ],
)
def test_the_canonical_spelling_is_the_shortest_without_a_fraction(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize("text", ["1e999999", "1e-999999", "9" * 200])
def test_an_absurd_quantity_is_refused_and_not_computed(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse numeric part of quantity"):
        quantity.parse(text)


def test_whole_units_are_rounded_up() -> None:
    assert (quantity.milli("1u"), quantity.milli("0.1"), quantity.whole("1500m")) == (1, 100, 2)


@given(st.integers(min_value=-(10**15), max_value=10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "Gi"]))
def test_the_canonical_spelling_means_the_same(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert quantity.parse(quantity.canonical(text)) == quantity.parse(text)


NUMBERS = st.decimals(min_value=-(10**6), max_value=10**6, places=4).map(lambda number: f"{number:f}")
SUFFIXES = st.sampled_from(["n", "u", "m", "", "k", "M", "G", "Ki", "Mi", "Gi", "e3", "e-3", "E2"])
TEXTS = st.builds(lambda number, suffix: f"{number}{suffix}", NUMBERS, SUFFIXES)


@given(NUMBERS, SUFFIXES)
def test_any_quantity_has_its_exact_value(number: str, suffix: str) -> None:
    decimal = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "e3": 3, "e-3": -3, "E2": 2}
    binary = {"Ki": 10, "Mi": 20, "Gi": 30}
    factor = Fraction(2) ** binary[suffix] if suffix in binary else Fraction(10) ** decimal[suffix]
    assert Fraction(quantity.parse(number + suffix)) == Fraction(number) * factor


@given(TEXTS)
def test_canonical_is_canonical_and_never_nearer_to_zero(text: str) -> None:
    once = quantity.canonical(text)
    assert quantity.canonical(once) == once
    finest = Fraction(1, 10**9)  # what is finer than nano is rounded, and who asks for something gets something
    assert 0 <= abs(Fraction(quantity.parse(once))) - abs(Fraction(quantity.parse(text))) < finest


@given(TEXTS, TEXTS)
def test_whole_and_thousandths_are_rounded_away_from_zero_and_keep_the_order(left: str, right: str) -> None:
    for text in (left, right):
        value = Fraction(quantity.parse(text))
        assert 0 <= abs(quantity.whole(text)) - abs(value) < 1
        assert 0 <= abs(quantity.milli(text)) - abs(value) * 1000 < 1
    if quantity.parse(left) <= quantity.parse(right):
        assert quantity.milli(left) <= quantity.milli(right)
