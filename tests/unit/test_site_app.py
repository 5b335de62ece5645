# SPDX-License-Identifier: Apache-2.0
"""The public site over a fixed country: languages, honest lamps, safe headers, light pages."""

import gzip
import re
from dataclasses import replace
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient, Response

from kua.core.instant import Instant
from kua.ports.index import CountSpan, Witnessed
from kua.web.kit.formats import Formats, iso, offset
from kua.web.kit.pages import Words, preferred
from kua.web.site.app import build_site
from kua.web.site.lamps import band_of, lamp_of
from kua.web.site.moments import moment
from tests.golden.site_fixture import NOW, STATIONS, fixture

SITE = build_site(fixture())
STATIC = Path(__file__).parents[2] / "src" / "kua" / "web" / "static"
PLACES = ["", "unseen", "r/10", "r/71", "s/10-245", "s/43-013", "s/75-311", "s/55-001", "?q=abai", "?q=nothing-like-it", "s/99-999", "r/99", "nowhere/at/all"]


@pytest.fixture
async def reader() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(SITE), base_url="http://site") as client:
        yield client


# ------------------------------------------------------------------------------------------------------------- languages


@pytest.mark.parametrize(
    ("accept", "language"),
    [("", "kk"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("de,fr", "kk"), ("en;q=0.5,kk;q=0.9", "kk"), ("en", "en"), ("ru;q=zero,en;q=0.1", "en"), ("*", "kk")],
)
async def test_the_door_opens_in_the_readers_language_else_in_kazakh(reader: AsyncClient, accept: str, language: str) -> None:
    answer = await reader.get("/", headers={"accept-language": accept})
    assert (answer.status_code, answer.headers["location"]) == (307, f"/{language}/")
    assert preferred(accept) == language


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_switching_the_language_keeps_place_camera_and_time(reader: AsyncClient, language: str) -> None:
    page = (await reader.get(f"/{language}/s/10-245?cam=b&t=13:58")).text
    assert f'<html lang="{language}">' in page
    for other in ("kk", "ru", "en"):
        href = f'/{other}/s/10-245?cam=b&amp;t=2026-03-15T13:58:00%2B05:00" lang="{other}" hreflang="{other}"'
        assert href in page
    assert page.index("Қазақша") < page.index("Русский") < page.index("English")


async def test_names_come_in_the_language_of_the_page(reader: AsyncClient) -> None:
    for language, name in (("kk", "№\u00a07 мектеп"), ("ru", "Школа №\u00a07"), ("en", "School No. 7")):
        assert name in (await reader.get(f"/{language}/s/10-245")).text


# ---------------------------------------------------------------------------------------------------------- who has seen it


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_the_page_says_who_outside_has_seen_the_film_and_how_long_it_waited(language: str) -> None:
    index = fixture()
    index.outsiders = {"10-245": Witnessed(Instant(NOW), "party.example/witness", Instant(NOW - 90_000), 74_000, 100, 12)}
    async with AsyncClient(transport=ASGITransport(build_site(index)), base_url="http://site") as client:
        page = (await client.get(f"/{language}/s/10-245")).text
        other = (await client.get(f"/{language}/s/75-310")).text
    waited = Formats(language).length(74_000)
    assert "party.example/witness" in page
    assert waited in page
    assert ">12<" in page or " 12." in page
    assert "party.example" not in other


async def test_the_page_says_how_many_telephones_in_the_room_cosign_and_not_whose_they_are() -> None:
    index = fixture()
    index.outsiders = {"10-245": Witnessed(phones=3, phones_at=Instant(NOW))}
    async with AsyncClient(transport=ASGITransport(build_site(index)), base_url="http://site") as client:
        page = (await client.get("/en/s/10-245")).text
        other = (await client.get("/en/s/75-310")).text
    assert "as the station says: 3; the last one at" in page
    assert "Whose they are this page cannot know." in page
    assert "Telephones of observers" not in other


# ------------------------------------------------------------------------------------------------------------- safety


@pytest.mark.parametrize("place", PLACES)
async def test_every_page_is_closed_to_strangers_and_sets_no_cookie(reader: AsyncClient, place: str) -> None:
    answer = await reader.get(f"/en/{place}")
    rules = answer.headers["content-security-policy"]
    assert "default-src 'self'" in rules
    assert "script-src 'self';" in rules
    assert "unsafe" not in rules
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    assert not [link for link in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text) if re.match(r"(?:https?:)?//", link)]


async def test_what_a_reader_types_is_never_markup(reader: AsyncClient) -> None:
    for place in ("?q=<script>alert(1)</script>", "s/<b>x", "s/10-245?t=<b>", 's/10-245?cam="><b>'):
        page = (await reader.get(f"/en/{place}")).text
        assert "<b>" not in page
        assert "<script>alert" not in page


