# SPDX-License-Identifier: Apache-2.0
"""Check of one station: its log against the nation's, then calibrations, account of the day, every segment, every playlist, every file."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from kua.core.canonical import read_canonical
from kua.core.digest import Digest, from_hex, sha256
from kua.core.election import Election
from kua.core.errors import KuaError, Rejected
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import station_id, station_origin
from kua.law.publication import Publication
from kua.media.coverage import NAME as COVERAGE
from kua.media.coverage import Coverage, coverage_of, planned_of
from kua.media.timeline import Day, Film, Gap
from kua.ports.pixels import Pixels
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.merkle import Frontier
from kua.proof.persons import check_calibration
from kua.verify.below import Below
from kua.verify.coverage import check_coverage_file, figures, seconds, tell_coverage
from kua.verify.entries import Entries, load_entries
from kua.verify.footage import check_masks, check_media
from kua.verify.hours import check_hours
from kua.verify.playlists import check_playlists, read_early
from kua.verify.report import Report
from kua.verify.revoked import tell_revoked
from kua.verify.statements import check_statements
from kua.verify.times import NationTimes, station_times, tell_times
from kua.verify.work import Work

def check_station(work: Work, given: VerifierKey | None, times: NationTimes | None = None) -> dict[str, Any] | None:
    """Check the folder of `work.station` and return its figures of coverage, or None if its log does not hold. `given`: the log's key, where the reader brought it along."""
    below, station, election, nation, report, now = work.below, work.station, work.election, work.nation, work.report, work.now
    try:
        name = station_id(station)
        line = below.read("vkey", 4096).decode("utf-8", "replace")
        key = VerifierKey.parse(line.removesuffix("\n"))
        if line != f"{key}\n":
            raise Rejected("key.form")
    except KuaError as error:
        report.trouble(work.check("key"), error)
        return None
    if not _check_key(work, key, given):
        return None
    origin = station_origin(election.domain, election.id, name) if election else None
    listed, early = below.names(), read_early(below, _planned_cameras(work))
    log = load_entries(below, key, origin, "station", f"s/{station}", report)
    if log is None:
        return None
    _check_against_nation(work, log, key, log.head.origin)
    tell_revoked(work.check("revoked"), station, key, nation, log, report)
    check_hours(work.check("hours"), log, _seen(work, log.head.origin), now, report)
    _check_statements(work, log)
    _runs(work, log)
    work.days = _days(work, log, log.head.size)
    _check_calibrations(work, log)
    _tell_census(work, log)
    _check_sealed(work, log)
    seen = station_times(work.check("time"), log, times or NationTimes(), nation, report)
    told = {cam: tell_times(work.check(f"camera {cam} time"), day, log, seen, report) for cam, day in sorted(work.days.items())}
    for cam in sorted(work.days):
        _check_account(work, cam)
        check_media(work, cam, _newest(log))
        check_masks(work, cam, log)
        check_playlists(work, cam, _newest(log), early)
        tell_coverage(work.check(f"camera {cam} coverage"), _coverage_of(work, cam), report)
    work.expected.add(COVERAGE)
    check_coverage_file(
        work.check("coverage"), early[COVERAGE], station, _planned(work), log.head.size, lambda size: _days(work, log, size), report
    )
    _check_foreign(work, listed)
    return {"station": station, "cameras": {cam: figures(_coverage_of(work, cam)) | {"time": told[cam]} for cam in sorted(work.days)}}


def _check_key(work: Work, key: VerifierKey, given: VerifierKey | None) -> bool:
    check = work.check("key")
    if given is not None and given.name == key.name and given != key:
        work.report.failed(check, "film.key_not_given_one", name=key.name)
        return False
    if work.nation is not None:
        certified = {leaf["vkey"] for _, leaf in work.nation.of_type("certificate") if leaf["station"] == work.station}
        if str(key) not in certified:
            work.report.failed(check, "film.key_uncertified", name=key.name)
            return False
        if len(certified) > 1:  # two keys are two logs, of which a reader may be shown either
            work.report.failed(check, "film.key_twice", count=len(certified))
            return False
        work.report.passed(check, "film.key_certified", name=key.name)
    elif given == key:
        work.report.passed(check, "film.key_given", name=key.name)
    else:
        work.report.not_checked(check, "film.key_from_folder", name=key.name)
    return True


