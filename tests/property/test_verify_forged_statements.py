# SPDX-License-Identifier: Apache-2.0
"""A log that is signed, whole and dense may still lie: `kua film verify` holds each statement against the election file and the others.

Each forgery here is signed by the right keys and stands in the national log; only what it says is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kua.core.bech32 import bech32
from kua.core.canonical import canonical, read_canonical
from kua.core.digest import sha256
from kua.core.sealing import read_sealing
from kua.proof.keys import VerifierKey
from kua.proof.leaf import make_leaf
from kua.verify.below import Below
from kua.verify.entries import load_entries
from kua.verify.film import Trust, verify_film
from kua.verify.reading import MAX_FILE, Folder
from kua.verify.report import Report
from tests.rigs import published_tree
from tools import make_published

Leaves = list[dict[str, Any]]
BEGIN, SLOT = make_published.BEGIN, make_published.SLOT


def _write(folder: Path, tree: dict[str, bytes]) -> None:
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _made(body: dict[str, Any]) -> bytes:
    fields = {name: value for name, value in body.items() if name not in {"v", "type"}}
    return make_leaf(body["type"], 2 if "live" in fields else 1, **fields)


@pytest.fixture
def forged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Leaves], None]], Report]:
    """Return what publishes a tree whose station's leaves were forged before they were signed, and verifies it."""

    def publish(forge: Callable[[Leaves], None]) -> Report:
        honest = make_published.leaves

        def leaves(*given: Any) -> list[bytes]:
            bodies = [read_canonical(entry) for entry in honest(*given)]
            forge(bodies)
            return [_made(body) for body in bodies]

        monkeypatch.setattr(make_published, "leaves", leaves)
        _write(tmp_path, make_published.published())
        return verify_film(str(tmp_path))

    return publish


def _codes(report: Report, *states: str) -> set[str]:
    return {line.code for line in report.lines if line.state in states}


def _segments(bodies: Leaves) -> Leaves:
    return [body for body in bodies if body["type"] == "segment"]


def _another_station(bodies: Leaves) -> None:
    bodies[0]["station"] = "10-246"


def _another_election(bodies: Leaves) -> None:
    bodies[0]["election"] = "another-2026"


def _another_phase(bodies: Leaves) -> None:
    _segments(bodies)[2]["phase"] = "count"


def _another_table(bodies: Leaves) -> None:
    _segments(bodies)[2]["hiding"] = "ab" * 32


def _another_calibration(bodies: Leaves) -> None:
    _segments(bodies)[2]["calibration"] = "ab" * 32


def _no_calibration(bodies: Leaves) -> None:
    del bodies[1]


def _a_calibration_of_another_camera(bodies: Leaves) -> None:
    bodies[1]["cam"] = "b"


def _a_calibration_said_afterwards(bodies: Leaves) -> None:
    bodies.insert(-1, bodies.pop(1))


def _one_signature(bodies: Leaves) -> None:
    """What an honest station states: silhouettes until the second person signs, who does so late."""
    _a_calibration_said_afterwards(bodies)
    fault = {"v": 1, "type": "fault", "at": BEGIN, "cam": "a", "kind": "one_signature", "state": "begin"}
    bodies.insert(1, fault)
    bodies.insert(-1, fault | {"state": "end"})


def _another_file_than_the_one_that_two_signed_later(bodies: Leaves) -> None:
    _one_signature(bodies)
    _segments(bodies)[0]["calibration"] = "ab" * 32


def _one_signature_after_two(bodies: Leaves) -> None:
    fault = {"v": 1, "type": "fault", "at": BEGIN, "cam": "a", "kind": "one_signature", "state": "begin"}
    bodies.insert(2, fault)
    _segments(bodies)[0]["calibration"] = "ab" * 32


def _another_camera(bodies: Leaves) -> None:
    for body in _segments(bodies):
        body["cam"] = "b"


def _a_camera_that_nobody_opened(bodies: Leaves) -> None:
    bodies[0]["cams"] = []


def _outside_the_windows(bodies: Leaves) -> None:
    for body in bodies:
        for name in ("at", "t0", "t1"):
            if name in body:
                body[name] -= 3_600_000
        if "slot" in body:
            body["slot"] -= 900


def _one_name_twice(bodies: Leaves) -> None:
    first, second = _segments(bodies)[1:3]
    middle = first["t0"] + 3000
    first["t1"], second["t0"], second["slot"] = middle, middle, first["slot"]


