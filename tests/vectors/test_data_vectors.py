# SPDX-License-Identifier: Apache-2.0
"""The public vectors of the standards' own reference implementations (`make test-data`). They are not in the repository.

Where they are: `KUA_VECTORS`, else `vectors` in `KUA_DATA`, else `../shared/data/vectors` beside the repository. Absent, the tests fail.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from kua.core.canonical import canonical
from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.keys import VerifierKey, verifies
from kua.proof.merkle import check_consistency, check_inclusion
from kua.proof.note import open_note
from kua.verify.log import audit_log
from kua.verify.reading import open_reader

pytestmark = pytest.mark.data

REPOSITORY = Path(__file__).parents[2]


def vectors(name: str) -> Path:
    """Return the folder `name` of the vectors, and fail loudly with the path that was looked for."""
    held = os.environ.get("KUA_DATA") or str(REPOSITORY.parent / "shared" / "data")
    folder = Path(os.environ.get("KUA_VECTORS") or Path(held) / "vectors") / name
    if not folder.exists():
        pytest.fail(f"the public vectors are not at {folder.resolve()}: set KUA_VECTORS or KUA_DATA", pytrace=False)
    return folder


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def agrees(case: dict[str, Any], step: Any) -> bool:
    try:
        step()
    except Rejected:
        return bool(case["wantErr"])
    return not case["wantErr"]


def test_every_inclusion_proof_of_the_reference_is_judged_alike() -> None:
    files = sorted((vectors("merkle") / "inclusion").rglob("*.json"))
    assert len(files) >= 40
    for path in files:
        case = json.loads(path.read_bytes())
        leaf, root = Digest(decoded(case["leafHash"])), Digest(decoded(case["root"]))
        proof = [decoded(step) for step in case["proof"] or []]
        assert agrees(case, lambda c=case, n=leaf, r=root, p=proof: check_inclusion(c["leafIdx"], c["treeSize"], n, p, r)), path


def test_every_consistency_proof_of_the_reference_is_judged_alike() -> None:
    files = sorted((vectors("merkle") / "consistency").rglob("*.json"))
    assert len(files) >= 40
    for path in files:
        case = json.loads(path.read_bytes())
        roots = Digest(decoded(case["root1"])), Digest(decoded(case["root2"]))
        proof = [decoded(step) for step in case["proof"] or []]
        assert agrees(case, lambda c=case, r=roots, p=proof: check_consistency(c["size1"], c["size2"], *r, p)), path


def test_canonical_json_is_byte_for_byte_that_of_the_reference() -> None:
    inputs = sorted((vectors("jcs") / "input").glob("*.json"))
    assert len(inputs) >= 6
    for path in inputs:
        wanted = (path.parents[1] / "output" / path.name).read_bytes()
        assert canonical(json.loads(path.read_bytes())) == wanted, path.name


def test_every_ed25519_signature_of_wycheproof_is_judged_alike() -> None:
    table = json.loads((vectors("ed25519") / "ed25519_test.json").read_bytes())
    judged = 0
    for group in table["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            held = verifies(public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"]))
            assert held == (case["result"] == "valid"), case["tcId"]
            judged += 1
    assert judged == table["numberOfTests"]


@pytest.mark.parametrize("size", range(8))
def test_a_strangers_log_passes_at_every_checkpoint_and_only_grew(size: int) -> None:
    folder = vectors("tessera-log")
    vkey = (folder / "vkey.txt").read_text()
    head = (folder / f"checkpoint.{size}").read_bytes()
    for earlier in range(size + 1):
        since = (folder / f"checkpoint.{earlier}").read_bytes()
        report = audit_log(open_reader(str(folder)), vkey, checkpoint=head, since=since)
        assert report.exit_code == 0, report.to_json()
        assert [line.check for line in report.lines] == ["log.signature", "log.entries", "log.tiles", "log.root", "log.since"]
        assert report.summary["size"] == size


@pytest.mark.parametrize("size", range(7))
def test_a_strangers_log_that_shrank_is_caught(size: int) -> None:
    folder = vectors("tessera-log")
    vkey = (folder / "vkey.txt").read_text()
    head, since = ((folder / f"checkpoint.{number}").read_bytes() for number in (size, 7))
    report = audit_log(open_reader(str(folder)), vkey, checkpoint=head, since=since)
    assert report.exit_code == 1
    assert [line.code for line in report.lines if line.state == "FAIL"] == ["log.rolled_back"]


def test_the_strangers_key_opens_the_strangers_note() -> None:
    folder = vectors("tessera-log")
    key = VerifierKey.parse((folder / "vkey.txt").read_text().strip())
    _text, names = open_note((folder / "checkpoint.7").read_bytes(), [key])
    assert names == ("example.com/log/testdata",)


def test_a_strangers_log_is_cosigned_from_its_own_tiles_and_a_forged_one_is_not(tmp_path: Path) -> None:
    """The reference implementation's log, offered checkpoint by checkpoint with proofs out of its tiles."""
    from kua.app.witness import add_log, init, opened
    from kua.proof.addcheckpoint import AddCheckpoint
    from kua.proof.prover import Prover
    from kua.proof.tiles import decode_tile

    folder = vectors("tessera-log")
    key = VerifierKey.parse((folder / "vkey.txt").read_text().strip())
    vkeys = init(tmp_path / "w", "party.example/w", mark=tmp_path / "mark")
    add_log(tmp_path / "w", key.name, [key])
    prover = Prover(7, lambda tile: decode_tile((folder / tile.path).read_bytes()))
    known = 0
    with opened(tmp_path / "w") as cosigner:
        for size in (0, 1, 2, 3, 5, 7):
            note = (folder / f"checkpoint.{size}").read_bytes()
            steps = prover.consistency(known, size) if known else ()
            answer = cosigner.add(AddCheckpoint(known, steps, note).to_bytes())
            assert answer.status == 200, answer.body
            assert open_note(note + answer.body, vkeys)[1] == ("party.example/w",)
            known = size
        back = cosigner.add(AddCheckpoint(7, (), (folder / "checkpoint.5").read_bytes()).to_bytes())
        assert back.status == 400