def _check_against_nation(work: Work, log: Entries, key: VerifierKey, origin: str) -> None:
    check = work.check("nation")
    if work.nation is None:
        work.report.not_checked(check, "film.no_nation")
        return
    seen, frontier = 0, Frontier()
    for index, leaf in sorted(work.nation.of_type("station_checkpoint"), key=lambda each: int(each[1]["size"])):
        if leaf["origin"] != origin:
            continue
        try:
            signed = open_checkpoint(leaf["note"].encode(), key, origin)
        except KuaError:
            signed = None
        if signed is None or (signed.size, signed.root.hex()) != (leaf["size"], leaf["root"]):
            work.report.failed(check, "film.checkpoint_not_signed", index=index)
            return
        seen = leaf["size"]
        if seen > log.head.size:
            work.report.failed(check, "film.rolled_back", size=log.head.size, logged=seen, index=index)
            return
        # Sizes only grow here, so the whole log is hashed once and not once for each checkpoint.
        for digest in log.hashes[frontier.size : seen]:
            frontier.append(digest)
        if frontier.root().hex() != leaf["root"]:
            work.report.failed(check, "film.other_history", size=seen, index=index)
            return
    if seen == log.head.size:
        work.report.passed(check, "film.nation_agrees", size=seen)
    else:
        work.report.not_checked(check, "film.nation_behind", count=log.head.size - seen)


def _seen(work: Work, origin: str) -> list[tuple[int, Instant]]:
    """Return the sizes of this station's log that the national log states, each with when the centre received it."""
    stated = work.nation.of_type("station_checkpoint") if work.nation is not None else []
    return [(leaf["size"], Instant(leaf["received_at"])) for _, leaf in stated if leaf["origin"] == origin]


def _check_statements(work: Work, log: Entries) -> None:
    check_statements(work.check, log, work.station, work.election, work.file, work.report)


def _runs(work: Work, log: Entries) -> None:
    for _, leaf in log.of_type("segment"):
        work.began.setdefault((leaf["cam"], leaf["run"]), leaf["t0"])


def _days(work: Work, log: Entries, size: int) -> dict[str, Day]:
    """Return the days of all cameras as the first `size` leaves and the nation's withdrawals tell them."""
    days: dict[str, Day] = {}
    for index, entry in log.leaves:
        if index < size and isinstance(entry, Leaf):
            named = [cam["cam"] for cam in entry["cams"]] if entry.type == "open" else [entry.body.get("cam")]
            for cam in named:
                if isinstance(cam, str):
                    days.setdefault(cam, Day(cam))
    for day in days.values():
        for index, leaf in log.of_type("open", "close", "segment", "gap", "hidden"):  # a station cannot withdraw its own film
            if index < size:
                day.add(index, leaf.type, leaf.body)
        for index, leaf in work.nation.of_type("withdrawn") if work.nation else []:
            if leaf["station"] == work.station:
                day.add(index, leaf.type, leaf.body)
    return days


def _check_calibrations(work: Work, log: Entries) -> None:
    check = work.check("calibration")
    named = log.of_type("calibration")
    if not named:
        work.report.missing(check, "film.no_calibration")
    for _, leaf in named:
        stem = f"calibration/{leaf['cam']}-{leaf['sha256'][:16]}"
        work.expected |= {f"{stem}.json", f"{stem}.note", f"{stem}.signers.json"}
        try:
            file, note, signers = (
                _signed_file(work.below, f"{stem}{ending}", leaf[part])
                for ending, part in ((".json", "sha256"), (".note", "note"), (".signers.json", "signers"))
            )
            if work.election is None:
                work.report.not_checked(check, "film.no_election")
                continue
            issuers: dict[str, list[VerifierKey]] = {}
            for issuer in work.election.issuers:
                issuers.setdefault(issuer.role, []).append(VerifierKey.parse(issuer.vkey))
            certificates = _certificates(signers)
            people = check_calibration(
                note,
                election=work.election.id,
                station=work.station,
                camera=leaf["cam"],
                file=sha256(file),
                certificates=certificates,
                issuers=issuers,
            )
        except KuaError as error:
            work.report.trouble(check, error)
            continue
        work.signed[sha256(file).hex()] = file
        work.report.passed(check, "film.calibration_signed", camera=leaf["cam"], roles=", ".join(person.role for person in people))


