# SPDX-License-Identifier: Apache-2.0
"""Makes the language-neutral vectors of `tests/vectors`: valid cases, and each with every field forged. `make vectors` calls it.

All keys come from fixed seeds and all times are fixed, so the same files come out on every machine. What a case expects is written down
by hand here (`valid`, `code`), never asked of the code under test. One thing is different each time it is made: a signature of ML-DSA-44
(FIPS 204 section 3.4). Those made once are kept in `proof/ml-dsa-44.json` and used again while they hold.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import Instant
from kua.proof.base64 import from_base64, to_base64
from kua.proof.census import census_text
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.fork import Fork
from kua.proof.head import subtree_message
from kua.proof.hours import hour_name, sign_seal
from kua.proof.keys import QuantumKey, SigningKey, verifies_ml_dsa
from kua.proof.merkle import EMPTY_ROOT, consistency_proof, inclusion_proof, leaf_hash, root_of
from kua.proof.cosign import cosign
from kua.proof.note import Note, Signature, add_signatures, parse_note, sign_note, sign_text
from kua.proof.persons import Person, calibration_text, issue_person, person_name, sign_calibration, sign_count
from kua.proof.receipt import Receipt, sign_receipt
from kua.proof.tiles import Tile, encode_bundle
from kua.proof.tlogproof import TlogProof
from kua.proof.upload import sign_upload

VECTORS = Path(__file__).parent.parent / "tests" / "vectors"
Case = dict[str, Any]

ELECTION, STATION, CAMERA = "kz-2026-kurultai", "10-245", "a"
ORIGIN = f"vectors.example/{ELECTION}/s/{STATION}"


def key(name: str) -> SigningKey:
    """Make the test key called `name`: its seed is the SHA-256 of a public sentence, so it protects nothing."""
    return SigningKey.from_seed(name, sha256(f"kua test vectors, not a secret: {name}".encode()))


def case(name: str, code: str | None = None, **given: Any) -> Case:
    """Describe one case: `code` is the error that a reader must raise, None where the case is valid."""
    return {"name": name, "valid": code is None, "code": code, **given}


def flipped(data: bytes, at: int = 0) -> bytes:
    """Return `data` with the lowest bit of byte `at` turned."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def merkle() -> dict[str, Any]:
    """Inclusion and consistency proofs over the entries `entry 0`, `entry 1`, ..."""
    leaves = [leaf_hash(f"entry {number}".encode()) for number in range(300)]
    return {
        "entry": "the ASCII bytes of `entry N`",
        "roots": [{"size": size, "root": root_of(leaves[:size]).hex()} for size in (0, 1, 2, 3, 4, 5, 7, 8, 255, 256, 257, 300)],
        "inclusion": [*_inclusion(leaves)],
        "consistency": [*_consistency(leaves)],
    }


def _inclusion(leaves: list[Any]) -> Iterator[Case]:
    code = "proof.inclusion"
    for index, size in ((0, 1), (0, 2), (1, 3), (2, 3), (4, 5), (3, 8), (6, 7), (255, 256), (256, 257), (17, 300), (299, 300)):
        good = {
            "index": index,
            "size": size,
            "leaf": leaves[index].hex(),
            "proof": [step.hex() for step in inclusion_proof(index, leaves[:size])],
            "root": root_of(leaves[:size]).hex(),
        }
        at = f"{index} of {size}"
        yield case(f"{at}", **good)
        yield case(f"{at}: index out of the tree", code, **{**good, "index": size})
        yield case(f"{at}: negative index", code, **{**good, "index": -1})
        yield case(f"{at}: another size", code, **{**good, "size": 2 * size + 1})
        yield case(f"{at}: empty tree", code, **{**good, "size": 0})
        yield case(f"{at}: another leaf", code, **{**good, "leaf": flipped(leaves[index]).hex()})
        yield case(f"{at}: short leaf", code, **{**good, "leaf": leaves[index][:31].hex()})
        yield case(f"{at}: another root", code, **{**good, "root": flipped(root_of(leaves[:size])).hex()})
        yield case(f"{at}: a step too many", code, **{**good, "proof": [*good["proof"], leaves[0].hex()]})
        yield case(f"{at}: an empty step too many", code, **{**good, "proof": [*good["proof"], ""]})
        for step in range(len(good["proof"])):
            forged = [*good["proof"]]
            forged[step] = flipped(bytes.fromhex(forged[step])).hex()
            yield case(f"{at}: step {step} altered", code, **{**good, "proof": forged})
            yield case(f"{at}: step {step} left out", code, **{**good, "proof": good["proof"][:step] + good["proof"][step + 1 :]})


def _consistency(leaves: list[Any]) -> Iterator[Case]:
    code = "proof.consistency"
    yield case("0 to 0", code, earlier=0, later=0, earlier_root=EMPTY_ROOT.hex(), later_root=EMPTY_ROOT.hex(), proof=[])
    yield case("0 to 3", code, earlier=0, later=3, earlier_root=EMPTY_ROOT.hex(), later_root=root_of(leaves[:3]).hex(), proof=[])
    for earlier, later in ((1, 1), (1, 2), (2, 3), (3, 7), (4, 7), (6, 8), (7, 8), (128, 300), (255, 256), (256, 257), (299, 300)):
        good = {
            "earlier": earlier,
            "later": later,
            "earlier_root": root_of(leaves[:earlier]).hex(),
            "later_root": root_of(leaves[:later]).hex(),
            "proof": [step.hex() for step in consistency_proof(earlier, leaves[:later])],
        }
        at = f"{earlier} to {later}"
        yield case(at, **good)
        yield case(f"{at}: from nothing", code, **{**good, "earlier": 0})
        yield case(f"{at}: backwards", code, **{**good, "later": earlier - 1})
        yield case(f"{at}: another later size", code, **{**good, "later": 2 * later + 1})
        yield case(f"{at}: another earlier root", code, **{**good, "earlier_root": flipped(root_of(leaves[:earlier])).hex()})
        yield case(f"{at}: another later root", code, **{**good, "later_root": flipped(root_of(leaves[:later])).hex()})
        yield case(f"{at}: a step too many", code, **{**good, "proof": [*good["proof"], leaves[0].hex()]})
        if earlier != later:
            swapped = {"earlier_root": good["later_root"], "later_root": good["earlier_root"]}
            yield case(f"{at}: roots changed about", code, **{**good, **swapped})
            yield case(f"{at}: no proof", code, **{**good, "proof": []})
        for step in range(len(good["proof"])):
            forged = [*good["proof"]]
            forged[step] = flipped(bytes.fromhex(forged[step])).hex()
            yield case(f"{at}: step {step} altered", code, **{**good, "proof": forged})


