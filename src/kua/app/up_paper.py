# SPDX-License-Identifier: Apache-2.0
"""The newest checkpoint of a box for paper: QR code, number of entries and the code for the protocol, with words in three languages."""

from pathlib import Path
from typing import Final

import segno

from kua.adapters.clock import SystemClock
from kua.app.closing import closing_code
from kua.app.listen import read_checkpoint
from kua.app.settings import load_election, load_station
from kua.core.instant import Instant
from kua.proof.note import parse_note
from kua.proof.paper import paper_code
from kua.web.kit.formats import local, offset
from kua.web.panel.up import Paper, PaperWords
from kua.words.problem import N_
from kua.words.speak import LANGUAGES, catalogue

_TITLE: Final = N_("The log of this station, at this moment")
_CLOSED: Final = N_("The log of this station, at its close")
_STATION: Final = N_("Polling station {station}")
_TIME: Final = N_("Printed at {time}")
_CODE: Final = N_("Write into the protocol: number of entries, then the code")
_HOW: Final = N_(
    "Everything that was filmed until now stands in a log. Whoever keeps this sheet, or a photograph of it, can show later that nothing in it was changed: scan the QR code and give "
    "its text to the page of an observer's telephone, or to the command “kua log verify”; or compare the code."
)
_HANDS: Final = N_("Chair, observers (signatures)")


def paper_of(box: Path) -> Paper:
    """Return what is to be printed now. Raises `Incomplete("listen.no_log")` before the first recording, and as `load_election`."""
    station = load_station(box)
    election, _ = load_election(box, station)
    place = election.station(station.id)
    note = read_checkpoint(box).decode()
    now, is_closed = SystemClock().now(), closing_code(box) is not None
    told = paper_code(parse_note(note.encode()).text)
    words = tuple(
        PaperWords(
            each,
            say(_CLOSED if is_closed else _TITLE),
            f"{say(_STATION).format(station=station.id)} · {place.titles.said_in(each)} · {election.titles.said_in(each)}",
            say(_TIME).format(time=_moment(now)),
            say(_CODE),
            say(_HOW),
            say(_HANDS),
        )
        for each in LANGUAGES
        for say in (catalogue(each).gettext,)
    )
    code = segno.make(note, error="m", micro=False, mode="byte")
    svg = code.svg_inline(scale=4, border=4, omitsize=True, svgclass="qr", lineclass=None)
    return Paper(str(told.size), told.code, note, svg, is_closed, _moment(now), words)


def _moment(at: Instant) -> str:
    return f"{local(at):%Y-%m-%d %H:%M} ({offset(at)})"
