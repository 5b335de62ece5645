# SPDX-License-Identifier: Apache-2.0
"""How the command line talks: in the reader's language, data to stdout, talk to stderr, colour only where a person looks.

`KUA_LANG` chooses the language, then `LC_ALL`, `LC_MESSAGES`, `LANG`; English otherwise. `NO_COLOR` turns colour off.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any, Final, TextIO

from kua.core.errors import KuaError
from kua.verify.report import Report, State
from kua.words.lines import say_line
from kua.words.report import ENDINGS, STATES
from kua.words.speak import catalogue, explain, language

_COLOURS: Final[dict[State, str]] = {"PASS": "32", "FAIL": "1;31", "MISSING": "1;33", "NOT_CHECKED": "33"}


def _(msgid: str) -> str:
    """Say `msgid` in the reader's language."""
    return catalogue(language()).gettext(msgid)


def fill(msgid: str, **facts: object) -> str:
    """Say `msgid` in the reader's language with its `{placeholders}` filled."""
    return _(msgid).format(**facts)


def data(text: str) -> None:
    """Print what a program may read to stdout."""
    print(text, flush=True)


def as_json(value: Any) -> None:
    """Print one JSON value on one line to stdout."""
    data(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def progress(text: str) -> None:
    """Show how far long work has come, in one line of stderr that is written over; nothing where nobody watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def talk(text: str) -> None:
    """Tell the person something, on stderr."""
    print(text, file=sys.stderr, flush=True)


def report(made: Report, *, json_wanted: bool, endings: Mapping[int, str] = ENDINGS) -> None:
    """Print a report: as one JSON object, or a line for each check and a sentence at the end, from `endings` by the exit code."""
    if json_wanted:
        as_json(made.to_json())
        return
    width = max(len(_(word)) for word in STATES.values())
    column = max((len(line.check) for line in made.lines), default=0)
    for line in made.lines:
        ended = _coloured(_(STATES[line.state]).ljust(width), _COLOURS[line.state], sys.stdout)
        data(f"{ended}  {line.check.ljust(column)}  {say_line(line.code, line.facts, language())}")
    data("")
    data(_(endings[made.exit_code]))


def news(made: Report, at: str, known: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Print, each with the time `at`, the lines that are not as they should be and are not `known` from the round before, and those that are so no longer.

    Returns what is known now: checks with the codes of their lines.
    """
    progress("")
    lines = {(line.check, line.code): line for line in made.lines if line.state != "PASS"}
    for key, line in lines.items():
        if key not in known:
            ended = _coloured(_(STATES[line.state]), _COLOURS[line.state], sys.stdout)
            data(f"{at}  {ended}  {line.check}  {say_line(line.code, line.facts, language())}")
    for check, code in sorted(known - lines.keys()):
        data(f"{at}  {check}  " + fill("No longer so: {code}", code=code))
    return frozenset(lines)


def fail(error: KuaError) -> None:
    """Print an expected error to stderr: its code, what happened, why, and what to do."""
    what, why, do = explain(error, language())
    talk(f"{_coloured(error.code, '1;31', sys.stderr)}: {what}")
    for text in filter(None, (why, do)):
        talk(f"  {text}")


def _coloured(text: str, colour: str, stream: TextIO) -> str:
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"
