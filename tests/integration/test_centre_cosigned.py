# SPDX-License-Identifier: Apache-2.0
"""A centre whose national log is co-signed by two parties over real HTTP: what is published, what a reader is told, what happens when one lies."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from kua.adapters.cosigners.http import HttpCosigner
from kua.app import founding
from kua.app.centre import Centre
from kua.app.witness import add_log, init
from kua.centre.log.cosigning import Cosigning
from kua.core.errors import Misused
from kua.ports.cosigner import KnowsAnother
from kua.ports.courier import Away, Turned
from kua.proof.addcheckpoint import AddCheckpoint
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.note import parse_note, verified_signers
from kua.proof.policy import judge, parse_policy
from kua.verify.film import verify_film
from kua.verify.report import Report
from kua.witness.page import policy_lines
from kua.witness.server import Server
from tests.rigs.centre import START, HandClock, running
from tests.rigs.cosigner import Box

ELECTION = "kz-2026-rehearsal"
ORIGIN = f"kua.example/{ELECTION}/nation"
NAMES = ("one.example/w", "two.example/w")


class Party(Box):
    """A party's co-signer."""

    def __init__(self, top: Path, name: str) -> None:
        self.folder, self.mark, self.clock = top / "w", top / "mark", HandClock()  # type: ignore[assignment]
        self.vkeys = init(self.folder, name, mark=self.mark)


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[list[tuple[Party, Server]]]:
    with contextlib.ExitStack() as stack:
        made = [Party(tmp_path / str(number), name) for number, name in enumerate(NAMES)]
        yield [(party, stack.enter_context(party.serve())[1]) for party in made]


def found(folder: Path, parties: list[tuple[Party, Server]], quorum: str) -> None:
    draft = founding.example(START)
    lines = [line for party, server in parties for line in policy_lines(party.vkeys, f"http://127.0.0.1:{server.port}")]
    draft["cosigning"] = "\n".join([*lines, *quorum.splitlines(), ""])
    founding.found(folder, draft, founding.packaged_profile("kz"), url="http://127.0.0.1:8080")
    election = founding.load_election(folder, ()).election
    for party, _ in parties:
        add_log(party.folder, ORIGIN, [VerifierKey.parse(election.centres[0].vkey)])


RUN = Cosigning.run


