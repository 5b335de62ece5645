# SPDX-License-Identifier: Apache-2.0
"""Objection 5: the channels must be protected from outside influence. What an attacker sends or alters is caught, at the centre and at the reader.

A real centre answers a box that is written from the specification; the readers' half alters published vectors. Nobody is promised that attacks
do not happen: only that they show.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from kua.core.digest import sha256
from kua.core.errors import Rejected
from kua.proof.base64 import from_base64, to_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf, read_leaf
from kua.proof.merkle import check_consistency, check_inclusion, consistency_proof, inclusion_proof, leaf_hash, root_of
from kua.proof.tiles import decode_bundle, encode_bundle
from kua.verify.film import verify_film
from kua.verify.log import audit_log
from kua.verify.reading import open_reader
from kua.verify.report import Report
from tests.rigs.centre import START, Box, HandClock, found, running

INIT, FILM = b"init" * 50, b"film" * 1000
PUBLISHED = Path(__file__).parent.parent / "vectors" / "published" / "intact"
STATION = "s/10-245"
SEGMENT = f"{STATION}/film/a/0badcafe-443391302.m4s"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def box(tmp_path: Path, clock: HandClock) -> AsyncIterator[Box]:
    """A station that has enrolled and logged one segment, which it has not sent yet."""
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        assert (await box.enrol()).status_code == 201
        box.open()
        box.film(FILM, INIT)
        assert (await box.send_log()).status_code == 200
        yield box


async def second_station(box: Box) -> Box:
    """Another enrolled station of the same election, with a key of its own."""
    name = next(station.id for station in box.centre.held.election.stations if station.id != box.station)
    other = Box(box.centre, box.web, name)
    assert (await other.enrol()).status_code == 201
    other.open()
    return other


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return the status and our stable code of a refusal."""
    return answer.status_code, answer.json()["code"]


def convictions(box: Box) -> set[str]:
    """Return why the centre kept evidence."""
    return {case["code"] for case in box.centre.evidence.cases()}


def size(box: Box) -> int:
    """Return how much of the station's log the centre holds."""
    return box.centre.ingest.state(box.station)["size"]


# ------------------------------------------------------------------------------------------------------------- on the way to the centre


async def test_an_honest_upload_is_taken(box: Box) -> None:
    assert (await box.put(FILM)).status_code == 201


async def test_an_upload_signed_by_somebody_else_is_refused(box: Box) -> None:
    impostor = Box(box.centre, box.web, box.station, key=SigningKey.from_seed(box.origin, sha256(b"not the station")))
    assert code(await impostor.put(FILM)) == (401, "upload.signature")
    assert code(await impostor.send_log()) == (401, "upload.signature")
    assert size(box) == 2
    assert sha256(FILM).hex() not in box.centre.members.get(box.station).received


