# SPDX-License-Identifier: Apache-2.0
"""A copy of P4 that somebody else hosts: opened by a double click or from another address it checks the same, and says so where the site cannot be fetched."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from kua.core.canonical import canonical
from kua.core.election import read_election
from kua.core.instant import Instant, rfc3339
from kua.web.kit.static import Assets
from kua.web.site.hosted import check_page
from tests.e2e.site_rig import Rig, serving
from tests.e2e.test_site_access import AXE, RULES
from tests.e2e.test_site_check import drop, paste, piece, told
from tests.rigs.published_tree import ELECTION, STATION, make_tree
from tests.vectors.test_bundle_vectors import FOLDER

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@dataclass(frozen=True)
class Copy:
    """A copy in `folder`, and the site that it was made for."""

    rig: Rig
    folder: Path

    def page(self, name: str = "en.html", station: str = STATION) -> str:
        """Its address when it is opened by a double click."""
        return (self.folder / name).as_uri() + (f"?s={station}" if station else "")


def write(folder: Path, tree: Path, site: str, root: str = "") -> Path:
    """Write a copy for the election file in `tree`, as if the centre were at `site`."""
    file = json.loads((tree / "election.json").read_bytes())
    file["centres"][0]["url"] = site
    (tree / "election.json").write_bytes(data := canonical(file))
    for name, content in check_page(read_election(data), data, Assets(), root).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Copy]:
    made = make_tree(tmp_path / "tree", 24)
    with serving(made, tmp_path / "tree", Instant(made.end + 31_000)) as rig:
        yield Copy(rig, write(tmp_path / "copy", tmp_path / "tree" / ELECTION, rig.url))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1000, "height": 900})
    trouble: list[str] = []
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    # axe reads style sheets once more; the page itself has no leave to, and needs none.
    opened.on(
        "console", lambda said: trouble.append(said.text) if "Content Security Policy" in said.text and ".css" not in said.text else None
    )
    yield opened
    opened.close()
    assert not trouble


def opened(page: Page, address: str) -> None:
    page.goto(address)
    page.locator('[data-part="form"]').wait_for()


def test_a_folder_that_was_opened_by_a_double_click_checks_film_and_links(page: Page, copy: Copy) -> None:
    opened(page, copy.page())
    assert drop(page, piece(copy.rig)) == ("intact", ["yes", "yes", "yes"])
    assert paste(page, f"{copy.rig.url}/ru/s/{STATION}?t={rfc3339(Instant(copy.rig.made.begin + 5_000))}") == (
        "intact",
        ["yes", "yes", "yes"],
    )
    assert any(path == f"/s/{STATION}/place.json" for path in copy.rig.asked)


def test_a_link_leads_a_copy_to_its_station(page: Page, copy: Copy) -> None:
    opened(page, copy.page(station=""))
    page.locator('[data-part="url"]').fill(f"{copy.rig.url}/t/{ELECTION}/{copy.rig.made.film(1)}?leaf=7")
    page.get_by_role("button", name="Check", exact=True).click()
    page.wait_for_url(f"**/en.html?s={STATION}&u=*")
    assert told(page) == ("intact", ["yes", "yes", "yes"])


def test_any_web_server_will_do(page: Page, copy: Copy) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(copy.folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        opened(page, f"http://127.0.0.1:{server.server_port}/en.html?s={STATION}")
        altered = bytearray(piece(copy.rig).read_bytes())
        altered[-9] ^= 1
        (copy.folder / piece(copy.rig).name).write_bytes(altered)
        assert drop(page, copy.folder / piece(copy.rig).name) == ("altered", ["unsaid", "no", "yes"])
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def test_a_bundle_needs_no_site_at_all(page: Page, tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", 8)
    folder = write(tmp_path / "copy", tmp_path / "tree" / ELECTION, "http://127.0.0.1:9")
    opened(page, (folder / "index.html").as_uri())
    assert drop(page, FOLDER / "film.zip") == ("intact", ["yes", "yes", "yes"])


def test_a_site_that_cannot_be_fetched_is_named_and_nothing_is_judged(page: Page, copy: Copy, tmp_path: Path) -> None:
    folder = write(tmp_path / "away", tmp_path / "tree" / ELECTION, "http://127.0.0.1:9")
    opened(page, (folder / "en.html").as_uri() + f"?s={STATION}")
    page.locator('[data-part="file"]').set_input_files(str(piece(copy.rig)))
    page.get_by_text("http://127.0.0.1:9/ cannot be fetched from here").wait_for()
    assert page.locator('[data-part="card"]').is_hidden()
    page.locator('[data-part="url"]').fill("https://elsewhere.example/s/10-245")
    page.get_by_role("button", name="Check", exact=True).click()
    page.get_by_text("This copy fetches from http://127.0.0.1:9/ only").wait_for()


def test_a_mirror_without_a_site_does_and_leaves_unsaid_whose_key_it_is(page: Page, copy: Copy, tmp_path: Path) -> None:
    folder = write(tmp_path / "mirrored", tmp_path / "tree" / ELECTION, "http://127.0.0.1:9", f"{copy.rig.url}/t")
    opened(page, (folder / "en.html").as_uri() + f"?s={STATION}")
    assert drop(page, piece(copy.rig)) == ("intact", ["yes", "yes", "unsaid"])
    other = json.loads((copy.rig.folder / ELECTION / "election.json").read_bytes())
    copy.rig.swap("election.json", canonical({**other, "version": 2}))
    page.reload()
    state, _ = drop(page, piece(copy.rig))
    assert state == "cannot", "an election file that is not the one built in is not believed"


def test_a_lie_about_the_certificate_is_found_by_the_national_log(page: Page, copy: Copy) -> None:
    page.route(
        "**/place.json", lambda route: route.fulfill(json={"v": 1, "station": STATION, "cameras": ["a"], "certificate": 0, "withdrawn": []})
    )
    opened(page, copy.page())
    state, marks = drop(page, piece(copy.rig))
    assert (state, marks[1]) == ("altered", "no")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_axe_finds_nothing_wrong_with_a_copy_and_it_fits_a_telephone(page: Page, copy: Copy, language: str) -> None:
    page.set_viewport_size({"width": 320, "height": 740})
    opened(page, copy.page(f"{language}.html"))
    drop(page, piece(copy.rig))
    page.evaluate(AXE.read_text())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
    assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
