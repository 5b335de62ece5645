# SPDX-License-Identifier: Apache-2.0
"""One Chromium for the tests of a module."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.site_rig import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a camera; each test opens a context of its own."""
    with chromium() as running:
        yield running