KEPT = "proof/ml-dsa-44.json"
_made: dict[str, str] = {}


def quantum(name: str) -> QuantumKey:
    """Make the ML-DSA-44 test key called `name`."""
    return QuantumKey.from_seed(name, sha256(f"kua test vectors, not a secret: {name}, ML-DSA-44".encode()))


def quantum_line(text: str, signer: QuantumKey, seconds: int) -> Signature:
    """Co-sign with ML-DSA-44; a signature that was made once for the same message and still holds is used again."""
    message = subtree_message(signer.name, seconds, text)
    name = sha256(signer.cosigner.public + message).hex()
    path = VECTORS / KEPT
    held = json.loads(path.read_bytes()).get(name, "") if path.exists() else ""
    made = from_base64(_made.get(name, held))
    if not verifies_ml_dsa(signer.cosigner.public, made, message):
        made = signer.sign(message)
    _made[name] = to_base64(made)
    return Signature(signer.name, signer.cosigner.id, seconds.to_bytes(8, "big") + made)


def kept_signatures() -> dict[str, str]:
    """The signatures that the other parts use, by the SHA-256 of public key and message."""
    for part in (cosignatures, policies, tlogproofs, forks):
        part()
    return dict(sorted(_made.items()))


NATION = f"vectors.example/{ELECTION}/nation"
AT = 1_773_565_200


def _tree(word: str) -> list[Any]:
    """Leaf hashes of `entry N`; from the sixth on, of another history if `word` is not `entry`."""
    return [leaf_hash(f"{'entry' if number < 5 else word} {number}".encode()) for number in range(70)]


def _nation(size: int, word: str = "entry") -> bytes:
    return sign_checkpoint(Checkpoint(NATION, size, root_of(_tree(word)[:size])), key(NATION))


def cosignatures() -> list[Case]:
    """Timed co-signatures of both kinds, over a checkpoint's text; `seconds` is what the line says."""
    classic, modern = key("vectors.example/party/1"), quantum("vectors.example/party/1")
    note = parse_note(_nation(7))
    text, other = note.text, parse_note(_nation(8)).text
    cases = []
    for kind, line, wrong, vkey in (
        ("ed25519", cosign(text, classic, AT), cosign(other, classic, AT), classic.cosigner),
        ("ml-dsa-44", quantum_line(text, modern, AT), quantum_line(other, modern, AT), modern.cosigner),
    ):
        def one(name: str, made: Signature, code: str | None = None, over: str = text, vkey: Any = vkey, kind: str = kind) -> Case:
            return case(f"{kind}: {name}", code, vkey=str(vkey), note=Note(over, (made,)).to_bytes().decode(), seconds=None if code else made.seconds)

        cases += [
            one("good", line),
            one("over another checkpoint", wrong, "note.signature"),
            one("text altered", line, "note.signature", text.replace("\n7\n", "\n9\n")),
            one("time altered", Signature(line.name, line.key_id, flipped(line.made, 7)), "note.signature"),
            one("time beyond 63 bits", Signature(line.name, line.key_id, b"\xff" + line.made[1:]), "note.signature"),
            one("signature altered", Signature(line.name, line.key_id, flipped(line.made, 40)), "note.signature"),
            one("cut short", Signature(line.name, line.key_id, line.made[:-1]), "note.signature"),
            one("a byte too many", Signature(line.name, line.key_id, line.made + b"\x00"), "note.signature"),
            one("by somebody else", line, "note.unknown_signer", vkey=key("vectors.example/party/2").cosigner),
        ]
    zero = quantum_line(text, modern, 0)
    extended = text + "extension\n"
    return [
        *cases,
        case("ml-dsa-44: no time", vkey=str(modern.cosigner), note=Note(text, (zero,)).to_bytes().decode(), seconds=0),
        case(
            "ml-dsa-44: lines that it does not cover", vkey=str(modern.cosigner),
            note=Note(extended, (quantum_line(text, modern, AT),)).to_bytes().decode(), seconds=AT,
        ),
        case("ed25519: an extension line is covered", "note.signature", vkey=str(classic.cosigner),
             note=Note(extended, (cosign(text, classic, AT),)).to_bytes().decode(), seconds=None),
    ]  # fmt: skip


