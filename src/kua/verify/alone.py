# SPDX-License-Identifier: Apache-2.0
"""The command line of `verify.pyz`: `python3 verify.pyz FILE.zip [--commission KEY] [--cosigner KEY] [--json]`. The same checks and words as `kua bundle verify`."""

import io
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kua.core.errors import KuaError
from kua.proof.keys import VerifierKey
from kua.verify.bundle import verify_bundle
from kua.verify.film import Trust
from kua.words.lines import say_line
from kua.words.report import ENDINGS, STATES
from kua.words.speak import catalogue, explain, language

BUG: Final = 70
USAGE: Final = "python3 verify.pyz FILE.zip [--commission KEY] [--cosigner KEY] [--vkey KEY] [--json]"


def main(arguments: Sequence[str]) -> int:
    """Check one bundle, print a line for each check, and return the exit code of docs/spec/exit-codes.md."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that knows no Kazakh letter shows a question mark, and goes on
    words = list(arguments)
    wants_json = "--json" in words
    rest = [word for word in words if word != "--json"]
    given: dict[str, list[str]] = {"--commission": [], "--cosigner": [], "--vkey": []}
    files: list[str] = []
    while rest:
        word = rest.pop(0)
        if word in given and rest:
            given[word].append(rest.pop(0))
        elif word.startswith("-"):
            return _usage()
        else:
            files.append(word)
    if len(files) != 1 or len(given["--vkey"]) > 1:
        return _usage()
    try:
        keys = {name: tuple(VerifierKey.parse(line.strip()) for line in lines) for name, lines in given.items()}
        itself = {"verify.pyz": Path(sys.argv[0]).read_bytes()} if Path(sys.argv[0]).is_file() else {}
        report = verify_bundle(Path(files[0]), Trust(keys["--commission"], (keys["--vkey"] or (None,))[0], keys["--cosigner"]), tools=itself)
    except KuaError as error:
        print(f"{error.code}: {' '.join(explain(error, language(os.environ)))}", file=sys.stderr)
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost place: Python's own exit code for it would say "altered"
        print(f"70: {type(error).__name__}", file=sys.stderr)
        return BUG
    if wants_json:
        print(json.dumps(report.to_json(), ensure_ascii=False, separators=(",", ":")))
        return report.exit_code
    say = catalogue(language(os.environ)).gettext
    width = max(len(say(word)) for word in STATES.values())
    for line in report.lines:
        print(f"{say(STATES[line.state]).ljust(width)}  {line.check}  {say_line(line.code, line.facts, language(os.environ))}")
    print()
    print(say(ENDINGS[report.exit_code]))
    return report.exit_code


def _usage() -> int:
    print(USAGE, file=sys.stderr)
    return 64
