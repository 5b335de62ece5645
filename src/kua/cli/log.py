# SPDX-License-Identifier: Apache-2.0
"""`kua log`: audit a transparency log from outside, watch logs, prove a contradiction. All judgement is in `kua.verify` and `kua.proof.fork`."""

from pathlib import Path
from typing import Annotated

import typer

from kua.cli import log_fork, log_monitor, say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.cli.typed import file_of, key_of, note_of, paper_of
from kua.proof.policy import parse_policy
from kua.verify.log import audit_log
from kua.verify.reading import open_reader

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=_("Transparency logs: audit one, watch them, prove a contradiction."),
)


@app.command(help=_("Check a log's signature, every entry and tile, its root, and that it only grew. Reads only; needs no account."))
def verify(
    place: Annotated[
        str, typer.Argument(metavar="PATH|URL", help=_("Folder or address of the log (the one with “checkpoint” and “tile”)."))
    ],
    vkey: Annotated[
        str, typer.Option("--vkey", metavar="KEY", help=_("The log's verifier key: the line itself, or a file that holds it."))
    ],
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help=_("Audit against this checkpoint, not the log's newest."))
    ] = None,
    since: Annotated[
        Path | None, typer.Option("--since", metavar="FILE", help=_("An earlier checkpoint, or the text of its printed QR code (“-”: given on standard input): the log must only have added to it."))
    ] = None,
    code: Annotated[
        str, typer.Option("--code", metavar="CODE", help=_("What stands on the protocol: the number of entries and the code, “21457 7QK4-…”."))
    ] = "",
    telephone: Annotated[
        Path | None, typer.Option("--telephone", metavar="FILE", help=_("The list that an observer's telephone has saved: each checkpoint in it must be of this log."))
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help=_("A policy (C2SP tlog-policy): whose co-signatures the checkpoint must bear."))
    ] = None,
    json_wanted: JsonWanted = False,
) -> None:
    """Audit the log and print one line for each check."""
    report = audit_log(
        open_reader(place),
        str(key_of(vkey)),
        checkpoint=file_of(checkpoint) if checkpoint else None,
        since=note_of(since) if since else None,
        policy=parse_policy(file_of(policy)) if policy else None,
        paper=paper_of(code) if code else None,
        telephone=file_of(telephone) if telephone else None,
    )
    say.report(report, json_wanted=json_wanted)
    raise typer.Exit(report.exit_code)


app.command(help=log_monitor.HELP)(log_monitor.monitor)
app.command(help=log_fork.HELP)(log_fork.fork)
