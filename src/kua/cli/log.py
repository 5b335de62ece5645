# SPDX-License-Identifier: Apache-2.0
"""`kua log`: audit a transparency log from outside. All judgement is in `kua.verify.log`."""

from pathlib import Path
from typing import Annotated

import typer

from kua.cli import say
from kua.cli.say import _
from kua.core.errors import Misused, Rejected
from kua.proof.keys import VerifierKey
from kua.proof.policy import parse_policy
from kua.verify.log import audit_log
from kua.verify.reading import open_reader

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Transparency logs: audit one, ours or a stranger's.")
)


@app.callback()
def log() -> None:
    """Hold the verbs together, so that `verify` stays a verb."""


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
        Path | None, typer.Option("--since", metavar="FILE", help=_("An earlier checkpoint: the log must only have added to it."))
    ] = None,
    policy: Annotated[
        Path | None, typer.Option("--policy", metavar="FILE", help=_("A policy (C2SP tlog-policy): whose co-signatures the checkpoint must bear."))
    ] = None,
    json_wanted: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
) -> None:
    """Audit the log and print one line for each check."""
    key = _key(vkey)
    report = audit_log(
        open_reader(place),
        key,
        checkpoint=_file(checkpoint) if checkpoint else None,
        since=_file(since) if since else None,
        policy=parse_policy(_file(policy)) if policy else None,
    )
    say.report(report, json_wanted=json_wanted)
    raise typer.Exit(report.exit_code)


def _key(given: str) -> str:
    line = (given if "+" in given else _file(Path(given)).decode("utf-8", "replace")).strip()
    try:
        VerifierKey.parse(line)
    except Rejected as error:  # here it is not bytes from outside that are wrong, but what was typed
        raise Misused(error.code, **error.facts) from error
    return line


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused("verify.no_file", name=str(path)) from error
