# SPDX-License-Identifier: Apache-2.0
"""The pages of a fixed country are what they were when somebody last looked at them (`make golden` writes them anew)."""

from pathlib import Path

import pytest

from kua.words.speak import LANGUAGES
from tests.golden.site_fixture import PAGES, golden

FOLDER = Path(__file__).parent / "pages"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_what_it_was(name: str, language: str) -> None:
    assert await golden(language, PAGES[name]) == (FOLDER / f"{name}.{language}.html").read_text(encoding="utf-8")


def test_no_golden_page_is_left_over() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.{language}.html" for name in PAGES for language in LANGUAGES}
