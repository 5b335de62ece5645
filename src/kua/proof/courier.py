# SPDX-License-Identifier: Apache-2.0
"""What goes with film that is carried by hand: the manifest of a pack and the custody sheet (docs/spec/courier.md). The station signs both in one note.

Whoever carries is trusted with nothing: the log proves itself by its checkpoint, every file by the leaf that names it. The manifest only tells what was damaged
on the way from what a station has signed.
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.leaf import RUN
from kua.proof.note import open_note, sign_note

FOLDER: Final = "kua-courier"
"""Folder on the medium; below it ELECTION/STATION."""
VERSION: Final = "kua/courier/v1"
ROLES: Final = ("chair", "member", "observer", "territorial", "courier")
"""Who may hand over and take: functions, never names."""
MOST_SEALS: Final = 16
_SEAL: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,30}[A-Z0-9])?", re.ASCII)
_PART: Final = re.compile(r"log-[0-9]{6}\.json", re.ASCII)
_SAFE: Final = 2**53


@dataclass(frozen=True, slots=True)
class Part:
    """One body of `POST log`, as a file of the pack: entries [start, end) with the checkpoint over exactly `end` entries."""

    name: str
    sha256: Digest
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """The custody sheet: what was packed, when by the station's clock, under which seals, and in which functions it changes hands."""

    pack: str
    election: str
    station: str
    origin: str
    at: Instant
    trust: str
    entries: int
    files: int
    size: int
    left: int
    """Files that are owed and found no room on the medium."""
    seals: tuple[str, ...]
    handed_by: str
    taken_by: str

    def to_bytes(self) -> bytes:
        """Return the file `sheet.json`, whose SHA-256 stands in the log (`custody`)."""
        return canonical(
            {
                "v": 1, "pack": self.pack, "election": self.election, "station": self.station, "origin": self.origin, "at": self.at, "trust": self.trust,
                "entries": self.entries, "files": self.files, "size": self.size, "left": self.left, "seals": list(self.seals),
                "handed_by": self.handed_by, "taken_by": self.taken_by,
            }
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a pack holds. `files` are digest and size."""

    pack: str
    election: str
    station: str
    origin: str
    at: Instant
    entries: int
    parts: tuple[Part, ...]
    files: tuple[tuple[Digest, int], ...]
    sheet: Digest

    def to_bytes(self) -> bytes:
        """Return the file `manifest.json`."""
        parts = [{"name": part.name, "sha256": part.sha256.hex(), "from": part.start, "to": part.end} for part in self.parts]
        return canonical(
            {
                "v": 1, "pack": self.pack, "election": self.election, "station": self.station, "origin": self.origin, "at": self.at,
                "entries": self.entries, "log": parts, "files": [[digest.hex(), size] for digest, size in self.files], "sheet": self.sheet.hex(),
            }
        )  # fmt: skip


def is_seal(text: str) -> bool:
    """Whether `text` may be the number of a seal: capital Latin letters, digits and dashes, at most 32."""
    return _SEAL.fullmatch(text) is not None


def sign_pack(manifest: bytes, origin: str, pack: str, sheet: Digest, key: SigningKey) -> bytes:
    """Return the note that the station signs over manifest and sheet; it is what the QR code of the sheet holds."""
    return sign_note(_text(origin, pack, sha256(manifest), sheet), [key])


def open_pack(manifest: bytes, note: bytes, key: VerifierKey, origin: str) -> Manifest:
    """Verify, then read. Raises `Rejected`: `note.*` (another signer, altered), `courier.manifest`, `courier.other` (of another station or pack)."""
    text, _ = open_note(note, [key])
    try:
        body = read_canonical(manifest)
        read = _manifest(body)
    except (Rejected, ValueError, KeyError, TypeError) as error:
        raise Rejected("courier.manifest") from error
    if read.origin != origin or text != _text(origin, read.pack, sha256(manifest), read.sheet):
        raise Rejected("courier.other", given=read.origin[:120], wanted=origin)
    return read


def claimed(manifest: bytes) -> tuple[str, str]:
    """Return election and station that a manifest claims to be of, before anything of it is believed. Raises `Rejected("courier.manifest")`."""
    try:
        body = read_canonical(manifest)
        return str(body["election"]), str(body["station"])
    except (Rejected, KeyError) as error:
        raise Rejected("courier.manifest") from error


def _text(origin: str, pack: str, manifest: Digest, sheet: Digest) -> str:
    return f"{VERSION}\n{origin}\n{pack}\n{manifest.hex()}\n{sheet.hex()}\n"


def _manifest(body: Json) -> Manifest:
    if set(body) != {"v", "pack", "election", "station", "origin", "at", "entries", "log", "files", "sheet"} or body["v"] != 1 or not RUN(body["pack"]):
        raise ValueError(VERSION)
    parts = tuple(_part(each) for each in body["log"])
    if [part.start for part in parts] != [0, *(part.end for part in parts[:-1])] or (parts[-1].end if parts else 0) != body["entries"]:
        raise ValueError("log")
    files = tuple((from_hex(digest), _count(size)) for digest, size in body["files"])
    return Manifest(
        body["pack"], str(body["election"]), str(body["station"]), str(body["origin"]), Instant(_count(body["at"])), _count(body["entries"]), parts, files,
        from_hex(body["sheet"]),
    )  # fmt: skip


def _part(each: dict[str, Any]) -> Part:
    if set(each) != {"name", "sha256", "from", "to"} or not _PART.fullmatch(each["name"]) or not 0 <= _count(each["from"]) < _count(each["to"]):
        raise ValueError("log")
    return Part(each["name"], from_hex(each["sha256"]), each["from"], each["to"])


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < _SAFE:
        raise ValueError(value)
    return value
