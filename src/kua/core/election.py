# SPDX-License-Identifier: Apache-2.0
"""The election file: all that is decided before the day, as signed data (docs/spec/election.md). Law is data here, never code.

Reading refuses unknown fields: what is not understood cannot be obeyed. Fields that later versions need come with a new `v`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from kua.core.canonical import Json, read_canonical
from kua.core.errors import Rejected
from kua.core.instant import Instant, Millis
from kua.core.nouns import CameraId, ElectionId, StationId, camera_id, election_id, station_id
from kua.core.sealing import Sealing, read_sealing
from kua.core.titles import Titles

PHASES: Final = ("rehearsal", "opening", "voting", "count", "protocol", "storage")
"""Phases of a station's day, in their order."""


@dataclass(frozen=True, slots=True)
class Window:
    """One phase of a station's day, [start, end)."""

    phase: str
    start: Instant
    end: Instant


@dataclass(frozen=True, slots=True)
class Region:
    """A first-level region: two digits (KATO) and its name."""

    id: str
    titles: Titles


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that a station is meant to have, and what it is for (`room`, `box`, `count`)."""

    id: CameraId
    purpose: str


@dataclass(frozen=True, slots=True)
class Station:
    """A polling station as the election file names it. `exempt` is None or the reason why it has no camera, in three languages."""

    id: StationId
    region: str
    titles: Titles
    address: Titles
    voters: int
    cameras: tuple[Camera, ...]
    windows: tuple[Window, ...]
    exempt: Titles | None

    def phase_at(self, now: Instant) -> str | None:
        """Return the phase that holds at `now`, or None outside all windows (the agent is then off: objection 6)."""
        return next((window.phase for window in self.windows if window.start <= now < window.end), None)


@dataclass(frozen=True, slots=True)
class Centre:
    """Where stations send and readers look: base URL and the key of its receipts and of the national log."""

    url: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who may certify persons of a role: the role and the issuer's verifier key."""

    role: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Election:
    """The whole file. `hiding` is the hiding table as plain JSON (read by `kua.law.hiding`); `delay` is the public delay of the film; `sealed` is
    None where no sealed film is kept, which is so unless the file says otherwise."""

    id: ElectionId
    version: int
    domain: str
    titles: Titles
    kind: str
    contests: tuple[Titles, ...]
    profile_id: str
    profile_sha256: str
    regions: tuple[Region, ...]
    stations: tuple[Station, ...]
    hiding: Json
    delay: Millis
    cosigning: str
    centres: tuple[Centre, ...]
    commission: tuple[str, ...]
    issuers: tuple[Issuer, ...]
    sealed: Sealing | None = None

    def station(self, wanted: str) -> Station:
        """Return the station called `wanted`. Raises `Rejected("election.no_station")`."""
        for station in self.stations:
            if station.id == wanted:
                return station
        raise Rejected("election.no_station", station=wanted[:20])


def read_election(data: bytes) -> Election:
    """Read `election.json`. Raises `Rejected("election.schema", field=...)`, `json.*`, `name.*` or `sealed.*`. Signatures are not checked here."""
    body = read_canonical(data)
    try:
        return _election(body)
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("election.schema", field=str(error)[:80]) from error


def _election(body: Json) -> Election:
    _only(
        {"sealed": None} | body,
        "v id version domain titles kind contests profile regions stations hiding publication cosigning centres keys sealed",
    )
    if _count(body["v"]) != 1:
        raise ValueError("v")
    profile = _only(body["profile"], "id sha256")
    publication = _only(body["publication"], "delay_ms")
    keys = _only(body["keys"], "commission issuers")
    regions = tuple(Region(_text(entry["id"]), _titles(entry["titles"])) for entry in _each(body["regions"], "id titles"))
    stations = tuple(_station(entry) for entry in _list(body["stations"]))
    known = _unlike((region.id for region in regions), "regions")
    _unlike((station.id for station in stations), "stations")
    if {station.region for station in stations} - known:
        raise ValueError("stations")
    if not isinstance(body["hiding"], dict):
        raise TypeError("hiding")
    return Election(
        id=election_id(body["id"]),
        version=_count(body["version"]),
        domain=_text(body["domain"]),
        titles=_titles(body["titles"]),
        kind=_text(body["kind"]),
        contests=tuple(_titles(contest) for contest in _list(body["contests"])),
        profile_id=_text(profile["id"]),
        profile_sha256=_text(profile["sha256"]),
        regions=regions,
        stations=stations,
        hiding=dict(body["hiding"]),
        delay=Millis(_count(publication["delay_ms"])),
        cosigning=_text(body["cosigning"]),
        centres=tuple(Centre(_text(centre["url"]), _text(centre["vkey"])) for centre in _each(body["centres"], "url vkey")),
        commission=tuple(_text(key) for key in _list(keys["commission"])),
        issuers=tuple(Issuer(_text(issuer["role"]), _text(issuer["vkey"])) for issuer in _each(keys["issuers"], "role vkey")),
        # Absent, never null: one way to say that none is kept. A reader that does not know the section refuses the file.
        sealed=read_sealing(body["sealed"], PHASES) if "sealed" in body else None,
    )


def _station(entry: Json) -> Station:
    _only(entry, "id region titles address voters cameras windows exempt")
    windows = tuple(
        Window(_phase(window["phase"]), Instant(_count(window["from"])), Instant(_count(window["to"])))
        for window in _each(entry["windows"], "phase from to")
    )
    if any(window.start >= window.end for window in windows) or any(a.end > b.start for a, b in zip(windows, windows[1:], strict=False)):
        raise ValueError("windows")
    cameras = tuple(Camera(camera_id(camera["id"]), _text(camera["purpose"])) for camera in _each(entry["cameras"], "id purpose"))
    _unlike((camera.id for camera in cameras), "cameras")
    return Station(
        id=station_id(entry["id"]),
        region=_text(entry["region"]),
        titles=_titles(entry["titles"]),
        address=_titles(entry["address"]),
        voters=_count(entry["voters"]),
        cameras=cameras,
        windows=windows,
        exempt=None if entry["exempt"] is None else _titles(entry["exempt"]),
    )


def _titles(entry: Json) -> Titles:
    _only(entry, "kk ru en")
    return Titles(_text(entry["kk"]), _text(entry["ru"]), _text(entry["en"]))


def _phase(word: Any) -> str:
    if word not in PHASES:
        raise ValueError("phase")
    return str(word)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _each(value: Any, names: str) -> list[Json]:
    return [_only(entry, names) for entry in _list(value)]


def _unlike(names: Iterable[str], what: str) -> set[str]:
    """Return the names, of which no two may be alike."""
    listed = list(names)
    if len(set(listed)) != len(listed):
        raise ValueError(what)
    return set(listed)


def _only(entry: Any, names: str) -> Json:
    if not isinstance(entry, dict):
        raise TypeError(entry)
    if set(entry) != set(names.split()):
        raise ValueError(" ".join(sorted(set(entry) ^ set(names.split())))[:80])
    return entry
