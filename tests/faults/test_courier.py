# SPDX-License-Identifier: Apache-2.0
"""Film that is carried by hand: packed, brought, loaded, and the receipts brought back; cut off, damaged, altered, of others, twice, and onto a full disk.

Whatever a carrier does, nothing of it counts against a station, nothing is taken that does not hold, and what is whole is taken.
"""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.durable import DurableFiles
from kua.app import courier
from kua.app.courier import Asked, pack, receipts
from kua.centre.courier import Loaded, load
from kua.centre.ingest.service import Ingest
from kua.cli.main import run
from kua.core.digest import sha256
from kua.core.errors import Incomplete, Misused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.proof.courier import FOLDER, Sheet, sign_pack
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf, read_leaf
from kua.station import custody
from kua.station.courier import RECEIPTS, Packed
from tests.rigs.carried import Carried
from tests.rigs.centre import STATION, Box, HandClock, client, found, running

pytestmark = pytest.mark.faults

OTHER = "10-246"


def quiet(*_: object) -> None:
    """Nobody watches."""


@dataclass
class Town:
    """A centre and a box without a line, and the medium between them."""

    centre: Any
    carried: Carried
    medium: Path
    top: Path

    def pack(self, **asked: Any) -> Packed:
        """Stop, pack, and start again."""
        self.carried.stop()
        try:
            return pack(self.carried.box, self.medium, Asked(**asked), 0.4, quiet, self.carried.clock)[0]
        finally:
            self.carried.open()

    async def load(self) -> Loaded:
        """Load, and return what became of the one station."""
        (told,) = await load(self.medium, self.centre.counter, quiet)
        return told

    @property
    def folder(self) -> Path:
        return self.medium / FOLDER / self.centre.held.election.id / STATION

    def evidence(self) -> list[Any]:
        return list(self.centre.evidence.cases())

    def film(self) -> list[str]:
        return [leaf["sha256"] for leaf in self.leaves("segment")]

    def leaves(self, *types: str) -> list[Leaf]:
        log = self.carried.log
        read = (read_leaf(entry) for entry in log.entries(0, log.size))
        return [leaf for leaf in read if isinstance(leaf, Leaf) and leaf.type in types]


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", HandClock()) as (centre, web):
        box = Box(centre, web)
        assert (await box.enrol()).status_code == 201
        medium = tmp_path / "medium"
        medium.mkdir()
        carried = Carried(tmp_path / "box", centre, STATION, box.key)
        carried.film(6)
        yield Town(centre, carried, medium, tmp_path)
        with contextlib.suppress(OSError):
            carried.stop()


# ---------------------------------------------------------------------------------------------------------------------- the way


async def test_a_station_that_never_had_a_line_delivers_everything_by_hand(town: Town) -> None:
    assert town.carried.owed() == 10
    made = town.pack(seals=("AB-1047",), handed_by="chair", taken_by="observer")
    told = await town.load()
    assert (told.trouble, told.missing, told.fresh) == ([], 0, 10)
    member = town.centre.members.get(STATION)
    assert member.book.size == town.carried.log.size - 1 or member.book.size == made.manifest.entries
    assert set(town.film()) <= set(member.received)
    assert receipts(town.carried.box, town.folder / RECEIPTS) == (10, 0)
    assert town.carried.owed() == 0
    assert town.carried.outbox.oldest_received() is not None, "now it may go for space"
    assert town.evidence() == []


async def test_the_log_says_what_was_packed_and_the_sheet_is_the_one_it_names(town: Town) -> None:
    made = town.pack(seals=("AB-1047", "7"), handed_by="chair", taken_by="courier")
    (leaf,) = town.leaves("custody")
    sheet = (made.folder / "sheet.json").read_bytes()
    assert leaf["sheet"] == sha256(sheet).hex()
    assert (leaf["pack"], leaf["files"]) == (made.sheet.pack, 10)
    assert json.loads(sheet)["seals"] == ["AB-1047", "7"]
    await town.load()
    assert town.centre.members.get(STATION).book.size == made.manifest.entries > made.sheet.entries, "the statement travels with the pack"


