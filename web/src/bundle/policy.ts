// SPDX-License-Identifier: Apache-2.0
// Whom to believe: C2SP tlog-policy (logs, co-signers, groups, quorum), and a checkpoint judged by it. Knows no clock.

import { type Bytes, same, utf8 } from "./bytes";
import { type Checkpoint, ED25519, type VerifierKey, isBy, openCheckpoint, parseNote, readKey, secondsOf, verifiedSigners } from "./notes";
import { Rejected } from "./trouble";

const MAX_POLICY = 500_000;
const MAX_LINES = 100;
const NONE = "none";

export interface Witness {
  readonly name: string;
  readonly key: VerifierKey;
}

export interface Policy {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: readonly Witness[];
  readonly groups: readonly { readonly name: string; readonly needed: number; readonly members: readonly string[] }[];
  readonly quorum: string;
}

/** Names of the keys of all co-signers, each once: a party with keys of two kinds is one party. */
export const partiesOf = (policy: Policy): string[] => [...new Set(policy.witnesses.map((witness) => witness.key.name))];

/** Whether the co-signers called `names` are a quorum. */
export function metBy(policy: Policy, names: Iterable<string>): boolean {
  const known = new Set(policy.witnesses.map((witness) => witness.name));
  const held = new Set([...names].filter((name) => known.has(name)));
  for (const group of policy.groups) if (group.members.filter((member) => held.has(member)).length >= group.needed) held.add(group.name);
  return policy.quorum === NONE || held.has(policy.quorum);
}

/** Throws `Rejected("policy.form")` for anything that the standard does not allow, and what `readKey` throws. */
export async function parsePolicy(text: string): Promise<Policy> {
  const wrong = (why: string, line: number): never => {
    throw new Rejected("policy.form", { why, line });
  };
  if (utf8(text).length > MAX_POLICY) wrong("too large", 0);
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) wrong("control character", 0);
  const lines = text.split("\n");
  if (lines.pop() !== "") wrong("no newline at the end", lines.length + 1);
  const logs: VerifierKey[] = [];
  const witnesses: Witness[] = [];
  const groups: { name: string; needed: number; members: string[] }[] = [];
  const defined = new Set([NONE]);
  const members = new Set([NONE]); // what may be no member any more; `none` never may
  let quorum: string | null = null;
  const room = (table: readonly unknown[], line: number): void => {
    if (table.length >= MAX_LINES) wrong("too many lines", line);
  };
  const once = (key: VerifierKey, known: readonly VerifierKey[], line: number): void => {
    if (known.some((other) => same(other.material, key.material))) wrong("the same key twice", line);
  };
  const define = (name: string, line: number): void => {
    if (defined.has(name)) wrong("name taken", line);
    defined.add(name);
  };
  for (const [at, spelt] of lines.entries()) {
    const number = at + 1;
    const words = spelt.split(/[ \t]+/).filter((word) => word !== "");
    if (words.length === 0 || words[0]!.startsWith("#")) continue;
    const [verb, first, second, ...rest] = words;
    if (verb === "log" && first !== undefined && words.length <= 3) {
      const key = await readKey(first);
      room(logs, number);
      once(key, logs, number);
      logs.push(key);
    } else if (verb === "witness" && first !== undefined && second !== undefined && words.length <= 4) {
      const key = await readKey(second);
      if (key.kind === ED25519) wrong("key of a log for a co-signer", number);
      room(witnesses, number);
      once(key, witnesses.map((witness) => witness.key), number);
      define(first, number);
      witnesses.push({ name: first, key });
    } else if (verb === "group" && first !== undefined && second !== undefined && rest.length > 0) {
      room(groups, number);
      for (const name of rest) {
        if (!defined.has(name)) wrong("name not defined above", number);
        if (members.has(name)) wrong("member twice", number);
        members.add(name);
      }
      define(first, number);
      const needed = second === "any" ? 1 : second === "all" ? rest.length : /^[1-9][0-9]{0,3}$/.test(second) && Number(second) <= rest.length ? Number(second) : wrong("threshold", number);
      groups.push({ name: first, needed, members: rest });
    } else if (verb === "quorum" && first !== undefined && words.length === 2) {
      if (quorum !== null) wrong("two quorums", number);
      if (!defined.has(first)) wrong("name not defined above", number);
      quorum = first;
    } else {
      wrong("unknown line", number);
    }
  }
  return { logs, witnesses, groups, quorum: quorum ?? wrong("no quorum", lines.length) };
}

export interface Seen {
  readonly witness: Witness;
  /** Seconds since 1970, null where it gave no time. */
  readonly seconds: number | null;
}

export interface Judgement {
  readonly checkpoint: Checkpoint;
  readonly seen: readonly Seen[];
  readonly quorum: boolean;
  /** The second by which a quorum had co-signed; null without one, or without times. */
  readonly by: number | null;
  /** Co-signers whose lines this browser cannot judge, and whether they would make a quorum of what is none. */
  readonly unjudged: readonly Witness[];
  readonly perhaps: boolean;
}

/** Names of the keys that co-signed, each once. */
export const partiesIn = (judged: Judgement): string[] => [...new Set(judged.seen.map((one) => one.witness.key.name))];

/** Verify a checkpoint and say who of `policy` co-signed it. Throws `Rejected` as `openCheckpoint`; that the quorum fails is an answer. */
export async function judge(policy: Policy, data: Bytes, keys: readonly VerifierKey[], origin: string | null): Promise<Judgement> {
  const note = parseNote(data);
  const named = note.text.split("\n", 1)[0];
  const checkpoint = await openCheckpoint(data, [...keys, ...policy.logs.filter((log) => log.name === named)], origin);
  const byKey = new Map(policy.witnesses.map((witness) => [witness.key, witness]));
  const { held, unjudged } = await verifiedSigners(note, byKey.keys());
  const seen = held.map((key) => {
    const times = note.signatures.filter((claim) => isBy(claim, key)).map(secondsOf).filter((seconds) => seconds !== 0n);
    const earliest = times.reduce<bigint | null>((least, seconds) => (least === null || seconds < least ? seconds : least), null);
    return { witness: byKey.get(key)!, seconds: earliest === null ? null : Number(earliest) };
  });
  const names = seen.map((one) => one.witness.name);
  const quorum = metBy(policy, names);
  const others = unjudged.map((key) => byKey.get(key)!);
  return { checkpoint, seen, quorum, by: quorum ? quorumBy(policy, seen) : null, unjudged: others, perhaps: !quorum && metBy(policy, [...names, ...others.map((one) => one.name)]) };
}

function quorumBy(policy: Policy, seen: readonly Seen[]): number | null {
  const names: string[] = [];
  const dated = seen.filter((one): one is Seen & { seconds: number } => one.seconds !== null);
  dated.sort((left, right) => left.seconds - right.seconds || (left.witness.name < right.witness.name ? -1 : 1));
  for (const one of dated) {
    names.push(one.witness.name);
    if (metBy(policy, names)) return one.seconds;
  }
  return null;
}