def policies() -> dict[str, Any]:
    """Policies that are read or refused, and what checkpoints they accept."""
    log, second = key(NATION), quantum(NATION)
    party, ngo, judge = key("vectors.example/party/1"), key("vectors.example/ngo/1"), quantum("vectors.example/university")
    witness = [f"witness party {party.cosigner}", f"witness ngo {ngo.cosigner} https://ngo.example/w", f"witness uni {judge.cosigner}"]
    good = [f"log {log.verifier}", *witness, "group two 2 party ngo uni", "quantum", "quorum two"]
    good.remove("quantum")

    def read(name: str, lines: list[str], code: str | None = "policy.form", end: str = "\n") -> Case:
        return case(name, code, policy="\n".join(lines) + end)

    def changed(name: str, before: str, after: str, code: str | None = "policy.form") -> Case:
        return read(name, [line.replace(before, after) if line.startswith(before) else line for line in good], code)

    text = parse_note(_nation(7)).text
    lines = {"party": cosign(text, party, AT), "ngo": cosign(text, ngo, AT + 10), "uni": quantum_line(text, judge, AT + 20)}

    def judged(name: str, who: list[str], quorum: bool, by: int | None, code: str | None = None, note: bytes | None = None) -> Case:
        signed = add_signatures(_nation(7), [lines[each] for each in who]) if note is None else note
        return case(name, code, policy="\n".join(good) + "\n", note=signed.decode(), witnesses=who, quorum=quorum, by=by)

    twice = add_signatures(_nation(7), [lines["party"], lines["party"]])
    spoilt = add_signatures(_nation(7), [lines["party"], cosign(parse_note(_nation(8)).text, ngo, AT)])
    return {
        "read": [
            read("good", good, None),
            read("comments, empty lines, tabs", ["# a comment", "", "\t # another", *[line.replace(" ", " \t ", 1) for line in good]], None),
            read("no logs, no co-signers", ["quorum none"], None),
            read("one co-signer", [witness[0], "quorum party"], None),
            read("a name outside ASCII", [witness[0].replace(" party ", " партия "), "quorum партия"], None),
            read("groups of groups", [*witness, "group a any party", "group b all ngo uni", "group c all a b", "quorum c"], None),
            read("empty", [], end=""),
            read("no quorum", good[:-1]),
            read("two quorums", [*good, "quorum two"]),
            read("no newline at the end", good, end=""),
            read("carriage returns", good, end="\r\n"),
            read("unknown line", [*good, "threshold 2"]),
            read("quorum of nobody", [*good[:-1], "quorum three"]),
            read("quorum before its group", [*witness, "quorum two", "group two 2 party ngo"]),
            read("a group that names a later one", [*witness, "group a any b", "group b any party", "quorum a"]),
            read("a group that names itself", [*witness, "group a any a party", "quorum a"]),
            read("a member twice", [*witness, "group a 2 party party", "quorum a"]),
            read("a member of two groups", [*witness, "group a any party", "group b any party ngo", "quorum b"]),
            read("none as a member", [*witness, "group a any none party", "quorum a"]),
            read("none as a name", [witness[0].replace(" party ", " none "), "quorum none"]),
            read("a name twice", [*witness, "group party any ngo", "quorum party"]),
            read("a key twice", [witness[0], witness[0].replace(" party ", " other "), "quorum party"]),
            read("a key twice under another name",
                 [witness[0], f"witness other {SigningKey.from_seed('vectors.example/x', sha256(b'kua test vectors, not a secret: vectors.example/party/1')).cosigner}",
                  "quorum party"]),
            read("a log twice", [good[0], *good]),
            read("a log's key for a co-signer", [f"witness log {log.verifier}", "quorum log"]),
            read("no members", [*witness, "group a any", "quorum a"]),
            changed("threshold of nought", "group two 2", "group two 0"),
            changed("threshold above the members", "group two 2", "group two 4"),
            changed("threshold with a leading zero", "group two 2", "group two 02"),
            changed("threshold with a sign", "group two 2", "group two +2"),
            changed("a word too many", good[0], good[0] + " https://a https://b"),
            changed("a key that is none", good[1], "witness party hello", "key.form"),
            changed("a key with another id", good[1], good[1].replace(party.cosigner.id.hex(), "00000000"), "key.id"),
        ],
        "judged": [
            judged("nobody", [], False, None),
            judged("one of three", ["party"], False, None),
            judged("two of three", ["party", "ngo"], True, AT + 10),
            judged("two of three, other kinds", ["uni", "ngo"], True, AT + 20),
            judged("all", ["party", "ngo", "uni"], True, AT + 10),
            judged("one that signed twice", ["party"], False, None, note=twice),
            judged("a line that does not hold", [], False, None, "note.signature", spoilt),
            judged("another log", [], False, None, "note.unknown_signer", sign_note(text, [key("vectors.example/other")])),
            judged("a log of the policy for another origin", [], False, None, "note.unknown_signer",
                   sign_note(text.replace("/nation\n", "/nation2\n"), [log])),
        ],
        "second_key": case(
            "a log's ML-DSA-44 key alone", policy=f"log {second.cosigner}\nquorum none\n",
            note=Note(text, (quantum_line(text, second, AT),)).to_bytes().decode(), witnesses=[], quorum=True, by=None,
        ),
    }  # fmt: skip


def tlogproofs() -> list[Case]:
    """Proof files for `entry N` under a policy of one co-signer."""
    party = key("vectors.example/party/1")
    policy = f"log {key(NATION).verifier}\nwitness party {party.cosigner}\nquorum party\n"
    leaves = _tree("entry")

    def proof(index: int, size: int, extra: bytes | None = None) -> bytes:
        note = _nation(size)
        signed = add_signatures(note, [cosign(parse_note(note).text, party, AT)])
        return TlogProof(index, inclusion_proof(index, leaves[:size]), signed, extra).to_bytes()

    good = proof(3, 7).decode()

    def one(name: str, text: str, code: str | None = None, entry: str = "entry 3") -> Case:
        return case(name, code, policy=policy, entry=entry, proof=text)

    return [
        one("3 of 7", good),
        one("0 of 1", proof(0, 1).decode(), entry="entry 0"),
        one("4 of 70", proof(4, 70).decode(), entry="entry 4"),
        one("with extra data", proof(3, 7, b"extra").decode()),
        one("another entry", good, "proof.inclusion", "entry 4"),
        one("another place", good.replace("index 3", "index 4"), "proof.inclusion"),
        one("place beyond the log", good.replace("index 3", "index 7"), "proof.inclusion"),
        one("a hash left out", good.replace(good.split("\n")[2] + "\n", "", 1), "proof.inclusion"),
        one("a hash too many", good.replace("index 3\n", "index 3\n" + good.split("\n")[2] + "\n"), "proof.inclusion"),
        one("64 hashes", good.replace("index 3\n", "index 3\n" + (good.split("\n")[2] + "\n") * 64), "tlogproof.form"),
        one("checkpoint altered", good.replace("\n7\n", "\n8\n"), "note.signature"),
        one("another version", good.replace("@v1", "@v2"), "tlogproof.form"),
        one("place with a leading zero", good.replace("index 3", "index 03"), "tlogproof.form"),
        one("no place", good.replace("index 3\n", ""), "tlogproof.form"),
        one("empty extra data", good.replace("index 3", "extra \nindex 3"), "tlogproof.form"),
        one("extra data after the place", good.replace("index 3\n", "index 3\nextra ZXh0cmE=\n"), "tlogproof.form"),
        one("a short hash", good.replace(good.split("\n")[2], to_base64(bytes(31))), "tlogproof.form"),
        one("no empty line", good.replace("\n\n", "\n", 1), "note.form"),
        one("carriage returns", good.replace("\n", "\r\n"), "tlogproof.form"),
        one("empty", "", "tlogproof.form"),
    ]


