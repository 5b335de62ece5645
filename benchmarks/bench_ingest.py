# SPDX-License-Identifier: Apache-2.0
"""Segments a second that the centre takes in, with every check: signature, SHA-256, leaf, fsync, index, receipt; against nginx's plain DAV PUT.

nginx writes the same bytes to the same disk and checks nothing and syncs nothing. 16 keep-alive connections; medians of three, in turn. The load
generator shares the machine's cores with both.
"""

import base64
import hashlib
import json
import secrets
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks import Row
from benchmarks.centre import SIZE, Request, centre, per_second
from benchmarks.nginx import nginx
from kua.adapters.clock import SystemClock
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.app import founding
from kua.centre.enrol.service import enrol_message, make_code
from kua.core.digest import Digest, sha256
from kua.core.instant import SLOT, Instant
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.upload import sign_upload

ROUNDS = 3
SEGMENTS = 480
STATION = "10-245"


def run() -> list[Row]:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="kua-bench-") as name:
        folder = Path(name)
        now = SystemClock().now()
        draft = founding.example(now)
        draft["publication"] = {"delay_ms": 3_600_000}  # publication is not what is measured here
        election = founding.found(folder / "centre", draft, founding.packaged_profile("kz"), url="http://127.0.0.1")
        # One station stands here for hundreds; its own allowance is not what is measured.
        (folder / "centre" / "kua.toml").write_text("[centre]\nquota_megabits = 10000\nquota_requests = 10000\nall_requests = 1000000\n", "utf-8")
        index = SqliteIndex(folder / "centre" / "index.db")
        code = make_code(index, election, STATION, SystemClock())
        index.close()
        ours, theirs = [], []
        with centre(folder / "centre") as address, nginx(folder / "nginx", folder / "dav", "dav_methods PUT; create_full_put_path on;") as port:
            station = _Station(address, election.domain, str(election.id), code, now)
            for number in range(ROUNDS):
                ours.append(per_second(address, station.requests(), 201))
                theirs.append(per_second(f"127.0.0.1:{port}", _plain(number), 201))
    kua, peer = statistics.median(ours), statistics.median(theirs)
    return [
        Row("centre_put", kua, "segments/s", peer="nginx DAV PUT", ratio=kua / peer),
        Row("nginx_dav_put", peer, "segments/s"),
    ]


class _Station:
    """A box that has its leaves accepted first and then sends their bytes."""

    def __init__(self, address: str, domain: str, election: str, code: str, now: int) -> None:
        self.address, self.prefix = address, f"/api/v1/e/{election}/s/{STATION}"
        self.key = SigningKey.from_seed(f"{domain}/{election}/s/{STATION}", secrets.token_bytes(32))
        self.end, self.seq, self.entries = now // SLOT * SLOT, 0, list[bytes]()
        vkey = str(self.key.verifier)
        body = {"election": election, "station": STATION, "code": code, "vkey": vkey, "proof": to_base64(self.key.sign(enrol_message(code, vkey)))}
        self._post("/api/v1/enrol", json.dumps(body).encode(), {})
        cams = [{"cam": "a", "width": 1280, "height": 720, "fps_milli": 10_000}]
        self.entries.append(
            make_leaf("open", at=self.end, election=election, election_sha256="0" * 64, station=STATION, trust="ntp", cams=cams)
        )

    def requests(self) -> list[Request]:
        """Log SEGMENTS new segments and return their uploads, signed and ready."""
        start = 0 if len(self.entries) == 1 else len(self.entries)
        bodies = [_segment() for _ in range(SEGMENTS)]
        for body in bodies:
            t0 = self.end
            self.entries.append(
                make_leaf(
                    "segment", at=t0 + SLOT, cam="a", seq=self.seq, run="0a1b2c3d", slot=t0 // SLOT, t0=t0, t1=t0 + SLOT, frames=40,
                    sha256=sha256(body).hex(), size=SIZE, init="1" * 64, calibration="2" * 64, hiding="3" * 64, phase="rehearsal", trust="ntp",
                )
            )
            self.end, self.seq = t0 + SLOT, self.seq + 1
        root = root_of(leaf_hash(entry) for entry in self.entries)
        note = sign_checkpoint(Checkpoint(self.key.name, len(self.entries), root), self.key)
        log = {"from": start, "entries": [base64.b64encode(e).decode() for e in self.entries[start:]], "checkpoint": note.decode()}
        data = json.dumps(log).encode()
        self._post(f"{self.prefix}/log", data, self._signed("POST", f"{self.prefix}/log", sha256(data)))
        return [self._put(body) for body in bodies]

    def _put(self, body: bytes) -> Request:
        digest = sha256(body)
        path = f"{self.prefix}/blob/{digest.hex()}"
        headers = {"Host": self.address, "Content-Length": str(len(body)), **self._signed("PUT", path, digest)}
        return _head("PUT", path, headers), body

    def _signed(self, method: str, path: str, digest: Digest) -> dict[str, str]:
        at = time.time_ns() // 1_000_000
        signature = to_base64(sign_upload(self.key, method, path, digest, Instant(at)))
        return {"Kua-Station": self.key.name, "Kua-Time": str(at), "Kua-Digest": digest.hex(), "Kua-Signature": signature}

    def _post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        with urllib.request.urlopen(urllib.request.Request(f"http://{self.address}{path}", body, headers), timeout=60):
            pass


def _plain(number: int) -> list[Request]:
    requests = []
    for _ in range(SEGMENTS):
        body = _segment()
        name = f"/{number}/{hashlib.sha256(body[:64]).hexdigest()}"
        requests.append((_head("PUT", name, {"Host": "127.0.0.1", "Content-Length": str(len(body))}), body))
    return requests


_TAIL = secrets.token_bytes(SIZE - 64)


def _segment() -> bytes:
    return secrets.token_bytes(64) + _TAIL


def _head(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode()