def _two_beginnings(bodies: Leaves) -> None:
    _segments(bodies)[3]["init"] = "ab" * 32


def _old_film_for_new(bodies: Leaves) -> None:
    old, new = _segments(bodies)[1:3]
    new["sha256"], new["size"] = old["sha256"], old["size"]


def _lowered(bodies: Leaves, *, init: str = "cd" * 32, digest: str = "") -> None:
    """The second and third segment were sent smaller at once, as one run."""
    for number, body in enumerate(_segments(bodies)[1:3]):
        live = {"rung": "slow", "run": "1b2c3d4e", "size": 9, "width": 640, "height": 360, "fps_milli": 1000, "frames": 4}
        body["live"] = live | {"sha256": digest or f"{number:064x}", "init": ("cd" * 32, init)[number]}


def _two_beginnings_of_lowered_film(bodies: Leaves) -> None:
    _lowered(bodies, init="ab" * 32)


def _old_lowered_film_for_new(bodies: Leaves) -> None:
    _lowered(bodies, digest="ef" * 32)


def _one_lowered_name_twice(bodies: Leaves) -> None:
    _lowered(bodies)
    _one_name_twice(bodies)
    _segments(bodies)[2]["run"] = "0badcaff"  # a run of its own, so that only the lowered names are the same


def _film_after_the_close(bodies: Leaves) -> None:
    close, last = dict(bodies[-1]), bodies.pop(-2)
    bodies[-1]["at"] = last["t0"]
    bodies += [last, close]


def _opened_twice(bodies: Leaves) -> None:
    bodies.insert(4, dict(bodies[0]))


FORGERIES = {
    _another_station: "film.opened_elsewhere",
    _another_election: "film.opened_elsewhere",
    _another_phase: "film.other_phase",
    _another_table: "film.other_hiding",
    _another_calibration: "film.other_calibration",
    _no_calibration: "film.not_calibrated",
    _a_calibration_of_another_camera: "film.not_calibrated",
    _a_calibration_said_afterwards: "film.other_calibration",
    _another_file_than_the_one_that_two_signed_later: "film.other_calibration",
    _one_signature_after_two: "film.other_calibration",
    _another_camera: "film.camera_unplanned",
    _a_camera_that_nobody_opened: "film.camera_not_opened",
    _outside_the_windows: "film.outside_windows",
    _one_name_twice: "film.name_twice",
    _two_beginnings: "film.init_twice",
    _old_film_for_new: "film.repeated",
    _two_beginnings_of_lowered_film: "film.init_twice",
    _old_lowered_film_for_new: "film.repeated",
    _one_lowered_name_twice: "film.name_twice",
    _film_after_the_close: "film.open_order",
    _opened_twice: "film.open_order",
}


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__[1:])
def test_a_signed_lie_is_found(forged: Callable[[Callable[[Leaves], None]], Report], forge: Callable[[Leaves], None]) -> None:
    report = forged(forge)
    assert report.exit_code in {1, 2}
    assert FORGERIES[forge] in _codes(report, "FAIL", "MISSING")
    assert "film.statements_agree" not in _codes(report, "PASS") or FORGERIES[forge].startswith(("film.open", "film.camera"))


