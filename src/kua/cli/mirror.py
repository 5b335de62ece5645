# SPDX-License-Identifier: Apache-2.0
"""`kua mirror`: keep a copy of what a centre publishes. All judgement is in `kua.verify.mirror`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.cli import say
from kua.cli.amounts import bytes_of, length, rate, time_of
from kua.cli.options import Commission
from kua.cli.say import _, fill
from kua.cli.typed import key_of
from kua.core.instant import Millis, rfc3339
from kua.verify.film import Trust
from kua.verify.keeping import alone_in, keep_forks
from kua.verify.mirror import Mirror, Progress
from kua.verify.patience import Throttle, open_patient
from kua.verify.scope import Scope

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(help=_("Keep a checked copy of a published election, a region or a station: logs, then film. It can be stopped and goes on."))
def mirror(
    place: Annotated[str, typer.Argument(metavar="URL|PATH", help=_("Address or folder of the published election."))],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Where the copy is or shall be."))],
    region: Annotated[
        list[str] | None, typer.Option("--region", metavar="NN", help=_("Only stations of this region; may be repeated."))
    ] = None,
    station: Annotated[list[str] | None, typer.Option("--station", metavar="NN-N", help=_("Only this station; may be repeated."))] = None,
    nation_only: Annotated[bool, typer.Option("--nation-only", help=_("Only the election file and the national log."))] = False,
    follow: Annotated[bool, typer.Option("--follow", help=_("Go on for ever, until Ctrl-C."))] = False,
    every: Annotated[
        str, typer.Option("--every", metavar="TIME", help=_("With --follow: how often the logs are looked at (like 60s or 5m)."))
    ] = "60s",
    limit: Annotated[
        str, typer.Option("--rate", metavar="BYTES", help=_("Fetch no faster than this, in bytes in a second (like 500k or 2M)."))
    ] = "",
    commission: Commission = None,
    recheck: Annotated[
        bool, typer.Option("--recheck", help=_("Read every file of the copy again, and fetch what the disk has lost."))
    ] = False,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help=_("Where what is no part of the copy is kept (default: DIR.mirror)."))
    ] = None,
    json_wanted: Annotated[bool, typer.Option("--json", help=_("Print one JSON object for each pass, and nothing else."))] = False,
) -> None:
    """Copy once, or for ever. Of the later passes only what is new is told."""
    scope = Scope(frozenset(region or ()), frozenset(station or ()), nation_only)
    trust, pause = Trust(tuple(key_of(line) for line in commission or ())), length(every)
    throttle = Throttle(rate(limit) if limit else None)
    source, files, clock = open_patient(place, pace=throttle), DurableFiles(), SystemClock()
    beside = state or folder.with_name(folder.name + ".mirror")
    known: frozenset[tuple[str, str]] | None = None
    with alone_in(beside):
        shown = _Shown(throttle)
        copy = Mirror(source, folder, beside, files, scope, trust, recheck=recheck, tell=shown if not json_wanted else lambda _: None)
        copy.sweep()
        while True:
            began = clock.monotonic()
            source.begin()
            ends = Millis(began + pause)
            done = copy.copy(clock.now(), lambda ends=ends: follow and clock.monotonic() > ends)  # type: ignore[misc]  # binds this pass's end
            kept = keep_forks(done.forks, beside / "forks", files)
            done.report.summary |= {"at": clock.now(), "forks": [str(path) for path in kept]}
            say.progress("")
            if known is None or json_wanted:
                say.report(done.report, json_wanted=json_wanted)
                known = frozenset((line.check, line.code) for line in done.report.lines if line.state != "PASS")
            else:
                known = say.news(done.report, rfc3339(clock.now()), known)
            for path in [] if json_wanted else kept:
                say.talk(fill("The contradiction is kept in {path}; anybody can check it: kua log fork {path}", path=path))
            if not follow:
                raise typer.Exit(done.report.exit_code)
            if not done.unread:
                say.progress("" if json_wanted else fill("Looked at {time}; waiting.", time=rfc3339(clock.now())))
                time.sleep(max(0, pause - (clock.monotonic() - began)) / 1000)


class _Shown:
    """The progress of a pass in one line of the terminal, at most five times in a second."""

    def __init__(self, throttle: Throttle) -> None:
        self._throttle, self._began, self._last = throttle, time.monotonic(), 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self._last < 0.2:
            return
        self._last = now
        speed = self._throttle.total / max(now - self._began, 0.001)
        left = (progress.of_bytes - progress.bytes) / speed if speed else 0
        say.progress(
            fill(
                "Stations {stations}/{of_stations}, files {files}/{of_files}, {done} of {all}, {rate}/s, time left {left}",
                stations=progress.stations, of_stations=progress.of_stations, files=progress.files, of_files=progress.of_files,
                done=bytes_of(progress.bytes), all=bytes_of(progress.of_bytes), rate=bytes_of(speed), left=time_of(left),
            )
        )  # fmt: skip
