# SPDX-License-Identifier: Apache-2.0
"""Check of a published film: the whole election, one station, or the national log, from a folder or a web address.

Every check has its own line and none is skipped because another failed, except that nothing is measured against a log that does not hold.
Needs no account, no server and only the base install. Pictures are looked at where the caller brings a codec (`pixels`).
"""

import re
import time
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest, sha256
from kua.core.election import Election, read_election
from kua.core.errors import Incomplete, KuaError, Misused, Rejected
from kua.core.instant import Instant
from kua.core.nouns import nation_origin
from kua.law.profile import read_profile
from kua.law.publication import Publication, publication_of
from kua.ports.pixels import Pixels
from kua.ports.tokens import ReadToken
from kua.proof.keys import VerifierKey
from kua.proof.paper import PaperCode
from kua.proof.persons import check_election
from kua.proof.policy import parse_policy
from kua.verify.below import Below, Once
from kua.verify.cosigned import FOLDER, POLICY, check_cosigned, newest_cosigned
from kua.verify.entries import Entries, load_entries
from kua.verify.paper import check_paper
from kua.verify.reading import Folder, Reader, open_reader
from kua.verify.report import Report
from kua.verify.station import check_station
from kua.verify.times import nation_times, read_kept
from kua.verify.view import LogView
from kua.verify.work import Patience, Work

FILES: Final = frozenset({"election.json", "election.note", "profile.json"})
"""What stands at the top of an election's folder beside the logs."""
_TIME: Final = re.compile(r"time/(?:list\.json|[1-9][0-9]{0,18}(?:\.note|-[a-z0-9-]{1,32}\.tsr))", re.ASCII)
"""Files about the national log's time (docs/spec/time.md)."""
SMALL: Final = 16 * 1024 * 1024
"""Bytes of the largest document (election file, profile, calibration) that is read."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader brought along from elsewhere: keys of the commission, and of the log of the place given. Empty: not checked."""

    commission: tuple[VerifierKey, ...] = ()
    vkey: VerifierKey | None = None
    cosigners: tuple[VerifierKey, ...] = ()
    """Co-signers whom the reader knows beside those of the election file: observers' phones in the room."""
    paper: PaperCode | None = None
    """What stands on the protocol of one station."""


