# SPDX-License-Identifier: Apache-2.0
"""The files of a calibration in a box: zones as a person writes them, signatures as people add them. Sees no picture."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from kua.core.digest import Digest
from kua.core.errors import Misused, Rejected
from kua.proof.keys import SigningKey
from kua.proof.note import add_signatures, parse_note, sign_note, sign_text
from kua.proof.persons import Person, calibration_text

TEMPLATE: Final = """\
# Zones of camera {camera}. Look at {camera}.still.png and give each zone's corners as [x, y] in ten-thousandths of the picture's
# width and height: [0, 0] is top left, [10000, 10000] bottom right. Give every booth, every ballot box and its slot, the voters' list,
# the counting table, the door. Kinds: {kinds}.
# Then:  kua station calibrate {source} --box BOX --camera {camera} --zones BOX/calibration/{camera}.zones.toml
#
# [[zone]]
# kind = "booth"
# points = [[1200, 2500], [2600, 2500], [2600, 7000], [1200, 7000]]
#
# How tall a head is, in pixels, at two or more depths of the room (y: the row, in ten-thousandths of the height):
#
# [[head]]
# y = 3000
# px = 28
"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Zones by kind, as in the calibration file, and heads as (y, px)."""

    zones: dict[str, list[Any]]
    heads: tuple[tuple[int, int], ...]


def read_drawing(data: bytes) -> Drawing:
    """Read a zones file. Raises `Misused("calibration.zones_file", why=...)`; the shapes themselves are checked by `kua.sight.zones`."""
    try:
        body = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misused("calibration.zones_file", why=str(error)[:120]) from error
    zones: dict[str, list[Any]] = {}
    try:
        if set(body) - {"zone", "head"}:
            raise Misused("calibration.zones_file", why=", ".join(sorted(set(body) - {"zone", "head"}))[:80])
        for number, zone in enumerate(body.get("zone", []), 1):
            missing = [name for name in ("kind", "points") if name not in zone]
            if missing:
                raise Misused("calibration.zones_file", why=f"[[zone]] {number}: {', '.join(missing)} ?")
            zones.setdefault(str(zone["kind"]), []).append(zone["points"])
        heads = tuple((int(head["y"]), int(head["px"])) for head in body.get("head", []))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Misused("calibration.zones_file", why=type(error).__name__) from error
    if not zones:
        raise Misused("calibration.zones_file", why="no zone")
    return Drawing(zones, heads)


def add_person(note: bytes, election: str, station: str, camera: str, file: Digest, key: SigningKey, person: Person) -> bytes:
    """Return the calibration's note with one more person's signature. `key` is the one that `person`'s certificate names.

    Raises `Rejected("calibration.key_differs")` otherwise, `Rejected("calibration.signed_already")` for the same person twice. A note
    over another file is thrown away: its signatures say nothing of this one.
    """
    if key.verifier != person.key:
        raise Rejected("calibration.key_differs", name=person.key.name)
    text = calibration_text(election, station, camera, file)
    if not note or parse_note(note).text != text:
        return sign_note(text, [key])
    if any(signature.is_by(person.key) for signature in parse_note(note).signatures):
        raise Rejected("calibration.signed_already", name=person.key.name)
    return add_signatures(note, [sign_text(text, key)])


def template(camera: str, source: str, kinds: Sequence[str]) -> bytes:
    """Return an empty zones file with its explanation."""
    return TEMPLATE.format(camera=camera, source=source, kinds=", ".join(kinds)).encode()
