# SPDX-License-Identifier: Apache-2.0
"""`kua log fork`: check, or make, the proof that a log has signed two histories. All judgement is in `kua.proof.fork`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from kua.adapters.durable import DurableFiles
from kua.cli import say
from kua.cli.options import JsonWanted
from kua.cli.say import _
from kua.cli.typed import file_of, key_of
from kua.core.errors import Incomplete, Misused, Rejected
from kua.proof.checkpoint import open_checkpoint
from kua.proof.fork import Fork, check_fork, find_fork, read_fork
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
    json_wanted: JsonWanted = False,
) -> None:
    """Check the contradiction and say what it proves."""
    key = key_of(vkey) if vkey else None
    if len(given) > 2 or (len(given) == 2 and key is None) or (len(given) == 1 and place):
        raise Misused("fork.arguments")
    report = Report()
    notes = [file_of(path) for path in given]
    found = report.attempt("fork", lambda: _fork(notes, key, place))
    if found is not None:
        shown = check_fork(found, [key] if key else None)
        facts = {"size": shown.earlier.size, "later": shown.later.size}
        names = ", ".join(each.name for each in found.keys)
        report.passed("fork.signatures", "fork.signed", origin=shown.origin, name=key.name if key else names, **facts)
        if key is None:
            report.not_checked("fork.key", "fork.key_from_file", vkey=", ".join(map(str, found.keys)))
        else:
            report.passed("fork.key", "fork.key_given")
        report.passed("fork.contradiction", "fork.same_size" if shown.earlier.size == shown.later.size else "fork.rewritten", **facts)
        report.summary |= {"origin": shown.origin, "vkeys": [str(each) for each in found.keys], **facts}
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
    """Return the contradiction, checked. Raises as `read_fork` and `check_fork`, and `Incomplete("fork.unproved")` for two sizes alone."""
    if len(notes) == 1 or key is None:
        fork = read_fork(notes[0])
        check_fork(fork, [key] if key else None)
        return fork
    (small, earlier), (large, later) = sorted(((note, open_checkpoint(note, key)) for note in notes), key=lambda pair: pair[1].size)
    open_checkpoint(large, key, earlier.origin)
    found = find_fork([key], small, large) if not place else LogView.open([open_patient(place)], key, None, large).fork_with(small)
    if found is None and earlier.size < later.size and not place:
        raise Incomplete("fork.unproved", size=earlier.size, later=later.size)
    if found is None:
        raise Rejected("fork.none", origin=earlier.origin, earlier=earlier.size, later=later.size)
    return found
