# SPDX-License-Identifier: Apache-2.0
"""A fixed country of five regions and nine stations with every state that a page can show; the same at every run."""

import hashlib
import re
from functools import cache
from pathlib import Path

from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from kua.core.canonical import canonical
from kua.core.election import Election, read_election
from kua.core.errors import Rejected, Unavailable
from kua.core.instant import SLOT, Instant, Millis, slot_of
from kua.media.timeline import Day, Film
from kua.ports.clips import ClipAsked, ClipState
from kua.ports.index import CameraState, CountSpan, PublicDay, StateWord, StationState
from kua.testing.index import PlainIndex
from kua.web.site.app import build_site

DAY = 1_773_525_600_000
"""15 March 2026, 03:00 by the stations' clocks."""
OPENED = Instant(DAY + 3 * 3_600_000 + 30 * 60_000)
NOW = Instant(DAY + 11 * 3_600_000 + 3 * 60_000 + 20_000)
DELAY = 30_000

REGIONS = (
    ("10", "Абай облысы", "Область Абай", "Abai Region"),
    ("43", "Қызылорда облысы", "Кызылординская область", "Kyzylorda Region"),
    ("55", "Павлодар облысы", "Павлодарская область", "Pavlodar Region"),
    ("75", "Алматы қаласы", "Город Алматы", "Almaty City"),
    ("71", "Астана қаласы", "Город Астана", "Astana City"),
)

STATIONS: tuple[tuple[str, str, str, str, StateWord, str], ...] = (
    ("10-245", "№ 7 мектеп", "Школа № 7", "School No. 7", "recording", "full"),
    ("10-246", "Мәдениет үйі", "Дом культуры", "House of Culture", "storing", "behind"),
    ("10-247", "Ауылдық клуб", "Сельский клуб", "Village club", "silent", "short"),
    ("43-012", "Теміржол вокзалы", "Железнодорожный вокзал", "Railway station", "recording", "hidden"),
    ("43-013", "Шалғайдағы қыстақ", "Отдалённая зимовка", "Remote winter camp", "none", "exempt"),
    ("55-001", "Қалалық кітапхана", "Городская библиотека", "City library", "recording", "withdrawn"),
    ("55-002", "№ 2 балабақша", "Детский сад № 2", "Kindergarten No. 2", "closed", "closed"),
    ("75-310", "Политехникалық колледж", "Политехнический колледж", "Polytechnic college", "recording", "full"),
    ("75-311", "Спорт сарайы", "Дворец спорта", "Sports palace", "none", "nothing"),
)


def election() -> Election:
    """Return the election file of the fixture."""
    windows = [
        {"phase": "opening", "from": OPENED, "to": DAY + 4 * 3_600_000},
        {"phase": "voting", "from": DAY + 4 * 3_600_000, "to": DAY + 17 * 3_600_000},
        {"phase": "count", "from": DAY + 17 * 3_600_000, "to": DAY + 23 * 3_600_000},
    ]
    remote = {"kk": "Электр желісі жоқ", "ru": "Нет электросети", "en": "There is no mains electricity"}
    body = {
        "v": 1, "id": "kz-2026-kurultai", "version": 1, "domain": "film.example.kz", "kind": "parliament", "cosigning": "",
        "titles": {"kk": "Құрылтай депутаттарын сайлау", "ru": "Выборы депутатов Курултая", "en": "Election of the deputies of the Kurultai"},
        "contests": [{"kk": "Партиялық тізім", "ru": "Партийный список", "en": "Party list"}],
        "profile": {"id": "kz", "sha256": "0" * 64},
        "regions": [{"id": number, "titles": {"kk": kk, "ru": ru, "en": en}} for number, kk, ru, en in REGIONS],
        "stations": [
            {
                "id": number, "region": number[:2], "titles": {"kk": kk, "ru": ru, "en": en},
                "address": {"kk": f"Абай көшесі, {number[-2:]}", "ru": f"улица Абая, {number[-2:]}", "en": f"{number[-2:]} Abai Street"},
                "voters": 1000 + int(number[-3:]) * 3, "windows": windows,
                "cameras": [] if story == "exempt" else [{"id": "a", "purpose": "room"}, *([{"id": "b", "purpose": "box"}] if story == "full" else [])],
                "exempt": remote if story == "exempt" else None,
            }
            for number, kk, ru, en, _state, story in STATIONS
        ],
        "hiding": {}, "publication": {"delay_ms": DELAY}, "centres": [{"url": "https://film.example.kz", "vkey": "film.example.kz/centre+00000000+AA=="}],
        "keys": {"commission": [], "issuers": []},
    }  # fmt: skip
    return read_election(canonical(body))


