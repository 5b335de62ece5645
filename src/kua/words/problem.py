# SPDX-License-Identifier: Apache-2.0
"""One entry of the error catalogue."""

from dataclasses import dataclass


def N_(msgid: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Mark `msgid` for extraction without translating it here."""
    return msgid


@dataclass(frozen=True, slots=True)
class Problem:
    """English msgids with `{fact}` placeholders: `what` happened, `why`, and what to `do` about it."""

    what: str
    why: str
    do: str
