# SPDX-License-Identifier: Apache-2.0
"""`kua courier`: film that is carried by hand. Heavy libraries are loaded by the verb that needs them."""

import asyncio
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kua.cli import say
from kua.cli.amounts import bytes_of
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.core.errors import Rejected, Unavailable
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=_("Film that is carried by hand: pack it at a station, load it at the centre, bring receipts back."),
)

RUN: Final = "run.json"
_PATIENCE: Final = 20.0

Box = Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))]

PACK: Final = N_(
    "Copy what the station owes - film, log and proofs - onto a disk or telephone, with a signed custody sheet to print.\n\n"
    "kua courier pack /media/disk --box box --seal AB-1047 --handed-by chair --taken-by observer\n\n"
    "The agent may run meanwhile. Pack again onto the same medium to go on after it was cut off. Exit code 0: all that is owed is on the medium; 2: some of it "
    "found no room or could not be read."
)
LOAD: Final = N_(
    "Take in what was carried to the centre, and leave receipts on the medium for the way back.\n\n"
    "kua courier load /media/disk --dir centre\n\n"
    "The centre may run meanwhile. Nobody who carried is trusted: each file is checked as if it had come over a line, and loading twice changes nothing. Exit code 0: "
    "nothing of these stations is missing; 2: something is; 1: something was altered, or is of nobody."
)


@app.command(help=_(PACK))
def pack(
    medium: Annotated[Path, typer.Argument(metavar="MEDIUM", help=_("Folder of the disk or telephone."))],
    box: Box,
    seal: Annotated[list[str] | None, typer.Option("--seal", metavar="NUMBER", help=_("Number of a seal on the medium or its bag; may be given again."))] = None,
    handed_by: Annotated[str, typer.Option("--handed-by", help=_("Function of who hands over: chair, member, observer, territorial, courier."))] = "",
    taken_by: Annotated[str, typer.Option("--taken-by", help=_("Function of who takes it."))] = "",
    json_wanted: JsonWanted = False,
) -> None:
    """Pack."""
    from kua.app.courier import Asked
    from kua.app.courier import pack as packed

    def tell(done: int, total: int) -> None:
        say.progress(say.fill(N_("{done} of {total} packed"), done=bytes_of(done), total=bytes_of(total)))

    made, stated = packed(box, medium, Asked(tuple(seal or ()), handed_by, taken_by), _PATIENCE, tell)
    say.progress("")
    sheet = made.sheet
    if json_wanted:
        say.as_json(
            {
                "pack": sheet.pack, "folder": str(made.folder), "entries": made.manifest.entries, "files": sheet.files, "bytes": sheet.size,
                "copied": made.copied, "left": made.left, "stated": stated, "trouble": [{"code": code, "name": name} for code, name in made.trouble],
            }
        )  # fmt: skip
    else:
        for code, name in made.trouble:
            say.data(f"! {code}  {name}  {_(_MEANINGS[code])}")
        facts = {"pack": sheet.pack, "files": sheet.files, "size": bytes_of(sheet.size), "entries": made.manifest.entries}
        say.data(say.fill(N_("Pack {pack}: {files} files, {size}, and {entries} entries of the log."), **facts))
        if made.left:
            say.data(say.fill(N_("No room for {count} files: pack them onto another medium."), count=made.left))
        if not stated:
            say.talk(_("The log does not say yet that this was packed: the day is closed, or the agent has not answered. The signed sheet says it."))
        name = "sheet.pdf" if (made.folder / "sheet.pdf").exists() else "sheet.txt"
        say.talk(say.fill(N_("Print the custody sheet, twice: {file}"), file=made.folder / name))
    if made.left or made.trouble:
        raise typer.Exit(2)


@app.command(help=_(LOAD))
def load(
    medium: Annotated[Path, typer.Argument(metavar="MEDIUM", help=_("Folder of the disk or telephone."))],
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", envvar="KUA_CENTRE", help=_("The centre's folder; default: this one."))] = Path(),
    json_wanted: JsonWanted = False,
) -> None:
    """Load, through the running centre if there is one."""
    from kua.station.courier import require_medium

    require_medium(medium)
    loaded = _loaded(folder, medium.resolve())
    say.progress("")
    if json_wanted:
        say.as_json({"stations": loaded})
    else:
        for each in loaded:
            _tell(each)
        if not loaded:
            say.talk(_("There is no pack on this medium."))
    if any(each["trouble"] for each in loaded) or not loaded:
        raise typer.Exit(1)
    if any(each["missing"] or not each["closed"] for each in loaded):
        raise typer.Exit(2)


