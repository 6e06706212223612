"""JSON documents for property tests, small enough that their parts often meet."""

from __future__ import annotations

from hypothesis import strategies as st

KEYS = st.text("abc", min_size=1, max_size=1)
JSON = st.recursive(
    st.integers(-5, 5) | st.text("ab", max_size=2) | st.booleans(),
    lambda below: st.dictionaries(KEYS, below, max_size=3) | st.lists(below, max_size=2),
    max_leaves=8,
)
MAPS = st.dictionaries(KEYS, JSON, max_size=3)
