# SPDX-License-Identifier: Apache-2.0
"""`kua station`: prepare a box, record the day, look after it. Heavy libraries are loaded by the verb that needs them."""

import re
import secrets
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from kua.cli import say, station_cameras, station_census, station_listen, station_up
from kua.cli.say import _
from kua.cli.typed import instant_of
from kua.core.errors import Misused
from kua.core.instant import Instant, rfc3339
from kua.words.cameras import FAULTS, TROUBLES
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("The agent in a polling station: calibrate, run, check.")
)

app.command(help=_("Set the station up on a page of this computer: camera, zones, signatures, start."))(station_up.up)

app.command(help=_("Let observers' telephones in the room co-sign the log, over TLS, until Ctrl-C. Off unless you start it."))(
    station_listen.listen
)

app.command(help=_(station_census.EXAMPLES))(station_census.census)

app.command(help=_(station_cameras.EXAMPLES))(station_cameras.cameras)

_PATIENCE: Final = 60.0
WRONG: Final = 2_000
"""From so many milliseconds on a camera's clock is called wrong."""
_ROLES: Final = ("chair", "observer", "member", "territorial")
_PERSON: Final = re.compile(r"person/((chair|observer|member)/[0-9]{2}-[0-9]{1,5}|territorial/[0-9]{2}(-[0-9]{1,5})?)(/[0-9]{1,4})?")

Box = Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))]
Json = Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))]


@app.command(help=_("Make a person's signing key and print its verifier key. Make it on that person's own device."))
def person(
    new: Annotated[Path, typer.Option("--new", metavar="FILE", help=_("File for the new key; it must not be there yet."))],
    name: Annotated[str, typer.Option("--name", help=_("Role and place: person/chair/10-245."))],
) -> None:
    """Make a key (PKCS#8 PEM, mode 0600)."""
    from kua.adapters.device import device_mark, marked
    from kua.adapters.durable import DurableFiles
    from kua.proof.keys import SigningKey

    if not _PERSON.fullmatch(name):
        raise Misused("person.name", given=name[:80], known=", ".join(_ROLES))
    if new.exists():
        raise Misused("person.exists", file=new.name)
    key = SigningKey.from_seed(name, secrets.token_bytes(32))
    DurableFiles().replace(new, marked(key.to_pem(), device_mark()), mode=0o600)
    say.data(str(key.verifier))


@app.command(help=_("Learn the empty room of a camera and write its calibration, or let one person sign it."))
def calibrate(
    box: Box,
    camera: Annotated[str, typer.Option("--camera", help=_("Letter of the camera."))],
    source: Annotated[str | None, typer.Argument(metavar="[SOURCE]", help=_("Address or file that shows the empty room."))] = None,
    zones: Annotated[
        str | None,
        typer.Option(
            "--zones",
            metavar="FILE",
            help=_("Zones file; “stickers” for printed stickers, “auto” for a painted room, “none” for a room without."),
        ),
    ] = None,
    seconds: Annotated[int, typer.Option("--seconds", min=1, max=600, help=_("How long to look at the room, in seconds."))] = 10,
    sign: Annotated[Path | None, typer.Option("--sign", metavar="KEY", help=_("Sign with this person's key."))] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="CERT", help=_("The certificate of the person who signs."))
    ] = None,
) -> None:
    """Either learn or sign: one at a time, so that people sign what they have looked at."""
    from kua.app import calibrate as room

    if sign is not None or certificate is not None:
        if sign is None or certificate is None or source is not None:
            raise Misused("calibration.sign_how")
        names = room.sign(box, camera, sign, certificate)
        say.data(say.fill(N_("Signed by: {names}."), names=", ".join(names)))
        if len(names) < 2:
            say.talk(_("A second person must sign on their own device before the station may record."))
        return
    if source is None:
        raise Misused("calibration.no_source")
    file = room.calibrate(box, camera, source, zones, seconds)
    say.data(say.fill(N_("Written: {file}. Look at the still beside it; the room must be empty. Then two people sign."), file=file))


