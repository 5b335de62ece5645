# SPDX-License-Identifier: Apache-2.0
"""Makes each file-system call of a child process fail once, by strace: EIO, ENOSPC, and SIGKILL instead of the call.

What the child calls is counted first and nothing is left out: whatever names a path below its folders, or a descriptor that was opened there. Knows nothing of
what the child does; whoever uses it says how to put the folders back and what must hold afterwards.
"""

import re
import shutil
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from kua.core.errors import KuaError

FAULTS: Final = ("error=EIO", "error=ENOSPC", "signal=KILL")
ROOT: Final = Path(__file__).parents[2]
_FILES: Final = "trace=%file,%desc"
_CALL: Final = re.compile(r"^\d+ +([a-z0-9_]+)\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Injection:
    """The call `call` fails with `fault` at its occurrence number `when`, counted from 1."""

    call: str
    fault: str
    when: int


@dataclass(frozen=True)
class Sweep:
    """A child `python -m COMMAND` and all that it does below `roots`.

    `fresh` puts the folders back as they were, at the same paths; `examine` starts again as a person would, asserts what must hold, and returns in a few words
    what was found. `trace` is a file for strace.
    """

    command: Sequence[str]
    roots: Sequence[Path]
    fresh: Callable[[], None]
    examine: Callable[[list[str]], str]
    trace: Path

    def run(self, wanted: list[str], *, share: int = 0) -> int:
        """Fail every call in every way, or with `share` that many occurrences of each call and fault; print a line for each and return how many runs.

        `wanted` is what the child must say when nothing fails.
        """
        self.fresh()
        watched = self._paths(wanted)
        self.fresh()
        assert self._child(watched, "-e", _FILES)[0] == wanted
        counts = Counter(_CALL.findall(self.trace.read_text()))
        runs, wrong = 0, list[str]()
        print()
        for call in sorted(counts):
            for fault in FAULTS:
                outcomes: Counter[str] = Counter()
                for injection in _occurrences(call, fault, counts[call], share):
                    self.fresh()
                    try:
                        outcomes[self.examine(self._failing(watched, injection))] += 1
                    except (AssertionError, KuaError, OSError) as error:
                        wrong.append(f"{injection}\n{''.join(traceback.format_exception(error))}")
                        outcomes["WRONG"] += 1
                    runs += 1
                told = "; ".join(f"{n} times {what}" for what, n in sorted(outcomes.items()))
                print(f"  {call:<11} {fault:<13} {outcomes.total():>3} of {counts[call]:<3} {told}")
        assert not wrong, f"{len(wrong)} of {runs} injections:\n\n" + "\n\n".join(wrong[:40])
        return runs

    def _paths(self, wanted: list[str]) -> list[str]:
        """Run the child undisturbed and return every path below `roots` that it touches."""
        told, _ = self._child([], "-y", "-s", "4096", "-e", _FILES)
        assert told == wanted
        roots = "|".join(re.escape(str(root)) for root in self.roots)
        return sorted(set(re.findall(rf'["<]((?:{roots})(?:/[^">(]*)?)(?:\(deleted\))?[">]', self.trace.read_text())))

    def _failing(self, watched: list[str], injection: Injection) -> list[str]:
        told, code = self._child(
            watched, "-e", f"trace={injection.call}", "-e", f"inject={injection.call}:{injection.fault}:when={injection.when}"
        )
        if injection.fault == "signal=KILL":
            assert code in {-signal.SIGKILL, 128 + signal.SIGKILL}, "it was not killed"
        else:
            assert "(INJECTED)" in self.trace.read_text(), "nothing failed"
        return told

    def _child(self, watched: list[str], *options: str) -> tuple[list[str], int]:
        """Run the child under strace; return what it printed and how it ended. An error that has no type of ours is a bug, whatever failed."""
        paths = [part for path in watched for part in ("-P", path)]
        # Without --seccomp-bpf: with it a signal arrives after the call instead of in its place.
        done = subprocess.run(
            ["strace", "-f", "-qq", "-o", str(self.trace), *paths, *options, sys.executable, "-m", *self.command],
            capture_output=True, text=True, check=False, timeout=120, cwd=ROOT,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr[-3000:]
        return done.stdout.splitlines(), done.returncode


def _occurrences(call: str, fault: str, count: int, share: int) -> Iterator[Injection]:
    """All occurrences, or `share` of them spread over the run; each fault begins at another place."""
    if not share or share >= count:
        yield from (Injection(call, fault, when) for when in range(1, count + 1))
        return
    first = FAULTS.index(fault) / len(FAULTS)
    yield from (Injection(call, fault, int((number + first) * count / share) + 1) for number in range(share))


def require_strace() -> None:
    """Fail, never skip, where strace is missing."""
    if shutil.which("strace") is None:
        pytest.fail("strace is not there: install it (Debian: strace)", pytrace=False)
