# SPDX-License-Identifier: Apache-2.0
"""Seals of the hours and co-signers in the room, in a court bundle: what a part of a log shows of them, and what it must not pretend to show."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.cli.main import run
from kua.core.digest import Digest, sha256
from kua.core.instant import Instant
from kua.proof.checkpoint import Checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.merkle import Frontier, frontier_before, inclusion_proof
from kua.verify.bundle import NOTHING, verify_bundle
from kua.verify.entries import Entries, Stretch
from kua.verify.film import Trust
from kua.verify.report import Report
from tools import bundle_hours, make_bundles
from tools.bundle_edits import apart, built
from tools.make_published import BEGIN, STATION

FOLDER = Path(__file__).parents[1] / "vectors" / "bundle"
CASES: dict[str, Any] = {case["name"]: case for case in json.loads((FOLDER / "cases.json").read_bytes())["cases"]}


def said(report: Report, *checks: str) -> list[tuple[str, str]]:
    return [(line.state, line.code) for line in report.lines if line.check in {f"s/{STATION} {check}" for check in checks}]


def checked(tmp_path: Path, data: bytes, trust: Trust = NOTHING) -> Report:
    (tmp_path / "bundle.zip").write_bytes(data)
    return verify_bundle(tmp_path / "bundle.zip", trust)


def case(tmp_path: Path, name: str) -> Report:
    return checked(tmp_path, built((FOLDER / "hours.zip").read_bytes(), CASES[name]["edits"]))


LEAVES = [sha256(bytes([number])) for number in range(70)]


@given(st.integers(1, 70), st.data())
def test_the_proof_of_a_leaf_holds_the_tree_of_all_that_stands_before_it(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    before = frontier_before(index, size, inclusion_proof(index, LEAVES[:size]))
    assert before.root() == Frontier.of(LEAVES[:index]).root()
    before.append(Digest(LEAVES[index]))
    assert before.root() == Frontier.of(LEAVES[: index + 1]).root()


def test_film_of_an_hour_that_is_over_is_sealed_and_says_by_which_seals(tmp_path: Path) -> None:
    made = make_bundles.world(hours=True)
    for until, seals in ((8_000, "0"), (22_000, "0-1"), (28_000, "0-1")):
        report = checked(tmp_path, make_bundles.bundle(made, since=Instant(BEGIN), until=Instant(BEGIN + until)))
        assert said(report, "hours") == [("PASS", "bundle.hours_sealed"), ("PASS", "film.hours_seen")]
        assert next(line.facts["seals"] for line in report.lines if line.code == "bundle.hours_sealed") == seals
        assert report.exit_code == 0


def test_the_seal_is_taken_along_and_the_time_stays_as_narrow_as_without_it(tmp_path: Path) -> None:
    """The bundle shows a state of the log that has the seal, and dates the film by an earlier one that has all of the film."""
    made = make_bundles.world(hours=True)
    data = make_bundles.bundle(made)
    files = apart(data)[1]
    sizes = [json.loads(entry)["size"] for entry in made.nation if json.loads(entry)["type"] == "station_checkpoint"]
    assert int(files[f"data/s/{STATION}/checkpoint"].split(b"\n")[1]) == sizes[2]
    assert files["data/time/first.tlog-proof"].splitlines()[1] == b"index 3"
    report = checked(tmp_path, data)
    assert ("PASS", "bundle.not_after") in {(line.state, line.code) for line in report.lines}


def test_whoever_takes_the_box_later_cannot_make_a_bundle_of_another_hour(tmp_path: Path) -> None:
    """He has the station's key, and here the centre and all co-signers help him; the key of the hour is gone."""
    for name in (
        "seal-by-a-key-of-somebody-else",
        "seal-by-the-stations-own-key",
        "seal-over-another-statement",
        "seal-of-the-first-hour-over-another-statement",
    ):
        report = case(tmp_path, name)
        assert said(report, "hours") == [("FAIL", "film.hour_forged")]
        assert [line.code for line in report.lines if line.state in {"FAIL", "MISSING"}] == ["film.hour_forged"]


def test_a_later_seal_vouches_for_nothing_without_the_earlier_ones(tmp_path: Path) -> None:
    """The thief of a later hour leaves the seal of the film's own hour out, and shows one that he could make."""
    made = make_bundles.world(hours=True)
    parts = bundle_hours.parts(make_bundles.world().station)
    entries = bundle_hours.grown(parts, seal_0=bundle_hours.beat(BEGIN), seal_1=bundle_hours.seal(1))
    base, files = (FOLDER / "hours.zip").read_bytes(), apart((FOLDER / "hours.zip").read_bytes())[1]
    whole = checked(tmp_path, built(base, make_bundles.anew(files, entries, made.nation)))
    assert said(whole, "hours") == [("NOT_CHECKED", "bundle.hour_absent"), ("PASS", "film.hours_seen")]


