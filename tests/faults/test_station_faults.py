# SPDX-License-Identifier: Apache-2.0
"""Journal, film and outbox of a station when their disk fails or the agent is killed: each file-system call is made to fail once, by strace.

Afterwards it starts without a human. Then every piece of film that was taken is accounted for, every receipt is there, the log has one history, and the
invariants of ARCHITECTURE.md hold: (a) every leaf has its bytes or a leaf that says why not, (b) nothing is owed to the centre that no leaf names,
(c) the start restored both.
"""

import shutil
from pathlib import Path

import pytest

from kua.adapters.tilelog import frames
from kua.core.digest import Digest
from kua.core.instant import SLOT
from kua.proof.base64 import from_base64
from kua.proof.checkpoint import open_checkpoint
from kua.proof.merkle import leaf_hash, root_of
from kua.station.fsck import rows_of
from tests.faults.station_child import BEFORE, LATER, before, main
from tests.rigs.keeping import KEY, ORIGIN, Station
from tests.rigs.strace import Sweep, require_strace

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]


def examine(box: Path, told: list[str]) -> str:
    """Start again as the agent's keeper does, and hold everything that was acknowledged against what is there."""
    seen = [(box / "log/checkpoint").read_bytes(), *(body for _, body in frames((box / "log/heads").read_bytes()))]
    seen += [from_base64(line.split()[2]) for line in told if line.startswith("signed")]
    station = Station(box, at=LATER, hours=True)
    station.keep.tick()
    station.film()
    assert station.problems() == []
    for note in seen:
        head = open_checkpoint(note, KEY.verifier, ORIGIN)
        assert root_of(map(leaf_hash, station.log.entries(0, head.size))) == head.root, "two histories"
    account = station.account().account()
    assert account.unaccounted == account.overlapping == 0
    spans = [(leaf["t0"], leaf["t1"]) for leaf in station.leaves("segment", "gap")]
    taken = [int(line.split()[1]) for line in told if line.startswith("taken")]
    for t0 in taken:
        assert any(start <= t0 and t0 + SLOT <= end for start, end in spans), "film that was taken is not accounted for"
    receipts = [Digest(bytes.fromhex(line.split()[1])) for line in told if line.startswith("receipt")]
    for digest in receipts:
        assert station.outbox.receipt(digest) is not None, "a receipt is lost"
    assert station.outbox.known() == {row.digest for row in rows_of(station.log)}
    assert all(station.outbox.receipt(Digest(digest)) is not None for digest in station.outbox.gone())
    sealed = len(station.leaves("hour_seal"))
    assert sealed, "an hour is over"
    assert not [path for path in (box / "keys/hours").iterdir() if int(path.name.split(".")[0]) < sealed], "a spent key is left"
    station.send()
    station.log.close()
    station.outbox.close()
    return f"taken {len(taken)}, receipts {len(receipts)}, spans {len(spans)}"


def swept(top: Path, *, share: int = 0) -> int:
    template, folder, alone = top / "template", top / "box", top / "alone"
    before(template)

    def fresh() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)

    wanted: list[str] = []
    shutil.copytree(template, alone)
    main(alone, wanted.append)
    assert [line.split()[0] for line in wanted].count("taken") == 2
    assert not any(line.startswith("error") for line in wanted)
    assert len(list((alone / "film/a").glob("*.m4s"))) < BEFORE + 2, "it made room"
    sweep = Sweep(["tests.faults.station_child", str(folder)], [folder], fresh, lambda told: examine(folder, told), top / "trace")
    runs = sweep.run(wanted, share=share)
    print(f"  {runs} injections, 0 forks, 0 pieces of film and 0 receipts lost")
    return runs


@pytest.fixture(autouse=True)
def strace_is_there() -> None:
    require_strace()


def test_a_station_whose_disk_fails_neither_forks_nor_forgets(tmp_path: Path) -> None:
    """One occurrence of each call and fault, spread over the run; all of them in `make soak`."""
    assert swept(tmp_path, share=1) >= 40


@pytest.mark.soak
def test_a_station_neither_forks_nor_forgets_whichever_call_fails(tmp_path: Path) -> None:
    assert swept(tmp_path) >= 400