@app.command(help=_("Write stickers to print: stuck to box, booths, tables and walls they draw the zones and seal the box."))
def stickers(
    out: Annotated[Path, typer.Option("--out", metavar="FILE.html", help=_("File for the A4 pages; a browser prints them."))],
    boxes: Annotated[int, typer.Option("--boxes", min=0, max=4, help=_("How many ballot boxes there are."))] = 1,
    booths: Annotated[int, typer.Option("--booths", min=0, max=8, help=_("How many booths there are."))] = 2,
    size: Annotated[
        int,
        typer.Option(
            "--size",
            min=60,
            max=155,
            help=_("Side of the black square in millimetres: 110 for 3 m from the camera, 155 for more than 4 m."),
        ),
    ] = 110,
) -> None:
    """Write the pages; nothing else is needed or changed."""
    from kua.app.stickers import write_stickers

    pages = write_stickers(out, boxes, booths, size)
    say.data(say.fill(N_("Written: {file}, A4 pages: {pages}. Open it in a browser and print it at 100 %."), file=out, pages=pages))


@app.command(help=_("Let one person sign that the last voter is out and the lists are away. With two signatures the count can be seen."))
def count(
    box: Box,
    sign: Annotated[Path, typer.Option("--sign", metavar="KEY", help=_("Sign with this person's key."))],
    certificate: Annotated[Path, typer.Option("--certificate", metavar="CERT", help=_("The certificate of the person who signs."))],
) -> None:
    """Sign the beginning of the count; a running agent notices by itself."""
    from kua.app import count_gate

    names = count_gate.sign(box, sign, certificate)
    say.data(say.fill(N_("Signed by: {names}."), names=", ".join(names)))
    if len(names) < 2:
        say.talk(_("A second person must sign on their own device before the count can be seen."))


@app.command(help=_("Tie this box to its station at a centre, with a one-time code."))
def enrol(
    box: Box,
    centre: Annotated[str, typer.Option("--centre", metavar="URL", help=_("Address of the centre."))],
    code: Annotated[str, typer.Option("--code", help=_("The one-time code for this station."))],
    election: Annotated[str | None, typer.Option("--election", help=_("The election, if its file is not in the box yet."))] = None,
    commission: Annotated[
        list[str] | None, typer.Option("--commission", metavar="VKEY", help=_("A verifier key of the commission, from a printed copy."))
    ] = None,
    is_second: Annotated[
        bool,
        typer.Option("--second", help=_("A second centre of the election file: it gets everything too, when the first has it or is away.")),
    ] = False,
) -> None:
    """Make the station's key on the box and have it certified."""
    from kua.app.enrol import enrol as redeem

    enrolled = redeem(box, centre, code, election, tuple(commission or ()), second=is_second)
    say.data(
        say.fill(N_("Enrolled as {origin}; certificate {number} of the national log."), origin=enrolled.origin, number=enrolled.certificate)
    )


@app.command(help=_("Record the day: runs inside the windows of the election file and sends what it records."))
def run(
    box: Box,
    until_end: Annotated[
        bool, typer.Option("--until-end", help=_("Close the day when every camera's film has come to its end (rehearsals with files)."))
    ] = False,
    waits: Annotated[
        bool,
        typer.Option(
            "--wait", help=_("Before the first window, wait for it and record nothing: for a service that starts with the computer.")
        ),
    ] = False,
) -> None:
    """Run the agent in the foreground. SIGTERM ends it in order."""
    from kua.app.agent import Agent

    from kua.app.closing import closed_at

    Agent(box, until_end=until_end, waits=waits).run()
    at = closed_at(box)
    if at is not None:
        say.talk(say.fill(N_("The day was closed at {at}."), at=rfc3339(at)))


@app.command(help=_("Close the day for good: nothing can be recorded after it."))
def close(box: Box) -> None:
    """Ask a running agent to close, or close the log of a box that does not run."""
    from kua.app.closing import close_day, final_code

    at = close_day(box, _PATIENCE)
    say.data(say.fill(N_("Closed at {at}."), at=rfc3339(at)))
    code = final_code(box, _PATIENCE)
    if code is not None:
        say.data(say.fill(N_("For the protocol: {code}"), code=str(code)))


@app.command(help=_("Say how the station stands: cameras, queue, receipts, clock."))
def check(box: Box, json_wanted: Json = False) -> None:
    """Look at the box, beside a running agent too. Exit code 0 if it runs or has nothing to do, 2 if cameras are off in a window."""
    from kua.app.checkup import look

    body = look(box)
    if json_wanted:
        say.as_json(body)
    else:
        _tell(body)
    if body["off_in_window"]:
        say.talk(_("The station should be recording now, and is not. Start it with `kua station run`."))
        raise typer.Exit(2)