def _tell_census(work: Work, log: Entries) -> None:
    """Say what the station states of the cameras in its room. The signed list holds addresses and stays in the station: nobody can check it from outside."""
    check, stated = work.check("census"), log.of_type("census")
    if not stated:
        work.report.not_checked(check, "film.no_census")
    for _, leaf in stated[-1:]:
        states, owners = leaf["states"], leaf["owners"]
        facts = {
            "used": states["used"],
            "blind": states["off"] + states["covered"] + states["masked"],
            "unknown": states["unknown"] + owners["unknown"],
        }
        words = {"none": "film.census_none", "off": "film.census_off", "not_shown": "film.census_not_shown"}
        work.report.not_checked(check, words[leaf["recorder"]], **facts)


def _check_sealed(work: Work, log: Entries) -> None:
    """Say whether a sealed film was kept, and fail where the election file orders none for the phase, or another quorum. Only a quorum can look inside."""
    check, slices, wrong = work.check("sealed"), log.of_type("slice"), False
    ordered = work.election.sealed if work.election is not None else None
    for index, leaf in slices:
        if work.election is None:
            continue
        if ordered is None or leaf["phase"] not in ordered.phases or leaf["quorum"] != ordered.digest().hex():
            work.report.failed(check, "film.sealed_unordered", index=index, camera=leaf["cam"], phase=leaf["phase"])
            wrong = True
    if slices and not wrong:
        work.report.not_checked(check, "film.sealed", count=len(slices))
    elif ordered is not None and not slices:
        work.report.not_checked(check, "film.sealed_none")


def _certificates(signers: bytes) -> list[bytes]:
    """Read a signers file, whoever wrote it. Raises `Rejected("calibration.signers" | "json.*")`."""
    listed = read_canonical(signers).get("certificates")
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise Rejected("calibration.signers")
    return [each.encode("utf-8", "replace") for each in listed]


def _signed_file(below: Below, name: str, digest: str) -> bytes:
    data = below.read(name)
    if sha256(data) != from_hex(digest):
        raise Rejected("film.file_differs", name=name)
    return data


def _check_account(work: Work, cam: str) -> None:
    day = work.days[cam]
    account = day.account()
    check = work.check(f"camera {cam} account")
    if day.opened is None:
        work.report.failed(check, "film.camera_not_opened", camera=cam)
    elif account.unaccounted or account.overlapping:
        work.report.failed(check, "film.unaccounted", seconds=seconds(account.unaccounted), overlapping=seconds(account.overlapping))
    else:
        work.report.passed(
            check,
            "film.accounted",
            recorded=seconds(account.recorded),
            gaps=seconds(account.gaps),
            hidden=seconds(account.hidden),
        )
    first = day.items[0].seq if work.excerpt and day.items else 0
    if [item.seq for item in day.items] != list(range(first, first + len(day.items))):
        work.report.failed(check, "film.numbers_skip")
    for item in day.items:
        if isinstance(item, Gap):
            work.report.passed(check, "film.gap", since=rfc3339(item.t0), until=rfc3339(item.t1), reason=item.reason)
    for span in day.withdrawn:
        if not span.t0 and span.t1 is None:
            work.report.not_checked(check, "film.withdrawn_whole", article=span.reason)
            continue
        until = rfc3339(span.t1) if span.t1 is not None else "..."
        work.report.not_checked(check, "film.withdrawn", since=rfc3339(span.t0), until=until, article=span.reason)


def _newest(log: Entries) -> int:
    return max((leaf.body["at"] for _, leaf in log.leaves if isinstance(leaf, Leaf) and "at" in leaf.body), default=0)


