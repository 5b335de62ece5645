# SPDX-License-Identifier: Apache-2.0
"""`kua log fork`: check, or make, the proof that a log has signed two histories. All judgement is in `kua.proof.fork`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from kua.adapters.durable import DurableFiles
from kua.cli import say
from kua.cli.say import _
from kua.cli.typed import file_of, key_of
from kua.core.errors import Misused, Rejected
from kua.proof.checkpoint import open_checkpoint
from kua.proof.fork import Fork, find_fork, open_fork
from kua.proof.keys import VerifierKey
from kua.verify.patience import open_patient
from kua.verify.report import Report
from kua.verify.view import LogView
from kua.words.problem import N_

HELP: Final = _(
    "Prove to anybody that a log has signed two histories: from two checkpoints and the log's key, or from a fork file. Reads only; needs no network."
)


def fork(
    given: Annotated[list[Path], typer.Argument(metavar="A B|FILE", help=_("Two checkpoints of one log, or one fork file."))],
    vkey: Annotated[
        str, typer.Option("--vkey", metavar="KEY", help=_("The log's verifier key: the line itself, or a file that holds it."))
    ] = "",
    place: Annotated[
        str,
        typer.Option("--log", metavar="PATH|URL", help=_("The log that the larger checkpoint was served with, where the sizes differ.")),
    ] = "",
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=_("Write the contradiction as a fork file."))] = None,
    json_wanted: Annotated[bool, typer.Option("--json", help=_("Print one JSON object."))] = False,
) -> None:
    """Check the contradiction and say what it proves."""
    key = key_of(vkey) if vkey else None
    if len(given) > 2 or (len(given) == 2 and key is None) or (len(given) == 1 and place):
        raise Misused("fork.arguments")
    report = Report()
    notes = [file_of(path) for path in given]
    found = report.attempt("fork", lambda: _fork(notes, key, place))
    if found is not None:
        facts = {"size": found.earlier.size, "later": found.later.size}
        report.passed("fork.signatures", "fork.signed", origin=found.earlier.origin, name=found.key.name, **facts)
        if key is None:
            report.not_checked("fork.key", "fork.key_from_file", vkey=str(found.key))
        else:
            report.passed("fork.key", "fork.key_given")
        report.passed("fork.contradiction", "fork.same_size" if found.root is None else "fork.rewritten", **facts)
        report.summary |= {"origin": found.earlier.origin, "vkey": str(found.key), **facts}
        if out is not None:
            DurableFiles().write_once(out, found.to_bytes())
    say.report(report, json_wanted=json_wanted, endings=_FORK_ENDINGS)
    raise typer.Exit(report.exit_code)


_FORK_ENDINGS: Final = {
    0: N_("The contradiction is proved: two histories of one log were signed with this key."),
    1: N_("This proves no contradiction: see the lines that say FAIL."),
    2: N_("Nothing is proved: see the lines that say MISSING."),
    3: N_("Not enough could be checked to say anything."),
}


def _fork(notes: list[bytes], key: VerifierKey | None, place: str) -> Fork:
    if len(notes) == 1 or key is None:
        return open_fork(notes[0], key)
    if not place:
        return find_fork(notes[0], notes[1], key)
    small, large = sorted(notes, key=lambda note: open_checkpoint(note, key).size)
    view = LogView.open([open_patient(place)], key, None, large)
    found = view.fork_with(small)
    if found is None:
        raise Rejected("fork.none", size=open_checkpoint(small, key).size, later=view.head.size)
    return found
