# SPDX-License-Identifier: Apache-2.0
"""`kua scenes`: render polling rooms of which everything is known, for measuring what hides and what counts. Nobody real is in them."""

from pathlib import Path
from typing import Annotated, Final

import typer

from kua.cli import say
from kua.cli.say import _
from kua.core.errors import Misused
from kua.words.problem import N_

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help=_("Rendered polling rooms whose truth is known: for measuring.")
)

Json = Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))]

_CAMERAS: Final = {
    "side": N_("to the side of the ballot box: the best place for seeing ballots dropped"),
    "front": N_("before the voter, behind the box"),
    "back": N_("behind the voter"),
    "corner": N_("in a corner, over the whole room"),
    "high": N_("high above, looking down"),
}
_STORIES: Final = {
    "drops": N_("people come to the box, drop one ballot or two, pass, wait, reach without a ballot"),
    "pack": N_("the same, less busy, and now and then a pack of ballots at once"),
    "wall": N_("people stand so close about the box that it cannot be seen"),
    "swap": N_("the box is carried away and another takes its place"),
    "opening": N_("officials show the empty box to the camera"),
    "count": N_("piles on the counting table are moved"),
    "day": N_("few people, for long scenes"),
    "all": N_("drops, packs, a wall of people and another box in one scene"),
    "visits": N_(
        "whole visits: the queue, a ballot at the issue table, the booth, the box; some are not alone, and an official touches the box"
    ),
}
_HARDNESS: Final = (
    N_("plain: even light, little noise, at most four at once"),
    N_("children, hands at the slot without a ballot, more people, coarser film"),
    N_("lamps that change, crowds"),
    N_("the same, denser; the film as coarse as that of a thin line"),
)


@app.command("list", help=_("Say which cameras, stories and grades there are."))
def list_(json_wanted: Json = False) -> None:
    """List what can be rendered."""
    if json_wanted:
        say.as_json(
            {
                "cameras": {name: _(meaning) for name, meaning in _CAMERAS.items()},
                "stories": {name: _(meaning) for name, meaning in _STORIES.items()},
                "hard": {str(grade): _(meaning) for grade, meaning in enumerate(_HARDNESS)},
            }
        )
        return
    for title, lines in (
        (_("Cameras (--camera)"), _CAMERAS),
        (_("Stories (--story)"), _STORIES),
        (_("Grades (--hard)"), dict(enumerate(_HARDNESS))),
    ):
        say.data(title)
        for name, meaning in lines.items():
            say.data(f"  {name!s:8} {_(meaning)}")


@app.command(help=_("Render a scene into a folder: the film, the empty room, zones, and the truth."))
def make(
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help=_("Folder for the scene; it must not be there yet, or be empty."))],
    seed: Annotated[int, typer.Option("--seed", help=_("Decides the room, the people and what they do."))] = 1,
    camera: Annotated[str, typer.Option("--camera", help=_("Where the camera hangs: see `kua scenes list`."))] = "side",
    hard: Annotated[int, typer.Option("--hard", help=_("How hard, from 0 (plain) to 3."))] = 0,
    story: Annotated[str, typer.Option("--story", help=_("What happens: see `kua scenes list`."))] = "drops",
    minutes: Annotated[float, typer.Option("--minutes", help=_("How long, in minutes."))] = 2.0,
    fps: Annotated[int, typer.Option("--fps", help=_("Pictures a second."))] = 8,
    size: Annotated[str, typer.Option("--size", metavar="WxH", help=_("Size of the picture in pixels, both even."))] = "640x360",
    json_wanted: Json = False,
) -> None:
    """Render one scene. A minute of 640x360 at 8 pictures a second takes about half a minute on one core."""
    from kua.scenes.make import Asked, make as render

    width, _by, height = size.lower().partition("x")
    if not (width.isascii() and width.isdigit() and height.isascii() and height.isdigit()):
        raise Misused("scenes.size", given=size[:20])
    asked = Asked(seed, camera, hard, story, minutes * 60, fps, int(width), int(height))
    made = render(asked, out, lambda done, of: say.progress(say.fill(N_("{done} of {of} pictures"), done=done, of=of)))
    say.progress("")
    if json_wanted:
        say.as_json({"folder": str(made.folder), "frames": made.frames, "people": made.people, "events": made.events})
        return
    say.data(
        say.fill(
            N_("Written: {folder}. Pictures: {frames}; boxes of people: {people}."),
            folder=made.folder,
            frames=made.frames,
            people=made.people,
        )
    )
    for kind, count in made.events.items():
        say.data(f"  {kind}: {count}")


_EVENTS: Final = {
    "drop": N_("single ballots"),
    "pack": N_("packs of ballots"),
    "wall": N_("walls of people"),
    "swap": N_("ballot boxes exchanged"),
    "shown_empty": N_("ballot boxes shown empty"),
    "pile_moved": N_("piles moved"),
}
_METHODS: Final = {"pulses": N_("the counter (pulses at the slot)"), "states": N_("the second scorer (energy and states)")}


@app.command(help=_("Say what two independent methods see in a rendered scene, against its truth."))
def score(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=_("Folder of a scene, as `kua scenes make` wrote it."))],
    film: Annotated[
        Path | None, typer.Option("--film", metavar="SENT", help=_("The hidden film of this scene; without it the scene's own film."))
    ] = None,
    json_wanted: Json = False,
) -> None:
    """Score one scene. Always of rendered pictures: nothing here says how it is in a real room."""
    from kua.scenes.score import score as judge

    scored = judge(folder, film)
    if json_wanted:
        say.as_json(
            {
                "rendered": True, "scene": scored.scene, "film": scored.film, "lines": [line.to_json() for line in scored.lines],
                "ballots": {"lo": scored.lo, "hi": scored.hi, "true": scored.ballots, "inside": scored.inside}, "blind": scored.blind,
            }
        )  # fmt: skip
        return
    say.data(_("Rendered scene: these figures do not say how it is in a real room."))
    for line in scored.lines:
        if line.true or line.told:
            say.data(
                say.fill(
                    N_("  {kind}, {method}: found {found} of {true}; false alarms: {false}."),
                    kind=_(_EVENTS[line.kind]), method=_(_METHODS[line.method]), found=line.found, true=line.true, false=line.false_alarms,
                )
            )  # fmt: skip
    say.data(
        say.fill(
            N_("Times that something was put in, by the counter: between {lo} and {hi}, in truth {true} (a pack counts once). Share of the time without sight: {blind} %."),
            lo=scored.lo, hi=scored.hi, true=scored.ballots, blind=round(100 * scored.blind, 1),
        )
    )  # fmt: skip
