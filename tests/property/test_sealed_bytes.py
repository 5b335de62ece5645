# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes are given to the readers of sealed film, the answer is theirs or a typed refusal: no crash, no guess, and no two spellings."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.adapters.sealing import decrypt, encrypt, read_identity
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.errors import KuaError, Rejected
from kua.core.instant import Instant
from kua.proof.opening import check_opening
from kua.proof.sealed import (
    SALT,
    Begun,
    PieceHead,
    Record,
    Share,
    orig_commit,
    read_begun,
    read_piece,
    read_record,
    read_share,
    read_slice_leaf,
    root_of,
    slice_leaf,
    write_piece,
)
from tests.rigs.trustees import twelve

DIGEST = sha256(b"x")
BEGUN = Begun("a", "00c0ffee", Instant(1), "voting", DIGEST, DIGEST, "age1" + "q" * 58, (("court", DIGEST, DIGEST),))
HEAD = PieceHead("a", "00c0ffee", "0000abcd", 1, Instant(4_000), Instant(8_000), 3, bytes(SALT))
RECORD = Record("a", "00c0ffee", "0000abcd", 1, Instant(4_000), Instant(8_000), 40, DIGEST, 99, DIGEST)
SHARE = Share("e-1", "10-245", "a", "00c0ffee", "court", "some words")
READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "share": (read_share, SHARE.to_bytes()),
    "piece": (read_piece, write_piece(HEAD, b"init and film")),
    "record": (read_record, RECORD.to_bytes()),
    "begun": (read_begun, BEGUN.to_bytes()),
    "leaf": (read_slice_leaf, slice_leaf(BEGUN, [RECORD], Instant(9_000))),
    "opening": (lambda data: check_opening(data, [], {}), b"kua/opening/v1\nopen\ne-1/10-245/a/00c0ffee\n" + DIGEST.hex().encode() + b"\ncourt\norder\n1\n\n"),
    "age": (lambda data: decrypt(data, twelve().secret("court")), encrypt(b"words", twelve().sealing.trustees[0].recipient)),
    "identity": (read_identity, twelve().identities["court"]),
}  # fmt: skip

edits = st.tuples(st.sampled_from(["flip", "cut", "insert", "double"]), st.integers(0, 10_000), st.binary(min_size=1, max_size=4))


def edited(data: bytes, how: str, at: int, more: bytes) -> bytes:
    at %= len(data)
    match how:
        case "flip":
            return data[:at] + bytes([data[at] ^ (more[0] or 1)]) + data[at + 1 :]
        case "cut":
            return data[:at]
        case "insert":
            return data[:at] + more + data[at:]
        case _:
            return data[: at + 1] + data


@pytest.mark.parametrize("what", READERS)
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_junk_is_refused_with_a_code(what: str, junk: bytes) -> None:
    with pytest.raises(KuaError):
        READERS[what][0](junk)


@pytest.mark.parametrize("what", READERS)
@settings(max_examples=150, deadline=None)
@given(edits)
def test_a_changed_file_is_refused_or_says_something_else(what: str, edit: tuple[str, int, bytes]) -> None:
    read, data = READERS[what]
    try:
        told = read(edited(data, *edit))
    except KuaError:
        return
    assert what != "age" or edited(data, *edit) == data  # what age has sealed cannot be changed at all
    assert what == "identity" or told != (read(data) if what != "opening" else None) or edited(data, *edit) == data


@given(st.binary(max_size=200))
def test_what_is_written_is_read(original: bytes) -> None:
    head = PieceHead(HEAD.cam, HEAD.slice, HEAD.run, HEAD.slot, HEAD.t0, HEAD.t1, len(original) // 2, HEAD.salt)
    assert read_piece(write_piece(head, original)) == (head, original)
    assert read_share(SHARE.to_bytes()) == SHARE
    assert read_record(RECORD.to_bytes()) == RECORD
    assert read_begun(BEGUN.to_bytes()) == BEGUN


@given(st.binary(max_size=50), st.binary(max_size=50), st.binary(min_size=SALT, max_size=SALT), st.binary(min_size=SALT, max_size=SALT))
def test_a_commitment_is_to_one_film_and_one_salt(one: bytes, other: bytes, salt: bytes, another: bytes) -> None:
    assert (orig_commit(salt, one) == orig_commit(another, other)) == ((salt, one) == (another, other))


def test_the_root_is_of_these_records_in_this_order() -> None:
    other = Record("a", "00c0ffee", "0000abcd", 2, Instant(8_000), Instant(12_000), 40, DIGEST, 99, DIGEST)
    roots = {root_of([]), root_of([RECORD]), root_of([RECORD, other]), root_of([other, RECORD])}
    assert len(roots) == 4


def test_a_share_says_no_word_when_it_is_printed() -> None:
    assert "some words" not in repr(SHARE)


def test_a_slice_leaf_of_another_type_is_refused() -> None:
    with pytest.raises(Rejected, match=r"seal\.form"):
        read_slice_leaf(canonical({"v": 1, "type": "close", "at": 1, "reason": "ordered"}))
