# SPDX-License-Identifier: Apache-2.0
"""The index of the national log by station: it finds what reading the whole log finds, is made again where it is not the log's, and is never believed for a leaf."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kua.adapters.indexes.places import PAGE, SqlitePlaces
from kua.centre.log.places import BATCH, Placing
from kua.core.errors import Rejected, Unavailable
from kua.core.instant import Instant
from kua.ports.index import Placed
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.leaf import make_leaf, read_leaf
from kua.proof.merkle import leaf_hash
from kua.proof.tiles import Edge
from kua.verify.entries import Entries
from kua.verify.gather import Wanted
from kua.verify.national import PlacedNation, WholeNation
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import Folder
from kua.verify.view import LogView
from tools import make_bundles
from tools.make_published import BEGIN, CENTRE, STATION

ORIGIN = make_bundles.NATION
STATIONS = ("10-1", "10-2", "43-12345")
HASH = "0" * 64


def origin_of(station: str) -> str:
    return f"vectors.example/vectors-2026/s/{station}"


def stated(station: str, size: int, at: int) -> bytes:
    note = f"{origin_of(station)}\n{size}\n{'A' * 43}=\n\n\u2014 x AAAA\n"
    return make_leaf("station_checkpoint", received_at=at, origin=origin_of(station), size=size, root=HASH, note=note)


def other(kind: str, station: str, at: int) -> bytes:
    match kind:
        case "policy":
            return make_leaf("policy", at=at, what="election", version=1, sha256=HASH)
        case "certificate":
            return make_leaf("certificate", at=at, station=station, origin=origin_of(station), vkey=str(CENTRE.verifier))
        case "withdrawn":
            return make_leaf("withdrawn", at=at, station=station, cam="a", t0=1, t1=None, article="x", by="x", reason="x")
        case "revoked":
            return make_leaf("revoked", at=at, station=station, vkey=str(CENTRE.verifier), since=at, article="x", by="x", reason="x")
        case _:
            return json.dumps({"type": "hold", "v": 1}, separators=(",", ":")).encode()


def told(places: SqlitePlaces, entries: Sequence[bytes], from_: int = 0) -> Placing:
    placing = Placing(places)
    placing.begin(from_, entries.__getitem__)
    for index, entry in enumerate(entries):
        placing.note(index, entry, read_leaf(entry, "nation"))
    placing.flush()
    return placing


def log_of(entries: Sequence[bytes]) -> tuple[Edge, dict[str, bytes]]:
    edge = Edge()
    return edge, edge.append(list(entries))


def view_of(folder: Path, entries: Sequence[bytes]) -> LogView:
    edge, files = log_of(entries)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "checkpoint").write_bytes(sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), CENTRE))
    return LogView.open([Folder(folder)], CENTRE.verifier, ORIGIN)


def whole_of(entries: Sequence[bytes]) -> WholeNation:
    edge, _ = log_of(entries)
    leaves = tuple(enumerate(read_leaf(entry, "nation") for entry in entries))
    return WholeNation(Entries(Checkpoint(ORIGIN, edge.size, edge.root()), tuple(map(leaf_hash, entries)), leaves), entries)


ENTRIES = st.lists(
    st.one_of(
        st.builds(stated, st.sampled_from(STATIONS), st.integers(1, 9), st.integers(0, 5)),
        st.builds(other, st.sampled_from(("policy", "certificate", "withdrawn", "revoked", "hold")), st.sampled_from(STATIONS), st.integers(0, 5)),
    ),
    min_size=1, max_size=60,
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ENTRIES)
def test_the_index_finds_what_reading_the_whole_log_finds(tmp_path_factory: pytest.TempPathFactory, entries: list[bytes]) -> None:
    folder = tmp_path_factory.mktemp("nation")
    places = SqlitePlaces(folder / "nation.db")
    told(places, entries)
    placed, whole = PlacedNation(view_of(folder / "log", entries), places), whole_of(entries)
    assert placed.policies() == whole.policies()
    for size in range(len(entries) + 1):
        assert placed.latest(size) == whole.latest(size)
    for station in STATIONS:
        assert placed.of_station(station) == whole.of_station(station)
        for least in (0, 1, 5, 10):
            for below in (0, len(entries) // 2, len(entries), 10**6):
                for newest in (False, True):
                    asked = (origin_of(station), least, below)
                    assert list(placed.states(*asked, newest_first=newest)) == list(whole.states(*asked, newest_first=newest))
    assert [placed.entry(index) for index in range(len(entries))] == entries
    places.close()


@pytest.mark.parametrize(
    "how", [{}, {"withdrawn": True}, {"revoked": True}, {"hours": True}, {"policy": "", "by": ()}], ids=["film", "withdrawn", "revoked", "hours", "uncosigned"]
)
def test_a_bundle_made_by_the_index_is_byte_for_byte_that_of_an_outsider(tmp_path: Path, how: dict[str, object]) -> None:
    made = make_bundles.world(**how)  # type: ignore[arg-type]
    tree = tmp_path / "tree"
    for name, data in made.files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    places = SqlitePlaces(tmp_path / "nation.db")
    told(places, made.nation)
    view = LogView.open([Folder(tree / "nation")], CENTRE.verifier, ORIGIN)
    for since, until in ((2_000, 22_000), (0, 8_000), (12_000, 16_000)):
        wanted = Wanted(STATION, ("a",), Instant(BEGIN + since), Instant(BEGIN + until))
        make_bundle(Folder(tree), Order(wanted), tmp_path / "theirs.zip")
        make_bundle(Folder(tree), Order(wanted, own=PlacedNation(view, places)), tmp_path / "ours.zip")
        assert (tmp_path / "ours.zip").read_bytes() == (tmp_path / "theirs.zip").read_bytes()
        for name in ("ours.zip", "theirs.zip"):
            (tmp_path / name).unlink()


def many(count: int) -> list[bytes]:
    return [stated(STATIONS[number % 3], 1 + number // 3, number) for number in range(count)]


def all_of(places: SqlitePlaces, station: str) -> list[int]:
    return list(places.states(station, 0, 10**9))


def test_an_index_that_is_missing_damaged_or_of_another_log_is_made_again(tmp_path: Path) -> None:
    entries = many(3 * PAGE * 2 + 1)
    path = tmp_path / "nation.db"
    places = SqlitePlaces(path)
    told(places, entries)
    right = [all_of(places, station) for station in STATIONS]
    assert sum(map(len, right)) == len(entries)
    for before in (entries[:7], [*entries, *entries], [*entries[:-1], other("policy", "", 1)]):
        places.forget()
        told(places, before)
        told(places, entries, len(entries))
        assert ([all_of(places, station) for station in STATIONS], places.count()) == (right, len(entries))
    places.close()
    path.unlink()
    again = SqlitePlaces(path)
    told(again, entries, len(entries))
    assert [all_of(again, station) for station in STATIONS] == right
    again.close()


def test_what_is_there_already_is_not_written_again_and_what_is_new_goes_on(tmp_path: Path) -> None:
    entries = many(30)
    places = Counting(tmp_path / "nation.db")
    told(places.inner, entries[:20])
    told(places, entries, len(entries))  # type: ignore[arg-type]
    assert places.added == list(range(20, 30))
    assert places.inner.count() == 30
    assert BATCH > 30
    places.inner.close()


class Counting:
    """The index, with a note of what was added, and a disk that may refuse."""

    def __init__(self, path: Path) -> None:
        self.inner, self.added, self.sick = SqlitePlaces(path), list[int](), False

    def add(self, placed: Sequence[Placed], tip: str) -> None:
        if self.sick:
            raise Unavailable("index.failed", why="OperationalError")
        self.added += [each.index for each in placed]
        self.inner.add(placed, tip)

    def count(self) -> int:
        return self.inner.count()

    def tip(self) -> str:
        return self.inner.tip()

    def forget(self) -> None:
        self.inner.forget()


def notes(placing: Placing, entries: Iterable[tuple[int, bytes]]) -> None:
    for index, entry in entries:
        placing.note(index, entry, read_leaf(entry, "nation"))
    placing.flush()


def test_what_a_sick_disk_refused_comes_later_and_until_then_nothing_is_made_from_half_an_index(tmp_path: Path) -> None:
    entries = many(12)
    places = Counting(tmp_path / "nation.db")
    placing = Placing(places)  # type: ignore[arg-type]
    placing.begin(0, entries.__getitem__)
    notes(placing, list(enumerate(entries))[:4])
    places.sick = True
    notes(placing, list(enumerate(entries))[4:8])
    view = view_of(tmp_path / "log", entries[:8])
    with pytest.raises(Unavailable, match=r"index\.behind"):
        PlacedNation(view, places.inner)
    places.sick = False
    notes(placing, list(enumerate(entries))[8:])
    assert places.added == list(range(12))
    assert PlacedNation(view, places.inner).latest(8) == 7
    places.inner.close()


def test_a_leaf_is_read_from_the_log_and_an_index_that_lies_can_only_leave_things_out(tmp_path: Path) -> None:
    entries = [*many(6), other("withdrawn", "10-1", 9)]
    places = SqlitePlaces(tmp_path / "nation.db")
    places.add([Placed(index, "10-1", "withdrawn", 0, 0) for index in range(7)], "")
    view = view_of(tmp_path / "log", entries)
    found = PlacedNation(view, places).of_station("10-1")
    assert [leaf.body for _, leaf in found if leaf.type == "withdrawn"] == [json.loads(entries[6])]
    (tmp_path / "log" / "tile" / "entries" / "000.p" / "7").write_bytes(b"\0\1x" * 7)
    with pytest.raises(Rejected):
        PlacedNation(LogView.open([Folder(tmp_path / "log")], CENTRE.verifier, ORIGIN, lazily=True), places).entry(0)
    places.close()


def test_a_file_that_is_no_index_or_is_damaged_is_made_again(tmp_path: Path) -> None:
    entries, path = many(600), tmp_path / "nation.db"
    path.write_bytes(b"not a database, not at all" * 100)
    places = SqlitePlaces(path)
    told(places, entries)
    places.close()
    data = bytearray(path.read_bytes())
    data[2_000:] = bytes(len(data) - 2_000)
    path.write_bytes(bytes(data))
    damaged = SqlitePlaces(path)
    told(damaged, entries, len(entries))
    assert (damaged.count(), sum(len(all_of(damaged, station)) for station in STATIONS)) == (600, 600)
    damaged.close()


def test_a_folder_that_takes_no_file_is_an_error_with_words(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"index\.failed"):
        SqlitePlaces(tmp_path / "nowhere" / "nation.db")
