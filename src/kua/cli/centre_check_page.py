# SPDX-License-Identifier: Apache-2.0
"""`kua centre check-page`: writes a copy of the page that checks films, for whoever wants to host it. The files are `kua.web.site.hosted`'s."""

from pathlib import Path
from typing import Annotated

import typer

from kua.adapters.durable import DurableFiles
from kua.cli import say
from kua.cli.say import _, fill
from kua.core.digest import sha256
from kua.core.election import read_election
from kua.core.errors import Misused
from kua.proof.keys import VerifierKey
from kua.proof.persons import check_election
from kua.web.kit.static import Assets
from kua.web.site.hosted import MANIFEST, check_page
from kua.words.problem import N_


def write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Folder to write; it must be empty, or hold an older copy."))],
    election: Annotated[
        Path,
        typer.Option("--election", metavar="FILE", help=_("The published election file; its note is checked where it lies beside it.")),
    ],
    tree: Annotated[
        str,
        typer.Option("--tree", metavar="URL", help=_("Address of the published tree, for the copy of a mirror; default: the centre's.")),
    ] = "",
) -> None:
    """Write the files, the manifest last, and print its digest."""
    try:
        data = election.read_bytes()
    except OSError as error:
        raise Misused("centre.draft", name=election.name) from error
    read = read_election(data)
    note = election.with_suffix(".note")
    if note.is_file():
        check_election(
            note.read_bytes(),
            election=read.id,
            version=read.version,
            file=sha256(data),
            keys=[VerifierKey.parse(line) for line in read.commission],
        )
    else:
        say.talk(_("There is no note beside the election file: nobody's signature over it was checked."))
    files = check_page(read, data, Assets(), tree)
    _require_ours(folder, set(files))
    disk = DurableFiles()
    for name in sorted(files, key=lambda each: (each == MANIFEST, each)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        disk.replace(folder / name, files[name])
    say.talk(
        fill(
            N_("{folder} holds {count} files. Put it on any web server, or open index.html. The digest of its manifest:"),
            folder=folder,
            count=len(files),
        )
    )
    say.data(sha256(files[MANIFEST]).hex())


def _require_ours(folder: Path, names: set[str]) -> None:
    """Raises `Misused("check_page.not_empty")` for a folder in which anything else lies: a host must not serve what nobody meant to."""
    found = (str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()) if folder.is_dir() else ()
    if others := sorted(set(found) - names):
        raise Misused("check_page.not_empty", folder=folder.name, name=others[0][:80])
