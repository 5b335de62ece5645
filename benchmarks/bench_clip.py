# SPDX-License-Identifier: Apache-2.0
"""What a clip for a reader costs, beside the nation: 15 minutes of one camera out of a day of an hour, in an election of 10, 1,000 and 10,000 stations.

By the index that a centre keeps, and by auditing the whole national log, as an outsider does. Both make the same bytes; that is asserted. The index is built
in front of it, and its own cost is a row. All files lie in the page cache.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks import Row
from benchmarks.bench_proof import _film
from kua.adapters.indexes.places import SqlitePlaces
from kua.centre.log.places import Placing
from kua.core.instant import Instant
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.leaf import make_leaf, read_leaf
from kua.proof.tiles import Edge
from kua.verify.below import Below
from kua.verify.entries import raw_entries
from kua.verify.gather import Wanted, gather
from kua.verify.national import PlacedNation
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import Folder
from kua.verify.view import LogView
from tools.make_published import BEGIN, CENTRE, DOMAIN, ELECTION, SLOT, STATION, published

STATIONS: Final = (10, 1_000, 10_000)
STATES: Final = 10
"""States of each other station's log in the national one."""
ROUNDS: Final = 3
SINCE, UNTIL = Instant(BEGIN + 300 * SLOT), Instant(BEGIN + 525 * SLOT)
NATION: Final = f"{DOMAIN}/{ELECTION}/nation"


def run() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="kua-bench-") as name:
        return list(_rows(Path(name)))


def _rows(folder: Path) -> Iterator[Row]:
    tree, out = folder / "tree", folder / "out"
    out.mkdir()
    for name, data in published(shown=_film()).items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(data)
    size = int((tree / "nation/checkpoint").read_bytes().split(b"\n")[1])
    ours = raw_entries(Below(Folder(tree), "nation"), size)
    wanted = Wanted(STATION, ("a",), SINCE, UNTIL)
    for stations in STATIONS:
        entries = [*ours[:2], *_others(stations), *ours[2:]]
        _write(tree, entries)
        places = SqlitePlaces(folder / f"{stations}.db")
        start = time.perf_counter()
        placing = Placing(places)
        placing.begin(0, entries.__getitem__)
        for index, entry in enumerate(entries):
            placing.note(index, entry, read_leaf(entry, "nation"))
        placing.flush()
        built = time.perf_counter() - start
        by_index = [_made(Folder(tree), wanted, out / f"index-{number}.zip", places) for number in range(ROUNDS)]
        by_audit = [_made(Folder(tree), wanted, out / f"audit-{number}.zip", None) for number in range(ROUNDS if stations < 10_000 else 1)]
        choosing = [statistics.median(_chosen(Folder(tree), wanted, each) for _ in range(ROUNDS)) for each in (places, None)]
        assert (out / "index-0.zip").read_bytes() == (out / "audit-0.zip").read_bytes()
        index, audit = statistics.median(by_index), statistics.median(by_audit)
        yield Row(f"national_leaves_{stations}_stations", len(entries), "leaves")
        yield Row(f"clip_of_15_min_by_index_{stations}_stations", index, "s", peer="audit of the whole log", ratio=audit / index)
        yield Row(f"clip_of_15_min_by_audit_{stations}_stations", audit, "s")
        yield Row(f"chosen_by_index_{stations}_stations", choosing[0], "s", peer="audit of the whole log", ratio=choosing[1] / choosing[0])
        yield Row(f"chosen_by_audit_{stations}_stations", choosing[1], "s", note="what belongs into it: the rest is writing and checking 180 MB")
        yield Row(f"index_built_{stations}_stations", built, "s", note="once; afterwards a row with each leaf")
        places.close()
        for path in out.iterdir():
            path.unlink()
    yield Row("clip_bytes", 2 * 225 * 400_000 / 1e6, "MB", note="about: film and working copy")


def _others(stations: int) -> Iterator[bytes]:
    vkey = str(CENTRE.verifier)
    for number in range(stations):
        origin = f"{DOMAIN}/{ELECTION}/s/43-{number + 1}"
        yield make_leaf("certificate", at=BEGIN, station=f"43-{number + 1}", origin=origin, vkey=vkey)
    for size in range(1, STATES + 1):
        for number in range(stations):
            origin = f"{DOMAIN}/{ELECTION}/s/43-{number + 1}"
            note = f"{origin}\n{size}\n{'A' * 43}=\n\n\u2014 {origin} {'A' * 92}\n"
            yield make_leaf("station_checkpoint", received_at=BEGIN + size, origin=origin, size=size, root="0" * 64, note=note)


def _write(tree: Path, entries: list[bytes]) -> None:
    shutil.rmtree(tree / "nation" / "tile")
    edge = Edge()
    for name, data in edge.append(entries).items():
        (tree / "nation" / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / "nation" / name).write_bytes(data)
    (tree / "nation/checkpoint").write_bytes(sign_checkpoint(Checkpoint(NATION, edge.size, edge.root()), CENTRE))


def _own(tree: Folder, places: SqlitePlaces | None) -> PlacedNation | None:
    return None if places is None else PlacedNation(LogView.open([Below(tree, "nation")], CENTRE.verifier, NATION), places)


def _chosen(tree: Folder, wanted: Wanted, places: SqlitePlaces | None) -> float:
    start = time.perf_counter()
    gather(tree, wanted, _own(tree, places))
    return time.perf_counter() - start


def _made(tree: Folder, wanted: Wanted, out: Path, places: SqlitePlaces | None) -> float:
    start = time.perf_counter()
    make_bundle(tree, Order(wanted, own=_own(tree, places)), out)
    return time.perf_counter() - start
