# SPDX-License-Identifier: Apache-2.0
"""The legal profile: what the law of a country says about the film, as data with an article, a source and a date (docs/spec/legal-profile.md).

Nothing of any one country is in the code: a rule asks for a clause by its id and takes its value. Reading refuses unknown fields.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kua.core.canonical import Json, read_canonical
from kua.core.errors import Rejected
from kua.core.titles import Titles
from kua.core.verdict import Verdict

REHEARSAL: Final = "rehearsal"
"""The kind of election in which unconfirmed clauses may be used."""

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule as the law states it. `confirmed`: a lawyer of that country has signed it off. `value` is what the rules in code ask for."""

    id: str
    article: str
    text: Titles
    source: str
    date: str
    confirmed: bool
    value: Any


@dataclass(frozen=True, slots=True)
class Profile:
    """The whole profile of a country or of a kind of election."""

    id: str
    titles: Titles
    clauses: Mapping[str, Clause]

    def clause(self, wanted: str) -> Clause:
        """Return the clause called `wanted`. Raises `Rejected("profile.no_clause")`: what the law does not say is not guessed."""
        try:
            return self.clauses[wanted]
        except KeyError as error:
            raise Rejected("profile.no_clause", clause=wanted, profile=self.id) from error


def read_profile(data: bytes) -> Profile:
    """Read `profile.json`. Raises `Rejected("profile.schema", field=...)` or `json.*`."""
    body = read_canonical(data)
    try:
        _only(body, "v id titles clauses")
        if body["v"] != 1 or not _ID.fullmatch(body["id"]):
            raise ValueError("v" if body["v"] != 1 else "id")
        clauses = [_clause(entry) for entry in body["clauses"]]
        if len({clause.id for clause in clauses}) != len(clauses):
            raise ValueError("clauses")
        return Profile(body["id"], _titles(body["titles"]), {clause.id: clause for clause in clauses})
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("profile.schema", field=str(error)[:80]) from error


def may_use(clause: Clause, kind: str, accepted: Collection[str]) -> Verdict:
    """Whether `clause` may be used in an election of `kind`: confirmed, or a rehearsal, or accepted by name by the operator."""
    allowed = clause.confirmed or kind == REHEARSAL or clause.id in accepted
    return Verdict(allowed, clause.article, "profile.unconfirmed")


def _clause(entry: Json) -> Clause:
    _only(entry, "id article text source date confirmed value")
    if not _ID.fullmatch(entry["id"]) or not _DATE.fullmatch(entry["date"]) or type(entry["confirmed"]) is not bool:
        raise ValueError(str(entry["id"])[:64])
    if not entry["article"] or not str(entry["source"]).startswith("https://"):
        raise ValueError(str(entry["id"])[:64])
    return Clause(
        entry["id"], str(entry["article"]), _titles(entry["text"]), str(entry["source"]), entry["date"], entry["confirmed"], entry["value"]
    )


def _titles(entry: Json) -> Titles:
    _only(entry, "kk ru en")
    return Titles(str(entry["kk"]), str(entry["ru"]), str(entry["en"]))


def _only(entry: object, names: str) -> None:
    if not isinstance(entry, dict) or set(entry) != set(names.split()):
        raise ValueError(names.split(maxsplit=1)[0])
