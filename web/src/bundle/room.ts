// SPDX-License-Identifier: Apache-2.0
// Who in the room co-signed the log: the `observer` leaves (docs/spec/local-cosigners.md), as `kua.verify.room` judges them. They count towards no quorum.
// A key that only the log names could be the station's own: it is shown by name and believed by nobody; this page has no way to bring one along.

import { hex, same, utf8 } from "./bytes";
import type { Entries } from "./excerpt";
import { type Leaf, txt } from "./leaf";
import { ED25519, type VerifierKey, isBy, parseCheckpoint, parseNote, readKey, secondsOf, verifiedSigners } from "./notes";
import { type Report, rfc3339 } from "./report";
import { Rejected } from "./trouble";

const LATEST = 253_402_300_799n; // seconds of 9999-12-31: what rfc3339 can say

interface Seen {
  readonly key: VerifierKey;
  readonly size: number;
  readonly seconds: bigint | null;
}

/** Write a line for each key that co-signed in the room, by what it had seen of the film whose last leaf is `last`. `named`: the keys of the policy. */
export async function checkRoom(check: string, log: Entries, last: number, named: readonly VerifierKey[], report: Report): Promise<void> {
  const leaves = log.ofType("observer");
  const sizeOf = (leaf: Leaf): number => Number(txt(leaf, "note").split("\n", 2)[1]);
  const roots = await log.rootsBefore(leaves.map(sizeOf));
  const best = new Map<string, Seen>();
  let elsewhere = 0;
  for (const leaf of leaves) {
    const size = sizeOf(leaf);
    if (!roots.has(size) && size > 0 && size <= leaf.index) {
      elsewhere++;
      continue;
    }
    try {
      const seen = await readObserver(leaf, log.head.origin, roots);
      const held = best.get(seen.key.line);
      if (!held || (held.size <= last && held.size < seen.size)) best.set(seen.key.line, seen); // a key keeps its place in the order
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      report.failed(check, "film.observer_forged", { index: leaf.index });
    }
  }
  for (const { key, size, seconds } of best.values()) {
    const facts = { name: `${key.name}+${hex(key.id)}`, size, at: seconds === null ? "-" : rfc3339(Number(seconds < LATEST ? seconds : LATEST) * 1000) };
    if (size <= last) report.notChecked(check, "bundle.room_before", facts);
    else if (!named.some((each) => each.line === key.line)) report.notChecked(check, "bundle.room_stranger", facts);
    else report.passed(check, "bundle.room_saw", facts);
  }
  if (elsewhere) report.notChecked(check, "bundle.room_elsewhere", { count: elsewhere });
}

/** What an `observer` leaf shows: a checkpoint of this log, over entries before it, that its key co-signed. Throws `Rejected` where it shows nothing of the kind. */
async function readObserver(leaf: Leaf, origin: string, roots: ReadonlyMap<number, Uint8Array<ArrayBuffer>>): Promise<Seen> {
  const note = parseNote(utf8(txt(leaf, "note")));
  const key = await readKey(txt(leaf, "vkey"));
  const head = parseCheckpoint(note.text);
  const root = roots.get(head.size);
  const { held } = await verifiedSigners(note, key.kind === ED25519 ? [] : [key]);
  if (head.origin !== origin || head.size > leaf.index || !root || !same(root, head.root) || !held.length) throw new Rejected("note.unknown_signer");
  const times = note.signatures.filter((claim) => isBy(claim, key)).map(secondsOf).filter((seconds) => seconds !== 0n);
  return { key, size: head.size, seconds: times.reduce<bigint | null>((least, each) => (least === null || each < least ? each : least), null) };
}
