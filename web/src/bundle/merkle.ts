// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1): digests in, digests or `Rejected` out. All digests are SHA-256.

import { type Bytes, join, same, sha256 } from "./bytes";
import { Rejected } from "./trouble";

export function leafHash(entry: Bytes): Promise<Bytes> {
  return sha256(join(Uint8Array.of(0), entry));
}

export function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(join(Uint8Array.of(1), left, right));
}

const half = (n: number): number => Math.floor(n / 2);
const odd = (n: number): boolean => n % 2 === 1;

/** The largest power of two below `count` (count > 1). */
export function split(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** The root over leaf hashes, at least one. */
export async function rootOf(leaves: Bytes[]): Promise<Bytes> {
  let row = leaves;
  while (row.length > 1) {
    const below = row;
    const above = Array.from({ length: half(below.length) }, (_, at) => nodeHash(below[2 * at]!, below[2 * at + 1]!));
    // What has no neighbour goes up as it is: the tree of RFC 6962 is as full on the left as it can be.
    row = [...(await Promise.all(above)), ...(odd(below.length) ? [below[below.length - 1]!] : [])];
  }
  return row[0]!;
}

/** RFC 9162 section 2.1.3.2. Throws `Rejected("proof.inclusion")`. */
export async function checkInclusion(index: number, size: number, leaf: Bytes, proof: Bytes[], root: Bytes): Promise<void> {
  const wrong = (why: string): never => {
    throw new Rejected("proof.inclusion", { why });
  };
  if (!(Number.isSafeInteger(index) && Number.isSafeInteger(size) && index >= 0 && index < size)) wrong("index");
  if ([leaf, root, ...proof].some((digest) => digest.length !== 32)) wrong("length of a hash");
  let place = index;
  let last = size - 1;
  let found = leaf;
  for (const step of proof) {
    if (last === 0) wrong("too long");
    if (odd(place) || place === last) {
      found = await nodeHash(step, found);
      while (place !== 0 && !odd(place)) [place, last] = [half(place), half(last)];
    } else {
      found = await nodeHash(found, step);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) wrong("too short");
  if (!same(found, root)) wrong("root");
}

/** RFC 9162 section 2.1.4.2. Throws `Rejected("proof.consistency")`. */
export async function checkConsistency(earlier: number, later: number, earlierRoot: Bytes, laterRoot: Bytes, proof: Bytes[]): Promise<void> {
  const wrong = (why: string): never => {
    throw new Rejected("proof.consistency", { why });
  };
  if (!(Number.isSafeInteger(earlier) && Number.isSafeInteger(later) && earlier > 0 && earlier <= later)) wrong("sizes");
  if ([earlierRoot, laterRoot, ...proof].some((digest) => digest.length !== 32)) wrong("length of a hash");
  if (earlier === later) {
    if (proof.length !== 0 || !same(earlierRoot, laterRoot)) wrong("equal sizes");
    return;
  }
  if (proof.length === 0) wrong("too short");
  const steps = Number.isInteger(Math.log2(earlier)) ? [earlierRoot, ...proof] : proof;
  const [before, after] = await consistencyRoots(earlier, later, steps);
  if (!same(before, earlierRoot) || !same(after, laterRoot)) wrong("root");
}

/** The roots over the first `earlier` and over all `later` leaves that `steps` make, the first node always written out (docs/spec/fork.md).
 * Throws `Rejected("proof.consistency")` unless 0 < earlier < later and there are exactly as many steps as there must be. */
export async function consistencyRoots(earlier: number, later: number, steps: Bytes[]): Promise<[Bytes, Bytes]> {
  const wrong = (why: string): never => {
    throw new Rejected("proof.consistency", { why });
  };
  if (!(earlier > 0 && earlier < later)) wrong("sizes");
  if (steps.length === 0) wrong("too short");
  if (steps.some((step) => step.length !== 32)) wrong("length of a hash");
  let place = earlier - 1;
  let last = later - 1;
  while (odd(place)) [place, last] = [half(place), half(last)];
  let [before, after] = [steps[0]!, steps[0]!];
  for (const step of steps.slice(1)) {
    if (last === 0) wrong("too long");
    if (odd(place) || place === last) {
      [before, after] = [await nodeHash(step, before), await nodeHash(step, after)];
      while (place !== 0 && !odd(place)) [place, last] = [half(place), half(last)];
    } else {
      after = await nodeHash(after, step);
    }
    [place, last] = [half(place), half(last)];
  }
  if (last !== 0) wrong("too short");
  return [before, after];
}

/** Whether `leaves` stand one after another from `first` on, all of them and no other between: docs/spec/bundle.md, "Leaves and proofs". Throws
 * `Rejected("proof.inclusion")`. `lower` and `upper` are the proofs of the first and the last of them. */
export async function checkRange(first: number, size: number, leaves: Bytes[], lower: Bytes[], upper: Bytes[], root: Bytes): Promise<void> {
  const last = first + leaves.length - 1;
  if (leaves.length === 0) throw new Rejected("proof.inclusion", { why: "index" });
  await checkInclusion(first, size, leaves[0]!, lower, root);
  await checkInclusion(last, size, leaves[leaves.length - 1]!, upper, root);
  const beside = new Map([...besides(first, size, lower), ...besides(last, size, upper)].map(([start, end, digest]) => [`${start}-${end}`, digest]));
  const over = async (start: number, end: number): Promise<Bytes> => {
    if (first <= start && end <= last + 1) return rootOf(leaves.slice(start - first, end - first));
    if (end <= first || start > last) return beside.get(`${start}-${end}`)!;
    const middle = start + split(end - start);
    return nodeHash(await over(start, middle), await over(middle, end));
  };
  if (!same(await over(0, size), root)) throw new Rejected("proof.inclusion", { why: "root" });
}

/** The right edge of a growing tree: the roots of its whole subtrees, largest first (`kua.proof.merkle.Frontier`). */
export class Frontier {
  constructor(public size: number, private readonly peaks: Bytes[]) {}

  /** The tree over the leaves before `index`, from an inclusion proof that has held: what stands to the left of a leaf is in its proof. */
  static before(index: number, size: number, proof: Bytes[]): Frontier {
    return new Frontier(index, [...besides(index, size, proof)].filter(([, end]) => end <= index).map(([, , digest]) => digest));
  }

  async append(leaf: Bytes): Promise<void> {
    let grown = leaf;
    for (let rest = this.size; odd(rest); rest = half(rest)) grown = await nodeHash(this.peaks.pop()!, grown);
    this.peaks.push(grown);
    this.size++;
  }

  copy(): Frontier {
    return new Frontier(this.size, [...this.peaks]);
  }

  /** The root of the tree, which must have a leaf. */
  async root(): Promise<Bytes> {
    let root = this.peaks.at(-1)!;
    for (const peak of this.peaks.slice(0, -1).reverse()) root = await nodeHash(peak, root);
    return root;
  }
}

/** The hashes of an inclusion proof that holds, by the leaves [start, end) that each is the root of. */
function* besides(index: number, size: number, proof: Bytes[]): Generator<[start: number, end: number, digest: Bytes]> {
  let [start, end] = [0, size];
  for (const step of [...proof].reverse()) {
    const middle = start + split(end - start);
    if (index < middle) {
      yield [middle, end, step];
      end = middle;
    } else {
      yield [start, middle, step];
      start = middle;
    }
  }
}
