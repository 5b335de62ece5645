# SPDX-License-Identifier: Apache-2.0
"""Keys at rest, headers of uploads, certificates and the commission's signatures: what the vectors do not say."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kua.core.digest import sha256
from kua.core.errors import Misused, Rejected
from kua.core.instant import Instant
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.merkle import EMPTY_ROOT, Frontier, consistency_proof, inclusion_proof
from kua.proof.cosign import cosign, cosigned_at
from kua.proof.note import add_signatures, open_note, parse_note, sign_note, sign_text
from kua.proof.persons import Person, check_election, check_person, issue_person, issuers_by_role, person_name, sign_election
from kua.proof.tiles import MAX_ENTRY, Edge, encode_bundle
from kua.proof.upload import check_upload, read_upload_headers, upload_headers

STATION = SigningKey.from_seed("test.example/e/s/10-245", bytes(32))
ISSUER = SigningKey.from_seed("test.example/commission/1", bytes([1]) * 32)
OTHER = SigningKey.from_seed("test.example/commission/2", bytes([2]) * 32)
CHAIR = SigningKey.from_seed(person_name("chair", "10-245"), bytes([3]) * 32)
FILE = sha256(b"election")


def test_a_key_survives_its_file_and_never_shows_itself() -> None:
    again = SigningKey.from_pem(STATION.name, STATION.to_pem())
    assert again.verifier == STATION.verifier
    assert again.sign(b"x") == STATION.sign(b"x")
    assert "PRIVATE" not in repr(STATION)
    assert bytes(32).hex() not in repr(STATION)


@pytest.mark.parametrize("pem", [b"", b"hello", STATION.to_pem()[:-40], STATION.to_pem().replace(b"M", b"N", 1)])
def test_a_damaged_key_file_is_refused_by_name(pem: bytes) -> None:
    with pytest.raises(Misused, match=r"key\.pem"):
        SigningKey.from_pem("station", pem)


def test_a_key_of_another_kind_is_refused() -> None:
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(Misused, match=r"key\.pem"):
        SigningKey.from_pem("station", pem)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\u2003b"])
def test_a_name_that_no_note_may_hold_is_refused(name: str) -> None:
    with pytest.raises(Rejected, match=r"key\.name"):
        SigningKey.from_seed(name, bytes(32))
    with pytest.raises(Rejected, match=r"key\.name"):
        VerifierKey(name, STATION.verifier.public)


def test_a_text_that_no_note_may_hold_is_not_signed() -> None:
    for text in ("no newline", "tab\there\n", ""):
        with pytest.raises(ValueError):
            sign_text(text, STATION)
    with pytest.raises(ValueError):
        sign_note("text\n", [])


def test_a_cosignature_is_not_a_signature_of_the_log() -> None:
    checkpoint = Checkpoint(STATION.name, 0, EMPTY_ROOT)
    alone = add_signatures(sign_checkpoint(checkpoint, OTHER), [cosign(checkpoint.text(), STATION, 1_773_565_200)])
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        open_checkpoint(alone, STATION.verifier)
    assert cosigned_at(parse_note(alone), STATION.cosigner) == 1_773_565_200
    assert open_note(alone, [STATION.cosigner])[1] == (STATION.name,)
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        cosigned_at(parse_note(alone), OTHER.cosigner)


def test_a_cosignature_with_another_time_or_length_does_not_hold() -> None:
    text = Checkpoint(STATION.name, 0, EMPTY_ROOT).text()
    made = cosign(text, STATION, 1_773_565_200)
    for forged in (made.made[:7] + bytes([made.made[7] ^ 1]) + made.made[8:], made.made[:-1], made.made + b"\x00"):
        note = add_signatures(sign_note(text, [OTHER]), [type(made)(made.name, made.key_id, forged)])
        with pytest.raises(Rejected, match=r"note\.signature"):
            cosigned_at(parse_note(note), STATION.cosigner)


def test_the_headers_of_an_upload_carry_all_that_its_check_needs() -> None:
    body, at = sha256(b"segment"), Instant(1_773_565_200_000)
    headers = upload_headers(STATION, "PUT", "/x", body, at)
    claim = read_upload_headers({name.lower(): value for name, value in headers.items()})
    assert (claim.station, claim.at, claim.digest) == (STATION.name, at, body)
    check_upload(STATION.verifier, "PUT", "/x", claim.digest, claim.at, claim.signature, now=at, trusted=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"Kua-Time": "01"},
        {"Kua-Time": "-1"},
        {"Kua-Time": "1e3"},
        {"Kua-Digest": "AB" * 32},
        {"Kua-Digest": "00"},
        {"Kua-Signature": "AAA"},
    ],
)
def test_a_misspelt_header_is_refused(changed: dict[str, str]) -> None:
    headers = upload_headers(STATION, "PUT", "/x", sha256(b""), Instant(0)) | changed
    with pytest.raises(Rejected, match=r"upload\.headers"):
        read_upload_headers(headers)


@pytest.mark.parametrize("name", ["Kua-Station", "Kua-Time", "Kua-Digest", "Kua-Signature"])
def test_an_absent_header_is_refused(name: str) -> None:
    headers = upload_headers(STATION, "PUT", "/x", sha256(b""), Instant(0))
    del headers[name]
    with pytest.raises(Rejected, match=r"upload\.headers"):
        read_upload_headers(headers)


def test_a_certificate_names_a_person_only_through_the_issuer_of_that_role() -> None:
    person = Person("chair", "kz-2026-kurultai", "10-245", CHAIR.verifier)
    issuers = issuers_by_role([("chair", str(ISSUER.verifier)), ("observer", str(OTHER.verifier))])
    assert check_person(issue_person(ISSUER, person), issuers) == person
    for note in (issue_person(OTHER, person), issue_person(CHAIR, person)):
        with pytest.raises(Rejected, match=r"note\.unknown_signer"):
            check_person(note, issuers)
    with pytest.raises(Rejected, match=r"note\.unknown_signer"):
        check_person(issue_person(ISSUER, person), {})


def test_a_certificate_for_a_key_with_another_place_in_its_name_is_not_issued() -> None:
    with pytest.raises(Rejected, match=r"person\.form"):
        issue_person(ISSUER, Person("chair", "kz-2026-kurultai", "10-24", CHAIR.verifier))


def test_several_observers_of_one_station_have_names_of_their_own() -> None:
    key = SigningKey.from_seed(person_name("observer", "10-245", 2), bytes([4]) * 32)
    person = Person("observer", "kz-2026-kurultai", "10-245", key.verifier)
    assert key.name == "person/observer/10-245/2"
    assert check_person(issue_person(ISSUER, person), {"observer": [ISSUER.verifier]}) == person


def test_the_election_file_holds_with_as_many_different_keys_as_are_needed() -> None:
    keys = [ISSUER.verifier, OTHER.verifier]
    given = {"election": "kz-2026-kurultai", "version": 2, "file": FILE, "keys": keys}
    both = sign_election([ISSUER, OTHER], "kz-2026-kurultai", 2, FILE)
    twice = sign_election([ISSUER, ISSUER], "kz-2026-kurultai", 2, FILE)
    assert check_election(both, **given, needed=2) == (ISSUER.name, OTHER.name)
    assert check_election(twice, **given) == (ISSUER.name,)
    with pytest.raises(Rejected, match=r"election\.signatures"):
        check_election(twice, **given, needed=2)
    for changed in ({"version": 3}, {"election": "kz-2027"}, {"file": sha256(b"other")}):
        with pytest.raises(Rejected, match=r"election\.other"):
            check_election(both, **(given | changed))


def test_what_cannot_be_asked_of_a_tree_is_a_fault_of_the_caller() -> None:
    for wrong in (lambda: inclusion_proof(0, []), lambda: consistency_proof(0, []), lambda: Frontier(3, [EMPTY_ROOT])):
        with pytest.raises(ValueError):
            wrong()


def test_an_entry_too_long_for_a_bundle_is_refused_before_anything_is_kept() -> None:
    edge = Edge()
    for wrong in (lambda: edge.append([b"fine", bytes(MAX_ENTRY + 1)]), lambda: encode_bundle([bytes(MAX_ENTRY + 1)])):
        with pytest.raises(Rejected, match=r"tile\.entry"):
            wrong()
    assert edge.size == 0
    assert edge.append([bytes(MAX_ENTRY)])


def test_a_right_edge_whose_entries_and_hashes_disagree_is_not_taken_up() -> None:
    files = Edge().append([b"one", b"two"])
    files["tile/entries/000.p/2"] = encode_bundle([b"one", b"TWO"])
    with pytest.raises(Rejected, match=r"tile\.mismatch"):
        Edge.taken_up(2, files.__getitem__)
