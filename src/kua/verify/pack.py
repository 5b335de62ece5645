# SPDX-License-Identifier: Apache-2.0
"""Writes a court bundle: one archive, in one pass, the same bytes for the same film whoever makes it and when. What it wrote it verifies.

The file appears under its name only once it is whole and has been checked; until then it is `NAME.part`.
"""

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.media.copy import read_master
from kua.media.timeline import Film
from kua.proof import bag
from kua.proof.archive import Entry, directory, local_header, planned
from kua.proof.bundle import CONTENTS, CUSTODY, begin_custody
from kua.verify.below import Below
from kua.verify.bundle import PAPER, TOOLS, copy_plans, samples_of, verify_bundle
from kua.verify.film import Trust
from kua.verify.footage import MAX_MEDIA
from kua.verify.gather import Gathered, Wanted, gather
from kua.verify.national import National
from kua.verify.reading import Reader
from kua.verify.report import Report
from kua.words.readme import READMES

Paper = Callable[[Report, bytes], bytes]
"""Makes `report.pdf` out of what the check of the bundle said, and its manifest."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to make, and what to put beside it: `role`, `at` and `custody` for the custody list, the verifiers by name, and who makes the paper."""

    wanted: Wanted
    role: str = "auditor"
    at: Instant | None = None
    custody: bytes | None = None
    tools: Mapping[str, bytes] = field(default_factory=dict)
    paper: Paper | None = None
    copies: bool = True
    own: National | None = None
    """The national log, where the tree is that of the very centre that makes the bundle."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: what the check says of it, and which segments are not in it, because they are not published."""

    report: Report
    absent: int


def make_bundle(place: Reader, order: Order, out: Path) -> Made:
    """Make a bundle of what is published at `place` and write it to `out`.

    Raises what `gather` raises, `Misused("bundle.exists")`, `Misused("bundle.too_long")` for a range that does not fit one archive,
    `Rejected("bundle.unfit")` where what was written does not pass its own check, `Unavailable("bundle.no_room")` when the disk refuses.
    """
    if out.exists():
        raise Misused("bundle.exists", name=str(out))
    found = gather(place, order.wanted, order.own)
    part = out.with_name(out.name + ".part")
    try:
        with part.open("w+b") as file:
            made = _write(file, place, found, order, part)
        part.replace(out)
    except OSError as error:
        raise Unavailable("bundle.no_room", name=str(out), why=error.strerror or type(error).__name__) from error
    except Rejected as error:
        if error.code == "zip.too_large":
            raise Misused("bundle.too_long") from error
        raise
    finally:
        part.unlink(missing_ok=True)
    made.report.summary["bundle"] = out.name
    return made


def _write(file: BinaryIO, place: Reader, found: Gathered, order: Order, part: Path) -> Made:
    writer = _Writer(file)
    films = _Films(Below(place, f"s/{found.contents.station}"), found)
    copies = order.copies and films.are_film()
    contents = replace(found.contents, copies=copies)
    base = f"{contents.name}/"
    small = found.files | {
        CONTENTS: contents.to_bytes(),
        CUSTODY: begin_custody("made", order.role, order.at, order.custody),
    }
    tags = {"bagit.txt": bag.DECLARATION, bag.INFO: bag.info(contents.name)} | {
        f"readme-{one}.txt": text.encode() for one, text in READMES.items()
    }
    tags |= {name: order.tools[name] for name in TOOLS if name in order.tools}
    for name in sorted(name for name in tags if name < bag.PAYLOAD):
        writer.add(base + name, tags[name])
    for name, data in films.merged({f"{base}{bag.PAYLOAD}{name}": data for name, data in small.items()}, f"{base}{bag.PAYLOAD}"):
        writer.add(name, data)
    if copies:
        for cam, held in films.present.items():
            _write_copies(writer, f"{base}{bag.PAYLOAD}", films.below, cam, held)
    manifest = bag.manifest({name.removeprefix(base): sha for name, sha in writer.sha512.items() if name.startswith(base + bag.PAYLOAD)})
    tags[bag.MANIFEST] = manifest
    for name in sorted(name for name in tags if bag.PAYLOAD < name < PAPER):
        writer.add(base + name, tags[name])
    report = _finished(writer, base, tags, None, part, order)
    if order.paper is not None:
        report = _finished(writer, base, tags, order.paper(report, manifest), part, order)
    return Made(report, films.absent)


