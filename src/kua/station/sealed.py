# SPDX-License-Identifier: Apache-2.0
"""Where `keep` puts the sealed film: ciphertext, encrypted shares and hashes, one folder for each slice (docs/spec/station-box.md).

It has no key and cannot look inside. When a slice is over its `slice` leaf is stated; a slice that a crash cut off is stated at the next start, as far as it
is on the disk. Nothing of it is uploaded.
"""

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import structlog

from kua.core.canonical import read_canonical
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import KuaError, Rejected, Unavailable
from kua.core.instant import Instant
from kua.core.nouns import camera_id, run_id
from kua.core.sealing import Sealing
from kua.ports.durable import Durable
from kua.proof.sealed import Begun, Record, read_begun, read_record, slice_leaf
from kua.station.pipe import SealedPiece, SliceBegun, SliceEnded

FOLDER: Final = "sealed"
AGE: Final = b"age-encryption.org/v1\n"
DAY: Final = 86_400_000

_say = structlog.get_logger("kua.sealed")


@dataclass(frozen=True, slots=True)
class Held:
    """One slice on the disk: its folder relative to the box, its pieces, all its bytes, and the moment from which it is removed."""

    path: str
    begun: Begun
    records: tuple[Record, ...]
    size: int
    stated: bool
    until: Instant


@dataclass(slots=True)
class _Open:
    begun: Begun
    records: list[Record]


@final
class SealedShelf:
    """Takes what `hide` sends of the sealed film, for all cameras. `budget` is how many bytes of it may lie on the disk and `floor` how many must stay free:
    beyond either no sealed film is taken in, and `on_full` is told, once each way."""

    def __init__(
        self,
        box: Path,
        sealing: Sealing,
        files: Durable,
        state: Callable[[bytes], None],
        now: Callable[[], Instant],
        *,
        calibration_of: Callable[[str], Digest],
        budget: int,
        floor: int,
        on_full: Callable[[bool], None],
    ) -> None:
        self._box, self._sealing, self._files, self._state, self._now = box, sealing, files, state, now
        self._budget, self._floor, self._on_full = budget, floor, on_full
        self._calibration_of = calibration_of
        self._open: dict[str, _Open] = {}
        self._is_full = False
        self._used = sum(held.size for held in slices_of(box, sealing.days))

    def begun(self, cam: str, message: SliceBegun) -> None:
        """Keep the shares of a new slice. Raises `ValueError` for what a sound `hide` never sends."""
        self.end(cam)
        shares = [(share["trustee"], base64.b64decode(share["share"], validate=True), share["commit"]) for share in _shares(message)]
        if [trustee for trustee, _, _ in shares] != [trustee.id for trustee in self._sealing.trustees] or not all(
            _is_age(data) for _, data, _ in shares
        ):
            raise ValueError("shares")
        named = tuple((trustee, sha256(data), from_hex(commit)) for trustee, data, commit in shares)
        begun = Begun(
            cam,
            run_id(message.slice),
            Instant(message.at),
            message.phase,
            self._calibration_of(cam),
            self._sealing.digest(),
            message.recipient,
            named,
        )
        folder = self._box / folder_of(cam, begun.slice)
        try:
            for trustee, data, _ in shares:
                self._written(folder / "shares" / f"{trustee}.age", data)
            self._written(folder / "slice.json", begun.to_bytes())
        except Unavailable as error:
            if error.code != "disk.full":
                raise
            self._full()
            return
        self._open[cam] = _Open(begun, [])

    def piece(self, cam: str, message: SealedPiece) -> None:
        """Keep a piece. What is not age ciphertext is never written: raises `ValueError`."""
        if not _is_age(message.payload):
            raise ValueError("SealedPiece")
        opened = self._open.get(cam)
        if opened is None or opened.begun.slice != message.slice:
            return
        record = Record(
            cam,
            opened.begun.slice,
            run_id(message.run),
            message.slot,
            Instant(message.t0),
            Instant(message.t1),
            message.frames,
            sha256(message.payload),
            len(message.payload),
            from_hex(message.commit),
        )
        if not self._has_room(record.size):
            self._full()
            return
        folder = self._box / folder_of(cam, record.slice)
        try:
            self._written(folder / f"{record.name}.age", message.payload)
            self._written(folder / f"{record.name}.json", record.to_bytes())
        except Unavailable as error:
            if error.code != "disk.full":
                raise
            self._full()
            return
        opened.records.append(record)
        if self._is_full:
            self._is_full = False
            self._on_full(False)

    def ended(self, cam: str, message: SliceEnded) -> None:
        """State the slice."""
        if cam in self._open and self._open[cam].begun.slice == message.slice:
            self.end(cam)

    def end(self, cam: str) -> None:
        """State the open slice of `cam`, if there is one."""
        opened = self._open.get(cam)
        if opened is not None:
            self._stated(opened.begun, opened.records)
            del self._open[cam]  # only now: where the disk was full, the caller makes room and asks again

    def end_all(self) -> None:
        """State every open slice: the day is about to be closed."""
        for cam in list(self._open):
            self.end(cam)

    def mend(self, stated: Callable[[str, str], bytes | None]) -> None:
        """State what an earlier process left without a leaf. `stated` gives the leaf that the log has of a camera's slice, or None."""
        for held in slices_of(self._box, self._sealing.days):
            if held.stated or (held.begun.cam in self._open and self._open[held.begun.cam].begun.slice == held.begun.slice):
                continue
            leaf = stated(held.begun.cam, held.begun.slice)
            if leaf is None:
                self._stated(held.begun, list(held.records))
            else:
                self._written(self._box / held.path / "leaf.json", leaf)

    def expire(self) -> list[str]:
        """Remove the slices whose days are over; return their folders. The shares at the trustees are theirs to delete."""
        gone = []
        for held in slices_of(self._box, self._sealing.days):
            if is_over(held, self._now()):
                remove_slice(self._box, held, self._files)
                self._used -= held.size
                gone.append(held.path)
        return gone

    def _stated(self, begun: Begun, records: list[Record]) -> None:
        if not records:
            return
        leaf = slice_leaf(begun, records, self._now())
        self._state(leaf)
        try:
            self._written(self._box / folder_of(begun.cam, begun.slice) / "leaf.json", leaf)
        except Unavailable as error:  # the log has it; `mend` writes it
            _say.warning("sealed.leaf", code=error.code)

    def _written(self, path: Path, data: bytes) -> None:
        self._files.write_once(path, data)
        self._used += len(data)

    def _has_room(self, need: int) -> bool:
        return self._used + need <= self._budget and self._files.free(self._box) >= self._floor + need

    def _full(self) -> None:
        if not self._is_full:
            self._is_full = True
            _say.error("sealed.full", used=self._used, budget=self._budget)
            self._on_full(True)


