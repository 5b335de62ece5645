# SPDX-License-Identifier: Apache-2.0
"""The listener for observers' telephones (`kua station listen`): a process of its own beside the agent, off unless somebody opens it.

It reads the log's public files and lays co-signatures down for the agent; it has no key of the station in memory, gives way to every other process of the
box, and is the first that the kernel ends when memory is short. What an attacker in the room can do to it is to keep telephones out.
"""

import ipaddress
import os
import re
import resource
import signal
import ssl
import tempfile
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.app import listen_files
from kua.app.closing import closed_at
from kua.app.listen_camera import Studio, camera_invitation, telephones
from kua.app.listen_files import FOLDER, MAX_NOTE, Told
from kua.app.local_certificate import fingerprint, holds, make_certificate
from kua.app.settings import load_election, load_station
from kua.core.digest import sha256
from kua.core.errors import Incomplete, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Millis
from kua.core.nouns import station_id, station_origin
from kua.flow.guests import APART, Guests, Waiting
from kua.flow.turnstile import Turnstile
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import open_checkpoint
from kua.proof.cosign import cosigned_at
from kua.proof.keys import VerifierKey
from kua.proof.note import MAX_NOTE as LONGEST_NOTE
from kua.proof.note import parse_note
from kua.ports.clock import Clock
from kua.verify.reading import open_reader
from kua.verify.view import LogView
from kua.web.kit.pace import block_of
from kua.web.kit.pages import preferred
from kua.web.kit.static import Assets
from kua.web.panel.filming import MAX_OFFER, SEEING_HEADERS, Filming
from kua.web.panel.phones import HEADERS, MAX_BODY, Phones, answer_problem
from kua.witness.bounded import Answer, BoundedHandler, BoundedServer, Bounds
from kua.words.speak import LANGUAGES

DAYS: Final = 4
"""How long a certificate is good: a rehearsal, the day, the night after it."""
LEFT: Final = 36 * 3600.0
"""Seconds that it must still have when the listener begins; else another is made, and telephones ask anew."""
BOUNDS: Final = Bounds(links=64, each=8, longest=10.0)
BURST: Final = 60
EVERY: Final = Millis(500)
"""An address may ask sixty times at once, and twice a second in the long run."""
FILES: Final = 256
LONGEST_SECRET: Final = 80
"""Letters of a token or a telephone's own secret that are looked at."""
LARGEST: Final = 256 * 1024
"""Bytes of the largest file that this process can write at all."""
_AT: Final = re.compile(r"(?:\[([0-9a-f:]{2,39})\]|([0-9.]{7,15})):([0-9]{1,5})")


