# SPDX-License-Identifier: Apache-2.0
"""Fork files: every real contradiction convicts, of any two sizes; no honest log can be convicted, however the file is forged."""

import base64
import json

from hypothesis import assume, example, given
from hypothesis import strategies as st
import pytest

from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.fork import MAX_FORK, Fork, find_fork, open_fork
from kua.proof.keys import SigningKey
from kua.proof.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root_of
from kua.proof.note import Note, cosign

ORIGIN = "test.example/kz-2026-kurultai/s/10-245"
KEY = SigningKey.from_seed(ORIGIN, bytes(32))
LEAVES = [leaf_hash(b"%d" % number) for number in range(300)]

sizes = st.integers(1, len(LEAVES))


def head(leaves: list[Digest], origin: str = ORIGIN, key: SigningKey = KEY) -> bytes:
    return sign_checkpoint(Checkpoint(origin, len(leaves), root_of(leaves)), key)


def rewritten(size: int, at: int) -> list[Digest]:
    """The log's first `size` leaves with another one in the place `at`."""
    return [*LEAVES[:at], leaf_hash(b"other"), *LEAVES[at + 1 : size]]


def convict(small: list[Digest], large: list[Digest]) -> Fork:
    """The contradiction between two histories, proved as a monitor proves it: from the larger tree."""
    return find_fork(head(small), head(large), KEY.verifier, root_of(large[: len(small)]), consistency_proof(len(small), large))


@given(sizes, sizes, st.data())
@example(256, 300, None)
@example(1, 1, None)
@example(1, 300, None)
def test_a_log_that_changed_one_entry_is_convicted_between_any_two_sizes(one: int, other: int, draw: st.DataObject | None) -> None:
    small, large = sorted((one, other))
    at = draw.draw(st.integers(0, small - 1)) if draw else 0
    fork = convict(LEAVES[:small], rewritten(large, at))
    again = open_fork(fork.to_bytes(), KEY.verifier)
    assert again == fork == open_fork(fork.to_bytes())
    assert (again.earlier.size, again.later.size, again.earlier.origin) == (small, large, ORIGIN)
    assert (again.root is None) == (small == large)


@given(sizes, sizes)
def test_an_honest_log_is_never_convicted_by_its_own_growth(one: int, other: int) -> None:
    small, large = sorted((one, other))
    with pytest.raises(Rejected, match=r"fork\.none"):
        convict(LEAVES[:small], LEAVES[:large])
    if small < large:
        with pytest.raises(Incomplete, match=r"fork\.unproved"):
            find_fork(head(LEAVES[:small]), head(LEAVES[:large]), KEY.verifier)


@given(sizes, sizes, st.lists(st.binary(min_size=32, max_size=32), max_size=12), st.binary(min_size=32, max_size=32))
def test_no_invented_root_or_proof_convicts_an_honest_log(one: int, other: int, steps: list[bytes], root: bytes) -> None:
    small, large = sorted((one, other))
    assume(small < large)
    honest = list(consistency_proof(small, LEAVES[:large]))
    for proof in ([Digest(step) for step in steps], honest):
        with pytest.raises(Rejected, match=r"proof\.consistency"):
            find_fork(head(LEAVES[:small]), head(LEAVES[:large]), KEY.verifier, Digest(root), proof)


FORKS = [convict(LEAVES[:200], rewritten(300, 7)), convict(LEAVES[:300], rewritten(300, 7)), convict(LEAVES[:256], rewritten(300, 0))]


@given(st.sampled_from(FORKS), st.data())
def test_a_file_of_which_any_byte_was_changed_convicts_nobody(fork: Fork, draw: st.DataObject) -> None:
    data = bytearray(fork.to_bytes())
    at = draw.draw(st.integers(0, len(data) - 1))
    data[at] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(KuaError):
        open_fork(bytes(data), KEY.verifier)


@given(st.sampled_from(FORKS), st.integers(0, 3000))
def test_a_file_that_was_cut_convicts_nobody(fork: Fork, length: int) -> None:
    data = fork.to_bytes()
    with pytest.raises(Rejected, match=r"fork\.form"):
        open_fork(data[: min(length, len(data) - 1)])


