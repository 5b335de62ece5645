# SPDX-License-Identifier: Apache-2.0
"""`kua courier`: composes what is carried by hand. At a station: pack, and take receipts; at a centre: load."""

import secrets
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import segno
import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.loglook import LogLook
from kua.adapters.tilelog import DiskLog
from kua.app.closing import closed_at
from kua.app.hours import hour_keys
from kua.app.settings import load_election, load_station
from kua.core.digest import sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, Misused, Refused, Unavailable
from kua.core.instant import rfc3339
from kua.core.nouns import station_id, station_origin
from kua.ports.clock import Clock
from kua.proof.courier import MOST_SEALS, ROLES, Sheet, is_seal
from kua.reports.typeset import typeset
from kua.station.courier import RECEIPTS, Packed, Packing, Tell, require_medium, take_receipts
from kua.station.custody import write_request
from kua.station.enrol import read_enrolled, station_key
from kua.station.journal import Journal
from kua.station.spool import Outbox
from kua.words.custody import CUSTODY
from kua.words.speak import LANGUAGES

_LOOK: Final = 0.2
_say = structlog.get_logger("kua.courier")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the person who packs says: numbers of seals and the functions of two people."""

    seals: tuple[str, ...] = ()
    handed_by: str = ""
    taken_by: str = ""

    def require_sound(self) -> None:
        """Raise `Misused("courier.seal" | "courier.role")` for what may not stand on a sheet."""
        for seal in self.seals:
            if not is_seal(seal):
                raise Misused("courier.seal", given=seal[:40])
        if len(self.seals) > MOST_SEALS:
            raise Misused("courier.seal", given=str(len(self.seals)))
        for role in (self.handed_by, self.taken_by):
            if role and role not in ROLES:
                raise Misused("courier.role", given=role[:40], known=", ".join(ROLES))


def pack(box: Path, medium: Path, asked: Asked, patience: float, tell: Tell, clock: Clock | None = None) -> tuple[Packed, bool]:
    """Pack what the box owes onto `medium`, with a running agent or without one; return what was packed, and whether the log says so (`custody`).

    Receipts that lie there from the last way are taken first. Raises `Misused("courier.*")`, `Incomplete("courier.no_medium" | "station.*")`,
    `Unavailable("disk.*")`.
    """
    asked.require_sound()
    require_medium(medium)
    clock = clock or SystemClock()
    station = load_station(box)
    election, _ = load_election(box, station)
    origin = station_origin(election.domain, election.id, station_id(station.id))
    key = station_key(box, origin)
    outbox = Outbox.look(box / "spool.sqlite")
    if outbox is None:
        raise Incomplete("fsck.no_log", box=box.name)
    files = DurableFiles()
    packing = Packing(box, medium, election.id, station.id, files, key, secrets.token_hex(4))
    try:
        came = files.read(packing.folder / RECEIPTS)
        if came:
            receipts(box, packing.folder / RECEIPTS)
        log = LogLook(box / "log", origin, key.verifier)
        owed = outbox.owed()
    finally:
        outbox.close()
    packing.film(owed, sum(map(len, log.entries(0, log.size))), tell)
    sheet = packing.sheet(clock.now(), clock.trust(), log.size, origin, asked.seals, asked.handed_by, asked.taken_by)
    stated = _state(box, origin, sheet, patience)
    log = LogLook(box / "log", origin, key.verifier)
    return packing.finish(log, sheet, lambda note: papers(election, sheet, note)), stated


def receipts(box: Path, file: Path) -> tuple[int, int]:
    """Take in receipts that came back; return how many were new and how many do not hold. Raises `Rejected("courier.receipts")`, `Misused("courier.no_file")`."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Misused("courier.no_file", file=file.name) from error
    enrolled = read_enrolled(box)
    outbox = Outbox.open(box / "spool.sqlite")
    try:
        return take_receipts(data, outbox, enrolled.centre, enrolled.origin, SystemClock().now())
    finally:
        outbox.close()


