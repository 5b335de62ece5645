// SPDX-License-Identifier: Apache-2.0
// Between which moments the film of a bundle was made, and on whose word: an interval, never a moment (docs/spec/bundle.md, step 8). Tokens of time
// authorities (RFC 3161) are not judged here.

import { type Bytes, latin1, utf8 } from "./bytes";
import type { Payload } from "./bag";
import type { Entries } from "./excerpt";
import { canonical } from "./json";
import { type Leaf, num, readLeaf, txt } from "./leaf";
import { checkInclusion, leafHash } from "./merkle";
import { type VerifierKey, openCheckpoint } from "./notes";
import { type Judgement, type Policy, judge, partiesIn } from "./policy";
import { type Report, rfc3339, seconds } from "./report";
import type { Film } from "./timeline";
import { MAX_PROOF, type TlogProof, readProof } from "./tlogproof";
import { Rejected } from "./trouble";

const CHECK = "time";
const FIRST_SEEN = "time/first.tlog-proof";
const STAMPED = "time/stamped.tlog-proof";
const BEACON = "time/beacon.tlog-proof";
const BEACON_LEAF = "time/beacon.json";

/** What the other checks found out. */
export interface Known {
  readonly key: VerifierKey;
  readonly origin: string;
  readonly policy: Policy | null;
  readonly judged: Judgement | null;
  /** National leaves with states of the station's log that hold against what is here of it. */
  readonly stated: readonly Leaf[];
}

type Bound = readonly [at: number, by: string];

/** Write the lines about time; gives the names of the files that were asked for. `start` is the first leaf about this time. */
export async function checkTimes(held: Payload, found: Known, log: Entries, start: number, films: readonly Film[], report: Report): Promise<string[]> {
  // A state of the log without the end of the film dates nothing of it.
  const last = films.reduce((most, film) => Math.max(most, film.leaf), -1);
  const known = { ...found, stated: found.stated.filter((leaf) => num(leaf, "size") > last) };
  const there = new Set(held.names("time"));
  await notBefore(held, known, log, start, there, report);
  const bounds = [...(await first(held, known, there, report)), ...(await stamped(held, known, there, report))];
  bounds.sort((left, right) => left[0] - right[0] || (left[1] < right[1] ? -1 : 1));
  if (bounds[0]) {
    const [at, names] = bounds[0];
    report.passed(CHECK, "bundle.not_after", { at: rfc3339(at), names });
    const waits = films.map((film) => Math.max(0, at - film.t1));
    if (waits.length) report.passed(CHECK, "bundle.window", { longest: seconds(waits.reduce((a, b) => Math.max(a, b))), shortest: seconds(waits.reduce((a, b) => Math.min(a, b))) });
  } else if (known.stated.length) {
    const at = known.stated.map((leaf) => num(leaf, "received_at")).reduce((least, each) => Math.min(least, each));
    report.notChecked(CHECK, "bundle.not_after_centre", { at: rfc3339(at) });
  }
  return [...there].filter((name) => [BEACON, BEACON_LEAF, FIRST_SEEN, STAMPED].includes(name) || name.endsWith(".tsr"));
}

async function notBefore(held: Payload, known: Known, log: Entries, start: number, there: ReadonlySet<string>, report: Report): Promise<void> {
  const notes = new Set(log.ofType("beacon").filter((leaf) => leaf.index < start).map((leaf) => latin1(utf8(txt(leaf, "note")))));
  if (!there.has(BEACON)) {
    report.notChecked(CHECK, "bundle.no_beacon");
    return;
  }
  await report.attempt(CHECK, async () => {
    const proof = readProof(await held.read(BEACON, MAX_PROOF));
    const entry = await held.read(BEACON_LEAF, MAX_PROOF);
    if (!notes.has(latin1(proof.checkpoint))) throw new Rejected("bundle.proof_elsewhere", { name: BEACON });
    await checkStands(proof, entry, known);
    const body = readLeaf(proof.index, entry, "nation")?.body ?? {};
    const at = Object.hasOwn(body, "received_at") ? body["received_at"] : body["at"];
    if (typeof at !== "number") throw new Rejected("bundle.proof_elsewhere", { name: BEACON });
    report.passed(CHECK, "bundle.not_before", { at: rfc3339(at), names: known.key.name });
  });
}

async function checkStands(proof: TlogProof, entry: Bytes, known: Known): Promise<void> {
  const head = await openCheckpoint(proof.checkpoint, [known.key], known.origin);
  await checkInclusion(proof.index, head.size, await leafHash(entry), proof.steps, head.root);
}

/** When a quorum had co-signed: the checkpoint of the bundle, and the one in the proof of the first sight. */
async function first(held: Payload, known: Known, there: ReadonlySet<string>, report: Report): Promise<Bound[]> {
  const bounds: Bound[] = [];
  const take = (judged: Judgement): void => {
    if (judged.by !== null) bounds.push([judged.by * 1000, partiesIn(judged).join(", ")]);
  };
  if (known.judged) take(known.judged);
  const policy = known.policy;
  if (!there.has(FIRST_SEEN) || !policy) return bounds;
  await report.attempt(CHECK, async () => {
    const proof = readProof(await held.read(FIRST_SEEN, MAX_PROOF));
    const entry = entryOf(known, proof, FIRST_SEEN);
    const judged = await judge(policy, proof.checkpoint, [known.key], known.origin);
    await checkInclusion(proof.index, judged.checkpoint.size, await leafHash(entry), proof.steps, judged.checkpoint.root);
    take(judged);
  });
  return bounds;
}

/** What time authorities stamped must hold as far as this page can see; their tokens it cannot read. */
async function stamped(held: Payload, known: Known, there: ReadonlySet<string>, report: Report): Promise<Bound[]> {
  if (!there.has(STAMPED)) return [];
  const holds = await report.attempt(CHECK, async () => {
    const proof = readProof(await held.read(STAMPED, MAX_PROOF));
    const entry = entryOf(known, proof, STAMPED);
    await checkStands(proof, entry, known);
    return true;
  });
  if (holds) for (const name of [...there].filter((each) => each.endsWith(".tsr")).sort()) report.notChecked(CHECK, "page.token_not_checked", { name });
  return [];
}

/** The national leaf that such a proof must be of: one with a state of the station's log that has all of the film. */
function entryOf(known: Known, proof: TlogProof, name: string): Bytes {
  const leaf = known.stated.find((each) => each.index === proof.index);
  if (!leaf) throw new Rejected("bundle.proof_elsewhere", { name });
  return canonical(leaf.body);
}
