# SPDX-License-Identifier: Apache-2.0
"""The co-signer when its disk fails or it is killed: each of its file-system calls is made to fail once, by strace.

Afterwards it starts without a human, has forgotten nothing that it acknowledged, and signs no second history. Prints a line for each call.
"""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.witness_child import STEPS
from tests.rigs.cosigner import COMMON, FALSE, LOG, NOW, ORIGIN, TRUE, Box, held
from kua.proof.checkpoint import open_checkpoint
from kua.testing.clock import ManualClock

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

CALLS = ("openat", "read", "pread64", "write", "pwrite64", "fsync", "fdatasync", "rename", "ftruncate", "unlink", "close")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
ROOT = Path(__file__).parents[2]


class Old(Box):
    """A copy of a folder that was made once."""

    def __init__(self, top: Path, made: Box) -> None:
        self.folder, self.mark, self.vkeys, self.clock = top / "witness", made.mark, made.vkeys, ManualClock(NOW)


def traced(box: Box, *inject: str, log: Path) -> list[str]:
    """Run the child under strace, which looks only at the files of the co-signer; return what it printed."""
    mark = next(box.mark.iterdir())
    watched = [box.folder / name for name in ("book.db", "book.db-wal", "book.db-shm", "lock")] + [
        box.mark, mark, mark.with_name(mark.name + ".part"),
    ]  # fmt: skip
    paths = [part for path in watched for part in ("-P", str(path))]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), *paths, *inject, sys.executable, "-m", "tests.faults.witness_child", str(box.folder)],
        capture_output=True, text=True, check=False, timeout=120, cwd=ROOT,
    )  # fmt: skip
    assert "Traceback" not in done.stderr or "OSError" in done.stderr, done.stderr[-2000:]
    return done.stdout.splitlines()


def examine(box: Box, told: list[str]) -> str:
    """Start again as a person would, and see that nothing acknowledged is gone and no second history is signed."""
    acknowledged = [int(line.split()[0]) for line in told if line.endswith(" 200")]
    with box.run() as cosigner:
        known = cosigner.book.log(ORIGIN)
        assert known is not None
        assert known.size >= max(acknowledged, default=0), "what was acknowledged is forgotten"
        if known.head is not None:
            assert open_checkpoint(known.head.note, LOG.verifier).root == TRUE.root(known.size)
            assert open_checkpoint(known.head.note, box.vkeys).root == TRUE.root(known.size)
        if known.size > COMMON:
            assert cosigner.add(FALSE.ask(known.size, 20)).status == 422
        asked = TRUE.ask(known.size, 20)
        assert held(cosigner.add(asked), asked, box.vkeys).root == TRUE.root(20)
    return f"acknowledged {len(acknowledged)}, held {known.size}"


def test_each_call_fails_once_and_no_second_history_is_signed(tmp_path: Path) -> None:
    made = Box(tmp_path / "made")
    template, marks = tmp_path / "template", tmp_path / "marks"
    shutil.copytree(made.folder, template)
    shutil.copytree(made.mark, marks)
    log = tmp_path / "trace"

    def fresh() -> Old:
        for old in (tmp_path / "w" / "witness", made.mark):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(template, tmp_path / "w" / "witness")
        shutil.copytree(marks, made.mark)
        return Old(tmp_path / "w", made)

    told = traced(fresh(), "-e", f"trace={','.join(CALLS)}", log=log)
    assert told == [f"{size} 200" for _, size in STEPS]
    counts = Counter(line.split(None, 1)[1].partition("(")[0] for line in log.read_text().splitlines() if "(" in line)
    assert {"fsync", "fdatasync", "rename", "pwrite64"} <= counts.keys()
    runs = 0
    print()
    for call in CALLS:
        for fault in FAULTS:
            outcomes: Counter[str] = Counter()
            for when in range(1, counts[call] + 1):
                box = fresh()
                told = traced(box, "-e", f"trace={call}", "-e", f"inject={call}:{fault}:when={when}", log=log)
                outcomes[examine(box, told)] += 1
                runs += 1
            if outcomes:
                print(f"  {call:<10} {fault:<13} x{counts[call]:<3} " + "; ".join(f"{n} times {what}" for what, n in sorted(outcomes.items())))
    print(f"  {runs} runs, 0 second histories, 0 lost acknowledgements")
    assert runs >= 150


def test_killed_again_and_again_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """`kill -9` while it answers, at whatever moment: what a client holds in hand is in the book afterwards."""
    import random
    import time

    from tests.rigs.cosigner import post

    box = Box(tmp_path)
    chance = random.Random(3)
    acknowledged = 0
    for _ in range(15):
        with subprocess.Popen(
            [sys.executable, "-m", "kua.cli.main", "witness", "run", str(box.folder), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, cwd=ROOT,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            port = int(process.stdout.readline().decode().strip().rstrip("/").rpartition(":")[2])
            end = time.monotonic() + chance.uniform(0.02, 0.3)
            try:
                while time.monotonic() < end or acknowledged == 0:
                    size = acknowledged + 1 if acknowledged < 199 else 199
                    answer = post(port, TRUE.ask(acknowledged, size))
                    if answer.status == 409:  # the answer to the one before never came, but it was remembered
                        size = int(answer.body)
                        assert size >= acknowledged
                    acknowledged = max(acknowledged, size)
            finally:
                process.kill()
    with box.run() as cosigner:
        known = cosigner.book.log(ORIGIN)
        assert known is not None
        assert known.size >= acknowledged > 0
        if known.size > COMMON:
            assert cosigner.add(FALSE.ask(known.size, 199)).status == 422
