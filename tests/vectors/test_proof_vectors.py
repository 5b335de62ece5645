# SPDX-License-Identifier: Apache-2.0
"""Our own language-neutral vectors, run through `kua.proof`: each valid case is taken, each forged one refused with its code."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from kua.core.digest import Digest
from kua.core.errors import KuaError
from kua.core.instant import Instant
from kua.proof.base64 import from_base64
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.census import check_census
from kua.proof.leaf import Leaf, Unknown, read_leaf
from kua.proof.merkle import check_consistency, check_inclusion, leaf_hash, root_of
from kua.proof.cosign import cosigned_at
from kua.proof.fork import check_fork, read_fork
from kua.proof.note import open_note, parse_note
from kua.proof.persons import check_calibration, issuers_by_role
from kua.proof.paper import PaperCode, note_from_paper, paper_code, read_paper_code
from kua.proof.policy import judge, parse_policy
from kua.proof.receipt import check_receipt
from kua.proof.tiles import decode_bundle, encode_bundle, parse_tile_path, tiles_of
from kua.proof.tlogproof import check_proof, read_proof
from kua.proof.upload import check_upload

HERE = Path(__file__).parent / "proof"
TOOL = Path(__file__).parents[2] / "tools" / "make_vectors.py"


def load(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_bytes())


def check(case: dict[str, Any], step: Any) -> Any:
    """Run one case; return what the step returned if the case is valid."""
    if case["valid"]:
        return step()
    with pytest.raises(KuaError) as refusal:
        step()
    assert refusal.value.code == case["code"], case["name"]
    return None


def digest(text: str) -> Digest:
    return Digest(bytes.fromhex(text))


def test_the_vectors_are_exactly_what_the_tool_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_vectors", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    for part in tool.PARTS:
        if part.startswith("proof/"):
            assert (HERE.parent / part).read_bytes() == tool.written(part), part


def test_roots() -> None:
    for case in load("merkle")["roots"]:
        assert root_of(leaf_hash(b"entry %d" % number) for number in range(case["size"])).hex() == case["root"]


def test_inclusion() -> None:
    for case in load("merkle")["inclusion"]:
        proof = [bytes.fromhex(step) for step in case["proof"]]
        check(case, lambda c=case, p=proof: check_inclusion(c["index"], c["size"], digest(c["leaf"]), p, digest(c["root"])))


def test_consistency() -> None:
    for case in load("merkle")["consistency"]:
        proof = [bytes.fromhex(step) for step in case["proof"]]
        roots = digest(case["earlier_root"]), digest(case["later_root"])
        check(case, lambda c=case, r=roots, p=proof: check_consistency(c["earlier"], c["later"], *r, p))


def test_keys() -> None:
    for case in load("keys"):
        key = check(case, lambda c=case: VerifierKey.parse(c["line"]))
        assert key is None or str(key) == case["line"]


def test_notes() -> None:
    for case in load("notes"):
        keys = [VerifierKey.parse(line) for line in case["vkeys"]]
        opened = check(case, lambda c=case, k=keys: open_note(c["note"].encode(), k))
        if opened:
            assert opened == (case["text"], tuple(case["signers"])), case["name"]
            assert parse_note(case["note"].encode()).to_bytes() == case["note"].encode()


def test_checkpoints() -> None:
    for case in load("checkpoints"):
        note = case["note"].encode()
        opened = check(case, lambda c=case, n=note: open_checkpoint(n, VerifierKey.parse(c["vkey"]), c["origin"]))
        if opened:
            assert (opened.size, opened.root.hex()) == (case["size"], case["root"])
        if "cosigner" in case:
            assert cosigned_at(parse_note(note), VerifierKey.parse(case["cosigner"])) == case["cosigned_at"]


def test_paper() -> None:
    vectors = load("paper")
    for case in vectors["codes"]:
        assert paper_code(case["text"]) == PaperCode(case["size"], case["code"])
    for case in vectors["read"]:
        told = check(case, lambda c=case: read_paper_code(c["written"]))
        if told:
            assert told == PaperCode(case["size"], case["is"]), case["name"]
    for case in vectors["scanned"]:
        assert note_from_paper(case["given"].encode()).decode() == case["note"]


def test_cosignatures() -> None:
    for case in load("cosignatures"):
        note, key = parse_note(case["note"].encode()), VerifierKey.parse(case["vkey"])
        assert check(case, lambda n=note, k=key: cosigned_at(n, k)) == case["seconds"], case["name"]


def test_policies() -> None:
    vectors = load("policies")
    for case in vectors["read"]:
        check(case, lambda c=case: parse_policy(c["policy"].encode()))
    for case in (*vectors["judged"], vectors["second_key"]):
        policy = parse_policy(case["policy"].encode())
        verdict = check(case, lambda c=case, p=policy: judge(p, c["note"].encode()))
        if verdict is not None:
            told = ({one.witness.name for one in verdict.seen}, verdict.quorum, verdict.by)
            assert told == (set(case["witnesses"]), case["quorum"], case["by"]), case["name"]


def test_proof_files() -> None:
    for case in load("tlog-proofs"):
        policy = parse_policy(case["policy"].encode())
        verdict = check(case, lambda c=case, p=policy: check_proof(read_proof(c["proof"].encode()), c["entry"].encode(), p))
        if verdict is not None:
            assert verdict.quorum, case["name"]
            assert read_proof(case["proof"].encode()).to_bytes() == case["proof"].encode()


def test_forks() -> None:
    for case in load("forks"):
        keys = [VerifierKey.parse(line) for line in case["vkeys"]]
        shown = check(case, lambda c=case, k=keys: check_fork(read_fork(c["fork"].encode()), k))
        if shown is not None:
            assert [shown.earlier.size, shown.later.size] == case["sizes"], case["name"]


def test_tiles() -> None:
    vectors = load("tiles")
    for case in vectors["names"]:
        tile = check(case, lambda c=case: parse_tile_path(c["path"]))
        assert tile is None or (tile.level, tile.index, tile.width) == (case["level"], case["index"], case["width"])
    for case in vectors["of_size"]:
        assert [tile.path for tile in tiles_of(case["size"])] == case["files"]
    for case in vectors["bundles"]:
        entries = check(case, lambda c=case: decode_bundle(bytes.fromhex(c["bundle"]), c["width"]))
        if entries is not None:
            assert [entry.hex() for entry in entries] == case["entries"]
            assert encode_bundle(entries).hex() == case["bundle"]


def test_the_standards_own_example_of_seventy_thousand_entries() -> None:
    levels = [tile for tile in tiles_of(70_000) if tile.level != "entries"]
    told = load("tiles")["count_of_size_70000"]
    assert [sum(tile.level == level for tile in levels) for level in range(3)] == [told["level 0"], told["level 1"], told["level 2"]]
    assert [tile for tile in levels if tile.level == 0][-1].path == told["last of level 0"]


def test_uploads() -> None:
    for case in load("uploads"):
        key, signature = VerifierKey.parse(case["vkey"]), from_base64(case["signature"])
        request = (case["method"], case["path"], digest(case["digest"]), Instant(case["at"]), signature)
        now = Instant(case["now"])
        check(case, lambda c=case, k=key, r=request, n=now: check_upload(k, *r, now=n, trusted=c["trusted"]))


def test_receipts() -> None:
    for case in load("receipts"):
        key = VerifierKey.parse(case["vkey"])
        check(case, lambda c=case, k=key: check_receipt(c["note"].encode(), k, c["origin"], digest(c["digest"]), c["size"]))


def test_leaves() -> None:
    for case in load("leaves"):
        leaf = check(case, lambda c=case: read_leaf(c["entry"].encode(), c["log"]))
        assert not case["valid"] or isinstance(leaf, Leaf if case["known"] else Unknown), case["name"]


@pytest.mark.parametrize("case", load("calibrations")["calibrations"], ids=lambda case: case["name"].replace(" ", "-"))
def test_calibrations(case: dict[str, Any]) -> None:
    issuers = issuers_by_role((role, line) for role, lines in case["issuers"].items() for line in lines)
    people = check(
        case,
        lambda: check_calibration(
            case["note"].encode(),
            election=case["election"],
            station=case["station"],
            camera=case["camera"],
            file=digest(case["file"]),
            certificates=[each.encode() for each in case["certificates"]],
            issuers=issuers,
        ),
    )
    assert people is None or [person.key.name for person in people] == case["signers"]


@pytest.mark.parametrize("case", load("censuses"), ids=lambda case: case["name"].replace(" ", "-"))
def test_censuses(case: dict[str, Any]) -> None:
    issuers = issuers_by_role((role, line) for role, lines in case["issuers"].items() for line in lines)
    people = check(
        case,
        lambda: check_census(
            case["note"].encode(),
            election=case["election"],
            station=case["station"],
            file=digest(case["file"]),
            certificates=[each.encode() for each in case["certificates"]],
            issuers=issuers,
        ),
    )
    assert people is None or [person.key.name for person in people] == case["signers"]