@app.command(help=_("Hold log, film and outbox against each other."))
def fsck(
    box: Box,
    level: Annotated[str, typer.Option("--level", help=_("How closely: presence, size or hash."))] = "size",
    mend: Annotated[bool, typer.Option("--mend", help=_("Remove film that no leaf names, and put missing rows into the outbox."))] = False,
    json_wanted: Json = False,
) -> None:
    """Check the invariants. Exit code 0 intact, 1 altered, 2 something is missing."""
    from kua.app.checkup import fsck as examine

    findings = examine(box, level, mending=mend)
    left = [finding for finding in findings if not finding.mended]
    if json_wanted:
        listed = [{"code": finding.code, "name": finding.name, "mended": finding.mended} for finding in findings]
        say.as_json({"level": level, "intact": not left, "findings": listed})
    else:
        for finding in findings:
            say.data(_FINDINGS[finding.mended].format(code=finding.code, name=finding.name) + "  " + _(_MEANINGS[finding.code]))
        say.data(_("Log, film and outbox agree.") if not left else _("Log, film and outbox do not agree."))
    if left:
        raise typer.Exit(2 if all(finding.code in {"fsck.missing", "fsck.row", "fsck.lost"} for finding in left) else 1)


@app.command(
    help=_("Put film under legal hold: nothing of it is deleted for space until the hold is lifted. Without more, list the holds.")
)
def hold(
    box: Box,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help=_("Beginning of the span, in RFC 3339."))] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help=_("End of the span, in RFC 3339."))] = None,
    article: Annotated[
        str | None, typer.Option("--article", help=_("Article of the law or number of the order, in one line of Latin letters."))
    ] = None,
    camera: Annotated[str | None, typer.Option("--camera", help=_("Letter of the camera; none: every camera."))] = None,
    lift: Annotated[int | None, typer.Option("--lift", metavar="N", help=_("Lift the hold with this number."))] = None,
    json_wanted: Json = False,
) -> None:
    """Add, lift or list holds. A running agent obeys at once."""
    from kua.app.holding import add_hold, lift_hold, listed

    if lift is not None:
        lift_hold(box, lift)
    elif since is not None or until is not None or article is not None:
        if since is None or until is None:
            raise Misused("hold.span", camera=camera or "*")
        add_hold(box, camera, instant_of(since), instant_of(until), article or "")
    holds = listed(box)
    if json_wanted:
        say.as_json(
            {"holds": [{"cam": held.cam, "from": rfc3339(held.t0), "to": rfc3339(held.t1), "article": held.article} for held in holds]}
        )
        return
    for number, held in enumerate(holds, 1):
        say.data(f"{number}. {held.cam or '*'}  {rfc3339(held.t0)} - {rfc3339(held.t1)}  {held.article}")
    if not holds:
        say.data(_("Nothing is on hold."))


_FINDINGS: Final = {True: "+ {code}  {name}", False: "! {code}  {name}"}
_MEANINGS: Final = {
    "fsck.tile": N_("The log's file does not fit its journal."),
    "fsck.row": N_("The outbox did not know this file."),
    "fsck.orphan": N_("Film that no leaf names."),
    "fsck.missing": N_("A leaf names this film, but it is not here and the centre has not receipted it."),
    "fsck.size": N_("The film has not the size that its leaf states."),
    "fsck.hash": N_("The film is not the one that its leaf states."),
    "fsck.folder": N_("The folder of film is not the one that this box has opened."),
    "fsck.unnamed": N_("The outbox names a file that no leaf names."),
    "fsck.left": N_("The film was removed for space, but is still here."),
    "fsck.lost": N_("The outbox says that the film was removed, but there is no receipt for it."),
    "fsck.receipt": N_("The receipt is not one that the centre has given for this film."),
}


_LOWERED: Final = {
    "small": N_("The line to the centre is slow: small pictures are sent at once, the full film later. Here it is recorded in full."),
    "slow": N_(
        "The line to the centre is slow: one small picture a second is sent at once, the full film later. Here it is recorded in full."
    ),
    "still": N_(
        "The line to the centre is slow: one small picture in ten seconds is sent at once, the full film later. Here it is recorded in full."
    ),
    "none": N_("The line to the centre carries no pictures: statements are sent at once, the film later. Here it is recorded in full."),
}
"""What is said of each rung of `kua.flow.thin` but the full film."""


