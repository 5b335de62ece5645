# SPDX-License-Identifier: Apache-2.0
"""Whose co-signature becomes a leaf, how often anybody may ask, and the code of a checkpoint on paper: what holds for any crowd and any slip of the pen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.digest import Digest
from kua.core.errors import Refused, Rejected
from kua.core.instant import Millis
from kua.flow.guests import APART, BETWEEN, KEYS, Guests, Waiting
from kua.flow.turnstile import Turnstile
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.liveness import ALPHABET
from kua.proof.note import parse_note
from kua.proof.paper import note_from_paper, paper_code, read_paper_code

crowds = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 1_000), st.integers(0, 5_000)), max_size=300)
heads = st.builds(
    lambda size, root: Checkpoint("kua.example/e-1/s/10-245", size, Digest(root)),
    st.integers(0, 2**53),
    st.binary(min_size=32, max_size=32),
)
KEY = SigningKey.from_seed("kua.example/e-1/s/10-245", bytes(range(32)))


@given(crowds)
def test_any_crowd_fills_at_most_so_many_places_at_most_so_often(crowd: list[tuple[int, int, int]]) -> None:
    guests, now, stated = Guests({}), Millis(0), []
    for who, size, pause in crowd:
        now = Millis(now + pause)
        told = guests.next([Waiting(f"key-{who}", size)], now)
        if told is not None:
            guests.stated(told, now)
            stated.append((told, now))
    assert len({told.vkey for told, _ in stated}) <= KEYS
    assert all(later - earlier >= BETWEEN for (_, earlier), (_, later) in zip(stated, stated[1:], strict=False))
    for key in {told.vkey for told, _ in stated}:
        own = [(told.size, at) for told, at in stated if told.vkey == key]
        assert all(b[0] > a[0] and b[1] - a[1] >= APART for a, b in zip(own, own[1:], strict=False))


@given(st.integers(2, KEYS), st.integers(1, 200))
def test_nobody_waits_for_ever_however_eager_the_others_are(keys: int, turns: int) -> None:
    guests, counts = Guests({}), dict.fromkeys(range(keys), 0)
    for turn in range(turns):
        now = Millis(turn * BETWEEN)
        told = guests.next([Waiting(str(each), turn + 1) for each in range(keys)], now)
        if told is not None:
            guests.stated(told, now)
            counts[int(told.vkey)] += 1
    assert max(counts.values()) - min(counts.values()) <= 1


def test_what_the_log_says_already_counts() -> None:
    guests = Guests({f"key-{each}": 5 for each in range(KEYS)})
    for waiting, code in ((Waiting("key-0", 5), "guests.not_newer"), (Waiting("other", 9), "guests.full")):
        with pytest.raises(Refused) as error:
            guests.require(waiting, Millis(0))
        assert error.value.code == code
    guests.require(Waiting("key-0", 6), Millis(0))


@given(st.lists(st.integers(0, 2_000), min_size=1, max_size=400))
def test_an_address_comes_through_a_burst_at_once_and_then_at_its_pace(pauses: list[int]) -> None:
    turnstile, now, passed = Turnstile(10, Millis(500)), Millis(0), []
    for pause in pauses:
        now = Millis(now + pause)
        if turnstile.may("somebody", now):
            passed.append(now)
    for at, first in enumerate(passed):
        assert len([each for each in passed[at:] if each - first < 5_000]) <= 10 + 10
    assert len(passed) <= 10 + (passed[-1] - passed[0]) // 500


def test_a_flood_of_addresses_takes_no_memory_without_bound() -> None:
    turnstile = Turnstile(2, Millis(500), places=100)
    for each in range(10_000):
        turnstile.may(f"192.0.2.{each}", Millis(0))
    assert len(turnstile._full) == 100


@given(heads)
def test_the_code_on_paper_is_read_back_however_it_was_written(head: Checkpoint) -> None:
    told = paper_code(head.text())
    for written in (
        str(told),
        str(told).lower(),
        f"{told.size}\n{told.code.replace('-', ' ')}",
        f" {told.size}: {told.code.replace('0', 'O').replace('1', 'l')} ",
    ):
        assert read_paper_code(written) == told


@given(heads, st.integers(0, 27), st.integers(1, 31), st.integers(0, 27), st.integers(0, 31))
def test_every_slip_of_one_or_two_letters_is_found(head: Checkpoint, first: int, change: int, second: int, other: int) -> None:
    letters = list(paper_code(head.text()).code.replace("-", ""))
    for place, by in ((first, change), (second, other)) if second != first else ((first, change),):
        letters[place] = ALPHABET[ALPHABET.index(letters[place]) ^ by]
    with pytest.raises(Rejected) as error:
        read_paper_code(f"{head.size} {''.join(letters)}")
    assert error.value.code == "paper.slip"


@given(heads, st.integers(0, 26))
def test_two_neighbours_that_were_swapped_are_found(head: Checkpoint, at: int) -> None:
    letters = list(paper_code(head.text()).code.replace("-", ""))
    if letters[at] != letters[at + 1]:
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
        with pytest.raises(Rejected):
            read_paper_code(f"{head.size} {''.join(letters)}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7 ABC",
        "x 0000-0000-0000-0000-0000-0000-0000",
        "007 " + "0" * 28,
        "7 " + "U" * 28,
        "7 " + "0" * 29,
        "7" * 20 + " " + "0" * 28,
    ],
)
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Rejected) as error:
        read_paper_code(text)
    assert error.value.code == "paper.form"


@given(heads, heads)
def test_another_root_size_or_station_has_another_code(one: Checkpoint, other: Checkpoint) -> None:
    moved = Checkpoint("kua.example/e-1/s/10-246", one.size, one.root)
    assert paper_code(moved.text()).code != paper_code(one.text()).code
    assert (paper_code(one.text()) == paper_code(other.text())) == (one == other)


@given(heads, st.sampled_from(["\r\n", "\n", "\n\n", "\r"]), st.booleans())
def test_a_note_from_a_scanner_comes_back_to_the_byte(head: Checkpoint, ends: str, padded: bool) -> None:
    note = sign_checkpoint(head, KEY)
    given_back = note.decode().replace("\n\n", "\n").rstrip("\n").replace("\n", ends)
    assert note_from_paper(f"\ufeff  {given_back}  \n".encode() if padded else given_back.encode()) == note
    assert parse_note(note_from_paper(note)).text == head.text()


@given(st.binary(max_size=300))
def test_what_is_no_note_comes_back_as_it_is_or_is_refused_later(data: bytes) -> None:
    assert isinstance(note_from_paper(data), bytes)
