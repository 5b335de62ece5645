# SPDX-License-Identifier: Apache-2.0
"""Takes in what was carried to the centre (docs/spec/courier.md): the same checks as for what comes over a line, and trust in nobody who carried it.

What a station has signed and does not hold is kept as evidence by `ingest`, as always. What was damaged or altered on the way is told, and is no evidence
against a station. Doing it twice, or again after it was cut off, changes nothing that is there.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kua.centre.ingest.members import Member, Members
from kua.centre.ingest.service import MOST_BLOB, Admitted, Ingest, Signed
from kua.centre.log.nation import Nation
from kua.centre.whole import in_thread
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import KuaError, Refused, Rejected, Unavailable
from kua.ports.durable import Durable
from kua.proof.base64 import to_base64
from kua.proof.courier import FOLDER, Manifest, claimed, open_pack

RECEIPTS: Final = "receipts.jsonl"
_SOME: Final = 200
"""Receipts are written after so many files, so that a load that is cut off has not been in vain."""
_MOST: Final = 64 * 1024 * 1024
"""Bytes of a manifest or note."""

Tell = Callable[[str, int, int], None]
"""Told the station, and how many of how many files are through."""


@dataclass(slots=True)
class Loaded:
    """What became of one station's packs. `trouble` are code and name; `missing` is what its log names and the centre does not have, `owes` whether a log
    that is not closed may name more."""

    election: str
    station: str
    packs: int = 0
    entries: int = 0
    fresh: int = 0
    known: int = 0
    receipts: int = 0
    missing: int = 0
    missing_bytes: int = 0
    closed: bool = False
    trouble: list[tuple[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "election": self.election, "station": self.station, "packs": self.packs, "entries": self.entries, "fresh": self.fresh, "known": self.known,
            "receipts": self.receipts, "missing": self.missing, "missing_bytes": self.missing_bytes, "closed": self.closed,
            "trouble": [{"code": code, "name": name} for code, name in self.trouble],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Counter:
    """What a load works with."""

    election: str
    ingest: Ingest
    members: Members
    nation: Nation
    files: Durable


async def load(medium: Path, counter: Counter, tell: Tell) -> list[Loaded]:
    """Take in every pack on the medium; return what became of each station, in order of their numbers.

    Raises `Unavailable("ingest.disk_full" | "disk.*")` when the centre cannot keep more: what was taken stays, and has its receipts.
    """
    found = []
    for folder in sorted(path for path in (medium / FOLDER).glob("*/*") if path.is_dir()):
        told = Loaded(folder.parent.name[:64], folder.name[:64])
        found.append(told)
        try:
            member = _member(counter, told)
        except KuaError as error:
            told.trouble.append((error.code, folder.name[:64]))
            continue
        receipts = _read_receipts(counter.files, folder)
        try:
            await _station(counter, member, folder, told, receipts, tell)
        finally:
            _write_receipts(counter.files, folder, receipts, told)
        told.receipts = len(receipts)
        lacking = [targets[0].size or 0 for digest, targets in member.book.targets.items() if digest not in member.received]
        told.missing, told.missing_bytes, told.closed = len(lacking), sum(lacking), member.book.closed is not None
    return found


def _member(counter: Counter, told: Loaded) -> Member:
    """Return the station that a folder is of. Raises as a station's own request would, and `Rejected("courier.other_election")`."""
    if told.election != counter.election:
        raise Rejected("courier.other_election", given=told.election, wanted=counter.election)
    member = counter.members.get(told.station)
    if member.station in counter.nation.revoked:
        raise Refused("upload.revoked", station=member.station)
    return member


async def _station(counter: Counter, member: Member, folder: Path, told: Loaded, receipts: dict[str, str], tell: Tell) -> None:
    manifests = list(_manifests(folder, member, told))
    for place, manifest, note in sorted(manifests, key=lambda each: each[1].entries):
        told.packs += 1
        await _log(counter, member, place, manifest, note, told)
    files = {digest: size for _, manifest, _ in manifests for digest, size in manifest.files}
    note = manifests[-1][2] if manifests else b""
    for number, digest in enumerate(files, 1):
        try:
            await _file(counter, member, folder, digest, note, told, receipts)
        except (Rejected, Refused) as error:
            told.trouble.append((error.code, digest.hex()))
        if number % _SOME == 0:
            _write_receipts(counter.files, folder, receipts, told)
        tell(member.station, number, len(files))


