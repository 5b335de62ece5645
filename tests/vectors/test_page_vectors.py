# SPDX-License-Identifier: Apache-2.0
"""The core of `verify.html`, part by part, on the vectors that `kua.proof` runs: each valid case is taken, each forged one refused with the same code."""

import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, Route

from kua.proof.leaf import REGISTRY
from tests.e2e.site_rig import chromium
from tests.vectors.test_data_vectors import vectors

pytestmark = pytest.mark.browser

HERE: Final = Path(__file__).parent / "proof"
STATIC: Final = Path(__file__).parents[2] / "src" / "kua" / "web" / "static"
CORE: Final = "https://core.example"
RUN: Final = """async ([call, cases]) => {
  const core = await import("/bundle.js");
  const { notes, merkle, policy, persons, tlogproof, leaf, bytes } = core;
  const utf8 = bytes.utf8;
  const hex = (text) => bytes.fromHex(text);
  const keys = (lines) => Promise.all(lines.map(notes.readKey));
  const issuers = (byRole) => persons.issuersByRole(Object.entries(byRole).flatMap(([role, lines]) => lines.map((vkey) => ({ role, vkey }))));
  const calls = {
    inclusion: (c) => merkle.checkInclusion(c.index, c.size, hex(c.leaf), c.proof.map(hex), hex(c.root)),
    consistency: (c) => merkle.checkConsistency(c.earlier, c.later, hex(c.earlier_root), hex(c.later_root), c.proof.map(hex)),
    root: async (c) => bytes.hex(await merkle.rootOf(await Promise.all(Array.from({ length: c.size }, (_, n) => merkle.leafHash(utf8(`entry ${n}`)))))),
    key: async (c) => (await notes.readKey(c.line)).line,
    note: async (c) => {
      const note = notes.parseNote(utf8(c.note));
      return [note.text, [...new Set((await notes.signersOf(note, await keys(c.vkeys))).map((key) => key.name))]];
    },
    checkpoint: async (c) => {
      const head = await notes.openCheckpoint(utf8(c.note), await keys([c.vkey]), c.origin);
      return [head.size, bytes.hex(head.root)];
    },
    read: (c) => policy.parsePolicy(c.policy).then(() => null),
    judged: async (c) => {
      const judged = await policy.judge(await policy.parsePolicy(c.policy), utf8(c.note), [], null);
      return [judged.seen.map((one) => one.witness.name).sort(), judged.quorum, judged.by, judged.unjudged.length];
    },
    file: async (c) => {
      const [proof, rules] = [tlogproof.readProof(utf8(c.proof)), await policy.parsePolicy(c.policy)];
      const judged = await policy.judge(rules, proof.checkpoint, [], null);
      await merkle.checkInclusion(proof.index, judged.checkpoint.size, await merkle.leafHash(utf8(c.entry)), proof.steps, judged.checkpoint.root);
      return judged.quorum;
    },
    leaf: async (c) => leaf.readLeaf(0, utf8(c.entry), c.log) !== null,
    calibration: async (c) =>
      persons.checkCalibration(utf8(c.note), c.election, c.station, c.camera, c.file, c.certificates.map(utf8), await issuers(c.issuers)).then(() => null),
  };
  const told = [];
  for (const each of cases) {
    try { told.push({ gave: await calls[call](each) }); } catch (error) { told.push(error instanceof core.Rejected ? { code: error.code } : { bug: String(error) }); }
  }
  return told;
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """A page at an address of its own, whose only files are ours; there is no network behind it."""

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(f"{CORE}/")
        if (STATIC / name).is_file():
            route.fulfill(body=(STATIC / name).read_bytes(), content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><title>core</title>", content_type="text/html")

    with chromium() as browser:
        opened = browser.new_page()
        opened.route(f"{CORE}/**", serve)
        opened.goto(f"{CORE}/empty")
        yield opened


def load(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_bytes())


def told(page: Page, call: str, cases: list[dict[str, Any]]) -> list[Any]:
    """Ask the core about every case: what it gives for a valid one. A forged one must be refused with the code of the vector."""
    assert cases
    answers = page.evaluate(RUN, [call, cases])
    for case, answer in zip(cases, answers, strict=True):
        assert set(answer) == ({"gave"} if case.get("valid", True) else {"code"}), (case.get("name"), answer)
        assert answer.get("code") == case.get("code"), case.get("name")
    return [answer.get("gave") for answer in answers]


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_proofs_of_a_tree(page: Page, kind: str) -> None:
    told(page, kind, load("merkle")[kind])


def test_roots(page: Page) -> None:
    cases = [case for case in load("merkle")["roots"] if case["size"]]
    assert told(page, "root", cases) == [case["root"] for case in cases]


def test_keys(page: Page) -> None:
    cases = load("keys")
    assert [line for line in told(page, "key", cases) if line] == [case["line"] for case in cases if case["valid"]]


def test_notes(page: Page) -> None:
    cases = load("notes")
    assert [opened for opened in told(page, "note", cases) if opened] == [
        [case["text"], case["signers"]] for case in cases if case["valid"]
    ]


def test_checkpoints(page: Page) -> None:
    cases = load("checkpoints")
    assert [head for head in told(page, "checkpoint", cases) if head] == [[case["size"], case["root"]] for case in cases if case["valid"]]


def test_policies(page: Page) -> None:
    vectors = load("policies")
    told(page, "read", vectors["read"])
    cases = [*vectors["judged"], vectors["second_key"]]
    wanted = [[sorted(case["witnesses"]), case["quorum"], case["by"], 0] if case["valid"] else None for case in cases]
    assert told(page, "judged", cases) == wanted


def test_proof_files(page: Page) -> None:
    cases = load("tlog-proofs")
    assert told(page, "file", cases) == [True if case["valid"] else None for case in cases]


def test_leaves(page: Page) -> None:
    cases = load("leaves")
    assert told(page, "leaf", cases) == [case["known"] if case["valid"] else None for case in cases]


def test_calibrations(page: Page) -> None:
    told(page, "calibration", load("calibrations")["calibrations"])


def test_the_registry_is_that_of_the_specification_word_for_word(page: Page) -> None:
    held = page.evaluate(
        """async () => [...(await import("/bundle.js")).leaf.REGISTRY].map(([name, kind]) =>
          [name, kind.logs, Object.entries(kind.fields).map(([field, rule]) => [field, rule.says])])"""
    )
    assert held == [[kind.name if kind.version == 1 else f"{kind.name}/{kind.version}", list(kind.logs), [[field, rule.says] for field, rule in kind.fields.items()]] for kind in REGISTRY.values()]


def test_sums_that_are_made_piece_by_piece_are_those_of_the_whole(page: Page) -> None:
    data = hashlib.shake_128(b"kua").digest(1_000)
    sizes = [0, 1, 3, 55, 111, 112, 113, 127, 128, 129, 239, 240, 255, 256, 257, 999, 1_000]
    made = page.evaluate(
        """async ([data, sizes]) => {
          const { bytes } = await import("/bundle.js");
          const all = bytes.fromHex(data);
          return sizes.map((size) => [1, 7, 128, 500].map((piece) => {
            const sum = new bytes.Sha512();
            let crc = 0;
            for (let at = 0; at < size; at += piece) {
              const part = all.slice(at, Math.min(size, at + piece));
              sum.update(part);
              crc = bytes.crc32(part, crc);
            }
            return [bytes.hex(sum.digest()), crc];
          }));
        }""",
        [data.hex(), sizes],
    )
    assert made == [[[hashlib.sha512(data[:size]).hexdigest(), zlib.crc32(data[:size])]] * 4 for size in sizes]


@pytest.mark.data
def test_every_ed25519_signature_of_wycheproof_is_judged_alike(page: Page) -> None:
    table = json.loads((vectors("ed25519") / "ed25519_test.json").read_bytes())
    cases = [
        (group["publicKey"]["pk"], case["sig"], case["msg"], case["result"] == "valid")
        for group in table["testGroups"]
        for case in group["tests"]
    ]
    held = page.evaluate(
        """async (cases) => {
          const { notes, bytes } = await import("/bundle.js");
          const judge = ([pk, sig, msg]) => notes.verifies({ kind: notes.ED25519, material: bytes.fromHex(pk) }, bytes.fromHex(sig), bytes.fromHex(msg));
          return Promise.all(cases.map(judge));
        }""",
        cases,
    )
    assert len(cases) == table["numberOfTests"]
    assert held == [valid for *_, valid in cases]


@pytest.mark.data
def test_canonical_json_is_that_of_rfc_8785(page: Page) -> None:
    inputs = sorted((vectors("jcs") / "input").glob("*.json"))
    assert len(inputs) >= 6
    made = page.evaluate(
        """async (texts) => { const { json } = await import("/bundle.js"); return texts.map((text) => json.canonicalText(JSON.parse(text))); }""",
        [path.read_text(encoding="utf-8") for path in inputs],
    )
    assert made == [(path.parents[1] / "output" / path.name).read_text(encoding="utf-8") for path in inputs]