def _state(box: Path, origin: str, sheet: Sheet, patience: float) -> bool:
    """State in the log that this was packed: by the running agent, or here if none runs. False where the day is closed, or the agent has not answered yet."""
    if closed_at(box) is not None:
        return False
    try:
        log = DiskLog.open(box / "log", origin, station_key(box, origin))
    except Refused as error:
        if error.code != "log.locked":
            raise
        return _ask(box, sheet, patience)
    try:
        journal = Journal(log, SystemClock(), "00000000", hour_keys(box))
        if not journal.is_open:
            return False
        journal.custody(sheet.pack, sha256(sheet.to_bytes()), sheet.entries, sheet.files, sheet.size)
    finally:
        log.close()
    return True


def _ask(box: Path, sheet: Sheet, patience: float) -> bool:
    path = write_request(box, DurableFiles(), sheet)
    waiting = threading.Event()
    for _ in range(int(patience / _LOOK)):
        waiting.wait(_LOOK)
        if not path.exists():
            return True
    return False


def papers(election: Election, sheet: Sheet, note: bytes) -> dict[str, bytes]:
    """Return the sheet for people: as a PDF where its library is installed, and as plain text always."""
    made = {"sheet.txt": _plain(election, sheet).encode()}
    if find_spec("typst"):
        try:
            made["sheet.pdf"] = custody_paper(election, sheet, note)
        except Unavailable as error:  # the film must travel all the same
            _say.warning("courier.paper", code=error.code)
    return made


def custody_paper(election: Election, sheet: Sheet, note: bytes) -> bytes:
    """Return the sheet as a PDF with the signed note as a QR code. The same sheet makes the same bytes. Raises `Unavailable("report.*")`."""
    moment = datetime.fromtimestamp(sheet.at // 1000, UTC)
    drawn = BytesIO()
    segno.make(note.decode(), error="m", micro=False, mode="byte").save(drawn, kind="svg", scale=4, border=4)
    data = {
        "name": f"kua {sheet.station} {sheet.pack}",
        "date": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "qr": drawn.getvalue().decode(),
        "note": f"kua/courier/v1 {sheet.pack}",
        "parts": [_part(election, sheet, language) for language in LANGUAGES],
    }
    return typeset("custody", data, {"sheet.json": sheet.to_bytes().decode(), "manifest.note": note.decode()}, sheet.at // 1000)


def _part(election: Election, sheet: Sheet, language: str) -> dict[str, Any]:
    words = CUSTODY[language]
    hands = zip(words["hands"], (sheet.handed_by, sheet.taken_by), strict=True)
    return {
        "lang": language,
        "title": words["title"],
        "facts": _facts(election, sheet, language),
        "hands": [[hand, words["roles"][role]] for hand, role in hands],
        "hand_columns": list(words["hand_columns"]),
        "how": words["how"],
    }


def _facts(election: Election, sheet: Sheet, language: str) -> list[list[str]]:
    words = CUSTODY[language]
    values = {
        "election": f"{election.titles.said_in(language)} ({sheet.election})",
        "station": f"{election.station(sheet.station).titles.said_in(language)} ({sheet.station})",
        "pack": sheet.pack,
        "at": rfc3339(sheet.at),
        "trust": words["trusts"][sheet.trust],
        "entries": str(sheet.entries),
        "files": str(sheet.files),
        "size": str(sheet.size),
        "left": str(sheet.left),
        "sheet": sha256(sheet.to_bytes()).hex(),
        "seals": ", ".join(sheet.seals) or words["none"],
    }
    return [[words["facts"][field], value] for field, value in values.items()]


def _plain(election: Election, sheet: Sheet) -> str:
    parts = []
    for language in LANGUAGES:
        words = CUSTODY[language]
        lines = [words["title"], "", *(f"{name}: {value}" for name, value in _facts(election, sheet, language)), ""]
        lines += [f"{hand}: {words['roles'][role]} ____________________" for hand, role in zip(words["hands"], (sheet.handed_by, sheet.taken_by), strict=True)]
        parts.append("\n".join([*lines, "", words["how"]]))
    return "\n\n----\n\n".join(parts) + "\n"
