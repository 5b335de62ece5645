# SPDX-License-Identifier: Apache-2.0
"""`kua station listen`: opens the station to observers' telephones in the room until Ctrl-C, and prints one QR code for each of them."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kua.cli import say
from kua.cli.say import _
from kua.cli.station_up import on_enter
from kua.words.problem import N_

if TYPE_CHECKING:
    from kua.app.listen_files import Told


def listen(
    box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))],
    at: Annotated[
        str, typer.Option("--at", metavar="ADDRESS:PORT", help=_("Address of this computer and port; else the setting `station.listen`."))
    ] = "",
    camera: Annotated[
        str, typer.Option("--camera", metavar="LETTER", help=_("Print the QR code for the telephone that films as this camera (source `whip:`)."))
    ] = "",
) -> None:
    """Serve until Ctrl-C. The agent goes on with or without it."""
    import segno

    from kua.app.listen import serve

    def tell(address: str, told: "Told") -> None:
        say.data(address)
        say.talk(say.fill(N_("Certificate (SHA-256): {fingerprint}"), fingerprint=told.fingerprint.upper()))
        if sys.stdout.isatty():
            segno.make(address, error="m", micro=False).terminal(compact=True)

    def renewals(renew: Callable[[], None]) -> None:
        say.talk(
            _(
                "Open to telephones in this network: the page, the newest checkpoint, proofs, and the way back for co-signatures. No film, no picture, no "
                "setting. Each address lets one telephone in, within ten minutes; press Enter for another, Ctrl-C to close."
            )
        )
        on_enter(renew)

    with suppress(KeyboardInterrupt):
        serve(box, at, tell, renewals, camera)
