# SPDX-License-Identifier: Apache-2.0
"""P4 with a camera: a code that is held in front of it is read in the browser, and three sentences say what it is and whether the public log agrees."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from kua.core.instant import Instant, rfc3339
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.note import parse_note
from kua.proof.paper import paper_code
from kua.proof.tiles import Edge
from tests.e2e.site_rig import Rig, film_of_code, seeing, serving
from tests.e2e.test_site_check import at_check, paste, told
from tests.e2e.test_site_player import until
from tests.rigs.published_tree import AGENT, CENTRE, ORIGIN, STATION, make_tree

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = make_tree(tmp_path, 24)
    with serving(made, tmp_path, Instant(made.end + 31_000)) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 900})
    yield opened
    opened.close()


def sheet(rig: Rig, entries: int, *, forged: bool = False, other: bool = False, origin: str = ORIGIN) -> str:
    """What the sheet of an hour says when the log has `entries`: as it was, signed by somebody else, or of another history."""
    edge = Edge()
    leaves = rig.made.leaves[:entries]
    edge.append([*leaves[:-1], b"another"] if other else leaves)
    return sign_checkpoint(Checkpoint(origin, entries, edge.root()), CENTRE if forged else AGENT).decode()


@contextmanager
def held_up(browser: Browser, tmp_path: Path, text: str) -> Iterator[Page]:
    """A browser whose camera sees a code of `text`."""
    with seeing(browser, film_of_code(tmp_path / "code.y4m", text)) as seer:
        yield seer.new_page(viewport={"width": 380, "height": 760})


def scanned(page: Page, rig: Rig, station: str = "") -> None:
    at_check(page, rig, station)
    page.get_by_role("button", name="Scan a QR code").click()


def test_the_sheet_of_an_hour_is_scanned_and_the_log_agrees(browser: Browser, rig: Rig, tmp_path: Path) -> None:
    asked: list[str] = []
    with held_up(browser, tmp_path, sheet(rig, 4)) as page:
        page.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
        scanned(page, rig)
        page.wait_for_url(f"**/check?s={STATION}#code=*")
        assert told(page) == ("agrees", ["yes", "yes", "yes"])
        rows = page.locator('[data-part="card"] dd').all_inner_texts()
        assert rows[0] == f"A printed state of the log of station {STATION}: it had 4 entries then."
        assert f"now of {len(rig.made.leaves)} entries" in rows[2]
        assert page.locator('[data-part="ask-whole"]').inner_text() == "What is it?"
    assert not [each for each in asked if "film.example" in each.partition("#")[0]], "what was read is sent to nobody"


def test_a_link_to_a_moment_is_scanned_and_followed(browser: Browser, rig: Rig, tmp_path: Path) -> None:
    with held_up(browser, tmp_path, f"{rig.url}/ru/s/{STATION}?t={rfc3339(Instant(rig.made.begin + 5_000))}") as page:
        scanned(page, rig, STATION)
        assert told(page) == ("intact", ["yes", "yes", "yes"])
        assert page.locator('[data-part="ask-whole"]').inner_text() == "Whole?"


def test_the_camera_is_let_go_when_the_reader_stops(browser: Browser, rig: Rig) -> None:
    with seeing(browser) as seer:
        page = seer.new_page()
        scanned(page, rig, STATION)
        until(page, "document.querySelector('[data-part=eye]').videoWidth > 0")
        page.get_by_role("button", name="Stop").click()
        until(page, "document.querySelector('[data-part=eye]').srcObject === null")
        expect(page.locator('[data-part="scanner"]')).to_be_hidden()
        expect(page.locator('[data-part="card"]')).to_be_hidden()


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"entries": 3}, ("agrees", ["yes", "yes", "yes"])),
        ({"entries": 3, "forged": True}, ("forged", ["yes", "no", "unsaid"])),
        ({"entries": 3, "other": True}, ("contradicts", ["yes", "yes", "no"])),
        ({"entries": 3, "origin": f"other.example/x/s/{STATION}"}, ("unknown", ["unsaid", "unsaid", "unsaid"])),
    ],
)
def test_a_photograph_of_a_sheet_is_as_good_as_a_camera(
    page: Page, rig: Rig, tmp_path: Path, changed: dict[str, object], wanted: object
) -> None:
    at_check(page, rig)
    segno.make(sheet(rig, **changed), error="m", micro=False).save(str(tmp_path / "sheet.png"), scale=6)
    photograph = cv2.imread(str(tmp_path / "sheet.png"))
    turned = cv2.warpAffine(
        photograph,
        cv2.getRotationMatrix2D((photograph.shape[1] / 2, photograph.shape[0] / 2), 12, 0.8),
        photograph.shape[1::-1],
        borderValue=(200, 210, 205),
    )
    noisy = np.clip(turned.astype(int) + np.random.default_rng(1).integers(-25, 25, turned.shape), 0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "sheet.jpg"), noisy)
    page.locator('[data-part="file"]').set_input_files(str(tmp_path / "sheet.jpg"))
    assert told(page) == wanted


def test_a_log_whose_tiles_were_bent_to_fit_a_forged_sheet_is_found_out(page: Page, rig: Rig) -> None:
    at_check(page, rig)
    forged = Edge()
    tile = forged.append([*rig.made.leaves[:2], b"another"])["tile/0/000.p/3"]
    name = f"s/{STATION}/tile/0/000.p/{len(rig.made.leaves)}"
    rig.swap(name, tile + rig.made.files[name][len(tile) :])
    assert paste(page, sheet(rig, 3, other=True)) == ("altered", ["yes", "unsaid", "no"])


def test_a_sheet_that_is_newer_than_the_public_log_has_to_wait(page: Page, rig: Rig) -> None:
    at_check(page, rig)
    edge = Edge()
    edge.append([*rig.made.leaves, b"more"])
    note = sign_checkpoint(Checkpoint(ORIGIN, len(rig.made.leaves) + 1, edge.root()), AGENT)
    assert paste(page, note.decode().replace("\n", " \n")) == ("ahead", ["yes", "yes", "unsaid"])


def test_the_code_of_a_protocol_is_typed_and_held_against_the_log(page: Page, rig: Rig) -> None:
    at_check(page, rig)
    code = str(paper_code(parse_note(sheet(rig, 5).encode()).text))
    assert paste(page, code.lower().replace("-", " ")) == ("agrees", ["yes", "unsaid", "yes"])
    wrong = str(paper_code(parse_note(sheet(rig, 5, other=True).encode()).text))
    assert paste(page, wrong) == ("contradicts", ["yes", "unsaid", "no"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"https://192.168.1.10:8443/kk/#abc.{'A' * 43}.{'B' * 43}", "This code invites an observer"),
        ("WIFI:T:WPA;S:school;P:secret;;", "This is no link"),
        ("https://elsewhere.example/s/10-245", "another site"),
    ],
)
def test_another_code_says_what_it_is_and_judges_nothing(page: Page, rig: Rig, tmp_path: Path, text: str, words: str) -> None:
    at_check(page, rig)
    segno.make(text, micro=False).save(str(tmp_path / "code.png"), scale=6)
    page.locator('[data-part="file"]').set_input_files(str(tmp_path / "code.png"))
    page.get_by_text(words).wait_for()
    assert page.locator('[data-part="card"]').is_hidden()


def test_without_a_camera_there_is_a_sentence_and_the_file_still_does(page: Page, rig: Rig, tmp_path: Path) -> None:
    at_check(page, rig)
    page.get_by_role("button", name="Scan a QR code").click()
    page.get_by_text("There is no camera here").wait_for()
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((200, 200, 3), 255, np.uint8))
    page.locator('[data-part="file"]').set_input_files(str(tmp_path / "blank.png"))
    page.get_by_text("There is no QR code in this picture").wait_for()


def test_only_the_page_that_scans_may_open_a_camera(page: Page, rig: Rig) -> None:
    answers = {path: page.request.get(f"{rig.url}/en/{path}").headers["permissions-policy"] for path in ("", "check", f"s/{STATION}")}
    assert {path for path, policy in answers.items() if "camera=()" not in policy} == {"check"}
    assert "camera=(self)" in answers["check"]
