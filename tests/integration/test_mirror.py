# SPDX-License-Identifier: Apache-2.0
"""A mirror holds what is signed and nothing else, whatever the server does, wherever it was killed; what was withdrawn is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from kua.adapters.durable import DurableFiles
from kua.core.instant import SLOT, Instant
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.verify.film import Trust, verify_film
from kua.verify.mirror import Mirror
from kua.verify.monitor import Memory, Round, look
from kua.verify.patience import TRIES, Throttle, open_patient
from kua.verify.scope import Scope
from tests.rigs.growing import RUN, START, Served, Town, convicts, serving
from tests.rigs.published_tree import ELECTION as FILM_ELECTION
from tests.rigs.published_tree import STATION, make_tree

NOW = Instant(START + 3_600_000)
EVERYTHING = Scope()


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town(tmp_path / "published")
    for station in made.stations:
        made.open(station)
        made.film(station, 6)
    made.grow(3)
    return made


@pytest.fixture
def site(town: Town) -> Iterator[Served]:
    with serving(town.root) as served:
        yield served


class Copy:
    """A mirror below `tmp_path`; `again` is one as after a restart."""

    def __init__(self, url: str, tmp_path: Path, scope: Scope = EVERYTHING, *, recheck: bool = False, pace: Throttle | None = None) -> None:
        self.folder, self.state, self.waits = tmp_path / "copy", tmp_path / "copy.mirror", list[float]()
        self.place = open_patient(url, pace=pace, sleep=self.waits.append, share=lambda: 0.5)
        self.mirror = Mirror(self.place, self.folder, self.state, DurableFiles(), scope, Trust(), recheck=recheck)
        self.mirror.sweep()

    def __call__(self, now: Instant = NOW) -> Round:
        self.place.begin()
        return self.mirror.copy(now)

    @staticmethod
    def named(folder: Path) -> dict[str, bytes]:
        """What stands there under its name, without what everybody makes for himself."""
        return {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".part", ".m3u8", "coverage.json"))
        }  # fmt: skip

    def files(self) -> dict[str, bytes]:
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in sorted(self.folder.rglob("*")) if path.is_file()}


def codes(done: Round, state: str = "FAIL") -> set[str]:
    return {line.code for line in done.report.lines if line.state == state}


def published(town: Town) -> dict[str, bytes]:
    return {path.relative_to(town.root).as_posix(): path.read_bytes() for path in sorted(town.root.rglob("*")) if path.is_file()}


def without_lists(files: dict[str, bytes]) -> dict[str, bytes]:
    """All but what everybody makes for himself from the log: playlists and coverage."""
    return {name: data for name, data in files.items() if not name.endswith((".m3u8", "coverage.json"))}


def test_a_copy_has_every_signed_file_to_the_byte_and_asks_for_each_once(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    done = copy()
    assert done.report.exit_code == 0, done.report.to_json()
    assert without_lists(copy.files()) == published(town)
    assert "film.coverage_holds" in {line.code for line in verify_film(str(copy.folder)).lines}
    films = [name for name in site.asked if "/film/" in name or "entries" in name]
    assert len(films) == len(set(films))


def test_a_mirror_of_real_film_is_a_tree_that_the_verifier_passes(tmp_path: Path) -> None:
    made = make_tree(tmp_path / "published", closed=True, calibrated=True)
    with serving(tmp_path / "published" / FILM_ELECTION) as served:
        done = Copy(served.url, tmp_path)(Instant(made.end + 100_000))
    assert done.report.exit_code == 0, done.report.to_json()
    verified = verify_film(str(tmp_path / "copy"))
    assert verified.exit_code == 0, verified.to_json()
    theirs, ours = tmp_path / "published" / FILM_ELECTION, tmp_path / "copy"
    for name in ("day", "live"):
        path = f"s/{STATION}/film/a/{name}.m3u8"
        assert (ours / path).read_bytes() == (theirs / path).read_bytes(), "made again from the log, to the byte"


PUBLISHED = Path(__file__).parents[1] / "vectors/published"


def test_a_mirror_has_the_co_signed_heads_too_and_the_verifier_says_the_same_of_both(tmp_path: Path) -> None:
    with serving(PUBLISHED / "cosigned") as served:
        done = Copy(served.url, tmp_path)(Instant(START * 2))
    assert done.report.exit_code == 0, done.report.to_json()
    theirs, ours = verify_film(str(PUBLISHED / "cosigned")), verify_film(str(tmp_path / "copy"))
    # The mirror says its own coverage, also where the place says none.
    said = [(line.check, line.state, line.code) for line in ours.lines]
    assert [line for line in said if line[2] != "film.coverage_holds"] == [(line.check, line.state, line.code) for line in theirs.lines]
    assert ours.has("PASS", "co-signers")


def test_row_2_a_head_that_was_co_signed_and_is_not_of_this_log_is_proved_by_mirror_and_monitor(tmp_path: Path) -> None:
    with serving(PUBLISHED / "cosigned-fork") as served:
        done = Copy(served.url, tmp_path)(Instant(START * 2))
        watched = look([open_patient(served.url)], Memory(), EVERYTHING, Trust(), Instant(START * 2))
    for each in (done, watched):
        assert each.report.exit_code == 1
        assert {check for check, _ in each.forks} == {"nation co-signed"}
        assert convicts(each.forks[0][1]).origin.endswith("/nation")
    assert not (tmp_path / "copy/nation/cosigned/checkpoint").exists()


def test_a_second_pass_over_an_unchanged_tree_asks_only_whether_heads_changed(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    copy()
    site.asked.clear()
    assert copy().report.exit_code == 0
    assert {name.rpartition("/")[2] for name in site.asked} <= {"checkpoint", "vkey", "election.json", "election.note", "profile.json"}


def test_growth_is_followed_and_costs_only_what_is_new(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    copy()
    for _ in range(10):
        site.asked.clear()
        for station in town.stations:
            town.film(station, 1)
        town.grow(1)
        assert copy().report.exit_code == 0
        assert len([name for name in site.asked if name.endswith(".m4s")]) == len(town.stations)
    theirs, ours = published(town), without_lists(copy.files())
    assert not set(ours) - set(theirs)
    tidied = set(theirs) - set(ours)
    assert tidied
    assert all(".p/" in name for name in tidied), "partial tiles of old heads alone may go"
    assert verify_film(str(copy.folder)).has("FAIL", "nation log.root") is False


def test_only_a_region_is_copied_and_a_later_pass_may_take_more(town: Town, site: Served, tmp_path: Path) -> None:
    Copy(site.url, tmp_path, Scope(regions=frozenset({"11"})))()
    assert {name.split("/")[1] for name in site.asked if name.startswith("s/")} == {"11-3"}
    copy = Copy(site.url, tmp_path)
    assert copy().report.exit_code == 0
    assert without_lists(copy.files()) == published(town)


def test_what_is_not_due_yet_is_not_asked_for(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    done = copy(Instant(START + 3 * SLOT))
    assert done.report.exit_code == 0
    assert sum(name.endswith(".m4s") for name in site.asked) == 3 * len(town.stations)
    copy()
    assert without_lists(copy.files()) == published(town)


def test_a_long_copy_stops_in_between_to_hear_of_withdrawals_and_then_goes_on(town: Town, site: Served, tmp_path: Path) -> None:
    copy, left = Copy(site.url, tmp_path), list[int]()

    def films() -> list[str]:
        return [name for name in site.asked if "/film/" in name]

    while not left or left[-1]:
        before = len(films())
        done = copy.mirror.copy(NOW, lambda before=before: len(films()) >= before + 5)
        assert done.report.exit_code == 0
        left.append(done.unread)
    assert len(left) > 2
    assert left == sorted(left, reverse=True)
    assert without_lists(copy.files()) == published(town)
    assert len(films()) == len(set(films()))


# -------------------------------------------------------------------------------------------------------- withdrawn


def test_withdrawn_film_is_gone_from_the_copy_with_the_next_look_and_its_statement_stays(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    copy()
    names = town.withdraw("10-1", 2, 3)
    assert all((copy.folder / name).exists() for name in names)
    town.publish()
    done = copy()
    assert done.report.exit_code == 0
    assert "mirror.purged" in codes(done, "PASS")
    assert not [name for name in names if (copy.folder / name).exists()]
    assert without_lists(copy.files()) == published(town)
    assert b"EXT-X-GAP" in (copy.folder / "s/10-1/film/a/day.m3u8").read_bytes()
    verified = verify_film(str(copy.folder))
    assert any(line.code == "film.removed" and line.facts["count"] == 3 for line in verified.lines)


def test_a_server_that_goes_on_serving_what_was_withdrawn_does_not_bring_it_back(town: Town, site: Served, tmp_path: Path) -> None:
    kept = {name: town.films[name] for name in town.films if name.startswith("s/10-1/film")}
    names = town.withdraw("10-1", 0, 6)
    town.publish()
    site.lie = lambda name: (200, {}, kept[name]) if name in kept else None
    copy = Copy(site.url, tmp_path)
    assert copy().report.exit_code == 0
    assert not set(names) & set(copy.files())
    assert f"s/10-1/film/a/{RUN}-init.mp4" not in copy.files()
    assert not set(names) & set(site.asked), "and is not even asked for it"


def test_withdrawn_film_goes_though_the_stations_part_of_the_server_is_dead_and_though_it_is_no_longer_wanted(
    town: Town, site: Served, tmp_path: Path
) -> None:
    Copy(site.url, tmp_path)()
    names = town.withdraw("10-1", 0, 2)
    town.publish()
    site.lie = lambda name: (503, {}, b"") if name.startswith("s/") else None
    Copy(site.url, tmp_path, Scope(stations=frozenset({"11-3"})))()
    assert not [name for name in names if (tmp_path / "copy" / name).exists()]


# ------------------------------------------------------------------------------------------------- servers that lie


def test_a_changed_a_cut_an_endless_and_an_absent_file_are_kept_out_and_told(town: Town, site: Served, tmp_path: Path) -> None:
    films = sorted(name for name in town.films if name.startswith("s/10-1/film") and name.endswith(".m4s"))
    good = town.films[films[0]]
    lies = {
        films[0]: (200, {}, bytes([good[0] ^ 1]) + good[1:]),
        films[1]: (200, {"Content-Length": "99999"}, town.films[films[1]][:50]),
        films[2]: (200, {"Content-Length": ""}, bytes(3_000_000)),
        films[3]: (404, {}, b""),
        films[4]: (200, {"Content-Length": ""}, town.films[films[4]][:-1]),
    }
    town.films["s/10-1/film/a/stray.m4s"] = b"nobody signed this"
    town.beat("10-1", 40)  # so that what is not there is overdue
    town.publish()
    site.lie = lies.get
    copy = Copy(site.url, tmp_path)
    done = copy()
    assert done.report.exit_code == 1
    told = {line.facts.get("name", line.code) for line in done.report.lines if line.check == "s/10-1 film" and line.state != "PASS"}
    assert told >= {name.removeprefix("s/10-1/") for name in (films[0], films[2], films[3], films[4])}
    assert "verify.unreachable" in codes(done, "NOT_CHECKED")
    assert not set(films[:5]) & set(copy.files())
    assert "s/10-1/film/a/stray.m4s" not in copy.files()
    site.lie = lambda _: None
    assert copy().report.exit_code == 0, "once the server is honest, all is there"
    assert set(films) <= set(copy.files())


@pytest.mark.parametrize("size", [1, 2_000_000])
def test_a_tile_or_an_entry_that_is_not_what_was_signed_stops_that_log_and_no_other(
    town: Town, site: Served, tmp_path: Path, size: int
) -> None:
    site.lie = lambda name: (200, {"Content-Length": ""}, bytes(size)) if name.startswith("s/10-1/tile/") else None
    copy = Copy(site.url, tmp_path)
    done = copy()
    assert done.report.exit_code == 1
    assert not [name for name in copy.files() if name.startswith("s/10-1/") and name != "s/10-1/vkey"]
    assert {name for name in published(town) if name.startswith(("nation", "s/10-2", "s/11-3"))} <= set(copy.files())


def test_a_server_that_leads_elsewhere_is_not_followed(town: Town, site: Served, tmp_path: Path) -> None:
    with serving(town.root) as elsewhere:
        site.lie = lambda name: (302, {"Location": f"{elsewhere.url}/{name}"}, b"") if name.endswith(".m4s") else None
        done = Copy(site.url, tmp_path)()
        assert not elsewhere.asked
    assert (done.report.exit_code, "verify.redirected" in codes(done, "NOT_CHECKED")) == (3, True)


def test_a_server_that_answers_otherwise_every_time_fools_nobody(town: Town, site: Served, tmp_path: Path) -> None:
    dice = Random(5)

    def moody(name: str) -> tuple[int, dict[str, str], bytes] | None:
        path = town.root / name
        if not path.is_file() or dice.random() < 0.6:
            return None
        data = path.read_bytes()
        return dice.choice([(200, {}, data[: len(data) // 2]), (200, {}, data[::-1]), (404, {}, b""), (500, {}, b""), (200, {}, b"")])

    site.lie = moody
    for _ in range(6):
        copy = Copy(site.url, tmp_path)
        copy()
        ours, theirs = without_lists(copy.files()), published(town)
        assert all(theirs[name] == data for name, data in ours.items()), "whatever has a name is what was signed"
    site.lie = lambda _: None
    copy = Copy(site.url, tmp_path)
    copy()
    assert without_lists(copy.files()) == published(town)


def test_a_busy_server_is_left_alone_as_long_as_it_asks_and_a_dead_one_is_given_up(town: Town, site: Served, tmp_path: Path) -> None:
    tries = iter([(503, {"Retry-After": "30"}, b""), (503, {}, b"")])
    site.lie = lambda name: next(tries, None) if name.endswith("init.mp4") else None
    copy = Copy(site.url, tmp_path)
    assert copy().report.exit_code == 0
    assert max(copy.waits) == 30
    site.lie = lambda name: (500, {}, b"") if name.endswith(".m4s") else None
    site.asked.clear()
    town.film("10-1", 40)
    town.grow()
    done = copy()
    assert done.report.exit_code == 3
    assert sum(name.endswith(".m4s") for name in site.asked) < 40 * TRIES / 2, "a thousand files need not all find out that it is gone"


def test_the_rate_that_was_asked_for_is_kept(town: Town, site: Served, tmp_path: Path) -> None:
    slept, now = list[float](), [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Throttle(10_000, sleep=sleep, clock=lambda: now[0])
    Copy(site.url, tmp_path, pace=pace)()
    assert pace.total > 30_000
    assert now[0] == pytest.approx(pace.total / 10_000, rel=0.2)


# --------------------------------------------------------------------------------------- a centre that rewrites history


def test_row_1_a_log_that_was_rewritten_is_not_taken_over_and_the_contradiction_is_proved(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    copy()
    before = {name: data for name, data in copy.files().items() if name.startswith("s/10-1/")}
    for more in (0, 5):  # of one size, and longer
        town.logs["10-1"][4] = make_leaf("heartbeat", at=START, boot=RUN, mono=more, trust="none", owed=0, owed_bytes=0, free_bytes=1)
        town.beat("10-1", more)
        town.claim("10-1")
        town.publish(anew=True)
        done = Copy(site.url, tmp_path)()
        assert done.report.exit_code == 1
        assert {check for check, _ in done.forks} >= {"s/10-1"}
        assert all(convicts(fork).origin == town.world.origin("10-1") for _, fork in done.forks)
        after = {name: data for name, data in copy.files().items() if name.startswith("s/10-1/")}
        assert after == before, "the copy is the evidence: it stays as it was"


def test_row_1_a_shorter_rewritten_log_is_proved_too_because_the_copy_has_the_tiles(town: Town, site: Served, tmp_path: Path) -> None:
    Copy(site.url, tmp_path)()
    del town.logs["10-1"][3:5]
    town.publish(anew=True)
    done = Copy(site.url, tmp_path)()
    assert codes(done) == {"log.rewritten"}
    assert convicts(done.forks[0][1]).earlier.size == len(town.logs["10-1"])


def test_row_1_a_centre_that_changes_its_mind_while_it_is_copied_is_convicted_by_the_head_that_it_showed_first(
    town: Town, site: Served, tmp_path: Path
) -> None:
    site.lie = lambda name: (500, {}, b"") if name.startswith("s/10-1/tile/entries") else None
    copy = Copy(site.url, tmp_path)
    copy()
    assert not (copy.folder / "s/10-1/checkpoint").exists(), "nothing of the first history has been taken over"
    town.logs["10-1"][4] = town.logs["10-1"][5]
    town.publish(anew=True)
    site.lie = lambda _: None
    done = Copy(site.url, tmp_path)()
    assert "log.forked" in codes(done)
    assert "s/10-1" in {check for check, _ in done.forks}


def test_row_15_a_station_with_two_keys_gets_nothing_new(town: Town, site: Served, tmp_path: Path) -> None:
    town.certify("10-1", SigningKey.from_seed(town.world.origin("10-1"), bytes(32)))
    town.publish()
    copy = Copy(site.url, tmp_path)
    done = copy()
    assert "film.key_twice" in codes(done)
    assert not [name for name in copy.files() if name.startswith("s/10-1/")]


def test_an_election_file_that_changed_under_one_version_is_not_taken_over(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    copy()
    held = (copy.folder / "election.json").read_bytes()
    town.file = town.world.election_file(60_000)
    town.publish()
    assert "mirror.election_changed" in codes(copy())
    assert (copy.folder / "election.json").read_bytes() == held


def test_a_byte_that_the_disk_lost_is_found_and_fetched_again_when_asked_to(town: Town, site: Served, tmp_path: Path) -> None:
    copy = Copy(site.url, tmp_path)
    copy()
    whole = copy.files()
    dice = Random(3)
    hurt = [name for name in whole if "/film/" in name or "/calibration/" in name or "/tile/" in name]
    for name in dice.sample(hurt, 8):
        data = bytearray((copy.folder / name).read_bytes())
        data[dice.randrange(len(data))] ^= 1
        (copy.folder / name).write_bytes(data)
    assert Copy(site.url, tmp_path, recheck=True)().report.exit_code == 0
    assert copy.files() == whole


# ------------------------------------------------------------------------------------------------------------- kill -9


@pytest.mark.parametrize("most", [12, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(900)])])
def test_killed_at_any_moment_it_goes_on_and_fetches_no_verified_file_again(town: Town, site: Served, tmp_path: Path, most: int) -> None:
    for station in town.stations:
        town.film(station, 60)
        town.beat(station, 300)
        town.claim(station)
    town.publish(anew=True)
    theirs, dice, kills = published(town), Random(11), 0
    command = [sys.executable, "-m", "kua.cli.main", "mirror", site.url, str(tmp_path / "copy"), "--json"]
    held: set[str] = set()
    while True:
        site.asked.clear()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        limit = dice.randrange(1, 720 // most)
        while process.poll() is None and (len(site.asked) < limit or kills == most):
            time.sleep(0.002)
        ended = process.poll() is not None
        if not ended:
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        out, err = process.communicate()
        ours = Copy.named(tmp_path / "copy")
        assert all(theirs[name] == data for name, data in ours.items()), "whatever has a name is whole"
        assert not {name for name in site.asked if "/film/" in name or "/tile/" in name} & held, "what has a name is not asked for again"
        held = set(ours)
        if ended:
            assert process.returncode == 0, out + err
            break
    assert kills >= 5
    assert ours == theirs