def test_film_under_one_signature_is_counted_and_not_called_a_lie(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    report = forged(_one_signature)
    assert report.exit_code == 0
    told = {line.code: line.facts for line in report.lines if line.state == "NOT_CHECKED"}
    assert told["film.one_signature"] == {"camera": "a", "count": 5}
    assert "film.statements_agree" in _codes(report, "PASS")


def test_a_statement_of_what_was_sent_at_once_is_no_lie(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    report = forged(_lowered)
    assert report.exit_code == 0, report.to_json()
    assert "film.statements_agree" in _codes(report, "PASS")


def test_time_that_nobody_vouches_for_is_told_with_its_seconds(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    def unsure(bodies: Leaves) -> None:
        for body in _segments(bodies)[:2]:
            body["trust"] = "none"
        bodies.insert(-1, {"v": 1, "type": "clock", "at": BEGIN, "trust": "none", "step_ms": 7_000, "forward": True, "mono": 1})

    report = forged(unsure)
    assert report.exit_code == 0
    told = {line.code: line.facts for line in report.lines if line.state == "NOT_CHECKED"}
    assert told["film.time_untrusted"]["seconds"] == 8.0
    assert told["film.clock_stepped"] == {"count": 1, "seconds": 7.0}


def test_time_outside_the_account_is_told_and_the_figures_of_coverage_stay_apart(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    def hides(bodies: Leaves) -> None:
        at = _segments(bodies)[0]["t1"]
        bodies.insert(-1, {"v": 1, "type": "hidden", "at": at, "cam": "a", "t0": BEGIN, "t1": BEGIN + 1500, "reason": "warming"})

    report = forged(hides)
    lines = {line.code: line.facts for line in report.lines}
    assert lines["film.outside_account"]["seconds"] == 3600.0 - 20.0
    assert lines["film.coverage"] == {"recorded": 20.0, "visible": 18.5, "published": 20.0}
    assert lines["film.hidden_by"] == {"seconds": 1.5, "reason": "warming", "count": 1}


@pytest.mark.parametrize("recorder", ["none", "off", "not_shown"])
def test_what_a_station_states_of_its_cameras_is_told_and_not_believed(forged: Callable[[Callable[[Leaves], None]], Report], recorder: str) -> None:
    papers = dict.fromkeys(("sha256", "note", "signers"), "0" * 64)

    def states(bodies: Leaves) -> None:
        for off, unknown in ((0, 3), (2, 0)):  # the newest counts
            cameras = {"used": 1, "off": off, "covered": 1, "masked": 0, "unknown": unknown}
            owners = {"ours": 1, "host": 2, "unknown": 1}
            bodies.insert(-1, {"v": 1, "type": "census", "at": BEGIN, **papers, "states": cameras, "owners": owners, "recorder": recorder})

    report = forged(states)
    assert report.exit_code == 0
    told = {line.code: line.facts for line in report.lines if line.state == "NOT_CHECKED"}
    assert told[f"film.census_{recorder}"] == {"used": 1, "blind": 3, "unknown": 1}


def test_a_station_that_states_no_census_is_told(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    assert "film.no_census" in _codes(forged(lambda _bodies: None), "NOT_CHECKED")


def test_a_log_that_was_never_closed_says_so(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    report = forged(lambda bodies: bodies.pop() and None)
    assert "film.never_closed" in _codes(report, "NOT_CHECKED")


def test_a_signers_file_of_another_shape_is_a_verdict_and_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = make_published.calibration

    def spoilt() -> dict[str, bytes]:
        return {name: canonical({"v": 1}) if name.endswith("signers.json") else data for name, data in honest().items()}

    monkeypatch.setattr(make_published, "calibration", spoilt)
    _write(tmp_path, make_published.published())
    report = verify_film(str(tmp_path))
    assert report.exit_code == 1
    assert "calibration.signers" in _codes(report, "FAIL")


def _with_nation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forge: Callable[[Leaves], None]) -> Report:
    honest = make_published.nation_files

    def nation(entries: list[bytes]) -> Any:
        bodies = [read_canonical(entry) for entry in entries]
        forge(bodies)
        return honest([_made(body) for body in bodies])

    monkeypatch.setattr(make_published, "nation_files", nation)
    _write(tmp_path, make_published.published())
    return verify_film(str(tmp_path))


def test_a_second_key_for_one_station_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = str(make_published.SigningKey.from_seed(make_published.ORIGIN, sha256(b"another")).verifier)
    report = _with_nation(tmp_path, monkeypatch, lambda bodies: bodies.insert(1, bodies[1] | {"vkey": other}))
    assert "film.key_twice" in _codes(report, "FAIL")


def test_a_checkpoint_that_the_station_never_signed_does_not_count_against_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = _with_nation(tmp_path, monkeypatch, lambda bodies: bodies.append(bodies[2] | {"size": 99}))
    assert _codes(report, "FAIL") == {"film.checkpoint_not_signed"}


def test_an_old_election_file_is_found_when_the_national_log_knows_a_newer_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = _with_nation(tmp_path, monkeypatch, lambda bodies: bodies.append(bodies[0] | {"version": 2, "sha256": "ab" * 32}))
    assert _codes(report, "FAIL") == {"film.election_superseded"}


def test_a_station_that_the_election_file_does_not_name_is_a_stray(tmp_path: Path) -> None:
    _write(tmp_path, make_published.published() | {"s/10-999/film/a/live.m3u8": b"", "notes.txt": b""})
    report = verify_film(str(tmp_path))
    assert {line.facts["name"] for line in report.lines if line.code == "film.file_unsigned"} == {"notes.txt", "s/10-999"}


def test_a_key_that_was_given_and_fits_nothing_is_not_passed_over_in_silence() -> None:
    key = make_published.SigningKey.from_seed("other.example/log", sha256(b"another")).verifier
    report = verify_film(str(make_published.VECTORS / "published" / "intact"), Trust(vkey=key))
    assert report.exit_code == 1
    assert _codes(report, "FAIL") == {"film.key_of_nobody"}
    fits = verify_film(str(make_published.VECTORS / "published" / "intact"), Trust(vkey=make_published.AGENT.verifier))
    assert fits.exit_code == 0


@pytest.mark.parametrize("name", ["day.m3u8", "live.m3u8"])
def test_an_old_playlist_in_place_of_the_newest_is_found(tmp_path: Path, name: str) -> None:
    tree = make_published.published()
    path = f"s/{make_published.STATION}/film/a/{name}"
    lines = tree[path].decode().splitlines(keepends=True)
    last = max(place for place, line in enumerate(lines) if line.startswith("#EXT-X-PROGRAM-DATE-TIME"))
    _write(tmp_path, tree | {path: "".join(lines[:last]).encode()})
    report = verify_film(str(tmp_path))
    assert report.exit_code == 1
    assert "film.playlist_short" in _codes(report, "FAIL")


@dataclass
class TwoFaced:
    """A place that answers with honest bytes when it is asked first, and with others afterwards."""

    honest: Folder
    forged: dict[str, bytes]
    asked: set[str] = field(default_factory=set)
    where: str = "two-faced"
    listable: bool = False

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        again = name in self.asked
        self.asked.add(name)
        return self.forged[name] if again and name in self.forged else self.honest.read(name, limit)

    def names(self, folder: str = "") -> tuple[str, ...]:
        return ()


def test_entries_that_change_between_two_readings_are_not_used(tmp_path: Path) -> None:
    beats = [
        make_leaf("heartbeat", at=BEGIN + number, boot="00c0ffee", mono=number, trust="ntp", owed=0, owed_bytes=0, free_bytes=1)
        for number in range(300)
    ]
    folder = f"s/{make_published.STATION}"
    _write(tmp_path, dict(make_published.log_files(folder, beats, make_published.AGENT)))
    key = VerifierKey.parse(str(make_published.AGENT.verifier))
    for name, read_once in ((f"{folder}/tile/entries/000", False), (f"{folder}/tile/entries/001.p/44", True)):
        held = (tmp_path / name).read_bytes()
        reader, report = TwoFaced(Folder(tmp_path), {name: held.replace(b'"owed":0', b'"owed":9')}), Report()
        log = load_entries(Below(reader, folder), key, make_published.ORIGIN, "station", folder, report)
        assert (log is not None) is read_once, "the unfinished end of a log is read once and never asked for again"
        if log is None:
            assert "log.answers_differ" in _codes(report, "FAIL")
        else:
            assert {leaf.body["owed"] for _, leaf in log.leaves} == {0}


def _filmed(tmp_path: Path, forge: Callable[[Leaves], None], *, exchanged: tuple[int, ...] = ()) -> Report:
    """Publish the painted film of the rig, whose station's leaves were forged before they were signed, and verify it."""
    made = published_tree.make_tree(tmp_path, closed=True)
    bodies = [read_canonical(entry) for entry in made.leaves]
    forge(bodies)
    folder = tmp_path / published_tree.ELECTION
    for number, other in zip(exchanged, reversed(exchanged), strict=True):
        (folder / made.film(number)).write_bytes(made.files[made.film(other)])
    station = f"s/{published_tree.STATION}"
    for name in [name for name in made.files if name.startswith((f"{station}/tile", "nation/tile"))]:
        (folder / name).unlink()
    entries = [_made(body) for body in bodies]
    edge = published_tree.Edge()
    edge.append(entries)
    logged = published_tree._log(entries, published_tree.AGENT, published_tree.ORIGIN)
    nation = [
        make_leaf("policy", at=made.begin, what="election", version=1, sha256=sha256(made.files["election.json"]).hex()),
        make_leaf(
            "certificate", at=made.begin, station=published_tree.STATION, origin=published_tree.ORIGIN, vkey=str(published_tree.AGENT.verifier)
        ),
        make_leaf(
            "station_checkpoint", received_at=made.end, origin=published_tree.ORIGIN, size=edge.size, root=edge.root().hex(),
            note=logged["checkpoint"].decode(),
        ),
    ]  # fmt: skip
    national = published_tree._log(nation, published_tree.CENTRE, f"{published_tree.DOMAIN}/{published_tree.ELECTION}/nation")
    _write(folder, {f"{station}/{name}": data for name, data in logged.items()} | {f"nation/{name}": data for name, data in national.items()})
    return verify_film(str(folder))


def test_time_and_pictures_inside_real_film_agree_with_its_statements(tmp_path: Path) -> None:
    report = _filmed(tmp_path, lambda bodies: None)
    assert _codes(report, "FAIL", "MISSING") == set()
    assert "film.inside_agrees" in _codes(report, "PASS")
    assert "film.inside_unread" not in _codes(report, "NOT_CHECKED")


def test_real_film_under_the_time_of_another_segment_is_found(tmp_path: Path) -> None:
    def exchange(bodies: Leaves) -> None:
        first, second = _segments(bodies)[1:3]
        for name in ("sha256", "size", "frames"):
            first[name], second[name] = second[name], first[name]

    report = _filmed(tmp_path, exchange, exchanged=(1, 2))
    assert "film.inside_differs" in _codes(report, "FAIL")
    assert "film.segment_altered" not in _codes(report, "FAIL")


def test_fewer_pictures_than_were_stated_are_found(tmp_path: Path) -> None:
    def more(bodies: Leaves) -> None:
        _segments(bodies)[1]["frames"] += 1

    assert "film.inside_differs" in _codes(_filmed(tmp_path, more), "FAIL")


def _sealed(bodies: Leaves, phase: str = "rehearsal", quorum: str = "ab" * 32) -> None:
    """State a slice of sealed film, before the close."""
    slice_ = {
        "at": BEGIN + SLOT, "cam": "a", "slice": "00c0ffee", "t0": BEGIN, "t1": BEGIN + SLOT, "phase": phase, "pieces": 1, "size": 1, "root": "ab" * 32,
        "calibration": "ab" * 32, "quorum": quorum, "recipient": "age1" + "q" * 58, "shares": [],
    }  # fmt: skip
    bodies.insert(-1, {"v": 1, "type": "slice", **slice_})


def _ordering(monkeypatch: pytest.MonkeyPatch, section: dict[str, Any]) -> None:
    plain = make_published.election
    monkeypatch.setattr(make_published, "election", lambda *given: canonical({**read_canonical(plain(*given)), "sealed": section}))


def test_a_sealed_film_that_nobody_ordered_is_told(forged: Callable[[Callable[[Leaves], None]], Report]) -> None:
    assert "film.sealed_unordered" in _codes(forged(_sealed), "FAIL")


@pytest.mark.parametrize(("phase", "own", "code"), [("rehearsal", True, ""), ("rehearsal", False, "film.sealed_unordered"), ("voting", True, "film.sealed_unordered")])
def test_a_sealed_film_is_held_against_the_phases_and_the_quorum_of_the_election_file(
    forged: Callable[[Callable[[Leaves], None]], Report], monkeypatch: pytest.MonkeyPatch, phase: str, own: bool, code: str
) -> None:
    keys = [bech32("age", bytes([number]) * 32) for number in (1, 2)]
    section = {
        "phases": ["rehearsal"], "needed": 1, "days": 9,
        "groups": [{"id": "court", "needed": 2, "trustees": [{"id": f"court-{number}", "recipient": key} for number, key in enumerate(keys)]}],
    }  # fmt: skip
    _ordering(monkeypatch, section)
    quorum = read_sealing(section, ["rehearsal"]).digest().hex() if own else "ab" * 32
    report = forged(lambda bodies: _sealed(bodies, phase, quorum))
    assert {each for each in _codes(report, "FAIL") if "sealed" in each} == ({code} if code else set())
    assert ("film.sealed" in _codes(report, "NOT_CHECKED")) == (not code)


def test_a_film_without_the_sealed_one_that_was_ordered_says_so(forged: Callable[[Callable[[Leaves], None]], Report], monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [bech32("age", bytes([number]) * 32) for number in (1, 2)]
    trustees = [{"id": f"court-{number}", "recipient": key} for number, key in enumerate(keys)]
    _ordering(monkeypatch, {"phases": ["rehearsal"], "needed": 1, "days": 9, "groups": [{"id": "court", "needed": 2, "trustees": trustees}]})
    assert "film.sealed_none" in _codes(forged(lambda _bodies: None), "NOT_CHECKED")