def forks() -> list[Case]:
    """Two checkpoints of one log in one file, and what is no contradiction. `vkeys` are the log's, as the reader knows them."""
    log = key(NATION)
    true, false = _tree("entry"), _tree("forged")

    def steps(earlier: int, later: int, leaves: list[Any]) -> tuple[Any, ...]:
        start = [root_of(leaves[:earlier])] if earlier.bit_count() == 1 else []
        return (*start, *consistency_proof(earlier, leaves[:later]))

    def one(name: str, fork: Fork | str, code: str | None = None, sizes: list[int] | None = None, vkey: str = str(log.verifier)) -> Case:
        text = fork if isinstance(fork, str) else fork.to_bytes().decode()
        return case(name, code, vkeys=[vkey], fork=text, sizes=sizes)

    same = Fork((log.verifier,), _nation(9), _nation(9, "forged"))
    text = same.to_bytes().decode()
    stranger = sign_note(parse_note(_nation(9, "forged")).text, [key("vectors.example/other")])
    other = sign_checkpoint(Checkpoint(NATION + "2", 9, root_of(false[:9])), log)
    return [
        one("one size, two roots", same, sizes=[9, 9]),
        one("two sizes", Fork((log.verifier,), _nation(9), _nation(70, "forged"), steps(9, 70, false)), sizes=[9, 70]),
        one("two sizes, the larger first", Fork((log.verifier,), _nation(70, "forged"), _nation(9), steps(9, 70, false)), sizes=[9, 70]),
        one("from a power of two", Fork((log.verifier,), _nation(8), _nation(70, "forged"), steps(8, 70, false)), sizes=[8, 70]),
        one("one root twice", Fork((log.verifier,), _nation(9), _nation(9)), "fork.none"),
        one("a log that only grew", Fork((log.verifier,), _nation(9), _nation(70), steps(9, 70, true)), "fork.none"),
        one("two sizes without hashes", Fork((log.verifier,), _nation(9), _nation(70, "forged")), "fork.none"),
        one("hashes of another tree", Fork((log.verifier,), _nation(9), _nation(70), steps(9, 70, false)), "fork.none"),
        one("one size with hashes", Fork(same.keys, same.one, same.other, steps(9, 70, false)), "fork.none"),
        one("two logs", Fork((log.verifier,), _nation(9), other), "checkpoint.origin"),
        one("one signed by a stranger", Fork((log.verifier, key("vectors.example/other").verifier), _nation(9), stranger), "note.unknown_signer"),
        one("keys that the reader does not know", same, "note.unknown_signer", vkey=str(key("vectors.example/other").verifier)),
        one("another version", text.replace("/v1", "/v2"), "fork.form"),
        one("no key", text.replace(f"key {log.verifier}\n", ""), "fork.form"),
        one("hash before the key", text.replace("kua/fork/v1\n", f"kua/fork/v1\nstep {to_base64(bytes(32))}\n"), "fork.form"),
        one("one note only", text.rpartition("\n\n")[0].rpartition("\n\n")[0] + "\n", "fork.form"),
        one("three notes", text + "\n" + _nation(9).decode(), "fork.form"),
        one("checkpoint altered", text.replace("\n9\n", "\n10\n", 1), "note.signature"),
        one("empty", "", "fork.form"),
    ]


def keys() -> list[Case]:
    """Verifier key lines."""
    good = str(key(ORIGIN).verifier)
    name, ident, material = good.split("+", 2)
    weak = to_base64(b"\x01\x01" + bytes(31))
    return [
        case("a key for notes", line=good),
        case("a key for co-signatures", line=str(key("vectors.example/party/1").cosigner)),
        case("an ML-DSA-44 key", line=str(quantum("vectors.example/party/1").cosigner)),
        case("an ML-DSA-44 key of another length", "key.public", line=f"{name}+{ident}+{to_base64(bytes([6]) * 33)}"),
        case("no name", "key.name", line=f"+{ident}+{material}"),
        case("space in the name", "key.name", line=f"a b+{ident}+{material}"),
        case("another name", "key.id", line=f"{name}x+{ident}+{material}"),
        case("another id", "key.id", line=f"{name}+00000000+{material}"),
        case("id in capitals", "key.form", line=f"{name}+ABCDEF01+{material}"),
        case("no id", "key.form", line=f"{name}+{material.replace('+', '')}"),
        case("not base64", "key.form", line=f"{name}+{ident}+{material[:-1]}!"),
        case("no padding", "key.form", line=f"{name}+{ident}+{material[:-2]}"),
        case("no material", "key.form", line=f"{name}+{ident}+"),
        case("short key", "key.public", line=f"{name}+{ident}+{to_base64(bytes([1]) * 32)}"),
        case("unknown kind", "key.kind", line=f"{name}+{ident}+{to_base64(bytes([9]) + bytes(range(32)))}"),
        case("a point of small order", "key.public", line=f"{name}+{ident}+{weak}"),
    ]


def notes() -> list[Case]:
    """Signed notes of one, two and unknown signers, and broken ones."""
    one, two, stranger = key("vectors.example/one"), key("vectors.example/two"), key("vectors.example/stranger")
    known = [str(one.verifier), str(two.verifier)]
    text = "first line\n\nlast line: куә\n"
    good = sign_note(text, [one, two]).decode()
    body, lines = good.rsplit("\n\n", 1)
    first, second = lines.splitlines()

    def note(name: str, written: str, signers: list[str] | None = None, code: str | None = None, text: str | None = text) -> Case:
        return case(name, code, vkeys=known, note=written, signers=signers, text=text if code is None else None)

    hidden = sign_text(text, one)
    forged = type(hidden)(hidden.name, hidden.key_id, flipped(hidden.made, 10)).line()
    return [
        note("two signers", good, [one.name, two.name]),
        note("one signer", sign_note(text, [two]).decode(), [two.name]),
        note("known and unknown", sign_note(text, [stranger, one]).decode(), [one.name]),
        note("the same line twice", f"{body}\n\n{first}\n{first}\n", [one.name]),
        note("sixteen signatures", f"{body}\n\n{first}\n" * 1 + sign_text(text, stranger).line() * 15, [one.name]),
        note("unknown only", sign_note(text, [stranger]).decode(), code="note.unknown_signer"),
        note(
            "a known name with another key",
            sign_note(text, [SigningKey.from_seed(one.name, bytes(32))]).decode(),
            code="note.unknown_signer",
        ),
        note("text altered", good.replace("first", "First"), code="note.signature"),
        note("signature altered", f"{body}\n\n{forged}", code="note.signature"),
        note("one of two altered", f"{body}\n\n{forged}{second}\n", code="note.signature"),
        note("no blank line", f"{body}\n{first}\n", code="note.form"),
        note("no signature", f"{body}\n\n", code="note.form"),
        note("no last newline", good[:-1], code="note.form"),
        note("an empty line after", good + "\n", code="note.form"),
        note("hyphen for dash", good.replace("\N{EM DASH}", "-"), code="note.form"),
        note("two spaces", good.replace(f" {one.name} ", f" {one.name}  "), code="note.form"),
        note("plus in a name", good.replace(one.name, "a+b"), code="note.form"),
        note("base64 without padding", good.replace(first, first.rstrip("=")), code="note.form"),
        note("base64 with other spare bits", good.replace(first, _spare_bits(first)), code="note.form"),
        note("short signature", f"{body}\n\n\N{EM DASH} {one.name} {to_base64(one.verifier.id)}\n", code="note.form"),
        note("tab in the text", good.replace("first line", "first\tline"), code="note.form"),
        note("carriage return", good.replace("\n", "\r\n"), code="note.form"),
        note("a hundred and one signatures", f"{body}\n\n" + f"{first}\n" * 101, code="note.form"),
        note("empty", "", code="note.form"),
    ]


