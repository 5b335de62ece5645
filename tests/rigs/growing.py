# SPDX-License-Identifier: Apache-2.0
"""A published tree of several stations that grows, lies and is rewritten at will, served over HTTP on the loopback: logs only, or with small files as film.

Film here is bytes without pictures: enough for whoever copies and hashes. For real film see `tests.rigs.published_tree`.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import SLOT
from kua.media.timeline import Day
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.fork import Contradiction, Fork, check_fork, read_fork
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.tiles import Edge
from tests.rigs.worlds import ELECTION, World

START = 1_773_565_200_000
"""2026-03-15T09:00:00Z."""
RUN = "0badcafe"
INIT = b"the beginning of a run"


def convicts(fork: Fork) -> Contradiction:
    """What a contradiction shows after it went through a file, under its own key."""
    again = read_fork(fork.to_bytes())
    assert again == fork
    return check_fork(again)


@dataclass
class Town:
    """Stations, their logs and the national log. Change `logs` and `nation` as a liar would, then `publish`."""

    folder: Path
    stations: tuple[str, ...] = ("10-1", "10-2", "11-3")
    logs: dict[str, list[bytes]] = field(default_factory=dict)
    nation: list[bytes] = field(default_factory=list)
    films: dict[str, bytes] = field(default_factory=dict)
    """Published files of film and calibration, by path."""
    withdrawn: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        window = (("rehearsal", START - 3_600_000, START + 24 * 3_600_000),)
        self.world = World("town", dict.fromkeys(self.stations, ("a",)), window)
        self.file = self.world.election_file(0)
        self.nation.append(make_leaf("policy", at=START, what="election", version=1, sha256=sha256(self.file).hex()))
        for station in self.stations:
            self.certify(station)
            self.logs[station] = []

    @property
    def root(self) -> Path:
        """The election's folder."""
        return self.folder / ELECTION

    def key(self, station: str) -> SigningKey:
        """The key of a station's log."""
        return self.world.key(self.world.origin(station))

    def certify(self, station: str, key: SigningKey | None = None) -> None:
        """Log a certificate for the station's key, or for another one."""
        vkey = str((key or self.key(station)).verifier)
        self.nation.append(make_leaf("certificate", at=START, station=station, origin=self.world.origin(station), vkey=vkey))

    def beat(self, station: str, count: int = 1, owed: int = 0) -> None:
        """Add heartbeats to a station's log."""
        for _ in range(count):
            at = START + 30_000 * len(self.logs[station])
            self.logs[station].append(make_leaf("heartbeat", at=at, boot=RUN, mono=at, trust="ntp", owed=owed, owed_bytes=0, free_bytes=1))

    def head(self, station: str) -> tuple[Checkpoint, bytes]:
        """The station's checkpoint as its log stands, and the signed note."""
        edge = Edge()
        edge.append(self.logs[station])
        head = Checkpoint(self.world.origin(station), edge.size, edge.root())
        return head, sign_checkpoint(head, self.key(station))

    def claim(self, station: str) -> None:
        """Log the station's checkpoint in the national log."""
        head, note = self.head(station)
        self.nation.append(
            make_leaf("station_checkpoint", received_at=START, origin=head.origin, size=head.size, root=head.root.hex(), note=note.decode())
        )

    def grow(self, count: int = 5) -> None:
        """Let every station grow and claim, and publish."""
        for station in self.stations:
            self.beat(station, count)
            self.claim(station)
        self.publish()

    def open(self, station: str) -> None:
        """Open the day of camera `a`, with a calibration of which the bytes say nothing."""
        calibration = {"json": b"calibration", "note": b"note", "signers.json": b"signers"}
        digests = {ending: sha256(data).hex() for ending, data in calibration.items()}
        for ending, data in calibration.items():
            self.films[f"s/{station}/calibration/a-{digests['json'][:16]}.{ending}"] = data
        self.logs[station] += [
            make_leaf(
                "open", at=START, election=ELECTION, election_sha256=sha256(self.file).hex(), station=station, trust="ntp",
                cams=[{"cam": "a", "width": 320, "height": 180, "fps_milli": 5000}],
            ),
            make_leaf("calibration", at=START, cam="a", sha256=digests["json"], note=digests["note"], signers=digests["signers.json"]),
        ]  # fmt: skip

    def film(self, station: str, count: int, size: int = 2_000) -> None:
        """Record `count` segments of about `size` bytes."""
        self.films[f"s/{station}/film/a/{RUN}-init.mp4"] = INIT
        for _ in range(count):
            number = sum(b'"type":"segment"' in entry for entry in self.logs[station])
            t0 = START + number * SLOT
            data = sha256(f"{station} {number}".encode()) * (size // 32 + number % 3)
            self.films[f"s/{station}/film/a/{RUN}-{t0 // SLOT}.m4s"] = data
            self.logs[station].append(
                make_leaf(
                    "segment", at=t0 + SLOT, cam="a", seq=number, run=RUN, slot=t0 // SLOT, t0=t0, t1=t0 + SLOT, frames=20,
                    sha256=sha256(data).hex(), size=len(data), init=sha256(INIT).hex(), calibration=sha256(b"calibration").hex(),
                    hiding=sha256(canonical({})).hex(), phase="rehearsal", trust="ntp",
                )
            )  # fmt: skip

    def withdraw(self, station: str, first: int, count: int) -> list[str]:
        """Withdraw segments and take them away; return their paths."""
        t0 = START + first * SLOT
        self.nation.append(
            make_leaf(
                "withdrawn", at=START, station=station, cam="a", t0=t0, t1=t0 + count * SLOT, article="art. 8", by="chair", reason="secrecy"
            )
        )
        names = [f"s/{station}/film/a/{RUN}-{t0 // SLOT + number}.m4s" for number in range(count)]
        for name in names:
            self.films.pop(name, None)
            (self.root / name).unlink(missing_ok=True)
        return names

    def day(self, station: str) -> Day:
        """The day of camera `a` as the leaves tell it."""
        day = Day("a")
        for index, entry in enumerate(self.logs[station]):
            leaf = read_leaf(entry, "station")
            if isinstance(leaf, Leaf):
                day.add(index, leaf.type, leaf.body)
        return day

    def publish(self, anew: bool = False) -> None:
        """Write everything as it stands. `anew`: without the tiles of earlier sizes, as after a rewriting."""
        if anew:
            shutil.rmtree(self.root, ignore_errors=True)
        files = {
            "election.json": self.file,
            "election.note": self.world.election_note(self.file),
            "profile.json": self.world.profile_file,
            **self._log("nation", self.nation, self.world.nation, self.world.centre),
            **self.films,
        }
        for station, entries in self.logs.items():
            if entries:
                files |= self._log(f"s/{station}", entries, self.world.origin(station), self.key(station))
        for name, data in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def _log(self, name: str, entries: list[bytes], origin: str, key: SigningKey) -> dict[str, bytes]:
        edge = Edge()
        files = {f"{name}/{path}": data for path, data in edge.append(entries).items()}
        files[f"{name}/vkey"] = f"{key.verifier}\n".encode()
        files[f"{name}/checkpoint"] = sign_checkpoint(Checkpoint(origin, edge.size, edge.root()), key)
        return files


@dataclass
class Served:
    """A server: its address, every path that was asked for, and `lie`, which may answer in the tree's place (status, headers, body)."""

    url: str
    asked: list[str] = field(default_factory=list)
    lie: Callable[[str], tuple[int, dict[str, str], bytes] | None] = lambda _: None
    sent: int = 0


@contextmanager
def serving(root: Path) -> Iterator[Served]:
    """Serve the files below `root` with ETags on the loopback."""
    served = Served("")

    class Shelf(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            name = self.path.lstrip("/")
            served.asked.append(name)
            if (lie := served.lie(name)) is not None:
                return self._answer(*lie)
            path = root / name
            if not path.is_file():
                return self._answer(404, {}, b"")
            data = path.read_bytes()
            tag = f'"{sha256(data).hex()}"'
            if self.headers.get("If-None-Match") == tag:
                return self._answer(304, {"ETag": tag}, b"")
            return self._answer(200, {"ETag": tag}, data)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for header, value in ({"Content-Length": str(len(body))} | headers).items():
                if value:
                    self.send_header(header, value)
            self.end_headers()
            try:
                self.wfile.write(body)
                served.sent += len(body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            """Say nothing: the tests speak."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
