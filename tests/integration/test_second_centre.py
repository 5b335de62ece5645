# SPDX-License-Identifier: Apache-2.0
"""A station with two centres: both get everything and each gives its own receipts; film leaves the box only when both have it (U3)."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.app.checkup import look
from kua.app.closing import close_day
from kua.app.enrol import enrol
from kua.app.founding import bring_in, make_key
from kua.app.link import CuttableLink
from kua.app.town import DOMAIN, ELECTION, Place, Shape, Town
from kua.centre.enrol.service import make_code
from kua.core.digest import Digest
from kua.core.errors import Incomplete, Misused
from kua.core.instant import Instant
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.receipt import check_receipt
from kua.station.enrol import read_enrolled, read_second
from kua.station.spool import Outbox, Row
from tests.integration.test_station_centre import wait_for

PLACE = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5", shape=Shape(320, 180, 5, 200, "ultrafast"))


@pytest.fixture
def towns(tmp_path: Path) -> Iterator[tuple[Town, Town]]:
    first, second = Town(tmp_path / "a", [PLACE]), Town(tmp_path / "b", [])
    key = make_key(second.centre, f"{DOMAIN}/centre", "keys/centre.key")
    first.others = [("http://127.0.0.1:1", str(key.verifier))]
    first.found()
    bring_in(second.centre, *(first.centre / name for name in ("election.json", "election.note", "profile.json")), accepted=())
    DurableFiles().replace(second.centre / "kua.toml", b"[centre]\nport = 0\nreserve = 32\n")
    for town in (first, second):
        town.start_centre()
    try:
        yield first, second
    finally:
        first.stop()
        second.stop()


def code(town: Town) -> str:
    index = SqliteIndex(town.centre / "index.db")
    try:
        return make_code(index, town.election(), PLACE.id, SystemClock())
    finally:
        index.close()


def test_both_centres_get_everything_the_second_also_while_the_first_is_away(towns: tuple[Town, Town]) -> None:
    first, second = towns
    box = first.box(PLACE.id)
    first.prepare(PLACE)
    with pytest.raises(Incomplete, match=r"station\.not_enrolled"):
        enrol(box, second.centre_url, code(second), None, (), second=True)
    link = CuttableLink(("127.0.0.1", int(first.centre_url.rpartition(":")[2])))
    first.enrol(PLACE, f"http://127.0.0.1:{link.port}")
    with pytest.raises(Misused, match=r"enrol\.same_centre"):
        enrol(box, first.centre_url, code(first), None, (), second=True)
    there = enrol(box, second.centre_url, code(second), None, (), second=True)
    assert read_second(box) == there
    assert there.centre != read_enrolled(box).centre
    first.start_station(PLACE.id)
    wait_for(lambda: look(box)["queue"]["received"] >= 4)
    link.cut()
    wait_for(lambda: (look(box)["centre"] or {}).get("trouble") == "centre.away")
    size = look(box)["second"]["size"]
    wait_for(lambda: look(box)["second"]["size"] > size + 2)
    link.mend()
    close_day(box, 40)
    assert first.processes[PLACE.id].wait(60) == 0
    keys = [read_enrolled(box).centre, there.centre]
    outboxes = [Outbox.look(box / name) for name in ("spool.sqlite", "spool-2.sqlite")]
    films = set((box / "film/a").glob("*.m4s"))
    assert len(films) >= 4
    origin = there.origin
    for town, key, outbox in zip(towns, keys, outboxes, strict=True):
        assert outbox is not None
        assert outbox.summary().files == 0
        for digest in outbox.known():
            receipt, row = outbox.receipt(Digest(digest)), outbox.row(Digest(digest))
            assert row is not None
            if receipt is None and row.kind in {"live", "live_init"}:
                continue  # the lowered form of film that is there itself
            assert receipt is not None
            check_receipt(receipt, key, origin, row.digest, row.size)
            assert (town.centre / "store" / digest.hex()[:2] / digest.hex()).exists()
        outbox.close()
    _one_name_one_history(first, second, keys)
    link.close()


def _one_name_one_history(first: Town, second: Town, keys: list[VerifierKey]) -> None:
    """The second centre's own log has a name of its own: one name with two histories would be a fork."""
    nations = [(first, "nation"), (second, "nation-2")]
    for (town, name), key in zip(nations, keys, strict=True):
        open_checkpoint((town.centre / "published" / ELECTION / name / "checkpoint").read_bytes(), key, f"{DOMAIN}/{ELECTION}/{name}")
    assert not (second.centre / "published" / ELECTION / "nation").exists()


def test_film_that_only_one_of_two_centres_has_is_not_deleted(tmp_path: Path) -> None:
    outbox, beside = Outbox.open(tmp_path / "one.sqlite"), Outbox.open(tmp_path / "two.sqlite")
    rows = [Row(Digest(secrets.token_bytes(32)), f"film/a/{number}.m4s", 9, "segment", "a", Instant(number)) for number in range(2)]
    outbox.add(rows)
    beside.add(rows)
    outbox.received(rows[0].digest, b"receipt", Instant(5))
    assert outbox.oldest_received() == rows[0]
    outbox.beside = beside
    assert outbox.oldest_received() is None
    beside.received(rows[1].digest, b"receipt", Instant(5))
    assert outbox.oldest_received() is None
    beside.received(rows[0].digest, b"receipt", Instant(5))
    assert outbox.oldest_received() == rows[0]
