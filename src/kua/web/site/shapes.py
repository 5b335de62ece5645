# SPDX-License-Identifier: Apache-2.0
"""What each page of the site is given, as frozen dataclasses: a template gets one of these and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

from kua.core.instant import Instant
from kua.web.site.lamps import Lamp
from kua.web.site.strip import Stretch, Strip
from kua.web.site.unseen import Shown


@dataclass(frozen=True, slots=True)
class Turn:
    """One entry of the language switch: the same place in another language."""

    language: str
    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page."""

    lang: str
    title: str
    election: str
    turns: tuple[Turn, ...]
    now: Instant
    offset: str
    news_age: str
    version: str
    root: str
    log_size: int
    home: str
    delay: str


@dataclass(frozen=True, slots=True)
class Crumb:
    """One step of the way here."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region: how many of its stations are in which state. `share` is of the stations that have a camera."""

    id: str
    name: str
    href: str
    stations: int
    recording: int
    storing: int
    problems: int
    hidden: int
    quiet: int
    share: str
    kind: str
    shape: str
    word: str


@dataclass(frozen=True, slots=True)
class StationRow:
    """One station in a list."""

    id: str
    name: str
    address: str
    href: str
    lamp: Lamp
    age: str
    heard: Instant | None
    queue: str
    people: str
    reason: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found. `total` may be more than `rows`."""

    query: str
    rows: tuple[StationRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class CountryPage:
    """P1."""

    frame: Frame
    total: int
    recording: int
    storing: int
    hidden: int
    problems: int
    regions: tuple[RegionRow, ...]
    news: tuple[StationRow, ...]
    result: Result | None


@dataclass(frozen=True, slots=True)
class RegionPage:
    """P2."""

    frame: Frame
    crumbs: tuple[Crumb, ...]
    region: RegionRow
    rows: tuple[StationRow, ...]


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """One camera of the station."""

    cam: str
    name: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known of the moment that the reader asked for. `file` is empty where there is no film to fetch."""

    at: Instant
    stretch: Stretch | None
    file: str
    leaf: int


@dataclass(frozen=True, slots=True)
class Player:
    """What the player island needs; it gets its words from the page."""

    tree: str
    nation: str
    cam: str
    live: str
    day: str
    origin: str
    nation_origin: str
    nation_key: str
    certificate: int
    delay: int
    slack: int
    still: int
    at: Instant | None
    east: int
    spans: str


@dataclass(frozen=True, slots=True)
class Totals:
    """The three figures of coverage, what is planned, and each cause of what is missing, in words. `unaccounted` is empty where nothing is."""

    planned: str
    recorded: str
    visible: str
    published: str
    gaps: str
    hidden: str
    unaccounted: str
    causes: tuple[tuple[str, str, str], ...]
    """Chip (`gap` or `hidden`), how long, why."""


@dataclass(frozen=True, slots=True)
class Outsiders:
    """What outsiders have seen of the station's log, in words. `longest` is the longest unwitnessed window."""

    by: str
    until: Instant
    longest: str
    unseen: int


@dataclass(frozen=True, slots=True)
class ClipForm:
    """What the form of *Make a clip* holds: the times as they are written, and how many minutes it may be at most."""

    cam: str
    since: str
    until: str
    minutes: int


@dataclass(frozen=True, slots=True)
class ClipPage:
    """A clip on its way, or the form for one. `stage` is empty where none was ordered; `error` is what, why and what to do.

    `since` and `until` are what it holds, `megabytes` how large it is, `href` where it is fetched once it is ready.
    """

    frame: Frame
    crumbs: tuple[Crumb, ...]
    station: str
    name: str
    form: ClipForm
    cameras: tuple[CameraChoice, ...]
    stage: str
    ahead: int
    since: Instant | None
    until: Instant | None
    href: str
    file: str
    megabytes: int
    error: tuple[str, str, str] | None


@dataclass(frozen=True, slots=True)
class StationPage:
    """P3. `camera` is None where the station has none; `strip` where nothing has been recorded yet."""

    frame: Frame
    crumbs: tuple[Crumb, ...]
    row: StationRow
    voters: int
    hours: tuple[tuple[str, Instant, Instant], ...]
    cameras: tuple[CameraChoice, ...]
    camera: CameraChoice | None
    newest: Instant | None
    newest_age: str
    player: Player | None
    parts: tuple[Stretch, ...]
    parts_cut: int
    strip: Strip | None
    totals: Totals | None
    day_date: Instant
    moment: Moment | None
    wrong_time: str
    files: tuple[Crumb, ...]
    vkey: str
    verify: str
    outsiders: Outsiders | None
    phones: str
    checked: str
    lowered: Mapping[str, str]
    """What to say of a picture that was lowered for a thin line, by rung."""
    vouched: str
    clip: ClipForm | None


@dataclass(frozen=True, slots=True)
class UnseenPage:
    """What the public does not see, and why. `phases` are the heads of the columns, `example` an address to check; `notice` says whether a sealed film is
    kept, in the words of the door, and `is_sealed` that it is."""

    frame: Frame
    crumbs: tuple[Crumb, ...]
    phases: tuple[str, ...]
    rows: tuple[Shown, ...]
    example: str
    is_sealed: bool
    notice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """Somebody who hosts a copy of P4, as the centre's settings name them."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class CheckPage:
    """P4: three plain answers about a file or a link. `player` says where a station's log is, None where no station is meant or nothing of it is public."""

    frame: Frame
    crumbs: tuple[Crumb, ...]
    station: str
    name: str
    player: Player | None
    cameras: str
    """Letters of the station's cameras, with spaces between."""
    withdrawn: str
    """JSON: camera, from, to (null where open) of each withdrawal."""
    east: int
    verify: str
    hosts: tuple[Host, ...] = ()
    copy: str = ""
    """SHA-256 in hex of the manifest that every copy for this election has; empty where it cannot be made here."""


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """A page that is not there, in plain words."""

    frame: Frame
    heading: str
    why: str
    do: str
