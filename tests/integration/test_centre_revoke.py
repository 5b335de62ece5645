# SPDX-License-Identifier: Apache-2.0
"""A stolen box: its key opens nothing any more, what the national log had seen before holds, and a reader is told where the line runs."""

from pathlib import Path

import pytest

from kua.centre.enrol.revoke import Revocation
from kua.cli.main import run
from kua.core.errors import Misused, Refused, Rejected
from kua.core.instant import Instant
from kua.proof.leaf import make_leaf
from kua.verify.bundle import verify_bundle
from kua.verify.film import verify_film
from kua.verify.gather import Wanted
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import open_reader
from kua.verify.report import Line
from tests.rigs.centre import START, STATION, Box, HandClock, client, found, running
from tests.rigs.witnessed import Story
from tools import make_published as parts

FILM, INIT = b"film" * 100, b"init" * 10
STOLEN = Revocation(STATION, "art. 20-2 (3)", "stolen", "territorial", Instant(START + 4_000))


async def test_a_revoked_key_opens_nothing_and_what_was_seen_before_holds(tmp_path: Path) -> None:
    found(tmp_path / "centre")
    clock = HandClock()
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        box.film(FILM, INIT)
        assert (await box.send_log()).status_code == 200
        assert (await box.put(FILM)).status_code == 201
        clock.at += 8_000
        leaf = await centre.revoke.revoke(STOLEN)
        assert leaf == centre.nation.size - 1, "what the centre had taken in stands before it"
        box.film(b"of a thief", INIT)
        for answer in (await box.send_log(), await box.put(INIT)):
            assert (answer.status_code, answer.json()["code"]) == (403, "upload.revoked")
        assert (await box.enrol()).json()["code"] == "enrol.revoked"
        with pytest.raises(Refused, match=r"revoke\.again"):
            await centre.revoke.revoke(STOLEN)
        assert centre.members.get(STATION).book.size == 2
        assert centre.nation.size == leaf + 1
    async with running(tmp_path / "centre", clock) as (centre, _):  # a restart forgets nothing
        async with client(centre) as web:
            box.centre, box.web = centre, web
            assert (await box.send_log()).json()["code"] == "upload.revoked"
        assert centre.nation.size == leaf + 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"station": "99-999"}, r"election\.no_station"),
        ({"reason": "angry"}, r"revoke\.word"),
        ({"by": "thief"}, r"revoke\.word"),
        ({"article": " "}, r"stop\.article"),
        ({"article": "ст. 1"}, r"stop\.article"),
        ({"since": START + 60_000}, r"revoke\.since"),
        ({"station": "71-17"}, r"revoke\.no_key"),
    ],
)
async def test_what_may_not_stand_in_the_log_for_ever_is_refused(tmp_path: Path, change: dict[str, str], code: str) -> None:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock()) as (centre, web):
        await Box(centre, web).enrol()
        before = centre.nation.size
        order = {"station": STATION, "article": "art. 1", "reason": "stolen", "by": "centre", "since": START} | change
        with pytest.raises((Misused, Refused, Rejected), match=code):
            await centre.revoke.revoke(Revocation(**order))  # type: ignore[arg-type] - whatever was typed
        assert centre.nation.size == before


def revoked(story: Story, since: int) -> None:
    story.nation.append(
        make_leaf(
            "revoked", at=parts.BEGIN + 60_000, station=parts.STATION, vkey=str(parts.AGENT.verifier), since=since, article="art. 1", by="chair",
            reason="stolen",
        )
    )


def said(tree: Path) -> dict[str, Line]:
    return {line.code: line for line in verify_film(str(tree)).lines if line.check == f"s/{parts.STATION} revoked"}


def story_of(*, seen: int) -> Story:
    """A station that states three segments; the national log sees it after the first, at +5 s, and after the third, at +`seen` ms."""
    story = Story()
    story.film(0)
    story.report(parts.BEGIN + 5_000)
    story.film(1)
    story.film(2)
    story.report(parts.BEGIN + seen)
    return story


def test_a_reader_is_told_how_much_had_not_been_seen_when_the_key_was_lost(tmp_path: Path) -> None:
    story = story_of(seen=20_000)
    revoked(story, parts.BEGIN + 10_000)
    line = said(story.write(tmp_path))["film.key_revoked"]
    assert (line.state, line.facts["count"], line.facts["of"]) == ("NOT_CHECKED", 2, len(story.station))


def test_film_that_was_seen_before_the_key_was_lost_stands(tmp_path: Path) -> None:
    story = story_of(seen=20_000)
    revoked(story, parts.BEGIN + 30_000)
    assert said(story.write(tmp_path))["film.key_revoked_later"].state == "PASS"


def test_a_centre_that_goes_on_taking_what_the_thief_signs_is_caught(tmp_path: Path) -> None:
    story = story_of(seen=20_000)
    revoked(story, parts.BEGIN + 30_000)
    story.film(3)
    story.report(parts.BEGIN + 70_000)
    assert said(story.write(tmp_path))["film.revoked_taken"].state == "FAIL"


def test_a_court_bundle_takes_the_revocation_along(tmp_path: Path) -> None:
    story = story_of(seen=20_000)
    revoked(story, parts.BEGIN + 10_000)
    tree, bundle = story.write(tmp_path / "tree"), tmp_path / "bundle.zip"
    make_bundle(open_reader(str(tree)), Order(Wanted(parts.STATION, (), Instant(0), Instant(253_402_300_799_999))), bundle)
    lines = {line.code: line for line in verify_bundle(bundle).lines}
    # The bundle knows the station's log by one state alone, which came too late: it cannot say that any of it is older.
    assert lines["film.key_revoked"].facts["count"] == lines["film.key_revoked"].facts["of"] == len(story.station)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ((STATION,), 64, "--article"),
        ((STATION, "--article", "art. 1", "--reason", "angry"), 64, "revoke.word"),
        ((STATION, "--article", "art. 1", "--since", "yesterday"), 64, "time.typed"),
        (("99-999", "--article", "art. 1"), 64, "election.no_station"),
        ((STATION, "--article", "art. 1"), 1, "revoke.no_key"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path: Path, words: tuple[str, ...], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    found(tmp_path / "centre")
    assert run(["centre", "revoke", *words, "--dir", str(tmp_path / "centre")]) == code
    assert told in capsys.readouterr().err
