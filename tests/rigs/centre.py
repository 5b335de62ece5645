# SPDX-License-Identifier: Apache-2.0
"""A centre in a folder with a clock that is moved by hand, and a box that speaks to it as docs/spec/centre-api.md says.

The box is written from the specification and uses `kua.proof` only: it is not the agent, so that both cannot share a misunderstanding.
"""

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from kua.app import founding
from kua.app.centre import Centre, build
from kua.centre.enrol.service import make_code
from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.instant import SLOT, Instant, Millis
from kua.ports.clock import Trust
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.upload import sign_upload

START = Instant(1_800_000_000_000)
"""Where the clock stands; a multiple of a slot."""
STATION = "10-245"
DELAY = 30_000


class HandClock:
    """The port `Clock`, moved by hand."""

    def __init__(self, at: int = START) -> None:
        self.at = at

    def now(self) -> Instant:
        return Instant(self.at)

    def monotonic(self) -> Millis:
        return Millis(self.at)

    def trust(self) -> Trust:
        return "ntp"


def found(folder: Path, *, start: int = START, purpose: str = "room", phases: tuple[tuple[str, int, int], ...] = (), profile: str = "kz", voting: str = "none") -> None:
    """Found a rehearsal in `folder` whose windows are open at START."""
    draft = founding.example(Instant(start))
    for station in draft["stations"]:
        station["cameras"] = [{"id": "a", "purpose": purpose}]
        if phases:
            station["windows"] = [{"phase": phase, "from": start, "to": end} for phase, start, end in phases]
    founding.found(folder, draft, founding.decide_voting(founding.packaged_profile(profile), voting), url="http://127.0.0.1:8080")


@contextlib.asynccontextmanager
async def running(folder: Path, clock: HandClock, **environment: str) -> AsyncIterator[tuple[Centre, httpx.AsyncClient]]:
    """Run the centre in `folder` and give a client for it."""
    centre = build(folder, clock=clock, control="control-token", environment=environment)
    async with centre.running(), client(centre) as web:
        yield centre, web


def client(centre: Centre) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=centre), base_url="http://centre")


class Box:
    """A station's box: its key, its log, its signed requests."""

    def __init__(self, centre: Centre, web: httpx.AsyncClient, station: str = STATION, key: SigningKey | None = None, start: int = START) -> None:
        election = centre.held.election
        self.centre, self.web, self.station, self.election = centre, web, station, election.id
        self.origin = f"{election.domain}/{election.id}/s/{station}"
        self.key = key or SigningKey.from_seed(self.origin, hashlib.sha256(station.encode()).digest())
        self.prefix = f"/api/v1/e/{election.id}/s/{station}"
        self.entries: list[bytes] = []
        self.sent = 0
        self.seq = 0
        self.calibration = "1" * 64
        self.start = self.end = Instant(start)

    async def enrol(self, code: str | None = None, vkey: str | None = None) -> httpx.Response:
        code = code or make_code(self.centre.index, self.centre.held.election, self.station, self.centre.clock)
        vkey = vkey or str(self.key.verifier)
        proof = self.key.sign(b"kua/enrol/v1\x00" + code.encode() + b"\x00" + vkey.encode())
        body = {"election": self.election, "station": self.station, "code": code, "vkey": vkey, "proof": to_base64(proof)}
        return await self.web.post("/api/v1/enrol", json=body)

    def open(self) -> None:
        cams = [{"cam": "a", "width": 1280, "height": 720, "fps_milli": 10_000}]
        self.add("open", at=self.start, election=self.election, election_sha256=sha256(self.centre.held.files["election.json"]).hex(), station=self.station, trust="ntp", cams=cams)

    def add(self, type_: str, **fields: Any) -> None:
        self.entries.append(make_leaf(type_, 2 if "live" in fields else 1, **fields))
        if type_ == "calibration":
            self.calibration = str(fields["sha256"])

    def film(self, data: bytes, init: bytes, *, phase: str = "rehearsal", run: str = "0a1b2c3d", **other: Any) -> str:
        """Add the leaf of one segment and return its file name."""
        t0 = self.end
        fields = {
            "at": t0 + SLOT, "cam": "a", "seq": self.seq, "run": run, "slot": t0 // SLOT, "t0": t0, "t1": t0 + SLOT, "frames": 40,
            "sha256": sha256(data).hex(), "size": len(data), "init": sha256(init).hex(), "calibration": self.calibration,
            "hiding": sha256(canonical(self.centre.held.election.hiding)).hex(),
            "phase": phase, "trust": "ntp", **other,
        }
        self.add("segment", **fields)
        self.seq, self.end = self.seq + 1, Instant(fields["t1"])
        return f"{run}-{fields['slot']}.m4s"

    def checkpoint(self, size: int | None = None, root: Digest | None = None) -> bytes:
        size = len(self.entries) if size is None else size
        return sign_checkpoint(Checkpoint(self.origin, size, root or root_of(leaf_hash(e) for e in self.entries[:size])), self.key)

    async def send_log(self, **changes: Any) -> httpx.Response:
        """Send what the centre has not; `changes` replace parts of the body."""
        body = {"from": self.sent, "entries": [to_base64(entry) for entry in self.entries[self.sent :]], "checkpoint": self.checkpoint().decode()}
        data = json.dumps(body | changes).encode()
        answer = await self.web.post(f"{self.prefix}/log", content=data, headers=self.signed("POST", f"{self.prefix}/log", sha256(data)))
        if answer.status_code == 200:
            self.sent = answer.json()["size"]
        return answer

    async def put(self, data: bytes, *, digest: Digest | None = None, **headers: str) -> httpx.Response:
        digest = digest or sha256(data)
        path = f"{self.prefix}/blob/{digest.hex()}"
        return await self.web.put(path, content=data, headers=self.signed("PUT", path, digest) | {n.replace("_", "-"): v for n, v in headers.items()})

    def signed(self, method: str, path: str, digest: Digest, at: int | None = None) -> dict[str, str]:
        at = self.centre.clock.now() if at is None else at
        signature = sign_upload(self.key, method, path, digest, Instant(at))
        return {"Kua-Station": self.origin, "Kua-Time": str(at), "Kua-Digest": digest.hex(), "Kua-Signature": to_base64(signature)}