async def test_what_came_later_is_packed_onto_the_same_medium_and_receipts_are_taken_by_the_way(town: Town) -> None:
    town.pack()
    await town.load()
    town.carried.film(3)
    made = town.pack()
    assert made.sheet.files == 4, "three films and the init of a new run: the receipts on the medium were taken first"
    told = await town.load()
    assert (told.fresh, told.known, told.missing, told.packs) == (4, 10, 0, 2)
    assert receipts(town.carried.box, town.folder / RECEIPTS) == (4, 0)


async def test_loading_twice_changes_nothing(town: Town) -> None:
    town.pack()
    first = await town.load()
    before = (town.folder / RECEIPTS).read_bytes()
    second = await town.load()
    assert (second.fresh, second.known, second.entries, second.trouble) == (0, first.fresh, 0, [])
    assert (town.folder / RECEIPTS).read_bytes() == before


async def test_the_agent_may_run_while_somebody_packs(town: Town) -> None:
    """The running agent holds the log's lock: it is asked to state the leaf, and the pack goes on without it if it does not answer."""
    made, stated = pack(town.carried.box, town.medium, Asked(), 0.4, quiet, town.carried.clock)
    assert not stated
    assert custody.take(town.carried.box, town.carried.journal, DurableFiles())
    assert not custody.take(town.carried.box, town.carried.journal, DurableFiles())
    assert [leaf["pack"] for leaf in town.leaves("custody")] == [made.sheet.pack]
    assert (await town.load()).missing == 0


async def test_a_closed_day_is_packed_and_nothing_is_stated_after_its_close(town: Town) -> None:
    town.carried.keep.close("end_of_day")
    town.carried.stop()
    made, stated = pack(town.carried.box, town.medium, Asked(), 0.4, quiet, town.carried.clock)
    assert not stated
    told = await town.load()
    assert (told.closed, told.missing, told.trouble) == (True, 0, [])
    assert made.manifest.entries == made.sheet.entries


async def test_a_request_that_is_not_whole_is_thrown_away(town: Town) -> None:
    DurableFiles().replace(town.carried.box / "custody/00c0ffee.json", b'{"v":1,"pa')
    assert not custody.take(town.carried.box, town.carried.journal, DurableFiles())
    assert not list((town.carried.box / "custody").iterdir())


# --------------------------------------------------------------------------------------------------------------- what may happen


def _blob(town: Town, digest: str) -> Path:
    return town.folder / "blob" / digest[:2] / digest


async def test_a_truncated_disk_costs_what_was_truncated_and_nothing_else(town: Town) -> None:
    town.pack()
    short, gone = town.film()[:2]
    _blob(town, short).write_bytes(_blob(town, short).read_bytes()[:-7])
    _blob(town, gone).unlink()
    told = await town.load()
    assert sorted(told.trouble) == [("courier.altered", short), ("courier.missing", gone)]
    assert (told.fresh, told.missing) == (8, 2)
    assert town.evidence() == [], "nothing of it is a station's fault"
    town.pack()
    assert (await town.load()).missing == 0, "packed again, it is whole"


async def test_an_altered_log_is_no_evidence_against_the_station(town: Town) -> None:
    made = town.pack()
    part = made.folder / made.manifest.parts[-1].name
    body = json.loads(part.read_bytes())
    body["entries"][3] = body["entries"][2]
    part.write_bytes(json.dumps(body).encode())
    told = await town.load()
    assert {code for code, _ in told.trouble} == {"courier.altered", "ingest.no_leaf"}
    assert told.fresh == 0
    assert town.centre.members.get(STATION).book.size == 0
    assert town.evidence() == []


@pytest.mark.parametrize("how", ["altered", "signed by the carrier", "of another pack", "without a signature", "no JSON"])
async def test_a_manifest_that_the_station_has_not_signed_is_told_and_nothing_of_it_taken(town: Town, how: str) -> None:
    made = town.pack()
    manifest, note = made.folder / "manifest.json", made.folder / "manifest.note"
    liar = SigningKey.from_seed(made.manifest.origin, b"z" * 32)
    match how:
        case "altered":
            manifest.write_bytes(manifest.read_bytes().replace(b'"size":', b'"size":', 1).replace(made.sheet.pack.encode(), b"00000000"))
        case "signed by the carrier":
            note.write_bytes(sign_pack(manifest.read_bytes(), made.manifest.origin, made.manifest.pack, made.manifest.sheet, liar))
        case "of another pack":
            other = town.pack()
            note.write_bytes((other.folder / "manifest.note").read_bytes())
            shutil.rmtree(other.folder)
        case "without a signature":
            note.unlink()
        case _:
            manifest.write_bytes(b"\0" * 40)
    told = await town.load()
    assert (told.packs, told.fresh, town.evidence()) == (0, 0, [])
    assert [code.split(".")[0] for code, _ in told.trouble] in (["note"], ["courier"])


