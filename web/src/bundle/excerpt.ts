// SPDX-License-Identifier: Apache-2.0
// A part of a log as a bundle holds it: ranges of leaves, each proven to stand in the log under one signed checkpoint (docs/spec/bundle.md).
// What comes out holds; what lies outside the ranges is not known.

import { breath } from "./breath";
import { type Bytes, same } from "./bytes";
import type { Payload } from "./bag";
import { type Leaf, type Log, readLeaf } from "./leaf";
import { Frontier, checkRange, leafHash } from "./merkle";
import { type Checkpoint, MAX_NOTE, type VerifierKey, openCheckpoint } from "./notes";
import type { Report } from "./report";
import { MAX_PROOF, readProof } from "./tlogproof";
import { Rejected } from "./trouble";

export const PATH = "checkpoint";
const MAX_LEAVES = 64 * 1024 * 1024;
const MAX_PARTS = 4_096;

/** Leaf hashes that stand one after another from `first` on, and the tree before them: all that is known of earlier states of the log. */
interface Stretch {
  readonly first: number;
  readonly before: Frontier;
  readonly hashes: readonly Bytes[];
}

export class Entries {
  /** `indices`: of every leaf that is here, known or not. */
  constructor(readonly head: Checkpoint, readonly leaves: readonly Leaf[], readonly indices: ReadonlySet<number>, private readonly stretches: readonly Stretch[]) {}

  /** The root over the first N entries for each N of `sizes` (N > 0) for which it follows from the stretches; every leaf is hashed once. */
  async rootsBefore(sizes: readonly number[]): Promise<Map<number, Bytes>> {
    const wanted = [...new Set(sizes)].filter((size) => size > 0 && size <= this.head.size).sort((left, right) => left - right);
    const roots = new Map<number, Bytes>();
    if (wanted.at(-1) === this.head.size) roots.set(this.head.size, this.head.root);
    for (const { first, before, hashes } of this.stretches) {
      const grown = before.copy();
      for (const size of wanted.filter((each) => each >= first && each <= first + hashes.length)) {
        for (const hash of hashes.slice(grown.size - first, size - first)) {
          await breath();
          await grown.append(hash);
        }
        if (!roots.has(size)) roots.set(size, await grown.root());
      }
    }
    return roots;
  }

  ofType(...types: string[]): Leaf[] {
    return this.leaves.filter((leaf) => types.includes(leaf.type));
  }
}

const twelve = (index: number): string => String(index).padStart(12, "0");
export const rangeName = (first: number, last: number): string => `leaves/${twelve(first)}-${twelve(last)}.jsonl`;
export const proofName = (index: number): string => `leaves/${twelve(index)}.tlog-proof`;

/** Check the excerpt below `payload`; each finding is a line under `subject`. Gives what holds (null: nothing that the leaves say is used), and the names used. */
export async function readExcerpt(
  payload: Payload, key: VerifierKey, origin: string | null, log: Log, subject: string, report: Report,
): Promise<{ entries: Entries | null; used: Set<string> }> {
  const used = new Set(["vkey", PATH]);
  const nothing = { entries: null, used };
  const data = await report.attempt(`${subject} log.signature`, () => payload.read(PATH, MAX_NOTE));
  const head = data && (await report.attempt(`${subject} log.signature`, () => openCheckpoint(data, [key], origin)));
  if (!data || !head) return nothing;
  report.passed(`${subject} log.signature`, "log.signed", { origin: head.origin, size: head.size, name: key.name });
  const inclusion = `${subject} inclusion`;
  const spans = payload.names("leaves").flatMap((name) => {
    const [, first, last] = /^leaves\/([0-9]{12})-([0-9]{12})\.jsonl$/.exec(name) ?? [];
    return first && last && Number(first) <= Number(last) ? [[Number(first), Number(last)] as const] : [];
  });
  spans.sort((left, right) => left[0] - right[0] || left[1] - right[1]);
  if (spans.length > MAX_PARTS) {
    report.failed(inclusion, "bundle.leaves_form", { name: rangeName(...spans[MAX_PARTS]!) });
    return nothing;
  }
  const leaves: Leaf[] = [];
  const indices = new Set<number>();
  const stretches: Stretch[] = [];
  let [count, parts, before, unknown, unreadable] = [0, 0, -2, 0, 0];
  for (const [first, last] of spans) {
    for (const name of [rangeName(first, last), proofName(first), proofName(last)]) used.add(name);
    if (first <= before + 1) {
      report.failed(inclusion, "bundle.leaves_form", { name: rangeName(first, last) });
      continue;
    }
    before = last;
    const part = await report.attempt(inclusion, () => readPart(payload, first, last, data, head));
    if (part === null) continue;
    const { entries, stretch } = part;
    stretches.push(stretch);
    [count, parts] = [count + entries.length, parts + 1];
    for (const [at, entry] of entries.entries()) {
      await breath();
      try {
        const leaf = readLeaf(first + at, entry, log);
        if (leaf) leaves.push(leaf);
        else unknown++;
        indices.add(first + at);
      } catch (error) {
        if (!(error instanceof Rejected)) throw error;
        unreadable++;
        report.failed(`${subject} leaves`, "film.leaf_unreadable", { index: first + at, why: String(error) });
      }
    }
  }
  if (!parts || report.has("FAIL", inclusion) || report.has("MISSING", inclusion)) {
    if (!parts && !report.has("FAIL", inclusion)) report.missing(inclusion, "bundle.no_leaves");
    return nothing;
  }
  report.passed(inclusion, "bundle.included", { count, parts, size: head.size });
  if (!unreadable && count) report.passed(`${subject} leaves`, "film.leaves_read", { count: count - unknown });
  if (unknown) report.notChecked(`${subject} leaves`, "film.leaves_unknown", { count: unknown });
  return { entries: new Entries(head, leaves, indices, stretches), used };
}

async function readPart(payload: Payload, first: number, last: number, checkpoint: Bytes, head: Checkpoint): Promise<{ entries: Bytes[]; stretch: Stretch }> {
  const name = rangeName(first, last);
  const entries = linesOf(await payload.read(name, MAX_LEAVES));
  if (entries === null || entries.length !== last - first + 1) throw new Rejected("bundle.leaves_form", { name });
  const proofs: Bytes[][] = [];
  for (const index of [first, last]) {
    const proof = readProof(await payload.read(proofName(index), MAX_PROOF));
    if (proof.index !== index || !same(proof.checkpoint, checkpoint) || proof.extra) throw new Rejected("bundle.proof_elsewhere", { name: proofName(index) });
    proofs.push(proof.steps);
  }
  const hashes = await Promise.all(entries.map(leafHash));
  await checkRange(first, head.size, hashes, proofs[0]!, proofs[1]!, head.root);
  return { entries, stretch: { first, before: Frontier.before(first, head.size, proofs[0]!), hashes } };
}

/** The lines of a file, each ended by a line feed and none empty; null for another form. */
function linesOf(data: Bytes): Bytes[] | null {
  const lines: Bytes[] = [];
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf(10, at);
    if (end <= at) return null; // no line feed at the end, or an empty line
    lines.push(data.slice(at, end));
    at = end + 1;
  }
  return lines;
}