def day_of(story: str, cam: str) -> PublicDay:
    """Return a camera's day that shows what `story` says."""
    day, present, late, leaf = Day(cam), set[str](), set[str](), 10
    until = NOW - DELAY
    if story in {"nothing", "exempt"}:
        return PublicDay(day, frozenset(), frozenset(), Instant(until), {})
    day.add(1, "open", {"at": OPENED, "cams": [{"cam": cam}]})
    end = {"short": NOW - 9 * 60_000, "closed": NOW - 3_600_000}.get(story, NOW)
    at, seq = int(OPENED), 0
    while at < end:
        minute = (at - OPENED) // 60_000
        leaf, seq = leaf + 1, seq + 1
        if 62 <= minute < 66 or (story == "short" and minute > 300):
            day.add(leaf, "gap", {"cam": cam, "t0": at, "t1": at + SLOT, "seq": seq, "reason": "camera_lost" if minute < 70 else "disk_full"})
        else:
            digest = hashlib.sha256(f"{cam}{at}".encode()).hexdigest()
            day.items.append(
                Film(leaf, Instant(at), Instant(at + SLOT), "a1b2c3d4" if minute < 64 else "e5f60718", slot_of(Instant(at)), seq, digest, 250_000, "f" * 64, 40, "ntp")
            )
            if story != "behind" or minute < 400:
                present.add(digest)
            if 130 <= minute < 148:
                late.add(digest)
        at += SLOT
    if story in {"full", "hidden"}:
        day.add(leaf + 1, "hidden", {"cam": cam, "t0": OPENED + 200 * 60_000, "t1": OPENED + 203 * 60_000, "reason": "scene_changed"})
    if story == "hidden":
        day.add(leaf + 2, "hidden", {"cam": cam, "t0": NOW - 120_000, "t1": NOW, "reason": "detector"})
    if story == "withdrawn":
        day.add(leaf + 2, "withdrawn", {"cam": cam, "t0": NOW - 1_200_000, "t1": None, "article": "20-1(3)"})
    if story == "closed":
        day.add(leaf + 3, "close", {"at": end})
    return PublicDay(day, frozenset(present), frozenset(late), Instant(until), {})


def fixture() -> PlainIndex:
    """Return the whole index."""
    file = election()
    states, days = {}, {}
    for number, _kk, _ru, _en, word, story in STATIONS:
        station = file.station(number)
        heard = {"none": None, "silent": NOW - 9 * 60_000, "closed": NOW - 3_600_000}.get(word, NOW - 3_000)
        cams = []
        for camera in station.cameras:
            public = days[number, camera.id] = day_of(story, camera.id)
            shown = [item.t1 for item in public.day.items if isinstance(item, Film) and item.sha256 in public.present and item.t1 <= public.until]
            cams.append(
                CameraState(
                    camera.id, camera.purpose, public.day.items[-1].t1 if public.day.items else None, max(shown, default=None),
                    story == "hidden", story == "withdrawn",
                )
            )
        newest = max((cam.published_until for cam in cams if cam.published_until), default=None)
        states[number] = StationState(
            number, station.region, word, None if heard is None else Instant(heard), cams[0].last_film_t1 if cams else None, newest,
            story == "hidden", story == "withdrawn", tuple(cams), 0, 120 if word == "storing" else 0,
        )
    spans = {
        ("10-245", "a"): [CountSpan(Instant(NOW - 360_000), Instant(NOW - 60_000), 6, 9, 14, 22)],
        ("10-246", "a"): [CountSpan(Instant(NOW - 360_000), Instant(NOW - 60_000), 1, 3, 5, 9)],
        ("75-310", "a"): [CountSpan(Instant(NOW - 360_000), Instant(NOW - 60_000), 22, 40, 40, 60)],
    }
    return PlainIndex(
        file, NOW, "film.example.kz/centre+00000000+AA==", states, days, spans,
        {number: at for at, (number, *_rest) in enumerate(STATIONS)}, (48_213, hashlib.sha256(b"nation").hexdigest()),
    )


PAGES = {"p1": "", "p1-found": "?q=kyzylorda", "p2": "r/10", "p3": "s/10-245", "p3-moment": "s/43-012?t=13:58", "p3-exempt": "s/43-013", "p4": "check", "p4-station": "check?s=10-245", "unseen": "unseen",
         "clip": "s/10-245/clip", "clip-waiting": "s/10-245/clip/waiting", "clip-ready": "s/10-245/clip/ready", "clip-failed": "s/10-245/clip/failed", "clip-gone": "s/10-245/clip/x",
         "clip-nothing": "s/75-311/clip"}  # fmt: skip
"""The golden pages: name -> path below the language."""


class Clips:
    """One clip of each stage, by its name; what is ordered comes later than the form allows."""

    longest = Millis(15 * 60_000)

    def order(self, asked: ClipAsked, who: str) -> str:
        """Refuse."""
        raise Rejected("clip.too_long", minutes=15)

    def state(self, key: str) -> ClipState | None:
        """Return a clip of five minutes of station 10-245."""
        asked = ClipAsked("10-245", "a", Instant(NOW - 900_000), Instant(NOW - 600_000))
        name = "kua-10-245-a-20260315T084820Z-20260315T085320Z.zip"
        return {
            "waiting": ClipState(key, asked, "waiting", 3),
            "making": ClipState(key, asked, "making"),
            "ready": ClipState(key, asked, "ready", path=Path(name), name=name, size=61_000_000),
            "failed": ClipState(key, asked, "failed", error=Unavailable("clip.no_room", why="full")),
        }.get(key)


@cache
def _site() -> Starlette:
    return build_site(fixture(), clips=Clips())


async def golden(language: str, path: str) -> str:
    """Return a page as the site serves it, without what differs from build to build (hashes of the bundle, our version)."""
    async with AsyncClient(transport=ASGITransport(_site()), base_url="http://site") as reader:
        html = (await reader.get(f"/{language}/{path}")).text
    return re.sub(r"\bkua [0-9]+\.[0-9.]+\b", "kua VERSION", re.sub(r"\?v=[0-9a-f]{12}", "", html))
