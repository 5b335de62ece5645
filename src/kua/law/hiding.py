# SPDX-License-Identifier: Apache-2.0
"""The hiding table: for each phase of the day and each zone of a picture, how it is shown. It is data, hashed, and part of the election file.

Legal ground: secrecy of the vote for booths, screens and marks on ballots; personal data for people and lists; the articles come from the
legal profile. Decides nothing about pixels: `kua.sight` carries the table out, and what it cannot be sure of it shows coarser, never finer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from kua.core.canonical import Json, canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Rejected
from kua.law.profile import Profile

Table = Mapping[str, Mapping[str, str]]
"""Phase to zone to treatment, and to `audience`."""
Level = Literal["H1", "H2", "H3"]
"""H1: a mosaic without colour. H2: a mosaic with colour. H3: one-coloured silhouettes on the still of the empty room. In all of them heads
are filled."""

PHASES: Final = ("rehearsal", "opening", "voting", "count", "protocol", "storage")
"""The phases of a station's day."""
ZONES: Final = ("booth", "list", "screen", "slot", "box", "issue", "count", "show", "code", "door", "forbidden", "rest")
"""The kinds of zones; `rest` is everything that no other zone holds."""
TREATMENTS: Final = ("fill", "unreadable", "silhouette", "finer", "coarse", "coarse_grey", "paper", "piles", "code")
"""fill: one colour, before anything looks · unreadable: coarse mosaic always · silhouette: one colour on the still of the empty room (H3), and
then the whole picture · finer: sharp where it equals the room, else mosaic cells of half the size · coarse: sharp where it equals the room,
else colour mosaic (H2) · coarse_grey: the same without colour (H1) · paper: as coarse, but paper and what stands by itself are sharp ·
piles: as coarse, but paper is one flat shape without its marks, and the rest in the finest cells that a head allows · code: mosaic, and sharp
only where and while the valid liveness code is read. Heads are filled in all of them."""
AUDIENCES: Final = ("public", "control", "none")
"""Who at most may see a phase: anybody, as far as the profile allows; the control room; nobody."""
SMALL: Final = "silhouettes_below"
"""The clause of a profile that holds the least number of voters of a station whose voting is shown as more than silhouettes."""
GATED: Final = ("count", "protocol")
"""Phases that are hidden as voting until two people have signed that the last voter is out and the lists are away."""

_COMMON: Final = {
    "booth": "fill",
    "screen": "fill",
    "list": "unreadable",
    "slot": "finer",
    "box": "finer",
    "code": "code",
    "audience": "public",
}
_H2: Final = {"issue": "coarse", "door": "coarse", "forbidden": "coarse", "rest": "coarse"}
_H1: Final = {"issue": "coarse_grey", "door": "coarse_grey", "forbidden": "coarse_grey", "rest": "coarse_grey"}

DEFAULT: Final[Table] = {
    "rehearsal": {**_COMMON, **_H2, "show": "paper", "count": "coarse"},
    "opening": {**_COMMON, **_H2, "show": "paper", "count": "coarse"},
    "voting": {**_COMMON, **_H1, "show": "coarse_grey", "count": "coarse_grey"},
    "count": {**_COMMON, **_H2, "show": "paper", "count": "piles", "slot": "piles", "box": "piles"},
    "protocol": {**_COMMON, **_H2, "show": "paper", "count": "paper", "slot": "paper", "box": "paper"},
    "storage": {**_COMMON, **_H2, "show": "coarse", "count": "coarse", "slot": "paper", "box": "paper", "audience": "control"},
}
"""The default of the design; a legal profile may change it, but never what booths, screens and lists get, nor give voting a colour."""


def read_table(value: object) -> Table:
    """Check a hiding table. Every phase and zone must be there; a row without `audience` leaves it to the profile alone.

    Raises `Rejected("policy.table")` for a hole or an unknown word, `Rejected("policy.booth")` where a booth or screen is not filled,
    `Rejected("policy.voting")` where a treatment would show voters in colour or paper sharply while people vote.
    """
    if not isinstance(value, Mapping) or set(value) != set(PHASES):
        raise Rejected("policy.table", where="phases")
    for phase in PHASES:
        row = value[phase]
        if not isinstance(row, Mapping) or set(row) - {"audience"} != set(ZONES):
            raise Rejected("policy.table", where=phase)
        for zone in ZONES:
            if not isinstance(row[zone], str) or row[zone] not in TREATMENTS or (row[zone] == "code" and zone != "code"):
                raise Rejected("policy.table", where=f"{phase}.{zone}")
        if row.get("audience", "public") not in AUDIENCES:
            raise Rejected("policy.table", where=f"{phase}.audience")
        if row["booth"] != "fill" or row["screen"] != "fill":
            raise Rejected("policy.booth", phase=phase)
        if row["list"] not in ("unreadable", "fill"):
            raise Rejected("policy.table", where=f"{phase}.list")
        _require_one_picture(phase, row)
    _require_colourless(value["voting"])
    return {phase: dict(value[phase]) for phase in PHASES}


