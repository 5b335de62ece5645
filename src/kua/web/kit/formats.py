# SPDX-License-Identifier: Apache-2.0
"""How times, numbers and lengths of time are written for readers of one language. Reads no clock.

Kazakhstan is one zone; its offset comes from the zone database, never from us, because law has changed it before.
"""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from kua.core.instant import Instant
from kua.words.speak import catalogue

ZONE: Final = ZoneInfo("Asia/Almaty")
"""The zone of every clock time on a page."""

_LOCALES: Final = {"kk": "kk", "ru": "ru_KZ", "en": "en_GB"}


class Formats:
    """Writes values for readers of `language`."""

    def __init__(self, language: str) -> None:
        self._locale = _LOCALES[language]
        self._say = catalogue(language)

    def clock(self, at: Instant) -> str:
        """Write the time of day to the second: `14:03:20`."""
        return f"{local(at):%H:%M:%S}"

    def hour(self, at: Instant) -> str:
        """Write the time of day to the minute: `14:03`."""
        return f"{local(at):%H:%M}"

    def date(self, at: Instant) -> str:
        """Write the day in full, as the language does."""
        return str(format_date(local(at).date(), "long", locale=self._locale))

    def number(self, value: int) -> str:
        """Write a whole number with the language's spaces."""
        return str(format_decimal(value, locale=self._locale))

    def share(self, part: int, whole: int) -> str:
        """Write `part` of `whole` in per cent, cut down: 100 % is said only of all."""
        return str(format_percent(part * 100 // whole / 100 if whole else 0, locale=self._locale))

    def length(self, millis: int) -> str:
        """Write a length of time in the one or two largest units, cut down."""
        ngettext, number = self._say.ngettext, self.number
        seconds = max(0, millis) // 1000
        minutes, hours = seconds // 60, seconds // 3600
        if hours:
            told = ngettext("{n} hour", "{n} hours", hours).format(n=number(hours))
            rest = minutes % 60
            return told if not rest else f"{told} " + ngettext("{n} minute", "{n} minutes", rest).format(n=number(rest))
        if minutes:
            told = ngettext("{n} minute", "{n} minutes", minutes).format(n=number(minutes))
            rest = seconds % 60
            if not rest or minutes >= 10:
                return told
            return f"{told} " + ngettext("{n} second", "{n} seconds", rest).format(n=number(rest))
        if 0 < millis < 1000:
            return self._say.gettext("less than a second")
        return ngettext("{n} second", "{n} seconds", seconds).format(n=number(seconds))


def local(at: Instant) -> datetime:
    """Return `at` on the clocks of the polling stations."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZONE)


def offset_ms(at: Instant) -> int:
    """Return by how much the stations' clocks are ahead of UTC at `at`."""
    ahead = local(at).utcoffset()
    return int(ahead.total_seconds() * 1000) if ahead else 0


def offset(at: Instant) -> str:
    """Return the zone's offset at `at`: `UTC+5`."""
    minutes = offset_ms(at) // 60_000
    return f"UTC{minutes // 60:+d}" + (f":{minutes % 60:02d}" if minutes % 60 else "")


def iso(at: Instant) -> str:
    """Write `at` as ISO 8601 with the zone's offset, for `<time datetime>` and for links."""
    return local(at).isoformat(timespec="milliseconds" if at % 1000 else "seconds")
