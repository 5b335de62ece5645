# SPDX-License-Identifier: Apache-2.0
"""Holds log, film and outbox of a station against each other, and mends what may be mended without a person.

Invariants: (a) what a leaf names is on disk, or there is a receipt and it was removed for space; (b) no film without a leaf; (c) journal,
tiles and checkpoint agree, and the outbox has a row for whatever the log names and for nothing else. Deletes only film that no leaf names, and what the
outbox says is removed already; of a folder that is not the one that was opened it deletes nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import Refused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.ports.durable import Durable
from kua.ports.tilelog import TileLog
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.receipt import check_receipt
from kua.station.journal import leaves_of
from kua.station.marks import examine
from kua.station.spool import Outbox, Row

Level = Literal["presence", "size", "hash"]
LEVELS: Final[tuple[Level, ...]] = ("presence", "size", "hash")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `mended` says that it was put right; otherwise somebody has to look."""

    code: str
    name: str
    mended: bool


def rows_of(log: TileLog) -> Iterator[Row]:
    """Give the rows that the log's leaves call for, in the log's order: everything that the centre must get."""
    for leaf in leaves_of(log):
        yield from _rows(leaf)


def _rows(leaf: Leaf) -> list[Row]:
    body = leaf.body
    if leaf.type == "segment":
        folder, t0 = f"film/{body['cam']}", Instant(body["t0"])
        init, film = from_hex(body["init"]), from_hex(body["sha256"])
        return [
            *_lowered(body.get("live", {}), f"{folder}/live", body["slot"], body["cam"], t0),
            Row(init, f"{folder}/{body['run']}-init.mp4", 0, "init", body["cam"], t0),
            Row(film, f"{folder}/{body['run']}-{body['slot']}.m4s", body["size"], "segment", body["cam"], t0, init),
        ]
    if leaf.type == "calibration":
        stem, at = f"calibration/kept/{body['cam']}-{body['sha256'][:16]}", Instant(body["at"])
        return [
            Row(from_hex(body["sha256"]), f"{stem}.json", 0, "calibration", body["cam"], at),
            Row(from_hex(body["note"]), f"{stem}.note", 0, "note", body["cam"], at),
            Row(from_hex(body["signers"]), f"{stem}.signers.json", 0, "signers", body["cam"], at),
        ]
    return []


def _lowered(live: dict[str, Any], folder: str, slot: int, cam: str, t0: Instant) -> list[Row]:
    if "sha256" not in live:
        return []
    init = from_hex(live["init"])
    return [
        Row(init, f"{folder}/{live['run']}-init.mp4", 0, "live_init", cam, t0),
        Row(from_hex(live["sha256"]), f"{folder}/{live['run']}-{slot}.m4s", live["size"], "live", cam, t0, init),
    ]


def mend(box: Path, log: TileLog, outbox: Outbox, files: Durable) -> list[Finding]:
    """Do at every start what a crash may have left: remove half files and film without a leaf, put missing rows into the outbox.

    Raises `Refused("disk.*")` and does nothing where the folder is not the one that was opened.
    """
    examine(box, files, log.size)
    found = [Finding("fsck.row", row.path, mended=True) for row in add_missing(box, log, outbox)]
    found += [Finding("fsck.left", path, mended=True) for path in _left(box, outbox)]
    for finding in found:
        if finding.code == "fsck.left":
            files.remove(box / finding.name)
    named = {row.path for row in rows_of(log)}
    for path in _film(box):
        if path not in named:
            files.remove(box / path)
            found.append(Finding("fsck.orphan", path, mended=True))
    return found


