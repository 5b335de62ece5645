# SPDX-License-Identifier: Apache-2.0
"""Names of things: elections, stations, cameras, runs. Each is checked where it enters, so that no name can escape a folder."""

import re
from typing import NewType

from kua.core.errors import Rejected

ElectionId = NewType("ElectionId", str)
"""Like `kz-2026-kurultai`: lower-case letters, digits and dashes, 3 to 64 characters."""
StationId = NewType("StationId", str)
"""Region and number, like `10-245`."""
CameraId = NewType("CameraId", str)
"""One lower-case letter: `a`, `b`."""
RunId = NewType("RunId", str)
"""Eight random hex digits, new at every (re)connection, encoder restart and clock step (REC4)."""

_SHAPES = {
    "election": re.compile(r"[a-z][a-z0-9-]{1,62}[a-z0-9]"),
    "station": re.compile(r"[0-9]{2}-[0-9]{1,5}"),
    "camera": re.compile(r"[a-z]"),
    "run": re.compile(r"[0-9a-f]{8}"),
}


def _named(kind: str, text: str) -> str:
    if not _SHAPES[kind].fullmatch(text):
        raise Rejected(f"name.{kind}", given=text[:80])
    return text


def election_id(text: str) -> ElectionId:
    """Check and return an election's id. Raises `Rejected("name.election")`."""
    return ElectionId(_named("election", text))


def station_id(text: str) -> StationId:
    """Check and return a station's id. Raises `Rejected("name.station")`."""
    return StationId(_named("station", text))


def camera_id(text: str) -> CameraId:
    """Check and return a camera's id. Raises `Rejected("name.camera")`."""
    return CameraId(_named("camera", text))


def run_id(text: str) -> RunId:
    """Check and return a run's id. Raises `Rejected("name.run")`."""
    return RunId(_named("run", text))


def station_origin(domain: str, election: ElectionId, station: StationId) -> str:
    """Return the origin line of a station's log: `DOMAIN/ELECTION/s/STATION`."""
    return f"{domain}/{election}/s/{station}"


def nation_origin(domain: str, election: ElectionId) -> str:
    """Return the origin line of the national log: `DOMAIN/ELECTION/nation`."""
    return f"{domain}/{election}/nation"