def verify_film(place: str, trust: Trust = Trust(), *, pixels: Pixels | None = None, tokens: ReadToken | None = None) -> Report:
    """Check what is published at `place`: an election's folder, a station's (`s/10-245`) or the national log's (`nation`).

    `pixels`, where given, looks into every segment whether its signed masks are filled; `tokens` reads the tokens of time authorities.

    Raises `Misused("film.nothing_here")` when none of the three is there, `Unavailable` when the place cannot be reached.
    """
    report = Report()
    reader, stations, nation_too = _aim(place)
    report.summary["place"] = place
    _tell_unfinished(reader, stations, nation_too, report)
    reader = Once(reader)
    election = check_election_file(reader, trust, report)
    file = sha256(reader.read("election.json", SMALL)) if election is not None else None
    newest = newest_cosigned(Below(reader, "nation")) if election is not None and election.cosigning else b""
    kept = read_kept(Below(reader, "nation"), report)
    # Who has a folder now stands in the national log that is read next; who gets one meanwhile need not.
    named = stations if stations is not None else [station.id for station in election.stations] if election else []
    began = set(named) if stations is not None else {station for station in named if not _is_empty(reader, station)}
    nation = _check_nation(reader, election, file, trust, report)
    rules = rules_of(reader, election)
    times = nation_times(kept, nation, _cosigners(election, trust), tokens, report)
    now = Instant(time.time_ns() // 1_000_000)  # noqa: TID251 - the reader's own clock, asked once; the base install has no clock port
    coverage, patience = [], Patience()
    certified = {leaf["station"] for _, leaf in nation.of_type("certificate")} if nation is not None else set()
    for station in named:
        if station not in began and (station not in certified or _is_empty(reader, station)):
            _note_absence(station, report, known=station in certified)
            continue
        work = Work(Below(reader, f"s/{station}"), station, election, file, nation, rules, now, report, pixels=pixels, patience=patience)
        coverage.append(check_station(work, trust.vkey, times))
    if stations is None and election is None:
        report.not_checked("stations", "film.no_election")
    if trust.paper is not None:
        _check_paper(trust.paper, reader, stations, report)
    if election is not None and (nation_too or election.cosigning):
        check_cosigned(Below(reader, "nation"), newest, election, _nation_key(reader), nation, report)
    if stations is None and election is not None:
        _check_strays(reader, election, report)
    _check_given(trust, nation, election, report)
    report.summary["stations"] = [figures for figures in coverage if figures]
    return report


def _check_paper(paper: PaperCode, reader: Reader, stations: list[str] | None, report: Report) -> None:
    if stations is None or len(stations) != 1:
        report.not_checked("paper", "film.paper_which")  # a code is of one station; which one, the reader must say
        return
    check, place = f"s/{stations[0]} paper", Below(reader, f"s/{stations[0]}")
    try:
        key = VerifierKey.parse(place.read("vkey", 4096).decode("utf-8", "replace").strip())  # whether it is the station's is another line's business
        view = LogView.open([place], key, None, lazily=True)
        check_paper(check, paper, view.head.origin, view.head.size, view.prover().root, report)
    except KuaError as error:
        report.trouble(check, error)


def _aim(place: str) -> tuple[Reader, list[str] | None, bool]:
    """Find the election's folder: return its reader, which stations to check (None: all of them), and whether the nation was meant too."""
    here = open_reader(place)
    if _has(here, "election.json") or _has(here, "nation/checkpoint"):
        return here, None, True
    trimmed = place.rstrip("/")
    parent, _, name = trimmed.rpartition("/")
    if _has(here, "checkpoint") or _has(here, "vkey"):
        if name == "nation":
            return open_reader(parent or "."), [], True
        grand, _, letter = parent.rpartition("/")
        if letter == "s":
            return open_reader(grand or "."), [name], True
    raise Misused("film.nothing_here", place=place)


def _has(reader: Reader, name: str) -> bool:
    try:
        reader.read(name, SMALL)
    except Incomplete:
        return False
    return True


def _is_empty(reader: Reader, station: str) -> bool:
    return not _has(reader, f"s/{station}/vkey") and not _has(reader, f"s/{station}/checkpoint")


def _note_absence(station: str, report: Report, *, known: bool) -> None:
    """A station that never spoke is no fault; one that the national log knows must be there."""
    if known:
        report.missing(f"s/{station}", "film.station_missing", station=station)
    else:
        report.not_checked(f"s/{station}", "film.station_silent", station=station)


def check_election_file(reader: Reader, trust: Trust, report: Report) -> Election | None:
    """Read the election file and check its note and its profile, with a line for each; None if it cannot be used. `reader` must give the same answer twice."""
    data = report.attempt("election.file", lambda: reader.read("election.json", SMALL))
    if data is None:
        return None
    election = report.attempt("election.file", lambda: read_election(data))
    if election is None:
        return None
    report.passed("election.file", "film.election_read", election=election.id, version=election.version, stations=len(election.stations))
    note = report.attempt("election.signature", lambda: reader.read("election.note", SMALL))
    if note is not None:
        keys = report.attempt("election.signature", lambda: [VerifierKey.parse(line) for line in election.commission])
        if keys is not None:
            names = report.attempt(
                "election.signature",
                lambda: check_election(note, election=election.id, version=election.version, file=sha256(data), keys=keys),
            )
            if names is not None:
                report.passed("election.signature", "film.election_signed", names=", ".join(names))
            _check_trust(note, election, data, trust, report)
    profile = report.attempt("election.profile", lambda: reader.read("profile.json", SMALL))
    if profile is not None:
        if sha256(profile).hex() == election.profile_sha256:
            report.passed("election.profile", "film.profile_holds", profile=election.profile_id)
        else:
            report.failed("election.profile", "film.profile_differs", profile=election.profile_id)
    return election


def rules_of(reader: Reader, election: Election | None) -> Publication | None:
    """Return what the public may see, by the profile. None where that cannot be known: then everything ought to be there."""
    if election is None:
        return None
    try:
        profile = read_profile(reader.read("profile.json", SMALL))
        return publication_of(election, profile, tuple(profile.clauses))
    except KuaError:
        return None  # the line about the profile says why


def _check_trust(note: bytes, election: Election, data: bytes, trust: Trust, report: Report) -> None:
    if not trust.commission:
        report.not_checked("election.trust", "film.commission_not_given")
        return
    try:
        names = check_election(note, election=election.id, version=election.version, file=sha256(data), keys=trust.commission)
    except KuaError as error:
        report.trouble("election.trust", error)
        return
    report.passed("election.trust", "film.commission_trusted", names=", ".join(names))


def _check_nation(reader: Reader, election: Election | None, file: Digest | None, trust: Trust, report: Report) -> Entries | None:
    below = Below(reader, "nation")
    key = nation_key(below, election, trust, report)
    if key is None:
        return None
    origin = nation_origin(election.domain, election.id) if election else None
    nation = load_entries(below, key, origin, "nation", "nation", report)
    _check_foreign(below, report)
    if nation and election and file:
        check_logged(nation, election, file, report)
    return nation


def nation_key(below: Below, election: Election | None, trust: Trust, report: Report) -> VerifierKey | None:
    """Return the key of the national log below `below`, or None with a line that says why it is not to be used."""
    try:
        line = below.read("vkey", 4096).decode("utf-8", "replace")
        key = VerifierKey.parse(line.removesuffix("\n"))
        if line != f"{key}\n":
            raise Rejected("key.form")
    except KuaError as error:
        report.trouble("nation key", error)
        return None
    if trust.vkey is not None and trust.vkey.name == key.name and trust.vkey != key:
        report.failed("nation key", "film.key_not_given_one", name=key.name)
        return None
    if election is None:
        if trust.vkey is None or trust.vkey != key:
            report.not_checked("nation key", "film.key_from_folder", name=key.name)
    elif str(key) in {centre.vkey for centre in election.centres}:
        report.passed("nation key", "film.nation_key_named", name=key.name)
    else:
        report.failed("nation key", "film.nation_key_foreign", name=key.name)
        return None
    return key


def check_logged(nation: Entries, election: Election, file: Digest, report: Report) -> None:
    """Say whether the election file, whose SHA-256 is `file`, stands in the national log and is its newest version there."""
    logged = {leaf["sha256"]: leaf["version"] for _, leaf in nation.of_type("policy") if leaf["what"] == "election"}
    newest = max(logged.values(), default=0)
    if file.hex() not in logged:
        report.failed("election.logged", "film.election_not_logged")
    elif newest > election.version:
        report.failed("election.logged", "film.election_superseded", version=election.version, newest=newest)
    else:
        report.passed("election.logged", "film.election_logged")


def _nation_key(reader: Reader) -> VerifierKey | None:
    """The national log's key, which `_check_nation` has judged; None where it cannot be read."""
    try:
        return VerifierKey.parse(reader.read("nation/vkey", 4096).decode("utf-8", "replace").removesuffix("\n"))
    except KuaError:
        return None


def _check_foreign(below: Below, report: Report) -> None:
    if not below.listable:
        return
    for name in below.names():
        known = name in {"vkey", "checkpoint", POLICY} or name.startswith(("tile/", f"{FOLDER}/")) or _TIME.fullmatch(name)
        if not known:
            report.failed("nation files", "film.file_unsigned", name=f"nation/{name}")


def _check_strays(reader: Reader, election: Election, report: Report) -> None:
    """What stands beside the logs of the election: a file that nobody signed, or a station that the election file does not name."""
    if not reader.listable:
        return
    known = {str(station.id) for station in election.stations}
    strays: set[str] = set()
    for name in reader.names():
        top, _, rest = name.partition("/")
        if name in FILES or top == "nation" or (top == "s" and rest.partition("/")[0] in known):
            continue
        strays.add("/".join(name.split("/")[:2]))
    for name in sorted(strays):
        report.failed("election files", "film.file_unsigned", name=name)


def _tell_unfinished(reader: Reader, stations: list[str] | None, nation_too: bool, report: Report) -> None:
    """Name what is being written in the part of the tree that is meant: nobody can vouch for it."""
    if not isinstance(reader, Folder):
        return
    meant = ("",) if stations is None else tuple(f"s/{station}/" for station in stations) + (("nation/",) if nation_too else ())
    names = [name for name in reader.unfinished() if name.startswith(meant)]
    if names:
        report.not_checked("files", "film.being_written", name=names[0], count=len(names))


def _check_given(trust: Trust, nation: Entries | None, election: Election | None, report: Report) -> None:
    """A key that was given and is the name of nothing here was compared with nothing: that must not look like a check."""
    if trust.vkey is None or any(line.code in {"film.key_not_given_one", "film.key_given"} for line in report.lines):
        return
    certified = {leaf["vkey"] for _, leaf in nation.of_type("certificate")} if nation else set()
    centres = {centre.vkey for centre in election.centres} if election else set()
    if str(trust.vkey) not in certified | centres:
        report.failed("key given", "film.key_of_nobody", name=trust.vkey.name)


def _cosigners(election: Election | None, trust: Trust) -> list[VerifierKey]:
    """Return the keys of those whose co-signatures count as somebody outside."""
    try:
        named = [witness.key for witness in parse_policy(election.cosigning.encode()).witnesses] if election and election.cosigning else []
    except KuaError:
        named = []  # the line about the co-signers says why
    return [*named, *trust.cosigners]

