# SPDX-License-Identifier: Apache-2.0
"""Co-signatures, policies, proof files and fork files, for any input."""

import contextlib
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.digest import Digest, sha256
from kua.core.errors import KuaError, Rejected
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.cosign import CosigningKey, cosign, cosignatures, cosigned_at
from kua.proof.fork import Fork, check_fork, find_fork, read_fork
from kua.proof.head import MAX_SECONDS
from kua.proof.keys import QuantumKey, SigningKey, VerifierKey
from kua.proof.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from kua.proof.note import add_signatures, parse_note, sign_note
from kua.proof.policy import Policy, judge, parse_policy
from kua.proof.tlogproof import TlogProof, check_proof, read_proof

ORIGIN = "property.example/kz/nation"
LOG = SigningKey.from_seed(ORIGIN, bytes(range(32)))
OTHER_LOG = SigningKey.from_seed("property.example/other", bytes(range(32)))
ENTRIES = [b"entry %d" % number for number in range(300)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
FORGED = [leaf_hash(b"forged %d" % number) if number >= 5 else leaf for number, leaf in enumerate(LEAVES)]
OLD = [SigningKey.from_seed(f"witness.example/{number}", bytes([number]) * 32) for number in range(1, 5)]
NEW = [QuantumKey.from_seed(f"witness.example/{number}", bytes([number]) * 32) for number in range(5, 7)]
WITNESSES: list[CosigningKey] = [*OLD, *NEW]

ALL = "".join(f"witness W{number} {key.cosigner}\n" for number, key in enumerate(WITNESSES))
TREE = ALL + "group parties 2 W0 W1 W2\ngroup ngos any W3 W4\ngroup both all parties ngos\ngroup top 2 both W5\nquorum top\n"


def checkpoint(size: int, leaves: list[Digest] = LEAVES, origin: str = ORIGIN) -> bytes:
    return sign_checkpoint(Checkpoint(origin, size, root_of(leaves[:size])), LOG)


def cosigned(note: bytes, who: list[CosigningKey], seconds: int = 1_790_000_000) -> bytes:
    text = parse_note(note).text
    return add_signatures(note, [cosign(text, key, seconds + number) for number, key in enumerate(who)])


@pytest.mark.parametrize("key", [OLD[0], NEW[0]], ids=["ed25519", "ml-dsa-44"])
def test_a_cosignature_holds_for_its_key_its_text_and_its_time_only(key: CosigningKey) -> None:
    text = parse_note(checkpoint(7)).text
    made = cosign(text, key, 1_790_000_000)
    assert made.holds(key.cosigner, text)
    assert len(made.made) == (2428 if key in NEW else 72)
    for other in (checkpoint(8), checkpoint(7, FORGED), checkpoint(7, LEAVES, ORIGIN + "2")):
        assert not made.holds(key.cosigner, parse_note(other).text)
    for place in (0, 7, 8, 40, len(made.made) - 1):
        altered = made.made[:place] + bytes([made.made[place] ^ 1]) + made.made[place + 1 :]
        assert not type(made)(made.name, made.key_id, altered).holds(key.cosigner, text)
    assert not type(made)(made.name, made.key_id, made.made[:-1]).holds(key.cosigner, text)
    assert not type(made)(made.name, made.key_id, made.made + b"\x00").holds(key.cosigner, text)


def test_a_post_quantum_cosignature_names_its_maker() -> None:
    text, seed = parse_note(checkpoint(7)).text, bytes([9]) * 32
    one, two = QuantumKey.from_seed("witness.example/one", seed), QuantumKey.from_seed("witness.example/two", seed)
    assert not cosign(text, one, 1).holds(two.cosigner, text)


def test_a_time_of_more_than_63_bits_is_none() -> None:
    text = parse_note(checkpoint(7)).text
    with pytest.raises(ValueError, match=str(MAX_SECONDS + 1)):
        cosign(text, OLD[0], MAX_SECONDS + 1)
    message = f"cosignature/v1\ntime {MAX_SECONDS + 1}\n{text}".encode()
    late = type(cosign(text, OLD[0], 1))(OLD[0].name, OLD[0].cosigner.id, (MAX_SECONDS + 1).to_bytes(8, "big") + OLD[0].sign(message))
    assert not late.holds(OLD[0].cosigner, text)


def test_of_two_cosignatures_by_one_key_the_earlier_counts_and_a_time_of_zero_says_nothing() -> None:
    note, text = checkpoint(7), parse_note(checkpoint(7)).text
    twice = parse_note(add_signatures(note, [cosign(text, OLD[0], 20), cosign(text, OLD[0], 10), cosign(text, NEW[0], 0)]))
    assert cosigned_at(twice, OLD[0].cosigner) == 10
    assert [(one.key.name, one.seconds) for one in cosignatures(twice, [OLD[0].cosigner, NEW[0].cosigner])] == [
        (OLD[0].name, 10),
        (NEW[0].name, None),
    ]


def test_lines_that_only_a_post_quantum_key_signed_are_not_carried() -> None:
    head = Checkpoint(ORIGIN, 7, root_of(LEAVES[:7]))
    key = QuantumKey.from_seed(ORIGIN, bytes(32))
    text = head.text() + "extension\n"
    alone = parse_note(sign_note(text, [LOG]))
    by_both = type(alone)(text, (*alone.signatures, cosign(text, key, 1)))
    by_one = type(alone)(text.replace("extension", "altered"), (cosign(text, key, 1),))
    assert open_checkpoint(by_both.to_bytes(), [LOG.verifier, key.cosigner]).extensions == ("extension",)
    assert open_checkpoint(by_one.to_bytes(), key.cosigner) == head


# ---- policies --------------------------------------------------------------------------------------------------------


def by_rule(names: set[str]) -> bool:
    """The rule of `TREE`, written down as a person would say it."""
    parties, ngos = len(names & {"W0", "W1", "W2"}) >= 2, bool(names & {"W3", "W4"})
    return (parties and ngos) and "W5" in names


@given(st.sets(st.integers(0, 5)))
def test_every_set_of_cosigners_is_judged_by_the_rule(chosen: set[int]) -> None:
    policy = parse_policy(TREE.encode())
    names = {f"W{number}" for number in chosen}
    assert policy.met_by(names) == by_rule(names)


@settings(max_examples=64, deadline=None)
@given(st.sets(st.integers(0, 5)))
def test_a_checkpoint_holds_exactly_where_its_cosigners_are_a_quorum(chosen: set[int]) -> None:
    policy = parse_policy(TREE.encode())
    who = [WITNESSES[number] for number in sorted(chosen)]
    verdict = judge(policy, cosigned(checkpoint(7), who), [LOG.verifier], ORIGIN)
    assert {one.witness.name for one in verdict.seen} == {f"W{number}" for number in chosen}
    assert verdict.quorum == by_rule({f"W{number}" for number in chosen})
    assert verdict.times == ((1_790_000_000, 1_790_000_000 + len(who) - 1) if who else None)
    assert (verdict.by is not None) == verdict.quorum


def test_the_moment_of_the_quorum_is_not_moved_by_one_wrong_clock() -> None:
    policy = parse_policy((ALL + "group most 3 W0 W1 W2 W3\nquorum most\n").encode())
    note, text = checkpoint(7), parse_note(checkpoint(7)).text
    for liar in (1, MAX_SECONDS):
        times = (liar, 1000, 1010, 1020)
        signed = add_signatures(note, [cosign(text, key, at) for key, at in zip(OLD, times, strict=True)])
        by = judge(policy, signed, [LOG.verifier]).by
        assert by is not None
        assert 1000 <= by <= 1020


def test_who_is_no_cosigner_of_the_policy_does_not_count() -> None:
    policy = parse_policy(f"witness one {OLD[0].cosigner}\nquorum one\n".encode())
    verdict = judge(policy, cosigned(checkpoint(7), [OLD[1], *NEW]), [LOG.verifier])
    assert verdict.seen == ()
    assert not verdict.quorum


def test_a_cosignature_that_does_not_hold_spoils_the_checkpoint() -> None:
    policy = parse_policy(f"witness one {OLD[0].cosigner}\nquorum none\n".encode())
    other = cosign(parse_note(checkpoint(8)).text, OLD[0], 1)
    with pytest.raises(Rejected) as refusal:
        judge(policy, add_signatures(checkpoint(7), [other]), [LOG.verifier])
    assert refusal.value.code == "note.signature"


def test_a_log_of_the_policy_signs_for_its_own_origin_only() -> None:
    own = parse_policy(f"log {LOG.verifier}\nquorum none\n".encode())
    assert judge(own, checkpoint(7)).checkpoint.size == 7
    foreign = parse_policy(f"log {OTHER_LOG.verifier}\nquorum none\n".encode())
    signed = sign_note(Checkpoint(ORIGIN, 7, root_of(LEAVES[:7])).text(), [OTHER_LOG])
    with pytest.raises(Rejected) as refusal:
        judge(foreign, signed)
    assert refusal.value.code == "note.unknown_signer"


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_policy_or_are_refused_with_a_code(data: bytes) -> None:
    with contextlib.suppress(Rejected):
        assert isinstance(parse_policy(data), Policy)


LINES = [line for line in TREE.splitlines() if not line.startswith("witness")]


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_no_letter_of_a_policy_can_be_changed_without_its_being_another_policy_or_none(chance: random.Random) -> None:
    """What is changed and still read must be another policy: nothing is passed over but comments and spaces."""
    place, letter = chance.randrange(len(TREE)), chr(chance.randrange(32, 127))
    altered = TREE[:place] + letter + TREE[place + 1 :]
    try:
        read = parse_policy(altered.encode())
    except Rejected:
        return
    assert read != parse_policy(TREE.encode()) or altered == TREE or letter == "#" or TREE[place] in " \n"


# ---- proof files -----------------------------------------------------------------------------------------------------

POLICY = parse_policy((ALL + "group any-two 2 W0 W4\nquorum any-two\n").encode())


def proof_of(index: int, size: int, extra: bytes | None = None) -> TlogProof:
    note = cosigned(checkpoint(size), [OLD[0], NEW[0]])
    return TlogProof(index, inclusion_proof(index, LEAVES[:size]), note, extra)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.data(), st.none() | st.binary(min_size=1, max_size=100))
