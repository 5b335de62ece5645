# SPDX-License-Identifier: Apache-2.0
"""Two histories of one log, offered to a co-signer in any order, with restarts and old backups in between: never are both co-signed."""

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kua.core.errors import Refused
from kua.proof.fork import check_fork, read_fork
from kua.proof.checkpoint import Checkpoint
from kua.witness.cosigner import Cosigner
from tests.rigs.cosigner import FALSE, LOG, MOST, ORIGIN, TRUE, Box, History, held

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""What is synced is the business of tests/faults; here only the order of things counts."""
SIZES = st.integers(0, MOST)
HISTORIES = st.sampled_from([TRUE, FALSE])


class TwoHistories(RuleBasedStateMachine):
    """The co-signer against whoever holds the log's key and says now this, now that."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.top = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=FAST)))
        self.box = Box(self.top)
        self.cosigner: Cosigner
        self.signed: list[Checkpoint] = []
        self.backup: tuple[Path, int] | None = None
        self.dead = False

    @initialize()
    def start(self) -> None:
        self.running = ExitStack()
        self.cosigner = self.running.enter_context(self.box.run())

    @precondition(lambda self: not self.dead)
    @rule(which=HISTORIES, old=SIZES, size=SIZES)
    def ask_from_anywhere(self, which: History, old: int, size: int) -> None:
        self._ask(which, old, size)

    @precondition(lambda self: not self.dead)
    @rule(which=HISTORIES, size=SIZES)
    def ask_from_where_it_is(self, which: History, size: int) -> None:
        """What an equivocating log would do: it knows what the co-signer knows, and proves from there in whichever history it likes."""
        known = self.cosigner.book.log(ORIGIN)
        assert known is not None
        self._ask(which, known.size, size)

    @precondition(lambda self: not self.dead)
    @rule()
    def restart(self) -> None:
        self.running.close()
        self.start()

    @precondition(lambda self: not self.dead)
    @rule(seconds=st.integers(-30, 3600))
    def time_goes_on(self, seconds: int) -> None:
        self.box.clock.advance(seconds * 1000)

    @precondition(lambda self: not self.dead)
    @rule()
    def back_up(self) -> None:
        self.running.close()
        target = self.top / "backup"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.box.folder, target)
        self.backup = (target, len(self.signed))
        self.start()

    @precondition(lambda self: self.backup is not None and not self.dead)
    @rule()
    def put_the_backup_back(self) -> None:
        assert self.backup is not None
        self.running.close()
        shutil.rmtree(self.box.folder)
        shutil.copytree(self.backup[0], self.box.folder)
        self.dead = self.backup[1] < len(self.signed)
        if not self.dead:
            self.start()

    @precondition(lambda self: self.dead)
    @rule()
    def start_on_an_old_book(self) -> None:
        with pytest.raises(Refused) as refusal, self.box.run():
            pass
        assert refusal.value.code == "witness.rolled_back"

    def _ask(self, which: History, old: int, size: int) -> None:
        asked = which.ask(old, size)
        answer = self.cosigner.add(asked)
        if answer.status == 200:
            self.signed.append(held(answer, asked, self.box.vkeys))

    @invariant()
    def what_was_signed_is_one_history(self) -> None:
        sizes = [head.size for head in self.signed]
        assert sizes == sorted(sizes), "it went back"
        for story in (TRUE, FALSE):
            if all(head.root == story.root(head.size) for head in self.signed):
                return
        raise AssertionError("both histories were co-signed")

    @invariant()
    def what_is_kept_as_evidence_is_evidence(self) -> None:
        for path in (self.box.folder / "evidence").glob("*.kua-fork"):
            assert check_fork(read_fork(path.read_bytes()), [LOG.verifier]).origin == ORIGIN

    def teardown(self) -> None:
        if hasattr(self, "running"):
            self.running.close()
        self.stack.close()


SETTINGS = {"deadline": None, "suppress_health_check": list(HealthCheck), "stateful_step_count": 40}


def test_two_histories_are_never_both_cosigned() -> None:
    run(25)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_histories_are_never_both_cosigned_in_a_hundred_thousand_steps() -> None:
    run(2500)


def run(examples: int) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(TwoHistories, settings=settings(max_examples=examples, **SETTINGS))
