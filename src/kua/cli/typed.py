# SPDX-License-Identifier: Apache-2.0
"""What a person typed is wrong: the same code and words, but the exit code of a wrong command, not of a forgery. Judges nothing itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from kua.core.errors import Misused, Rejected
from kua.core.instant import Instant
from kua.proof.keys import VerifierKey
from kua.proof.note import MAX_NOTE, parse_note
from kua.proof.paper import PaperCode, note_from_paper, read_paper_code


@contextmanager
def typed() -> Iterator[None]:
    """Turn `Rejected` into `Misused`: here no bytes from outside are wrong, but what was typed."""
    try:
        yield
    except Rejected as error:
        raise Misused(error.code, **error.facts) from error


def key_of(given: str) -> VerifierKey:
    """Read a verifier key that a person gave: the line itself, or a file that holds it. Raises `Misused("key.*" | "verify.no_file")`."""
    with typed():
        return VerifierKey.parse((given if "+" in given else file_of(Path(given)).decode("utf-8", "replace")).strip())


def file_of(path: Path) -> bytes:
    """Read a file that a person named. Raises `Misused("verify.no_file")`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused("verify.no_file", name=str(path)) from error


def note_of(path: Path) -> bytes:
    """Read a note that a person named, or what they give on standard input (`-`); what a QR reader or a clipboard did to it is set right.

    Raises `Misused("verify.no_file")`. Verifies nothing.
    """
    data = sys.stdin.buffer.read(MAX_NOTE + 1) if str(path) == "-" else file_of(path)
    try:
        parse_note(data)
    except Rejected:
        return note_from_paper(data)
    return data


def paper_of(given: str) -> PaperCode:
    """Read the code of a protocol as somebody typed it. Raises `Misused("paper.*")`."""
    with typed():
        return read_paper_code(given)


def instant_of(given: str) -> Instant:
    """Read a time that a person gave, as RFC 3339 with its offset: one without would mean something else elsewhere. Raises `Misused("time.typed")`."""
    try:
        when = datetime.fromisoformat(given)
    except ValueError as error:
        raise Misused("time.typed", given=given[:40]) from error
    if when.tzinfo is None:
        raise Misused("time.typed", given=given[:40])
    return Instant(round(when.timestamp() * 1000))