def test_a_proof_file_comes_back_as_it_was_and_holds_for_its_entry_only(size: int, draw: st.DataObject, extra: bytes | None) -> None:
    index = draw.draw(st.integers(0, size - 1))
    proof = proof_of(index, size, extra)
    assert read_proof(proof.to_bytes()) == proof
    verdict = check_proof(proof, ENTRIES[index], POLICY, [LOG.verifier], ORIGIN)
    assert verdict.quorum
    with pytest.raises(Rejected):
        check_proof(proof, ENTRIES[index] + b"!", POLICY, [LOG.verifier], ORIGIN)


GOOD_PROOF = proof_of(17, 300, b"extra")


@settings(max_examples=1500, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_byte_of_a_proof_file_can_be_changed_and_the_proof_still_mean_something_else(chance: random.Random) -> None:
    data = bytearray(GOOD_PROOF.to_bytes())
    place = chance.randrange(len(data))
    match chance.randrange(3):
        case 0:
            data[place] ^= 1 << chance.randrange(8)
        case 1:
            del data[place : place + chance.randrange(1, 5)]
        case _:
            data[place:place] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 5)))
    try:
        proof = read_proof(bytes(data))
        verdict = check_proof(proof, ENTRIES[17], POLICY, [LOG.verifier], ORIGIN)
    except KuaError:
        return
    assert (verdict.checkpoint, proof.index, proof.steps) == (checkpoint_of_300(), 17, GOOD_PROOF.steps)