def add_missing(box: Path, log: TileLog, outbox: Outbox) -> list[Row]:
    """Put what the log names and the outbox does not know into the outbox; return those rows."""
    known = outbox.known()
    missing: dict[Digest, Row] = {}
    for row in rows_of(log):
        if row.digest not in known and row.digest not in missing:
            missing[row.digest] = _sized(box, row)
    outbox.add(missing.values())
    for row in missing.values():
        if row.kind == "live" and not (box / row.path).is_file():
            outbox.spare(row.digest)  # a full disk has sacrificed it, and an outbox that was lost no longer knows
    return [row for row in missing.values() if not outbox.is_spared(row.digest)]


def check(
    box: Path, log: TileLog, outbox: Outbox, tiles: Callable[[], list[str]], level: Level, *, files: Durable, centre: VerifierKey | None = None
) -> list[Finding]:
    """Report what breaks an invariant; changes nothing. `tiles` names the files of the log that do not fit its journal.

    With `centre` and level `hash` each receipt is checked too: what was removed was removed on its word.
    """
    found = [Finding("fsck.tile", name, mended=False) for name in tiles()]
    try:
        examine(box, files, log.size)
    except (Refused, Unavailable) as error:
        found.append(Finding("fsck.folder", f"film: {error.code}", mended=False))
    rows = outbox.rows()
    known, gone = {row.digest for row in rows}, outbox.gone()
    named, wanted, seen = set(), set(), set()
    for row in rows_of(log):
        named.add(row.path)
        wanted.add(row.digest)
        if row.path in seen:
            continue
        seen.add(row.path)
        if row.digest not in known:
            found.append(Finding("fsck.row", row.path, mended=False))
        if row.digest not in gone and (wrong := _wrong(box / row.path, row, level)):
            found.append(Finding(wrong, row.path, mended=False))
    found += [Finding("fsck.unnamed", row.path, mended=False) for row in rows if row.digest not in wanted]
    found += [Finding("fsck.orphan", path, mended=False) for path in _film(box) if path not in named]
    found += [Finding("fsck.left", path, mended=False) for path in _left(box, outbox)]
    found += [Finding("fsck.lost", row.path, mended=False) for row in rows if row.kind != "live" and row.digest in gone and outbox.receipt(row.digest) is None]
    if centre is not None and level == "hash":
        found += _receipts(rows, outbox, centre, log.origin)
    return found


def _receipts(rows: list[Row], outbox: Outbox, centre: VerifierKey, origin: str) -> Iterator[Finding]:
    """Find receipts that the centre did not sign for these bytes."""
    for row in rows:
        receipt = outbox.receipt(row.digest)
        try:
            if receipt is not None:
                check_receipt(receipt, centre, origin, row.digest, row.size)
        except Rejected:
            yield Finding("fsck.receipt", row.path, mended=False)


def _left(box: Path, outbox: Outbox) -> list[str]:
    """Name film that a crash left between the note that it goes and its going."""
    gone = outbox.gone()
    with _reading("film"):
        return sorted(row.path for row in outbox.rows() if row.digest in gone and (box / row.path).is_file()) if gone else []


def _wrong(path: Path, row: Row, level: Level) -> str:
    if not path.is_file():
        return "fsck.missing"
    if level != "presence" and row.size and path.stat().st_size != row.size:
        return "fsck.size"
    if level == "hash" and sha256(path.read_bytes()) != row.digest:
        return "fsck.hash"
    return ""


def _sized(box: Path, row: Row) -> Row:
    """Fill in a size that the leaf does not state."""
    path = box / row.path
    with _reading(row.path):
        if row.size or not path.is_file():
            return row
        return Row(row.digest, row.path, path.stat().st_size, row.kind, row.cam, row.t0, row.needs)


def _film(box: Path) -> list[str]:
    with _reading("film"):
        return sorted(
            path.relative_to(box).as_posix() for path in [*(box / "film").glob("*/*"), *(box / "film").glob("*/live/*")] if path.is_file()
        )


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """A folder that cannot be read has no faults to tell of: the disk has."""
    try:
        yield
    except OSError as error:
        raise Unavailable("disk.failed", path=name, why=str(error.strerror)) from error
