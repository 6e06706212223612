"""The browser in which the widgets' scripts are tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import widget_page
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One for all tests of a module; not longer, because Playwright keeps an event loop that others cannot share."""
    with widget_page.chromium() as opened:
        yield opened
