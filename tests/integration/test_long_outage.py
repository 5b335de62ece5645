# SPDX-License-Identifier: Apache-2.0
"""A line that is away for three days, on a clock that is moved by hand: the real journal, film, outbox and uplink of a station. Nothing is lost; when the line
is back the log comes first, then what is new, then the backlog from its newest end.
"""

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from kua.core.digest import Digest, sha256
from kua.core.instant import SLOT, Instant
from kua.flow.spool import Owed, Rest, SendFile, Spool
from tests.rigs.keeping import Station

HOUR = 3_600_000


@pytest.mark.parametrize("minutes", [20, pytest.param(72 * 60, marks=[pytest.mark.soak, pytest.mark.timeout(3 * 3600)])])
def test_nothing_is_lost_and_the_newest_comes_first(tmp_path: Path, minutes: int) -> None:
    station = Station(tmp_path)
    station.film(2)
    station.send()
    station.courier.is_cut = True
    calls, began = station.courier.calls, station.clock.now()
    for _ in range(minutes * 60_000 // SLOT):
        station.film()
        for _ in range(3):
            station.uplink.once()  # what it does whenever something is new
    away = station.clock.now() - began
    films = [leaf for leaf in station.leaves("segment") if leaf["t0"] >= began]
    assert len(films) == minutes * 60_000 // SLOT
    assert all((tmp_path / f"film/a/{leaf['run']}-{leaf['slot']}.m4s").exists() for leaf in films)
    assert station.uplink.owed()[0] >= len(films)
    # Three lanes, each at most every half minute in the middle of its jitter once it has backed off.
    assert station.courier.calls - calls <= 3 * (away / 30_000 + 12)
    beside = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file() and "film" not in path.parts and path.name != "reserve")
    assert beside <= 1_500 * len(films) + 8_000_000  # what grows, and what SQLite and the newest tiles take whatever happens
    sent = len(station.courier.order)
    station.courier.is_cut = False
    station.clock.advance(70_000)
    station.film(2)
    for _ in range(3 * len(films) + 100):
        if station.uplink.once() > 0 and station.uplink.is_drained:
            break
    assert station.uplink.is_drained
    order = station.courier.order[sent:]
    first_film = next(place for place, name in enumerate(order) if name.startswith("blob:"))
    assert order[first_film - 1] == f"log:{len(station.courier.entries)}"
    slots = {leaf["sha256"]: leaf["slot"] for leaf in station.leaves("segment")}
    came = [slots[name[5:]] for name in order if name[5:] in slots]
    assert came == sorted(came, reverse=True)
    assert set(came) >= {leaf["slot"] for leaf in films}
    account = station.account().account()
    assert account.unaccounted == account.overlapping == 0
    assert station.problems() == []


class Looked(dict[Digest, Owed]):
    """What is owed, and how often it was looked at."""

    times = 0

    def get(self, *arguments: Any) -> Any:
        self.times += 1
        return super().get(*arguments)


def test_while_the_line_is_away_a_step_looks_at_none_of_what_waits() -> None:
    count = 72 * HOUR // SLOT
    spool = Spool(signed=count, sent=3)
    spool._owed = looked = Looked()
    spool.matter([(Instant(0), Instant(72 * HOUR))])
    spool.owe(Owed(sha256(number.to_bytes(4, "big")), 250_000, Instant(number * SLOT), after=number + 1) for number in range(count))
    for _ in range(100):
        assert isinstance(spool.step(Instant(72 * HOUR), "backlog"), SendFile), "one of the three that the centre knows of"
    assert looked.times <= 1_000
    for number in range(3):
        spool.delivered(sha256(number.to_bytes(4, "big")))
    assert isinstance(spool.step(Instant(72 * HOUR), "backlog"), Rest)
    looked.times = 0
    for lane in ("live", "backlog"):
        for _ in range(100):
            assert isinstance(spool.step(Instant(72 * HOUR), lane), Rest)
    assert looked.times == 0
    spool.log_sent(count)
    step = spool.step(Instant(73 * HOUR), "backlog")
    assert isinstance(step, SendFile)
    assert step.owed.t0 == (count - 1) * SLOT, "the newest first"


def test_three_days_of_two_cameras_fit_into_memory_and_a_step_does_not_look_through_them() -> None:
    count = 72 * HOUR // SLOT * 2
    tracemalloc.start()
    spool = Spool(files_after=10)
    spool.owe(Owed(sha256(number.to_bytes(4, "big")), 250_000, Instant(number // 2 * SLOT), after=0) for number in range(count))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{count} files owed: {used / 1e6:.0f} MB")
    assert used < 100_000_000
    spool.log_sent(10)
    now = Instant(72 * HOUR)
    newest: list[int] = []
    for _ in range(200):
        step = spool.step(now, "backlog")
        assert isinstance(step, SendFile)
        newest.append(step.owed.t0)
        spool.delivered(Digest(step.owed.digest), "backlog")
    assert newest == sorted(newest, reverse=True)