def _require_one_picture(phase: str, row: Mapping[str, str]) -> None:
    """`rest` says for the whole picture whether it has colour and whether it is a still: no zone may promise what the picture does not keep."""
    if row["rest"] not in ("coarse", "coarse_grey", "silhouette"):
        raise Rejected("policy.table", where=f"{phase}.rest")
    for zone in ZONES:
        if row[zone] in ("coarse_grey", "silhouette") and row[zone] != row["rest"]:
            raise Rejected("policy.table", where=f"{phase}.{zone}")


def _require_colourless(voting: Mapping[str, str]) -> None:
    """While people vote there is no colour, and nothing but the liveness code is made sharp that was not so in the empty room."""
    for zone in ZONES:
        if voting[zone] in ("coarse", "paper", "piles"):
            raise Rejected("policy.voting", zone=zone)


def audience_of(table: Mapping[str, object], phase: str) -> str:
    """Return who at most may see `phase`. What the table does not say is left to the profile (`public`); an unknown word is `none`."""
    row = table.get(phase)
    given = row.get("audience", "public") if isinstance(row, Mapping) else "public"
    return given if isinstance(given, str) and given in AUDIENCES else "none"


def row_for(phase: str, *, count_signed: bool) -> str:
    """Return under which phase of the table a picture of `phase` is hidden: the count begins only with two signatures."""
    return "voting" if phase in GATED and not count_signed else phase


@dataclass(frozen=True, slots=True)
class Shown:
    """How people are shown in a phase, and the article of the profile that this stands on."""

    level: Level
    article: str


def is_small(voters: int, profile: Profile) -> bool:
    """Whether a station has fewer voters than the profile wants for more than silhouettes. A profile without the clause has no such
    stations. An unconfirmed clause holds too: it hides more. Raises `Rejected("profile.value")`."""
    clause = profile.clauses.get(SMALL)
    if clause is None:
        return False
    if type(clause.value) is not int or clause.value < 0:
        raise Rejected("profile.value", clause=SMALL)
    return voters < clause.value


def level_for(table: Table, phase: str, voters: int, profile: Profile, *, second_signed: bool = True) -> Shown:
    """Return how people are shown. Without a second person's signature under the calibration it is H3, whatever the phase."""
    article = profile.clause("public_voting" if phase == "voting" else "public_phases").article
    if not second_signed:
        return Shown("H3", article)
    if phase == "voting" and is_small(voters, profile):
        return Shown("H3", profile.clause(SMALL).article)
    rest = table[phase]["rest"]
    return Shown("H3" if rest == "silhouette" else "H1" if rest == "coarse_grey" else "H2", article)


def table_for(table: Table, voters: int, profile: Profile | None, *, second_signed: bool = True) -> Table:
    """Return the table as this station carries it out: phases at H3 have silhouettes wherever nothing stronger hides.

    Without a profile nobody can say whether the station is small: voting is then at H3.
    """

    def at_h3(phase: str) -> bool:
        if profile is None:
            return phase == "voting" or not second_signed
        return level_for(table, phase, voters, profile, second_signed=second_signed).level == "H3"

    return {phase: _silhouettes(row) if at_h3(phase) else row for phase, row in table.items()}


def _silhouettes(row: Mapping[str, str]) -> dict[str, str]:
    return {zone: how if zone not in ZONES or how in ("fill", "unreadable") else "silhouette" for zone, how in row.items()}


def table_json(table: Table) -> Json:
    """Return the table as a JSON object."""
    return {phase: dict(row) for phase, row in table.items()}


def table_digest(table: Table) -> Digest:
    """Return the SHA-256 of the table's canonical bytes: the `policy` of calibrations and leaves."""
    return sha256(canonical(table_json(table)))
