# SPDX-License-Identifier: Apache-2.0
"""Reading for hours: what is tried again and what is not, and a rate that many threads keep together."""

from collections.abc import Iterator

import pytest

from kua.cli.amounts import bytes_of, length, rate, time_of
from kua.core.errors import Incomplete, KuaError, Misused, Rejected, Unavailable
from kua.verify.patience import GIVE_UP, TRIES, Patient, Throttle


class Moody:
    """A place that answers as it was told, then with b"well"."""

    where, listable = "moody", False

    def __init__(self, *answers: KuaError | bytes) -> None:
        self.answers: Iterator[KuaError | bytes] = iter(answers)
        self.asked = 0

    def read(self, name: str, limit: int = 0) -> bytes:
        self.asked += 1
        answer = next(self.answers, b"well")
        if isinstance(answer, KuaError):
            raise answer
        return answer

    def names(self, folder: str = "") -> tuple[str, ...]:
        return ()


def patient(place: Moody) -> tuple[Patient, list[float]]:
    waits: list[float] = []
    return Patient(place, sleep=waits.append, share=lambda: 0.999), waits


DOWN = Unavailable("verify.unreachable", name="x", why="HTTP 500")


def test_what_cannot_be_reached_is_tried_again_after_growing_pauses() -> None:
    place = Moody(*[DOWN] * (TRIES - 1))
    reader, waits = patient(place)
    assert reader.read("x") == b"well"
    assert place.asked == TRIES
    assert waits == sorted(waits)
    assert [round(wait) for wait in waits] == [1, 2, 4, 8]


def test_it_ends_with_the_last_answer_when_every_try_fails() -> None:
    reader, waits = patient(Moody(*[DOWN] * 99))
    with pytest.raises(Unavailable, match="HTTP 500"):
        reader.read("x")
    assert len(waits) == TRIES - 1


@pytest.mark.parametrize(
    "answer",
    [
        Incomplete("verify.missing", name="x"),
        Rejected("verify.too_large", name="x", limit=1),
        Unavailable("verify.redirected", host="elsewhere"),
    ],
)
def test_what_another_try_does_not_change_is_not_tried_again(answer: KuaError) -> None:
    place = Moody(answer)
    reader, _ = patient(place)
    with pytest.raises(type(answer), match=answer.code):
        reader.read("x")
    assert place.asked == 1


def test_a_place_that_is_gone_is_given_up_until_the_next_round() -> None:
    place = Moody(*[DOWN] * GIVE_UP)
    reader, _ = patient(place)
    for _ in range(40):
        with pytest.raises(Unavailable, match=r"verify\.unreachable"):
            reader.read("x")
    assert place.asked == GIVE_UP
    reader.begin()
    assert reader.read("x") == b"well"


def test_a_wish_to_be_left_alone_is_longer_than_our_own_pause() -> None:
    reader, waits = patient(Moody(Unavailable("verify.unreachable", name="x", why="HTTP 503", after=77)))
    reader.read("x")
    assert waits == [77]


def test_a_rate_holds_on_the_average_and_a_pause_is_not_made_up_for() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    throttle = Throttle(100, sleep=sleep, clock=lambda: now[0])
    for _ in range(10):
        throttle(50)
    assert now[0] == pytest.approx(5)
    now[0] += 60
    assert throttle(100) == pytest.approx(1)
    assert throttle.total == 600
    assert Throttle(sleep=sleep)(10**9) == 0


def test_amounts_are_read_as_people_type_them() -> None:
    assert (length("60s"), length("5m"), length("1h")) == (60_000, 300_000, 3_600_000)
    assert (rate("500k"), rate("2M"), rate("1.5M"), rate("900")) == (500_000, 2_000_000, 1_500_000, 900)
    assert (bytes_of(812), bytes_of(3_400_000), bytes_of(5e12)) == ("812 B", "3.4 MB", "5000.0 GB")
    assert time_of(3_725) == "1:02:05"


@pytest.mark.parametrize("text", ["", "60", "0s", "-1s", "5 m", "25h", "1e3s", "99999999s"])
def test_no_other_length_of_time_is_taken(text: str) -> None:
    with pytest.raises(Misused, match=r"watch\.amount"):
        length(text)


@pytest.mark.parametrize("text", ["0", "-1", "fast", "2 M", "2MB", "1e9", ""])
def test_no_other_rate_is_taken(text: str) -> None:
    with pytest.raises(Misused, match=r"watch\.amount"):
        rate(text)
