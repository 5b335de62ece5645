# SPDX-License-Identifier: Apache-2.0
"""What `kua station check` and `kua station fsck` look at: the box as it stands, beside a running agent or without one. Changes nothing
unless told to mend.
"""

import json
from pathlib import Path
from typing import Any, Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app import calibrations, census, listen_files
from kua.app.census_watch import looked_at, standing
from kua.app.closing import closed_at
from kua.app.settings import StationSettings, load_election, load_station
from kua.core.errors import Incomplete, KuaError, Misused
from kua.core.instant import Instant
from kua.core.nouns import station_id, station_origin
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.note import parse_note
from kua.station.enrol import read_enrolled, station_key
from kua.station.fsck import LEVELS, Finding, Level, check, mend
from kua.station.spool import Outbox

STALE: Final = 20_000
"""A status older than this (ms) means that no agent runs."""


def look(box: Path) -> dict[str, Any]:
    """Return how the box stands: is it running, what is owed, what the centre has, each camera, who vouches for the clock."""
    station = load_station(box)
    clock = SystemClock()
    status = _status(box)
    runs = status is not None and clock.now() - int(status["at"]) < STALE and status["state"] != "stopped"
    body: dict[str, Any] = {
        "station": station.id,
        "running": runs,
        "state": status["state"] if status and runs else "stopped",
        "phase": status["phase"] if status and runs else None,
        "trust": status["trust"] if status and runs else clock.trust(),
        "enrolled": (box / "enrolment.json").exists(),
        "log_size": _log_size(box),
        "free_bytes": DurableFiles().free(box),
        "cameras": status["cameras"] if status else {camera.id: {"state": "off"} for camera in station.cameras},
        "calibrations": _calibrations(box, station),
        "census": _census(box),
        "alarms": [{"kind": raised.kind, "cam": raised.cam or None, "address": raised.address} for raised in standing(box)],
        "alarms_at": looked_at(box),
        "closed_at": closed_at(box),
        "listen": _listen(box),
        "live": status.get("live") if status and runs else None,
        "centre": status["centre"] if status else None,
        "second": status.get("second") if status else None,
        "health": status.get("health") if status and runs else None,
        "faults": status.get("faults", []) if status and runs else [],
        "disk": status.get("disk", []) if status and runs else [],
        "queue": {"files": 0, "bytes": 0, "oldest": None, "refused": 0, "received": 0, "last_receipt": None},
    }
    body["off_in_window"] = (
        _should_record(box, station, clock.now())
        and not body["closed_at"]
        and (not runs or any(camera["state"] == "off" for camera in body["cameras"].values()))
    )
    outbox = Outbox.look(box / "spool.sqlite")
    if outbox is not None:
        try:
            said = outbox.summary()
        finally:
            outbox.close()
        body["queue"] = {
            "files": said.files,
            "bytes": said.size,
            "oldest": said.oldest,
            "refused": said.refused,
            "received": said.received,
            "last_receipt": said.last_receipt,
        }
    return body


def _listen(box: Path) -> dict[str, Any] | None:
    """Return where observers' telephones are answered and how many were let in; None while nobody listens."""
    told = listen_files.told(box)
    return None if told is None else {"address": told.host, "port": told.port, "admitted": len(listen_files.admitted(box))}


def _calibrations(box: Path, station: StationSettings) -> dict[str, str | None]:
    """Return for each camera the code of what its calibration lacks, None where it is good. An election file that is not there yet is said once."""
    found: dict[str, str | None] = {}
    for camera in station.cameras:
        try:
            calibrations.load(box, camera.id)
            found[camera.id] = None
        except KuaError as error:
            found[camera.id] = error.code
    return found


def _census(box: Path) -> str | None:
    """Return the code of the first thing that the census of cameras lacks, None where it makes the station ready."""
    try:
        lacks = census.stand(box)["lacks"]
    except KuaError as error:
        return error.code
    return str(lacks[0]["code"]) if lacks else None


def _should_record(box: Path, station: StationSettings, now: Instant) -> bool:
    """Whether a box that has been prepared is inside one of its windows."""
    if not (box / "enrolment.json").exists():
        return False
    election, _ = load_election(box, station)
    return election.station(station.id).phase_at(now) is not None


def fsck(box: Path, level: str, *, mending: bool) -> list[Finding]:
    """Check the invariants; with `mending` first put right what may be put right. Raises `Refused("log.locked")` while an agent runs,
    and with `mending` `Refused("disk.*")` where the folder of film is another one: then nothing is touched.
    """
    wanted: Level | None = next((each for each in LEVELS if each == level), None)
    if wanted is None:
        raise Misused("fsck.level", given=level[:20], known=", ".join(LEVELS))
    if not (box / "log" / "journal").exists():
        raise Incomplete("fsck.no_log", box=box.name)
    station = load_station(box)
    election, _ = load_election(box, station)
    origin = station_origin(election.domain, election.id, station_id(station.id))
    enrolled = read_enrolled(box)
    log = DiskLog.open(box / "log", enrolled.origin, station_key(box, origin))
    outbox = Outbox.open(box / "spool.sqlite")
    try:
        files = DurableFiles()
        mended = mend(box, log, outbox, files) if mending else []
        return mended + check(box, log, outbox, log.check, wanted, files=files, centre=enrolled.centre)
    finally:
        outbox.close()
        log.close()


def _status(box: Path) -> dict[str, Any] | None:
    try:
        status = json.loads((box / "status.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return status if isinstance(status, dict) else None


def _log_size(box: Path) -> int:
    path = box / "log" / "checkpoint"
    return parse_checkpoint(parse_note(path.read_bytes()).text).size if path.exists() else 0
