# SPDX-License-Identifier: Apache-2.0
"""`kua station up`: from an empty folder and a painted camera to Start in one go, with two browsers that know nothing of each other."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from kua.adapters.detectors.qr import QrReader
from kua.app import calibrations
from kua.app.live import read_codes
from kua.app.town import Town
from tests.e2e.up_rig import Up, settled, town_of, up_of

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_of(tmp_path / "town") as running:
        yield running


@pytest.fixture
def up(town: Town, tmp_path: Path) -> Iterator[Up]:
    with up_of(town, tmp_path / "box") as running:
        yield running


def enrol(page: Page, up: Up) -> None:
    settled(page, "Which station is this?")
    for label, value in up.sheet().items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Enrol this box").click()
    settled(page, "Choose the camera from its picture")


def test_from_a_painted_camera_to_start_by_mouse(browser: Browser, up: Up) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page.goto(up.url)
    enrol(page, up)
    pick = page.get_by_role("button", name="painted:7")
    expect(pick.locator("kua-live[data-live]")).to_be_visible(timeout=40_000)
    pick.click()
    settled(page, "Mark the booths, the box and the tables")
    corner = page.get_by_role("button", name="Booth 1, corner 1 of")
    box = corner.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] - 25, box["y"] - 15, steps=4)
    page.mouse.up()
    expect(page.get_by_text("Saved.")).to_be_visible()
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
    assert {person.role for person in calibrations.load(up.box, "a").people} == {"chair", "observer"}
    a_camera_reads_the_code_from_the_screen(page, up)
    page.close()


def a_camera_reads_the_code_from_the_screen(page: Page, up: Up) -> None:
    letters = page.locator(".code-letters")
    expect(letters).to_have_text(re.compile("^[0-9A-HJKMNP-TV-Z]{6}$"), timeout=30_000)
    seen = cv2.imdecode(np.frombuffer(page.locator('[data-part="qr"]').screenshot(), np.uint8), cv2.IMREAD_GRAYSCALE)
    (code,) = QrReader()(seen)
    assert code.text == letters.inner_text() == read_codes(up.box)[0]


def test_with_one_signature_the_day_begins_as_silhouettes_and_the_second_one_lifts_them(browser: Browser, up: Up) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page.goto(up.url)
    enrol(page, up)
    page.get_by_role("button", name="painted:7").click()
    settled(page, "Mark the booths, the box and the tables")
    page.get_by_role("button", name="Learn now").click()
    settled(page, "What the camera sees, and what leaves the room")
    page.goto(f"{up.origin}/en/sign")
    settled(page, "Two people sign")
    expect(page.get_by_role("link", name="Start now with silhouettes only")).to_have_count(0)
    key = page.get_by_label("Your key")
    expect(key).not_to_have_value("")
    page.get_by_label("Your certificate").fill(up.certificate("chair", key.input_value()))
    page.get_by_role("button", name="Sign as the chair").click()
    expect(page.get_by_text("The chair has signed.")).to_be_visible()
    page.get_by_role("link", name="Start now with silhouettes only").click()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_text("The second signature is missing.")).to_be_visible(timeout=60_000)
    expect(page.locator('.lamp-box[data-lamp="recording"]')).to_be_visible()
    page.goto(f"{up.origin}/en/sign")
    settled(page, "Two people sign")
    sign_as_second(browser, page, up)
    page.get_by_role("link", name="Next: start").click()
    expect(page.get_by_text("The station records, and its film arrives.")).to_be_visible(timeout=60_000)
    page.close()


def sign_by_two(browser: Browser, page: Page, up: Up) -> None:
    settled(page, "Two people sign")
    key = page.get_by_label("Your key")
    expect(key).not_to_have_value("")
    page.get_by_label("Your certificate").fill(up.certificate("chair", key.input_value()))
    page.get_by_role("button", name="Sign as the chair").click()
    expect(page.get_by_text("The chair has signed.")).to_be_visible()
    sign_as_second(browser, page, up)


def sign_as_second(browser: Browser, page: Page, up: Up) -> None:
    page.get_by_label("Address of this computer").select_option("127.0.0.1")
    page.get_by_role("button", name="Second device").click()
    address = page.locator('[data-part="url"]').inner_text()
    context = browser.new_context(viewport={"width": 320, "height": 640}, ignore_https_errors=True, locale="en-GB")
    phone = context.new_page()
    phone.goto(address)
    phone.get_by_role("button", name="Make my key").click()
    expect(phone.locator('[data-part="code"]')).not_to_be_empty()
    expect(page.locator('[data-part="code"]')).to_have_text(phone.locator('[data-part="code"]').inner_text())
    page.get_by_role("button", name="Yes, the same number").click()
    certificate = up.certificate("observer", phone.get_by_label("Your key").input_value())
    phone.get_by_label("Your certificate").fill(certificate)
    phone.get_by_role("button", name="Sign", exact=True).click()
    expect(phone.get_by_text("You have signed.")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Signed by two people.")).to_be_visible(timeout=20_000)
    context.close()


def test_from_a_painted_camera_to_start_by_keyboard_alone_in_kazakh(browser: Browser, up: Up) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, locale="kk-KZ")
    page.goto(up.url)
    settled(page, "Бұл қай учаске?")
    for value in up.sheet().values():
        reach(page, "input, textarea")
        page.keyboard.type(value)
    press(page, "Құрылғыны тіркеу")
    settled(page, "Камераны суретінен таңдаңыз")
    press(page, "painted:7")
    settled(page, "Кабиналарды, жәшікті және үстелдерді белгілеңіз")
    reach(page, '[role="button"][data-zone="0"][data-corner="0"]')
    before = page.evaluate("document.activeElement.getAttribute('cx')")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    assert float(page.evaluate("document.activeElement.getAttribute('cx')")) < float(before)
    page.keyboard.press("Insert")
    page.keyboard.press("Control+z")
    expect(page.get_by_text("Сақталды.")).to_be_visible()
    press(page, "Қазір үйрену")
    settled(page, "Камераның көргені және бөлмеден шығатыны")
    expect(page.locator("kua-pair[data-live]")).to_be_visible(timeout=40_000)
    reach(page, "#edge")
    page.keyboard.press("ArrowRight")
    for _ in page.get_by_role("checkbox").all():
        reach(page, 'input[type="checkbox"]:not(:checked)')
        page.keyboard.press("Space")
    press(page, "Бәрі дұрыс: қол қоюға өту")
    settled(page, "Екі адам қол қояды, әркім өз құрылғысында")
    key = page.get_by_label("Кілтіңіз")
    expect(key).not_to_have_value("")
    reach(page, "#chair-certificate")
    page.keyboard.insert_text(up.certificate("chair", key.input_value()))
    press(page, "Төраға ретінде қол қою")
    expect(page.get_by_text("Төраға қол қойды.")).to_be_visible()
    reach(page, "#address")
    page.keyboard.type("127.0.0.1")
    press(page, "Екінші құрылғы")
    address = page.locator('[data-part="url"]').inner_text()
    context = browser.new_context(viewport={"width": 320, "height": 640}, ignore_https_errors=True, locale="kk-KZ")
    phone = context.new_page()
    phone.goto(address)
    press(phone, "Кілтімді жасау")
    expect(page.locator('[data-part="code"]')).not_to_be_empty()
    press(page, "Иә, сол сан")
    reach(page, "#second-certificate")
    vkey = phone.get_by_label("Кілтіңіз")
    expect(vkey).to_be_visible()
    page.keyboard.insert_text(up.certificate("observer", vkey.input_value()))
    press(page, "Телефонға беру")
    expect(phone.get_by_label("Сертификатыңыз")).not_to_have_value("")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 320
    press(phone, "Қол қою")
    expect(page.get_by_text("Екі адам қол қойды.")).to_be_visible(timeout=20_000)
    context.close()
    press(page, "Келесі: бастау")
    press(page, "Бастау")
    expect(page.locator('.lamp-box[data-lamp="recording"]')).to_be_visible(timeout=60_000)
    expect(page.locator('[data-part="people"]')).to_have_text(re.compile(r"[0-9]+–[0-9]+|5-тен аз"), timeout=60_000)
    press(page, "Тоқтату")
    press(page, "Иә, тоқтату")
    expect(page.locator('.lamp-box[data-lamp="off"]')).to_be_visible(timeout=60_000)
    page.close()


def reach(page: Page, selector: str) -> None:
    """Go to the next control that fits by Tab alone; whatever has the focus on the way must show it."""
    for _ in range(140):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(selector)


def press(page: Page, name: str) -> None:
    """Reach the button or link of that name by Tab, and press it."""
    expect(page.get_by_role("button", name=name, exact=False).or_(page.get_by_role("link", name=name)).first).to_be_visible(timeout=30_000)
    for _ in range(140):
        page.keyboard.press("Tab")
        words, is_button = page.evaluate(
            "() => [(document.activeElement.innerText || '').trim(), document.activeElement.tagName === 'BUTTON']"
        )
        if words.startswith(name) or (is_button and name in words):
            page.keyboard.press("Enter")
            return
    raise AssertionError(name)