def test_what_is_not_in_the_bundle_is_not_checked_and_not_held_against_it(tmp_path: Path) -> None:
    seen = ("PASS", "film.hours_seen")
    assert said(case(tmp_path, "keys-not-in-the-bundle"), "hours") == [("NOT_CHECKED", "bundle.hours_none")]
    assert said(case(tmp_path, "seals-not-in-the-bundle"), "hours") == [
        ("PASS", "bundle.hours_sealed"),
        ("NOT_CHECKED", "bundle.hour_open"),
        seen,
    ]
    assert said(case(tmp_path, "seal-of-an-hour-without-a-key"), "hours") == [
        ("PASS", "bundle.hours_sealed"),
        ("NOT_CHECKED", "bundle.hour_absent"),
        seen,
    ]
    assert said(checked(tmp_path, (FOLDER / "film.zip").read_bytes()), "hours", "room") == [("NOT_CHECKED", "bundle.hours_none")]


def test_who_co_signed_in_the_room_is_named_and_believed_only_where_the_reader_knows_the_key(tmp_path: Path) -> None:
    data = (FOLDER / "hours.zip").read_bytes()
    strangers = checked(tmp_path, data)
    assert said(strangers, "room") == [("NOT_CHECKED", "bundle.room_stranger")] * 2
    names = {line.facts["name"] for line in strangers.lines if line.check.endswith(" room")}
    assert names == {str(phone.cosigner).rpartition("+")[0] for phone in (bundle_hours.ONE, bundle_hours.TWO)}
    known = checked(tmp_path, data, Trust(cosigners=(bundle_hours.ONE.cosigner,)))
    assert sorted(said(known, "room")) == [("NOT_CHECKED", "bundle.room_stranger"), ("PASS", "bundle.room_saw")]
    assert [line.facts for line in known.lines if line.code == "bundle.quorum"] == [
        line.facts for line in strangers.lines if line.code == "bundle.quorum"
    ]
    bound = {
        who: next(line.facts["names"] for line in report.lines if line.code == "bundle.not_after")
        for who, report in (("known", known), ("not", strangers))
    }
    assert (bound["known"], "observer" in str(bound["not"])) == (bundle_hours.ONE.name, False)


def test_a_co_signer_of_the_policy_who_signs_in_the_room_dates_nothing_alone(tmp_path: Path) -> None:
    phone: VerifierKey = bundle_hours.ONE.cosigner
    policy = f"{make_bundles.POLICY.replace('quorum two-of-three', '')}witness phone {phone}\nquorum two-of-three\n"
    report = checked(tmp_path, make_bundles.bundle(make_bundles.world(hours=True, policy=policy)))
    assert sorted(said(report, "room")) == [("NOT_CHECKED", "bundle.room_stranger"), ("PASS", "bundle.room_saw")]
    assert next(line.facts["names"] for line in report.lines if line.code == "bundle.not_after") != phone.name


def test_a_co_signature_in_the_room_that_does_not_hold_is_a_forgery(tmp_path: Path) -> None:
    for name in (name for name in bundle_hours.ALTERED if name.startswith("room-") and CASES[name]["exit"]):
        assert [line.code for line in case(tmp_path, name).lines if line.state in {"FAIL", "MISSING"}] == ["film.observer_forged"], name


def test_the_commands_name_seals_and_phones_and_take_a_key_of_the_readers(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bundle", "show", str(FOLDER / "hours.zip")]) == 0
    told = capsys.readouterr().out
    assert "Seals of hours: 0, 1" in told
    assert bundle_hours.ONE.name in told
    assert run(["bundle", "verify", str(FOLDER / "hours.zip"), "--cosigner", str(bundle_hours.ONE.cosigner), "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    assert [line["state"] for line in lines if line["code"] == "bundle.room_saw"] == ["PASS"]


def test_earlier_states_of_a_log_follow_from_a_part_of_it() -> None:
    hashes = tuple(LEAVES)
    head = Checkpoint("example.org/log", len(hashes), Frontier.of(hashes).root())
    part = Entries(head, (), (), (Stretch(20, frontier_before(20, 70, inclusion_proof(20, hashes)), hashes[20:30]),))
    assert part.roots_before(range(-1, 99)) == {size: Frontier.of(hashes[:size]).root() for size in (*range(20, 31), 70)}