async def test_packs_of_other_stations_and_elections_are_told(town: Town) -> None:
    town.pack()
    shutil.copytree(town.folder, town.folder.with_name(OTHER))
    shutil.copytree(town.folder, town.medium / FOLDER / "another-election" / STATION)
    shutil.copytree(town.folder, town.folder.with_name("99-999"))
    told = {(each.election, each.station): each for each in await load(town.medium, town.centre.counter, quiet)}
    election = town.centre.held.election.id
    assert [code for code, _ in told[election, OTHER].trouble] == ["upload.not_enrolled"]
    assert [code for code, _ in told["another-election", STATION].trouble] == ["courier.other_election"]
    assert [code for code, _ in told[election, "99-999"].trouble] == ["election.no_station"]
    assert (told[election, STATION].missing, told[election, STATION].trouble) == (0, [])


async def test_a_pack_in_the_folder_of_another_enrolled_station_is_told(town: Town) -> None:
    other = Box(town.centre, client(town.centre), OTHER)
    town.centre.members.know(OTHER, other.key.verifier)
    town.pack()
    town.folder.rename(town.folder.with_name(OTHER))
    (told,) = await load(town.medium, town.centre.counter, quiet)
    assert [code for code, _ in told.trouble] == ["courier.other"]
    assert told.fresh == 0


async def test_a_station_whose_key_was_revoked_delivers_nothing_by_hand_either(town: Town) -> None:
    town.pack()
    town.centre.nation.revoked.add(STATION)
    told = await town.load()
    assert [code for code, _ in told.trouble] == ["upload.revoked"]


async def test_another_history_that_a_station_has_signed_is_evidence_by_hand_too(town: Town) -> None:
    town.pack()
    await town.load()
    twin = Carried(town.top / "twin", town.centre, STATION, town.carried.key)
    twin.clock.advance(4_000)
    twin.film(40)
    twin.stop()
    medium = town.top / "second"
    medium.mkdir()
    pack(twin.box, medium, Asked(), 0.4, quiet, twin.clock)
    (told,) = await load(medium, town.centre.counter, quiet)
    assert "log.fork" in {code for code, _ in told.trouble}
    assert [case["code"] for case in town.evidence()] == ["log.fork"]


class Cut(BaseException):
    """The plug was pulled."""


