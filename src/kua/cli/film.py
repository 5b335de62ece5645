# SPDX-License-Identifier: Apache-2.0
"""`kua film`: check a published film from outside, or hide people in a film of your own. All judgement is in `kua.verify` and `kua.sight`."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kua.cli import say
from kua.cli.say import _
from kua.core.errors import Misused, Rejected
from kua.proof.keys import VerifierKey
from kua.verify.film import Trust, verify_film

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Films: verify a published one, hide people in your own.")
)


@app.callback()
def film() -> None:
    """Hold the verbs together."""


@app.command(help=_("Check a published film: logs, signatures, every segment, the account of every second. Reads only; needs no account."))
def verify(
    place: Annotated[
        str,
        typer.Argument(metavar="PATH|URL", help=_("Folder or address of an election, of one station (…/s/10-245) or of the national log.")),
    ],
    vkey: Annotated[
        str, typer.Option("--vkey", metavar="KEY", help=_("The verifier key of the station or the national log, or a file that holds it."))
    ] = "",
    commission: Annotated[
        list[str] | None,
        typer.Option("--commission", metavar="KEY", help=_("A key of the commission that you trust, or a file that holds it.")),
    ] = None,
    json_wanted: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
) -> None:
    """Verify and print one line for each check."""
    trust = Trust(tuple(_key(line) for line in commission or ()), _key(vkey) if vkey else None)
    report = verify_film(place, trust)
    say.report(report, json_wanted=json_wanted)
    raise typer.Exit(report.exit_code)


def _key(given: str) -> VerifierKey:
    try:
        line = given if "+" in given else Path(given).read_text("utf-8")
        return VerifierKey.parse(line.strip())
    except OSError as error:
        raise Misused("verify.no_file", name=given) from error
    except Rejected as error:  # here it is not bytes from outside that are wrong, but what was typed
        raise Misused(error.code, **error.facts) from error


# Redaction needs the libraries of a station; a bare verifier does not show the verb.
if find_spec("av") and find_spec("kua.cli.film_redact"):
    app.command("redact", help=_("Hide people and booths in a film or a picture, exactly as a station does."))(
        import_module("kua.cli.film_redact").redact
    )
