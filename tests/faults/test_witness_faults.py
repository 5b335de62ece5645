# SPDX-License-Identifier: Apache-2.0
"""The co-signer when its disk fails or it is killed: each of its file-system calls is made to fail once, by strace.

Afterwards it starts without a human, has forgotten nothing that it acknowledged, and signs no second history. Prints a line for each call.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.witness_child import STEPS
from tests.rigs.strace import ROOT, Sweep, require_strace
from tests.rigs.cosigner import COMMON, FALSE, LOG, NOW, ORIGIN, TRUE, Box, held
from kua.proof.checkpoint import open_checkpoint
from kua.testing.clock import ManualClock

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]


class Old(Box):
    """A copy of a folder that was made once."""

    def __init__(self, top: Path, made: Box) -> None:
        self.folder, self.mark, self.vkeys, self.clock = top / "witness", made.mark, made.vkeys, ManualClock(NOW)


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


@pytest.fixture(autouse=True)
def strace_is_there() -> None:
    require_strace()


def swept(top: Path, *, share: int = 0) -> int:
    made = Box(top / "made")
    template, marks, folder = top / "template", top / "marks", top / "w" / "witness"
    shutil.copytree(made.folder, template)
    shutil.copytree(made.mark, marks)

    def fresh() -> None:
        for old, new in ((folder, template), (made.mark, marks)):
            shutil.rmtree(old, ignore_errors=True)
            shutil.copytree(new, old)

    sweep = Sweep(
        ["tests.faults.witness_child", str(folder)],
        [folder, made.mark],
        fresh,
        lambda told: examine(Old(top / "w", made), told),
        top / "trace",
    )
    runs = sweep.run([f"{size} 200" for _, size in STEPS], share=share)
    print(f"  {runs} injections, 0 second histories, 0 lost acknowledgements")
    return runs


def test_a_co_signer_whose_disk_fails_signs_no_second_history(tmp_path: Path) -> None:
    """Two occurrences of each call and fault, spread over the run; all of them in `make soak`."""
    assert swept(tmp_path, share=2) >= 40


@pytest.mark.soak
def test_each_call_fails_once_and_no_second_history_is_signed(tmp_path: Path) -> None:
    assert swept(tmp_path) >= 150


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
