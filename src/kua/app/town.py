# SPDX-License-Identifier: Apache-2.0
"""A small country on one computer: a commission, a centre, station boxes and outsiders who co-sign, made of the same parts as a real one.

The demo and the fault tests live in it. Its keys are made anew each time in a folder of its own and are worth nothing outside it.
"""

import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles, make_folder
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.app.calibrate import calibrate, sign
from kua.app.enrol import enrol
from kua.centre.enrol.service import make_code
from kua.app.founding import certify_person, decide_voting, found, packaged_profile
from kua.app.witness import add_log
from kua.app.witness import init as init_witness
from kua.core.canonical import Json
from kua.core.election import Election, read_election
from kua.core.errors import Unavailable
from kua.core.instant import SLOT
from kua.core.nouns import election_id, nation_origin, station_id, station_origin
from kua.law.hiding import DEFAULT, table_json
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.persons import person_name
from kua.witness.page import policy_lines

DOMAIN: Final = "demo.kua.example"
ELECTION: Final = "kz-demo"
HOUR: Final = 3_600_000
ROLES: Final = ("chair", "observer")

REGIONS: Final[Sequence[tuple[str, str, str, str]]] = (
    ("10", "Абай облысы", "Абайская область", "Abai Region"),
    ("11", "Ақмола облысы", "Акмолинская область", "Akmola Region"),
    ("15", "Ақтөбе облысы", "Актюбинская область", "Aktobe Region"),
    ("19", "Алматы облысы", "Алматинская область", "Almaty Region"),
    ("23", "Атырау облысы", "Атырауская область", "Atyrau Region"),
    ("27", "Батыс Қазақстан облысы", "Западно-Казахстанская область", "West Kazakhstan Region"),
    ("31", "Жамбыл облысы", "Жамбылская область", "Zhambyl Region"),
    ("33", "Жетісу облысы", "область Жетісу", "Zhetisu Region"),
    ("35", "Қарағанды облысы", "Карагандинская область", "Karaganda Region"),
    ("39", "Қостанай облысы", "Костанайская область", "Kostanay Region"),
    ("43", "Қызылорда облысы", "Кызылординская область", "Kyzylorda Region"),
    ("47", "Маңғыстау облысы", "Мангистауская область", "Mangystau Region"),
    ("55", "Павлодар облысы", "Павлодарская область", "Pavlodar Region"),
    ("59", "Солтүстік Қазақстан облысы", "Северо-Казахстанская область", "North Kazakhstan Region"),
    ("61", "Түркістан облысы", "Туркестанская область", "Turkistan Region"),
    ("62", "Ұлытау облысы", "область Ұлытау", "Ulytau Region"),
    ("63", "Шығыс Қазақстан облысы", "Восточно-Казахстанская область", "East Kazakhstan Region"),
    ("71", "Астана қаласы", "город Астана", "Astana City"),
    ("75", "Алматы қаласы", "город Алматы", "Almaty City"),
    ("79", "Шымкент қаласы", "город Шымкент", "Shymkent City"),
)
"""The first-level regions of Kazakhstan by their KATO code."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How the cameras of the country film: smaller than a real station's 720p, since one computer plays three stations and the centre."""

    width: int = 960
    height: int = 540
    fps: int = 10
    bitrate: int = 800
    preset: str = "superfast"


@dataclass(frozen=True, slots=True)
class Place:
    """A station of the country: its number, the school it is in, its one camera and how that films.

    `room` is what the empty room is learned from in `seconds` (default: the camera itself), `zones` a zones file, `auto` or `none`.
    """

    id: str
    school: int
    voters: int
    source: str
    zones: str = "auto"
    room: str = ""
    seconds: int = 3
    shape: Shape = field(default_factory=Shape)


def _titles(kk: str, ru: str, en: str) -> dict[str, str]:
    return {"kk": kk, "ru": ru, "en": en}


