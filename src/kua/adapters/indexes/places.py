# SPDX-License-Identifier: Apache-2.0
"""The port `Places` in one SQLite file in WAL mode, by SQLAlchemy Core: a row for each leaf of the national log, found by station and state."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import Any, Final, final

import sqlalchemy as sql

from kua.core.errors import Unavailable
from kua.ports.index import Placed

PAGE: Final = 64
"""Rows that are read at once while somebody looks for a state."""

_TABLES = sql.MetaData()
_PLACED = sql.Table(
    "placed", _TABLES,
    sql.Column("index", sql.Integer, primary_key=True, autoincrement=False), sql.Column("station", sql.Text, nullable=False),
    sql.Column("kind", sql.Text, nullable=False), sql.Column("size", sql.Integer, nullable=False), sql.Column("latest", sql.Integer),
    sql.Index("by_station", "station", "kind", "size"),
)
_TIP = sql.Table("tip", _TABLES, sql.Column("count", sql.Integer, nullable=False), sql.Column("hash", sql.Text, nullable=False))


@final
class SqlitePlaces:
    """The port `Places`. `synchronous=NORMAL`: a power cut may lose the last rows, which are then added again; rows and tip change together."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, RLock()
        try:
            self._open()
        except sql.exc.OperationalError as error:
            raise Unavailable("index.failed", why=type(error.orig).__name__) from error
        except sql.exc.DatabaseError:  # no database, or a damaged one: it is made again from the log
            self._begin_anew()

    def _open(self) -> None:
        self._engine = sql.create_engine(
            f"sqlite:///{self._path}", poolclass=sql.StaticPool, connect_args={"check_same_thread": False, "timeout": 10}
        )
        self._link = self._engine.connect()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
            self._link.exec_driver_sql(f"PRAGMA {pragma}")
        _TABLES.create_all(self._link)
        self._link.commit()

    def _begin_anew(self) -> None:
        try:
            self._engine.dispose()
            for ending in ("", "-wal", "-shm"):
                Path(f"{self._path}{ending}").unlink(missing_ok=True)
            self._open()
        except (OSError, sql.exc.DatabaseError) as error:
            raise Unavailable("index.failed", why=type(error).__name__) from error

    def add(self, placed: Sequence[Placed], tip: str) -> None:
        """Keep the port's promise: one commit for all of them."""
        rows = [
            {"index": each.index, "station": each.station, "kind": each.kind, "size": each.size, "latest": each.latest} for each in placed
        ]
        if rows:
            self._do((sql.insert(_PLACED), rows), (sql.delete(_TIP), None), (sql.insert(_TIP), [{"count": placed[-1].index + 1, "hash": tip}]))

    def count(self) -> int:
        """Return how many leaves are placed."""
        return int(self._row(sql.select(_TIP.c.count), 0))

    def tip(self) -> str:
        """Return the leaf hash (hex) of the last placed leaf, empty before the first."""
        return str(self._row(sql.select(_TIP.c.hash), ""))

    def forget(self) -> None:
        """Forget everything: a new file, whatever the old one was."""
        with self._lock:
            self._link.close()
            self._begin_anew()

    def of(self, station: str, kinds: Sequence[str]) -> Sequence[int]:
        """Return where the leaves of these types stand that speak of `station`, in order."""
        wanted = sql.select(_PLACED.c.index).where(_PLACED.c.station == station, _PLACED.c.kind.in_(kinds)).order_by(_PLACED.c.index)
        return [row.index for row in self._rows(wanted)]

    def states(self, station: str, least: int, below: int, *, newest_first: bool = False) -> Iterator[int]:
        """Keep the port's promise, a page at a time."""
        order = [_PLACED.c.size, _PLACED.c.index]
        wanted = (
            sql.select(_PLACED.c.index)
            .where(_PLACED.c.station == station, _PLACED.c.kind == "station_checkpoint", _PLACED.c.size >= least, _PLACED.c.index < below)
            .order_by(*[column.desc() for column in order] if newest_first else order)
        )
        for start in range(0, 2**31, PAGE):
            page = self._rows(wanted.limit(PAGE).offset(start))
            yield from (row.index for row in page)
            if len(page) < PAGE:
                return

    def latest(self, size: int) -> int | None:
        """Return the leaf with the latest time among the first `size`."""
        found = self._row(sql.select(_PLACED.c.latest).where(_PLACED.c.index == size - 1), None)
        return None if found is None else int(found)

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()
        self._engine.dispose()

    def _do(self, *steps: tuple[sql.Executable, list[dict[str, Any]] | None]) -> None:
        with self._lock:
            try:
                for statement, rows in steps:
                    self._link.execute(statement, rows)
                self._link.commit()
            except sql.exc.DatabaseError as error:  # full or sick disk, a damaged file, or another process holds it too long
                self._link.rollback()
                raise Unavailable("index.failed", why=type(error.orig).__name__) from error

    def _rows(self, statement: sql.Select[Any]) -> Sequence[Any]:
        with self._lock:
            try:
                rows = self._link.execute(statement).all()
                self._link.commit()
            except sql.exc.DatabaseError as error:
                self._link.rollback()
                raise Unavailable("index.failed", why=type(error.orig).__name__) from error
            return rows

    def _row(self, statement: sql.Select[Any], otherwise: Any) -> Any:
        rows = self._rows(statement)
        return rows[0][0] if rows else otherwise