def is_over(held: Held, now: Instant) -> bool:
    """Whether the days of a slice are over. One that is not stated yet stays, unless nothing is in it."""
    return held.until <= now and (held.stated or not held.records)


def folder_of(cam: str, name: str) -> str:
    """Return the folder of a slice, relative to the box."""
    return f"{FOLDER}/{camera_id(cam)}/{run_id(name)}"


def slices_of(box: Path, days: int) -> Iterator[Held]:
    """Give the slices on the disk, by camera and beginning. A folder that cannot be read is passed by."""
    found = []
    for path in sorted((box / FOLDER).glob("[a-z]/????????")):
        try:
            begun = read_begun((path / "slice.json").read_bytes())
        except (OSError, KuaError):
            continue
        records = records_of(path)
        size = sum(each.stat().st_size for each in path.rglob("*") if each.is_file())
        end = records[-1].t1 if records else begun.at
        stated = (path / "leaf.json").is_file()
        found.append(Held(path.relative_to(box).as_posix(), begun, records, size, stated, Instant(end + days * DAY)))
    yield from sorted(found, key=lambda held: (held.begun.cam, held.begun.at))


def records_of(folder: Path) -> tuple[Record, ...]:
    """Return the records of the pieces that are there whole in name, in order of time. Raises nothing for a record that cannot be read: it is left out."""
    records = []
    for path in folder.glob("????????-*.json"):
        try:
            record = read_record(path.read_bytes())
        except (OSError, Rejected):
            continue
        if (folder / f"{record.name}.age").is_file():
            records.append(record)
    return tuple(sorted(records, key=lambda record: record.t0))


def remove_slice(box: Path, held: Held, files: Durable) -> None:
    """Remove a slice's folder: pieces first, so that what is left of a removal that was cut off cannot be opened."""
    folder = box / held.path
    for path in sorted(folder.rglob("*"), key=lambda path: (path.suffix != ".age", path.parent == folder, path.name)):
        if path.is_file():
            files.remove(path)
    for place in (folder / "shares", folder):
        if place.is_dir():
            place.rmdir()


def _shares(message: SliceBegun) -> list[dict[str, str]]:
    try:
        shares = read_canonical(message.payload)["shares"]
        if not isinstance(shares, list) or not all(set(share) == {"trustee", "commit", "share"} for share in shares):
            raise ValueError("shares")
    except (Rejected, KeyError, TypeError, binascii.Error) as error:
        raise ValueError("SliceBegun") from error
    return [{name: str(value) for name, value in share.items()} for share in shares]


def _is_age(data: bytes) -> bool:
    return data.startswith(AGE)