@pytest.fixture(autouse=True)
def asked_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here the co-signers are asked when the test says so; one test lets the centre ask by itself."""

    async def idle(_: Cosigning) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Cosigning, "run", idle)


BOTH = f"group both all {NAMES[0]} {NAMES[1]}\nquorum both"


async def ask_all(centre: Centre) -> None:
    for asked in centre.cosigning.cosigners:
        await centre.cosigning.ask(asked)


@contextlib.asynccontextmanager
async def cosigned_centre(folder: Path) -> AsyncIterator[Centre]:
    async with running(folder, HandClock()) as (centre, _):
        await ask_all(centre)
        yield centre


def line(report: Report, check: str) -> tuple[str, str]:
    found_ = next(each for each in report.lines if each.check == check)
    return found_.state, found_.code


async def test_readers_see_who_cosigned_and_the_verifier_says_so(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    found(tmp_path / "centre", parties, BOTH)
    async with cosigned_centre(tmp_path / "centre") as centre:
        head = centre.nation.head
        assert head is not None
        nation = centre.tree / "nation"
        published = (nation / "checkpoint").read_bytes()
        assert (nation / "cosigned" / "checkpoint").read_bytes() == published == (nation / "cosigned" / str(head.size)).read_bytes()
        policy = parse_policy((nation / "policy").read_bytes())
        verdict = judge(policy, published, (), ORIGIN)
        assert verdict.quorum
        assert verdict.parties == NAMES
        assert verdict.by == START // 1000
        assert (nation / "cosigned" / "sizes").read_text() == f"{head.size} {START // 1000} quorum\n"
        told = centre.desk.vouchers()
        assert told is not None
        assert (told.total, told.names, told.quorum, told.at) == (2, NAMES, True, START)
        report = await asyncio.to_thread(verify_film, str(centre.tree))
    states = {each.check: (each.state, each.code) for each in report.lines}
    assert states["co-signers"] == ("PASS", "film.cosigned")
    assert states["co-signing policy"] == ("PASS", "film.policy_holds")
    assert states["nation log.second_key"] == ("PASS", "film.second_key")
    assert states["co-signed checkpoints"] == ("PASS", "film.cosigned_kept")
    assert not report.has("FAIL"), report.lines


async def test_the_log_goes_on_and_its_cosigners_follow(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    found(tmp_path / "centre", parties, BOTH)
    async with cosigned_centre(tmp_path / "centre") as centre:
        for number in range(5):
            await centre.nation.add(founding_leaf(number))
            await ask_all(centre)
        assert [asked.trouble for asked in centre.cosigning.cosigners] == ["", ""]
        assert centre.cosigned is not None
        assert centre.cosigned.newest is not None
        assert centre.nation.head is not None
        assert centre.cosigned.newest.checkpoint.size == centre.nation.head.size
        await centre.nation.add(founding_leaf(9))  # nobody has been asked about this one yet
        report = await asyncio.to_thread(verify_film, str(centre.tree))
        assert line(report, "co-signers") == ("PASS", "film.cosigned")
        assert report.summary["co-signers"]["size"] == centre.nation.head.size - 1
    async with running(tmp_path / "centre", HandClock()) as (again, _):  # what was co-signed is still known after a restart
        assert again.cosigned is not None
        assert again.cosigned.newest is not None
        await ask_all(again)
        assert again.nation.head is not None
        assert again.cosigned.newest.checkpoint.size == again.nation.head.size


def founding_leaf(number: int) -> bytes:
    from kua.proof.leaf import make_leaf

    return make_leaf("policy", at=START + number, what="hiding", version=number + 2, sha256=f"{number:064x}")


async def test_a_cosigner_that_is_away_holds_nothing_up_and_its_absence_is_told(
    tmp_path: Path, parties: list[tuple[Party, Server]]
) -> None:
    found(tmp_path / "centre", parties, BOTH)
    parties[1][1].close()
    async with cosigned_centre(tmp_path / "centre") as centre:
        assert [asked.trouble for asked in centre.cosigning.cosigners] == ["", "cosigner.away"]
        report = await asyncio.to_thread(verify_film, str(centre.tree))
    assert line(report, "co-signers") == ("MISSING", "film.cosigned_few")
    assert report.exit_code == 2


async def test_one_of_two_suffices_where_the_policy_says_so(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    found(tmp_path / "centre", parties, f"group some any {NAMES[0]} {NAMES[1]}\nquorum some")
    parties[1][1].close()
    async with cosigned_centre(tmp_path / "centre") as centre:
        report = await asyncio.to_thread(verify_film, str(centre.tree))
    assert line(report, "co-signers") == ("PASS", "film.cosigned")
    assert report.summary["co-signers"]["names"] == [NAMES[0]]


async def test_a_centre_that_shows_another_history_than_its_cosigners_saw_is_found(
    tmp_path: Path, parties: list[tuple[Party, Server]]
) -> None:
    """The centre keeps its key and starts its log anew, hoping that nobody looks: its co-signers refuse, and the old co-signed head convicts it."""
    folder = tmp_path / "centre"
    found(folder, parties, BOTH)
    async with cosigned_centre(folder) as centre:
        cosigned = (centre.tree / "nation" / "cosigned" / "checkpoint").read_bytes()
        size = parse_checkpoint(parse_note(cosigned).text).size
    for gone in (folder / "logs" / "nation", folder / "published" / ELECTION / "nation"):
        shutil.rmtree(gone)
    async with running(folder, HandClock(START + 1000)) as (centre, _):
        await ask_all(centre)
        assert {asked.trouble for asked in centre.cosigning.cosigners} == {"cosigner.refused"}
        for party, _ in parties:
            assert [path.suffix for path in (party.folder / "evidence").iterdir()] == [".kua-fork"]
        nation = centre.tree / "nation"
        (nation / "cosigned").mkdir(exist_ok=True)
        (nation / "cosigned" / "checkpoint").write_bytes(cosigned)
        (nation / "cosigned" / str(size)).write_bytes(cosigned)
        report = await asyncio.to_thread(verify_film, str(centre.tree))
    assert line(report, "co-signers") == ("FAIL", "film.cosigned_other")
    assert report.exit_code == 1


async def test_what_is_put_beside_the_log_is_found(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    found(tmp_path / "centre", parties, BOTH)
    async with cosigned_centre(tmp_path / "centre") as centre:
        nation = centre.tree / "nation"
        good = (nation / "cosigned" / "checkpoint").read_bytes()
        stranger = SigningKey.from_seed(ORIGIN, bytes(32))
        forged = cosign(parse_note(good).text, stranger, 1)
        for name, data, check, code in (
            ("cosigned/1", good, "nation cosigned/1", "film.file_unsigned"),
            ("cosigned/note", b"hello", "nation cosigned/note", "note.form"),
            ("other", b"hello", "nation files", "film.file_unsigned"),
            ("policy", b"quorum none\n", "co-signing policy", "film.policy_differs"),
        ):
            before = (nation / name).read_bytes() if (nation / name).exists() else None
            (nation / name).write_bytes(data)
            report = await asyncio.to_thread(verify_film, str(centre.tree))
            assert ("FAIL", code) in {(each.state, each.code) for each in report.lines if each.check == check}, name
            (nation / name).unlink() if before is None else (nation / name).write_bytes(before)
        (nation / "cosigned" / "checkpoint").write_bytes(good.replace(b"two.example", b"ten.example"))
        report = await asyncio.to_thread(verify_film, str(centre.tree))
        assert line(report, "co-signers") == ("MISSING", "film.cosigned_few")
        assert not verified_signers(parse_note(good), [stranger.cosigner])
        assert forged.name == ORIGIN


async def test_a_centre_without_the_second_key_of_its_policy_does_not_start(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    found(tmp_path / "centre", parties, BOTH)
    (tmp_path / "centre" / "keys" / "nation-ml-dsa-44.key").unlink()
    with pytest.raises(Misused) as refusal:
        async with running(tmp_path / "centre", HandClock()):
            pass
    assert refusal.value.code == "centre.quantum_key"


async def test_settings_may_move_a_cosigner_but_not_name_one(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    folder = tmp_path / "centre"
    found(folder, parties, BOTH)
    (folder / "kua.toml").write_text(f'[centre]\ncosigners = ["{NAMES[0]} http://127.0.0.1:1"]\n')
    async with cosigned_centre(folder) as centre:
        assert [asked.trouble for asked in centre.cosigning.cosigners] == ["cosigner.away", ""]
    (folder / "kua.toml").write_text('[centre]\ncosigners = ["stranger.example/w http://127.0.0.1:1"]\n')
    with pytest.raises(Misused) as refusal:
        async with running(folder, HandClock()):
            pass
    assert refusal.value.code == "settings.cosigner"


async def test_the_way_to_a_cosigner_says_what_came_of_it(tmp_path: Path, parties: list[tuple[Party, Server]]) -> None:
    party, server = parties[0]
    key = SigningKey.from_seed(ORIGIN, bytes(32))
    add_log(party.folder, ORIGIN, [key.verifier])
    from tests.rigs.cosigner import TRUE

    way = HttpCosigner(f"http://127.0.0.1:{server.port}/")
    good = AddCheckpoint(0, (), TRUE.note(5, key=key, origin=ORIGIN))
    try:
        assert (await way.add_checkpoint(good)).startswith("— one.example/w".encode())
        with pytest.raises(KnowsAnother) as other:
            await way.add_checkpoint(AddCheckpoint(3, TRUE.proof(3, 5), good.note))
        assert other.value.size == 5
        with pytest.raises(Turned):
            await way.add_checkpoint(AddCheckpoint(0, (), TRUE.note(5)))
    finally:
        await way.close()
    gone = HttpCosigner("http://127.0.0.1:9")
    with pytest.raises(Away):
        await gone.add_checkpoint(good)
    await gone.close()


async def test_the_centre_asks_by_itself_and_again(tmp_path: Path, parties: list[tuple[Party, Server]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cosigning, "run", RUN)
    monkeypatch.setattr("kua.centre.log.cosigning.EVERY", 0.05)
    found(tmp_path / "centre", parties, BOTH)
    async with running(tmp_path / "centre", HandClock()) as (centre, _):
        centre.cosigning._every = 0.05
        for number in range(2):
            await centre.nation.add(founding_leaf(number))
            assert centre.nation.head is not None
            wanted = centre.tree / "nation" / "cosigned" / str(centre.nation.head.size)
            async with asyncio.timeout(60):
                while len(parse_note(wanted.read_bytes() if wanted.exists() else centre.nation.head.note).signatures) < 6:  # noqa: ASYNC110 - a file comes by itself, and nobody tells
                    await asyncio.sleep(0.05)
