# SPDX-License-Identifier: Apache-2.0
"""`kua update`: from whom this box takes its program. What is fetched here was released by a threshold of people, whatever the server says."""

from pathlib import Path
from typing import Annotated

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _, fill
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Updates: releases that several people have signed, by TUF.")
)

Box = Annotated[Path, typer.Option("--box", metavar="DIR", envvar="KUA_BOX", help=_("Folder of the box; default: this one."))]
Source = Annotated[str, typer.Option("--from", metavar="URL|DIR", help=_("Where the releases are: an address, or a folder that was carried here."))]


@app.command(help=_("Pin the root of releases, once, by its printed digest: from it all other trust follows."))
def trust(
    root: Annotated[Path, typer.Argument(metavar="ROOT.json", help=_("The root, as it came with the first installation."))],
    digest: Annotated[str, typer.Option("--sha256", metavar="HEX", help=_("Its SHA-256 from a printed copy."))],
    box: Box = Path(),
) -> None:
    """Pin it."""
    from kua.app import updates

    say.data(fill(N_("Releases are now taken under the root {digest}."), digest=updates.trust(box, root, digest)))


@app.command(help=_("Say whether there is a newer release. Changes nothing."))
def check(place: Source, box: Box = Path(), json_wanted: JsonWanted = False) -> None:
    """Look."""
    from kua.app import updates

    found = updates.look(box, place)
    if json_wanted:
        say.as_json({"version": found.version, "here": found.here, "newer": found.is_newer, "files": list(found.files)})
    elif found.is_newer:
        say.data(fill(N_("Version {version} is released; {here} runs here."), version=found.version, here=found.here))
        say.talk(_("Fetch it with kua update fetch. Before a vote, change nothing without a rehearsal."))
    else:
        say.data(fill(N_("{here} runs here; {version} is the newest release."), version=found.version, here=found.here))


@app.command(help=_("Fetch the newest release into a new folder. Every file is as it was signed; installing it is a person's act."))
def fetch(
    place: Source,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=_("Folder for the files; it must not be there."))],
    box: Box = Path(),
) -> None:
    """Fetch it."""
    from kua.app import updates

    found = updates.fetch(box, place, out)
    for name in found.files:
        say.data(str(out / name))
    say.talk(fill(N_("Version {version} is here. To install it: pip install --no-index --find-links {out} kua"), version=found.version, out=out))
