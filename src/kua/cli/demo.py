# SPDX-License-Identifier: Apache-2.0
"""`kua demo`: play a polling day on this computer. The story is in `kua.app.demo`; its words are here."""

from pathlib import Path
from typing import Annotated, Final

import typer

from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.core.errors import Misused
from kua.words.problem import N_

app = typer.Typer(rich_markup_mode=None, add_completion=False, help=_("Play a whole day on this computer: stations, centre and site."))

STEPS: Final = {
    "demo.outsiders": N_("{count} outsiders co-sign the national log, each with a program and a memory of its own."),
    "demo.centre": N_("The centre runs at {url}."),
    "demo.prepared": N_("Station {station}: empty room learned, booths marked, signed by two people, enrolled with a one-time code."),
    "demo.progress": N_("Segments published: {done} of {wanted}."),
    "demo.cut": N_("The line of station {station} is cut now. It goes on recording; its queue grows."),
    "demo.mended": N_("The line of station {station} is back: statements first, then the newest film, then the rest."),
    "demo.closing": N_("The day is closed; what is owed is sent and published."),
    "demo.verifying": N_("Every file is checked, then one bit at a time is altered in a copy, and checked again."),
    "demo.started": N_("Station {station} films, hides, signs and sends."),
    "demo.open_site": N_("The public site, as every citizen sees it: {url}"),
    "demo.open_slider": N_("What the camera sees and what leaves the room (only in this demonstration): {url}"),
    "demo.tunnel": N_("You are on another computer: on yours, open a tunnel first: {line}"),
    "demo.first_film": N_(
        "The first film of every station is public, after {seconds} seconds. Choose a station and press Watch. Ctrl-C ends."
    ),
    "demo.altered": N_("One bit of a stored file was altered just now: {name}. Watch that station: {url}"),
    "demo.caught": N_("Caught by the verifier ({check}): {name}"),
    "demo.try_it": N_("Look for yourself: {command}"),
    "demo.kept": N_("The published tree is in {folder}."),
    "demo.stopping": N_("Stopping what was started."),
}


def tell(code: str, **facts: object) -> None:
    """Say a step on stderr."""
    say.talk(say.fill(STEPS[code], **facts))


@app.callback(invoke_without_command=True)
def demo(
    headless: Annotated[bool, typer.Option("--headless", help=_("Play the story without a browser and print its figures."))] = False,
    json_wanted: JsonWanted = False,
    keep: Annotated[
        Path | None, typer.Option("--keep", metavar="DIR", help=_("Leave the published tree and the altered copies there."))
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=1_000_000, help=_("Decides the people, the cut and what is altered."))] = 1,
    clip: Annotated[
        Path | None,
        typer.Option(
            "--clip", metavar="FILE", envvar="KUA_DEMO_CLIP", help=_("A film that one more station sees through a real RTSP server.")
        ),
    ] = None,
) -> None:
    """Play it."""
    if headless and clip is not None:
        raise Misused("demo.clip_headless")
    if headless:
        _headless(seed, keep, json_wanted=json_wanted)
    else:
        from kua.app.show import show

        show(seed, keep, tell, clip)


def _headless(seed: int, keep: Path | None, *, json_wanted: bool) -> None:
    from kua.app.demo import headless

    figures = headless(seed, keep, tell)
    if json_wanted:
        say.as_json(figures)
    else:
        for name, value in figures.items():
            if not isinstance(value, list):
                say.data(f"{name}: {value}")
    whole = figures["segments_verified"] == figures["segments_logged"] and not figures["unaccounted_seconds"]
    if not whole or figures["tampered_caught"] != figures["tampered"] or figures["verify_exit"] or figures["bundle"]["exit"]:
        raise typer.Exit(1)
