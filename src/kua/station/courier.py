# SPDX-License-Identifier: Apache-2.0
"""Packs what a station owes onto a disk or telephone that somebody carries to the centre, and takes the receipts that come back (docs/spec/courier.md).

Reads log, outbox and film; changes none of them but for receipts. Every file of a pack is named by its digest or by the manifest, which is written last: a
medium that was pulled out in the middle is simply packed on.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, final

from kua.core.canonical import canonical
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import Incomplete, Refused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.ports.durable import Durable
from kua.ports.tilelog import Signed
from kua.proof.base64 import to_base64
from kua.proof.courier import FOLDER, Manifest, Part, Sheet, sign_pack
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.receipt import check_receipt
from kua.station.spool import Outbox, Row

SPARE: Final = 4 * 1024 * 1024
"""Bytes of the medium that film leaves free for sheet and manifest."""
MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 4 * 1024 * 1024 - 4096
RECEIPTS: Final = "receipts.jsonl"
_ORDER: Final = {"init": 1, "segment": 2}
"""Papers first, then what film cannot be played without, then film."""

Tell = Callable[[int, int], None]
"""Told how many of how many bytes are through."""


class Look(Protocol):
    """The part of a log that a pack reads."""

    @property
    def origin(self) -> str: ...
    @property
    def size(self) -> int: ...
    def entries(self, start: int, end: int) -> list[bytes]: ...
    def head_within(self, start: int, limit: int) -> Signed | None: ...


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed. `trouble` are code and name of what is owed but cannot be read whole; `left` are files that found no room."""

    folder: Path
    manifest: Manifest
    sheet: Sheet
    note: bytes
    copied: int
    left: int
    trouble: tuple[tuple[str, str], ...]


@final
class Packing:
    """One pack for one station on the medium `medium`."""

    def __init__(self, box: Path, medium: Path, election: str, station: str, files: Durable, key: SigningKey, pack: str) -> None:
        self._box, self._files, self._key, self._pack = box, files, key, pack
        self._election, self._station = election, station
        self.folder = medium / FOLDER / election / station
        self._files_there: list[Row] = []
        self._copied = self._left = 0
        self._trouble: list[tuple[str, str]] = []

    def film(self, owed: Sequence[Row], log_bytes: int, tell: Tell) -> None:
        """Copy what is owed, statements and the newest film first; what finds no room, beside `log_bytes` for the log, is left.

        What lies there already and is whole is not copied again. Raises `Unavailable("disk.*")` for a medium that is sick or gone.
        """
        self._sweep()
        total, done = sum(row.size for row in owed), 0
        keep = SPARE + log_bytes * 3 // 2
        for row in sorted(owed, key=lambda row: (_ORDER.get(row.kind, 0), -row.t0)):
            try:
                self._one(row, keep)
            except Unavailable as error:
                if error.code != "disk.full":
                    raise
                self._left += 1
            done += row.size
            tell(done, total)

    def sheet(self, at: Instant, trust: str, entries: int, origin: str, seals: Sequence[str], handed_by: str, taken_by: str) -> Sheet:
        """Return the custody sheet over what was copied."""
        size = sum(row.size for row in self._files_there)
        return Sheet(
            self._pack, self._election, self._station, origin, at, trust, entries, len(self._files_there), size, self._left, tuple(seals), handed_by, taken_by
        )

    def finish(self, log: Look, sheet: Sheet, papers: Callable[[bytes], dict[str, bytes]]) -> Packed:
        """Write the log, the sheet and at last the manifest with the station's signature. `papers` makes the sheets on paper from the signed note.

        Raises `Unavailable("disk.*")`; `Refused("courier.no_log")` where there is no signed log.
        """
        place = self.folder / "packs" / self._pack
        parts = self._log(log, place)
        self._files.write_once(place / "sheet.json", sheet.to_bytes())
        files = tuple((row.digest, row.size) for row in self._files_there)
        manifest = Manifest(
            self._pack, self._election, self._station, log.origin, sheet.at, parts[-1].end, parts, files, sha256(sheet.to_bytes())
        )
        data = manifest.to_bytes()
        note = sign_pack(data, log.origin, self._pack, manifest.sheet, self._key)
        for name, paper in papers(note).items():
            self._files.write_once(place / name, paper)
        self._files.write_once(place / "manifest.json", data)
        self._files.write_once(place / "manifest.note", note)
        return Packed(place, manifest, sheet, note, self._copied, self._left, tuple(self._trouble))

    def _one(self, row: Row, keep: int) -> None:
        target = blob(self.folder, row.digest)
        there = self._files.read(target)
        if there is not None and sha256(there) == row.digest:
            self._files_there.append(row)
            return
        data = self._files.read(self._box / row.path)
        if data is None or sha256(data) != row.digest:
            self._trouble.append(("film.missing" if data is None else "film.damaged", row.path))
            return
        if there is not None:
            self._files.remove(target)  # it was spoilt on an earlier way
        folder = self.folder if self.folder.is_dir() else next(each for each in self.folder.parents if each.is_dir())
        if self._files.free(folder) < len(data) + keep:
            raise Unavailable("disk.full", path=target.name)
        self._files.write_once(target, data)
        self._copied += 1
        self._files_there.append(row if row.size == len(data) else Row(row.digest, row.path, len(data), row.kind, row.cam, row.t0, row.needs))

    def _log(self, log: Look, place: Path) -> tuple[Part, ...]:
        parts: list[Part] = []
        start = 0
        while start < log.size:
            entries, head = request(log, start)
            body = canonical({"from": start, "entries": [to_base64(entry) for entry in entries], "checkpoint": head.note.decode()})
            name = f"log-{len(parts):06d}.json"
            self._files.write_once(place / name, body)
            parts.append(Part(name, sha256(body), start, head.size))
            start = head.size
        if not parts:
            raise Refused("courier.no_log", station=self._station)
        return tuple(parts)

    def _sweep(self) -> None:
        """Remove packs that were never finished: nothing refers to them."""
        for place in (self.folder / "packs").glob("*"):
            if place.is_dir() and not (place / "manifest.note").exists():
                for path in place.iterdir():
                    self._files.remove(path)
                place.rmdir()