async def test_a_signature_with_one_turned_bit_is_refused_whichever_it_is(box: Box) -> None:
    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    headers = box.signed("PUT", path, sha256(FILM))
    for bit in range(0, 512, 7):
        signature = bytearray(from_base64(headers["Kua-Signature"]))
        signature[bit // 8] ^= 1 << bit % 8
        forged = headers | {"Kua-Signature": to_base64(bytes(signature))}
        assert code(await box.web.put(path, content=FILM, headers=forged)) == (401, "upload.signature"), bit


async def test_a_segment_altered_on_the_way_is_refused_and_kept_as_evidence(box: Box) -> None:
    altered = bytes([FILM[0] ^ 1]) + FILM[1:]
    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    answer = await box.web.put(path, content=altered, headers=box.signed("PUT", path, sha256(FILM)))
    assert code(answer) == (422, "ingest.digest")
    assert "ingest.digest" in convictions(box)
    assert (await box.put(FILM)).status_code == 201, "the honest bytes are still welcome"


async def test_a_film_that_the_station_never_logged_is_refused_even_with_its_signature(box: Box) -> None:
    assert code(await box.put(b"a film from elsewhere")) == (404, "ingest.no_leaf")


async def test_a_leaf_altered_on_the_way_is_refused(box: Box) -> None:
    box.film(b"the next segment", INIT)
    shown = read_leaf(box.entries[-1]).body
    forged = make_leaf("segment", **{name: value for name, value in shown.items() if name not in {"v", "type"}} | {"sha256": "f" * 64})
    answer = await box.send_log(entries=[to_base64(forged)])
    assert answer.status_code == 409
    assert answer.json()["code"] == "log.fork"
    assert size(box) == 2


async def test_the_request_of_one_station_does_not_serve_another(box: Box) -> None:
    other = await second_station(box)
    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    headers = box.signed("PUT", path, sha256(FILM))
    assert (await box.web.put(path, content=FILM, headers=headers)).status_code == 201
    moved = path.replace(box.prefix, other.prefix)
    assert code(await box.web.put(moved, content=FILM, headers=headers)) == (401, "upload.signature")
    renamed = headers | {"Kua-Station": other.origin}
    assert code(await box.web.put(moved, content=FILM, headers=renamed)) == (401, "upload.signature")


async def test_a_station_cannot_pass_off_another_stations_film_as_its_own(box: Box) -> None:
    other = await second_station(box)
    assert (await other.send_log()).status_code == 200
    assert (await box.put(FILM)).status_code == 201
    assert code(await other.put(FILM)) == (404, "ingest.no_leaf")


async def test_an_old_request_is_refused_and_a_fresh_repetition_changes_nothing(box: Box, clock: HandClock) -> None:
    path = f"{box.prefix}/blob/{sha256(FILM).hex()}"
    headers = box.signed("PUT", path, sha256(FILM))
    first = await box.web.put(path, content=FILM, headers=headers)
    again = await box.web.put(path, content=FILM, headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content, "the same receipt, not a second one"
    clock.at = START + 300_001
    assert code(await box.web.put(path, content=FILM, headers=headers)) == (401, "upload.stale")


async def test_a_log_that_was_rolled_back_is_refused_and_both_heads_prove_it(box: Box) -> None:
    honest = box.checkpoint()
    box.entries[1:], box.seq, box.end = [], 0, START
    box.film(b"a kinder film", INIT)
    box.sent = 0
    answer = await box.send_log()
    assert code(answer) == (409, "log.fork")
    assert "log.fork" in convictions(box)
    assert size(box) == 2
    one, two = (open_checkpoint(note, box.key.verifier, box.origin) for note in (honest, box.checkpoint()))
    assert one.size == two.size
    assert one.root != two.root


async def test_a_log_that_was_cut_short_does_not_shorten_the_centres_copy(box: Box) -> None:
    box.entries = box.entries[:1]
    box.sent = 0
    answer = await box.send_log()
    assert answer.json() == {"size": 2}, "a true earlier head says nothing new, and takes nothing away"
    assert size(box) == 2


# ----------------------------------------------------------------------------------------------------------------------- at the reader


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A published election that may be spoilt."""
    shutil.copytree(PUBLISHED, tmp_path / "tree")
    return tmp_path / "tree"


def failed(report: Report) -> set[str]:
    """Return the codes of the lines that say FAIL."""
    return {line.code for line in report.lines if line.state == "FAIL"}


def entries_of(tree: Path) -> list[bytes]:
    """Return the leaves of the station's log."""
    return list(decode_bundle((tree / STATION / "tile/entries/000.p/9").read_bytes()))


def test_a_reader_sees_that_a_published_segment_was_altered(tree: Path) -> None:
    held = bytearray((tree / SEGMENT).read_bytes())
    held[len(held) // 2] ^= 1
    (tree / SEGMENT).write_bytes(held)
    report = verify_film(str(tree))
    assert report.exit_code == 1
    assert "film.segment_altered" in failed(report)


def test_a_reader_sees_that_a_published_leaf_was_altered(tree: Path) -> None:
    entries = entries_of(tree)
    entries[3] = entries[3].replace(b'"frames":40', b'"frames":39')
    (tree / STATION / "tile/entries/000.p/9").write_bytes(encode_bundle(entries))
    report = audit_log(open_reader(str(tree / STATION)), (tree / STATION / "vkey").read_text())
    assert report.exit_code == 1
    assert "log.tile_differs" in failed(report)


def test_whoever_owns_the_centre_but_not_the_stations_key_cannot_sign_a_new_history(tree: Path) -> None:
    entries = [entry.replace(b'"frames":40', b'"frames":39') for entry in entries_of(tree)]
    origin = open_reader(str(tree / STATION)).read("vkey", 4096).decode().split("+")[0]
    thief = SigningKey.from_seed(origin, sha256(b"the centre"))
    note = sign_checkpoint(Checkpoint(origin, len(entries), root_of(map(leaf_hash, entries))), thief)
    (tree / STATION / "checkpoint").write_bytes(note)
    report = audit_log(open_reader(str(tree / STATION)), (tree / STATION / "vkey").read_text())
    assert report.exit_code == 1
    assert any(line.check == "log.signature" and line.state == "FAIL" for line in report.lines)


def test_a_reader_who_kept_a_head_sees_that_the_log_was_rolled_back(tree: Path) -> None:
    kept = (tree / STATION / "checkpoint").read_bytes()
    entries = entries_of(tree)
    name = "vectors.example/vectors-2026/s/10-245"
    key = SigningKey.from_seed(name, sha256(f"kua test vectors, not a secret: {name}".encode()))
    shorter = sign_checkpoint(Checkpoint(key.name, 8, root_of(map(leaf_hash, entries[:8]))), key)
    reader, vkey = open_reader(str(tree / STATION)), (tree / STATION / "vkey").read_text()
    assert str(key.verifier) == vkey.strip()
    assert audit_log(reader, vkey, since=kept).exit_code == 0
    assert failed(audit_log(reader, vkey, checkpoint=shorter, since=kept)) == {"log.rolled_back"}
    entries[2] = entries[2].replace(b'"reason":"starting"', b'"reason":"camera_lost"')
    rewritten = sign_checkpoint(Checkpoint(key.name, 9, root_of(map(leaf_hash, entries))), key)
    assert "log.forked" in failed(audit_log(reader, vkey, checkpoint=rewritten, since=kept))


def test_no_proof_carries_an_altered_leaf_or_a_rewritten_tree() -> None:
    leaves = [leaf_hash(str(number).encode()) for number in range(9)]
    proof = inclusion_proof(4, leaves)
    check_inclusion(4, 9, leaves[4], proof, root_of(leaves))
    with pytest.raises(Rejected, match=r"proof\.inclusion"):
        check_inclusion(4, 9, leaf_hash(b"altered"), proof, root_of(leaves))
    grown = [*leaves, leaf_hash(b"9")]
    rewritten = [*leaves[:4], leaf_hash(b"altered"), *grown[5:]]
    check_consistency(9, 10, root_of(leaves), root_of(grown), consistency_proof(9, grown))
    for tree in (grown, rewritten):
        with pytest.raises(Rejected, match=r"proof\.consistency"):
            check_consistency(9, 10, root_of(leaves), root_of(rewritten), consistency_proof(9, tree))


@pytest.mark.parametrize(
    ("kind", "state", "code"),
    [("cosigned", "PASS", "film.cosigned"), ("cosigned-too-few", "MISSING", "film.cosigned_few"), ("cosigned-fork", "FAIL", "film.cosigned_other")],
)
def test_a_second_history_of_the_national_log_is_found_by_whom_outsiders_vouch_for(kind: str, state: str, code: str) -> None:
    """The centre has its key and may sign what it likes: what it cannot have is the signatures of parties and associations under both."""
    report = verify_film(str(PUBLISHED.parent / kind))
    line = next(line for line in report.lines if line.check == "co-signers")
    assert (line.state, line.code) == (state, code)
