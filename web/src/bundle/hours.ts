// SPDX-License-Identifier: Apache-2.0
// Seals of the hours of a bundle's film (docs/spec/hours.md, docs/spec/bundle.md), as `kua.verify.bundle_hours` judges them. The seal of an hour vouches for
// film only where every seal before it is here too: one that was left out could be that of the film's own hour.

import { type Bytes, fromBase64, same, utf8 } from "./bytes";
import type { Entries } from "./excerpt";
import { type Leaf, num, txt } from "./leaf";
import { ED25519, makeKey, openCheckpoint } from "./notes";
import { type Report, rfc3339, seconds } from "./report";
import { Rejected } from "./trouble";

/** Write the lines about the hours. `items`: indices of the leaves about the film; `seen`: sizes of this log that the national log states and that hold, with when. */
export async function checkHours(check: string, log: Entries, items: readonly number[], seen: readonly (readonly [size: number, at: number])[], report: Report): Promise<void> {
  const wanted = [...items].sort((left, right) => left - right);
  const keys = log.ofType("hour_keys")[0];
  if (!wanted.length) return;
  if (!keys) {
    report.notChecked(check, "bundle.hours_none");
    return;
  }
  const seals = await checkSeals(check, log, report);
  if (seals === null) return;
  const end = seals.ends.at(-1) ?? 0;
  const rest = wanted.filter((index) => index >= end).length;
  if (rest < wanted.length) report.passed(check, "bundle.hours_sealed", { count: wanted.length - rest, of: wanted.length, seals: touched(seals.ends, wanted) });
  if (rest && seals.absent !== null) report.notChecked(check, "bundle.hour_absent", { number: seals.absent, count: rest });
  else if (rest) report.notChecked(check, "bundle.hour_open", { count: rest });
  const known = seen.filter(([size]) => size > keys.index).reduce<number | null>((least, [, at]) => (least === null || at < least ? at : least), null);
  const committed = num(keys, "at");
  if (known === null) report.notChecked(check, "film.hours_unseen", { at: rfc3339(committed) });
  else report.passed(check, "film.hours_seen", { at: rfc3339(known), seconds: seconds(known - committed) });
}

/** The seals whose hours the film touches, as `3` or `3-5`. */
function touched(ends: readonly number[], wanted: readonly number[]): string {
  const before = (index: number): number => ends.filter((end) => end <= index).length;
  const first = before(wanted[0]!);
  const last = Math.min(before(wanted.at(-1)!), ends.length - 1);
  return first === last ? `${first}` : `${first}-${last}`;
}

/** Where each seal stands that holds, without a hole from number 0 on, and the number that is not here; null after a line that says what does not hold. */
async function checkSeals(check: string, log: Entries, report: Report): Promise<{ ends: number[]; absent: number | null } | null> {
  const leaves = log.ofType("hour_keys", "hour_seal");
  const roots = await log.rootsBefore(leaves.filter((leaf) => leaf.type === "hour_seal").map((leaf) => leaf.index));
  const here = [...log.indices].sort((left, right) => left - right);
  const keys = new Map<number, string>();
  const ends: number[] = [];
  let [next, before, at] = [0, -1, 0];
  let absent: number | null = null;
  for (const leaf of leaves) {
    const { index } = leaf;
    if (leaf.type === "hour_keys") {
      const first = num(leaf, "first");
      const added = leaf.body["keys"] as string[];
      // New keys come while a key of the earlier ones is still there to seal them, and never in the place of one.
      if (added.some((_, place) => keys.has(first + place)) || (first > 0 && next >= first) || (first === 0 && keys.size > 0)) {
        report.failed(check, "film.hours_exchanged", { index });
        return null;
      }
      added.forEach((key, place) => keys.set(first + place, key));
      continue;
    }
    const number = num(leaf, "number");
    while (at < here.length && here[at]! <= before) at++;
    const from = at;
    while (at < here.length && here[at]! < index) at++;
    const whole = at - from === index - before - 1;
    if (number < next || (number > next && whole)) {
      report.failed(check, "film.hour_skipped", { index, number, wanted: next });
      return null;
    }
    const key = keys.get(number);
    if (absent === null && (number > next || key === undefined)) absent = next;
    const root = key === undefined ? null : await sealRoot(log.head.origin, leaf, key);
    const wanted = roots.get(index);
    if (key !== undefined && (root === null || wanted === undefined || !same(root, wanted))) {
      report.failed(check, "film.hour_forged", { index, number });
      return null;
    }
    if (absent === null) ends.push(index);
    [next, before] = [number + 1, index];
  }
  return { ends, absent };
}

/** The root that a seal signs with the key of its hour; null where it signs none of this log at that size. */
async function sealRoot(origin: string, leaf: Leaf, spelt: string): Promise<Bytes | null> {
  try {
    const name = `${origin}/hour-${String(num(leaf, "number")).padStart(2, "0")}`;
    const bytes = fromBase64(spelt);
    if (bytes === null) return null;
    const sealed = await openCheckpoint(utf8(txt(leaf, "note")), [await makeKey(name, ED25519, bytes)], origin);
    return sealed.size === leaf.index ? sealed.root : null;
  } catch (error) {
    if (error instanceof Rejected) return null;
    throw error;
  }
}