def _manifests(folder: Path, member: Member, told: Loaded) -> Iterator[tuple[Path, Manifest, bytes]]:
    """Give the packs that this station has signed. One that was never finished, or does not hold, is told."""
    for place in sorted(path for path in (folder / "packs").glob("*") if path.is_dir()):
        try:
            data, note = _read(place / "manifest.json"), _read(place / "manifest.note")
            if claimed(data) != (told.election, told.station):
                raise Rejected("courier.other", given="/".join(claimed(data))[:120], wanted=f"{told.election}/{told.station}")
            yield place, open_pack(data, note, member.key, member.origin), note
        except (Rejected, Refused) as error:
            told.trouble.append((error.code, place.name[:64]))


async def _log(counter: Counter, member: Member, place: Path, manifest: Manifest, note: bytes, told: Loaded) -> None:
    """Take the log in. What lies before the last part and is here already is passed over: the last checkpoint is over all of it."""
    for part in manifest.parts:
        if part.end <= member.book.size and part is not manifest.parts[-1]:
            continue
        try:
            body = _read(place / part.name)
            if sha256(body) != part.sha256:
                raise Rejected("courier.altered", name=part.name)
            before = member.book.size
            told.entries += await counter.ingest.take_log(_admitted(member, part.sha256, note, f"{manifest.pack}/{part.name}"), body) - before
        except (Rejected, Refused) as error:
            told.trouble.append((error.code, f"{place.name}/{part.name}"))
            return  # what follows cannot be held against what is here


async def _file(
    counter: Counter, member: Member, folder: Path, digest: Digest, note: bytes, told: Loaded, receipts: dict[str, str]
) -> None:
    """Take one file in, or find that it is here. Raises `Rejected` (`ingest.*`, `courier.*`), `Unavailable`."""
    name = digest.hex()
    admitted = _admitted(member, digest, note, name)
    receipt = counter.ingest.known(admitted)
    if receipt is None:
        data = await in_thread(_read, folder / "blob" / name[:2] / name, MOST_BLOB)
        if sha256(data) != digest:
            raise Rejected("courier.altered", name=name)
        incoming = counter.ingest.begin()
        try:
            incoming.write(data)
        except BaseException:
            incoming.drop()
            raise
        receipt = await counter.ingest.finish(admitted, incoming)
        told.fresh += 1
    else:
        told.known += 1
    receipts[name] = receipt.decode()


def _admitted(member: Member, digest: Digest, note: bytes, name: str) -> Admitted:
    """Stand in for the headers of a request: the station's signature over the manifest that names these bytes."""
    return Admitted(member, digest, Signed("COURIER", name, member.origin, "0", digest.hex(), to_base64(note)))


def _read(path: Path, most: int = _MOST) -> bytes:
    """Read a file of the medium. Raises `Rejected`: `courier.missing`, `courier.unreadable` (the medium gives it back no more), `courier.too_large`."""
    try:
        if path.stat().st_size > most:
            raise Rejected("courier.too_large", name=path.name, most=most)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Rejected("courier.missing", name=path.name) from error
    except OSError as error:
        raise Rejected("courier.unreadable", name=path.name, why=str(error.strerror)) from error


def _read_receipts(files: Durable, folder: Path) -> dict[str, str]:
    """Return the receipts that lie on the medium from an earlier load. What cannot be read is written anew."""
    found: dict[str, str] = {}
    try:
        for line in (files.read(folder / RECEIPTS) or b"").splitlines():
            told = json.loads(line)
            found[from_hex(told["sha256"]).hex()] = str(told["receipt"])
    except (ValueError, KeyError, TypeError, Unavailable):
        return {}
    return found


def _write_receipts(files: Durable, folder: Path, receipts: dict[str, str], told: Loaded) -> None:
    """Leave the receipts on the medium, for the way back. A medium that takes nothing is told: nothing at the centre depends on it."""
    lines = [json.dumps({"sha256": name, "receipt": receipt}, separators=(",", ":")) for name, receipt in sorted(receipts.items())]
    try:
        if lines:
            files.replace(folder / RECEIPTS, ("\n".join(lines) + "\n").encode())
    except (Unavailable, OSError):
        if ("courier.no_receipts", RECEIPTS) not in told.trouble:
            told.trouble.append(("courier.no_receipts", RECEIPTS))
