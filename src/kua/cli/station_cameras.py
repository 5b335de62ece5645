# SPDX-License-Identifier: Apache-2.0
"""`kua station cameras`: lists every camera that can be found, and says of each whether the station can use it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kua.cli import say
from kua.cli.doctor import finding_lines
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.words.lines_camera import VERDICTS
from kua.words.problem import N_

if TYPE_CHECKING:
    from kua.app.cameras import Found

EXAMPLES: Final = N_(
    "List every camera that can be found: this station's own with a still and a verdict, others that answer on the network.\n\n"
    "kua station cameras --box box --interface eth0\n\n"
    "Passwords come from KUA_CAMERA_A_PASSWORD and go to the cameras of the settings only. Stills are unhidden pictures: they are made only while nobody"
    " votes, lie in the folder “cameras” of the box for its owner alone, and are never sent.\n\n"
    "Exit code 0: every camera of the station can be used; 1: one cannot; 3: one was not reached."
)
_STILLS: Final = {
    "voting": N_("No still: people vote, and no unhidden picture may be made."),
    "none": N_("No still: no picture came."),
}


def cameras(
    box: Annotated[Path, typer.Option("--box", metavar="DIR", help=_("Folder of the station's box."))],
    interface: Annotated[
        list[str] | None, typer.Option("--interface", metavar="DOOR", help=_("Look through this network door (name or own address)."))
    ] = None,
    address: Annotated[list[str] | None, typer.Option("--address", metavar="IP", help=_("Look at this one address too."))] = None,
    no_stills: Annotated[bool, typer.Option("--no-stills", help=_("Make no stills."))] = False,
    json_wanted: JsonWanted = False,
) -> None:
    """List cameras."""
    from kua.app import cameras as desk

    found = desk.cameras(box, interface or [], address or [], desk.Looking(stills=not no_stills), say.progress)
    say.progress("")
    if json_wanted:
        say.as_json({"v": 1, "cameras": [one.to_json() for one in found]})
    else:
        for one in found:
            _tell(one)
        if not interface and not address:
            say.talk(_("Only the cameras of the settings were looked at: --interface looks for others on the network."))
    verdicts = {one.verdict for one in found if one.cam is not None}
    if "unusable" in verdicts or "unreachable" in verdicts:
        raise typer.Exit(1 if "unusable" in verdicts else 3)


def _tell(one: "Found") -> None:
    named = " ".join(filter(None, (one.make, one.model)))
    letter = say.fill(N_("Camera {camera}"), camera=one.cam) if one.cam else _("Another camera")
    say.data("  ".join(filter(None, (letter, one.address, named))))
    for text in finding_lines(each for each in one.findings if each.code != "camera.connected"):
        say.data("  " + text)
    if one.still:
        say.data("  " + say.fill(N_("Still: {file}, unhidden; for your eyes only."), file=one.still))
    elif one.still_refused:
        say.data("  " + _(_STILLS[one.still_refused]))
    say.data("  " + say.fill(N_("Verdict: {verdict}."), verdict=_(VERDICTS[one.verdict])))
