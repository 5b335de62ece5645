# SPDX-License-Identifier: Apache-2.0
"""An observer's telephone as it is: a small Chromium over real TLS co-signs the log of a station, by tap and then by itself, and refuses a second history."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from kua.adapters.tilelog import DiskLog
from kua.core.instant import Millis
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.cosign import cosigned_at
from kua.proof.keys import VerifierKey
from kua.proof.merkle import EMPTY_ROOT
from kua.proof.note import parse_note
from kua.proof.paper import paper_code
from kua.station.journal import Journal, leaves_of
from tests.e2e.test_site_access import AXE, RULES
from tests.rigs.box import STATION
from tests.rigs.listening import DAY, IDLE, ORIGIN, Room, room_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with room_of(tmp_path) as made:
        yield made


@pytest.fixture
def telephone(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(
        viewport={"width": 360, "height": 740}, locale="kk-KZ", ignore_https_errors=True, accept_downloads=True
    ) as held:
        yield held


def begin(telephone: BrowserContext, room: Room, language: str = "en") -> Page:
    """Scan the QR, and tap."""
    page = telephone.new_page()
    page.clock.install()
    page.goto(room.invite(language))
    page.locator('[data-part="begin"]').click()
    expect(page.locator('[data-part="state"]')).to_contain_text("✓", timeout=20_000)
    return page


def vkey_of(page: Page) -> VerifierKey:
    return VerifierKey.parse(page.locator('[data-part="vkey"]').input_value())


def passes(page: Page, shown: Locator) -> None:
    """Let the page's minutes pass until something is shown: the first may pass before the page has begun to wait for it."""
    for _ in range(20):
        page.clock.run_for(61_000)
        with suppress(AssertionError):
            expect(shown).to_be_visible(timeout=1_000)
            return
    expect(shown).to_be_visible()


def minute(page: Page, size: int) -> None:
    """Let the page's minute pass until it has signed the checkpoint of `size` entries."""
    passes(page, page.locator('[data-part="code"]', has_text=re.compile(rf"^{size} ")))