def camera_words(camera: dict[str, Any]) -> list[str]:
    """Return what the operator is told of one camera: why nothing is recorded, what is wrong with it, what was lost, its clock."""
    trouble = camera.get("trouble")
    said = [_(TROUBLES[trouble])] if trouble in TROUBLES else []
    said += [_(FAULTS[kind]) for kind in camera.get("faults", []) if kind in FAULTS]
    counts, clock = camera.get("counts") or {}, camera.get("clock")
    if counts.get("broken"):
        said.append(say.fill(N_("Packets that could not be decoded: {broken}; pictures: {pictures}."), **counts))
    if counts.get("back"):
        said.append(
            say.fill(N_("Pictures left out because the camera dated them again or backwards: {back}; pictures: {pictures}."), **counts)
        )
    if clock and abs(clock["ahead_ms"]) >= WRONG:
        said.append(
            say.fill(
                N_("The camera's own clock is wrong by {seconds} s. Film is dated by the station's clock."),
                seconds=clock["ahead_ms"] // 1000,
            )
        )
    return said


def _tell(body: dict[str, Any]) -> None:
    queue = body["queue"]
    running = _("runs") if body["running"] else _("does not run")
    say.data(
        say.fill(N_("Station {station} {running}; phase: {phase}."), station=body["station"], running=running, phase=body["phase"] or "-")
    )
    if not body["enrolled"]:
        say.data(_("The box is not enrolled at a centre yet: `kua station enrol`."))
    if body["closed_at"]:
        say.data(say.fill(N_("The day was closed at {at}."), at=rfc3339(Instant(body["closed_at"]))))
    for cam, camera in sorted(body["cameras"].items()):
        if body["calibrations"].get(cam):
            say.data(say.fill(N_("Camera {camera} is not ready: {code}."), camera=cam, code=body["calibrations"][cam]))
        until = camera.get("recorded_to")
        said = rfc3339(Instant(until)) if until else "-"
        say.data(say.fill(N_("Camera {camera}: {state}, recorded up to {until}."), camera=cam, state=camera["state"], until=said))
        for text in camera_words(camera):
            say.data("  " + text)
    if body["census"]:
        say.data(
            say.fill(
                N_(
                    "The cameras of the room are not all listed, known and signed for ({code}): `kua station census --box DIR` says what is lacking."
                ),
                code=body["census"],
            )
        )
    station_census.tell_alarms(body["alarms"])
    if body["listen"]:
        say.data(say.fill(N_("Open to observers' telephones at {address}, port {port}; let in so far: {admitted}."), **body["listen"]))
    if body["faults"]:
        say.data(say.fill(N_("The computer is not well: {kinds}."), kinds=", ".join(body["faults"])))
    if body["disk"]:
        say.data(say.fill(N_("The disk is not well: {kinds}."), kinds=", ".join(body["disk"])))
    say.data(say.fill(N_("Log: {size} leaves. Free on the disk: {free} MB."), size=body["log_size"], free=body["free_bytes"] // 1_000_000))
    lowered = _LOWERED.get(body["live"] or "")
    if lowered is not None:
        say.data(_(lowered))
    oldest = rfc3339(Instant(queue["oldest"])) if queue["oldest"] else "-"
    say.data(
        say.fill(
            N_("Owed to the centre: {files} files, {kilobytes} kB, oldest {oldest}."),
            files=queue["files"],
            kilobytes=queue["bytes"] // 1000,
            oldest=oldest,
        )
    )
    last = rfc3339(Instant(queue["last_receipt"])) if queue["last_receipt"] else "-"
    say.data(
        say.fill(
            N_("Receipts: {received}, the last at {last}. Refused by the centre: {refused}."),
            received=queue["received"],
            last=last,
            refused=queue["refused"],
        )
    )
    if body["centre"] and body["centre"]["trouble"]:
        say.data(say.fill(N_("The centre: {trouble}."), trouble=body["centre"]["trouble"]))
    if body["second"]:
        trouble = body["second"]["trouble"]
        say.data(say.fill(N_("The second centre: {trouble}."), trouble=trouble) if trouble else _("The second centre answers."))
    if body["trust"] == "none":
        say.data(_("The clock is not trusted: nobody vouches for it. Every leaf says so."))
    else:
        say.data(say.fill(N_("The clock is vouched for by: {trust}."), trust=body["trust"]))