@pytest.mark.parametrize("writes", [0, 1, 4, 9, 11, 12, 13, 14, 15])
async def test_a_pack_that_is_cut_off_anywhere_is_packed_on(town: Town, monkeypatch: pytest.MonkeyPatch, writes: int) -> None:
    real, left = DurableFiles.write_once, [writes]

    def dying(self: DurableFiles, path: Path, data: bytes, *, step: str = "") -> bool:
        if town.medium in path.parents:
            left[0] -= 1
            if left[0] < 0:
                (path.parent / f"{path.name}.part").parent.mkdir(parents=True, exist_ok=True)
                (path.parent / f"{path.name}.part").write_bytes(data[: len(data) // 2])
                raise Cut
        return real(self, path, data, step=step)

    with monkeypatch.context() as patched:
        patched.setattr(DurableFiles, "write_once", dying)
        with contextlib.suppress(Cut):
            town.pack()
    half = await load(town.medium, town.centre.counter, quiet)
    assert all(code.startswith("courier.") for each in half for code, _ in each.trouble)
    made = town.pack()
    assert (made.sheet.files, made.left, made.copied) == (10, 0, 10 - min(writes, 10))
    told = await town.load()
    assert (told.missing, told.trouble) == (0, [])


@pytest.mark.parametrize("after", [0, 1, 5])
async def test_a_load_that_is_cut_off_goes_on_where_it_was(town: Town, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    town.pack()
    real, left = Ingest.finish, [after]

    async def dying(self: Ingest, admitted: Any, incoming: Any) -> bytes:
        left[0] -= 1
        if left[0] < 0:
            incoming.drop()
            raise Cut
        return await real(self, admitted, incoming)

    with monkeypatch.context() as patched:
        patched.setattr(Ingest, "finish", dying)
        with pytest.raises(Cut):
            await town.load()
    told = await town.load()
    assert (told.known, told.fresh, told.missing, told.trouble) == (after, 10 - after, 0, [])
    assert receipts(town.carried.box, town.folder / RECEIPTS) == (10, 0)


async def test_a_full_medium_takes_what_fits_newest_first_and_says_what_is_left(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    room = [6]
    real = DurableFiles.write_once

    def counting(self: DurableFiles, path: Path, data: bytes, *, step: str = "") -> bool:
        if "blob" in path.parts:
            room[0] -= 1
            if room[0] < 0:
                raise Unavailable("disk.full", path=path.name)
        return real(self, path, data, step=step)

    with monkeypatch.context() as patched:
        patched.setattr(DurableFiles, "write_once", counting)
        made = town.pack()
    assert (made.sheet.files, made.left, made.sheet.left) == (6, 4, 4)
    told = await town.load()
    assert (told.fresh, told.missing, told.trouble) == (6, 4, [])
    received = town.centre.members.get(STATION).received
    assert [digest in received for digest in town.film()] == [False] * 4 + [True] * 2, "the papers and the newest film went first"
    made = town.pack()
    assert (made.sheet.files, made.left) == (4, 0), "a second way takes the rest"
    assert (await town.load()).missing == 0


def test_a_real_disk_that_is_too_small_takes_what_fits_and_a_second_one_the_rest(tmp_path: Path) -> None:
    space = ["unshare", "-rm"]
    if subprocess.run([*space, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], check=False, capture_output=True).returncode:
        pytest.fail("no namespace in which a disk may be mounted: allow user namespaces (`unshare -rm`)", pytrace=False)
    command = [*space, sys.executable, "-m", "tests.faults.courier_child", str(tmp_path / "town")]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-2000:]
    first, second = json.loads(ended.stdout)
    assert 4 < first["files"] < 18
    assert first["left"] == first["missing"] == 18 - first["files"]
    assert (second["files"], second["left"], second["missing"]) == (first["left"], 0, 0)
    assert (first["came"], second["came"]) == ([first["files"], 0], [second["files"], 0])
    assert (first["trouble"], second["trouble"], first["stated"]) == ([], [], True)


async def test_a_centre_whose_disk_is_full_says_so_and_keeps_what_it_has(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.pack()
    real, left = Ingest.begin, [3]

    def full(self: Ingest) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Unavailable("ingest.disk_full")
        return real(self)

    with monkeypatch.context() as patched:
        patched.setattr(Ingest, "begin", full)
        with pytest.raises(Unavailable, match=r"ingest\.disk_full"):
            await town.load()
    assert receipts(town.carried.box, town.folder / RECEIPTS) == (3, 0)
    assert (await town.load()).missing == 0


async def test_a_medium_that_takes_no_receipts_is_told_and_the_film_is_safe(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.pack()
    real = DurableFiles.replace

    def read_only(self: DurableFiles, path: Path, data: bytes, *, mode: int = 0o644) -> None:
        if town.medium in path.parents:
            raise Unavailable("disk.read_only", path=path.name)
        real(self, path, data, mode=mode)

    with monkeypatch.context() as patched:
        patched.setattr(DurableFiles, "replace", read_only)
        told = await town.load()
    assert (told.trouble, told.missing) == ([("courier.no_receipts", RECEIPTS)], 0)


async def test_film_that_rotted_in_the_box_is_named_and_the_rest_travels(town: Town) -> None:
    paths = sorted(town.carried.box.glob("film/a/*.m4s"))
    paths[0].write_bytes(b"rotten")
    paths[1].unlink()
    made = town.pack()
    assert sorted(code for code, _ in made.trouble) == ["film.damaged", "film.missing"]
    assert made.sheet.files == 8


@pytest.mark.parametrize(
    "data", [b"hello\n", b'{"sha256":"00"}\n', b"[]\n"], ids=["no JSON", "no receipt", "no object"]
)
async def test_a_file_that_holds_no_receipts_is_refused(town: Town, data: bytes) -> None:
    file = town.top / "file"
    file.write_bytes(data)
    with pytest.raises(Rejected, match=r"courier\.receipts"):
        receipts(town.carried.box, file)


async def test_receipts_by_another_key_or_for_other_bytes_let_nothing_go(town: Town) -> None:
    town.pack()
    await town.load()
    lines = [json.loads(line) for line in (town.folder / RECEIPTS).read_bytes().splitlines()]
    lines[0]["receipt"], lines[1]["receipt"] = lines[1]["receipt"], lines[0]["receipt"]
    lines[2]["receipt"] = lines[2]["receipt"].replace("\n10", "\n11").replace("\nkua", "\nkub", 1)
    lines[3]["receipt"] = lines[3]["receipt"][:-9] + "AAAAAAA=\n"
    file = town.top / "file"
    file.write_bytes(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    fresh, wrong = receipts(town.carried.box, file)
    assert (fresh, wrong) in {(6, 4), (7, 3)}
    assert town.carried.owed() == 10 - fresh


# --------------------------------------------------------------------------------------------------------------- sheet and command


def test_the_sheet_on_paper_is_the_same_bytes_for_the_same_sheet_and_names_seals_and_functions(tmp_path: Path) -> None:
    pytest.importorskip("typst")
    found(tmp_path / "centre")
    from kua.centre.elections.service import load_election

    election = load_election(tmp_path / "centre", ()).election
    sheet = Sheet("00c0ffee", election.id, STATION, "kua.example/e/s/10-245", Instant(1_800_000_000_000), "none", 7, 3, 99, 0, ("AB-1047",), "chair", "")
    one, two = (courier.papers(election, sheet, b"kua/courier/v1\nnote\n") for _ in range(2))
    assert one == two
    assert one["sheet.pdf"].startswith(b"%PDF-1.7")
    text = one["sheet.txt"].decode()
    assert text.count("AB-1047") == 3
    assert "төрағасы" in text
    assert "председатель" in text
    assert "Clock vouched for by: nobody" in text


def test_what_may_not_stand_on_a_sheet_is_refused(tmp_path: Path) -> None:
    for asked, code in ((Asked(seals=("Aigul S.",)), "seal"), (Asked(seals=("1",) * 17), "seal"), (Asked(handed_by="Aigul"), "role")):
        with pytest.raises(Misused, match=rf"courier\.{code}"):
            asked.require_sound()
    with pytest.raises(Incomplete, match=r"courier\.no_medium"):
        pack(tmp_path, tmp_path / "nowhere", Asked(), 0.4, quiet)


async def test_the_commands_say_what_was_packed_what_is_missing_and_what_came_back(
    town: Town, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUA_LANG", "en")
    town.carried.stop()
    box, medium = str(town.carried.box), str(town.medium)
    assert run(["courier", "pack", medium, "--box", box, "--seal", "AB-1047", "--handed-by", "chair", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["files"], told["left"], told["stated"], told["trouble"]) == (10, 0, True, [])
    assert run(["courier", "pack", medium, "--box", box, "--taken-by", "nobody"]) == 64
    assert "courier.role" in capsys.readouterr().err
    await town.load()
    assert run(["courier", "receipts", str(town.folder / RECEIPTS), "--box", box]) == 0
    assert "New receipts: 10." in capsys.readouterr().out
    assert run(["courier", "load", str(tmp_path / "nowhere"), "--dir", str(tmp_path / "centre")]) == 2
    town.carried.open()


def test_a_centre_that_does_not_run_loads_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that runs is asked: `tests/integration` has that with a real one."""
    monkeypatch.setenv("KUA_LANG", "en")
    found(tmp_path / "centre")
    (tmp_path / "medium").mkdir()
    assert run(["courier", "load", str(tmp_path / "medium"), "--dir", str(tmp_path / "centre")]) == 1
    assert "no pack" in capsys.readouterr().err


