# SPDX-License-Identifier: Apache-2.0
"""The outbox: which files are owed to the centre, and the receipts for those that are not (SQLite, WAL, synchronous FULL).

Every row can be made again from the log and the folder, so a lost or damaged outbox costs only sending twice. Holds no film.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Final, Literal, Self, final

from kua.core.digest import Digest
from kua.core.errors import Unavailable
from kua.core.instant import Instant
from kua.flow.spool import Owed
from kua.station.holds import Hold

Kind = Literal["segment", "init", "calibration", "note", "signers", "live", "live_init"]
"""`live`: a lowered segment, which is sent at once in the place of the segment of the same camera and `t0`, and of no use once that is there."""

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS file (
  digest BLOB PRIMARY KEY, path TEXT NOT NULL, size INTEGER NOT NULL, kind TEXT NOT NULL, cam TEXT NOT NULL, t0 INTEGER NOT NULL,
  needs BLOB, receipt BLOB, received_at INTEGER, removed INTEGER NOT NULL DEFAULT 0, refused TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS owed ON file (t0) WHERE receipt IS NULL;
CREATE INDEX IF NOT EXISTS preview ON file (t0) WHERE kind = 'live' AND removed = 0;
CREATE INDEX IF NOT EXISTS reapable ON file (t0) WHERE receipt IS NOT NULL AND removed = 0;
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One file. `path` is relative to the box; `t0` orders; `needs` is the init segment that must be there first."""

    digest: Digest
    path: str
    size: int
    kind: Kind
    cam: str
    t0: Instant
    needs: Digest | None = None

    def owed(self) -> Owed:
        """The row as the decider sees it."""
        is_lowered = self.kind in {"live", "live_init"}
        first = not is_lowered and self.kind not in {"segment", "init"}
        return Owed(self.digest, self.size, self.t0, first=first, needs=self.needs, is_lowered=is_lowered)


@dataclass(frozen=True, slots=True)
class Summary:
    """What people want to know of the queue."""

    files: int
    size: int
    oldest: Instant | None
    refused: int
    received: int
    last_receipt: Instant | None


