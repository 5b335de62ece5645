# SPDX-License-Identifier: Apache-2.0
"""Publication and the legal profile: what may be shown, when, and by which article."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.app import founding
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.election import PHASES, Election, read_election
from kua.core.errors import Refused, Rejected
from kua.core.instant import SLOT, Instant
from kua.law.profile import may_use, read_profile
from kua.law.publication import Piece, Publication, publication_of

START = 1_800_000_000_000
HOUR = 3_600_000


def election(kind: str = "rehearsal", purpose: str = "room") -> Election:
    draft = founding.example(Instant(START))
    draft["kind"] = kind
    for station in draft["stations"]:
        station["cameras"] = [{"id": "a", "purpose": purpose}]
        station["windows"] = [
            {"phase": phase, "from": START + number * HOUR, "to": START + (number + 1) * HOUR} for number, phase in enumerate(PHASES)
        ]
    body = {**draft, "profile": {"id": "kz", "sha256": "0" * 64}, "centres": [], "keys": {"commission": [], "issuers": []}}
    return read_election(canonical(body))


def rules(name: str = "kz", voting: str | list[str] = "none", purpose: str = "room") -> Publication:
    profile = read_profile(canonical(founding.decide_voting(founding.packaged_profile(name), voting)))
    return publication_of(election(purpose=purpose), profile, ())


def piece(phase: str, station: str = "10-245", *, offset: int = 0, said: str | None = None) -> Piece:
    t0 = START + PHASES.index(phase) * HOUR + offset
    return Piece(station, "a", Instant(t0), Instant(t0 + SLOT), said or phase)


@pytest.mark.parametrize("name", ["kz", "count-only"])
def test_a_profile_that_comes_with_kua_can_be_read_and_is_not_confirmed_by_anybody(name: str) -> None:
    profile = read_profile(canonical(founding.packaged_profile(name)))
    assert {clause.confirmed for clause in profile.clauses.values()} == {False}
    assert all(clause.article for clause in profile.clauses.values())


def test_in_kazakhstan_opening_count_and_protocol_are_public_and_voting_is_not() -> None:
    assert [phase for phase in PHASES if rules().may_ever(piece(phase)).allowed] == ["rehearsal", "opening", "count", "protocol"]


def test_voting_is_public_where_the_commission_so_decides() -> None:
    assert rules(voting="all").may_ever(piece("voting")).allowed
    some = rules(voting=["10-246"])
    assert some.may_ever(piece("voting", "10-246")).allowed
    verdict = some.may_ever(piece("voting"))
    assert (verdict.allowed, verdict.reason) == (False, "publication.phase")
    assert "art. 8" in verdict.article


@pytest.mark.parametrize("audience", ["control", "none", "friends"])
def test_a_phase_that_the_hiding_table_gives_to_no_public_is_not_published_whatever_the_profile_allows(audience: str) -> None:
    profile = read_profile(canonical(founding.decide_voting(founding.packaged_profile("kz"), "all")))
    told = election()
    table = {phase: dict(row) for phase, row in told.hiding.items()}
    table["voting"]["audience"] = audience
    verdict = publication_of(replace(told, hiding=table), profile, ()).may_ever(piece("voting"))
    assert (verdict.allowed, verdict.reason) == (False, "publication.phase")
    assert publication_of(told, profile, ()).may_ever(piece("voting")).allowed


def test_another_profile_gives_other_answers_without_other_code() -> None:
    count = rules("count-only", purpose="count")
    assert [phase for phase in PHASES if count.may_ever(piece(phase)).allowed] == ["count", "protocol"]
    assert rules("count-only").may_ever(piece("count")).reason == "publication.purpose"


def test_a_held_phase_waits_for_the_last_station_to_close() -> None:
    count = rules("count-only", purpose="count")
    early = Piece("10-245", "a", Instant(START + 3 * HOUR), Instant(START + 3 * HOUR + SLOT), "count")
    assert count.due_at(early) == early.t1 + 30_000
    assert count.last_close == START + 3 * HOUR


def test_a_phase_that_the_election_file_does_not_give_to_the_moment_is_not_believed() -> None:
    assert not rules().may_ever(piece("voting", said="count")).allowed
    assert not rules().may_ever(piece("storage", offset=2 * HOUR, said="count")).allowed


@given(st.integers(0, len(PHASES) * HOUR - SLOT), st.integers(-HOUR, HOUR), st.sampled_from(["all", "none"]))
def test_nothing_is_published_before_its_end_and_the_delay(offset: int, after: int, voting: str) -> None:
    held = rules(voting=voting)
    t0 = Instant(START + offset)
    phase = election().station("10-245").phase_at(t0)
    assert phase is not None
    film = Piece("10-245", "a", t0, Instant(t0 + SLOT), phase)
    now = Instant(film.t1 + after)
    assert not (held.may_publish(film, (), now).allowed and now < film.t1 + 30_000)
    assert not held.may_publish(film, ["art. 8"], now).allowed


def test_an_unconfirmed_clause_is_for_rehearsals_or_whoever_accepts_it_by_name() -> None:
    profile = read_profile(canonical(founding.packaged_profile("kz")))
    real = election(kind="parliament")
    with pytest.raises(Refused, match=r"profile\.unconfirmed"):
        publication_of(real, profile, ())
    publication_of(real, profile, ("public_phases", "public_voting", "public_purposes", "held_until_close"))
    assert may_use(profile.clause("public_voting"), "parliament", ()).reason == "profile.unconfirmed"


def _change(path: str, value: Any) -> bytes:
    body = json.loads(json.dumps(founding.packaged_profile("kz")))
    place: Any = body
    *way, last = path.split(".")
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[last] = value
    return canonical(body)


@pytest.mark.parametrize(
    ("path", "value"),
    [("v", 2), ("extra", 1), ("id", "K Z"), ("clauses.0.extra", 1), ("clauses.0.date", "March"), ("clauses.0.source", "somebody"),
     ("clauses.0.confirmed", 1), ("clauses.0.article", ""), ("clauses.0.text", {"kk": "x"}), ("clauses.1.id", "public_phases"), ("clauses", 7)],
)
def test_a_profile_that_is_not_understood_is_refused(path: str, value: Any) -> None:
    with pytest.raises(Rejected, match=r"profile\.schema"):
        read_profile(_change(path, value))


@pytest.mark.parametrize(("number", "value"), [(0, "count"), (0, ["tuesday"]), (1, {"where": "all"}), (1, {"stations": 3}), (2, [1]), (3, None)])
def test_a_value_that_the_rules_do_not_understand_is_refused(number: int, value: Any) -> None:
    with pytest.raises(Rejected, match=r"profile\.value"):
        publication_of(election(), read_profile(_change(f"clauses.{number}.value", value)), ())


def test_a_profile_without_a_clause_is_not_filled_in_by_guessing() -> None:
    body = founding.packaged_profile("kz")
    with pytest.raises(Rejected, match=r"profile\.no_clause"):
        publication_of(election(), read_profile(canonical({**body, "clauses": body["clauses"][1:]})), ())


def test_the_profile_is_bound_to_the_election_file_by_its_hash(tmp_path: Any) -> None:
    made = founding.found(tmp_path, founding.example(Instant(START)), founding.packaged_profile("kz"), url="http://127.0.0.1")
    assert sha256((tmp_path / "profile.json").read_bytes()).hex() == made.profile_sha256
