# SPDX-License-Identifier: Apache-2.0
"""The player in a real Chromium over a real published tree: what is shown has been checked, and what does not check is never shown."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kua.core.instant import SLOT, Instant
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.tiles import Edge
from tests.rigs.published_tree import AGENT, ORIGIN, STATION, Made, make_tree
from tests.e2e.site_rig import Rig, serving, watch

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)

LOG = f"s/{STATION}/"
CHECKED = "Checked in your browser: consistent with the centre’s log."


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Path]:
    folder = tmp_path_factory.mktemp("tree")
    return make_tree(folder, 24), folder


@pytest.fixture
def rig(tree: tuple[Made, Path]) -> Iterator[Rig]:
    made, folder = tree
    with serving(made, folder, Instant(made.end + 31_000)) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 768})
    opened = context.new_page()
    opened.set_default_timeout(15_000)
    yield opened
    context.close()


def flipped(data: bytes, at: int = -1) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 2 if at < 0 else at] ^= 1
    return bytes(changed)


def shown_at(page: Page) -> float:
    """Milliseconds since 1970 of the picture on the screen."""
    return float(page.get_by_role("slider").get_attribute("aria-valuenow") or 0)


def status(page: Page) -> str:
    return page.locator("[data-part=status]").inner_text()


def until(page: Page, condition: str) -> None:
    """Wait in the page itself: its own rules forbid it to evaluate a string."""
    page.evaluate(f"() => new Promise((done) => {{ const look = () => ({condition}) ? done() : setTimeout(look, 50); look() }})")


def until_shown(page: Page, after: float, before: float = 2**53) -> None:
    """Wait for a picture of [after, before)."""
    now = "Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow'))"
    until(page, f"{now} >= {after} && {now} < {before}")


def plays(page: Page) -> None:
    video = "document.querySelector('video')"
    until(page, f"{video}.readyState >= 3 && {video}.currentTime > 0 && !{video}.paused")


def log_of(leaves: tuple[bytes, ...] | list[bytes]) -> dict[str, bytes]:
    """The files of a log of these leaves, signed by the station."""
    edge = Edge()
    files = edge.append(leaves)
    return files | {"checkpoint": sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), AGENT)}


def test_nothing_of_the_film_is_asked_for_before_watch(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    page.get_by_role("slider").press("ArrowLeft")
    page.wait_for_load_state("networkidle")
    assert rig.film == []


def test_each_piece_is_checked_before_it_is_shown(rig: Rig, page: Page) -> None:
    page.goto(rig.station(query="?t=13:59:33"))
    watch(page)
    plays(page)
    expect(page.locator("[data-part=status]")).to_have_text(CHECKED)
    expect(page.locator("[data-part=count]")).to_have_text(re.compile(r"Pieces checked: [1-9]"))
    assert any(path.endswith("checkpoint") and "/nation/" in path for path in rig.film)
    assert any("/tile/entries/" in path for path in rig.film)
    assert any("/tile/0/" in path for path in rig.film)
    assert page.get_by_role("alert").inner_text() == ""


def test_the_clock_and_the_age_are_those_of_the_picture(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    watch(page)
    plays(page)
    expect(page.locator("[data-part=age]")).to_have_text(re.compile(r"LIVE · 3\d s ago"))
    clock = page.locator("[data-part=clock]").inner_text()
    assert re.fullmatch(r"13:59:5\d", clock)


def test_an_old_picture_is_never_called_live(tree: tuple[Made, Path], page: Page) -> None:
    made, folder = tree
    with serving(made, folder, Instant(made.end + 600_000)) as rig:
        page.goto(rig.station())
        watch(page)
        plays(page)
        expect(page.locator("[data-part=age]")).to_have_text(re.compile(r"^10 min ago$"))


def test_a_picture_that_stops_is_dimmed_and_says_how_old_it_is(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    page.evaluate("document.querySelector('kua-player').dataset.still = '800'")
    watch(page)
    expect(page.locator("[data-part=veil]")).to_have_text(re.compile(r"The picture has stopped. What you see is \d+ s old."))
    expect(page.locator("[data-part=screen]")).to_have_class(re.compile("stale"))
    assert "LIVE" not in page.locator("[data-part=age]").inner_text()


def test_a_hole_in_the_film_is_jumped_and_the_clock_tells_the_truth(rig: Rig, page: Page) -> None:
    page.goto(rig.station(query="?t=13:59:42"))
    watch(page)
    plays(page)
    until_shown(page, rig.made.pieces[3].cut.t0)
    clock = page.locator("[data-part=clock]").inner_text()
    assert "13:59:48" <= clock <= "13:59:59"


def test_a_filled_picture_is_named_as_hidden(rig: Rig, page: Page) -> None:
    page.goto(rig.station(query="?t=13:59:48"))
    watch(page)
    plays(page)
    expect(page.locator("[data-part=veil]")).to_have_text("Picture hidden")


def test_an_altered_segment_is_never_shown_and_the_reader_may_go_on_after_it(rig: Rig, page: Page) -> None:
    bad = rig.made.pieces[4]
    rig.swap(rig.made.film(4), flipped(bad.cut.data))
    page.goto(rig.station(query="?t=13:59:49"))
    watch(page)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The film from 13:59:52 to 13:59:56 has been altered. It is not shown.")
    expect(alert).to_contain_text("Its bytes are not those that the station signed.")
    assert page.evaluate("document.querySelector('video').paused")
    buffered = page.evaluate("(() => { const b = document.querySelector('video').buffered; return b.length ? b.end(b.length - 1) - b.start(0) : 0 })()")
    assert buffered <= 4.1  # nothing but the one good segment before it
    page.get_by_role("button", name="Go on after 13:59:56").click()
    expect(alert).to_have_text("")
    until_shown(page, bad.cut.t1)
    assert shown_at(page) < bad.cut.t1 + SLOT


def _swap_log(name: str) -> Callable[[Rig], None]:
    def swap(rig: Rig) -> None:
        path = next(path for path in rig.made.files if path.startswith(LOG + name))
        rig.swap(path, flipped(rig.made.files[path]))

    return swap


def _swap_statements(rig: Rig) -> None:
    path = next(path for path in rig.made.files if path.startswith(f"{LOG}tile/entries/"))
    rig.swap(path, rig.made.files[path].replace(b'"frames":40', b'"frames":41'))


def _swap_init(rig: Rig) -> None:
    path = next(path for path in rig.made.files if path.endswith(f"{rig.made.pieces[3].run}-init.mp4"))
    rig.swap(path, flipped(rig.made.files[path]))


def _swap_key(rig: Rig) -> None:
    other = SigningKey.from_seed(ORIGIN, bytes(range(32)))
    edge = Edge()
    edge.append(rig.made.leaves)
    rig.swap(f"{LOG}vkey", f"{other.verifier}\n".encode())
    rig.swap(f"{LOG}checkpoint", sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), other))


def _lie_about_the_time(rig: Rig) -> None:
    for name in ("live", "day"):
        path = f"{LOG}film/a/{name}.m3u8"
        rig.swap(path, rig.made.files[path].replace(b"T08:59:5", b"T08:58:5").replace(b"T08:59:48", b"T08:58:48"))


def _point_at_another_leaf(rig: Rig) -> None:
    for name in ("live", "day"):
        path = f"{LOG}film/a/{name}.m3u8"
        rig.swap(path, rig.made.files[path].replace(b"leaf=9", b"leaf=X").replace(b"leaf=8", b"leaf=9").replace(b"leaf=X", b"leaf=8"))


def _one_head_for_two_runs(rig: Rig) -> None:
    for name in ("live", "day"):
        path = f"{LOG}film/a/{name}.m3u8"
        head, tag, rest = rig.made.files[path].rpartition(b"#EXT-X-MAP")
        assert tag
        rig.swap(path, head + rest.partition(b"\n")[2])


def test_a_playlist_cannot_say_what_ours_never_say(rig: Rig, page: Page) -> None:
    for name in ("live", "day"):
        path = f"{LOG}film/a/{name}.m3u8"
        foreign = b'#EXT-X-KEY:METHOD=AES-128,URI="key"\n#EXT-X-PROGRAM-DATE-TIME'
        rig.swap(path, rig.made.files[path].replace(b"#EXT-X-PROGRAM-DATE-TIME", foreign, 1))
    page.goto(rig.station())
    watch(page)
    until_shown(page, rig.made.pieces[3].cut.t0)


@pytest.mark.parametrize(
    ("forge", "sentence"),
    [
        pytest.param(_one_head_for_two_runs, "The head of the film is not the one that the station signed.", id="head of another run"),
        pytest.param(_swap_statements, "a file of the log has been altered", id="statement"),
        pytest.param(_swap_log("tile/0/"), "a file of the log has been altered", id="tile"),
        pytest.param(_swap_log("checkpoint"), "The signature under the station’s log does not hold.", id="checkpoint"),
        pytest.param(_swap_init, "The head of the film is not the one that the station signed.", id="init"),
        pytest.param(_swap_key, "The key of the station is not the one that the national log names.", id="key"),
        pytest.param(_lie_about_the_time, "speaks of another picture or another time", id="time"),
        pytest.param(_point_at_another_leaf, "speaks of another picture or another time", id="another leaf"),
    ],
)
def test_a_forgery_stops_the_film_and_is_named(rig: Rig, page: Page, forge: Callable[[Rig], None], sentence: str) -> None:
    forge(rig)
    page.goto(rig.station())
    watch(page)
    expect(page.get_by_role("alert")).to_contain_text(sentence)
    expect(page.get_by_role("alert")).to_contain_text("It is not shown.")
    assert page.evaluate("document.querySelector('video').buffered.length") == 0
    assert CHECKED not in status(page)


def test_a_log_that_shrinks_between_two_visits_is_named(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    watch(page)
    plays(page)
    shorter = log_of(rig.made.leaves[:-1])
    for name, data in shorter.items():
        rig.swap(LOG + name, data)
    page.goto(rig.station())
    watch(page)
    expect(page.get_by_role("alert")).to_contain_text("contradicts what it said earlier")


def test_a_log_that_was_rewritten_is_named_though_it_is_longer_and_signed(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    watch(page)
    plays(page)
    leaves = [*rig.made.leaves[:1], rig.made.leaves[0], *rig.made.leaves[2:], rig.made.leaves[0]]
    for name, data in log_of(leaves).items():
        rig.swap(LOG + name, data)
    page.goto(rig.station())
    watch(page)
    expect(page.get_by_role("alert")).to_contain_text("contradicts what it said earlier")


def test_a_log_that_only_grew_is_believed_on_the_second_visit(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    watch(page)
    plays(page)
    for name, data in log_of([*rig.made.leaves, rig.made.leaves[0], rig.made.leaves[1]]).items():
        rig.swap(LOG + name, data)
    page.goto(rig.station())
    watch(page)
    plays(page)
    expect(page.locator("[data-part=status]")).to_have_text(CHECKED)


def test_a_statement_that_comes_late_is_waited_for(rig: Rig, page: Page) -> None:
    for name, data in log_of(rig.made.leaves[:-2]).items():
        rig.swap(LOG + name, data)
    page.goto(rig.station(query="?t=13:59:52"))
    watch(page)
    page.wait_for_event("response", lambda answer: f"{LOG}checkpoint" in answer.url)
    rig.swapped.clear()
    plays(page)
    expect(page.locator("[data-part=status]")).to_have_text(CHECKED)
    assert page.get_by_role("alert").inner_text() == ""


def test_a_partial_tile_that_was_tidied_away_is_read_from_the_full_one(rig: Rig, page: Page) -> None:
    edge = Edge()
    full = edge.append([*rig.made.leaves, *([rig.made.leaves[0]] * (256 - len(rig.made.leaves)))])
    for name in (f"tile/0/000.p/{len(rig.made.leaves)}", f"tile/entries/000.p/{len(rig.made.leaves)}"):
        rig.swap(LOG + name, None)
        rig.swap(LOG + name.partition(".p/")[0], full[name.partition(".p/")[0]])
    page.goto(rig.station())
    watch(page)
    plays(page)
    expect(page.locator("[data-part=status]")).to_have_text(CHECKED)


def test_film_that_is_withdrawn_while_it_is_watched_goes_from_the_screen(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    watch(page)
    plays(page)
    for name in ("live", "day"):
        path = f"{LOG}film/a/{name}.m3u8"
        lines = [line for line in rig.made.files[path].decode().splitlines() if not line.startswith(("#EXT-X-MAP", "#EXT-X-GAP"))]
        rig.swap(path, "".join(f"#EXT-X-GAP\n{line}\n" if line.startswith("#EXTINF") else f"{line}\n" for line in lines).encode())
    for number in range(len(rig.made.pieces)):
        rig.swap(rig.made.film(number), None)
    expect(page.locator("[data-part=status]")).to_have_text(re.compile("There is no film to see at"))
    until(page, "document.querySelector('video').readyState === 0")
    assert page.get_by_role("alert").inner_text() == ""


def test_a_browser_that_cannot_check_says_so_and_plays(rig: Rig, page: Page) -> None:
    page.add_init_script("crypto.subtle.importKey = () => Promise.reject(new Error('no Ed25519'))")
    page.goto(rig.station())
    watch(page)
    plays(page)
    expect(page.locator("[data-part=status]")).to_contain_text("Not checked here")
    assert CHECKED not in status(page)


def test_keys_work_inside_the_player_only_and_can_be_switched_off(rig: Rig, page: Page) -> None:
    page.goto(rig.station(query="?t=13:59:33"))
    watch(page)
    plays(page)
    paused = "document.querySelector('video').paused"
    page.keyboard.press("k")
    until(page, paused)
    page.get_by_role("link", name="All regions").focus()
    page.keyboard.press("k")
    assert page.evaluate(paused)
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("k")
    until(page, f"!{paused}")
    page.get_by_label("Keys").uncheck()
    page.get_by_role("button", name="Pause").focus()
    page.keyboard.press("k")
    assert not page.evaluate(paused)
    page.get_by_label("Keys").check()
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.name") == "t"


def test_the_day_is_a_slider_that_says_time_and_state(rig: Rig, page: Page) -> None:
    page.goto(rig.station(query="?t=13:59:46"))
    slider = page.get_by_role("slider")
    assert slider.get_attribute("aria-valuetext") == "13:59:46, Not recorded"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "13:59:41, Recorded"
    slider.press("Home")
    assert slider.get_attribute("aria-valuetext") == "13:59:32, Recorded"


def test_a_chosen_time_moves_the_running_film_without_a_new_page(rig: Rig, page: Page) -> None:
    page.goto(rig.station())
    watch(page)
    plays(page)
    page.get_by_label("Go to time").fill("13:59:37")
    page.get_by_role("button", name="Go", exact=True).click()
    until_shown(page, rig.made.begin, rig.made.begin + 9_000)
    plays(page)
    assert "t=2026-03-15T13%3A59%3A3" in (page.get_by_role("link", name="Link to this moment").get_attribute("href") or "")
    assert "?" not in page.url
