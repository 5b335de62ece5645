# SPDX-License-Identifier: Apache-2.0
"""The day on which Ed25519 is broken: anybody makes any Ed25519 signature. What ML-DSA-44 keys have signed holds on, and nothing else does."""

import pytest

from kua.core.errors import Rejected
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import QuantumKey, SigningKey, VerifierKey
from kua.proof.merkle import inclusion_proof, leaf_hash, root_of
from kua.proof.note import Note, add_signatures, parse_note
from kua.proof.policy import judge, parse_policy
from kua.proof.tlogproof import TlogProof, check_proof

ORIGIN = "later.example/kz/nation"
NATION, NATION_TOO = SigningKey.from_seed(ORIGIN, b"1" * 32), QuantumKey.from_seed(ORIGIN, b"2" * 32)
OLD = [SigningKey.from_seed(f"party{number}.example", bytes([number]) * 32) for number in (3, 4)]
NEW = [QuantumKey.from_seed(f"party{number}.example", bytes([number]) * 32) for number in (5, 6)]
LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(9)]
FALSE = [leaf_hash(b"another leaf %d" % number) for number in range(9)]
AT = 1_790_000_000

BOTH = "".join(f"witness {kind}{number} {key.cosigner}\n" for kind, keys in (("o", OLD), ("n", NEW)) for number, key in enumerate(keys))
LOGS = f"log {NATION.verifier}\nlog {NATION_TOO.cosigner}\n"
TODAY = parse_policy(f"{LOGS}{BOTH}group old 2 o0 o1\ngroup new 2 n0 n1\ngroup both all old new\nquorum both\n".encode())
"""The policy that the election was held under: both kinds of keys."""
LATER = parse_policy(f"log {NATION_TOO.cosigner}\n{BOTH}group new 2 n0 n1\nquorum new\n".encode())
"""The same policy, read by a court that has struck out every Ed25519 key."""


def genuine() -> bytes:
    note = sign_checkpoint(Checkpoint(ORIGIN, 9, root_of(LEAVES)), NATION)
    text = parse_note(note).text
    return add_signatures(note, [cosign(text, key, AT) for key in (NATION_TOO, *OLD, *NEW)])


def forged() -> bytes:
    """Another tree, under every Ed25519 key of the policy and no other: what whoever broke Ed25519 can make."""
    note = sign_checkpoint(Checkpoint(ORIGIN, 9, root_of(FALSE)), NATION)
    text = parse_note(note).text
    return add_signatures(note, [cosign(text, key, AT) for key in OLD])


def test_with_every_ed25519_key_struck_out_the_genuine_record_still_holds() -> None:
    text = parse_note(genuine()).text
    without = Note(text, tuple(each for each in parse_note(genuine()).signatures if not any(each.is_by(key) for key in _ed25519())))
    for note in (genuine(), without.to_bytes()):
        verdict = judge(LATER, note, origin=ORIGIN)
        assert verdict.quorum
        assert verdict.by == AT
        assert verdict.checkpoint.root == root_of(LEAVES)
        proof = TlogProof(4, inclusion_proof(4, LEAVES), note, None)
        assert check_proof(proof, b"leaf 4", LATER).quorum
    assert judge(TODAY, genuine()).quorum


def test_what_is_forged_with_every_ed25519_key_is_no_record() -> None:
    ed25519_alone = parse_policy(f"log {NATION.verifier}\n{BOTH}group old 2 o0 o1\nquorum old\n".encode())
    assert judge(ed25519_alone, forged()).quorum, "it is a good forgery"
    assert not judge(TODAY, forged()).quorum
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        judge(LATER, forged())


def _ed25519() -> list[VerifierKey]:
    return [NATION.verifier, *(key.cosigner for key in OLD)]
