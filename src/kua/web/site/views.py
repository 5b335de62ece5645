# SPDX-License-Identifier: Apache-2.0
"""How what a page shows (`kua.web.site.shapes`) is read from the public index."""

import json
from collections.abc import Sequence
from typing import Any, Final

from kua import __version__
from kua.core.election import Election, Station
from kua.core.instant import Instant, Millis
from kua.core.nouns import StationId, nation_origin, station_origin
from kua.media.coverage import by_cause, coverage_of, planned_of
from kua.media.timeline import Day, Film
from kua.ports.clips import ClipState
from kua.ports.index import CameraState, PublicDay, PublicIndex, StationState
from kua.web.kit.formats import Formats, iso, offset, offset_ms
from kua.web.kit.pages import Words
from kua.web.site.lamps import ORDER, Lamp, band_of, lamp_of, people_of
from kua.web.site.shapes import (
    CameraChoice,
    CheckPage,
    ClipForm,
    ClipPage,
    CountryPage,
    Crumb,
    Frame,
    Host,
    Moment,
    Outsiders,
    Player,
    ProblemPage,
    RegionPage,
    RegionRow,
    Result,
    StationPage,
    StationRow,
    Totals,
    Turn,
    UnseenPage,
)
from kua.web.site.strip import LOWERED, Stretch, gap_reason, hidden_reason, lowered_reason, stretch_at, stretches, strip_of
from kua.web.site.unseen import PHASES, rows_of
from kua.words.sealed import notice
from kua.words.speak import LANGUAGES, catalogue

NAMES: Final = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
"""Each language in its own letters."""

ROWS: Final = 400
"""Rows of a day that a page lists; the playlist has all."""

LIVE_SLACK: Final = Millis(15_000)
"""A picture is called live only while it is younger than the public delay and this."""

AROUND: Final = Millis(30_000)
"""The form for a clip begins so long before the moment that is shown, and ends so long after it."""

STILL: Final = Millis(10_000)
"""After so long without a new picture the player dims the old one and says how old it is."""