def checkpoint_of_300() -> Checkpoint:
    return Checkpoint(ORIGIN, 300, root_of(LEAVES[:300]))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_proof_file_or_are_refused_with_a_code(data: bytes) -> None:
    for read in (read_proof, read_fork):
        for given_ in (data, GOOD_PROOF.to_bytes()[:40] + data, b"kua/fork/v1\n" + data):
            with pytest.raises(Rejected):
                read(given_)


# ---- fork files ------------------------------------------------------------------------------------------------------


def steps_of(earlier: int, later: int, leaves: list[Digest]) -> tuple[Digest, ...]:
    start = (root_of(leaves[:earlier]),) if earlier.bit_count() == 1 else ()
    return (*start, *consistency_proof(earlier, leaves[:later]))


@settings(max_examples=80, deadline=None)
@given(st.integers(6, 300), st.data())
def test_any_two_checkpoints_of_two_histories_make_a_fork_file_that_anybody_can_check(later: int, draw: st.DataObject) -> None:
    earlier = draw.draw(st.integers(6, later))
    one, other = checkpoint(earlier), checkpoint(later, FORGED)
    steps = () if earlier == later else steps_of(earlier, later, FORGED)
    fork = find_fork([LOG.verifier], one, other, steps)
    assert fork is not None
    read = read_fork(fork.to_bytes())
    assert read == fork
    shown = check_fork(read, [LOG.verifier])
    assert (shown.origin, shown.earlier.size, shown.later.size) == (ORIGIN, earlier, later)
    assert check_fork(Fork(read.keys, read.other, read.one, read.steps)) == shown or earlier == later


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_log_that_only_grew_is_never_accused(later: int, draw: st.DataObject) -> None:
    earlier = draw.draw(st.integers(1, later))
    proof = consistency_proof(earlier, LEAVES[:later])
    broken = [sha256(step) for step in proof]
    for steps in (proof, steps_of(earlier, later, LEAVES), broken, steps_of(earlier, later, FORGED)):
        assert find_fork([LOG.verifier], checkpoint(earlier), checkpoint(later), steps) is None


