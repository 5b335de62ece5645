# SPDX-License-Identifier: Apache-2.0
"""What a court bundle says of itself, and the names of its files (docs/spec/bundle.md). Nobody signs this: a verifier holds it against what is signed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kua.core.canonical import canonical, read_canonical
from kua.core.digest import sha256
from kua.core.errors import Rejected
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import camera_id, election_id, station_id

VERSION: Final = 1
CONTENTS: Final = "bundle.json"
CUSTODY: Final = "custody.json"
POLICY: Final = "cosigning.policy"
FIRST_SEEN: Final = "time/first.tlog-proof"
STAMPED: Final = "time/stamped.tlog-proof"
TOKENS: Final = ".tsr"
BEACON: Final = "time/beacon.tlog-proof"
BEACON_LEAF: Final = "time/beacon.json"
MAX_EVENTS: Final = 10_000
"""Events of the longest custody list that is read."""
ACTS: Final = ("made", "received", "copied", "opened", "handed_over", "sealed", "unsealed")
"""What may happen to a bundle, as its custody list says it."""

_ROLE: Final = re.compile(r"[a-z][a-z_]{0,31}", re.ASCII)
_RANGE: Final = re.compile(r"leaves/([0-9]{12})-([0-9]{12})\.jsonl", re.ASCII)


@dataclass(frozen=True, slots=True)
class Contents:
    """`bundle.json`: which film this is. [since, until) in Unix ms; `copies` says whether the working copies are in it."""

    election: str
    station: str
    cameras: tuple[str, ...]
    since: Instant
    until: Instant
    copies: bool

    def to_bytes(self) -> bytes:
        """The file."""
        return canonical({
            "v": VERSION, "election": self.election, "station": self.station, "cameras": list(self.cameras),
            "from": self.since, "to": self.until, "copies": self.copies,
        })  # fmt: skip

    @property
    def name(self) -> str:
        """The name of the bag: its folder in the archive, and of the archive without `.zip`."""
        return f"kua-{self.station}-{''.join(self.cameras)}-{_stamp(self.since)}-{_stamp(self.until)}"


def read_contents(data: bytes) -> Contents:
    """Read `bundle.json`. Raises `Rejected("bundle.version")` for another version, `bundle.contents` for anything else, `json.*`, `name.*`."""
    body = read_canonical(data)
    if body.get("v") != VERSION or type(body.get("v")) is not int:
        raise Rejected("bundle.version", given=str(body.get("v"))[:20])
    if set(body) != {"v", "election", "station", "cameras", "from", "to", "copies"}:
        raise Rejected("bundle.contents", field=" ".join(sorted(body))[:80])
    cameras = body["cameras"]
    if not isinstance(cameras, list) or not cameras or not all(isinstance(cam, str) for cam in cameras) or cameras != sorted(set(cameras)):
        raise Rejected("bundle.contents", field="cameras")
    if not _is_time(body["from"]) or not _is_time(body["to"]) or body["from"] >= body["to"]:
        raise Rejected("bundle.contents", field="from")
    if type(body["copies"]) is not bool or not isinstance(body["election"], str) or not isinstance(body["station"], str):
        raise Rejected("bundle.contents", field="copies")
    return Contents(
        election_id(body["election"]),
        station_id(body["station"]),
        tuple(map(camera_id, cameras)),
        Instant(body["from"]),
        Instant(body["to"]),
        body["copies"],
    )


def range_name(first: int, last: int) -> str:
    """Return the name of the file that holds the leaves `first` to `last` of a log, one a line, below the log's folder."""
    return f"leaves/{first:012d}-{last:012d}.jsonl"


def proof_name(index: int) -> str:
    """Return the name of the file that proves where leaf `index` stands, below the log's folder."""
    return f"leaves/{index:012d}.tlog-proof"


def read_range_name(name: str) -> tuple[int, int] | None:
    """Return first and last of a file of leaves, or None for any other name."""
    found = _RANGE.fullmatch(name)
    if not found or int(found[1]) > int(found[2]):
        return None
    return int(found[1]), int(found[2])


def begin_custody(act: str, role: str, at: Instant | None, before: bytes | None = None) -> bytes:
    """Return the custody list `before` (or an empty one) with one more event. Who is a role, never a name.

    Raises `Rejected` as `read_custody`, and `bundle.custody` for an event that no list may hold.
    """
    events = [] if before is None else list(read_custody(before))
    last = sha256(canonical(events[-1])).hex() if events else None
    data = canonical({"v": VERSION, "events": [*events, {"act": act, "role": role, "at": at, "before": last}]})
    read_custody(data)
    return data


def read_custody(data: bytes) -> Sequence[Mapping[str, Any]]:
    """Return the events of a custody list. Each names the SHA-256 of the one before it, so that none can be taken out from among them.

    Raises `Rejected("bundle.custody", number=N)` for one that is not what it must be, `json.*`.
    """
    body = read_canonical(data)
    events = body.get("events")
    if set(body) != {"v", "events"} or body["v"] != VERSION or not isinstance(events, list) or len(events) > MAX_EVENTS:
        raise Rejected("bundle.custody", number=0)
    before: str | None = None
    for number, event in enumerate(events, 1):
        if not isinstance(event, dict) or set(event) != {"act", "role", "at", "before"} or event["before"] != before:
            raise Rejected("bundle.custody", number=number)
        if event["act"] not in ACTS or not isinstance(event["role"], str) or not _ROLE.fullmatch(event["role"]):
            raise Rejected("bundle.custody", number=number)
        if event["at"] is not None and not _is_time(event["at"]):
            raise Rejected("bundle.custody", number=number)
        before = sha256(canonical(event)).hex()
    return events


def _stamp(at: Instant) -> str:
    return rfc3339(at).replace("-", "").replace(":", "").replace(".000Z", "Z")


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 253_402_300_799_999  # 9999-12-31: what rfc3339 can say
