# SPDX-License-Identifier: Apache-2.0
"""`kua film redact`: reads the options, tells what a person must know, and leaves the work to `kua.app.redact`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from kua.app.redact import Asked
from kua.app.redact import redact as hide_in
from kua.cli import say
from kua.cli.models import MODELS_HOME
from kua.cli.say import _, fill
from kua.words.problem import N_

_TOLD: Final = {
    "redact.own_room": N_(
        "No calibration was given: the empty room was learned from this film itself. Somebody who does not move in the whole film may be "
        "taken for a part of the room; give --room for a film that must be safe."
    ),
    "redact.no_models": N_("No models are installed: people are hidden because they differ from the room, not because they were found."),
    "redact.image_filled": N_("Nothing can say where the people in a single picture are: all of it was filled."),
}


def redact(
    source: Annotated[Path, typer.Argument(metavar="IN", help=_("A film or a picture."))],
    out: Annotated[Path, typer.Argument(metavar="OUT", help=_("Where to write it: .mp4 for a film, .png or .jpg for a picture."))],
    room: Annotated[
        Path | None, typer.Option("--room", metavar="CALIBRATION", help=_("A calibration file, or a film or picture of the empty room."))
    ] = None,
    masks: Annotated[Path | None, typer.Option("--masks", metavar="M", help=_("Zones to hide, as JSON or TOML."))] = None,
    models: Annotated[
        Path | None, typer.Option("--models", metavar="DIR", envvar="KUA_MODELS", help=_("The folder of detection models."))
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="R.json", help=_("Write what was hidden, where, why and how long."))
    ] = None,
    hidden: Annotated[
        Path | None, typer.Option("--hidden", metavar="H.npz", help=_("Write which cells of 8 pixels are hidden in every picture."))
    ] = None,
    phase: Annotated[str, typer.Option("--phase", help=_("The phase of the day whose hiding holds."))] = "voting",
) -> None:
    """Hide people and booths in a film or a picture, exactly as a station does."""
    asked = Asked(source, out, room, masks, models or MODELS_HOME, report, hidden, phase)
    done = hide_in(asked, lambda code: say.talk(_(_TOLD[code])))
    say.talk(
        fill(
            "Pictures: {frames}, filled as a whole: {filled}, hidden on average: {share} %.",
            frames=done.frames,
            filled=done.filled,
            share=round(100 * done.share, 1),
        )
    )
