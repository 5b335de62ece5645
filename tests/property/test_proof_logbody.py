# SPDX-License-Identifier: Apache-2.0
"""The packed form of a log's part: what comes out is what went in, and nothing comes out of anything else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import SLOT
from kua.proof.leaf import make_leaf
from kua.proof.logbody import BEFORE, Part, pack, start_of, unpack

ENTRY = st.binary(min_size=1, max_size=80).map(lambda data: data.replace(b"\n", b" "))
MOST = 1 << 20


@given(st.integers(0, 10**12), st.lists(ENTRY, max_size=8), st.binary(max_size=200), st.lists(ENTRY, max_size=BEFORE + 5))
def test_a_part_is_read_back_as_it_was(start: int, entries: list[bytes], checkpoint: bytes, before: list[bytes]) -> None:
    body = pack(start, entries, checkpoint, before)
    assert start_of(body) == start
    assert unpack(body, before, MOST) == Part(start, tuple(entries), checkpoint)


@given(st.lists(ENTRY, min_size=1, max_size=4), st.lists(ENTRY, min_size=1, max_size=4), st.lists(ENTRY, min_size=1, max_size=4))
def test_after_another_history_nothing_is_read(entries: list[bytes], before: list[bytes], other: list[bytes]) -> None:
    """Entries that nobody wrote would make two histories of one."""
    body = pack(0, entries, b"note", before)
    if before != other:
        with pytest.raises(ValueError, match=r"\S"):
            unpack(body, other, MOST)


@given(st.data())
def test_a_body_that_was_altered_is_not_read_as_another(data: st.DataObject) -> None:
    entries = [b'{"type":"segment","seq":%d}' % number for number in range(5)]
    body = bytearray(pack(7, entries, b"note", []))
    place = data.draw(st.integers(13, len(body) - 1))
    body[place] ^= 1 << data.draw(st.integers(0, 7))
    try:
        read = unpack(bytes(body), [], MOST)
    except ValueError:
        return
    assert read.entries == tuple(entries)


def test_no_more_is_unpacked_than_was_asked_for() -> None:
    body = pack(0, [b"0" * 5_000_000], b"", [])
    with pytest.raises(ValueError, match="length"):
        unpack(body, [], MOST)


def test_an_entry_of_two_lines_is_not_packed() -> None:
    with pytest.raises(ValueError, match="one line"):
        pack(0, [b"a\nb"], b"", [])


def test_about_a_hundred_bytes_are_left_of_a_leaf_of_film() -> None:
    """A leaf each four seconds is 200 bit/s then: a tenth of the thinnest line."""

    def leaf(number: int) -> bytes:
        t0 = 1_800_000_000_000 + number * SLOT
        name = hashlib.sha256(b"%d" % number).hexdigest()
        return make_leaf(
            "segment", at=t0 + SLOT, cam="a", seq=number, run="0a1b2c3d", slot=t0 // SLOT, t0=t0, t1=t0 + SLOT, frames=40, sha256=name,
            size=200_000 + number * 37, init="1" * 64, calibration="2" * 64, hiding="3" * 64, phase="voting", trust="ntp",
        )  # fmt: skip

    entries = [leaf(number) for number in range(60)]
    one = len(pack(59, entries[59:], b"", entries[:59]))
    assert one < 130
    assert (len(pack(40, entries[40:60], b"", entries[:40]))) / 20 < 70
    assert len(entries[-1]) > 480
