# SPDX-License-Identifier: Apache-2.0
"""P4: a reader drops a file or pastes a link and gets three plain sentences and one state; nothing of the file leaves the browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from kua.core.digest import sha256
from kua.core.instant import Instant, rfc3339
from tests.e2e.site_rig import Rig, serving
from tests.e2e.test_site_access import AXE, RULES
from tests.rigs.published_tree import ELECTION, STATION, make_tree
from tests.vectors.test_bundle_vectors import CASES, FOLDER, bundle_of

pytestmark = pytest.mark.browser


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_tree(tmp_path, 24)
    with serving(made, tmp_path, Instant(made.end + 31_000)) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 900}, timezone_id="UTC")
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    yield opened
    opened.close()
    assert not trouble


def at_check(page: Page, rig: Rig, station: str = STATION, language: str = "en") -> None:
    page.goto(f"{rig.url}/{language}/check" + (f"?s={station}" if station else ""))
    page.locator('[data-part="form"]').wait_for()


def told(page: Page) -> tuple[str, list[str]]:
    """The state, and how the three sentences are marked."""
    page.locator('[data-part="card"]').wait_for(timeout=40_000)
    state = page.locator('[data-part="card"]').get_attribute("data-state")
    return str(state), page.locator('[data-part="card"] dd').evaluate_all("rows => rows.map((row) => row.dataset.mark)")


def drop(page: Page, path: Path) -> tuple[str, list[str]]:
    page.locator('[data-part="file"]').set_input_files(str(path))
    return told(page)


def paste(page: Page, link: str) -> tuple[str, list[str]]:
    page.locator('[data-part="url"]').fill(link)
    page.get_by_role("button", name="Check").click()
    return told(page)


def piece(rig: Rig, number: int = 1) -> Path:
    return rig.folder / ELECTION / rig.made.film(number)


def test_a_piece_of_film_that_was_saved_is_found_in_the_log(page: Page, rig: Rig) -> None:
    at_check(page, rig)
    before = len(rig.asked)
    assert drop(page, piece(rig)) == ("intact", ["yes", "yes", "yes"])
    assert not [path for path in rig.asked[before:] if path.endswith(".m4s")]
    assert STATION in page.locator('[data-part="unaltered"]').inner_text()
    assert re.search(r"from \d{4}-\d\d-\d\d \d\d:\d\d:\d\d to \d\d:\d\d:\d\d", page.locator('[data-part="whole"]').inner_text())


def test_a_second_copy_with_the_number_of_the_browser_in_its_name_is_found_too(page: Page, rig: Rig, tmp_path: Path) -> None:
    at_check(page, rig)
    again = tmp_path / f"{piece(rig).stem} (1).m4s"
    again.write_bytes(piece(rig).read_bytes())
    assert drop(page, again) == ("intact", ["yes", "yes", "yes"])


def test_one_changed_bit_is_said_plainly(page: Page, rig: Rig, tmp_path: Path) -> None:
    at_check(page, rig)
    altered = bytearray(piece(rig).read_bytes())
    altered[-9] ^= 1
    (tmp_path / piece(rig).name).write_bytes(altered)
    assert drop(page, tmp_path / piece(rig).name) == ("altered", ["unsaid", "no", "yes"])


def test_a_file_that_no_station_signed_is_unknown(page: Page, rig: Rig, tmp_path: Path) -> None:
    at_check(page, rig)
    (tmp_path / "ffffffff-1.m4s").write_bytes(piece(rig).read_bytes())
    assert drop(page, tmp_path / "ffffffff-1.m4s") == ("unknown", ["unsaid", "unsaid", "no"])
    (tmp_path / "holiday.mp4").write_bytes(b"film")
    assert drop(page, tmp_path / "holiday.mp4") == ("unknown", ["unsaid", "unsaid", "no"])


def test_a_link_to_a_piece_and_a_link_to_a_moment_are_followed(page: Page, rig: Rig) -> None:
    at_check(page, rig, "")
    name = rig.made.film(1)
    page.locator('[data-part="url"]').fill(f"{rig.url}/t/{ELECTION}/{name}?leaf=7")
    page.get_by_role("button", name="Check").click()
    page.wait_for_url(f"**/check?s={STATION}&u=*")
    assert told(page) == ("intact", ["yes", "yes", "yes"])
    moment = page.locator('[data-part="whole"]').inner_text()
    begin = rig.made.begin + 5_000
    assert paste(page, f"{rig.url}/ru/s/{STATION}?t={rfc3339(Instant(begin))}") == ("intact", ["yes", "yes", "yes"])
    assert moment == page.locator('[data-part="whole"]').inner_text()


def test_what_has_not_arrived_is_signed_for_all_the_same(page: Page, rig: Rig) -> None:
    at_check(page, rig)
    rig.swap(rig.made.film(1), None)
    assert paste(page, f"{rig.url}/t/{ELECTION}/{rig.made.film(1)}") == ("arriving", ["no", "unsaid", "yes"])


def test_a_log_that_was_altered_makes_nothing_intact(page: Page, rig: Rig) -> None:
    at_check(page, rig)
    note = (rig.folder / ELECTION / "s" / STATION / "checkpoint").read_bytes()
    rig.swap(f"s/{STATION}/checkpoint", note.replace(b"\n", b"\n", 1)[:-8] + b"AAAAAA=\n")
    state, marks = drop(page, piece(rig))
    assert (state, marks[1], marks[2]) == ("altered", "no", "no")


def test_a_statement_that_was_changed_to_fit_an_altered_film_is_not_in_the_log(page: Page, rig: Rig, tmp_path: Path) -> None:
    at_check(page, rig)
    altered = bytearray(piece(rig).read_bytes())
    altered[-9] ^= 1
    (tmp_path / piece(rig).name).write_bytes(altered)
    place = rig.folder / ELECTION / "s" / STATION
    signed, forged = sha256(piece(rig).read_bytes()).hex().encode(), sha256(bytes(altered)).hex().encode()
    for entries in (place / "tile" / "entries").rglob("*"):
        if entries.is_file():
            rig.swap(f"s/{STATION}/{entries.relative_to(place)}", entries.read_bytes().replace(signed, forged))
    assert drop(page, tmp_path / piece(rig).name) == ("altered", ["unsaid", "no", "no"])


@pytest.mark.parametrize(
    "name", ["intact-film", "intact-withdrawn", "segment-0-one-bit", "segment-left-out", "station-with-another-key", "zip-cut"]
)
def test_a_bundle_is_answered_in_three_sentences(page: Page, rig: Rig, tmp_path: Path, name: str) -> None:
    at_check(page, rig, "")
    (tmp_path / f"{name}.zip").write_bytes(bundle_of(CASES[name]))
    wanted = {
        "intact-film": ("intact", ["yes", "yes", "yes"]),
        "intact-withdrawn": ("withdrawn", ["unsaid", "yes", "yes"]),
        "segment-0-one-bit": ("altered", ["yes", "no", "yes"]),
        "segment-left-out": ("incomplete", ["no", "yes", "yes"]),
        "station-with-another-key": ("altered", ["no", "no", "no"]),
        "zip-cut": ("altered", ["unsaid", "no", "unsaid"]),
    }
    assert drop(page, tmp_path / f"{name}.zip") == wanted[name]


def test_a_piece_without_its_station_and_a_link_elsewhere_get_a_sentence(page: Page, rig: Rig) -> None:
    at_check(page, rig, "")
    page.locator('[data-part="file"]').set_input_files(str(piece(rig)))
    page.get_by_text("Give the number of the station first").wait_for()
    for link, words in (("https://elsewhere.example/s/10-245/film/a/x.m4s", "another site"), ("nonsense", "This is no link")):
        page.locator('[data-part="url"]').fill(link)
        page.get_by_role("button", name="Check").click()
        page.get_by_text(words).wait_for()


def test_a_browser_that_cannot_check_says_nothing_of_the_film(browser: Browser, rig: Rig) -> None:
    bare = browser.new_page()
    bare.add_init_script("Object.defineProperty(Crypto.prototype, 'subtle', { value: undefined })")
    at_check(bare, rig, "")
    bare.locator('[data-part="file"]').set_input_files(str(FOLDER / "film.zip"))
    assert told(bare) == ("cannot", ["unsaid", "unsaid", "unsaid"])
    bare.close()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_a_telephone(page: Page, rig: Rig, language: str) -> None:
    page.set_viewport_size({"width": 320, "height": 740})
    at_check(page, rig, language=language)
    drop(page, piece(rig))
    page.evaluate(AXE.read_text())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
    assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
