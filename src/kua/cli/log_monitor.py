# SPDX-License-Identifier: Apache-2.0
"""`kua log monitor`: watch logs round after round. All judgement is in `kua.verify.monitor`."""

import time
from pathlib import Path
from typing import Annotated, Final

import typer

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.cli import say
from kua.cli.amounts import length
from kua.cli.options import Commission
from kua.cli.say import _, fill
from kua.cli.typed import key_of
from kua.core.errors import Misused
from kua.core.instant import rfc3339
from kua.verify.film import Trust
from kua.verify.keeping import alone_in, keep_forks
from kua.verify.monitor import Memory, look
from kua.verify.patience import open_patient
from kua.verify.scope import Scope

HELP: Final = _(
    "Watch the national log and the stations' logs: they must only grow and agree with each other. Ends with an error at any contradiction."
)


def monitor(
    place: Annotated[str, typer.Argument(metavar="URL|PATH", help=_("Address or folder of the published election."))],
    state: Annotated[Path, typer.Option("--state", metavar="DIR", help=_("Where the monitor keeps what it has seen, and every proof."))],
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="URL|PATH", help=_("Another copy of the same election to compare with; may be repeated.")),
    ] = None,
    region: Annotated[
        list[str] | None, typer.Option("--region", metavar="NN", help=_("Only stations of this region; may be repeated."))
    ] = None,
    station: Annotated[list[str] | None, typer.Option("--station", metavar="NN-N", help=_("Only this station; may be repeated."))] = None,
    nation_only: Annotated[bool, typer.Option("--nation-only", help=_("Only the national log."))] = False,
    every: Annotated[str, typer.Option("--every", metavar="TIME", help=_("How often the logs are looked at (like 60s or 5m)."))] = "60s",
    stall: Annotated[
        str,
        typer.Option("--stall", metavar="TIME", help=_("Tell of a log that has not grown for so long while its station should record.")),
    ] = "5m",
    once: Annotated[bool, typer.Option("--once", help=_("Look once and end."))] = False,
    commission: Commission = None,
    json_wanted: Annotated[bool, typer.Option("--json", help=_("Print one JSON object for each round."))] = False,
) -> None:
    """Look round after round; a contradiction is written down and ends it."""
    places = [open_patient(each) for each in (place, *(also or ()))]
    scope = Scope(frozenset(region or ()), frozenset(station or ()), nation_only)
    trust, pause, patience = Trust(tuple(key_of(line) for line in commission or ())), length(every), length(stall)
    files, clock, seen = DurableFiles(), SystemClock(), frozenset[tuple[str, str]]()
    with alone_in(state):
        remembered = state / "memory.json"
        memory = Memory.from_bytes(remembered.read_bytes()) if remembered.exists() else Memory()
        if memory.place not in {"", place}:
            raise Misused("monitor.other_place", known=memory.place, given=place)
        while True:
            for each in places:
                each.begin()
            now = clock.now()
            done = look(places, memory, scope, trust, now, patience)
            kept = keep_forks(done.forks, state / "forks", files)  # the proof first: what is remembered is not looked for again
            files.replace(remembered, memory.to_bytes())
            done.report.summary |= {"at": now, "forks": [str(path) for path in kept], "unread": done.unread}
            if json_wanted:
                say.report(done.report, json_wanted=True)
            elif once and not done.unread:
                say.report(done.report, json_wanted=False)
            else:
                seen = say.news(done.report, rfc3339(now), seen)
            for path in [] if json_wanted else kept:
                say.talk(fill("The contradiction is kept in {path}; anybody can check it: kua log fork {path}", path=path))
            if done.report.exit_code == 1 or (once and not done.unread):
                raise typer.Exit(done.report.exit_code)
            if not done.unread:
                say.progress("" if json_wanted else fill("Looked at {time}; waiting.", time=rfc3339(now)))
                time.sleep(max(0, pause - (clock.now() - now)) / 1000)
