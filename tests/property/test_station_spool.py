# SPDX-License-Identifier: Apache-2.0
"""The spool's order: the log, then the newest film, then the backlog newest first; nothing is dropped and nobody is hammered."""

from hypothesis import given
from hypothesis import strategies as st

from kua.core.digest import Digest, sha256
from kua.core.instant import Instant, Millis
from kua.flow.spool import PUT_ASIDE, Owed, Rest, SendFile, SendLog, Spool, Wait

NOW = Instant(1_800_000_000_000)


def owed(number: int, t0: int, *, first: bool = False, needs: int | None = None) -> Owed:
    return Owed(name(number), 100 + number, Instant(t0), first, None if needs is None else name(needs))


def name(number: int) -> Digest:
    return sha256(b"%d" % number)


def drain(spool: Spool) -> list[Digest]:
    sent = []
    while isinstance(step := spool.step(NOW), SendFile):
        sent.append(step.owed.digest)
        spool.delivered(step.owed.digest)
    assert isinstance(step, Rest)
    return sent


def test_log_then_calibration_then_newest_film_with_its_init_before_it() -> None:
    spool = Spool()
    spool.owe([owed(1, 10), owed(2, 10, needs=1), owed(3, 20, needs=1), owed(4, 0, first=True), owed(5, 30), owed(6, 30, needs=5)])
    spool.grew(7)
    assert spool.step(NOW) == SendLog(0)
    spool.log_sent(7)
    sent = drain(spool)
    assert sent[0] == name(4)
    assert sent.index(name(6)) < sent.index(name(3)) < sent.index(name(2))
    assert sent.index(name(5)) < sent.index(name(6))
    assert sent.index(name(1)) < sent.index(name(3))


@given(st.lists(st.integers(0, 1_000), max_size=30, unique=True), st.lists(st.booleans(), max_size=60))
def test_everything_owed_is_delivered_once_whatever_fails(times: list[int], fails: list[bool]) -> None:
    spool, now, sent = Spool(), NOW, []
    spool.owe(owed(number, t0) for number, t0 in enumerate(times))
    outcomes = iter(fails)
    while not isinstance(step := spool.step(now), Rest):
        match step:
            case Wait(until):
                assert until > now
                now = until
            case SendFile(item) if next(outcomes, False):
                if item.size % 2:
                    spool.failed(now, 0.5)
                else:
                    spool.put_aside(item.digest, now)
            case SendFile(item):
                sent.append(item.digest)
                spool.delivered(item.digest)
    assert sorted(sent) == sorted(name(number) for number in range(len(times)))
    assert spool.owed == spool.owed_bytes == 0


@given(st.integers(0, 40), st.floats(0, 1, exclude_max=True), st.integers(0, 100_000))
def test_waits_grow_to_a_minute_and_keep_what_the_centre_asked_for(failures: int, chance: float, asked: int) -> None:
    spool = Spool()
    for _ in range(failures):
        spool.failed(NOW, chance)
    until = spool.failed(NOW, chance, Millis(asked))
    assert NOW + asked <= until <= NOW + asked + min(60_000, 1_000 * 2**failures)
    spool.grew(1)
    if until > NOW:
        assert spool.step(NOW) == Wait(until)
    assert spool.step(until) == SendLog(0)


def test_a_success_ends_the_back_off() -> None:
    spool = Spool()
    spool.grew(1)
    for _ in range(9):
        spool.failed(NOW, 0.99)
    spool.log_sent(1)
    assert isinstance(spool.step(NOW), Rest)
    assert spool.failed(NOW, 0.99) <= NOW + 1_000


def test_a_refused_file_stays_owed_but_does_not_stand_in_the_way() -> None:
    spool = Spool()
    spool.owe([owed(1, 10), owed(2, 20)])
    spool.put_aside(name(2), NOW)
    step = spool.step(NOW)
    assert isinstance(step, SendFile)
    assert step.owed.digest == name(1)
    spool.delivered(name(1))
    assert spool.step(NOW) == Wait(Instant(NOW + PUT_ASIDE))
    assert spool.owed == 1
    assert isinstance(spool.step(Instant(NOW + PUT_ASIDE)), SendFile)


def test_a_log_that_the_centre_contradicts_is_not_sent_again_but_film_is() -> None:
    spool = Spool(log_stopped=True)
    spool.grew(5)
    spool.owe([owed(1, 10)])
    assert isinstance(spool.step(NOW), SendFile)


def test_what_a_centre_forgot_of_the_log_is_sent_again() -> None:
    spool = Spool()
    spool.grew(9)
    spool.log_sent(9)
    spool.log_sent(4)
    assert spool.step(NOW) == SendLog(4)
