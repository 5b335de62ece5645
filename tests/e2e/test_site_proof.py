# SPDX-License-Identifier: Apache-2.0
"""What the reader's browser checks gives the same answers as `kua.proof`, on the same vectors: valid cases pass, forged ones do not."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from kua.core.instant import Instant
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.merkle import consistency_proof, inclusion_proof, leaf_hash
from kua.proof.tiles import Edge
from tests.rigs.published_tree import make_tree
from tests.e2e.site_rig import chromium, serving

pytestmark = pytest.mark.browser

VECTORS = Path(__file__).parents[1] / "vectors" / "proof"

START = """async ([call, cases]) => {
  const proof = await import("/static/proof.js");
  const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const utf8 = (text) => new TextEncoder().encode(text);
  const all = (texts) => texts.map(bytes);
  const tiles = (files, size) => new proof.Tiles(async (path) => {
    if (!(path in files)) throw new proof.Absent(path);
    return bytes(files[path]);
  }, size);
  const calls = {
    inclusion: (c) => proof.checkInclusion(c.index, c.size, bytes(c.leaf), all(c.proof), bytes(c.root)),
    consistency: (c) => proof.checkConsistency(c.earlier, c.later, bytes(c.earlier_root), bytes(c.later_root), all(c.proof)),
    key: (c) => proof.readKey(c.line),
    checkpoint: async (c) => {
      const read = await proof.openCheckpoint(utf8(c.note), await proof.readKey(c.vkey), c.origin);
      if (read.size !== c.size || proof.hex(read.root) !== c.root) throw new Error("read wrongly");
    },
    bundle: async (c) => {
      const entries = proof.readBundle(bytes(c.bundle));
      if (entries.length !== c.width || entries.length === 0) throw new proof.Untrue("log", "width");
      if (c.entries.join() !== entries.map(proof.hex).join()) throw new Error("read wrongly");
    },
    path: async (c) => { if (proof.tilePath(c.level, c.index, c.width) !== c.path) throw new Error("named wrongly"); },
    made: async (c) => {
      const log = tiles(c.files, c.size);
      const made = c.kind === "inclusion" ? await log.inclusion(c.at) : await log.consistency(c.at);
      if (made.map(proof.hex).join() !== c.proof.join()) throw new Error("made wrongly");
    },
  };
  const told = [];
  for (const each of cases) {
    try { await calls[call](each); told.push(null); } catch (error) { told.push(`${error.constructor === proof.Untrue ? "untrue" : "bug"}: ${error.message}`); }
  }
  return told;
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("tree")
    made = make_tree(folder, 8)
    with serving(made, folder, Instant(made.end)) as rig, chromium() as browser:
        opened = browser.new_page()
        opened.goto(f"{rig.url}/en/")
        yield opened


def load(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_bytes())


def agree(page: Page, call: str, cases: list[dict[str, Any]]) -> None:
    """Ask the browser about every case; it must find true exactly what is, and stumble over nothing."""
    assert cases
    told = page.evaluate(START, [call, cases])
    for case, answer in zip(cases, told, strict=True):
        if case["valid"]:
            assert answer is None, (case["name"], answer)
        else:
            assert answer is not None, case["name"]
            assert answer.startswith("untrue"), (case["name"], answer)


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_proofs_of_a_tree(page: Page, kind: str) -> None:
    agree(page, kind, load("merkle")[kind])


def test_verifier_keys(page: Page) -> None:
    # A key for co-signatures is a good key, but not one that signs a log: the page needs none so far.
    # Nor does a browser know ML-DSA-44: the page checks the first of a log's two keys.
    cases = [case for case in load("keys") if "co-sign" not in case["name"] and "ML-DSA" not in case["name"]]
    agree(page, "key", cases)


def test_checkpoints(page: Page) -> None:
    agree(page, "checkpoint", load("checkpoints"))


def test_bundles(page: Page) -> None:
    agree(page, "bundle", [{"entries": [], **case} for case in load("tiles")["bundles"]])


def test_names_of_tiles(page: Page) -> None:
    agree(page, "path", [case for case in load("tiles")["names"] if case["valid"]])


def test_proofs_are_made_from_tiles_as_from_the_whole_log(page: Page) -> None:
    cases = []
    for size in (1, 2, 255, 256, 257, 300, 512, 700):
        entries = [b"entry %d" % number for number in range(size)]
        leaves = [leaf_hash(entry) for entry in entries]
        files = {path: data.hex() for path, data in Edge().append(entries).items() if "/entries/" not in path}
        places = {0, 1, size // 2, size - 2, size - 1, 255, 256} & set(range(size))
        for at in sorted(places):
            proof = [step.hex() for step in inclusion_proof(at, leaves)]
            cases.append({"name": f"{at} of {size}", "valid": True, "kind": "inclusion", "at": at, "size": size, "files": files, "proof": proof})
        for at in sorted(places - {0}):
            proof = [step.hex() for step in consistency_proof(at, leaves)]
            cases.append({"name": f"{at} to {size}", "valid": True, "kind": "consistency", "at": at, "size": size, "files": files, "proof": proof})
    agree(page, "made", cases)


WATCHED = """async ([line, origin, moments]) => {
  const proof = await import("/static/proof.js");
  const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  let at = 0;
  const log = new proof.GrowingLog(async (path) => {
    if (!(path in moments[at])) throw new proof.Absent(path);
    return bytes(moments[at][path]);
  }, await proof.readKey(line), origin);
  const seen = [(await log.now()).size];
  at = 1;
  seen.push(new TextDecoder().decode(await log.entry(2)), log.checkpoint.size);
  return seen;
}"""


def test_who_stays_with_one_head_while_a_copy_tidies_its_tiles_away_goes_on_with_the_next(page: Page) -> None:
    key, origin, edge, moments = SigningKey.from_seed("kua.example/box", os.urandom(32)), "kua.example/e/s/10-245", Edge(), []
    for entries in ([b"entry %d" % number for number in range(5)], [b"entry %d" % number for number in range(5, 9)]):
        files = {path: data.hex() for path, data in edge.append(entries).items()}  # the tiles of the head before are not among them
        note = sign_checkpoint(Checkpoint(origin, edge.size, edge.root()), key)
        moments.append(files | {"checkpoint": note.hex()})
    assert page.evaluate(WATCHED, [str(key.verifier), origin, moments]) == [5, "entry 2", 9]
