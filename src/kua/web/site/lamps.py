# SPDX-License-Identifier: Apache-2.0
"""The lamp of a station: one shape, one word, one colour, the same on every page. A lamp that lies once is worse than none."""

from dataclasses import dataclass
from typing import Final

from kua.core.election import Station
from kua.core.instant import Instant, Millis
from kua.ports.index import CountSpan, StationState
from kua.web.kit.pages import Words

SHAPES: Final = {"recording": "●", "storing": "◐", "problem": "▲", "hidden": "■", "none": "○"}
"""Never colour alone: each kind has a shape of its own."""

ORDER: Final = ("problem", "hidden", "storing", "none", "recording")
"""What needs a look comes first."""

FRESH: Final = Millis(15 * 60_000)
"""A count older than this is not called a queue."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """`kind` picks shape and colour; `word` is short, `says` one sentence."""

    kind: str
    word: str
    says: str

    @property
    def shape(self) -> str:
        """The sign of this kind."""
        return SHAPES[self.kind]


def lamp_of(station: Station, state: StationState, _: Words) -> Lamp:
    """Return the lamp of one station. The gravest thing wins."""
    if station.exempt is not None:
        return Lamp("none", _("No camera"), _("This station has no camera."))
    if state.withdrawn:
        return Lamp("hidden", _("Withdrawn"), _("Its publication has been stopped. What was recorded stays in the log's account."))
    if state.state == "silent":
        return Lamp("problem", _("No news"), _("The station has not been heard of for more than a minute. Its box may go on recording by itself."))
    if state.state == "closed":
        return Lamp("none", _("Closed"), _("The station has closed its day. The recording stays here."))
    if state.state == "none":
        return Lamp("none", _("Not opened"), _("The station has not opened yet."))
    if alarm := _alarm(state.faults, _):
        return alarm
    if state.hidden_now:
        return Lamp("hidden", _("Picture hidden"), _("The station records, but the whole picture is filled at the moment."))
    if state.state == "storing":
        return Lamp("storing", _("Storing"), _("The station records and keeps the film in its box; it will send it when the line allows."))
    if "one_signature" in state.faults:
        return Lamp("recording", _("Recording"), _("The station records people as silhouettes only: the second signature under its calibration is missing."))
    if "no_models" in state.faults:
        return Lamp("recording", _("Recording"), _("The station records. The count is shown coarse: without detection models heads cannot be told from paper."))
    return Lamp("recording", _("Recording"), _("The station records, and its film arrives."))


def _alarm(faults: frozenset[str], _: Words) -> Lamp | None:
    """Return the lamp of a camera's fault, the gravest first: what happened to the ballot box, then to the camera, then to its picture."""
    if "box_moved" in faults:
        return Lamp("problem", _("Box moved"), _("The stickers on a ballot box say that it was moved from its place."))
    if "lid_opened" in faults:
        return Lamp("problem", _("Lid moved"), _("The stickers on a ballot box say that its lid was moved."))
    if "looped" in faults:
        return Lamp("problem", _("Repeated picture"), _("A camera sends pictures that it has sent before, as from a recording."))
    if "no_film" in faults:
        return Lamp("problem", _("No picture"), _("Nothing of a camera is recorded at the moment: the day below says since when and why."))
    if "moved" in faults:
        return Lamp("hidden", _("Picture hidden"), _("A camera was moved, turned or zoomed. Its picture is filled until it stands as it was signed."))
    if "scene_changed" in faults:
        return Lamp("hidden", _("Picture hidden"), _("A camera shows another scene than the one that was signed. Its picture is filled."))
    if "covered" in faults or "black" in faults:
        return Lamp("hidden", _("Picture hidden"), _("A camera is covered, or the room is dark. Its picture is filled."))
    if "defocused" in faults:
        return Lamp("hidden", _("Picture hidden"), _("A camera is out of focus or its lens is dirty. Its picture is filled."))
    if "garbled" in faults:
        return Lamp("problem", _("No picture"), _("A camera sends data of which no picture can be made; the station opens the camera anew."))
    if "signal_loss" in faults:
        return Lamp("problem", _("No picture"), _("A recorder reports that a camera's cable carries no picture."))
    if "tamper" in faults:
        return Lamp("problem", _("Camera alarm"), _("A camera itself reports that somebody tampers with it."))
    if "frozen" in faults:
        return Lamp("problem", _("Still picture"), _("A camera's picture stands still; the station opens the camera anew."))
    return None


def people_of(counts: list[CountSpan], now: Instant, _: Words) -> str:
    """Return the people in the room as an interval, both ends included; empty when there is no fresh count.

    Where several cameras see one room the one that sees most is told: a sum would count people twice. Below five the page says only that.
    """
    fresh = [span for span in counts if span.t1 > now - FRESH]
    if not fresh:
        return ""
    newest = max(span.t1 for span in fresh)
    last = [span for span in fresh if span.t1 == newest]
    low, high = max(span.people_low for span in last), max(span.people_high for span in last)
    return _("fewer than 5") if high < 5 else f"{low}–{high}" if low < high else f"{high}"


def band_of(counts: list[CountSpan], now: Instant, _: Words) -> str:
    """Return the queue as a band, never as a single number; empty when there is no fresh count.

    Nobody may be singled out: below five people the page says only that (the table of who may see what, 7-election part 4).
    """
    fresh = [span for span in counts if span.t1 > now - FRESH]
    if not fresh:
        return ""
    newest = max(span.t1 for span in fresh)
    last = [span for span in fresh if span.t1 == newest]
    low, high = sum(span.queue_low for span in last), sum(span.queue_high for span in last)
    if high < 5:
        return _("fewer than 5")
    if low > 20:
        return _("more than 20")
    floor = 0 if low < 5 else 5 if low <= 10 else 10
    if high > 20:
        return _("more than 10") if floor else _("5 or more")
    top = 10 if high <= 10 else 20
    return _("up to {number}", number=top) if not floor else f"{floor}–{top}"
