# SPDX-License-Identifier: Apache-2.0
"""Check of what a station's leaves say, against the election file and against each other. Opens no film: `kua.verify.station` does.

A log may be signed, whole and dense, and still speak of another station, another phase, another calibration, or name one file twice.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.election import Election, Station
from kua.core.errors import KuaError
from kua.core.instant import Instant, rfc3339, slot_start
from kua.media.timeline import lowered_of
from kua.proof.leaf import Leaf
from kua.proof.persons import check_count, issuers_by_role
from kua.verify.entries import Entries
from kua.verify.report import Report

Indexed = list[tuple[int, Leaf]]

_ACCOUNT: Final = ("open", "close", "segment", "gap", "hidden")
"""Types of leaves that make up the account of a day."""


def check_statements(
    name: Callable[[str], str],
    log: Entries,
    station: str,
    election: Election | None,
    file: Digest | None,
    report: Report,
    *,
    whole: bool = True,
) -> None:
    """Write a line for each thing that the leaves of `station` must agree in. `name` makes the name of a check; `file` is the SHA-256 of election.json.

    `whole`: these are all the leaves of the log, so that something can be said of time for which there is none.
    """
    place = next((each for each in election.stations if each.id == station), None) if election else None
    _check_open(name("open"), log, station, election, file, report)
    _check_order(name("open"), log, report, whole=whole)
    if election is not None:
        _check_cameras(name("cameras"), log, place, report)
    segments = log.of_type("segment")
    wrong = _check_rules(name("rules"), log, election, place, report)
    wrong += _check_names(name("names"), segments, report)
    if segments and not wrong:
        report.passed(name("rules"), "film.statements_agree", count=len(segments))
    _tell_time(name("time"), segments, log, report)
    if place is not None and whole:
        _tell_windows(name("windows"), log, place, report)


def _check_open(check: str, log: Entries, station: str, election: Election | None, file: Digest | None, report: Report) -> None:
    opened = log.of_type("open")
    if not opened:
        report.missing(check, "film.never_opened")
        return
    if election is None or file is None:
        report.not_checked(check, "film.no_election")
        return
    first = opened[0][1]
    if first["election_sha256"] != file.hex() or len(opened) != 1:
        report.failed(check, "film.other_election")
    elif (first["election"], first["station"]) != (election.id, station):
        report.failed(check, "film.opened_elsewhere", given=f"{first['election']}/{first['station']}", wanted=f"{election.id}/{station}")
    else:
        report.passed(check, "film.opened_under", at=rfc3339(Instant(first["at"])))


def _check_order(check: str, log: Entries, report: Report, *, whole: bool) -> None:
    """`open` comes before and `close` after all that makes up the account, each once."""
    types = [(index, leaf.type) for index, leaf in log.of_type(*_ACCOUNT)]
    for place, (index, type_) in enumerate(types):
        if (type_ == "open") != (place == 0) or (type_ == "close" and place != len(types) - 1):
            report.failed(check, "film.open_order", index=index)
            return
    if whole and types and types[-1][1] != "close":
        report.not_checked(check, "film.never_closed")


def _check_cameras(check: str, log: Entries, place: Station | None, report: Report) -> None:
    if place is None:
        report.failed(check, "film.station_unplanned")
        return
    planned = {str(camera.id) for camera in place.cameras}
    opened = {camera["cam"] for _, leaf in log.of_type("open") for camera in leaf["cams"]}
    used = {leaf["cam"] for _, leaf in log.of_type("segment", "gap", "hidden")}
    trouble = False
    for cam in sorted((opened | used) - planned):
        trouble = True
        report.failed(check, "film.camera_unplanned", camera=cam)
    for cam in sorted(used - opened):
        trouble = True
        report.failed(check, "film.camera_not_opened", camera=cam)
    if log.of_type("open"):
        for cam in sorted(planned - opened):
            trouble = True
            report.missing(check, "film.camera_absent", camera=cam)
    if not trouble:
        report.passed(check, "film.cameras_planned", cameras=", ".join(sorted(opened)) or "-")


def _check_rules(check: str, log: Entries, election: Election | None, place: Station | None, report: Report) -> int:
    """Phase, hiding table and calibration of each segment. Returns how many kinds of trouble there are."""
    table = sha256(canonical(election.hiding)).hex() if election is not None else None
    calibrations: dict[str, str] = {}
    first = {leaf["cam"]: leaf["sha256"] for _, leaf in reversed(log.of_type("calibration"))}
    named = set(first)
    single: set[str] = set()
    alone: dict[str, int] = {}
    stated = table
    wrong: dict[str, list[int]] = {}
    for index, leaf in log.of_type("policy", "calibration", "segment", "chapter", "fault"):
        if leaf.type == "policy":
            stated = leaf["sha256"] if leaf["what"] == "hiding" else stated
        elif leaf.type == "calibration":
            calibrations[leaf["cam"]] = leaf["sha256"]
        elif leaf.type == "fault":
            if leaf["kind"] == "one_signature" and leaf["cam"] is not None:
                (single.add if leaf["state"] == "begin" else single.discard)(leaf["cam"])
        elif leaf.type == "chapter":
            if election is not None and place is not None and not count_holds(leaf, election, place):
                wrong.setdefault("film.count_unsigned", []).append(index)
        else:
            cam = leaf["cam"]
            waits = cam in single and cam not in calibrations
            alone[cam] = alone.get(cam, 0) + waits
            # What one person has signed, and no other view was signed before, is what two sign later.
            signed = first.get(cam) if waits else calibrations.get(cam, "") if cam in named else None
            for code in _against(leaf, place, {table, stated} - {None}, signed):
                wrong.setdefault(code, []).append(index)
    for cam, count in sorted(alone.items()):
        if count:
            report.not_checked(check, "film.one_signature", camera=cam, count=count)
    for cam in sorted({leaf["cam"] for _, leaf in log.of_type("segment")} - named):
        report.missing(check, "film.not_calibrated", camera=cam)
    for code, indices in wrong.items():
        report.failed(check, code, count=len(indices), index=indices[0])
    return len(wrong) + report.has("MISSING", check)


def count_holds(leaf: Leaf, election: Election, place: Station) -> bool:
    """Whether two people who may have signed the beginning of the count that a `chapter` leaf states, for this station and after voting."""
    voting = max((window.end for window in place.windows if window.phase == "voting"), default=Instant(0))
    try:
        since, _ = check_count(
            leaf["note"].encode(),
            election=election.id,
            station=place.id,
            certificates=[each.encode() for each in leaf["signers"]],
            issuers=issuers_by_role((issuer.role, issuer.vkey) for issuer in election.issuers),
        )
    except KuaError:
        return False
    return bool(since == leaf["since"] and since >= voting)


def _against(leaf: Leaf, place: Station | None, tables: set[str | None], calibration: str | None) -> Iterable[str]:
    if place is not None:
        # The phase is chosen for a whole slot, when it begins; the first picture of the slot may come a moment after.
        phases = {place.phase_at(Instant(leaf["t0"])), place.phase_at(slot_start(leaf["slot"]))} - {None}
        if not phases:
            yield "film.outside_windows"
        elif leaf["phase"] not in phases:
            yield "film.other_phase"
    if tables and tables != {leaf["hiding"]}:
        yield "film.other_hiding"
    if calibration is not None and calibration != leaf["calibration"]:
        yield "film.other_calibration"


def _check_names(check: str, segments: Indexed, report: Report) -> int:
    """No two statements for one file, one beginning for each run, and no film that was shown before under another time."""
    names: dict[tuple[str, str, int], int] = {}
    inits: dict[tuple[str, str], str] = {}
    bytes_: dict[tuple[str, str, str], int] = {}
    wrong = 0
    for index, leaf in segments:
        camera, lowered = leaf["cam"], lowered_of(leaf.body)
        stated = [(leaf["run"], leaf["sha256"], leaf["init"])]
        if lowered is not None and lowered.run:
            stated.append((f"live/{lowered.run}", lowered.sha256, lowered.init))
        for run, digest, init in stated:
            earlier = names.setdefault((camera, run, leaf["slot"]), index)
            again = bytes_.setdefault((camera, run, digest), index)
            if earlier != index:
                report.failed(check, "film.name_twice", name=f"film/{camera}/{run}-{leaf['slot']}.m4s", first=earlier, index=index)
            elif again != index:
                report.failed(check, "film.repeated", first=again, index=index)
            elif inits.setdefault((camera, run), init) != init:
                report.failed(check, "film.init_twice", name=f"film/{camera}/{run}-init.mp4", index=index)
            else:
                continue
            wrong += 1
    return wrong


def _tell_time(check: str, segments: Indexed, log: Entries, report: Report) -> None:
    """Times are the station's own word; say for how much of them nothing outside the box vouched, and where its clock jumped."""
    unsure = sum(leaf["t1"] - leaf["t0"] for _, leaf in segments if leaf["trust"] == "none")
    if unsure:
        report.not_checked(check, "film.time_untrusted", seconds=round(unsure / 1000, 3))
    steps = [leaf["step_ms"] for _, leaf in log.of_type("clock") if leaf["step_ms"] >= 1000]
    if steps:
        report.not_checked(check, "film.clock_stepped", count=len(steps), seconds=round(max(steps) / 1000, 3))


def _tell_windows(check: str, log: Entries, place: Station, report: Report) -> None:
    """Say how much of the time in which the election file wants a recording lies before `open` or after the end of the account."""
    opened = next((leaf["at"] for _, leaf in log.of_type("open")), None)
    if opened is None:
        return
    end = max((_end(leaf) for _, leaf in log.of_type("segment", "gap", "close")), default=opened)
    outside = sum((w.end - w.start) - max(0, min(w.end, end) - max(w.start, opened)) for w in place.windows)
    if outside:
        report.not_checked(
            check, "film.outside_account", seconds=round(outside / 1000, 3), since=rfc3339(Instant(opened)), until=rfc3339(Instant(end))
        )


def _end(leaf: Leaf) -> Any:
    return leaf["at"] if leaf.type == "close" else leaf["t1"]
