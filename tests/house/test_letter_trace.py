# SPDX-License-Identifier: Apache-2.0
"""The letter's eleven objections: each has a rule in the code, a page in three languages, and a test or the word that there is none yet."""

import re
from pathlib import Path

import pytest

from tools import trace

LETTER = Path(__file__).parents[2] / "docs" / "letter"
BOASTS = {"kk": r"толық шешілді|кепілдік береміз", "ru": r"решено полностью|гарантируем", "en": r"\bis solved\b|we guarantee|fully secure"}


@pytest.mark.parametrize("number", trace.OBJECTIONS)
def test_an_objection_has_its_rule_its_pages_and_its_test(number: int) -> None:
    assert trace.faults_of(number) == []


def test_no_page_is_without_an_objection() -> None:
    wanted = {f"{language}/{objection.page}.md" for language in trace.LANGUAGES for objection in trace.OBJECTIONS.values()}
    assert {path.relative_to(LETTER).as_posix() for path in LETTER.glob("*/*.md")} == wanted


@pytest.mark.parametrize("number", trace.OBJECTIONS)
def test_the_three_languages_say_equally_much(number: int) -> None:
    """A row, a limit or a plan that is missing in one language is a promise that only some readers were given."""

    def shape(language: str) -> list[int]:
        parts = trace.page_of(number, language).read_text(encoding="utf-8").split("\n## ")
        return [len(re.findall(r"^(?:- |\| )", part, re.MULTILINE)) for part in parts]

    assert shape("kk") == shape("ru") == shape("en")


@pytest.mark.parametrize("language", trace.LANGUAGES)
def test_no_page_boasts(language: str) -> None:
    for path in (LETTER / language).glob("*.md"):
        assert not re.search(BOASTS[language], path.read_text(encoding="utf-8"), re.IGNORECASE), path.name


def test_the_index_links_every_page() -> None:
    index = (LETTER / "README.md").read_text(encoding="utf-8")
    assert all(f"({language}/{objection.page}.md)" in index for language in trace.LANGUAGES for objection in trace.OBJECTIONS.values())
