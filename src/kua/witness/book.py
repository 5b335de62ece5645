# SPDX-License-Identifier: Apache-2.0
"""The co-signer's memory, in one SQLite file: for each log the head that was co-signed last, all earlier ones, and what was refused.

A head is replaced only by compare-and-set inside one transaction, and is on disk before `advance` returns. Judges no signature.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self, final

from kua.core.digest import Digest
from kua.core.errors import Misused, Refused, Unavailable
from kua.proof.keys import VerifierKey

FILE: Final = "book.db"
FORMAT: Final = 1
MAX_PAST: Final = 20_000
"""Earlier heads that are kept of each log: a fortnight of one a minute."""
MAX_REFUSALS: Final = 1_000
"""Refusals that are kept; the oldest go first."""
MAX_LOGS: Final = 20_000

_SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE log (
  origin TEXT PRIMARY KEY, keys TEXT NOT NULL, size INTEGER, root BLOB, at INTEGER, note BLOB, count INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE past (
  origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL, PRIMARY KEY (origin, size)
) WITHOUT ROWID;
CREATE TABLE refusal (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, origin TEXT NOT NULL, size INTEGER NOT NULL, code TEXT NOT NULL, file TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The tree of a log that was co-signed last: when (seconds since 1970), and the note with the log's lines and ours."""

    size: int
    root: Digest
    at: int
    note: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """A log that this co-signer serves. `head` is None before the first co-signature; `count` is how many there were."""

    origin: str
    keys: tuple[VerifierKey, ...]
    head: Head | None
    count: int

    @property
    def size(self) -> int:
        """The size that whoever asks must name: zero before the first."""
        return self.head.size if self.head else 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A signed checkpoint that was not co-signed: why, and the name of the file where it is kept ("" where there is none)."""

    at: int
    origin: str
    size: int
    code: str
    file: str


@final
class Book:
    """The file, opened by one process. Every method may be called from any thread.

    After a commit of which nobody knows whether it is on disk the book is closed for good: what it says in memory may be wrong, and only
    opening it again shows what the disk holds.
    """

    def __init__(self, link: sqlite3.Connection) -> None:
        self._link, self._guard, self._broken = link, threading.RLock(), False

    @classmethod
    def make(cls, folder: Path, vkeys: Sequence[VerifierKey]) -> Self:
        """Make a new book for the keys `vkeys`. Raises `Misused("witness.exists")` if there is one."""
        path = folder / FILE
        if path.exists():
            raise Misused("witness.exists", folder=folder.name)
        book = cls(_connect(path, "rwc"))
        with book._change():
            for statement in _SCHEMA.split(";"):
                book._link.execute(statement)
            meta = {"format": str(FORMAT), "vkeys": _lines(vkeys), "generation": "0", "halted": ""}
            book._link.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
        return book

    @classmethod
    def open(cls, folder: Path, vkeys: Sequence[VerifierKey]) -> Self:
        """Open the book of the keys `vkeys`.

        Raises `Refused("witness.lost")` where keys are there and the book is not: what they have signed is then unknown, and they must never
        sign again. Raises `Refused("witness.other_book")` for a book of other keys, `Unavailable("witness.disk")`.
        """
        path = folder / FILE
        if not path.exists():
            raise Refused("witness.lost", folder=folder.name)
        book = cls(_connect(path, "rw"))
        meta = book._meta()
        if meta.get("format") != str(FORMAT) or meta.get("vkeys") != _lines(vkeys):
            book.close()
            raise Refused("witness.other_book", folder=folder.name)
        return book

    @property
    def generation(self) -> int:
        """How often a head was put in, over all logs: it only grows."""
        return int(self._meta()["generation"])

    @property
    def halted(self) -> str:
        """Why this co-signer signs nothing any more (a code); empty while it does."""
        return self._meta()["halted"]

    def halt(self, code: str) -> None:
        """Never sign again with this book."""
        with self._change():
            self._link.execute("UPDATE meta SET value = ? WHERE name = 'halted'", (code,))

    def add_log(self, origin: str, keys: Sequence[VerifierKey]) -> Known:
        """Serve the log `origin`, or let further keys sign for it. Raises `Misused("witness.too_many_logs")`."""
        with self._change():
            known = self._known(origin)
            together = tuple(dict.fromkeys((*(known.keys if known else ()), *keys)))
            if known is None and self._link.execute("SELECT count(*) FROM log").fetchone()[0] >= MAX_LOGS:
                raise Misused("witness.too_many_logs", most=MAX_LOGS)
            self._link.execute(
                "INSERT INTO log (origin, keys) VALUES (?, ?) ON CONFLICT (origin) DO UPDATE SET keys = excluded.keys",
                (origin, _lines(together)),
            )
        return Known(origin, together, known.head if known else None, known.count if known else 0)

    def log(self, origin: str) -> Known | None:
        """Return the log called `origin`, or None."""
        with self._reading():
            return self._known(origin)

    def logs(self) -> list[Known]:
        """Return all logs, in the order of their names."""
        with self._reading():
            return [_row(row) for row in self._link.execute(_LOGS + " ORDER BY origin")]

    def at(self, origin: str, size: int) -> Head | None:
        """Return the head of that size that was co-signed once, if it is still kept."""
        with self._reading():
            row = self._link.execute("SELECT size, root, 0, note FROM past WHERE origin = ? AND size = ?", (origin, size)).fetchone()
        return Head(row[0], Digest(row[1]), row[2], row[3]) if row else None

    def advance(self, origin: str, was: Head | None, now: Head) -> int | None:
        """Put `now` in the place of `was` if that is still the log's head; durable on return. Return the new generation, None if it is not.

        Raises `Unavailable("witness.disk")`: then nothing may be answered, and after a failed commit the book is closed.
        """
        with self._change():
            changed = self._link.execute(
                "UPDATE log SET size = ?, root = ?, at = ?, note = ?, count = count + 1 WHERE origin = ? AND size IS ? AND root IS ?",
                (now.size, now.root, now.at, now.note, origin, was.size if was else None, was.root if was else None),
            ).rowcount
            if changed != 1:
                return None
            self._link.execute("INSERT OR REPLACE INTO past VALUES (?, ?, ?, ?)", (origin, now.size, now.root, now.note))
            self._link.execute(
                "DELETE FROM past WHERE origin = ? AND size <= (SELECT size FROM past WHERE origin = ? ORDER BY size DESC LIMIT 1 OFFSET ?)",
                (origin, origin, MAX_PAST),
            )
            self._link.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'generation'")
            return int(self._link.execute("SELECT value FROM meta WHERE name = 'generation'").fetchone()[0])

    def refuse(self, refusal: Refusal) -> None:
        """Remember what was refused."""
        with self._change():
            self._link.execute(
                "INSERT INTO refusal (at, origin, size, code, file) VALUES (?, ?, ?, ?, ?)",
                (refusal.at, refusal.origin, refusal.size, refusal.code, refusal.file),
            )
            self._link.execute("DELETE FROM refusal WHERE id <= (SELECT max(id) FROM refusal) - ?", (MAX_REFUSALS,))

    def refusals(self, most: int) -> list[Refusal]:
        """Return the newest refusals, newest first."""
        with self._reading():
            rows = self._link.execute("SELECT at, origin, size, code, file FROM refusal ORDER BY id DESC LIMIT ?", (most,)).fetchall()
        return [Refusal(*row) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            self._link.close()

    def _known(self, origin: str) -> Known | None:
        row = self._link.execute(_LOGS + " WHERE origin = ?", (origin,)).fetchone()
        return _row(row) if row else None

    def _meta(self) -> dict[str, str]:
        with self._reading():
            return dict(self._link.execute("SELECT name, value FROM meta").fetchall())

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._guard:
            if self._broken:
                raise Unavailable("witness.disk", why="an earlier write failed")
            try:
                yield
            except sqlite3.Error as error:
                raise Unavailable("witness.disk", why=str(error)) from error

    @contextmanager
    def _change(self) -> Iterator[None]:
        """One transaction: all of it is on disk at the end, or nothing of it."""
        with self._reading():
            self._link.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._undo()
                raise
            try:
                self._link.execute("COMMIT")
            except sqlite3.Error:
                self._broken = True  # it may be on disk or not: only a new start can tell
                raise

    def _undo(self) -> None:
        try:
            if self._link.in_transaction:
                self._link.execute("ROLLBACK")
        except sqlite3.Error:
            self._broken = True


_LOGS: Final = "SELECT origin, keys, size, root, at, note, count FROM log"


def _row(row: Sequence[object]) -> Known:
    origin, keys, size, root, at, note, count = row
    assert isinstance(origin, str)
    assert isinstance(keys, str)
    assert isinstance(count, int)
    head = None
    if isinstance(size, int):
        assert isinstance(root, bytes)
        assert isinstance(at, int)
        assert isinstance(note, bytes)
        head = Head(size, Digest(root), at, note)
    return Known(origin, tuple(map(VerifierKey.parse, keys.splitlines())), head, count)


def _lines(keys: Sequence[VerifierKey]) -> str:
    return "\n".join(map(str, keys))


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open the file so that a commit is on disk when it returns, and read back that it will be.

    A disk that fails once at the right moment makes SQLite stay in another journal mode without a word, so what it says is not believed.
    """
    try:
        link = sqlite3.connect(f"file:{_quoted(path)}?mode={mode}", uri=True, check_same_thread=False, isolation_level=None, timeout=10)
        held = [link.execute(f"PRAGMA {pragma}").fetchone() for pragma in ("journal_mode=WAL", "journal_mode")]
        link.execute("PRAGMA synchronous=FULL")
        held.append(link.execute("PRAGMA synchronous").fetchone())
    except sqlite3.Error as error:
        raise Unavailable("witness.disk", why=str(error)) from error
    if held != [("wal",), ("wal",), (2,)]:
        link.close()
        raise Unavailable("witness.disk", why=f"journal {held}")
    return link


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