def test_the_empty_log_contradicts_no_larger_one() -> None:
    with pytest.raises(Rejected, match=r"fork\.none"):
        find_fork(head([]), head(LEAVES[:3]), KEY.verifier)
    wrong = sign_checkpoint(Checkpoint(ORIGIN, 0, sha256(b"something")), KEY)
    assert find_fork(wrong, sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), KEY), KEY.verifier).root is None


def test_two_logs_or_two_keys_do_not_contradict_each_other() -> None:
    with pytest.raises(Rejected, match=r"fork\.other_log"):
        find_fork(head(LEAVES[:3]), head(rewritten(3, 0), origin=ORIGIN + "6"), KEY.verifier)
    stranger = SigningKey.from_seed(ORIGIN, bytes([1]) * 32)
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        find_fork(head(LEAVES[:3]), head(rewritten(3, 0), key=stranger), KEY.verifier)
    with pytest.raises(Rejected, match=r"fork\.other_key"):
        open_fork(FORKS[0].to_bytes(), stranger.verifier)


def test_a_co_signer_that_signed_both_is_convicted_under_its_own_key() -> None:
    party = SigningKey.from_seed("party.example/witness", bytes([2]) * 32)
    notes = []
    for leaves in (LEAVES[:9], rewritten(9, 0)):
        text = Checkpoint(ORIGIN, 9, root_of(leaves)).text()
        notes.append(Note(text, (cosign(text, party, 1_790_000_000),)).to_bytes())
    fork = find_fork(notes[0], notes[1], party.cosigner)
    assert open_fork(fork.to_bytes(), party.cosigner).key.name == "party.example/witness"


def changed(**members: object) -> bytes:
    return canonical({**json.loads(FORKS[0].to_bytes()), **members})


def lacking(*names: str) -> bytes:
    return canonical({name: value for name, value in json.loads(FORKS[0].to_bytes()).items() if name not in names})


BAD_FORMS = {
    "nothing": b"",
    "no JSON": b"{",
    "spaces": json.dumps(json.loads(FORKS[0].to_bytes())).encode(),
    "deep": b"[" * 100_000,
    "a list": b"[]",
    "version 2": changed(v=2),
    "version true": changed(v=True),
    "another type": changed(type="knife"),
    "one more member": changed(more=1),
    "no key": lacking("vkey"),
    "key is a number": changed(vkey=1),
    "root without proof": lacking("proof"),
    "proof without root": lacking("root"),
    "no proof": lacking("root", "proof"),
    "notes are three": changed(notes=["a", "b", "c"]),
    "notes are numbers": changed(notes=[1, 2]),
    "notes are one": changed(notes="ab"),
    "notes in the other order": changed(notes=json.loads(FORKS[0].to_bytes())["notes"][::-1]),
    "root upper case": changed(root=json.loads(FORKS[0].to_bytes())["root"].upper()),
    "root is a number": changed(root=1),
    "proof is text": changed(proof="x"),
    "proof of numbers": changed(proof=[1]),
    "proof without padding": changed(proof=["AA"]),
    "proof too long": changed(proof=[base64.b64encode(bytes(32)).decode()] * 65),
    "a root that is not needed": canonical({**json.loads(FORKS[1].to_bytes()), "root": "00" * 32, "proof": []}),
    "too large": b" " * (MAX_FORK + 1),
}


@pytest.mark.parametrize("name", BAD_FORMS)
def test_what_the_format_does_not_allow_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match=r"fork\.form"):
        open_fork(BAD_FORMS[name])


def test_a_step_that_is_no_hash_and_a_key_that_is_none_are_refused_too() -> None:
    with pytest.raises(Rejected, match=r"proof\.consistency"):
        open_fork(changed(proof=["AAAA"]))
    with pytest.raises(Rejected, match=r"key\.form"):
        open_fork(changed(vkey="nobody"))
