# SPDX-License-Identifier: Apache-2.0
"""The whole sending half of a station over a line that breaks in mid-body again and again: real courier, real sockets, a real centre's HTTP; nothing is lost,
and hardly a byte is sent twice.
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.couriers.http import HttpCourier
from kua.app.link import CuttableLink
from kua.app.town import ELECTION, Place, Town
from kua.core.digest import Digest, sha256
from kua.core.instant import Instant, Millis
from kua.ports.courier import Away
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.receipt import check_receipt
from kua.station.enrol import read_enrolled, station_key
from kua.station.line import SharedLine

PLACE = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path, [PLACE])
    town.found()
    town.start_centre()
    try:
        yield town
    finally:
        town.stop()


class SmallParts:
    """The port `Line`: parts of 16 KiB, however fast the line; counts what was handed over."""

    def __init__(self) -> None:
        self._line = SharedLine(0, lambda: Millis(0), lambda _seconds: None)
        self.sent = 0

    def chunk(self) -> int:
        return 16 * 1024

    def pieces(self, part: bytes, lane: str) -> Iterator[bytes]:
        for piece in self._line.pieces(part, lane):
            self.sent += len(piece)
            yield piece

    def now(self) -> Millis:
        return Millis(0)

    def rate(self) -> int | None:
        return 64_000

    def carried(self, size: int, began: Millis, ended: Millis) -> None:
        """The size is fixed here."""


def test_films_arrive_whole_over_a_line_that_breaks_every_hundred_kilobytes(town: Town) -> None:
    link = CuttableLink(("127.0.0.1", int(town.centre_url.rpartition(":")[2])))
    town.enrol(PLACE, f"http://127.0.0.1:{link.port}")
    box, clock, line = town.box(PLACE.id), SystemClock(), SmallParts()
    enrolled = read_enrolled(box)
    key = station_key(box, enrolled.origin)
    courier = HttpCourier(enrolled.centre_url, ELECTION, PLACE.id, key, clock.now, line)
    films = [os.urandom(200_000 + number) for number in range(4)]
    entries, checkpoint = _log(key, clock.now(), films)
    assert courier.send_log(0, entries, checkpoint) == len(entries)
    breaks = 0
    for film in films:
        while True:
            if not link.is_cut:
                link.cut_after(100_000)
            try:
                put = courier.put(sha256(film), film)
                break
            except Away:
                breaks += 1
                link.mend()
        check_receipt(put.receipt, enrolled.centre, enrolled.origin, sha256(film), len(film))
        link.mend()
    assert breaks >= 4
    total = sum(map(len, films))
    assert total <= line.sent <= total * 1.25  # parts of 16 KiB, each cut in the middle of one
    for film in films:
        stored = town.centre / "store" / sha256(film).hex()[:2] / sha256(film).hex()
        assert stored.read_bytes() == film
    link.close()
    courier.close()


def test_what_is_at_the_centre_already_costs_one_byte(town: Town) -> None:
    town.enrol(PLACE)
    box, clock, line = town.box(PLACE.id), SystemClock(), SmallParts()
    enrolled = read_enrolled(box)
    key = station_key(box, enrolled.origin)
    courier = HttpCourier(enrolled.centre_url, ELECTION, PLACE.id, key, clock.now, line)
    film = os.urandom(50_000)
    entries, checkpoint = _log(key, clock.now(), [film])
    courier.send_log(0, entries, checkpoint)
    first = courier.put(sha256(film), film)
    sent = line.sent
    assert courier.put(sha256(film), film) == first
    assert line.sent == sent + 1
    courier.close()


def test_film_waits_for_a_statement_and_the_backlog_for_what_is_live() -> None:
    line = SharedLine(0, lambda: Millis(0), lambda _seconds: None)
    order: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def send(lane: str) -> None:
        for _ in line.pieces(bytes(3000), lane):
            order.append(lane)
            if lane == "live" and len(order) == 1:
                begun.set()
                go_on.wait(10)

    live = threading.Thread(target=send, args=("live",))
    live.start()
    begun.wait(10)
    backlog = threading.Thread(target=send, args=("backlog",))
    backlog.start()
    with line.statement():
        go_on.set()
        live.join(0.3)
        assert order == ["live"]
    live.join(10)
    backlog.join(10)
    assert order == ["live"] * 3 + ["backlog"] * 3


def test_a_cap_holds_film_to_what_the_school_lends() -> None:
    now, waited = [Millis(0)], list[float]()

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] = Millis(now[0] + int(seconds * 1000) + 1)

    line = SharedLine(80_000, lambda: now[0], wait)
    assert line.chunk() <= 20_000
    assert sum(map(len, line.pieces(bytes(100_000), "live"))) == 100_000
    assert 9_000 <= now[0] <= 11_000


def test_a_line_that_bears_only_statements_is_tried_again_now_and_then() -> None:
    now = [Millis(0)]
    line = SharedLine(0, lambda: now[0], lambda _seconds: None)
    assert line.may_film()
    line.carried(4_096, Millis(0), Millis(16_000))
    now[0] = Millis(16_000)
    assert not line.may_film()
    now[0] = Millis(300_000)
    assert not line.may_film()
    now[0] = Millis(317_000)
    assert line.may_film()
    line.carried(4_096, now[0], Millis(now[0] + 400))
    assert line.may_film()


def _log(key: SigningKey, now: Instant, films: list[bytes]) -> tuple[list[bytes], bytes]:
    start = Instant(now // 4000 * 4000)
    cams = [{"cam": "a", "width": 320, "height": 180, "fps_milli": 5_000}]
    entries = [make_leaf("open", at=start, election=ELECTION, election_sha256="0" * 64, station=PLACE.id, trust="ntp", cams=cams)]
    for number, film in enumerate(films):
        t0 = start + 4000 * number
        entries.append(make_leaf(
            "segment", at=t0 + 4000, cam="a", seq=number, run="0a1b2c3d", slot=t0 // 4000, t0=t0, t1=t0 + 4000, frames=20, sha256=sha256(film).hex(),
            size=len(film), init="1" * 64, calibration="2" * 64, hiding="3" * 64, phase="voting", trust="ntp",
        ))  # fmt: skip
    root: Digest = root_of(map(leaf_hash, entries))
    return entries, sign_checkpoint(Checkpoint(key.name, len(entries), root), key)
