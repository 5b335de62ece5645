# SPDX-License-Identifier: Apache-2.0
"""Finding a station by number, village or street, however the reader spells it: Kazakh, Russian or Latin letters."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.election import Election, Station
from kua.core.titles import Titles
from kua.words.speak import LANGUAGES

_LETTERS: Final = {
    **dict(zip("абвгдезийклмнопрстуфыэё", ["a", "b", "v", "g", "d", "e", "z", *"iiklmnoprstufiee"], strict=True)),
    "ж": "j", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ь": "", "ю": "iu", "я": "ia",
    "ә": "a", "ғ": "g", "қ": "k", "ң": "n", "ө": "o", "ұ": "u", "ү": "u", "һ": "h", "і": "i",
    "q": "k", "y": "i", "w": "u", "ı": "i", "c": "ts", "x": "ks", "ş": "sh", "ç": "ch",
}  # fmt: skip
_SOUNDS: Final = (("tsh", "ch"), ("shch", "sh"), ("zh", "j"), ("dj", "j"), ("kh", "h"), ("gh", "g"), ("ng", "n"), ("nh", "n"))
_DOUBLE: Final = re.compile(r"([a-z])\1+")


def folded(text: str) -> str:
    """Return `text` without all that spellings of one place differ in: case, accents, ә/а, і/и, қ/к/q, script, doubled letters."""
    plain, before = _folded_once(text), text
    while plain != before:  # taking one letter away may bring together two others that make one sound
        plain, before = _folded_once(plain), plain
    return plain


def _folded_once(text: str) -> str:
    plain = unicodedata.normalize("NFKD", _spelt(unicodedata.normalize("NFKC", text).casefold()))
    plain = _spelt("".join(letter for letter in plain if not unicodedata.combining(letter)))
    for sound, letter in _SOUNDS:
        plain = plain.replace(sound, letter)
    return _DOUBLE.sub(r"\1", re.sub(r"[^a-z0-9-]+", " ", plain)).strip()


def _spelt(text: str) -> str:
    return "".join(_LETTERS.get(letter, letter) for letter in text)


@dataclass(frozen=True, slots=True)
class Entry:
    """One station and all that it may be called, folded."""

    station: Station
    text: str


class Finder:
    """All stations of one election, ready to be searched."""

    def __init__(self, election: Election) -> None:
        regions = {region.id: " ".join(_all(region.titles)) for region in election.regions}
        self._entries = tuple(Entry(station, folded(_names(station, regions[station.region]))) for station in election.stations)

    def find(self, query: str, limit: int = 50) -> tuple[Sequence[Station], int]:
        """Return the first `limit` stations that hold every word of `query`, exact numbers first, and how many there are in all."""
        words = folded(query[:100]).split()
        if not words:
            return (), 0
        found = [entry.station for entry in self._entries if all(word in entry.text for word in words)]
        number = query.strip().replace(" ", "-")
        found.sort(key=lambda station: (station.id != number, station.id.partition("-")[2] != number))
        return found[:limit], len(found)


def _names(station: Station, region: str) -> str:
    return " | ".join([station.id, *_all(station.titles), *_all(station.address), region])


def _all(titles: Titles) -> list[str]:
    return [titles.said_in(language) for language in LANGUAGES]