def _check_foreign(work: Work, listed: Iterable[str]) -> None:
    """`listed`: the files that were there before the log was read, so that the log speaks of each."""
    check = work.check("files")
    if not work.below.listable:
        work.report.not_checked(check, "film.not_listable")
        return
    strays = [name for name in listed if name not in work.expected and not name.startswith("tile/")]
    for name in strays:
        work.report.failed(check, "film.file_unsigned", name=name)
    if not strays:
        work.report.passed(check, "film.no_strays")


def _coverage_of(work: Work, cam: str) -> Coverage:
    return coverage_of(work.days[cam], work.present.get(cam, set()))


def _planned_cameras(work: Work) -> list[str]:
    """Return the cameras that the election file gives to this station."""
    places = work.election.stations if work.election is not None else ()
    return [camera.id for place in places if place.id == work.station for camera in place.cameras]


def _planned(work: Work) -> int | None:
    """Return the milliseconds of the station's windows, None where nobody says."""
    if work.election is None:
        return None
    place = next((each for each in work.election.stations if each.id == work.station), None)
    return planned_of((window.start, window.end) for window in place.windows) if place is not None else 0


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a station's day: the leaves that are here, each proven to stand at its place, the key that signed them, and what is asked for."""

    log: Entries
    key: VerifierKey
    cameras: tuple[str, ...]
    since: Instant
    until: Instant


def check_excerpt(
    below: Below,
    station: str,
    part: Excerpt,
    election: Election | None,
    file: Digest | None,
    nation: Entries | None,
    rules: Publication | None,
    report: Report,
    pixels: Pixels | None = None,
) -> tuple[dict[str, Any], set[str], dict[str, list[Film]]]:
    """Check what `part` says as `check_station` checks a whole day, and no clock: return the figures, the files that ought to be there, and each camera's film.

    The figures are of [since, until) alone, to the millisecond; segments that only begin or end in it are checked whole.
    """
    work = Work(below, station, election, file, nation, rules, Instant(2**53), report, pixels=pixels, excerpt=True)
    _check_key(work, part.key, None)
    tell_revoked(work.check("revoked"), station, part.key, nation, part.log, report)
    check_statements(work.check, part.log, station, election, file, report, whole=False)
    _runs(work, part.log)
    work.days = _days(work, part.log, part.log.head.size)
    _check_calibrations(work, part.log)
    _tell_census(work, part.log)
    told, films = {}, {}
    for cam in part.cameras:
        whole = work.days.setdefault(cam, Day(cam))
        _check_window(work, whole, part)
        work.days[cam] = whole.touching(part.since, part.until)
        check_media(work, cam, 2**53)
        check_masks(work, cam, part.log)
        films[cam] = [item for item in work.days[cam].items if isinstance(item, Film)]
        cut = whole.within(part.since, part.until)
        work.days[cam] = cut if whole.opened is not None else replace(cut, opened=None)
        _check_account(work, cam)
        _tell_hidden(work, cam)
        covered = _coverage_of(work, cam)
        tell_coverage(work.check(f"camera {cam} coverage"), covered, report)
        told[cam] = figures(covered)
    return {"station": station, "cameras": told}, work.expected, films


def _check_window(work: Work, day: Day, part: Excerpt) -> None:
    """Nothing may be left out between the item before the first that is asked for and the last one: what was said of this time is here, all of it."""
    items = day.touching(part.since, part.until).items
    if not items:
        return
    if items[0].seq:
        start = next((item.leaf for item in day.items if item.seq == items[0].seq - 1), None)
    else:
        start = next((index for index, _ in part.log.of_type("open")), None)
    # Counted by what is here: a log may claim to be longer than anybody can count.
    end = items[-1].leaf + 1
    lost = 1 if start is None else end - start - len({index for index, _ in part.log.leaves if start <= index < end})
    if lost:
        work.report.missing(work.check(f"camera {day.cam} account"), "bundle.leaves_missing", count=lost)


def _tell_hidden(work: Work, cam: str) -> None:
    for span in work.days[cam].hidden:
        until = rfc3339(span.t1) if span.t1 is not None else "..."
        work.report.passed(work.check(f"camera {cam} account"), "bundle.hidden", since=rfc3339(span.t0), until=until, reason=span.reason)