@app.command(help=_("Take in the receipts that came back from the centre, so that the film may go when the disk runs short."))
def receipts(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("receipts.jsonl of the station's folder on the medium."))], box: Box, json_wanted: JsonWanted = False
) -> None:
    """Take receipts."""
    from kua.app.courier import receipts as taken

    fresh, wrong = taken(box, file)
    if json_wanted:
        say.as_json({"fresh": fresh, "wrong": wrong})
    else:
        say.data(say.fill(N_("New receipts: {fresh}. Of nothing that this box knows, or not the centre's: {wrong}."), fresh=fresh, wrong=wrong))
    if wrong:
        raise typer.Exit(1)


_MEANINGS: Final = {
    "film.missing": N_("A leaf names this film, but it is not here and the centre has not receipted it."),
    "film.damaged": N_("The film is not the one that its leaf states."),
}


def _tell(each: dict[str, Any]) -> None:
    for case in each["trouble"]:
        say.data(f"! {each['station']}  {case['code']}  {case['name']}")
    facts = {name: each[name] for name in ("station", "packs", "entries", "fresh", "known", "receipts")}
    say.data(
        say.fill(
            N_("Station {station}: packs {packs}, new entries of the log {entries}, new files {fresh}, known {known}, receipts on the medium {receipts}."), **facts
        )
    )
    if each["missing"]:
        facts = {"station": each["station"], "count": each["missing"], "size": bytes_of(each["missing_bytes"])}
        say.data(say.fill(N_("Station {station}: still missing {count} files, {size} or more."), **facts))
    elif each["closed"]:
        say.data(say.fill(N_("Station {station}: nothing is missing, and the day is closed."), station=each["station"]))
    else:
        say.data(say.fill(N_("Station {station}: nothing is missing of what its log names so far; its day is not closed."), station=each["station"]))


def _progress(station: str, done: int, of: int) -> None:
    say.progress(say.fill(N_("Station {station}: {done} of {of} files"), station=station, done=done, of=of))


def _loaded(folder: Path, medium: Path) -> list[dict[str, Any]]:
    """Load in the running centre, or here if none runs."""
    told = _running(folder)
    if told is not None:
        for line in _asked(told, medium):
            if "loaded" in line:
                loaded: list[dict[str, Any]] = line["loaded"]
                return loaded
            if "error" in line:
                raise Unavailable(line["error"], **line["facts"])
            _progress(line["station"], line["done"], line["of"])
        raise Unavailable("centre.deaf", why="courier")
    return asyncio.run(_here(folder, medium))


async def _here(folder: Path, medium: Path) -> list[dict[str, Any]]:
    from kua.app.centre import build
    from kua.centre.courier import load as load_here

    centre = build(folder)
    async with centre.running():
        return [each.to_json() for each in await load_here(medium, centre.counter, _progress)]


def _running(folder: Path) -> dict[str, Any] | None:
    try:
        told: dict[str, Any] = json.loads((folder / RUN).read_bytes())
        os.kill(told["pid"], 0)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return told


def _asked(told: dict[str, Any], medium: Path) -> Iterator[dict[str, Any]]:
    """Ask the running centre, and give its lines as they come."""
    request = urllib.request.Request(  # noqa: S310 - our own address, from a file that only the owner can write
        f"{told['url'].rstrip('/')}/api/v1/control/courier", json.dumps({"folder": str(medium)}).encode(), {"Authorization": f"Bearer {told['control']}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:  # noqa: S310
            for line in answer:
                yield json.loads(line)
    except urllib.error.HTTPError as error:
        raise Rejected(str(json.load(error)["code"])) from error
    except urllib.error.URLError as error:
        raise Unavailable("centre.deaf", why=str(error.reason)[:80]) from error