@settings(max_examples=600, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_byte_of_a_fork_file_can_be_changed_and_another_log_be_accused(chance: random.Random) -> None:
    fork = Fork((LOG.verifier,), checkpoint(11), checkpoint(299, FORGED), steps_of(11, 299, FORGED))
    data = bytearray(fork.to_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    try:
        shown = check_fork(read_fork(bytes(data)), [LOG.verifier])
    except KuaError:
        return
    assert shown == check_fork(fork)


def test_a_fork_file_is_checked_against_the_keys_that_the_reader_knows() -> None:
    stranger = SigningKey.from_seed(ORIGIN, bytes([7]) * 32)
    notes = [sign_checkpoint(Checkpoint(ORIGIN, 11, root_of(leaves[:11])), stranger) for leaves in (LEAVES, FORGED)]
    fork = find_fork([stranger.verifier], *notes)
    assert fork is not None
    with pytest.raises(Rejected) as refusal:
        check_fork(fork, [LOG.verifier])
    assert refusal.value.code == "note.unknown_signer"


def test_keys_of_both_kinds_travel() -> None:
    for key in (OLD[0].cosigner, NEW[0].cosigner, LOG.verifier):
        assert VerifierKey.parse(str(key)) == key
    assert QuantumKey.from_pem(NEW[0].name, NEW[0].to_pem()).cosigner == NEW[0].cosigner
    for name, pem, kind in ((NEW[0].name, NEW[0].to_pem(), SigningKey), (OLD[0].name, OLD[0].to_pem(), QuantumKey)):
        with pytest.raises(KuaError) as refusal:
            kind.from_pem(name, pem)
        assert refusal.value.code == "key.pem"