def _spare_bits(line: str) -> str:
    """Respell a base64 that ends in one `=` so that it decodes to the same bytes: the two lowest bits of its last letter count for nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    stem = line.rstrip("=")
    return stem[:-1] + alphabet[alphabet.index(stem[-1]) ^ 1] + "=" * (len(line) - len(stem))


def checkpoints() -> list[Case]:
    """Checkpoints of a station's log, signed and co-signed."""
    station, party = key(ORIGIN), key("vectors.example/party/1")
    root = leaf_hash(b"entry 0")
    text = Checkpoint(ORIGIN, 1, root).text()
    seconds = 1_773_565_200

    def signed(name: str, written: str, code: str | None = None, **facts: Any) -> Case:
        return case(name, code, vkey=str(station.verifier), origin=ORIGIN, note=sign_note(written, [station]).decode(), **facts)

    cosigned = add_signatures(sign_checkpoint(Checkpoint(ORIGIN, 1, root), station), [cosign(text, party, seconds)]).decode()
    facts = {"size": 1, "root": root.hex()}
    return [
        signed("one entry", text, **facts),
        signed("no entries", Checkpoint(ORIGIN, 0, EMPTY_ROOT).text(), size=0, root=EMPTY_ROOT.hex()),
        signed("with an extension line", text + "extension\n", **facts),
        {**signed("co-signed", text, **facts), "note": cosigned, "cosigner": str(party.cosigner), "cosigned_at": seconds},
        signed("leading zero in the size", text.replace("\n1\n", "\n01\n"), "checkpoint.form"),
        signed("plus in the size", text.replace("\n1\n", "\n+1\n"), "checkpoint.form"),
        signed("negative size", text.replace("\n1\n", "\n-1\n"), "checkpoint.form"),
        signed("Arabic digit", text.replace("\n1\n", "\n\N{ARABIC-INDIC DIGIT ONE}\n"), "checkpoint.form"),
        signed("size past 63 bits", text.replace("\n1\n", f"\n{2**63}\n"), "checkpoint.form"),
        signed("short root", f"{ORIGIN}\n1\n{to_base64(root[:31])}\n", "checkpoint.form"),
        signed("root without padding", text.replace("=\n", "\n"), "checkpoint.form"),
        signed("two lines", f"{ORIGIN}\n1\n", "checkpoint.form"),
        signed("an empty extension line", text + "\nextension\n", "checkpoint.form"),
        signed("another log", Checkpoint(ORIGIN + "6", 1, root).text(), "checkpoint.origin"),
        {**signed("size altered", text, "note.signature"), "note": sign_note(text, [station]).decode().replace("\n1\n", "\n2\n")},
        {**signed("key of another log", text, "note.unknown_signer"), "vkey": str(key("vectors.example/one").verifier)},
    ]


CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def by_hand(text: str) -> str:
    """Reckon the code of a checkpoint for paper another way than `kua.proof.paper` does: by looking for the two letters with which both sums are zero."""
    digest = sha256(b"kua/paper/v1\n" + text.encode())
    bits = "".join(f"{byte:08b}" for byte in digest)
    letters = [int(bits[at : at + 5], 2) for at in range(0, 130, 5)]
    powers = [1]
    while len(powers) < 31:
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 32 else doubled)

    def total(word: list[int], root: int) -> int:
        """The word as a polynomial, highest power first, at 2^root."""
        found = 0
        for at, letter in enumerate(reversed(word)):
            found ^= 0 if letter == 0 else powers[(powers.index(letter) + root * at) % 31]
        return found

    (checks,) = [[a, b] for a in range(32) for b in range(32) if total([*letters, a, b], 1) == total([*letters, a, b], 2) == 0]
    spelt = "".join(CROCKFORD[letter] for letter in (*letters, *checks))
    return "-".join(spelt[at : at + 4] for at in range(0, 28, 4))


def papers() -> dict[str, Any]:
    """Checkpoints on paper: the code, how it may be written, and what a scanner makes of a note."""
    station = key(ORIGIN)
    texts = [Checkpoint(ORIGIN, size, leaf_hash(f"entry {size}".encode())).text() for size in (1, 2, 21_457, 2**53 - 1)]
    code, note = by_hand(texts[0]), sign_note(texts[0], [station]).decode()
    letters = code.replace("-", "")
    slipped = letters[:3] + CROCKFORD[CROCKFORD.index(letters[3]) ^ 1] + letters[4:]
    swapped = letters[1] + letters[0] + letters[2:]

    def read(name: str, written: str, code: str | None = None) -> Case:
        return case(name, code, written=written, **({} if code else {"size": 1, "is": by_hand(texts[0])}))

    return {
        "codes": [{"text": text, "size": int(text.split("\n")[1]), "code": by_hand(text)} for text in texts],
        "read": [
            read("as written", f"1 {code}"),
            read("lower case, blanks", f"1 {code.lower().replace('-', ' ')}"),
            read("no hyphens, a colon", f" 1: {letters} "),
            read("letters for digits", f"1 {code.replace('0', 'O').replace('1', 'I')}"),
            read("one letter wrong", f"1 {slipped}", "paper.slip"),
            read("two neighbours swapped", f"1 {swapped}", "paper.slip"),
            read("a letter too few", f"1 {letters[:-1]}", "paper.form"),
            read("a letter too many", f"1 {letters}0", "paper.form"),
            read("no number", letters, "paper.form"),
            read("a leading zero", f"01 {letters}", "paper.form"),
            read("a letter that there is none of", f"1 {letters[:-1]}U", "paper.form"),
        ],
        "scanned": [{"given": given, "note": note} for given in (note, note.strip(), note.replace("\n", "\r\n"), note.replace("\n\n", "\n"), f"  {note}\n\n")],
    }


