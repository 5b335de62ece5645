# SPDX-License-Identifier: Apache-2.0
"""What the election file says of the sealed film: in which phases it is kept, who holds its shares, and how many must agree (docs/spec/sealed.md).

An election file without this section keeps no sealed film. Holds no key and no share.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from kua.core.bech32 import read_bech32
from kua.core.canonical import Json, canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Rejected

GROUPS: Final = 16
"""SLIP-39 has at most so many groups, and so many members of a group."""
TRUSTEES: Final = 64
"""At most so many trustees: each has a share in every `slice` leaf."""
DAYS: Final = 3_660

_ID: Final = re.compile(r"[a-z][a-z0-9_.-]{0,31}")


@dataclass(frozen=True, slots=True)
class Trustee:
    """Who holds one share: a name of an office, never of a person, and the age recipient (X25519) that it is encrypted to."""

    id: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Group:
    """Trustees of one side. `needed` of them make the group's part."""

    id: str
    needed: int
    trustees: tuple[Trustee, ...]


@dataclass(frozen=True, slots=True)
class Lack:
    """What one group still wants: so many shares more."""

    group: str
    held: int
    needed: int


@dataclass(frozen=True, slots=True)
class Sealing:
    """The whole section: `phases` that are kept, `needed` groups, and for how many days the ciphertext stays."""

    phases: tuple[str, ...]
    needed: int
    groups: tuple[Group, ...]
    days: int

    @property
    def trustees(self) -> tuple[Trustee, ...]:
        """All trustees, in the order of the file."""
        return tuple(trustee for group in self.groups for trustee in group.trustees)

    def group_of(self, trustee: str) -> Group | None:
        """Return the group of a trustee."""
        return next((group for group in self.groups if any(each.id == trustee for each in group.trustees)), None)

    def lacks(self, held: Collection[str]) -> tuple[Lack, ...]:
        """Return what the groups lack that are not complete with the shares of `held`."""
        counts = [(group, sum(trustee.id in held for trustee in group.trustees)) for group in self.groups]
        return tuple(Lack(group.id, count, group.needed) for group, count in counts if count < group.needed)

    def opens(self, held: Collection[str]) -> bool:
        """Whether the shares of `held` open a slice."""
        return len(self.groups) - len(self.lacks(held)) >= self.needed

    def digest(self) -> Digest:
        """Return the SHA-256 of the quorum's canonical bytes: what a `slice` leaf names."""
        return sha256(canonical(sealing_json(self)))


def read_sealing(body: Any, phases: Collection[str]) -> Sealing:
    """Read the section `sealed` of an election file; `phases` are those that there are.

    Raises `ValueError` or `TypeError` for what is not of this form, and `Rejected` for a rule that would not do what it seems to say:
    `sealed.phase`, `sealed.too_many`, `sealed.threshold`, `sealed.lone`, `sealed.twice`, `sealed.recipient`, `sealed.one_opens`.
    """
    _only(body, "phases needed groups days")
    groups = tuple(_group(entry) for entry in _list(body["groups"]))
    wanted = tuple(_word(phase) for phase in _list(body["phases"]))
    if not wanted or len(set(wanted)) != len(wanted) or not set(wanted) <= set(phases):
        raise Rejected("sealed.phase", given=", ".join(wanted)[:120])
    if len(groups) > GROUPS or sum(len(group.trustees) for group in groups) > TRUSTEES:
        raise Rejected("sealed.too_many", what="groups or trustees")
    made = Sealing(wanted, _count(body["needed"]), groups, _count(body["days"]))
    if not 1 <= made.needed <= len(groups):
        raise Rejected("sealed.threshold", group="*", needed=made.needed, there=len(groups))
    if not 1 <= made.days <= DAYS:
        raise Rejected("sealed.days", given=made.days, most=DAYS)
    _require_unlike([group.id for group in groups], "group")
    _require_unlike([trustee.id for trustee in made.trustees], "trustee")
    _require_unlike([trustee.recipient for trustee in made.trustees], "recipient")
    if sum(sorted(group.needed for group in groups)[: made.needed]) < 2:
        raise Rejected("sealed.one_opens")
    return made


def sealing_json(sealing: Sealing) -> Json:
    """Return the section as it stands in the election file."""
    return {
        "phases": list(sealing.phases),
        "needed": sealing.needed,
        "days": sealing.days,
        "groups": [
            {
                "id": group.id,
                "needed": group.needed,
                "trustees": [{"id": trustee.id, "recipient": trustee.recipient} for trustee in group.trustees],
            }
            for group in sealing.groups
        ],
    }


def _group(entry: Any) -> Group:
    _only(entry, "id needed trustees")
    trustees = tuple(_trustee(each) for each in _list(entry["trustees"]))
    group = Group(_word(entry["id"]), _count(entry["needed"]), trustees)
    if len(trustees) > GROUPS:
        raise Rejected("sealed.too_many", what=f"trustees of {group.id}")
    if not 1 <= group.needed <= len(trustees):
        raise Rejected("sealed.threshold", group=group.id, needed=group.needed, there=len(trustees))
    if group.needed == 1 and len(trustees) > 1:
        # SLIP-39 makes no such group: every member would hold the same words. Two groups of one say the same openly.
        raise Rejected("sealed.lone", group=group.id, there=len(trustees))
    return group


def _trustee(entry: Any) -> Trustee:
    _only(entry, "id recipient")
    trustee = Trustee(_word(entry["id"]), _word(entry["recipient"], any_word=True))
    try:
        read = read_bech32(trustee.recipient, "age")
    except ValueError as error:
        raise Rejected("sealed.recipient", trustee=trustee.id) from error
    if len(read) != 32:
        raise Rejected("sealed.recipient", trustee=trustee.id)
    return trustee


def _require_unlike(names: list[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise Rejected("sealed.twice", what=what, name=max(names, key=names.count)[:70])


def _word(value: Any, *, any_word: bool = False) -> str:
    if not isinstance(value, str) or not (any_word or _ID.fullmatch(value)):
        raise ValueError("sealed")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("sealed")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("sealed")
    return value


def _only(entry: Any, names: str) -> None:
    if not isinstance(entry, dict) or set(entry) != set(names.split()):
        raise ValueError("sealed")
