# SPDX-License-Identifier: Apache-2.0
"""`kua bundle`: make a court bundle from public data, check one, look into one. All judgement is in `kua.verify`."""

import contextlib
from pathlib import Path
from typing import Annotated, Final

import typer

from kua.app.papers import paper_here
from kua.cli import say
from kua.cli.film import end, eyes, tokens_under
from kua.cli.options import Authority, Commission, Cosigner, JsonWanted, PixelsWanted
from kua.cli.say import _, fill
from kua.cli.typed import file_of, instant_of, key_of, typed
from kua.core.errors import KuaError, Misused
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import camera_id, station_id
from kua.proof.bundle import CONTENTS, CUSTODY, read_contents, read_custody
from kua.proof.leaf import Leaf, read_leaf
from kua.verify.bag import BagReader
from kua.verify.bundle import verify_bundle
from kua.verify.clip import check_clip
from kua.verify.excerpt import MAX_LEAVES
from kua.verify.film import SMALL, Trust
from kua.verify.gather import Wanted
from kua.verify.onefile import tools
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import open_reader
from kua.verify.report import Report
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help=_("Court bundles: one file with film and everything that shows it to be genuine."),
)

_ACTS: Final = {
    "made": N_("made"),
    "received": N_("received"),
    "copied": N_("copied"),
    "opened": N_("opened"),
    "handed_over": N_("handed over"),
    "sealed": N_("sealed"),
    "unsealed": N_("unsealed"),
}


@app.callback()
def bundle() -> None:
    """Hold the verbs together."""


@app.command(
    help=_(
        "Make a court bundle from what is published: film, statements, proofs, signatures, report. It is checked before it gets its name."
    )
)
def make(
    station: Annotated[str, typer.Option("--station", metavar="ID", help=_("The station, such as 10-245."))],
    since: Annotated[str, typer.Option("--from", metavar="TIME", help=_("Beginning, such as 2026-03-15T09:00:00+05:00."))],
    until: Annotated[str, typer.Option("--to", metavar="TIME", help=_("End."))],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help=_("Where the bundle is written; never over another file."))],
    camera: Annotated[list[str] | None, typer.Option("--camera", metavar="LETTER", help=_("Only this camera; may be given again."))] = None,
    tree: Annotated[str, typer.Option("--tree", metavar="PATH|URL", help=_("Folder or address of the published election."))] = ".",
    role: Annotated[
        str, typer.Option("--by", metavar="ROLE", help=_("The role of whoever makes it, for the custody list; never a name."))
    ] = "auditor",
    at: Annotated[str, typer.Option("--at", metavar="TIME", help=_("When it is made, for the custody list; left out unless given."))] = "",
    custody: Annotated[Path | None, typer.Option("--custody", metavar="FILE", help=_("A custody list that goes on here."))] = None,
    copies: Annotated[bool, typer.Option("--copy/--no-copy", help=_("With a working copy that any player opens."))] = True,
    report: Annotated[
        bool, typer.Option("--report/--no-report", help=_("With a report on paper, where its libraries are installed."))
    ] = True,
    json_wanted: JsonWanted = False,
) -> None:
    """Make one and print what its own check says."""
    with typed():
        wanted = Wanted(station_id(station), tuple(map(camera_id, camera or ())), instant_of(since), instant_of(until))
    paper = paper_here() if report else None
    if report and paper is None:
        say.talk(_("There is no report in it: its libraries are not installed (pip install 'kua[report]')."))
    order = Order(wanted, _role(role), instant_of(at) if at else None, _read(custody) if custody else None, tools(), paper, copies)
    made = make_bundle(open_reader(tree), order, out)
    say.report(made.report, json_wanted=json_wanted)
    said = made.report.summary
    if (said["from"], said["to"]) != (rfc3339(wanted.since), rfc3339(wanted.until)):
        say.talk(
            fill(
                N_("The station gives an account of {since} to {until} only: that is what the bundle holds."),
                since=said["from"],
                until=said["to"],
            )
        )
    if made.absent:
        say.talk(fill(N_("Segments that are not published and so not in the bundle: {count}."), count=made.absent))
    raise typer.Exit(made.report.exit_code)


@app.command(
    help=_("Check a court bundle: archive, proofs, signatures, time, every segment, every second. No network, no clock, no account.")
)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The bundle."))],
    vkey: Annotated[
        str, typer.Option("--vkey", metavar="KEY", help=_("The verifier key of the national log, or a file that holds it."))
    ] = "",
    commission: Commission = None,
    cosigner: Cosigner = None,
    authority: Authority = None,
    pixels: PixelsWanted = False,
    json_wanted: JsonWanted = False,
) -> None:
    """Verify and print one line for each check, gaps first."""
    trust = Trust(tuple(map(key_of, commission or ())), key_of(vkey) if vkey else None, tuple(map(key_of, cosigner or ())))
    report = verify_bundle(file, trust, pixels=eyes() if pixels else None, tokens=tokens_under(authority or []), tools=tools())
    end(report, "time" if authority else None, pixels=pixels, json_wanted=json_wanted)


