# SPDX-License-Identifier: Apache-2.0
"""A monitor finds a centre that rewrites, splits or takes over logs, and never accuses one that only grows. Threat rows 1, 2 and 15."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest

from kua.core.instant import Instant
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.verify import monitor
from kua.verify.film import Trust
from kua.verify.monitor import Memory, Round, look
from kua.verify.patience import Patient
from kua.verify.reading import open_reader
from kua.verify.scope import Scope
from tests.rigs.growing import RUN, START, Served, Town, convicts, serving


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town(tmp_path / "published")
    made.grow(7)
    return made


@pytest.fixture
def site(town: Town) -> Iterator[Served]:
    with serving(town.root) as served:
        yield served


EVERYTHING = Scope()


class Watch:
    """A monitor whose memory goes through bytes after each round, as on disk."""

    def __init__(self, *urls: str, scope: Scope = EVERYTHING) -> None:
        self.places = [Patient(open_reader(url), changing={"checkpoint", "election.json"}, sleep=lambda _: None) for url in urls]
        self.saved, self.scope = Memory().to_bytes(), scope
        self.clock = count(START, 60_000)

    def __call__(self, now: int | None = None) -> Round:
        memory = Memory.from_bytes(self.saved)
        for place in self.places:
            place.begin()
        done = look(self.places, memory, self.scope, Trust(), Instant(next(self.clock) if now is None else now))
        self.saved = memory.to_bytes()
        return done


def codes(done: Round, state: str = "FAIL") -> set[str]:
    return {line.code for line in done.report.lines if line.state == state}


def test_logs_that_only_grow_are_never_accused(town: Town, site: Served) -> None:
    watch, dice = Watch(site.url), Random(1)
    for _ in range(12):
        done = watch()
        assert (done.report.exit_code, done.forks) == (0, []), done.report.to_json()
        for station in town.stations:
            town.beat(station, dice.choice((0, 1, 40, 255, 256, 300)))
            if dice.random() < 0.7:
                town.claim(station)
        town.publish()


def test_an_unchanged_log_costs_one_conditional_request(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    watch()
    site.asked.clear()
    sent = site.sent
    assert watch().report.exit_code == 0
    assert sorted(name for name in site.asked if name.endswith("checkpoint")) == [
        "nation/checkpoint",
        *(f"s/{each}/checkpoint" for each in town.stations),
    ]
    assert not [name for name in site.asked if "entries" in name]
    assert site.sent - sent < 12_000


def changed_entry(town: Town, dice: Random) -> None:
    entries = town.logs["10-1"]
    at = dice.randrange(len(entries))
    entries[at] = make_leaf("heartbeat", at=START, boot=RUN, mono=at, trust="none", owed=9, owed_bytes=0, free_bytes=1)


def taken_out(town: Town, dice: Random) -> None:
    del town.logs["10-1"][dice.randrange(len(town.logs["10-1"]))]


def put_in(town: Town, dice: Random) -> None:
    entry = make_leaf("heartbeat", at=START, boot=RUN, mono=1, trust="none", owed=9, owed_bytes=0, free_bytes=1)
    town.logs["10-1"].insert(dice.randrange(len(town.logs["10-1"])), entry)


def nation_changed(town: Town, dice: Random) -> None:
    at = dice.randrange(1 + len(town.stations), len(town.nation))
    town.nation[at] = make_leaf("policy", at=START, what="hiding", version=1, sha256="00" * 32)


REWRITINGS = (changed_entry, taken_out, put_in, nation_changed)


@pytest.mark.parametrize("seeds", [6, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(900)])])
@pytest.mark.parametrize("rewrite", REWRITINGS)
def test_row_1_whatever_a_centre_rewrites_after_it_was_seen_is_proved_every_time(
    town: Town, site: Served, rewrite: Callable[[Town, Random], None], seeds: int
) -> None:
    for seed in range(seeds):
        dice = Random(seed)
        watch = Watch(site.url)
        town.beat("10-1", dice.randrange(1, 300))
        town.claim("10-1")
        town.publish(anew=True)
        assert watch().report.exit_code == 0
        honest = list(town.logs["10-1"]), list(town.nation)
        rewrite(town, dice)
        town.beat("10-1", dice.choice((0, 1, 30)))  # smaller, equal or larger than what was seen
        if dice.random() < 0.5 or len(town.logs["10-1"]) < len(honest[0]):
            town.beat("10-1", 3)
        town.publish(anew=True)
        done = watch()
        assert done.report.exit_code == 1, (seed, done.report.to_json())
        assert done.forks
        for _, fork in done.forks:
            assert convicts(fork).origin.startswith("kua.example/kz-2026-rehearsal/")
        town.logs["10-1"], town.nation[:] = honest
        town.publish(anew=True)
        assert watch().report.exit_code == 1, "what was found once is told for ever"
        assert not watch().forks, "and proved once"


def test_row_1_a_station_log_that_is_not_the_one_that_the_nation_has_seen_is_proved_at_the_first_look(town: Town, site: Served) -> None:
    for seed in range(6):
        honest = list(town.logs["10-1"])
        REWRITINGS[seed % 3](town, Random(seed))
        town.beat("10-1", 8)
        town.publish(anew=True)
        done = Watch(site.url)()
        assert codes(done) == {"log.rewritten"}
        assert [check for check, _ in done.forks] == ["s/10-1 nation"]
        town.logs["10-1"] = honest


def test_row_2_two_readers_who_are_shown_two_histories_find_it_by_comparing(town: Town, site: Served, tmp_path: Path) -> None:
    other = Town(tmp_path / "for the parties")
    other.logs, other.nation = {name: list(log) for name, log in town.logs.items()}, list(town.nation)
    with serving(other.root) as second:
        for seed in range(6):
            other.logs["10-2"], other.nation[:] = list(town.logs["10-2"]), list(town.nation)
            if seed % 2:
                nation_changed(other, Random(seed))
            else:
                other.logs["10-2"][seed % 7] = other.logs["10-2"][(seed + 1) % 7]
            for _ in range(seed % 3):  # of one size, and with either the longer
                other.beat("10-2", 1)
                other.claim("10-1")
            other.publish(anew=True)
            for urls in ((site.url, second.url), (second.url, site.url)):
                done = Watch(*urls)()
                assert done.report.exit_code == 1, (seed, done.report.to_json())
                assert done.forks


def test_row_2_a_copy_that_is_behind_or_gone_accuses_nobody(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Town(tmp_path / "copy")
    copy.logs, copy.nation = {name: list(log) for name, log in town.logs.items()}, list(town.nation)
    copy.publish()
    town.grow(300)
    with serving(copy.root) as second:
        done = Watch(site.url, second.url)()
        assert (done.report.exit_code, done.forks) == (0, [])
    done = Watch(site.url, second.url)()
    assert (done.report.exit_code, done.forks) == (3, [])


def test_row_2_a_copy_shows_that_the_publisher_hides_what_it_has_signed(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Town(tmp_path / "copy")
    copy.logs, copy.nation = {name: list(log) for name, log in town.logs.items()}, list(town.nation)
    copy.grow(40)
    with serving(copy.root) as second:
        done = Watch(site.url, second.url)()
        assert (done.report.exit_code, codes(done, "MISSING")) == (2, {"log.rolled_back"})


def test_row_15_a_second_key_for_a_station_raises_an_alarm_that_stays(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    assert watch().report.exit_code == 0
    town.certify("10-2", SigningKey.from_seed(town.world.origin("10-2"), bytes(32)))
    town.publish()
    for _ in range(2):
        done = watch()
        assert (done.report.exit_code, codes(done)) == (1, {"monitor.key_twice"})
    assert codes(Watch(site.url)()) == {"monitor.key_twice"}, "at a first look too"


def test_row_15_the_same_certificate_twice_is_no_second_key_but_one_key_for_two_stations_is_an_alarm(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    town.certify("10-2")
    town.publish()
    assert watch().report.exit_code == 0
    town.certify("11-3", town.key("10-2"))
    town.publish()
    assert codes(watch()) == {"monitor.key_twice", "monitor.key_shared"}


def test_row_14_a_certificate_for_a_station_that_nobody_planned_is_an_alarm(town: Town, site: Served) -> None:
    town.nation.append(
        make_leaf("certificate", at=START, station="10-999", origin=town.world.origin("10-999"), vkey=str(town.key("10-999").verifier))
    )
    town.publish()
    assert codes(Watch(site.url)()) == {"monitor.ghost"}


def test_a_claim_that_the_station_never_signed_is_an_alarm(town: Town, site: Served) -> None:
    head, _ = town.head("10-1")
    forged = town.head("10-2")[1]
    town.nation.append(
        make_leaf("station_checkpoint", received_at=START, origin=head.origin, size=head.size, root="11" * 32, note=forged.decode())
    )
    town.publish()
    assert codes(Watch(site.url)()) == {"monitor.claim_unsigned"}


def test_two_claims_of_one_size_convict_the_station_though_its_log_is_not_served(town: Town, site: Served) -> None:
    town.logs["10-1"][3] = town.logs["10-1"][2]
    town.claim("10-1")
    town.publish()
    site.lie = lambda name: (500, {}, b"") if name.startswith("s/10-1/") else None
    done = Watch(site.url)()
    assert codes(done) == {"log.forked"}
    assert convicts(done.forks[0][1]).earlier.size == 7


def test_a_log_that_shrinks_is_missed_and_forgiven_when_it_comes_back(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    old = list(town.logs["10-1"]), list(town.nation)
    town.grow(20)
    assert watch().report.exit_code == 0
    new = list(town.logs["10-1"]), list(town.nation)
    town.logs["10-1"], town.nation[:] = old
    town.publish(anew=True)
    done = watch()
    assert (done.report.exit_code, codes(done, "MISSING")) == (2, {"log.rolled_back"})
    town.logs["10-1"], town.nation[:] = new
    town.publish(anew=True)
    assert watch().report.exit_code == 0


def test_entries_that_are_signed_and_not_shown_are_missed(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    site.lie = lambda name: (404, {}, b"") if name.startswith("s/11-3/tile/entries") else None
    done = watch()
    assert done.report.exit_code == 2
    site.lie = lambda name: (200, {}, b"\x00\x01x" * 7) if name.startswith("s/11-3/tile/entries") else None
    done = watch()
    assert (done.report.exit_code, codes(done)) == (1, {"log.tile_differs"})
    site.lie = lambda _: None
    assert watch().report.exit_code == 0, "bytes that nobody signed convict nobody for ever"


def test_a_log_that_stands_still_while_its_station_records_is_told(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    watch(START)
    assert "monitor.stalled" not in codes(watch(START + monitor.STALL), "NOT_CHECKED")
    town.beat("10-1")
    town.publish()
    done = watch(START + monitor.STALL + 1)
    assert {line.check for line in done.report.lines if line.code == "monitor.stalled"} == {"s/10-2 growth", "s/11-3 growth"}
    assert done.report.exit_code == 0, "a cut line is no contradiction"


def test_a_first_look_at_a_long_log_is_taken_in_slices(town: Town, site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "SLICE", 300)
    town.beat("10-1", 1000)
    town.claim("10-1")
    town.publish()
    watch = Watch(site.url)
    left = []
    while not left or left[-1]:
        done = watch()
        assert done.report.exit_code == 0
        left.append(done.unread)
    assert left == [707, 407, 107, 0]


def test_only_the_stations_of_a_region_are_watched_and_the_nation_always(town: Town, site: Served) -> None:
    Watch(site.url, scope=Scope(regions=frozenset({"11"})))()
    assert {name.split("/")[1] for name in site.asked if name.startswith("s/")} == {"11-3"}
    assert "nation/checkpoint" in site.asked


def test_another_key_for_the_nation_is_an_alarm_whatever_the_new_election_file_says(town: Town, site: Served) -> None:
    watch = Watch(site.url)
    assert watch().report.exit_code == 0
    memory = Memory.from_bytes(watch.saved)
    memory.vkey = str(SigningKey.from_seed(memory.vkey.partition("+")[0], bytes(32)).verifier)
    watch.saved = memory.to_bytes()
    assert "monitor.other_key" in codes(watch())
