# SPDX-License-Identifier: Apache-2.0
"""The spool's order: the log, then the newest film, then the backlog newest first; nothing is dropped and nobody is hammered."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kua.core.digest import Digest, sha256
from kua.core.instant import Instant, Millis
from kua.flow.spool import FRESH, PUT_ASIDE, Lane, Owed, Rest, SendFile, SendLog, Spool, Wait

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


def take(spool: Spool, lane: Lane, now: Instant = NOW) -> Digest | None:
    step = spool.step(now, lane)
    return step.owed.digest if isinstance(step, SendFile) else None


def test_new_film_is_live_and_the_rest_is_backlog() -> None:
    spool = Spool()
    spool.owe([owed(1, NOW - FRESH - 4_000), owed(2, NOW - 4_000), owed(3, NOW - FRESH - 8_000)])
    assert (take(spool, "live"), take(spool, "backlog")) == (name(2), name(1))
    spool.began("live", name(2))
    assert take(spool, "live") is None
    later = Instant(NOW + FRESH)
    assert take(spool, "backlog", later) == name(1)  # the newest is under way on the other lane
    spool.ended("live")
    assert take(spool, "backlog", later) == name(2)


def test_on_a_thin_line_the_lowered_film_is_live_and_the_whole_is_backlog_at_once() -> None:
    spool = Spool(sends_masters=False)
    spool.owe([owed(1, NOW - 4_000), replace(owed(2, NOW - 8_000), is_lowered=True), replace(owed(3, NOW - 4_000), is_lowered=True)])
    assert (take(spool, "live"), take(spool, "backlog")) == (name(3), name(1))
    spool.forget([name(3)])
    assert take(spool, "live") == name(2)
    assert spool.owed_bytes == 100 + 1 + 100 + 2


def test_what_matters_goes_first_and_a_closed_day_from_its_beginning() -> None:
    spool = Spool()
    spool.owe(owed(number, number * 1000) for number in range(1, 10))
    assert take(spool, "backlog") == name(9)
    spool.matter([(Instant(3_000), Instant(5_000))])
    assert take(spool, "backlog") == name(4)
    spool.owe([owed(10, 4_500)])
    assert take(spool, "backlog") == name(10)
    spool.oldest_first = True
    for number in (10, 4, 3):
        spool.delivered(name(number))
    assert take(spool, "backlog") == name(1)


def test_no_file_goes_before_its_leaf() -> None:
    spool = Spool(files_after=5)
    spool.owe([owed(1, 10), replace(owed(2, NOW), after=7)])
    assert (take(spool, "live"), take(spool, "backlog")) == (None, None)
    spool.log_sent(5)
    assert (take(spool, "live"), take(spool, "backlog")) == (None, name(1))
    spool.log_sent(7)
    assert take(spool, "live") == name(2)


def test_lanes_fail_one_by_one_and_a_log_that_gets_through_ends_what_nobody_asked_for() -> None:
    spool = Spool()
    spool.owe([owed(1, 10), owed(2, NOW)])
    spool.grew(1)
    spool.failed(NOW, 0.9, lane="live")
    told = spool.failed(NOW, 0.0, Millis(30_000), lane="backlog")
    assert told == NOW + 30_000
    assert spool.step(NOW, "log") == SendLog(0)
    assert isinstance(spool.step(NOW, "live"), Wait)
    spool.log_sent(1)
    assert take(spool, "live") == name(2)
    assert spool.step(NOW, "backlog") == Wait(told)


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans(), st.booleans()), max_size=40), st.booleans(), st.booleans())
def test_three_lanes_together_deliver_everything_once(items: list[tuple[int, bool, bool]], masters: bool, oldest: bool) -> None:
    spool = Spool(sends_masters=masters, oldest_first=oldest)
    spool.matter([(Instant(NOW - 50_000), Instant(NOW - 20_000))])
    spool.owe(replace(owed(number, NOW - t0 * 1000, first=first), is_lowered=lowered and not first) for number, (t0, first, lowered) in enumerate(items))
    sent: list[Digest] = []
    while True:
        lanes: list[Lane] = ["live", "backlog"]
        taken = []
        for lane in lanes:
            digest = take(spool, lane)
            if digest is not None:
                spool.began(lane, digest)
                taken.append((lane, digest))
        assert len({digest for _, digest in taken}) == len(taken)
        for lane, digest in taken:
            spool.delivered(digest, lane)
            spool.ended(lane)
            sent.append(digest)
        if not taken:
            break
    assert sorted(sent) == sorted(name(number) for number in range(len(items)))
    assert (spool.owed, spool.owed_bytes) == (0, 0)