def test_a_tap_signs_and_then_it_signs_by_itself_and_the_log_says_so(telephone: BrowserContext, room: Room) -> None:
    page = begin(telephone, room)
    first = room.log.size
    assert room.inbox.tick(room.journal, room.clock.monotonic())
    room.grow(3)
    second = room.log.size
    minute(page, second)
    key = vkey_of(page)
    assert key.name.startswith(f"observer/{STATION}/")
    assert page.locator('[data-part="code"]').inner_text() == str(paper_code(parse_note(room.log.checkpoint()).text)), (
        "the code of the protocol, reckoned here"
    )
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save my list").click()
    said = json.loads(Path(saved.value.path()).read_bytes())
    assert [one["size"] for one in said["signed"]] == [first, second]
    for one in said["signed"]:
        note = one["note"].encode()
        assert open_checkpoint(note, room.key.verifier, ORIGIN).size == one["size"]
        assert cosigned_at(parse_note(note), key) == one["at"]
    words = ("log", "verify", str(room.box / "log"), "--vkey", str(room.key.verifier), "--telephone", str(saved.value.path()))
    checked = subprocess.run([sys.executable, "-m", "kua.cli.main", *words], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    (leaf,) = [leaf for leaf in leaves_of(room.log) if leaf.type == "observer"]
    assert leaf["vkey"] == str(key)
    assert leaf["note"] == said["signed"][0]["note"]


def barriers(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds on the page as it stands."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
    return [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_page_is_for_everybody_and_fits_the_smallest_telephone(telephone: BrowserContext, room: Room, language: str) -> None:
    page = begin(telephone, room, language)
    page.locator('[data-part="qr-show"]').click()
    page.locator("details").evaluate("(each) => { each.open = true; }")
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert barriers(page) == []
    second_history(room, room.log.size + 2)
    passes(page, page.locator('[data-part="fork"]'))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert barriers(page) == []


def test_the_page_asks_nothing_of_anybody_else_and_its_key_cannot_be_taken_out(telephone: BrowserContext, room: Room) -> None:
    asked: list[str] = []
    telephone.on("request", lambda request: asked.append(request.url))
    page = begin(telephone, room, "kk")
    assert page.locator("html").get_attribute("lang") == "kk"
    assert all(url.startswith((f"https://127.0.0.1:{room.port}/", "blob:")) for url in asked)
    assert not page.evaluate("document.cookie")
    assert page.evaluate(
        """async () => { const base = await new Promise((done) => { const open = indexedDB.open("kua-cosign", 1); open.onsuccess = () => done(open.result); });
        const all = await new Promise((done) => { const got = base.transaction("keys").objectStore("keys").getAll(); got.onsuccess = () => done(got.result); });
        return all.filter((each) => each.privateKey).map((each) => each.privateKey.extractable); }"""
    ) == [False]


def second_history(room: Room, size: int) -> None:
    """Put another history of `size` entries in the place of the log, signed with the same key."""
    other = room.box / "other"
    log = DiskLog.open(other, ORIGIN, room.key)
    journal = Journal(log, room.clock, "00c0ffee")
    room.clock.advance(Millis(7))
    journal.begin(DAY, *(DAY.election_sha256,) * 2)
    while log.size < size:
        room.clock.advance(Millis(31_000))
        journal.tick(lambda: IDLE)
    log.close()
    (room.box / "log").rename(room.box / "true")
    other.rename(room.box / "log")


@pytest.mark.parametrize(("before", "more"), [(0, 0), (0, 1), (0, 4), (1, 0), (1, 1), (3, 9)])
def test_a_second_history_is_refused_and_the_file_convicts_the_station(
    telephone: BrowserContext, room: Room, tmp_path: Path, before: int, more: int
) -> None:
    room.grow(before)
    page = begin(telephone, room)
    signed = room.log.size
    second_history(room, signed + more)
    passes(page, page.get_by_role("heading", name="The log contradicts itself"))
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save both").click()
    saved.value.save_as(tmp_path / "it.kua-fork")
    told = subprocess.run(
        [sys.executable, "-m", "kua.cli.main", "log", "fork", str(tmp_path / "it.kua-fork"), "--vkey", str(room.key.verifier)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert page.evaluate(COUNT) == 1, "nothing was signed of the second one"
    page.reload()
    expect(page.get_by_role("heading", name="The log contradicts itself")).to_be_visible(timeout=20_000)


def test_a_page_of_which_a_file_did_not_come_says_what_to_do(telephone: BrowserContext, room: Room) -> None:
    page = telephone.new_page()
    page.route("**/static/chunk-*.js", lambda route: route.abort("connectionclosed"))
    page.goto(room.invite("ru"))
    expect(page.get_by_text("загрузите страницу заново")).to_be_visible()
    page.unroute("**/static/chunk-*.js")
    page.reload()
    expect(page.locator('[data-part="begin"]')).to_be_visible(timeout=20_000)
    expect(page.get_by_text("загрузите страницу заново")).to_be_hidden()


COUNT = """async () => { const base = await new Promise((done) => { const open = indexedDB.open("kua-cosign", 1); open.onsuccess = () => done(open.result); });
const store = base.transaction("keys").objectStore("keys");
const names = await new Promise((done) => { const got = store.getAllKeys(); got.onsuccess = () => done(got.result); });
const name = names.find((each) => each.startsWith("signed "));
return (await new Promise((done) => { const got = store.get(name); got.onsuccess = () => done(got.result); })).length; }"""


def test_an_older_state_is_not_signed_and_is_no_proof_of_fraud(telephone: BrowserContext, room: Room) -> None:
    room.grow(5)
    page = begin(telephone, room)
    second_history(room, room.log.size - 2)
    passes(page, page.get_by_text("The station shows an older state"))


def test_a_telephone_signs_nothing_for_a_station_that_the_qr_did_not_name(telephone: BrowserContext, room: Room) -> None:
    page = telephone.new_page()
    token, certificate, _ = room.invite().partition("#")[2].split(".")
    page.goto(f"https://127.0.0.1:{room.port}/en/#{token}.{certificate}.{'A' * 43}")
    expect(page.get_by_text("This is not the station that the QR code named.")).to_be_visible()
    expect(page.locator('[data-part="begin"]')).to_be_hidden()


def test_a_telephone_that_was_not_let_in_is_told_so(telephone: BrowserContext, room: Room) -> None:
    page = telephone.new_page()
    page.goto(f"https://127.0.0.1:{room.port}/en/")
    expect(page.get_by_text("This telephone was not let in yet.")).to_be_visible()
    page.goto(room.invite().replace("#", "#x"))
    page.reload()
    page.locator('[data-part="begin"]').click()
    expect(page.get_by_text("This QR code lets nobody in any more.")).to_be_visible()


def test_a_checkpoint_from_paper_is_held_against_the_log(telephone: BrowserContext, room: Room) -> None:
    room.grow(2)
    paper = room.log.checkpoint().decode()
    room.grow(6)
    page = begin(telephone, room)
    field, ask = page.get_by_label("What a QR reader has read, pasted here"), page.get_by_role("button", name="Is this log still that one?")
    field.fill(paper.replace("\n", " \r\n").replace("\r\n \r\n", "\r\n"))
    ask.click()
    expect(page.locator('[data-part="paper-says"]')).to_contain_text("The log still is that one")
    field.fill(paper.replace("\n\n", "\n1\n"))
    ask.click()
    expect(page.locator('[data-part="paper-says"]')).to_contain_text("no checkpoint of this station")
    field.fill(sign_checkpoint(Checkpoint(ORIGIN, 3, EMPTY_ROOT), room.key).decode())
    ask.click()
    expect(page.get_by_role("heading", name="The log contradicts itself")).to_be_visible()


def test_after_the_close_the_last_signature_stays_on_the_telephone(telephone: BrowserContext, room: Room) -> None:
    page = begin(telephone, room)
    room.journal.close("ordered")
    passes(page, page.get_by_text("The day is closed. Your last signature stays"))
    assert page.locator('[data-part="code"]').inner_text() == str(paper_code(parse_note(room.log.checkpoint()).text))
