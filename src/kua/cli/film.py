# SPDX-License-Identifier: Apache-2.0
"""`kua film`: check a published film from outside, or hide people in a film of your own. All judgement is in `kua.verify` and `kua.sight`."""

import itertools
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from kua.cli import say
from kua.cli.options import Authority, Commission, Cosigner, JsonWanted, PixelsWanted
from kua.cli.say import _, fill
from kua.cli.typed import key_of, paper_of
from kua.core.errors import Misused
from kua.ports.pixels import Looked, Pixels
from kua.ports.tokens import ReadToken
from kua.verify.film import Trust, verify_film
from kua.verify.report import Report

HAS_CODEC = find_spec("av") is not None and find_spec("numpy") is not None
"""Whether pictures can be decoded here: the verifier's base install cannot."""

HAS_TOKENS = find_spec("rfc3161_client") is not None and find_spec("httpx") is not None
"""Whether time tokens can be read here: the verifier's base install cannot."""

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
    commission: Commission = None,
    cosigner: Cosigner = None,
    authority: Authority = None,
    code: Annotated[
        str, typer.Option("--code", metavar="CODE", help=_("What stands on the protocol of the station: the number of entries and the code."))
    ] = "",
    pixels: PixelsWanted = False,
    json_wanted: JsonWanted = False,
) -> None:
    """Verify and print one line for each check."""
    paper = paper_of(code) if code else None
    trust = Trust(tuple(map(key_of, commission or ())), key_of(vkey) if vkey else None, tuple(map(key_of, cosigner or ())), paper)
    report = verify_film(place, trust, pixels=eyes() if pixels else None, tokens=tokens_under(authority or []))
    end(report, "nation time" if authority else None, pixels=pixels, json_wanted=json_wanted)


@app.command(
    help=_("Look into a published film: is every signed booth mask filled in every picture? Anyone can do this; nothing is changed.")
)
def masks(
    place: Annotated[str, typer.Argument(metavar="PATH|URL", help=_("Folder or address of an election, or of one station (…/s/10-245)."))],
    json_wanted: JsonWanted = False,
) -> None:
    """Verify, look into every picture, and print what concerns masks, and whatever was altered."""
    look = eyes()
    report = verify_film(place, pixels=look)
    told = Report([line for line in report.lines if line.check.endswith(" masks") or line.state == "FAIL"], {"place": place})
    if look is None:
        told = Report([], {"place": place})
        told.not_checked("masks", "film.masks_no_codec")
    say.report(told, json_wanted=json_wanted)
    raise typer.Exit(told.exit_code)


def end(report: Report, tokens: str | None, *, pixels: bool, json_wanted: bool) -> NoReturn:
    """Print the report of a verifier and end with its exit code; what was asked for and cannot be done here is said. `tokens` is the check that wants them."""
    if tokens and not HAS_TOKENS:
        report.not_checked(tokens, "film.token_no_library")
    if pixels and not HAS_CODEC:
        report.not_checked("masks", "film.masks_no_codec")
    say.report(report, json_wanted=json_wanted)
    raise typer.Exit(report.exit_code)


def eyes() -> Pixels | None:
    """Return what looks into pictures, with progress on a terminal; None where no codec is installed."""
    if not HAS_CODEC:
        return None
    look: Pixels = import_module("kua.adapters.codecs.masks").look_at_masks
    seen = itertools.count(1)

    def counting(calibration: bytes, init: bytes, segment: bytes, /, *, lowered: bool = False) -> Looked:
        say.progress(fill("Segments looked into: {count}", count=next(seen)))
        return look(calibration, init, segment, lowered=lowered)

    return counting


def tokens_under(roots: list[Path]) -> ReadToken | None:
    """Return what reads time tokens under the certificates `roots`; None without any, or where its library is not installed."""
    if not roots or not HAS_TOKENS:
        return None
    try:
        reader: ReadToken = import_module("kua.adapters.authorities").TokenReader([path.read_bytes() for path in roots])
    except OSError as error:
        raise Misused("verify.no_file", name=str(error.filename)) from error
    return reader


# Redaction needs the libraries of a station; a bare verifier does not show the verb.
if find_spec("av") and find_spec("kua.cli.film_redact"):
    app.command("redact", help=_("Hide people and booths in a film or a picture, exactly as a station does."))(
        import_module("kua.cli.film_redact").redact
    )