class Views:
    """Reads the index for one language."""

    def __init__(self, index: PublicIndex, language: str, tree: str) -> None:
        self._index = index
        self._tree = tree.rstrip("/")
        self._lang = language
        self._words = Words(language)
        self._fmt = Formats(language)
        self._now = index.now()
        self._election = index.election()

    # ------------------------------------------------------------------------------------------------------- the frame

    def frame(self, title: str, here: str) -> Frame:
        """Return the frame of the page that lies at `here` (path and query below the language)."""
        states = self._index.station_states()
        heard = max((state.last_leaf_at for state in states if state.last_leaf_at is not None), default=None)
        head = self._index.nation_head()
        return Frame(
            lang=self._lang,
            title=title,
            election=self._election.titles.said_in(self._lang),
            turns=tuple(Turn(language, NAMES[language], f"/{language}/{here}", language == self._lang) for language in LANGUAGES),
            now=self._now,
            offset=offset(self._now),
            news_age="" if heard is None else self._fmt.length(self._now - heard),
            version=__version__,
            root="" if head is None else head[1][:12],
            log_size=0 if head is None else head[0],
            home=f"/{self._lang}/",
            delay=self._fmt.length(self._election.delay),
        )

    # ------------------------------------------------------------------------------------------------------------ rows

    def _row(self, station: Station, state: StationState) -> StationRow:
        heard = state.last_leaf_at
        counts = [] if station.exempt else [span for camera in station.cameras for span in self._index.counts(station.id, camera.id)]
        return StationRow(
            id=station.id,
            name=station.titles.said_in(self._lang),
            address=station.address.said_in(self._lang),
            href=f"/{self._lang}/s/{station.id}",
            lamp=lamp_of(station, state, self._words),
            age="" if heard is None else self._fmt.length(self._now - heard),
            heard=heard,
            queue=band_of(counts, self._now, self._words),
            people=people_of(counts, self._now, self._words),
            reason="" if station.exempt is None else station.exempt.said_in(self._lang),
        )

    def _region(self, region_id: str, name: str, rows: Sequence[Lamp]) -> RegionRow:
        kinds = [lamp.kind for lamp in rows]
        recording, storing, problems, hidden = (kinds.count(kind) for kind in ("recording", "storing", "problem", "hidden"))
        working = recording + storing + hidden
        due = working + problems
        kind, word = _gravest(recording, storing, problems, hidden, self._words)
        return RegionRow(
            id=region_id,
            name=name,
            href=f"/{self._lang}/r/{region_id}",
            stations=len(kinds),
            recording=recording,
            storing=storing,
            problems=problems,
            hidden=hidden,
            quiet=kinds.count("none"),
            share="" if not due else self._fmt.share(working, due),
            kind=kind,
            shape=Lamp(kind, "", "").shape,
            word=word,
        )

    # ----------------------------------------------------------------------------------------------------------- pages

    def country(self, result: tuple[str, Sequence[Station], int] | None = None) -> CountryPage:
        """Return P1, with what a search found if there was one."""
        _ = self._words
        stations = {station.id: station for station in self._election.stations}
        states = {state.station: state for state in self._index.station_states()}
        lamps: dict[str, list[Lamp]] = {region.id: [] for region in self._election.regions}
        loud: list[tuple[int, int, StationId]] = []
        for number, station in stations.items():
            state = states[number]
            lamp = lamp_of(station, state, _)
            lamps[station.region].append(lamp)
            if state.last_leaf_at is not None:
                loud.append((ORDER.index(lamp.kind), -state.last_leaf_at, number))
        regions = tuple(self._region(region.id, region.titles.said_in(self._lang), lamps[region.id]) for region in self._election.regions)
        news = tuple(self._row(stations[number], states[number]) for _grave, _heard, number in sorted(loud)[:8])
        found = None
        if result is not None:
            query, hits, total = result
            found = Result(query, tuple(self._row(station, states[station.id]) for station in hits), total)
        return CountryPage(
            frame=self.frame(_("All regions"), ""),
            total=len(stations),
            recording=sum(region.recording for region in regions),
            storing=sum(region.storing for region in regions),
            hidden=sum(region.hidden for region in regions),
            problems=sum(region.problems for region in regions),
            regions=regions,
            news=news,
            result=found,
        )

    def region(self, region_id: str) -> RegionPage:
        """Return P2 of a region that the election file names."""
        region = next(region for region in self._election.regions if region.id == region_id)
        states = {state.station: state for state in self._index.station_states()}
        rows = tuple(self._row(station, states[station.id]) for station in self._election.stations if station.region == region_id)
        name = region.titles.said_in(self._lang)
        return RegionPage(
            frame=self.frame(name, f"r/{region_id}"),
            crumbs=(Crumb(self._words("All regions"), f"/{self._lang}/"),),
            region=self._region(region_id, name, [row.lamp for row in rows]),
            rows=rows,
        )

    def station(
        self, number: str, cam: str = "", at: Instant | None = None, wrong_time: str = "", longest: Millis | None = None
    ) -> StationPage:
        """Return P3; with the form for clips where they may be `longest`. Raises `Rejected("election.no_station" | "election.no_camera")`."""
        station = self._election.station(number)
        state = self._index.station_state(number)
        row = self._row(station, state)
        cameras = self._cameras(station, cam)
        camera = next((choice for choice in cameras if choice.current), None)
        public = None if camera is None else self._index.day(number, camera.cam)
        parts = () if public is None else stretches(public, self._words)
        newest = _camera_state(state, camera.cam).published_until if camera else None
        region = next(region for region in self._election.regions if region.id == station.region)
        here = f"s/{number}" + _query(cam, at)
        return StationPage(
            frame=self.frame(self._words("Station {number}", number=number), here),
            crumbs=(
                Crumb(self._words("All regions"), f"/{self._lang}/"),
                Crumb(region.titles.said_in(self._lang), f"/{self._lang}/r/{region.id}"),
            ),
            row=row,
            voters=station.voters,
            hours=tuple((_phase(window.phase, self._words), window.start, window.end) for window in station.windows),
            cameras=cameras,
            camera=camera,
            newest=newest,
            newest_age="" if newest is None else self._fmt.length(self._now - newest),
            player=None if camera is None or newest is None else self._player(station, camera, parts, at),
            parts=parts[-ROWS:],
            parts_cut=max(0, len(parts) - ROWS),
            strip=None if public is None else strip_of(parts, public.until, self._fmt.clock, self._fmt.hour),
            totals=None if public is None or not parts else self._totals(station, public),
            day_date=parts[-1].t0 if parts else self._now,
            moment=None if at is None or public is None or camera is None else self._moment(station, camera, public, parts, at),
            wrong_time=wrong_time,
            files=() if camera is None or newest is None else self._files(number, camera),
            vkey=f"{self._folder(number)}vkey",
            verify=f"kua film verify {self._centre()}{self._tree}/{self._election.id}/s/{number}",
            outsiders=self._outsiders(number),
            phones=self._phones(number),
            checked=self._checked(),
            lowered={rung: lowered_reason(rung, self._words) for rung in LOWERED},
            vouched=self._vouched(),
            clip=None if longest is None or camera is None or newest is None else self.clip_form(number, camera.cam, at, longest),
        )

    @property
    def formats(self) -> Formats:
        """How times and numbers are written here."""
        return self._fmt

    def clip_form(self, number: str, cam: str, at: Instant | None, longest: Millis) -> ClipForm:
        """Return the form for a clip around `at`, or of the newest minute. Raises `Rejected("election.no_station" | "election.no_camera")`."""
        camera = next((choice.cam for choice in self._cameras(self._election.station(number), cam) if choice.current), "")
        public = self._index.day(number, camera) if camera else None
        films = [item for item in public.day.items if isinstance(item, Film) and item.sha256 in public.present] if public is not None else []
        newest = films[-1].t1 if films else None
        until = newest if at is None or newest is None else min(newest, Instant(at + AROUND))
        since = None if until is None else max(films[0].t0, Instant(until - 2 * AROUND))
        clock = self._fmt.clock
        return ClipForm(camera, "" if since is None else clock(since), "" if until is None else clock(until), longest // 60_000)

    def clip(self, number: str, form: ClipForm, state: ClipState | None, error: tuple[str, str, str] | None) -> ClipPage:
        """Return the page of a clip, or of the form for one. Raises as `clip_form`."""
        station = self._election.station(number)
        region = next(region for region in self._election.regions if region.id == station.region)
        ready = state is not None and state.stage == "ready"
        return ClipPage(
            frame=self.frame(self._words("Make a clip"), f"s/{number}/clip" + (f"/{state.key}" if state is not None else _query(form.cam, None))),
            crumbs=(
                Crumb(self._words("All regions"), f"/{self._lang}/"),
                Crumb(region.titles.said_in(self._lang), f"/{self._lang}/r/{region.id}"),
                Crumb(number, f"/{self._lang}/s/{number}" + _query(form.cam, None)),
            ),
            station=number,
            name=station.titles.said_in(self._lang),
            form=form,
            cameras=self._cameras(station, form.cam),
            stage=state.stage if state is not None else "",
            ahead=state.ahead if state is not None else 0,
            since=state.asked.since if state is not None else None,
            until=state.asked.until if state is not None else None,
            href=f"/clip/{state.key}/{state.name}" if state is not None and ready else "",
            file=state.name if state is not None else "",
            megabytes=max(1, round(state.size / 1e6)) if state is not None else 0,
            error=error,
        )

    def _checked(self) -> str:
        """The sentence under a film whose pieces hold. The browser checks the log, not who co-signed it, and the sentence says which is which."""
        vouchers = self._index.vouchers()
        if vouchers is None or not vouchers.names:
            return self._words("Checked in your browser: consistent with the centre’s log.")
        return self._words(
            "Checked in your browser: consistent with the centre’s log. Co-signed, says the centre, by {n} of {m}: {names}.",
            n=len(vouchers.names), m=vouchers.total, names=", ".join(vouchers.names),
        )

    def _vouched(self) -> str:
        """What all that proves, and who outside the centre vouches for its log."""
        vouchers = self._index.vouchers()
        if vouchers is None:
            return self._words(
                "If all fits, the film is consistent with the centre’s log. No outside co-signers watch the log yet, so we say no more than that."
            )
        facts = {"n": len(vouchers.names), "m": vouchers.total, "names": ", ".join(vouchers.names)}
        if not vouchers.names:
            return self._words(
                "If all fits, the film is consistent with the centre’s log. None of its {m} outside co-signers has vouched for it yet.", m=vouchers.total
            )
        if not vouchers.quorum or vouchers.at is None:
            return self._words(
                "If all fits, the film is consistent with the centre’s log. {n} of {m} outside co-signers vouch for that log: {names}. "
                "That is fewer than the election file asks for.",
                **facts,
            )
        return self._words(
            "If all fits, the film is consistent with the centre’s log. {n} of {m} outside co-signers vouch that nobody was shown another log: "
            "{names}; the last time at {time}. The command below checks their signatures.",
            time=self._fmt.clock(vouchers.at), **facts,
        )

    def date_of(self, number: str, cam: str) -> Instant:
        """Return a moment of the day that the station's page shows. Raises as `station`."""
        camera = next((choice.cam for choice in self._cameras(self._election.station(number), cam) if choice.current), None)
        items = () if camera is None else self._index.day(number, camera).day.items
        return items[-1].t0 if items else self._now

    def unseen(self) -> UnseenPage:
        """Return the page that says what is not seen and why, with the table of this election."""
        stations = self._election.stations
        number = next((station.id for station in stations if station.cameras), stations[0].id if stations else "")
        names = {phase: _phase(phase, self._words) for phase in PHASES}
        return UnseenPage(
            frame=self.frame(self._words("What you do not see and why"), "unseen"),
            crumbs=(Crumb(self._words("All regions"), f"/{self._lang}/"),),
            phases=tuple(names.values()),
            rows=rows_of(self._election.hiding, names, self._words),
            example=f"{self._centre()}{self._tree}/{self._election.id}/s/{number}",
            is_sealed=self._election.sealed is not None,
            notice=notice(self._election.sealed, catalogue(self._lang).gettext),
        )

    def check(self, number: str, hosts: tuple[Host, ...] = (), copy: str = "") -> CheckPage:
        """Return P4, for pieces of film of station `number`, or without a station. Raises `Rejected("election.no_station")`."""
        title, east = self._words("Check a film"), offset_ms(self._now)
        crumbs = (Crumb(self._words("All regions"), f"/{self._lang}/"),)
        verify = "kua bundle verify FILE.zip"
        if not number:
            return CheckPage(self.frame(title, "check"), crumbs, "", "", None, "", "[]", east, verify, hosts, copy)
        station, told = self._election.station(number), self.place(number)
        cameras = self._cameras(station, "")
        public = any(_camera_state(self._index.station_state(number), choice.cam).published_until is not None for choice in cameras)
        return CheckPage(
            frame=self.frame(title, f"check?s={number}"),
            crumbs=crumbs,
            station=number,
            name=station.titles.said_in(self._lang),
            player=self._player(station, cameras[0], (), None) if public else None,
            cameras=" ".join(told["cameras"]),
            withdrawn=json.dumps(told["withdrawn"]),
            east=east,
            verify=f"kua film verify {self._centre()}{self._tree}/{self._election.id}/s/{number}",
            hosts=hosts,
            copy=copy,
        )

    def place(self, number: str) -> dict[str, Any]:
        """Return what a copy of P4 is told of a station: its cameras, where the national log names its key, what was withdrawn. Raises as `check`."""
        days = {choice.cam: self._index.day(number, choice.cam).day for choice in self._cameras(self._election.station(number), "")}
        withdrawn = [[cam, span.t0, span.t1] for cam, day in days.items() for span in day.withdrawn]
        return {"v": 1, "station": number, "cameras": list(days), "certificate": self._index.certificate(number), "withdrawn": withdrawn}

    def problem(self, heading: str, why: str, do: str, here: str = "") -> ProblemPage:
        """Return the page that says what is not there."""
        return ProblemPage(self.frame(heading, here), heading, why, do)

    # ------------------------------------------------------------------------------------------------ parts of a station

    def _centre(self) -> str:
        return self._election.centres[0].url.rstrip("/") if self._election.centres else ""

    def _folder(self, number: str) -> str:
        return f"{self._tree}/{self._election.id}/s/{number}/"

    def _cameras(self, station: Station, cam: str) -> tuple[CameraChoice, ...]:
        if station.exempt is not None or not station.cameras:
            return ()
        wanted = cam or station.cameras[0].id
        self._index.day(station.id, wanted)  # raises for a camera that is not there
        names = {"room": self._words("the room"), "box": self._words("the ballot box"), "count": self._words("the counting table")}
        return tuple(
            CameraChoice(
                camera.id,
                self._words("Camera {letter}: {purpose}", letter=camera.id.upper(), purpose=names.get(camera.purpose, camera.purpose)),
                f"/{self._lang}/s/{station.id}?cam={camera.id}",
                camera.id == wanted,
            )
            for camera in station.cameras
        )

    def _player(self, station: Station, camera: CameraChoice, parts: tuple[Stretch, ...], at: Instant | None) -> Player:
        election, folder = self._election, self._folder(station.id)
        film = f"{folder}film/{camera.cam}/"
        certificate = self._index.certificate(station.id)
        return Player(
            tree=folder,
            nation=f"{self._tree}/{election.id}/nation/",
            cam=camera.cam,
            live=film + "live.m3u8",
            day=film + "day.m3u8",
            origin=station_origin(election.domain, election.id, station.id),
            nation_origin=nation_origin(election.domain, election.id),
            nation_key=self._index.centre_vkey(),
            certificate=-1 if certificate is None else certificate,
            delay=election.delay,
            slack=LIVE_SLACK,
            still=STILL,
            at=at,
            east=offset_ms(self._now),
            spans=json.dumps([[part.t0, part.t1, part.kind, part.word] for part in parts[-ROWS:]], ensure_ascii=False),
        )

    def _totals(self, station: Station, public: PublicDay) -> Totals:
        _, day, until = self._words, public.day, public.until
        seen = Day(day.cam, day.opened, day.closed if day.closed is not None and day.closed <= until else None)
        seen.items = [item for item in day.items if item.t1 <= until]
        seen.hidden, seen.withdrawn = day.hidden, day.withdrawn
        coverage = coverage_of(seen, public.present)
        gaps, hidden = by_cause(coverage.gaps), by_cause(coverage.hidden)
        length = self._fmt.length
        return Totals(
            planned=length(planned_of((window.start, window.end) for window in station.windows)),
            recorded=length(coverage.recorded),
            visible=length(coverage.visible),
            published=length(coverage.published),
            gaps=length(sum(gaps.values())),
            hidden=length(sum(hidden.values())),
            unaccounted=length(coverage.unaccounted) if coverage.unaccounted else "",
            causes=(
                *(("gap", length(span), gap_reason(why, _)) for why, span in gaps.items()),
                *(("hidden", length(span), hidden_reason(why, _)) for why, span in hidden.items()),
            ),
        )

    def _outsiders(self, number: str) -> Outsiders | None:
        seen = self._index.witnessed(number)
        if seen.until is None or seen.longest is None:
            return None
        return Outsiders(seen.by, seen.until, self._fmt.length(seen.longest), seen.unseen)

    def _phones(self, number: str) -> str:
        """Who co-signs in the room, as far as this page can know."""
        seen = self._index.witnessed(number)
        if not seen.phones or seen.phones_at is None:
            return ""
        return self._words(
            "Telephones of observers in the room that co-sign the station’s log, as the station says: {n}; the last one at {time}. Whose they are this page cannot "
            "know. Whoever knows the key of one counts it with “kua film verify --cosigner”.",
            n=self._fmt.number(seen.phones), time=self._fmt.clock(seen.phones_at),
        )

    def _moment(self, station: Station, camera: CameraChoice, public: PublicDay, parts: tuple[Stretch, ...], at: Instant) -> Moment:
        film = next((item for item in public.day.items if isinstance(item, Film) and item.t0 <= at < item.t1), None)
        there = film is not None and film.sha256 in public.present and not public.day.is_withdrawn(film) and film.t1 <= public.until
        part = stretch_at(parts, at)
        if film is None or (not there and (part is None or part.kind != "lowered" or film.lowered is None or not film.lowered.run)):
            return Moment(at, part, "", -1 if film is None else film.leaf)
        name = film.name if there or film.lowered is None else film.lowered.name
        return Moment(at, part, f"{self._folder(station.id)}film/{camera.cam}/{name}", film.leaf)

    def _files(self, number: str, camera: CameraChoice) -> tuple[Crumb, ...]:
        _, folder = self._words, self._folder(number)
        return (
            Crumb(_("Playlist of the day (HLS)"), f"{folder}film/{camera.cam}/day.m3u8"),
            Crumb(_("Coverage, as a file for programs"), f"{folder}coverage.json"),
            Crumb(_("Checkpoint of the station's log"), f"{folder}checkpoint"),
            Crumb(_("Key of the station"), f"{folder}vkey"),
            Crumb(_("Checkpoint of the national log"), f"{self._tree}/{self._election.id}/nation/checkpoint"),
            Crumb(_("Election file"), f"{self._tree}/{self._election.id}/election.json"),
        )


def _query(cam: str, at: Instant | None) -> str:
    parts = [*([f"cam={cam}"] if cam else []), *([f"t={iso(at).replace('+', '%2B')}"] if at is not None else [])]
    return "?" + "&".join(parts) if parts else ""


def _camera_state(state: StationState, cam: str) -> CameraState:
    return next((camera for camera in state.cameras if camera.cam == cam), CameraState(cam, "", None, None, False, False))


def _gravest(recording: int, storing: int, problems: int, hidden: int, _: Words) -> tuple[str, str]:
    if problems:
        return "problem", _.many("{n} station without news", "{n} stations without news", problems)
    if storing:
        return "storing", _.many("{n} station is storing", "{n} stations are storing", storing)
    if hidden:
        return "hidden", _.many("{n} picture hidden", "{n} pictures hidden", hidden)
    if recording:
        return "recording", _("Recording")
    return "none", _("Nothing yet")


def _phase(phase: str, _: Words) -> str:
    return {
        "rehearsal": _("Rehearsal"),
        "opening": _("Opening"),
        "voting": _("Voting"),
        "count": _("Count"),
        "protocol": _("Protocol"),
        "storage": _("Storage"),
    }[phase]


def election_key(election: Election) -> tuple[str, int]:
    """Return what tells one version of an election file from another."""
    return election.id, election.version