def _finished(writer: "_Writer", base: str, tags: Mapping[str, bytes], paper: bytes | None, part: Path, order: Order) -> Report:
    """Write what comes last, and check the whole; then go back to where this began, unless it is the end."""
    held = dict(tags) | ({PAPER: paper} if paper is not None else {})
    digests = {name: hashlib.sha512(data).hexdigest() for name, data in held.items()}
    held[bag.TAG_MANIFEST] = bag.manifest(digests)
    mark = writer.mark()
    for name in sorted(name for name in held if name >= PAPER):
        writer.add(base + name, held[name])
    writer.close()
    report = verify_bundle(part, Trust(), tools=order.tools)
    if report.has("FAIL"):
        line = next(line for line in report.lines if line.state == "FAIL")
        raise Rejected("bundle.unfit", check=line.check, why=line.code)
    if paper is None and order.paper is not None:
        writer.back(mark)
    return report


def _write_copies(writer: "_Writer", start: str, below: Below, cam: str, held: list[Film]) -> None:
    for name, head, parts in copy_plans(Below(below, f"film/{cam}"), cam, held):
        writer.add_pieces(start + name, lambda head=head, parts=parts, cam=cam: _copy_bytes(below, cam, head, parts))  # type: ignore[misc]


def _copy_bytes(below: Below, cam: str, head: bytes, parts: list[tuple[Film, int]]) -> Iterator[bytes]:
    yield head
    for film, length in parts:
        yield samples_of(below.read(f"film/{cam}/{film.name}", MAX_MEDIA), length)


class _Films:
    """The film of a bundle, read where it is published."""

    def __init__(self, below: Below, found: Gathered) -> None:
        self.below, self.found = below, found
        self.present: dict[str, list[Film]] = {cam: [] for cam in found.films}
        self.absent = 0

    def are_film(self) -> bool:
        """Whether the first segment of each camera that is there can be read as film: what cannot has no working copy."""
        for cam, films in self.found.films.items():
            for film in films[:1]:
                try:
                    read_master(film.t0, self.below.read(f"film/{cam}/{film.name}", MAX_MEDIA))
                except Rejected:
                    return False
                except KuaError:
                    continue
        return True

    def merged(self, small: Mapping[str, bytes], start: str) -> Iterator[tuple[str, bytes]]:
        """Give all files of the payload in the order of their names; film is read as its turn comes, and what is not published is left out."""
        wanted: dict[str, tuple[str, Film | None]] = {}
        for cam, films in self.found.films.items():
            for each in films:
                stem = f"film/{cam}/"
                wanted[f"{start}s/{self.found.contents.station}/{stem}{each.name}"] = (f"{stem}{each.name}", each)
                wanted[f"{start}s/{self.found.contents.station}/{stem}{each.init_name}"] = (f"{stem}{each.init_name}", None)
        for name in sorted({*small, *wanted}):
            if name in small:
                yield name, small[name]
                continue
            path, film = wanted[name]
            try:
                data = self.below.read(path, MAX_MEDIA)
            except Unavailable:
                raise
            except KuaError:
                self.absent += film is not None
                continue
            if film is not None:
                if sha256(data).hex() != film.sha256:
                    raise Rejected("bundle.unfit", check=path, why="film.segment_altered")
                self.present[path.split("/")[1]].append(film)
            yield name, data
        for cam in self.present:
            self.present[cam].sort(key=lambda each: each.leaf)


class _Writer:
    """An archive as it grows. Names come in order; `close` writes the directory, `back` takes away what was written after a `mark`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries: list[Entry] = []
        self.sha512: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        """Add one file. Raises `Rejected` with the codes of `planned` when the archive is closed."""
        self.add_pieces(name, lambda: iter((data,)))

    def add_pieces(self, name: str, pieces: Callable[[], Iterable[bytes]]) -> None:
        """Add one file that is given twice in pieces: once to be measured, once to be written."""
        size = crc = 0
        sha = hashlib.sha512()
        for piece in pieces():
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            sha.update(piece)
        entry = Entry(name, size, crc, self._file.tell() + len(local_header(Entry(name, size, crc))))
        self._file.write(local_header(entry))
        for piece in pieces():
            self._file.write(piece)
        if self._file.tell() != entry.start + size:
            raise Rejected("bundle.source", check=name, why="log.answers_differ")
        self._entries.append(entry)
        self.sha512[name] = sha.hexdigest()

    def mark(self) -> tuple[int, int]:
        """Return where we are."""
        return self._file.tell(), len(self._entries)

    def back(self, mark: tuple[int, int]) -> None:
        """Go back to `mark`."""
        at, count = mark
        self._file.seek(at)
        self._file.truncate()
        del self._entries[count:]

    def close(self) -> None:
        """Write the directory and make the bytes durable."""
        laid = planned((entry.name, entry.size, entry.crc) for entry in self._entries)
        if list(laid) != self._entries:
            raise AssertionError([entry.name for entry in self._entries])
        self._file.write(directory(laid))
        self._file.flush()
        os.fsync(self._file.fileno())