@app.command(help=_("Say what is in a court bundle. Checks nothing."))
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The bundle."))],
    json_wanted: JsonWanted = False,
) -> None:
    """Print contents, custody list and files."""
    with BagReader(file) as held:
        contents = read_contents(held.read(CONTENTS, SMALL))
        events = read_custody(held.read(CUSTODY, SMALL))
        files = {name: entry.size for name, entry in held.entries.items()}
        seals, phones = _spoken(held, contents.station)
    if json_wanted:
        say.as_json({
            "name": contents.name, "election": contents.election, "station": contents.station, "cameras": list(contents.cameras),
            "from": rfc3339(contents.since), "to": rfc3339(contents.until), "custody": list(events), "seals": seals, "room": phones, "files": files,
        })  # fmt: skip
        return
    say.data(fill(N_("Bundle {name}"), name=contents.name))
    say.data(
        fill(
            N_("Election {election}, station {station}, cameras {cameras}"),
            election=contents.election,
            station=contents.station,
            cameras=", ".join(contents.cameras),
        )
    )
    say.data(fill(N_("From {since} to {until}"), since=rfc3339(contents.since), until=rfc3339(contents.until)))
    for event in events:
        when = rfc3339(Instant(event["at"])) if event["at"] is not None else "-"
        act = _ACTS[event["act"]]
        say.data(fill(N_("Custody: {act}, by {role}, at {when}"), act=_(act), role=event["role"], when=when))
    say.data(fill(N_("Seals of hours: {numbers}"), numbers=", ".join(map(str, seals)) or "-"))
    say.data(fill(N_("Co-signed in the room by: {names}"), names=", ".join(phones) or "-"))
    for name, size in files.items():
        say.data(f"{size:>12}  {name}")
    say.talk(_("Nothing of this was checked: kua bundle verify does that."))

@app.command(help=_("Write a working copy of a bundle that holds to a file of its own; with a key and its certificates it bears a C2PA label."))
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The bundle."))],
    out: Annotated[Path, typer.Option("--out", metavar="MP4", help=_("Where the clip is written; never over another file."))],
    copy: Annotated[str, typer.Option("--copy", metavar="NAME", help=_("Which working copy, such as a-1; default: the only one."))] = "",
    key: Annotated[Path | None, typer.Option("--key", metavar="PEM", help=_("The key that signs the label (P-256)."))] = None,
    chain: Annotated[Path | None, typer.Option("--chain", metavar="PEM", help=_("Its certificate, and those above it."))] = None,
    commission: Commission = None,
) -> None:
    """Check the bundle, then write the clip."""
    from kua.app.clips import export_clip

    if (key is None) != (chain is None):
        raise Misused("label.half")
    signs = None if key is None or chain is None else (file_of(key), file_of(chain))
    report = verify_bundle(file, Trust(tuple(map(key_of, commission or ()))), tools=tools())
    if report.exit_code:
        say.report(report, json_wanted=False)
        raise typer.Exit(report.exit_code)
    name = export_clip(file, copy, out, signs)
    say.data(fill(N_("{file} is {copy} of the bundle. To check it: kua bundle compare {bundle} {file}"), file=out, copy=name, bundle=file))


@app.command(help=_("Say whether a clip is, but for a C2PA label, a working copy of a bundle that holds. Exit code 1 if it is not."))
def compare(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The bundle."))],
    clip: Annotated[Path, typer.Argument(metavar="MP4", help=_("The clip."))],
    commission: Commission = None,
    json_wanted: JsonWanted = False,
) -> None:
    """Check both and print what concerns the clip, and whatever is wrong with the bundle."""
    from kua.app.clips import tell_label

    whole = verify_bundle(file, Trust(tuple(map(key_of, commission or ()))), tools=tools())
    report = Report([line for line in whole.lines if line.state in {"FAIL", "MISSING"} or line.check == "election.trust"], {})
    with BagReader(file) as held:
        check_clip(held, clip, report)
    tell_label(clip, report)
    say.report(report, json_wanted=json_wanted)
    raise typer.Exit(report.exit_code)


def _spoken(held: BagReader, station: str) -> tuple[list[int], list[str]]:
    """Return the numbers of the seals of hours, and the names of the keys that co-signed in the room, as the statements in the bundle give them."""
    seals, phones = list[int](), dict[str, None]()
    for name in held.names(f"s/{station}/leaves"):
        for entry in held.read(name, MAX_LEAVES).splitlines() if name.endswith(".jsonl") else ():
            with contextlib.suppress(KuaError):
                leaf = read_leaf(entry, "station")
                if isinstance(leaf, Leaf) and leaf.type == "hour_seal":
                    seals.append(leaf["number"])
                elif isinstance(leaf, Leaf) and leaf.type == "observer":
                    phones["+".join(leaf["vkey"].split("+")[:2])] = None
    return seals, list(phones)


def _role(given: str) -> str:
    if not given.replace("_", "").isascii() or not given.replace("_", "").isalpha() or given != given.lower() or len(given) > 32:
        raise Misused("bundle.role", given=given[:40])
    return given


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused("verify.no_file", name=str(path)) from error
