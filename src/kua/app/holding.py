# SPDX-License-Identifier: Apache-2.0
"""`kua station hold`: what may not be deleted of a box, beside a running agent too."""

from pathlib import Path

from kua.adapters.durable import DurableFiles
from kua.app.settings import load_station
from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.station.holds import Hold, make_hold, read_holds, write_holds


def add_hold(box: Path, cam: str | None, since: Instant, until: Instant, article: str) -> None:
    """Hold film of [since, until). Raises `Misused("hold.span")`, `Rejected("hold.file")`."""
    load_station(box)
    files = DurableFiles()
    held = read_holds(box, files)
    new = make_hold(cam, since, until, article)
    if new not in held:
        write_holds(box, files, [*held, new])


def lift_hold(box: Path, number: int) -> None:
    """Lift a hold by its number in the list, from 1. Raises `Misused("hold.number")`."""
    files = DurableFiles()
    held = read_holds(box, files)
    if not 1 <= number <= len(held):
        raise Misused("hold.number", given=number, count=len(held))
    write_holds(box, files, [hold for place, hold in enumerate(held, 1) if place != number])


def listed(box: Path) -> tuple[Hold, ...]:
    """Return the holds. Raises `Rejected("hold.file")`."""
    load_station(box)
    return read_holds(box, DurableFiles())
