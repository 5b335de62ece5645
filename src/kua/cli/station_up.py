# SPDX-License-Identifier: Apache-2.0
"""`kua station up`: the box's own pages, for one browser on this computer. Prints one address with a one-time token and opens nothing unless asked."""

import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from kua.cli import say
from kua.cli.say import _
from kua.words.problem import N_


def up(
    box: Annotated[
        Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box; it is made if it is not there."))
    ] = Path("box"),
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help=_("Port on this computer; 0 takes the last one, or a free one."))
    ] = 0,
    open_it: Annotated[bool, typer.Option("--open", help=_("Open the page in the browser."))] = False,
) -> None:
    """Serve the pages until Ctrl-C; a recording that was started goes on."""
    from kua.app.up import serve

    def tell(address: str) -> None:
        say.data(address)
        if open_it:
            webbrowser.open(address)

    def renewals(renew: Callable[[], None]) -> None:
        say.talk(_("Open this address in the browser of this computer. It works once; press Enter here for a new one, Ctrl-C to end."))
        on_enter(renew)

    with suppress(KeyboardInterrupt):
        serve(box, port, tell, renewals)
    say.talk(
        say.fill(
            N_("The pages are closed. A recording that was started goes on: `kua station check --box {box}` says how it stands."), box=box
        )
    )


def on_enter(renew: Callable[[], None]) -> None:
    """Call `renew` each time that somebody presses Enter, where somebody can."""
    if sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=_hear, args=(renew,), daemon=True).start()


def _hear(renew: Callable[[], None]) -> None:
    for _line in sys.stdin:
        renew()
