# SPDX-License-Identifier: Apache-2.0
"""`kua seal`: the sealed film of an election that keeps one: what lies in a box, a trustee's share, opening one slice by a quorum, auditing rehearsals."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.core.errors import Misused
from kua.core.instant import Instant, rfc3339
from kua.words.problem import N_

import_module("kua.adapters.sealing")  # a bare verifier has no age: it is told so before a verb is tried (`cli.needs_extra`)

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=_("The sealed film: its slices, shares, opening by a quorum, audit."),
)

Slice = Annotated[Path, typer.Option("--slice", metavar="DIR", help=_("Folder of the slice, as it lies in the box under sealed/."))]
Election = Annotated[Path, typer.Option("--election", metavar="DIR", help=_("Folder with election.json and election.note."))]
Station = Annotated[str, typer.Option("--station", metavar="ID", help=_("Number of the polling station, like 10-245."))]
Commission = Annotated[
    list[str] | None, typer.Option("--commission", metavar="KEY", help=_("A verifier key of the commission that you trust."))
]
Order = Annotated[
    str, typer.Option("--order", metavar="TEXT", help=_("The order or article that this is done by: one line, stands in the record."))
]
Sign = Annotated[
    list[Path], typer.Option("--sign", metavar="KEY", help=_("Key file of a person who signs; give it twice, for two people."))
]
Certificate = Annotated[
    list[Path], typer.Option("--certificate", metavar="CERT", help=_("Certificate of that person; in the same order as --sign."))
]
Record = Annotated[Path, typer.Option("--record", metavar="FILE", help=_("Where to write the signed record; carry it to the log."))]


@app.callback()
def seal() -> None:
    """Hold the verbs together."""


@app.command("list", help=_("List the slices of sealed film in a box, what they weigh, and when they are removed."))
def list_(
    box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))],
    json_wanted: JsonWanted = False,
) -> None:
    """Print a line for each slice and the budget."""
    room: Any = import_module("kua.app.sealing")
    told = room.stock(box)
    if json_wanted:
        say.as_json(told)
        return
    if not told["kept"]:
        say.data(_("No sealed film is kept in this election: nobody, a court neither, can later identify anybody in the film."))
    for each in told["slices"]:
        text = N_("{path}  {phase}  {t0} to {t1}  {pieces} pieces  {mib} MiB  kept until {until}")
        say.data(say.fill(text, **(each | {name: rfc3339(Instant(each[name])) for name in ("t0", "t1", "until")})))
    text = N_("Sealed film: {used} MiB of at most {budget} MiB; {free} MiB are free on the disk.")
    say.data(say.fill(text, used=told["used_mib"], budget=told["budget_mib"], free=told["free_mib"]))


@app.command(
    help=_("Remove the slices whose days are over. The trustees delete their shares themselves; without shares nothing can be opened.")
)
def expire(box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))]) -> None:
    """Remove and say what was removed."""
    for path in import_module("kua.app.sealing").expire(box):
        say.data(say.fill(N_("Removed: {path}"), path=path))


@app.command(help=_("A trustee: decrypt your own share of one slice with your own age identity. Two people sign; work without a network."))
def share(
    slice_: Slice,
    election: Election,
    station: Station,
    trustee: Annotated[str, typer.Option("--trustee", metavar="ID", help=_("The trustee's name in the election file."))],
    identity: Annotated[
        str,
        typer.Option(
            "--identity", metavar="FILE", help=_("The trustee's age identity file (AGE-SECRET-KEY-1...), or - to read it from a pipe.")
        ),
    ],
    order: Order,
    sign: Sign,
    certificate: Certificate,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=_("Where to write the share: a secret; delete it after the opening."))],
    record: Record,
    commission: Commission = None,
) -> None:
    """Take one share out."""
    room: Any = import_module("kua.app.opening")
    held = room.load_slice(slice_, election, station, tuple(commission or ()))
    room.take_share(held, trustee, _identity(identity), _signing(sign, certificate, order), out, record)
    say.data(say.fill(N_("The share of {trustee} for slice {slice} is in {file}."), trustee=trustee, slice=held.leaf["slice"], file=out))
    _tell_record(held, record)


@app.command(
    "open",
    help=_("Open one slice with the shares of a quorum, on a machine without a network. Two people sign before anything is decrypted."),
)
def open_(
    slice_: Slice,
    election: Election,
    station: Station,
    shares: Annotated[list[Path], typer.Option("--share", metavar="FILE", help=_("A share file; give it once for each trustee."))],
    calibration: Annotated[
        Path, typer.Option("--calibration", metavar="FILE", help=_("Calibration file of the camera: says where the booths are."))
    ],
    order: Order,
    sign: Sign,
    certificate: Certificate,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=_("Folder for the opened film."))],
    record: Record,
    commission: Commission = None,
) -> None:
    """Open one slice."""
    room: Any = import_module("kua.app.opening")
    held = room.load_slice(slice_, election, station, tuple(commission or ()))

    def told(number: int) -> None:
        say.progress(say.fill(N_("Pieces opened: {count}"), count=number))

    made = room.open_slice(held, shares, calibration, _signing(sign, certificate, order), out, record, told)
    text = N_(
        "Opened: {t0} to {t1}, {pieces} pieces, {pictures} pictures. Every piece is what the station committed to, and all {masks} booth masks are filled."
    )
    say.data(say.fill(text, t0=rfc3339(made.t0), t1=rfc3339(made.t1), pieces=made.pieces, pictures=made.pictures, masks=made.masks))
    for path in made.films:
        say.data(str(path))
    _tell_record(held, record)


@app.command(help=_("Open a slice of a rehearsal with the shares of all trustees, to see whether each share would do. Writes nothing."))
def audit(
    slice_: Slice,
    election: Election,
    station: Station,
    shares: Annotated[list[Path], typer.Option("--share", metavar="FILE", help=_("A share file; give it once for each trustee."))],
    commission: Commission = None,
) -> None:
    """Print what was found; exit code 1 if anything was."""
    room: Any = import_module("kua.app.opening")
    pieces, found = room.audit(room.load_slice(slice_, election, station, tuple(commission or ())), shares)
    for error in found:
        say.fail(error)
    if found:
        raise typer.Exit(max(error.exit_code for error in found))
    say.data(say.fill(N_("All {count} shares lead to the one key, and all {pieces} pieces open."), count=len(shares), pieces=pieces))


@app.command(help=_("Draw the slices to audit, by a seed that was not known when they were sealed. Anybody gets the same answer."))
def pick(
    box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))],
    seed: Annotated[str, typer.Option("--seed", metavar="TEXT", help=_("For example the newest national checkpoint's root."))],
    percent: Annotated[int, typer.Option("--percent", min=1, max=100, help=_("How many of a hundred slices; at least one is drawn."))] = 1,
) -> None:
    """Print the folders of the drawn slices."""
    for path in import_module("kua.app.sealing").picked(box, seed, percent):
        say.data(path)


@app.command(help=_("Print what the notice on the door says of the sealed film, in Kazakh, Russian and English."))
def notice(box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))]) -> None:
    """Print the paragraphs in each language."""
    for paragraph in import_module("kua.app.sealing").door_notice(box):
        say.data(paragraph + "\n")


def _signing(keys: list[Path], certificates: list[Path], order: str) -> Any:
    room: Any = import_module("kua.app.opening")
    clock: Any = import_module("kua.adapters.clock")
    return room.Signing(tuple(keys), tuple(certificates), order, clock.SystemClock().now())


def _identity(given: str) -> bytes:
    try:
        return sys.stdin.buffer.read(16_384) if given == "-" else Path(given).read_bytes()[:16_384]
    except OSError as error:
        raise Misused("seal.no_file", file=Path(given).name) from error


def _tell_record(held: Any, record: Path) -> None:
    say.data(say.fill(N_("Leaf of the slice: {digest}. Compare it with the station's log."), digest=held.leaf_sha256.hex()))
    say.data(say.fill(N_("Signed record: {file}. Carry it, with its signers, to whoever keeps the log."), file=record))
