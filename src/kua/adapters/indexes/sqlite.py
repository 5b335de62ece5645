# SPDX-License-Identifier: Apache-2.0
"""The port `Index` in one SQLite file in WAL mode, by SQLAlchemy Core. Several processes may open it; one of them is the centre."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, final

import sqlalchemy as sql
from sqlalchemy.dialects.sqlite import insert

from kua.core.errors import Refused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.ports.index import Code, Enrolled, Piece

_TABLES = sql.MetaData()
_CODE = sql.Table(
    "code", _TABLES,
    sql.Column("sha256", sql.Text, primary_key=True), sql.Column("station", sql.Text, nullable=False),
    sql.Column("made_at", sql.Integer, nullable=False), sql.Column("vkey", sql.Text, nullable=False),
)
_STATION = sql.Table(
    "station", _TABLES,
    sql.Column("station", sql.Text, primary_key=True), sql.Column("vkey", sql.Text, nullable=False),
    sql.Column("certificate", sql.Integer, nullable=False), sql.Column("at", sql.Integer, nullable=False),
)
_PIECE = sql.Table(
    "piece", _TABLES,
    sql.Column("station", sql.Text, primary_key=True), sql.Column("sha256", sql.Text, primary_key=True),
    sql.Column("size", sql.Integer, nullable=False), sql.Column("received_at", sql.Integer, nullable=False),
    sql.Column("published_at", sql.Integer),
    sqlite_with_rowid=False,
)
_HEARD = sql.Table(
    "heard", _TABLES, sql.Column("station", sql.Text, primary_key=True), sql.Column("at", sql.Integer, nullable=False)
)


@final
class SqliteIndex:
    """The port `Index`. `synchronous=NORMAL`: a power cut may lose the last rows, never damage the file; what was lost is made again from the
    store and the logs when the centre starts. Codes and enrolments are few and are synced.
    """

    def __init__(self, path: Path) -> None:
        self._engine = sql.create_engine(
            f"sqlite:///{path}", poolclass=sql.StaticPool, connect_args={"check_same_thread": False, "timeout": 10}
        )
        self._link = self._engine.connect()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000"):
            self._link.exec_driver_sql(f"PRAGMA {pragma}")
        _TABLES.create_all(self._link)
        self._link.commit()

    def add_code(self, code: Code) -> None:
        """Keep the port's promise."""
        self._do(sql.insert(_CODE).values(sha256=code.sha256, station=code.station, made_at=code.made_at, vkey=code.vkey))

    def code(self, sha256: str) -> Code | None:
        """Return the code with this hash, or None."""
        row = self._row(sql.select(_CODE).where(_CODE.c.sha256 == sha256))
        return None if row is None else Code(row.sha256, row.station, Instant(row.made_at), row.vkey)

    def use_code(self, sha256: str, vkey: str) -> Code:
        """Bind a code to a key. Raises `Rejected("enrol.code_unknown")`, `Refused("enrol.code_used")` for another key than the first."""
        self._do(sql.update(_CODE).where(_CODE.c.sha256 == sha256, _CODE.c.vkey.in_(["", vkey])).values(vkey=vkey))
        code = self.code(sha256)
        if code is None:
            raise Rejected("enrol.code_unknown")
        if code.vkey != vkey:
            raise Refused("enrol.code_used", station=code.station)
        return code

    def enrol(self, enrolled: Enrolled) -> None:
        """Keep the port's promise; the same station again replaces the row."""
        values: dict[str, Any] = {
            "station": enrolled.station, "vkey": enrolled.vkey, "certificate": enrolled.certificate, "at": enrolled.at,
        }
        self._do(insert(_STATION).values(values).on_conflict_do_update(index_elements=["station"], set_=values))

    def enrolled(self) -> Sequence[Enrolled]:
        """Return all stations whose keys are known."""
        rows = self._link.execute(sql.select(_STATION).order_by(_STATION.c.station)).all()
        self._link.commit()
        return [Enrolled(row.station, row.vkey, row.certificate, Instant(row.at)) for row in rows]

    def received(self, pieces: Iterable[Piece]) -> None:
        """Keep the port's promise: one commit for all of them; a piece that is known already stays as it is."""
        rows = [
            {"station": p.station, "sha256": p.sha256, "size": p.size, "received_at": p.received_at, "published_at": p.published_at}
            for p in pieces
        ]
        if rows:
            self._do(_ADD_PIECE, rows)

    def published(self, station: str, digests: Iterable[str], at: Instant | None) -> None:
        """Note when pieces became public (None: they are not any more)."""
        rows = [{"of": station, "digest": digest, "at": at} for digest in digests]
        if rows:
            self._do(_SET_PUBLISHED, rows)

    def pieces(self, station: str) -> Sequence[Piece]:
        """Return what has arrived from `station`."""
        rows = self._link.execute(sql.select(_PIECE).where(_PIECE.c.station == station)).all()
        self._link.commit()
        return [
            Piece(r.station, r.sha256, r.size, Instant(r.received_at), None if r.published_at is None else Instant(r.published_at)) for r in rows
        ]

    def heard(self, station: str, at: Instant) -> None:
        """Note when `station` was last heard."""
        self._do(insert(_HEARD).values(station=station, at=at).on_conflict_do_update(index_elements=["station"], set_={"at": at}))

    def last_heard(self, station: str) -> Instant | None:
        """Return when `station` was last heard, or None."""
        row = self._row(sql.select(_HEARD.c.at).where(_HEARD.c.station == station))
        return None if row is None else Instant(row.at)

    def close(self) -> None:
        """Let go of the file."""
        self._link.close()
        self._engine.dispose()

    def _do(self, statement: sql.Executable, rows: list[dict[str, Any]] | None = None) -> None:
        try:
            self._link.execute(statement, rows)
            self._link.commit()
        except sql.exc.OperationalError as error:  # full or sick disk, or another process holds it too long
            self._link.rollback()
            raise Unavailable("index.failed", why=type(error.orig).__name__) from error

    def _row(self, statement: sql.Select[Any]) -> Any:
        row = self._link.execute(statement).first()
        self._link.commit()
        return row


_ADD_PIECE = insert(_PIECE).on_conflict_do_nothing()
_SET_PUBLISHED = (
    sql.update(_PIECE)
    .where(_PIECE.c.station == sql.bindparam("of"), _PIECE.c.sha256 == sql.bindparam("digest"))
    .values(published_at=sql.bindparam("at"))
)
