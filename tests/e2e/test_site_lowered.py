# SPDX-License-Identifier: Apache-2.0
"""A station on a thin line in a real Chromium: the lowered picture is checked, called what it is, and gives way to the full film."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kua.core.instant import SLOT, Instant
from tests.e2e.site_rig import Rig, chromium, serving, watch
from tests.e2e.test_site_player import CHECKED, flipped, plays, shown_at, until, until_shown
from tests.rigs.published_tree import STATION, Made, make_tree

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)

SLOW = "The line of the station is slow: one small picture a second is sent at once. The full film is recorded in the station and follows."
STILL = "The line of the station is slow: one small picture in ten seconds is sent at once. The full film is recorded in the station and follows."
NONE = "The line of the station is too slow for pictures: only its signed statements are sent at once. The full film is recorded in the station and follows."
LOWERED = "[data-part=lowered]"
WIDTH = "document.querySelector('video').videoWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    yield opened
    context.close()


def station(folder: Path, rung: str, count: int = 6) -> Made:
    """A tree of `count` segments of which only what was sent at once is there."""
    return make_tree(folder, count * 4, rungs=[rung] * count, away=range(count))


def arrive(rig: Rig, full: Made) -> None:
    """The full film comes, and the lists name it."""
    for name, data in full.files.items():
        if "/film/" in name:
            rig.swap(name, data)


def test_one_picture_a_second_is_shown_as_that_until_the_full_film_comes(tmp_path: Path, page: Page) -> None:
    made = station(tmp_path / "thin", "slow")
    with serving(made, tmp_path / "thin", Instant(made.end + 31_000)) as rig:
        page.goto(rig.station(query="?t=13:59:49"))
        expect(page.get_by_role("table").first).to_contain_text("Lowered picture")
        watch(page)
        plays(page)
        expect(page.locator("[data-part=status]")).to_have_text(CHECKED)
        expect(page.locator(LOWERED)).to_have_text(SLOW)
        assert page.evaluate(WIDTH) == 320
        assert not [path for path in rig.film if path.endswith(".m4s") and "/live/" not in path]

        full = make_tree(tmp_path / "full", 24, rungs=["slow"] * 6)
        assert full.leaves == made.leaves, "what was stated stays stated"
        arrive(rig, full)
        page.goto(rig.station(query="?t=13:59:49"))
        watch(page)
        plays(page)
        expect(page.locator("[data-part=status]")).to_have_text(CHECKED)
        expect(page.locator(LOWERED)).to_have_text("")
        assert page.evaluate(WIDTH) == 640


def test_the_newest_picture_changes_to_the_full_film_while_it_is_watched(tmp_path: Path, page: Page) -> None:
    """The list is read again, its numbers have not changed, and what comes next is the full film: without a word from the reader."""
    made = station(tmp_path / "thin", "small", 12)
    full = make_tree(tmp_path / "full", 48, rungs=["small"] * 12, away=range(9))
    with serving(made, tmp_path / "thin", Instant(made.end + 31_000)) as rig:
        lists = [f"s/{STATION}/film/a/{name}.m3u8" for name in ("day", "live")]
        for name in lists:  # at first without the newest three
            text = made.files[name].decode()
            rig.swap(
                name, "".join(text.partition(text.split("#EXT-X-DISCONTINUITY\n")[-3])[0]).removesuffix("#EXT-X-DISCONTINUITY\n").encode()
            )
        page.goto(rig.station())
        watch(page)
        plays(page)
        expect(page.locator(LOWERED)).to_contain_text("a small picture is sent at once")
        assert page.evaluate(WIDTH) == 320
        arrive(rig, full)
        until(page, f"{WIDTH} === 640")
        expect(page.locator(LOWERED)).to_have_text("")
        assert page.get_by_role("alert").inner_text() == ""


def test_still_pictures_are_shown_one_after_another_and_the_holes_between_them_are_no_fault(tmp_path: Path, page: Page) -> None:
    made = station(tmp_path, "still", 12)
    with serving(made, tmp_path, Instant(made.end + 31_000)) as rig:
        there = [piece.cut.t0 for piece in made.pieces if piece.live and piece.live.payload]
        page.goto(rig.station(query="?t=13:59:09"))
        watch(page)
        plays(page)
        expect(page.locator(LOWERED)).to_have_text(STILL)
        for t0 in there[:3]:
            until_shown(page, t0, t0 + SLOT)
        assert not page.evaluate("document.querySelector('kua-player [data-part=screen]').classList.contains('stale')")
        assert page.get_by_role("alert").inner_text() == ""


def test_a_line_that_carries_statements_alone_is_called_so(tmp_path: Path, page: Page) -> None:
    made = station(tmp_path, "none")
    with serving(made, tmp_path, Instant(made.end + 31_000)) as rig:
        page.goto(rig.station())
        watch(page)
        expect(page.locator(LOWERED)).to_have_text(NONE)


def test_a_forged_lowered_picture_is_never_shown(tmp_path: Path, page: Page) -> None:
    made = station(tmp_path, "slow")
    with serving(made, tmp_path, Instant(made.end + 31_000)) as rig:
        bad = next(name for name in made.files if "/live/" in name and name.endswith(".m4s"))
        rig.swap(bad, flipped(made.files[bad]))
        page.goto(rig.station(query="?t=13:59:33"))
        watch(page)
        expect(page.get_by_role("alert")).to_contain_text("has been altered. It is not shown.")


def test_a_list_that_calls_the_lowered_picture_the_full_film_is_refused_by_the_log(tmp_path: Path, page: Page) -> None:
    """Without the tag the piece is still held against what the leaf says of the lowered film; under the full film's name it does not hold."""
    made = station(tmp_path, "slow")
    with serving(made, tmp_path, Instant(made.end + 31_000)) as rig:
        for name in ("day", "live"):
            path = f"s/{STATION}/film/a/{name}.m3u8"
            piece = made.pieces[0]
            assert piece.live is not None
            text = made.files[path].decode().replace(f"live/{piece.live.run}-{piece.live.slot}", f"{piece.run}-{piece.cut.slot}")
            rig.swap(path, text.encode())
        rig.swap(made.film(0), piece.live.payload)
        page.goto(rig.station(query="?t=13:59:33"))
        watch(page)
        expect(page.get_by_role("alert")).to_contain_text(re.compile("It is not shown"))
        assert shown_at(page) >= 0


@pytest.mark.parametrize("full", [True, False])
def test_the_check_page_knows_both_files_of_a_moment(tmp_path: Path, page: Page, full: bool) -> None:
    made = make_tree(tmp_path / "thin", 24, rungs=["slow"] * 6, away=() if full else range(6))
    piece = made.pieces[1]
    assert piece.live is not None
    with serving(made, tmp_path / "thin", Instant(made.end + 31_000)) as rig:
        for name, data in (
            (f"{piece.run}-{piece.cut.slot}.m4s", piece.cut.data),
            (f"{piece.live.run}-{piece.live.slot}.m4s", piece.live.payload),
        ):
            file = tmp_path / name
            file.write_bytes(data)
            page.goto(f"{rig.url}/en/check?s={STATION}")
            page.set_input_files("input[type=file]", str(file))
            expect(page.locator("[data-part=card]")).to_have_attribute("data-state", "intact")
            told = page.locator("[data-part=whole]")
            expect(told).to_contain_text("The lowered picture" if data == piece.live.payload else "One piece, without a missing second")
