# SPDX-License-Identifier: Apache-2.0
"""A pack onto a real disk that is too small, and the rest onto a second one; run as `unshare -rm python -m tests.faults.courier_child FOLDER`.

Prints what was packed each time and what the centre had then, as one line of JSON.
"""

import asyncio
import hashlib
import json
import sys
from pathlib import Path
from typing import Any, Final

import structlog

from kua.app.centre import build
from kua.app.courier import Asked, pack, receipts
from kua.centre.courier import load
from kua.core.digest import sha256
from kua.core.instant import SLOT, Instant, slot_of
from kua.proof.courier import FOLDER
from kua.proof.keys import SigningKey
from kua.station.courier import RECEIPTS
from kua.station.pipe import Piece
from tests.faults.disk_child import disk
from tests.rigs.carried import Carried
from tests.rigs.centre import STATION, HandClock, found

SIZE: Final = 6 * 1024 * 1024
"""Four of it are kept for the papers: about nine pieces of film find room."""
LARGE: Final = 200_000
PIECES: Final = 14


async def carried_twice(top: Path) -> list[dict[str, Any]]:
    """Pack, load and bring receipts back, with one disk after the other."""
    found(top / "centre")
    centre = build(top / "centre", clock=HandClock())
    told = []
    async with centre.running():
        election = centre.held.election
        origin = f"{election.domain}/{election.id}/s/{STATION}"
        key = SigningKey.from_seed(origin, hashlib.sha256(b"box").digest())
        centre.members.know(STATION, key.verifier)
        box = Carried(top / "box", centre, STATION, key)
        for _ in range(PIECES):
            t0 = Instant(-(-box.clock.now() // SLOT) * SLOT)
            box.clock.advance(t0 + SLOT - box.clock.now())
            data = sha256(b"%d" % t0) * (LARGE // 32)
            box.keep.handle("a", Piece(f"{box.runs:08x}", slot_of(t0), t0, t0 + SLOT, 40, "ntp", "rehearsal", data))
        box.stop()
        for name in ("one", "two"):
            disk(top / name, SIZE)
            made, stated = pack(box.box, top / name, Asked(), 0.4, lambda *_: None, box.clock)
            (loaded,) = await load(top / name, centre.counter, lambda *_: None)
            place = top / name / FOLDER / election.id / STATION
            came = receipts(box.box, place / RECEIPTS)
            told.append({"files": made.sheet.files, "left": made.left, "stated": stated, "missing": loaded.missing, "trouble": loaded.trouble, "came": came})
    return told


if __name__ == "__main__":
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    print(json.dumps(asyncio.run(carried_twice(Path(sys.argv[1])))))
