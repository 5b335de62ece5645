# SPDX-License-Identifier: Apache-2.0
"""The catalogues: every sentence that people read is there in Kazakh and Russian, with its places, and a new one cannot be forgotten."""

import html
import re
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from kua.core.errors import Rejected
from kua.web.kit.pages import Words
from kua.words.lines import say_line
from kua.words.speak import LANGUAGES, catalogue, explain
from tools import catalogues

TRANSLATED = ("kk", "ru")
PLURALS = {"kk": 2, "ru": 3}
CYRILLIC = "а-яёәғқңөұүһі"
# Said the same way in every language: units, and commands that are typed as they stand.
SAME = re.compile(r"(\{n\} [a-z]+)|(kua station .*)")


@pytest.fixture(scope="module")
def template() -> Catalog:
    """Everything that stands in the source now."""
    return catalogues.gathered()


@cache
def messages(language: str) -> list[Message]:
    """The messages of a catalogue, without its header and without what is still to be translated: one test is enough to miss those."""
    return [message for message in catalogues.load(language) if message.id and all(texts(message.string))]


def texts(value: str | list[str] | tuple[str, ...]) -> list[str]:
    """One text, or each plural form."""
    return [value] if isinstance(value, str) else list(value)


def places(text: str) -> list[str]:
    """The named places of a sentence, sorted; a brace that stands alone is an error here."""
    return sorted(str(name) for _, name, _, _ in string.Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_of_the_source_is_translated(template: Catalog, language: str) -> None:
    held = catalogues.load(language)
    missing = [
        message.id for message in template
        if message.id and ((own := held.get(message.id, message.context)) is None or not all(texts(own.string)))
    ]  # fmt: skip
    assert not missing, "run `make locale` and translate"


@pytest.mark.parametrize("language", LANGUAGES)
def test_make_locale_would_change_nothing(template: Catalog, language: str) -> None:
    assert catalogues.path_of(language).read_bytes() == catalogues.merged(language, template), "run `make locale`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_a_guess(language: str) -> None:
    assert b"fuzzy" not in catalogues.path_of(language).read_bytes()


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    wrong = [
        (message.id, text)
        for message in messages(language)
        for text in texts(message.string)
        if places(text) not in [places(one) for one in texts(message.id)]
    ]
    assert not wrong


@pytest.mark.parametrize("language", TRANSLATED)
def test_numbers_have_as_many_forms_as_the_language(language: str) -> None:
    counted = [message for message in messages(language) if not isinstance(message.id, str)]
    assert counted
    assert {len(texts(message.string)) for message in counted} == {PLURALS[language]}


def test_a_kazakh_noun_stays_singular_after_a_number() -> None:
    assert all(len(set(texts(message.string))) == 1 for message in messages("kk") if not isinstance(message.id, str))


def test_russian_takes_the_form_of_the_number() -> None:
    words = Words("ru")
    assert [words.many("{n} hour", "{n} hours", number) for number in (1, 2, 5, 11, 21)] == ["1 час", "2 часа", "5 часов", "11 часов", "21 час"]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_ending_is_glued_to_a_name(language: str) -> None:
    """Kazakh endings follow the vowels of the word before, Russian ones its gender: neither is known of a name that is filled in."""
    glued = re.compile(rf"\}}[-’']?[{CYRILLIC}]|[{CYRILLIC}]\{{", re.IGNORECASE)
    assert not [text for message in messages(language) for text in texts(message.string) if glued.search(text)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_mixes_latin_and_cyrillic_letters(language: str) -> None:
    mixed = re.compile(rf"[a-z][{CYRILLIC}]|[{CYRILLIC}][a-z]", re.IGNORECASE)
    assert not [text for message in messages(language) for text in texts(message.string) if mixed.search(text)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_in_its_language(language: str) -> None:
    for message in messages(language):
        for one, text in zip(texts(message.id), texts(message.string), strict=False):
            bare = re.sub(r"\{[a-z_]*\}", "", text)
            assert re.search(rf"[{CYRILLIC}]", bare, re.IGNORECASE) or SAME.fullmatch(one), text


def test_kazakh_and_russian_are_not_one_text_twice() -> None:
    russian = {message.id if isinstance(message.id, str) else message.id[0]: message.string for message in messages("ru")}
    twice = [message.id for message in messages("kk") if isinstance(message.id, str) and len(message.id) > 24 and russian[message.id] == message.string]
    assert all(SAME.fullmatch(str(one)) for one in twice), twice


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_sentence_stop_is_kept(language: str) -> None:
    pairs = [pair for message in messages(language) for pair in zip(texts(message.id), texts(message.string), strict=False)]
    assert not [(one, text) for one, text in pairs if one.endswith(".") != text.endswith(".")]


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_compiled_catalogue_is_found_and_speaks(language: str) -> None:
    said = catalogue(language)
    assert said.info()["language"] == language, "run `make setup`: the catalogue is not compiled"
    stale = [message.id for message in messages(language) if isinstance(message.id, str) and said.gettext(message.id) != message.string]
    assert not stale, "run `make setup`: the compiled catalogue is older than its source"


def test_english_needs_no_catalogue() -> None:
    assert catalogue("en").gettext("Watch") == "Watch"


@pytest.mark.parametrize(
    ("language", "said"), [("kk", "Учаске тіркелмеген: 10-245."), ("ru", "Участок 10-245 не зарегистрирован."), ("en", "Station 10-245 is not enrolled.")]
)
def test_an_error_is_told_in_the_readers_language_with_its_facts(language: str, said: str) -> None:
    assert explain(Rejected("upload.not_enrolled", station="10-245"), language)[0] == said


def test_a_verifiers_line_is_told_in_kazakh() -> None:
    assert say_line("film.key_given", {"name": "x"}, "kk") != say_line("film.key_given", {"name": "x"}, "en")


PAGES = sorted((Path(__file__).parents[1] / "golden" / "pages").glob("*.html"))
NAMES = {"Apache", "Cookie", "English", "HLS", "JavaScript", "UTC", "VERSION", "cookie", "kua", "kyzylorda"}
"""Latin words that stand on a Kazakh or Russian page for good reason; the last one is what the fixed reader searched for."""


@pytest.mark.parametrize("page", [page for page in PAGES if ".en." not in page.name], ids=lambda page: page.name)
def test_no_english_is_left_on_a_page(page: Path) -> None:
    """Catches a sentence that never went through the catalogue: gathering cannot see what it was not shown."""
    text = re.sub(r"<(code|kbd|pre|script|style)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    spoken = re.findall(r'(?:aria-label|title|alt|placeholder|data-label|data-word-[a-z-]+)="([^"]*)"', text)
    seen = re.sub(r"\{[a-z_]+\}", "", html.unescape(" . ".join([re.sub(r"<[^>]+>", " . ", text), *spoken])))
    assert not set(re.findall(r"[A-Za-z]{3,}", seen)) - NAMES