def request(log: Look, start: int) -> tuple[list[bytes], Signed]:
    """Return entries from `start` on that fit one request, with the largest head over exactly them. Raises `Rejected("uplink.no_head")`."""
    entries = log.entries(start, min(start + MOST_ENTRIES, log.size))
    size = fits = 0
    for entry in entries:
        size += len(entry) * 4 // 3 + 8
        if size > MOST_BYTES:
            break
        fits += 1
    head = log.head_within(start, start + fits)
    if head is None:
        raise Rejected("uplink.no_head", size=start)
    return entries[: head.size - start], head


def blob(folder: Path, digest: Digest) -> Path:
    """Return where the bytes with `digest` lie in a station's folder of a medium."""
    name = digest.hex()
    return folder / "blob" / name[:2] / name


def take_receipts(data: bytes, outbox: Outbox, centre: VerifierKey, origin: str, now: Instant) -> tuple[int, int]:
    """Keep the receipts of a file that came back; return how many were new and how many do not hold or are of nothing that this box knows.

    Raises `Rejected("courier.receipts")` for a file that is none.
    """
    rows = {row.digest: row for row in outbox.rows()}
    fresh = wrong = 0
    for line in data.splitlines():
        try:
            told = json.loads(line)
            digest, receipt = from_hex(told["sha256"]), str(told["receipt"]).encode()
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected("courier.receipts") from error
        row = rows.get(digest)
        try:
            if row is None:
                raise Rejected("receipt.other", origin=origin, digest=digest.hex())
            check_receipt(receipt, centre, origin, digest, row.size or _size(receipt))
        except Rejected:
            wrong += 1
            continue
        if outbox.receipt(digest) is None:
            outbox.received(digest, receipt, now)
            fresh += 1
    return fresh, wrong


def _size(receipt: bytes) -> int:
    """Return the size that a receipt names, for a row that does not know its own."""
    try:
        return int(receipt.split(b"\n")[3])
    except (IndexError, ValueError):
        return -1


def require_medium(medium: Path) -> None:
    """Raise `Incomplete("courier.no_medium")` if there is no such folder: a mount point that is missing must not be made on the box's own disk."""
    if not medium.is_dir():
        raise Incomplete("courier.no_medium", folder=medium.name)