@final
class Hall:
    """The port `kua.web.panel.phones.Hall` over the files of a box."""

    def __init__(self, box: Path, clock: Clock) -> None:
        """Raises `Misused("settings.*")`, `Incomplete("listen.no_log")` before the first recording, and what `load_election` raises."""
        self.box = self._box = box
        self.clock = self._clock = clock
        station = load_station(box)
        election, _ = load_election(box, station)
        place = election.station(station.id)
        self.station, self.origin = station.id, station_origin(election.domain, election.id, station_id(station.id))
        # A telephone may have to film before there is a log: to show the empty room.
        self._key = None if telephones(station) and not (box / "log" / "vkey").exists() else log_key(box)
        self.settings, self.windows = station, place.windows
        self._said = {
            "v": 1,
            "station": station.id,
            "origin": self.origin,
            "title": {each: place.titles.said_in(each) for each in LANGUAGES},
            "election": {each: election.titles.said_in(each) for each in LANGUAGES},
        }
        self._guests = Guests({}, Millis(0))
        self._turnstile = Turnstile(BURST, EVERY)
        self._lock = threading.Lock()

    @property
    def key(self) -> VerifierKey:
        """The log's key. Raises `Incomplete("listen.no_log")` before the first recording."""
        if self._key is None:
            self._key = log_key(self._box)
        return self._key

    def about(self) -> Mapping[str, Any]:
        """Keep the port's promise. Raises `Incomplete("listen.no_log")`."""
        return {**self._said, "vkey": str(self.key), "closed": closed_at(self._box) is not None, "again": APART // 1000}

    def checkpoint(self) -> bytes:
        """Keep the port's promise. Raises `Incomplete("listen.no_log")`."""
        return read_checkpoint(self._box)

    def steps(self, earlier: int, later: int) -> list[str]:
        """Keep the port's promise. Raises `Rejected("listen.beyond")` for sizes that are not 0 < earlier < later <= the log's, and what reading raises."""
        view = self._view()
        if not 0 < earlier < later <= view.head.size:
            raise Rejected("listen.beyond", earlier=earlier, later=later, size=view.head.size)
        prover = view.prover()
        first = () if earlier & (earlier - 1) else (prover.root(earlier),)
        return [to_base64(step) for step in (*first, *prover.consistency(earlier, later))]

    def pair(self, token: str, vkey: str) -> Mapping[str, Any]:
        """Keep the port's promise. Raises `Rejected("key.*" | "listen.key_name" | "listen.token")`, `Refused("guests.full")`."""
        key = str(listen_files.require_key(vkey, self.station))
        with self._lock:
            if key not in listen_files.admitted(self._box):
                listen_files.use(self._box, token, self._clock.now())
                listen_files.admit(self._box, key)
        return {"admitted": key}

    def take(self, vkey: str, note: str) -> Mapping[str, Any]:
        """Keep the port's promise: what is taken is durable in the inbox, and the agent puts it into the log when its turn comes.

        Raises `Rejected`: `key.*`, `note.*`, `listen.key_name`, `listen.stranger`, `listen.signature`, `listen.other_checkpoint`; `Refused`:
        `listen.closed`, `guests.not_newer`, `guests.too_soon`.
        """
        key = listen_files.require_key(vkey, self.station)
        if str(key) not in listen_files.admitted(self._box):
            raise Rejected("listen.stranger")
        data = note.encode()
        if len(data) > MAX_NOTE:
            raise Rejected("listen.signature")
        head = open_checkpoint(data, self.key, self.origin)
        try:
            cosigned_at(parse_note(data), key)
        except Rejected as error:
            raise Rejected("listen.signature") from error
        view = self._view()
        if not 0 < head.size <= view.head.size or view.prover().root(head.size) != head.root:
            raise Rejected("listen.other_checkpoint", size=head.size, have=view.head.size)
        if closed_at(self._box) is not None:
            raise Refused("listen.closed")
        waiting = Waiting(str(key), head.size)
        with self._lock:
            now = self._clock.monotonic()
            self._guests.require(waiting, now)
            listen_files.post(self._box, str(key), data)
            self._guests.stated(waiting, now)
        return {"size": head.size, "again": APART // 1000}

    def may(self, address: str) -> bool:
        """Keep the port's promise."""
        with self._lock:
            return self._turnstile.may(block_of(address), self._clock.monotonic())

    def _view(self) -> LogView:
        return LogView.open([open_reader(str(self._box / "log"))], self.key, self.origin, lazily=True)


class _Doors(BoundedHandler):
    """One connection of a telephone."""

    server_version = "kua"
    safe = HEADERS
    server: "_Server"

    def read(self, target: str) -> Answer:
        """Answer a GET."""
        filming, peer = self.server.filming, str(self.client_address[0])
        if not filming.is_mine(target):
            return self.server.phones.get(target, peer, self._language())
        page = filming.page(target)
        if page is not None:
            self.safe = SEEING_HEADERS
            return page
        return self._often(peer) or filming.state(target, self._bearer(), self._language())

    def take(self, target: str) -> None:
        """Answer a POST."""
        filming, peer = self.server.filming, str(self.client_address[0])
        if filming.is_mine(target):
            offer = self.body(MAX_OFFER)
            if offer is not None:
                secret = self.headers.get("Kua-Secret", "")[:LONGEST_SECRET]
                self.answer(self._often(peer) or filming.film(target, self._bearer(), secret, offer, peer, self._language()))
            return
        data = self.body(MAX_BODY)
        if data is not None:
            self.answer(self.server.phones.post(target, data, str(self.client_address[0]), self._language()))

    def drop(self, target: str) -> None:
        """Let a telephone stop filming."""
        filming, peer = self.server.filming, str(self.client_address[0])
        if filming.is_mine(target):
            self.answer(self._often(peer) or filming.leave(target, self._bearer(), self._language()))
        else:
            super().drop(target)

    def parse_request(self) -> bool:
        """Answer under our own address only: a foreign name that leads here, and a foreign page that acts here, are attacks."""
        self.safe = HEADERS
        if not super().parse_request():
            return False
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin", "")
        if host not in self.server.names or (origin and origin != f"https://{host}"):
            self.answer(Answer(403, b"ask under the address on the box's screen\n"), last=True)
            return False
        return True

    def _often(self, peer: str) -> Answer | None:
        return None if self.server.hall.may(peer) else answer_problem(Rejected("listen.too_many"), preferred(self._language()), 429)

    def _bearer(self) -> str:
        kind, _, secret = str(self.headers.get("Authorization", "")).partition(" ")
        return secret.strip()[:LONGEST_SECRET] if kind.lower() == "bearer" else ""

    def _language(self) -> str:
        return str(self.headers.get("Kua-Language") or self.headers.get("Accept-Language", ""))


class _Server(BoundedServer):
    def __init__(self, host: str, port: int, hall: Hall, context: ssl.SSLContext, bounds: Bounds) -> None:
        assets = Assets()
        self.hall, self.phones = hall, Phones(hall, assets)
        self.filming = Filming(Studio(hall.box, host, hall.settings, hall.windows, hall.clock), assets)
        super().__init__(host, port, _Doors, bounds, context)
        shown = f"[{host}]" if ":" in host else host
        self.names = {f"{shown}:{self.port}", *([shown] if self.port == 443 else [])}


@final
class Listener:
    """A listener that has begun; `close` ends it."""

    def __init__(self, box: Path, host: str, port: int, bounds: Bounds = BOUNDS) -> None:
        """Raises as `Hall`, and `Unavailable("listen.port")`."""
        clock = SystemClock()
        hall = Hall(box, clock)
        key, certificate = certificate_of(box, host, clock.now() / 1000)
        try:
            self._server = _Server(host, port, hall, _context(key + certificate), bounds)
        except OSError as error:
            raise Unavailable("listen.port", address=host, port=port) from error
        self.hall, self.told = hall, Told(host, self._server.port, fingerprint(certificate))
        listen_files.tell(box, self.told)
        self._thread = threading.Thread(target=self._server.serve_forever, name="listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()
        self._thread.join(5)


def serve(box: Path, at: str, tell: Callable[[str, Told], None], renewals: Callable[[Callable[[], None]], None], camera: str = "") -> None:
    """Serve until interrupted. `at` is `ADDRESS:PORT`; empty: the setting `station.listen`. `tell` is given each invitation's address: for an observer's
    telephone, or for one that films as `camera`.

    Raises `Misused("whip.no_camera")` for a camera that is no telephone, `Misused("listen.off")` where neither says where, `Misused("listen.address")`, `Refused("listen.runs")`, and as `Listener`.
    """
    station = load_station(box)
    host, port = place_of(at or station.listen)
    if camera and camera not in {each.id for each in telephones(station)}:
        raise Misused("whip.no_camera", camera=camera[:20])

    def invited(listener: Listener) -> str:
        return camera_invitation(box, listener.told, camera) if camera else invitation(box, listener.told, listener.hall.key)

    with listen_files.alone(box):
        give_way()
        listener = Listener(box, host, port)
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        try:
            tell(invited(listener), listener.told)
            renewals(lambda: tell(invited(listener), listener.told))
            ended.wait()
        finally:
            listener.close()


def place_of(at: str) -> tuple[str, int]:
    """Return address and port. Raises `Misused("listen.off")` for nothing, `Misused("listen.address")` for what is no address of one interface."""
    if not at:
        raise Misused("listen.off")
    found = _AT.fullmatch(at)
    try:
        address = ipaddress.ip_address((found[1] or found[2]) if found else "")
    except ValueError as error:
        raise Misused("listen.address", given=at[:60]) from error
    if found is None or address.is_unspecified or address.is_multicast or int(found[3]) > 65_535:
        raise Misused("listen.address", given=at[:60])
    return str(address), int(found[3])


def invitation(box: Path, told: Told, key: VerifierKey, language: str = "") -> str:
    """Make an invitation for one telephone and return its address: behind the `#`, which browsers send to nobody, stand token, certificate and log key.

    Raises `Unavailable("disk.*")`.
    """
    token = listen_files.invite(box, SystemClock().now())
    shown = f"[{told.host}]" if ":" in told.host else told.host
    marks = ".".join(urlsafe_b64encode(each).decode().rstrip("=") for each in (bytes.fromhex(told.fingerprint), sha256(str(key).encode())))
    return f"https://{shown}:{told.port}/{f'{language}/' if language else ''}#{token}.{marks}"


def certificate_of(box: Path, host: str, now: float) -> tuple[bytes, bytes]:
    """Return key and certificate (PEM) for `host`: those of the last time while they hold, since a telephone has learned to trust them."""
    path, hosts = box / FOLDER / "tls.pem", list(dict.fromkeys((host, "127.0.0.1")))
    with suppress(OSError):
        data = path.read_bytes()
        at = data.find(b"-----BEGIN CERTIFICATE-----")
        if at > 0 and holds(data[at:], hosts, now + LEFT):
            return data[:at], data[at:]
    key, certificate = make_certificate(hosts, now, DAYS)
    DurableFiles().replace(path, key + certificate, mode=0o600)
    return key, certificate


def log_key(box: Path) -> VerifierKey:
    """Return the key of the box's log. Raises `Incomplete("listen.no_log")` before the first recording."""
    try:
        return VerifierKey.parse((box / "log" / "vkey").read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise Incomplete("listen.no_log", box=box.name) from error


def read_checkpoint(box: Path) -> bytes:
    """Return the newest checkpoint of the box's log. Raises `Incomplete("listen.no_log")`."""
    try:
        return (box / "log" / "checkpoint").read_bytes()[:LONGEST_NOTE]
    except OSError as error:
        raise Incomplete("listen.no_log", box=box.name) from error


def give_way() -> None:
    """Let every other process of the box come first, and bound what this one may take."""
    os.nice(10)
    threading.stack_size(256 * 1024)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")


def _context(pem: bytes) -> ssl.SSLContext:
    """OpenSSL wants a file: it lies in a folder that only we can read, for as long as loading takes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    with tempfile.TemporaryDirectory(prefix="kua-listen-") as folder:
        path = Path(folder) / "tls.pem"
        path.touch(0o600)
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context