async def test_the_same_page_is_not_sent_twice(reader: AsyncClient) -> None:
    first = await reader.get("/kk/r/10")
    again = await reader.get("/kk/r/10", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"]


async def test_a_page_is_made_once_a_second_however_many_ask() -> None:
    index = fixture()
    async with AsyncClient(transport=ASGITransport(build_site(index)), base_url="http://site") as client:
        first = await client.get("/en/s/10-245")
        index.at = Instant(NOW + 900 - NOW % 1000)
        index.states = {}  # whoever asked the index again would not find the station
        assert (await client.get("/en/s/10-245")).text == first.text
        index.states = fixture().states
        index.at = Instant(NOW + 5_000)
        assert "37 seconds ago" in (await client.get("/en/s/10-245")).text


@pytest.mark.parametrize(("place", "words"), [("s/99-999", "99-999"), ("s/10-245?cam=z", "no camera"), ("r/99", "99"), ("nowhere", "Nothing lies")])
async def test_what_is_not_there_is_said_in_words_with_a_way_on(reader: AsyncClient, place: str, words: str) -> None:
    answer = await reader.get(f"/en/{place}")
    assert answer.status_code == 404
    assert words in answer.text
    assert 'role="search"' in answer.text


async def test_the_centres_clock_is_told_and_never_kept(reader: AsyncClient) -> None:
    answer = await reader.get("/now")
    assert (int(answer.text), answer.headers["cache-control"]) == (NOW, "no-store")


# -------------------------------------------------------------------------------------------------------------- truth


async def test_one_hit_leads_straight_to_the_station(reader: AsyncClient) -> None:
    answer = await reader.get("/ru/", params={"q": "polytechnic"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/ru/s/75-310")


async def test_the_country_counts_each_lamp_once(reader: AsyncClient) -> None:
    page = (await reader.get("/en/")).text
    figures = re.findall(r"<dd>(\d+)</dd>", page)
    assert figures[:5] == ["9", "2", "1", "2", "1"]  # stations, recording, storing, hidden, problems


def test_the_gravest_thing_decides_the_lamp() -> None:
    index = fixture()
    kinds = {number: lamp_of(index.file.station(number), index.states[number], Words("en")).kind for number, *_rest in STATIONS}
    assert kinds == {
        "10-245": "recording", "10-246": "storing", "10-247": "problem", "43-012": "hidden", "43-013": "none", "55-001": "hidden",
        "55-002": "none", "75-310": "recording", "75-311": "none",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("faults", "kind", "says"),
    [
        ({"moved"}, "hidden", "moved, turned or zoomed"), ({"moved", "box_moved"}, "problem", "moved from its place"), ({"lid_opened"}, "problem", "lid was moved"),
        ({"looped", "defocused"}, "problem", "sent before"), ({"covered"}, "hidden", "covered, or the room is dark"), ({"scene_changed"}, "hidden", "another scene"),
        ({"defocused"}, "hidden", "out of focus"), ({"frozen"}, "problem", "stands still"), ({"no_film", "moved"}, "problem", "Nothing of a camera is recorded"),
        ({"garbled", "frozen"}, "problem", "no picture can be made"), ({"signal_loss"}, "problem", "carries no picture"), ({"tamper"}, "problem", "tampers"),
        ({"slow"}, "recording", "its film arrives"), ({"disk_full", "codec", "weather"}, "recording", "its film arrives"),
    ],
)  # fmt: skip
def test_a_fault_of_a_camera_is_told_by_its_stations_lamp(faults: set[str], kind: str, says: str) -> None:
    index = fixture()
    lamp = lamp_of(index.file.station("10-245"), replace(index.states["10-245"], faults=frozenset(faults)), Words("en"))
    assert lamp.kind == kind
    assert says in lamp.says


async def test_a_station_without_a_camera_says_why(reader: AsyncClient) -> None:
    for place in ("r/43", "s/43-013"):
        assert "There is no mains electricity" in (await reader.get(f"/en/{place}")).text


async def test_the_newest_picture_is_dated_and_its_age_told(reader: AsyncClient) -> None:
    assert "Newest picture: 14:02:48, 32 seconds ago" in (await reader.get("/en/s/10-245")).text


async def test_the_player_gets_every_anchor_of_the_proof(reader: AsyncClient) -> None:
    page = (await reader.get("/en/s/10-245")).text
    assert 'data-tree="/t/kz-2026-kurultai/s/10-245/"' in page
    assert 'data-origin="film.example.kz/kz-2026-kurultai/s/10-245"' in page
    assert 'data-certificate="0"' in page
    assert 'data-delay="30000" data-slack="15000"' in page
    assert "<video" in page
    assert "src" not in page[page.index("<video") : page.index("</video>")]


async def test_a_moment_without_scripts_says_what_it_was_and_gives_the_piece(reader: AsyncClient) -> None:
    page = (await reader.get("/en/s/10-245?t=13:58:01")).text
    assert re.search(r'href="/t/kz-2026-kurultai/s/10-245/film/a/e5f60718-\d+\.m4s"', page)
    gap = (await reader.get("/en/s/10-245?t=07:33")).text
    assert "The connection to the camera was lost." in gap
    assert ".m4s" not in gap


async def test_a_wrong_time_is_answered_in_words(reader: AsyncClient) -> None:
    page = (await reader.get("/en/s/10-245?t=25:99")).text
    assert "is not a time" in page
    assert 'aria-invalid="true"' in page


async def test_withdrawn_film_is_not_offered(reader: AsyncClient) -> None:
    page = (await reader.get("/en/s/55-001?t=14:00")).text
    assert "withdrawn from publication (20-1(3))" in page
    assert ".m4s" not in page


@pytest.mark.parametrize(
    ("text", "clock"),
    [("14:03", "14:03:00"), ("9:05:07", "09:05:07"), ("9.05", "09:05:00"), ("2026-03-15T14:03:20+05:00", "14:03:20"), ("2026-03-15T09:03:20Z", "14:03:20"),
     ("2026-03-15T14:03:20 05:00", "14:03:20")],
)  # fmt: skip
def test_times_are_read_by_the_stations_clocks(text: str, clock: str) -> None:
    at = moment(text, NOW)
    assert at is not None
    assert Formats("en").clock(at) == clock


@pytest.mark.parametrize("text", ["", "24:00", "12", "12:60", "2026-13-01T00:00:00Z", "2026-03-15T14:03:20", "now"])
def test_what_is_no_time_is_refused(text: str) -> None:
    assert moment(text, NOW) is None


# ------------------------------------------------------------------------------------------------------------ figures


@pytest.mark.parametrize(
    ("low", "high", "band"),
    [(0, 0, "fewer than 5"), (1, 4, "fewer than 5"), (2, 8, "up to 10"), (6, 9, "5–10"), (3, 15, "up to 20"), (11, 19, "10–20"), (8, 30, "more than 10"),
     (2, 40, "5 or more"), (25, 40, "more than 20")],
)  # fmt: skip
def test_a_queue_is_a_band(low: int, high: int, band: str) -> None:
    spans = [CountSpan(Instant(NOW - 60_000), NOW, low, high, 0, 0)]
    assert band_of(spans, NOW, Words("en")) == band


def test_an_old_count_is_no_queue() -> None:
    assert band_of([CountSpan(Instant(NOW - 7_200_000), Instant(NOW - 3_600_000), 6, 9, 0, 0)], NOW, Words("en")) == ""


def test_times_and_numbers_are_written_as_each_language_does() -> None:
    assert Formats("kk").date(NOW) == "2026\N{NARROW NO-BREAK SPACE}ж. 15 наурыз"
    assert Formats("ru").date(NOW) == "15 марта 2026\N{NARROW NO-BREAK SPACE}г."
    assert Formats("en").number(48_213) == "48,213"
    assert Formats("ru").number(48_213).replace("\N{NO-BREAK SPACE}", " ") == "48 213"
    assert offset(NOW) == "UTC+5"
    assert iso(NOW) == "2026-03-15T14:03:20+05:00"


@pytest.mark.parametrize(
    ("millis", "said"),
    [(0, "0 seconds"), (1_000, "1 second"), (61_000, "1 minute 1 second"), (600_000, "10 minutes"), (3_600_000, "1 hour"), (5_460_000, "1 hour 31 minutes")],
)
def test_lengths_of_time_are_said_in_one_or_two_units(millis: int, said: str) -> None:
    assert Formats("en").length(millis) == said


def test_a_hundred_per_cent_is_said_only_of_all() -> None:
    assert Formats("en").share(9_999, 10_000) == "99%"
    assert Formats("en").share(10_000, 10_000) == "100%"


# ------------------------------------------------------------------------------------------------------------ budgets


def weight(answer: Response) -> int:
    """Bytes of a page and of all that it loads by itself, as they travel."""
    names = set(re.findall(r'(?:src|href)="/static/([^"?]+)', answer.text))
    names |= {f"fonts/{path.name}" for path in (STATIC / "fonts").glob("*.woff2")}
    for name in list(names):
        if name.endswith(".js"):
            names |= imported(name)
    return len(gzip.compress(answer.text.encode(), 6)) + sum(size(STATIC / name) for name in names)


def imported(name: str) -> set[str]:
    """What a script imports at once, all the way down; `import()` is later."""
    found = set(re.findall(r'(?:from|import)"\./([^"]+)"', (STATIC / name).read_text()))
    return found.union(*(imported(each) for each in found))


def size(path: Path) -> int:
    data = path.read_bytes()
    return len(data) if path.suffix == ".woff2" else len(gzip.compress(data, 9))


@pytest.mark.parametrize(("place", "limit"), [("", 60_000), ("r/10", 60_000), ("s/10-245", 150_000)])
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_a_page_is_light(reader: AsyncClient, language: str, place: str, limit: int) -> None:
    weighed = weight(await reader.get(f"/{language}/{place}"))
    print(f"{language}/{place}: {weighed} bytes")
    assert weighed <= limit


def test_the_players_library_is_light_and_comes_only_after_watch() -> None:
    [library] = STATIC.glob("hls*.js")
    print(f"{library.name}: {size(library)} bytes")
    assert size(library) <= 122_880
    assert all(library.name not in imported(name.name) for name in STATIC.glob("*.js"))