@final
class Outbox:
    """The rows. Safe to use from several threads; every change is durable on return. Raises `Unavailable("disk.*" | "spool.busy")`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._guard = RLock()
        self.beside: Outbox | None = None
        """The outbox of a second centre: film goes from here only when both have it."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the outbox. A damaged one is put aside under another name and made anew: the log says again what is owed."""
        try:
            return cls._opened(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise _unavailable(error) from error
            for suffix in ("", "-wal", "-shm"):
                damaged = path.with_name(path.name + suffix)
                if damaged.exists():
                    damaged.replace(path.with_name(f"{path.name}{suffix}.damaged"))
            return cls._opened(path)

    @classmethod
    def _opened(cls, path: Path) -> Self:
        connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            connection.execute("PRAGMA synchronous = FULL")
            held = (mode, connection.execute("PRAGMA journal_mode").fetchone(), connection.execute("PRAGMA synchronous").fetchone())
            if held != (("wal",), ("wal",), (2,)):  # a disk that fails at the right moment makes SQLite stay in another mode without a word
                raise sqlite3.OperationalError(f"journal {held}")
            connection.executescript(_TABLE)
            connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return cls(connection)

    @classmethod
    def look(cls, path: Path) -> Self | None:
        """Open an outbox only to read it, beside the agent that writes it; None if there is none yet."""
        if not path.exists():
            return None
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10, isolation_level=None, check_same_thread=False)
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'file'").fetchone() is None:
            connection.close()
            return None
        return cls(connection)

    def add(self, rows: Iterable[Row]) -> None:
        """Note files as owed; those that are known stay as they are. Film is never taken for the lowered segment that had the same bytes before it."""
        with self._changing() as db:
            db.executemany(
                "INSERT INTO file (digest, path, size, kind, cam, t0, needs) VALUES (?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (digest) DO UPDATE SET path = excluded.path, kind = excluded.kind, cam = excluded.cam, t0 = excluded.t0, needs = excluded.needs,"
                " removed = 0 WHERE file.kind = 'live' AND excluded.kind = 'segment'",
                [(row.digest, row.path, row.size, row.kind, row.cam, row.t0, row.needs) for row in rows],
            )

    def owed(self) -> list[Row]:
        """Return what has no receipt, newest first; but not what was spared the centre."""
        with self._reading() as db:
            found = db.execute(
                "SELECT digest, path, size, kind, cam, t0, needs FROM file WHERE receipt IS NULL AND removed = 0 ORDER BY t0 DESC"
            )
            return [_row(each) for each in found]

    def row(self, digest: Digest) -> Row | None:
        """Return the row of `digest`."""
        with self._reading() as db:
            found = db.execute("SELECT digest, path, size, kind, cam, t0, needs FROM file WHERE digest = ?", (digest,)).fetchone()
            return _row(found) if found else None

    def rows(self) -> list[Row]:
        """Return every row, oldest first."""
        with self._reading() as db:
            return [_row(each) for each in db.execute("SELECT digest, path, size, kind, cam, t0, needs FROM file ORDER BY t0, path")]

    def known(self) -> set[bytes]:
        """Return the digests of all rows."""
        with self._reading() as db:
            return {digest for (digest,) in db.execute("SELECT digest FROM file")}

    def received(self, digest: Digest, receipt: bytes, at: Instant) -> list[Row]:
        """Keep the centre's receipt, whose signature has been checked: from now on the local copy may go. Return the lowered segments of which that makes
        an end: they are owed no more, and their local copies may go too.
        """
        with self._changing() as db:
            db.execute("UPDATE file SET receipt = ?, received_at = ?, refused = NULL WHERE digest = ?", (receipt, at, digest))
            idle = db.execute(
                "SELECT live.digest, live.path, live.size, live.kind, live.cam, live.t0, live.needs FROM file AS film JOIN file AS live"
                " ON film.kind = 'segment' AND live.kind = 'live' AND live.removed = 0 AND film.cam = live.cam AND film.t0 = live.t0 WHERE film.digest = ?",
                (digest,),
            ).fetchall()
            db.executemany("UPDATE file SET removed = 1 WHERE digest = ?", [each[:1] for each in idle])
        return [_row(each) for each in idle]

    def receipt(self, digest: Digest) -> bytes | None:
        """Return the receipt for `digest`, None if there is none yet."""
        with self._reading() as db:
            found = db.execute("SELECT receipt FROM file WHERE digest = ?", (digest,)).fetchone()
            return found[0] if found else None

    def refused(self, digest: Digest, code: str) -> None:
        """Note why the centre does not take the file; it stays owed."""
        with self._changing() as db:
            db.execute("UPDATE file SET refused = ? WHERE digest = ?", (code, digest))

    def oldest_received(self, held: Sequence[Hold] = ()) -> Row | None:
        """Return the oldest segment that has a receipt, is still here and is not `held`: the only film that may be deleted for space."""
        with self._reading() as db:
            found = db.execute(
                "SELECT digest, path, size, kind, cam, t0, needs FROM file"
                " WHERE receipt IS NOT NULL AND removed = 0 AND kind = 'segment' ORDER BY t0"
            )
            rows = map(_row, found)
            return next((row for row in rows if self._is_there_too(row.digest) and not any(hold.covers(row.cam, row.t0) for hold in held)), None)

    def _is_there_too(self, digest: Digest) -> bool:
        return self.beside is None or self.beside.receipt(digest) is not None

    def oldest_preview(self) -> Row | None:
        """Return the oldest lowered segment that is still here, sent or not: what a full disk sacrifices first, for the film itself lies beside it."""
        with self._reading() as db:
            found = db.execute(
                "SELECT digest, path, size, kind, cam, t0, needs FROM file WHERE kind = 'live' AND removed = 0 ORDER BY t0 LIMIT 1"
            ).fetchone()
            return _row(found) if found else None

    def spare(self, digest: Digest) -> None:
        """Note that a lowered segment is owed no more and its local copy may go, with a receipt or without one. Anything else stays as it is."""
        with self._changing() as db:
            db.execute("UPDATE file SET removed = 1 WHERE digest = ? AND kind = 'live'", (digest,))

    def is_spared(self, digest: Digest) -> bool:
        """Whether `digest` is a lowered segment that is owed no more."""
        with self._reading() as db:
            return db.execute("SELECT 1 FROM file WHERE digest = ? AND kind = 'live' AND removed = 1", (digest,)).fetchone() is not None

    def removed(self, digest: Digest) -> None:
        """Note that the local copy is about to be deleted."""
        with self._changing() as db:
            db.execute("UPDATE file SET removed = 1 WHERE digest = ? AND receipt IS NOT NULL", (digest,))

    def gone(self) -> set[bytes]:
        """Return the digests whose local copy was deleted after their receipt."""
        with self._reading() as db:
            return {digest for (digest,) in db.execute("SELECT digest FROM file WHERE removed = 1")}

    def summary(self) -> Summary:
        """Add up the queue."""
        with self._reading() as db:
            owed = "SELECT count(*), coalesce(sum(size), 0), min(t0), count(refused) FROM file WHERE receipt IS NULL AND removed = 0"
            files, size, oldest, refused = db.execute(owed).fetchone()
            received, last = db.execute("SELECT count(*), max(received_at) FROM file WHERE receipt IS NOT NULL").fetchone()
        return Summary(files, size, oldest, refused, received, last)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            try:
                yield self._connection
            except sqlite3.OperationalError as error:
                raise _unavailable(error) from error


def _unavailable(error: sqlite3.Error) -> Unavailable:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return Unavailable("disk.full", path="spool.sqlite")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Unavailable("spool.busy")
        case _:
            return Unavailable("disk.failed", path="spool.sqlite", why=str(error)[:80])


def _row(found: tuple[bytes, str, int, Kind, str, int, bytes | None]) -> Row:
    digest, path, size, kind, cam, t0, needs = found
    return Row(Digest(digest), path, size, kind, cam, Instant(t0), Digest(needs) if needs else None)
