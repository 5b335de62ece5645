# SPDX-License-Identifier: Apache-2.0
"""*Make a clip* in a browser: the form follows the player, the page waits by itself, and the file that comes passes on the check page."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from kua.adapters.clock import SystemClock
from kua.adapters.indexes.places import SqlitePlaces
from kua.app.public_clips import ClipRoom
from kua.centre.log.places import Placing
from kua.core.instant import Instant
from kua.core.nouns import nation_origin
from kua.proof.leaf import read_leaf
from kua.verify.below import Below
from kua.verify.bundle import verify_bundle
from kua.verify.entries import raw_entries
from kua.verify.reading import Folder
from kua.web.site.app import build_site
from tests.e2e.site_rig import Rig, chromium, index_of, serving, watch
from tests.e2e.test_site_access import AXE, RULES
from tests.rigs.published_tree import CENTRE, DOMAIN, ELECTION, STATION, make_tree

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_tree(tmp_path / "tree", 24, calibrated=True, closed=True)
    tree, now = tmp_path / "tree" / ELECTION, Instant(made.end + 31_000)
    places = SqlitePlaces(tmp_path / "nation.db")
    placing = Placing(places)
    entries = raw_entries(Below(Folder(tree), "nation"), made.nation_size)
    placing.begin(0, entries.__getitem__)
    for number, entry in enumerate(entries):
        placing.note(number, entry, read_leaf(entry, "nation"))
    placing.flush()
    index = index_of(made, now)
    room = ClipRoom(
        tmp_path / "clips", tree, nation_origin(DOMAIN, ELECTION), CENTRE.verifier, index, places, SystemClock(), room=2**28
    )
    with serving(made, tmp_path / "tree", now, Served(build_site(index, clips=room), room)) as running:
        yield running
    places.close()


class Served:
    """The site, and what makes its clips once there is a loop."""

    def __init__(self, site: Starlette, room: ClipRoom) -> None:
        self._site: ASGIApp = site
        self._room, self._task = room, None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._task = self._task or asyncio.create_task(self._room.run())
        await self._site(scope, receive, send)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 900}, timezone_id="UTC")
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    yield opened
    opened.close()
    assert not trouble


def test_a_reader_makes_a_clip_and_checks_it_in_the_browser(page: Page, rig: Rig, tmp_path: Path) -> None:
    page.goto(rig.station())
    page.get_by_role("button", name="Make clip").click()
    page.get_by_role("heading", name="The clip is ready").wait_for(timeout=30_000)
    with page.expect_download() as got:
        page.get_by_role("link", name="Download").click()
    out = tmp_path / got.value.suggested_filename
    got.value.save_as(out)
    report = verify_bundle(out)
    assert (report.exit_code, out.stem) == (0, report.summary["name"])
    page.get_by_role("link", name="Check a film").first.click()
    page.locator('[data-part="file"]').set_input_files(str(out))
    page.locator('[data-part="card"]').wait_for(timeout=40_000)
    assert page.locator('[data-part="card"]').get_attribute("data-state") == "intact"
    assert page.locator('[data-part="card"] dd').evaluate_all("rows => rows.map((row) => row.dataset.mark)") == ["yes", "yes", "yes"]


def test_the_form_follows_the_player_until_the_reader_writes_a_time(page: Page, rig: Rig) -> None:
    page.goto(rig.station())
    since, until = page.locator("#clip-from"), page.locator("#clip-to")
    before = since.input_value(), until.input_value()
    watch(page)
    page.locator('button[data-part="from"]').wait_for(timeout=30_000)
    assert (since.input_value(), until.input_value()) != before
    until.fill("13:59:59")
    page.locator('button[data-part="from"]').click()
    first = since.input_value()
    page.get_by_role("slider").press("Home")
    page.wait_for_function("() => document.querySelector('[data-part=clock]').textContent.length > 0")
    assert (since.input_value(), until.input_value()) == (first, "13:59:59")


def test_without_scripts_it_works_the_same(browser: Browser, rig: Rig) -> None:
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(rig.station("ru"))
    page.get_by_role("button", name="Сделать клип").click()
    page.get_by_role("heading", name="Клип готов").wait_for(timeout=30_000)
    assert page.get_by_role("link", name="Скачать").get_attribute("href").startswith("/clip/")
    plain.close()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_a_telephone(page: Page, rig: Rig, language: str) -> None:
    page.set_viewport_size({"width": 320, "height": 740})
    page.goto(f"{rig.station(language)}/clip")
    for step in ("form", "refused", "ready"):
        if step == "refused":
            page.locator("#clip-from").fill("23:59:59")
            page.locator('form.clip button[type="submit"]').click()
            page.locator('[role="alert"]').wait_for()
            page.goto(f"{rig.station(language)}/clip")
        if step == "ready":
            page.locator('form.clip button[type="submit"]').click()
            page.locator("a.button").wait_for(timeout=30_000)
        page.evaluate(AXE.read_text())
        found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
        assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert STATION in page.title() or page.title()
