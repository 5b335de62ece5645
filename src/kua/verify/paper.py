# SPDX-License-Identifier: Apache-2.0
"""What people kept of a log, held against it: the code that stands on the protocol, and the list that an observer's telephone has saved."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import KuaError, Rejected
from kua.proof.checkpoint import open_checkpoint
from kua.proof.cosign import cosigned_at
from kua.proof.head import Checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.note import MAX_NOTE, parse_note
from kua.proof.paper import PaperCode, paper_code
from kua.verify.report import Report

MAX_LIST: Final = 16 * 1024 * 1024
"""Bytes of a telephone's list that are still read."""


def check_paper(check: str, paper: PaperCode, origin: str, size: int, root_at: Callable[[int], Digest | None], report: Report) -> None:
    """Write one line: PASS if the log `origin`, which has `size` entries, has the root of the code over the entries that the paper names.

    `root_at` returns None where the root cannot be known. The code binds the station too: that of another station differs.
    """
    if paper.size > size:
        report.missing(check, "log.paper_ahead", size=size, paper=paper.size)
        return
    root = root_at(paper.size)
    if root is None:
        report.not_checked(check, "log.root_unknown")
    elif paper_code(Checkpoint(origin, paper.size, root).text()) == paper:
        report.passed(check, "log.paper_holds", code=paper.code, paper=paper.size, size=size)
    else:
        report.failed(check, "log.paper_differs", code=paper.code, paper=paper.size)


def check_list(check: str, data: bytes, key: VerifierKey, head: Checkpoint, root_at: Callable[[int], Digest | None], report: Report) -> None:
    """Write lines about a telephone's list (docs/spec/local-cosigners.md): is every checkpoint in it signed by the log and by the telephone, and of this log?

    PASS where all are; FAIL for one that is of another history, or not signed; MISSING where the log here has fewer entries than one of them.
    """
    try:
        observer, notes = _listed(data)
    except KuaError as error:
        report.trouble(check, error)
        return
    sizes, ahead = list[int](), 0
    for note in notes:
        try:
            told = open_checkpoint(note, key, head.origin)
            cosigned_at(parse_note(note), observer)
        except KuaError as error:
            report.trouble(check, error)
            return
        root = root_at(told.size) if told.size <= head.size else None
        if told.size > head.size:
            ahead = max(ahead, told.size)
        elif root is None:
            report.not_checked(check, "log.root_unknown")
            return
        elif root != told.root:
            report.failed(check, "log.list_differs", size=told.size, name=observer.name)
            return
        sizes.append(told.size)
    if ahead:
        report.missing(check, "log.list_ahead", size=head.size, ahead=ahead)
    else:
        report.passed(check, "log.list_holds", count=len(sizes), size=max(sizes, default=0), name=observer.name)


def _listed(data: bytes) -> tuple[VerifierKey, Iterator[bytes]]:
    """Return the telephone's key and the notes. Raises `Rejected("list.form" | "key.*")`."""
    try:
        said = json.loads(data) if len(data) <= MAX_LIST else None
        if not isinstance(said, dict) or said["v"] != 1:
            raise Rejected("list.form")
        notes = [each["note"] for each in said["signed"]]
        vkey = said["vkey"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Rejected("list.form") from error
    if not isinstance(vkey, str) or not notes or not all(isinstance(note, str) and len(note) <= MAX_NOTE for note in notes):
        raise Rejected("list.form")
    return VerifierKey.parse(vkey), (note.encode() for note in notes)
