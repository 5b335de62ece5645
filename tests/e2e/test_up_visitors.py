# SPDX-License-Identifier: Apache-2.0
"""From the box's page to the log: the commission opens the listener, an observer's telephone scans, co-signs, and its leaf stands in the log of a running agent; the sheet of the hour; the code at the close."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from kua.adapters.detectors.qr import QrReader
from kua.app import listen_files
from kua.app.closing import closing_code
from kua.app.listen import log_key
from kua.app.town import Town
from kua.app.up_day import _pid
from kua.proof.note import parse_note
from kua.proof.paper import paper_code, read_paper_code
from tests.e2e.test_phone import barriers
from tests.e2e.test_up_pages import look
from tests.e2e.test_up_station import enrol, sign_by_two
from tests.e2e.up_rig import Up, settled, town_of, up_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_of(tmp_path / "town") as running:
        yield running


@pytest.fixture
def up(town: Town, tmp_path: Path) -> Iterator[Up]:
    with up_of(town, tmp_path / "box") as running:
        yield running


def recording(browser: Browser, up: Up) -> Page:
    """Bring a painted camera to Start."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page.goto(up.url)
    enrol(page, up)
    pick = page.get_by_role("button", name="painted:7")
    expect(pick.locator("kua-live[data-live]")).to_be_visible(timeout=40_000)
    pick.click()
    settled(page, "Mark the booths, the box and the tables")
    page.get_by_role("button", name="Learn now").click()
    settled(page, "What the camera sees, and what leaves the room")
    expect(page.locator("kua-pair[data-live]")).to_be_visible(timeout=40_000)
    for tick in page.get_by_role("checkbox").all():
        tick.check()
    page.get_by_role("button", name="All is right").click()
    sign_by_two(browser, page, up)
    page.get_by_role("link", name="Next: start").click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator('.lamp-box[data-lamp="recording"]')).to_be_visible(timeout=60_000)
    return page


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "kua.cli.main", *words], capture_output=True, text=True, check=False)


def listening(pid: int) -> list[str]:
    """Local addresses at which a process listens, as /proc/net/tcp and tcp6 say them."""
    inodes = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            inodes.add(str(each.readlink()).removeprefix("socket:[").removesuffix("]"))
    rows = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def test_a_telephone_cosigns_a_running_station_and_the_paper_holds(browser: Browser, up: Up, tmp_path: Path) -> None:
    page = recording(browser, up)
    expect(page.get_by_text("No observer's telephone has co-signed this log lately.")).to_be_visible()
    assert listen_files.told(up.box) is None, "nothing listens before the button is pressed"
    agent = _pid(up.box)
    assert agent is not None
    assert listening(agent) == []
    look(page, up, "day")
    page.locator("#visit-address").select_option("127.0.0.1")
    page.get_by_role("button", name="Open to telephones").click()
    page.get_by_role("button", name="QR code for one telephone").click(timeout=30_000)
    told = listen_files.told(up.box)
    assert told is not None
    assert listening(agent) == [], "the agent listens to nobody, now neither"
    assert len(listening(told.pid)) == 1
    assert os.getpriority(os.PRIO_PROCESS, told.pid) == 10, "it gives way"
    url = page.locator('[data-part="visit-url"]')
    expect(url).to_have_text(re.compile(r"https://127\.0\.0\.1:\d+/en/#"))
    with browser.new_context(viewport={"width": 360, "height": 740}, ignore_https_errors=True) as telephone:
        phone = telephone.new_page()
        phone.goto(url.inner_text())
        phone.get_by_role("button", name="Co-sign from now on").click()
        expect(phone.locator('[data-part="state"]')).to_contain_text("✓", timeout=30_000)
        expect(page.get_by_text("The telephone was let in.")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("Telephones that have co-signed lately: 1")).to_be_visible(timeout=60_000)
        vkey = phone.locator('[data-part="vkey"]').input_value()
    page.get_by_role("link", name="Sheet of this hour, to print").click()
    paper = page.locator(".paper")
    expect(paper).to_be_visible()
    note, code = paper.locator("pre").inner_text(), "-".join(paper.locator(".paper-code-big span").all_inner_texts())
    paper_says = read_paper_code(f"{paper.locator('.paper-size').inner_text()} {code}")
    assert paper_says == paper_code(parse_note((note.strip() + "\n").encode()).text)
    assert [paper.locator(f"header [lang={each}]").count() for each in ("kk", "ru", "en")] == [1, 1, 1]
    seen = cv2.imdecode(np.frombuffer(paper.locator(".paper-qr").screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    (scanned,) = QrReader()(seen)
    assert scanned.text.strip() == note.strip(), "what stands in letters is what a telephone reads"
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) == 1
    assert barriers(page) == []
    page.get_by_role("link", name="Back to the day").click()
    expect(page.get_by_role("button", name="Close to telephones")).to_be_visible(timeout=20_000)
    look(page, up, "day")
    page.get_by_role("button", name="Close to telephones").click()
    expect(page.get_by_role("button", name="Open to telephones")).to_be_visible(timeout=20_000)
    assert listen_files.told(up.box) is None
    place, key = str(up.box / "log"), str(log_key(up.box))
    closed = run("station", "close", "--box", str(up.box))
    assert str(closing_code(up.box)) in closed.stdout
    expect(page.locator('[data-part="paper"]')).to_have_text(str(closing_code(up.box)), timeout=20_000)
    for words in (("--code", str(paper_says)), ("--code", str(closing_code(up.box)))):
        checked = run("log", "verify", place, "--vkey", key, *words)
        assert checked.returncode == 0, checked.stdout
    (tmp_path / "scanned.txt").write_text(note)
    assert run("log", "verify", place, "--vkey", key, "--since", str(tmp_path / "scanned.txt")).returncode == 0
    assert vkey in (up.box / "listen/admitted.json").read_text()
    page.close()
