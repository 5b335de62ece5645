# SPDX-License-Identifier: Apache-2.0
"""The agent's side of the listener: takes one co-signature at a time out of the inbox into the log, as often as may be. Never stops a recording."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, final

import structlog

from kua.app.listen_files import Letter, discard, letters, require_key
from kua.core.errors import KuaError, Refused
from kua.core.instant import Millis
from kua.flow.guests import Guests, Waiting
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.note import parse_note
from kua.station.journal import Journal

_say: Final = structlog.get_logger("kua.agent")


@final
class Inbox:
    """For one box. `stated` are the keys that the log knows, with the largest size that each has co-signed."""

    def __init__(self, box: Path, station: str, stated: Mapping[str, int]) -> None:
        self._box, self._station, self._guests = box, station, Guests(stated)

    def tick(self, journal: Journal, now: Millis) -> bool:
        """Write at most one `observer` leaf, and throw away what can never become one. Returns whether a leaf was written."""
        waiting: dict[Waiting, Letter] = {}
        for letter in letters(self._box):
            told = self._size_of(letter)
            if told is None or not self._can_come(told, now):
                discard(letter.path)
            else:
                waiting[told] = letter
        told = self._guests.next(waiting, now)
        if told is None or not journal.is_open:
            return False
        letter = waiting[told]
        try:
            journal.observer(letter.vkey, letter.note)
        except KuaError as error:
            # A full disk keeps its reserve for film and gaps, and what is false is dropped; a log that is broken says so at its next leaf.
            _say.warning("listen.refused", code=error.code)
            if not error.code.startswith("disk."):
                discard(letter.path)
            return False
        self._guests.stated(told, now)
        discard(letter.path)
        return True

    def _can_come(self, told: Waiting, now: Millis) -> bool:
        """Whether it may be stated now or later."""
        try:
            self._guests.require(told, now)
        except Refused as error:
            return error.code == "guests.too_soon"
        return True

    def _size_of(self, letter: Letter) -> Waiting | None:
        try:
            key = require_key(letter.vkey, self._station)
            return Waiting(str(key), parse_checkpoint(parse_note(letter.note).text).size)
        except KuaError:
            return None