@dataclass(slots=True)
class Town:
    """One country below `folder`. Make it, `found` it, `prepare` each box, then start the centre and the stations; `stop` ends what it started."""

    folder: Path
    places: Sequence[Place]
    delay: int = 3_000
    phase: str = "voting"
    outsiders: Sequence[str] = ()
    """Names of co-signers: each runs its own program with its own book; a checkpoint counts as seen once a half and one more of them have signed it."""
    windows: Sequence[tuple[str, int, int]] = ()
    """Phase, and begin and end in milliseconds from the founding; empty: one phase that is open for a day."""
    others: Sequence[tuple[str, str]] = ()
    """Further centres of the election, each with URL and verifier key."""
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    centre_url: str = ""
    _logs: list[IO[bytes]] = field(default_factory=list)
    _doors: dict[str, int] = field(default_factory=dict)
    _policy: str = ""

    @property
    def centre(self) -> Path:
        """Folder of the centre."""
        return self.folder / "centre"

    @property
    def published(self) -> Path:
        """The published tree of the election."""
        return self.centre / "published" / ELECTION

    def box(self, station: str) -> Path:
        """Folder of a station's box."""
        return self.folder / "boxes" / station

    def found(self) -> None:
        """Write what a commission decides before the day: election file, its signature, profile, keys, settings."""
        files = DurableFiles()
        # The one decision that the profile leaves to the commission: here the voting is public too, hidden at level H1.
        profile = decide_voting(packaged_profile("kz"), "all")
        port = _free_port()
        self._policy = self._gather_outsiders()
        found(self.centre, self._draft(), profile, url=f"http://127.0.0.1:{port}", roles=ROLES, others=self.others)
        files.replace(self.centre / "kua.toml", f"[centre]\nport = {port}\nreserve = 32\n".encode())
        for place in self.places:
            make_folder(self.box(place.id) / "election")
            for name in ("election.json", "election.note", "profile.json"):
                files.replace(self.box(place.id) / "election" / name, (self.centre / name).read_bytes())
            files.replace(self.box(place.id) / "kua.toml", self._settings(place).encode())
        key = VerifierKey.parse(self.election().centres[0].vkey)
        for name in self.outsiders:
            add_log(self._seat(name), self.nation, [key])

    def start_outsiders(self) -> None:
        """Start the co-signers; they answer at the addresses of the election file."""
        for name, port in self._doors.items():
            self._start(name.replace("/", "-"), ["witness", "run", str(self._seat(name)), "--listen", f"127.0.0.1:{port}"], None)

    def _seat(self, name: str) -> Path:
        return self.folder / "outsiders" / name.replace("/", "-")

    def _gather_outsiders(self) -> str:
        """Make the co-signers, each with a key of both kinds, and return the policy that names them; empty without any."""
        lines: list[str] = []
        for name in self.outsiders:
            self._doors[name] = _free_port()
            url = f"http://127.0.0.1:{self._doors[name]}"
            vkeys = init_witness(self._seat(name), name, url=url, mark=self.folder / "marks" / name.replace("/", "-"))
            lines += policy_lines(vkeys, url)
        if not lines:
            return ""
        lines += [f"group outsiders {len(self.outsiders) // 2 + 1} {' '.join(self.outsiders)}", "quorum outsiders"]
        return "".join(f"{line}\n" for line in lines)

    def prepare(self, place: Place) -> None:
        """Calibrate the camera of a box and have chair and observer sign, each with a key and a certificate of their own."""
        files, box = DurableFiles(), self.box(place.id)
        election = self.election()
        calibrate(box, "a", place.room or place.source, place.zones, place.seconds)
        for role in ROLES:
            key = SigningKey.from_seed(person_name(role, place.id), secrets.token_bytes(32))
            files.replace(box / "people" / f"{role}.pem", key.to_pem(), mode=0o600)
            files.replace(box / "people" / f"{role}.cert", certify_person(self.centre, election, role, place.id, str(key.verifier)))
            sign(box, "a", box / "people" / f"{role}.pem", box / "people" / f"{role}.cert")

    def election(self) -> Election:
        """Return the election as it was founded."""
        return read_election((self.centre / "election.json").read_bytes())

    def enrol(self, place: Place, url: str | None = None) -> None:
        """Tie a box to its station with a one-time code; `url` is where the box sees the centre (a line that can be cut)."""
        index = SqliteIndex(self.centre / "index.db")
        try:
            code = make_code(index, self.election(), place.id, SystemClock())
        finally:
            index.close()
        enrol(self.box(place.id), url or self.centre_url, code, None, ())

    def start_centre(self, environment: Mapping[str, str] | None = None, patience: float = 60.0) -> None:
        """Start the centre and wait for its address. Raises `Unavailable("demo.no_centre")`."""
        (self.centre / "run.json").unlink(missing_ok=True)
        self._start("centre", ["centre", "run", str(self.centre)], environment)
        waiting = threading.Event()
        for _ in range(int(patience / 0.1)):
            with suppress(FileNotFoundError, ValueError):
                self.centre_url = f"http://127.0.0.1:{json.loads((self.centre / 'run.json').read_bytes())['port']}"
                return
            if self.processes["centre"].poll() is not None:
                break
            waiting.wait(0.1)
        raise Unavailable("demo.no_centre", folder=str(self.centre))

    def start_station(
        self, station: str, environment: Mapping[str, str] | None = None, *, command: Sequence[str] | None = None, wait: bool = False
    ) -> None:
        """Start the agent of a box; with `wait` as a service does, which waits for the first window."""
        self._start(station, ["station", "run", *(["--wait"] if wait else []), "--box", str(self.box(station))], environment, command)

    def _start(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str] | None, command: Sequence[str] | None = None
    ) -> None:
        make_folder(self.folder / "logs")
        log = (self.folder / "logs" / f"{name}.log").open("ab")
        self._logs.append(log)
        self.processes[name] = subprocess.Popen(
            list(command or [sys.executable, "-m", "kua.cli.main", *arguments]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment) if environment is not None else None,
        )

    def stop(self, patience: float = 20.0) -> None:
        """End what was started: stations first, then the centre."""
        for name in sorted(self.processes, key=lambda name: name == "centre"):
            process = self.processes.pop(name)
            process.terminate()
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        while self._logs:
            self._logs.pop().close()

    def origin(self, station: str) -> str:
        """Return the origin of a station's log."""
        return station_origin(DOMAIN, election_id(ELECTION), station_id(station))

    @property
    def nation(self) -> str:
        """Return the origin of the national log."""
        return nation_origin(DOMAIN, election_id(ELECTION))

    def _draft(self) -> Json:
        now = SystemClock().now()
        begin = now // SLOT * SLOT  # windows begin and end on whole minutes: a segment lies within one or outside
        windows = [{"phase": phase, "from": begin + start, "to": begin + end} for phase, start, end in self.windows or ((self.phase, -HOUR, 20 * HOUR),)]
        return {
            "v": 1, "id": ELECTION, "version": 1, "domain": DOMAIN, "kind": "rehearsal",
            "titles": _titles("Көрсетілім сайлауы", "Показательные выборы", "Demonstration election"),
            "contests": [_titles("Сынақ дауыс беру", "Пробное голосование", "Trial vote")],
            "regions": [{"id": code, "titles": _titles(*names)} for code, *names in REGIONS],
            "stations": [self._station(place, windows) for place in self.places],
            "hiding": table_json(DEFAULT),
            "publication": {"delay_ms": self.delay},
            "cosigning": self._policy,
        }  # fmt: skip

    def _station(self, place: Place, windows: list[dict[str, Any]]) -> dict[str, Any]:
        school = place.school
        return {
            "id": place.id, "region": place.id[:2], "voters": place.voters, "exempt": None, "windows": windows,
            "titles": _titles(f"№ {school} мектеп", f"Школа № {school}", f"School No. {school}"),
            "address": _titles("Мектеп көшесі, 1", "ул. Школьная, 1", "1 School Street"),
            "cameras": [{"id": "a", "purpose": "room"}],
        }  # fmt: skip

    def _settings(self, place: Place) -> str:
        shape = place.shape
        return (
            f'[station]\nid = "{place.id}"\nreserve = 32\n\n[[station.cameras]]\nid = "a"\nsource = "{place.source}"\n'
            f'width = {shape.width}\nheight = {shape.height}\nfps = {shape.fps}\nbitrate = {shape.bitrate}\npreset = "{shape.preset}"\n'
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return port
