# SPDX-License-Identifier: Apache-2.0
"""Coverage of a camera in a report: three figures, every cause, and `coverage.json` held against the leaves (docs/spec/coverage.md)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from kua.core.canonical import read_canonical
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.media.coverage import Coverage, by_cause, coverage_file
from kua.media.timeline import Day
from kua.verify.report import Report

MAX_FILE: Final = 16 * 1024 * 1024
"""Bytes of the largest `coverage.json` that is read."""
ASTRAY: Final = 1_000
"""Milliseconds of hidden time over nothing recorded below which nothing is said: the last picture of a run may end after its segment."""


def tell_coverage(check: str, coverage: Coverage, report: Report) -> None:
    """Say the three figures of coverage apart, and what was lost or hidden for which cause: nobody may take one for another."""
    report.passed(
        check,
        "film.coverage",
        recorded=seconds(coverage.recorded),
        visible=seconds(coverage.visible),
        published=seconds(coverage.published),
    )
    for cause, length in by_cause(coverage.gaps).items():
        report.passed(check, "film.gaps_by", seconds=seconds(length), reason=cause, count=sum(span[2] == cause for span in coverage.gaps))
    for cause, length in by_cause(coverage.hidden).items():
        report.passed(check, "film.hidden_by", seconds=seconds(length), reason=cause, count=sum(span[2] == cause for span in coverage.hidden))
    if coverage.astray > ASTRAY:
        report.not_checked(check, "film.hidden_astray", seconds=seconds(coverage.astray))
    if coverage.withdrawn:
        report.not_checked(check, "film.withdrawn_length", seconds=seconds(coverage.withdrawn))


def figures(coverage: Coverage) -> dict[str, Any]:
    """The coverage of one camera for programs (`--json`)."""
    return {
        "seconds_recorded": seconds(coverage.recorded),
        "seconds_visible": seconds(coverage.visible),
        "seconds_published": seconds(coverage.published),
        "seconds_in_gaps": seconds(sum(by_cause(coverage.gaps).values())),
        "seconds_hidden": seconds(coverage.recorded - coverage.visible),
        "seconds_withdrawn": seconds(coverage.withdrawn),
        "unaccounted_seconds": seconds(coverage.unaccounted),
        "gaps": {cause: seconds(length) for cause, length in by_cause(coverage.gaps).items()},
        "hidden": {cause: seconds(length) for cause, length in by_cause(coverage.hidden).items()},
    }


def check_coverage_file(
    check: str, stated: bytes | KuaError, station: str, planned: int | None, size: int, days_at: Callable[[int], Mapping[str, Day]], report: Report
) -> None:
    """Compute `coverage.json` anew from the leaves that it names. What was published just then nobody can compute later: that figure alone is only bounded.

    `stated`: the file, or why it could not be read; `planned`: milliseconds of the station's windows, None without an election file; `size`: entries of the log; `days_at`: the days as the first N leaves tell them.
    """
    try:
        if isinstance(stated, KuaError):
            raise stated
        body = read_canonical(stated)
        over, cameras = body.get("size"), body.get("cameras")
        if type(over) is not int or not 0 <= over <= size or not isinstance(cameras, dict):
            raise Rejected("film.coverage_differs")
        days = {cam: day for cam, day in days_at(over).items() if day.opened is not None}
        made = read_canonical(coverage_file(station, over, body["planned_ms"] if planned is None else planned, days, {}))
        for cam, camera in cameras.items():
            shown, recorded = camera.pop("published_ms"), made["cameras"][cam]["recorded_ms"]
            if made["cameras"][cam].pop("published_ms") != 0 or type(shown) is not int or not 0 <= shown <= recorded:
                raise Rejected("film.coverage_differs")
            camera.pop("withdrawn_ms"), made["cameras"][cam].pop("withdrawn_ms")  # a later order withdraws what was there then
        if body != made:
            raise Rejected("film.coverage_differs")
    except Incomplete:
        return  # an older tree has none
    except (AttributeError, KeyError, TypeError):
        report.failed(check, "film.coverage_differs")
    except KuaError as error:
        report.trouble(check, error)
    else:
        report.passed(check, "film.coverage_holds", size=over)


def seconds(millis: int) -> float:
    """Milliseconds as seconds, to the millisecond."""
    return round(millis / 1000, 3)
