# SPDX-License-Identifier: Apache-2.0
"""Fork files: every real contradiction convicts, of any two sizes; no honest log can be convicted, however the file is forged."""

from hypothesis import assume, example, given
from hypothesis import strategies as st
import pytest

from kua.core.digest import Digest, sha256
from kua.core.errors import KuaError, Rejected
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.fork import Fork, check_fork, find_fork, read_fork
from kua.proof.keys import SigningKey
from kua.proof.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root_of
from kua.proof.cosign import cosign
from kua.proof.note import Note

ORIGIN = "test.example/kz-2026-kurultai/s/10-245"
KEY = SigningKey.from_seed(ORIGIN, bytes(32))
LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]

sizes = st.integers(1, len(LEAVES))


def head(leaves: list[Digest], origin: str = ORIGIN, key: SigningKey = KEY) -> bytes:
    return sign_checkpoint(Checkpoint(origin, len(leaves), root_of(leaves)), key)


def rewritten(size: int, at: int) -> list[Digest]:
    """The log's first `size` leaves with another one in the place `at`."""
    return [*LEAVES[:at], leaf_hash(b"other"), *LEAVES[at + 1 : size]]


def steps(small: int, large: list[Digest]) -> tuple[Digest, ...]:
    """The way from the larger tree's own root at the smaller size to its head, as a fork file writes it."""
    proof = consistency_proof(small, large)
    return proof if small & (small - 1) else (root_of(large[:small]), *proof)


def convict(small: list[Digest], large: list[Digest]) -> Fork | None:
    """The contradiction between two histories, proved as a monitor proves it: from the larger tree."""
    return find_fork([KEY.verifier], head(small), head(large), steps(len(small), large))


@given(sizes, sizes, st.data())
@example(256, 300, None)
@example(1, 1, None)
@example(1, 300, None)
def test_a_log_that_changed_one_entry_is_convicted_between_any_two_sizes(one: int, other: int, draw: st.DataObject | None) -> None:
    small, large = sorted((one, other))
    at = draw.draw(st.integers(0, small - 1)) if draw else 0
    fork = convict(LEAVES[:small], rewritten(large, at))
    assert fork is not None
    again = read_fork(fork.to_bytes())
    assert again == fork
    shown = check_fork(again, [KEY.verifier])
    assert shown == check_fork(again)
    assert (shown.earlier.size, shown.later.size, shown.origin) == (small, large, ORIGIN)
    assert bool(again.steps) == (small != large)


@given(sizes, sizes)
def test_an_honest_log_is_never_convicted_by_its_own_growth(one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert convict(LEAVES[:small], LEAVES[:large]) is None
    assert find_fork([KEY.verifier], head(LEAVES[:small]), head(LEAVES[:large])) is None


@given(sizes, sizes, st.lists(st.binary(min_size=32, max_size=32), max_size=12))
def test_no_invented_way_convicts_an_honest_log(one: int, other: int, invented: list[bytes]) -> None:
    small, large = sorted((one, other))
    assume(small < large)
    honest = steps(small, LEAVES[:large])
    for way in (
        tuple(map(Digest, invented)),
        (*honest, *map(Digest, invented)),
        (*map(Digest, invented), *honest),
        honest[:-1],
        honest[1:],
    ):
        assert find_fork([KEY.verifier], head(LEAVES[:small]), head(LEAVES[:large]), way) is None


FORKS = [
    fork
    for fork in (
        convict(LEAVES[:200], rewritten(300, 7)),
        convict(LEAVES[:300], rewritten(300, 7)),
        convict(LEAVES[:256], rewritten(300, 0)),
    )
    if fork is not None
]


@given(st.sampled_from(FORKS), st.data())
def test_a_file_of_which_any_byte_was_changed_convicts_nobody(fork: Fork, draw: st.DataObject) -> None:
    data = bytearray(fork.to_bytes())
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(KuaError):
        check_fork(read_fork(bytes(data)), [KEY.verifier])


@given(st.sampled_from(FORKS), st.integers(0, 3000))
def test_a_file_that_was_cut_convicts_nobody(fork: Fork, length: int) -> None:
    data = fork.to_bytes()
    with pytest.raises(Rejected):
        check_fork(read_fork(data[: min(length, len(data) - 1)]), [KEY.verifier])


def test_the_empty_log_contradicts_no_larger_one() -> None:
    assert find_fork([KEY.verifier], head([]), head(LEAVES[:3]), [EMPTY_ROOT]) is None
    wrong = sign_checkpoint(Checkpoint(ORIGIN, 0, sha256(b"something")), KEY)
    assert find_fork([KEY.verifier], wrong, head([])) is not None


def test_two_logs_or_two_keys_do_not_contradict_each_other() -> None:
    with pytest.raises(Rejected, match=r"checkpoint\.origin"):
        find_fork([KEY.verifier], head(LEAVES[:3]), head(rewritten(3, 0), origin=ORIGIN + "6"))
    stranger = SigningKey.from_seed(ORIGIN, bytes([1]) * 32)
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        find_fork([KEY.verifier], head(LEAVES[:3]), head(rewritten(3, 0), key=stranger))
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        check_fork(FORKS[0], [stranger.verifier])


def test_a_co_signer_that_signed_both_is_convicted_under_its_own_key() -> None:
    party = SigningKey.from_seed("party.example/witness", bytes([2]) * 32)
    notes = []
    for leaves in (LEAVES[:9], rewritten(9, 0)):
        text = Checkpoint(ORIGIN, 9, root_of(leaves)).text()
        notes.append(Note(text, (cosign(text, party, 1_790_000_000),)).to_bytes())
    fork = find_fork([party.cosigner], *notes)
    assert fork is not None
    assert check_fork(read_fork(fork.to_bytes()), [party.cosigner]).earlier.size == 9