def tiles() -> dict[str, Any]:
    """Names of files, files of a tree, and bundles."""
    names = [
        ("tile/0/000", 0, 0, 256),
        ("tile/0/x001/x234/067", 0, 1_234_067, 256),
        ("tile/entries/000.p/5", "entries", 0, 5),
        ("tile/63/001.p/255", 63, 1, 255),
        ("tile/entries/x001/000", "entries", 1000, 256),
    ]
    bad = (
        "tile/64/000", "tile/00/000", "tile/0/00", "tile/0/x000/001", "tile/0/001/x000", "tile/0/000.p/0", "tile/0/000.p/256",
        "tile/0/000.p/05", "tile/-1/000", "tile/entries/../000", "/tile/0/000", "tile/0/000/", "tile/0/000.p", "tile/data/000", "checkpoint",
        "tile/0/\N{ARABIC-INDIC DIGIT ONE}00", "tile/0/000\n",
    )  # fmt: skip
    bundle = encode_bundle([b"one", b"", b"three"])
    return {
        "names": [case(path, path=path, level=level, index=index, width=width) for path, level, index, width in names]
        + [case(f"not a name: {path!r}", "tile.path", path=path) for path in bad],
        "of_size": [
            {"size": 0, "files": []},
            {"size": 1, "files": ["tile/entries/000.p/1", "tile/0/000.p/1"]},
            {"size": 256, "files": ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]},
            {"size": 257, "files": ["tile/entries/000", "tile/entries/001.p/1", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"]},
        ],
        "count_of_size_70000": {"level 0": 274, "level 1": 2, "level 2": 1, "last of level 0": Tile(0, 273, 112).path},
        "bundles": [
            case("three entries", bundle=bundle.hex(), width=3, entries=[b"one".hex(), "", b"three".hex()]),
            case("one entry too few", "tile.bundle", bundle=bundle.hex(), width=4),
            case("one entry too many", "tile.bundle", bundle=bundle.hex(), width=2),
            case("cut in an entry", "tile.bundle", bundle=bundle[:-1].hex(), width=3),
            case("cut in a length", "tile.bundle", bundle=bundle[:6].hex(), width=3),
            case("empty", "tile.bundle", bundle="", width=1),
        ],
    }


def uploads() -> list[Case]:
    """Signatures on requests."""
    station = key(ORIGIN)
    body, at = sha256(b"segment"), 1_773_565_200_000
    path = f"/api/v1/e/{ELECTION}/s/{STATION}/blob/{body.hex()}"
    good = {
        "vkey": str(station.verifier),
        "method": "PUT",
        "path": path,
        "digest": body.hex(),
        "at": at,
        "signature": to_base64(sign_upload(station, "PUT", path, body, Instant(at))),
        "now": at,
        "trusted": True,
    }
    bad, stale = "upload.signature", "upload.stale"
    return [
        case("good", **good),
        case("five minutes old", **{**good, "now": at + 300_000}),
        case("five minutes early", **{**good, "now": at - 300_000}),
        case("older than five minutes", stale, **{**good, "now": at + 300_001}),
        case("earlier than five minutes", stale, **{**good, "now": at - 300_001}),
        case("a day old, clock not trusted", **{**good, "now": at + 86_400_000, "trusted": False}),
        case("another method", bad, **{**good, "method": "POST"}),
        case("another path", bad, **{**good, "path": path + "0"}),
        case("another body", bad, **{**good, "digest": flipped(body).hex()}),
        case("another time", bad, **{**good, "at": at + 1}),
        case("another key", bad, **{**good, "vkey": str(key("vectors.example/one").verifier)}),
        case("signature altered", bad, **{**good, "signature": to_base64(flipped(bytes(64)))}),
        case("short signature", bad, **{**good, "signature": to_base64(bytes(63))}),
        case("zero byte moved from path to method", "upload.request", **{**good, "method": "PUT\x00/", "path": path[1:]}),
    ]


def receipts() -> list[Case]:
    """Receipts of the centre."""
    centre = key("vectors.example/centre")
    body = sha256(b"segment")
    good = {"vkey": str(centre.verifier), "origin": ORIGIN, "digest": body.hex(), "size": 7}
    note = sign_receipt(Receipt(ORIGIN, body, 7, Instant(1_773_565_200_000)), centre).decode()
    text = note.rsplit("\n\n", 1)[0] + "\n"
    return [
        case("good", **good, note=note),
        case("for another station", "receipt.other", **{**good, "origin": ORIGIN + "6"}, note=note),
        case("for other bytes", "receipt.other", **{**good, "digest": flipped(body).hex()}, note=note),
        case("for another length", "receipt.other", **{**good, "size": 8}, note=note),
        case("altered", "note.signature", **good, note=note.replace("\n7\n", "\n8\n")),
        case("by another centre", "note.unknown_signer", **{**good, "vkey": str(key("vectors.example/one").verifier)}, note=note),
        case("of another version", "receipt.form", **good, note=sign_note(text.replace("v1", "v2"), [centre]).decode()),
        case("with another line", "receipt.form", **good, note=sign_note(text + "more\n", [centre]).decode()),
        case("with a size that is none", "receipt.form", **good, note=sign_note(text.replace("\n7\n", "\n07\n"), [centre]).decode()),
    ]


def calibrations() -> dict[str, Any]:
    """Who may sign a calibration, and who may not."""
    issuer, other_issuer = key("vectors.example/commission/1"), key("vectors.example/party/1")
    chair, observer, member = (key(person_name(role, STATION)) for role in ("chair", "observer", "member"))
    territorial, stranger = key(person_name("territorial", "10")), key(person_name("chair", "10-999"))
    file = sha256(b"calibration file")

    def certificate(role: str, place: str, holder: SigningKey, by: SigningKey = issuer, election: str = ELECTION) -> str:
        return issue_person(by, Person(role, election, place, holder.verifier)).decode()

    second_name = SigningKey.from_seed(person_name("observer", STATION), sha256(f"kua test vectors, not a secret: {chair.name}".encode()))
    certified = {
        "chair": certificate("chair", STATION, chair),
        "observer": certificate("observer", STATION, observer, other_issuer),
        "member": certificate("member", STATION, member),
        "territorial": certificate("territorial", "10", territorial),
    }
    issuers = {role: [str(issuer.verifier)] for role in ("chair", "member", "territorial")} | {"observer": [str(other_issuer.verifier)]}
    given = {"election": ELECTION, "station": STATION, "camera": CAMERA, "file": file.hex(), "issuers": issuers}

    def signed(name: str, by: list[SigningKey], certificates: list[str], code: str | None = None, **changed: Any) -> Case:
        note = sign_calibration(by, ELECTION, STATION, CAMERA, file).decode()
        return case(name, code, **{**given, "note": note, "certificates": certificates, "signers": [who.name for who in by], **changed})

    both = [certified["chair"], certified["observer"]]
    good = sign_calibration([chair, observer], ELECTION, STATION, CAMERA, file).decode()
    text = calibration_text(ELECTION, STATION, CAMERA, file)
    forged = type(sign_text(text, chair))(chair.name, chair.verifier.id, flipped(sign_text(text, chair).made)).line()
    return {
        "calibrations": [
            signed("chair and observer", [chair, observer], both),
            signed("chair and member", [member, chair], [certified["member"], certified["chair"]]),
            signed("chair and territorial", [chair, territorial], [certified["chair"], certified["territorial"]]),
            signed("unsigned", [chair], both, "calibration.unsigned", note=""),
            signed("one person", [chair], both, "calibration.one_person"),
            signed("one person twice", [chair, chair], both, "calibration.one_person"),
            signed(
                "one key under two names",
                [chair, second_name],
                [certified["chair"], certificate("observer", STATION, second_name, other_issuer)],
                "calibration.one_person",
            ),
            signed("no chair", [observer, member], [*both, certified["member"]], "calibration.roles"),
            signed("without a certificate", [chair, observer], [certified["chair"]], "calibration.signer_unknown"),
            signed("chair of another station", [stranger, observer], [certificate("chair", "10-999", stranger), both[1]],
                   "calibration.signer_unknown"),
            signed("chair of another election", [chair, observer], [certificate("chair", STATION, chair, election="kz-2020"), both[1]],
                   "calibration.signer_unknown"),
            signed("another camera", [chair, observer], both, "calibration.other_camera", camera="b"),
            signed("another file", [chair, observer], both, "calibration.altered", file=flipped(file).hex()),
            signed("text altered", [chair, observer], both, "calibration.other_camera", note=good.replace("/a\n", "/b\n")),
            signed("signature altered", [chair, observer], both, "calibration.signature",
                   note=f"{text}\n{forged}{sign_text(text, observer).line()}"),
            signed("another kind of text", [chair, observer], both, "calibration.form", note=sign_note("hello\n", [chair]).decode()),
            signed("observer certified by the chair's issuer", [chair, observer],
                   [both[0], certificate("observer", STATION, observer)], "note.unknown_signer"),
            signed("certificate altered", [chair, observer], [both[0].replace("chair\nkz", "member\nkz"), both[1]], "person.form"),
        ],
    }  # fmt: skip


def censuses() -> list[Case]:
    """Who may sign a census of cameras, and who may not."""
    issuer = key("vectors.example/commission/1")
    people = {role: key(person_name(role, STATION)) for role in ("chair", "observer", "member")} | {"territorial": key(person_name("territorial", "10"))}
    places = {role: "10" if role == "territorial" else STATION for role in people}
    certified = {role: issue_person(issuer, Person(role, ELECTION, places[role], people[role].verifier)).decode() for role in people}
    file = sha256(b"census file")
    text = census_text(ELECTION, STATION, file)
    given = {"election": ELECTION, "station": STATION, "file": file.hex(), "issuers": {role: [str(issuer.verifier)] for role in people}}

    def signed(name: str, roles: str, code: str | None = None, **changed: Any) -> Case:
        by = [people[role] for role in roles.split()]
        certificates = [certified[role] for role in dict.fromkeys(roles.split())]
        case_ = {**given, "note": sign_note(text, by).decode(), "certificates": certificates, "signers": [who.name for who in by], **changed}
        return case(name, code, **case_)

    good = sign_note(text, [people["chair"], people["observer"]]).decode()
    other = sign_text(text, people["member"])
    forged = type(other)(people["chair"].name, people["chair"].verifier.id, other.made).line()
    return [
        signed("chair and observer", "chair observer"),
        signed("member and chair", "member chair"),
        signed("chair and territorial", "chair territorial"),
        signed("unsigned", "chair", "census.unsigned", note=""),
        signed("one person", "chair", "census.one_person"),
        signed("one person twice", "chair chair", "census.one_person"),
        signed("no chair", "observer member", "census.roles"),
        signed("without a certificate", "chair observer", "census.signer_unknown", certificates=[certified["chair"]]),
        signed("another station", "chair observer", "census.other_station", station="10-246"),
        signed("another file", "chair observer", "census.altered", file=flipped(file).hex()),
        signed("signature altered", "chair observer", "census.signature", note=f"{text}\n{forged}{sign_text(text, people['observer']).line()}"),
        signed("text altered", "chair observer", "census.other_station", note=good.replace("/10-245\n", "/10-246\n")),
        signed("a calibration in its place", "chair observer", "census.form",
               note=sign_calibration([people["chair"], people["observer"]], ELECTION, STATION, CAMERA, file).decode()),
    ]  # fmt: skip


def leaves() -> list[Case]:
    """One leaf of each type as the entry of a log, each with every field spoilt and taken away; and what a reader must not know."""
    digest, at, end = "0" * 64, 1_773_565_200_000, 1_773_565_204_000
    signed = key(ORIGIN)
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), signed).decode()
    people = {"lo": 1, "hi": 4}
    signers = [key(person_name(role, STATION)) for role in ("chair", "observer")]
    certified = [
        issue_person(key("vectors.example/commission/1"), Person(role, ELECTION, STATION, signer.verifier)).decode()
        for role, signer in zip(("chair", "observer"), signers, strict=True)
    ]
    good: dict[str, tuple[str, Case]] = {
        "open": ("station", {"at": at, "election": ELECTION, "election_sha256": digest, "station": STATION, "trust": "ntp",
                             "cams": [{"cam": "a", "width": 1280, "height": 720, "fps_milli": 10_000}]}),
        "session": ("station", {"at": at, "boot": "0badcafe", "build": digest, "settings": digest, "mono": 7, "trust": "rtc"}),
        "policy": ("nation", {"at": at, "what": "election", "version": 1, "sha256": digest}),
        "calibration": ("station", {"at": at, "cam": "a", "sha256": digest, "note": digest, "signers": digest}),
        "segment": ("station", {"at": end, "cam": "a", "seq": 1, "run": "0badcafe", "slot": at // 4000, "t0": at, "t1": end, "frames": 40,
                                "sha256": digest, "size": 400_000, "init": digest, "calibration": digest, "hiding": digest, "phase": "voting",
                                "trust": "ntp"}),
        "gap": ("station", {"at": end, "cam": "a", "seq": 0, "t0": at, "t1": end, "reason": "camera_lost"}),
        "hidden": ("station", {"at": end, "cam": "a", "t0": at, "t1": end, "reason": "scene_changed"}),
        "heartbeat": ("station", {"at": at, "boot": "0badcafe", "mono": 7, "trust": "ntp", "owed": 3, "owed_bytes": 9, "free_bytes": 99}),
        "clock": ("station", {"at": at, "trust": "ntp", "step_ms": 1500, "forward": True, "mono": 7}),
        "anchor": ("station", {"at": end, "cam": "a", "run": "0badcafe", "begins": at, "mono": 7, "trust": "ntp", "drift_ppm": 40, "fast": True, "camera": None}),
        "custody": ("station", {"at": at, "pack": "0badcafe", "sheet": digest, "entries": 7, "files": 3, "size": 99}),
        "fault": ("station", {"at": at, "cam": "a", "kind": "frozen", "state": "begin"}),
        "ladder": ("station", {"at": at, "cam": "a", "fps_milli": 5_000, "width": 1280, "height": 720, "reason": "busy"}),
        "count": ("station", {"at": end, "cam": "a", "t0": at, "t1": end, "queue": people, "people": people}),
        "census": ("station", {"at": at, "sha256": digest, "note": digest, "signers": digest, "recorder": "off",
                               "states": {"used": 1, "off": 0, "covered": 2, "masked": 0, "unknown": 0}, "owners": {"ours": 1, "host": 2, "unknown": 0}}),
        "chapter": ("station", {"at": end, "what": "count_begins", "since": at, "signers": certified,
                                "note": sign_count(signers, ELECTION, STATION, at).decode()}),
        "hour_keys": ("station", {"at": at, "first": 0, "keys": [to_base64(key(hour_name(ORIGIN, number)).verifier.public) for number in (0, 1)]}),
        "hour_seal": ("station", {"at": end, "number": 0, "note": sign_seal(ORIGIN, 0, EMPTY_ROOT, key(hour_name(ORIGIN, 0))).decode()}),
        "beacon": ("station", {"at": at, "note": note}),
        "liveness": ("station", {"at": end, "cam": "a", "t0": at, "t1": end, "code": "7K3MZV", "beacon": digest}),
        "observer": ("station", {"at": at, "vkey": str(signed.cosigner),
                                 "note": add_signatures(note.encode(), [cosign(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text(), signed, at // 1000)]).decode()}),
        "close": ("station", {"at": end, "reason": "end_of_day"}),
        "withdrawn": ("nation", {"at": end, "station": STATION, "cam": "a", "t0": at, "t1": end, "article": "Art. 1 (2)", "by": "office",
                                 "reason": "booth_visible"}),
        "certificate": ("nation", {"at": at, "station": STATION, "origin": ORIGIN, "vkey": str(signed.verifier)}),
        "revoked": ("nation", {"at": end, "station": STATION, "vkey": str(signed.verifier), "since": at, "article": "Art. 1 (2)", "by": "territorial",
                               "reason": "stolen"}),
        "station_checkpoint": ("nation", {"received_at": at, "origin": ORIGIN, "size": 0, "root": EMPTY_ROOT.hex(), "note": note}),
    }  # fmt: skip
    picture = {"rung": "slow", "run": "0badcafe", "sha256": digest, "size": 20_000, "init": digest, "width": 640, "height": 360, "fps_milli": 1000, "frames": 4}
    cases = []
    for kind, (log, fields) in good.items():
        whole = {"v": 1, "type": kind, **fields}
        cases.append(_leaf(f"{kind}: good", log, whole))
        cases.append(_leaf(f"{kind}: a field more", log, {**whole, "remark": "x"}, "leaf.schema"))
        cases.append(_leaf(f"{kind}: of a later version", log, {**whole, "v": 3 if kind == "segment" else 2}, known=False))
        for field in fields:
            cases.append(
                _leaf(f"{kind}: without {field}", log, {name: value for name, value in whole.items() if name != field}, "leaf.schema")
            )
            cases.append(_leaf(f"{kind}: {field} is another thing", log, {**whole, field: -1}, "leaf.schema"))
            cases.append(
                _leaf(
                    f"{kind}: {field} is free text",
                    log,
                    {**whole, field: "\u0441\u0432\u043e\u0438\u043c\u0438 \u0441\u043b\u043e\u0432\u0430\u043c\u0438"},
                    "leaf.schema",
                )
            )
    segment = {"v": 1, "type": "segment", **good["segment"][1]}
    lowered = {**segment, "v": 2}
    return [
        *cases,
        _leaf("segment 2: a lowered picture", "station", {**lowered, "live": picture}),
        *(_leaf(f"segment 2: {rung} and no picture", "station", {**lowered, "live": {"rung": rung}}) for rung in ("small", "slow", "still", "none")),
        _leaf("segment 2: without live", "station", lowered, "leaf.schema"),
        _leaf("segment 1: with live", "station", {**segment, "live": {"rung": "none"}}, "leaf.schema"),
        _leaf("segment 2: the full film is not lowered", "station", {**lowered, "live": {"rung": "full"}}, "leaf.schema"),
        _leaf("segment 2: statements alone have no picture", "station", {**lowered, "live": {**picture, "rung": "none"}}, "leaf.schema"),
        _leaf("segment 2: a picture without its digest", "station", {**lowered, "live": {**picture, "sha256": None}}, "leaf.schema"),
        _leaf("segment 2: a field more in live", "station", {**lowered, "live": {**picture, "remark": "x"}}, "leaf.schema"),
        _leaf("segment 2: free text in live", "station", {**lowered, "live": {"rung": "a word of mine"}}, "leaf.schema"),
        _leaf("segment 2: in another slot", "station", {**lowered, "live": {"rung": "none"}, "slot": 1}, "leaf.schema"),
        _leaf("a segment in another slot", "station", {**segment, "slot": 1}, "leaf.schema"),
        _leaf("a segment that is too long", "station", {**segment, "t1": at + 5001}, "leaf.schema"),
        _leaf("a span that ends where it begins", "station", {**segment, "t1": at}, "leaf.schema"),
        _leaf("a segment in the national log", "nation", segment, "leaf.wrong_log"),
        _leaf("a certificate in a station's log", "station", {"v": 1, "type": "certificate", **good["certificate"][1]}, "leaf.wrong_log"),
        _leaf("an unknown type", "station", {"v": 1, "type": "weather", "sky": ["blue"]}, known=False),
        _leaf("a reserved type", "station", {"v": 1, "type": "tamper"}, known=False),
        _leaf("no type", "station", {"v": 1}, "leaf.schema"),
        _leaf("no version", "station", {"type": "gap"}, "leaf.schema"),
        case("another spelling", "json.not_canonical", log="station", entry='{"v":1,"type":"weather"}'),
        case("no JSON", "json.not_json", log="station", entry="weather"),
    ]


def _leaf(name: str, log: str, body: Case, code: str | None = None, *, known: bool = True) -> Case:
    return case(name, code, log=log, entry=canonical(body).decode(), **({} if code else {"known": known}))


PARTS = {
    "proof/merkle.json": merkle,
    "proof/keys.json": keys,
    "proof/notes.json": notes,
    "proof/checkpoints.json": checkpoints,
    "proof/cosignatures.json": cosignatures,
    "proof/policies.json": policies,
    "proof/tlog-proofs.json": tlogproofs,
    "proof/forks.json": forks,
    "proof/paper.json": papers,
    KEPT: kept_signatures,
    "proof/tiles.json": tiles,
    "proof/uploads.json": uploads,
    "proof/receipts.json": receipts,
    "proof/calibrations.json": calibrations,
    "proof/censuses.json": censuses,
    "proof/leaves.json": leaves,
}


def written(part: str) -> bytes:
    """Return the bytes of the vector file called `part`."""
    return (json.dumps(PARTS[part](), ensure_ascii=False, indent=1) + "\n").encode()


def main(folder: Path = VECTORS) -> None:
    """Write every file."""
    for part in PARTS:
        path = folder / part
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(part))
        print(path, file=sys.stderr)


if __name__ == "__main__":
    main()
